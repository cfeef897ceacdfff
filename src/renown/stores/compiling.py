"""How statements are made: written in SQLAlchemy Core, compiled to SQL once.

Running a Core statement costs 50–150 µs each time, ten times what SQLite itself takes for a lookup
and more than a whole event may cost on the way in. So Core serves for what it is good at, checked
names and one schema for all dialects, and the SQL made from it goes straight to the driver.
"""

from typing import Any, Final

from sqlalchemy import ClauseElement, Integer, Select, bindparam, func, literal_column, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.schema import Table

__all__ = ["LIMIT", "ONE", "ZERO", "Insert", "compiled", "each", "replacing"]

_DIALECT: Final = sqlite.dialect(paramstyle="qmark")
ZERO: Final = literal_column("0", Integer())
"""Written into the SQL, not bound."""
ONE: Final = literal_column("1", Integer())
"""As well."""
LIMIT: Final = bindparam("limit", type_=Integer())
"""How many rows, at most."""


def compiled(statement: ClauseElement) -> str:
    """Return the SQL of `statement`; its parameters are bound in the order in which they are written."""
    return str(statement.compile(dialect=_DIALECT))


def replacing(table: Table) -> str:
    """Return the SQL that inserts a row of `table`, or puts it in the place of the one with its key."""
    statement = upsert(table)
    keep = {column.name for column in table.primary_key}
    new = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keep}
    return compiled(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=new))


def each(name: str) -> Select[Any]:
    """The values of a JSON list given as one parameter: an `IN` of any length, compiled once."""
    return select(func.json_each(bindparam(name)).table_valued("value").c.value)


class Insert:
    """An insert of one row, made into one of many rows."""

    sizes: Final = (512, 256, 128, 64, 32, 16, 8, 4, 2, 1)
    """Numbers of rows in one statement: few, so that each is compiled by SQLite once."""

    def __init__(self, statement: str) -> None:
        head, values, row_on = statement.partition(" VALUES ")
        row, end, tail = row_on.partition(")")
        self._sql = {n: head + values + ", ".join([row + end] * n) + tail for n in self.sizes}

    def of(self, rows: int) -> str:
        """Return the SQL for one of `sizes`; its parameters are bound row after row."""
        return self._sql[rows]
