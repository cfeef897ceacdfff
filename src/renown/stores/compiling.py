"""How statements are made: written in SQLAlchemy Core, compiled to SQL once.

Running a Core statement costs 50–150 µs each time, ten times what SQLite itself takes for a lookup
and more than a whole event may cost on the way in. So Core serves for what it is good at, checked
names and one schema for all dialects, and the SQL made from it goes straight to the driver.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
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

    _SIZES: Final = (1_024, 512, 256, 128, 64)
    """Numbers of rows in one statement: few, so that each is compiled by SQLite once."""

    _SMALL: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
    """What the rest is filled up to: rows that are passed over cost less than further statements."""

    _MOST_VALUES: Final = 32_766
    """What SQLite takes with one statement, where it was built as usual."""

    def __init__(self, statement: str) -> None:
        head, values, row_on = statement.partition(" VALUES ")
        row, end, tail = row_on.partition(")")
        self._columns = row.count("?")
        every = {n: values.lstrip() + ", ".join([row + end] * n) for n in {*self._SIZES, *self._SMALL}}
        self._of = {
            n: f"{head} {every[n]}{tail}" for n in self._SIZES if n * self._columns <= self._MOST_VALUES
        }
        self._up_to = {
            n: f"{head} SELECT * FROM ({every[n]}) WHERE column1 IS NOT 0{tail}"  # noqa: S608 - SQL of our own
            for n in self._SMALL
        }

    def of(self, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, list[Any]]]:
        """Return the statements that insert `rows`, each with its values, row after row.

        The first column of a row must not be 0: that is how what fills up is told from it.
        """
        start, left = 0, len(rows)
        for size, statement in self._of.items():
            while left >= size:
                yield statement, list(chain.from_iterable(rows[start : start + size]))
                start, left = start + size, left - size
        if left:
            size = next(size for size in self._SMALL if size >= left)
            # Zeros, for the driver binds numbers faster than None.
            nothing = [0] * (self._columns * (size - left))
            yield self._up_to[size], [*chain.from_iterable(rows[start:]), *nothing]
