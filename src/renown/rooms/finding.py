"""Selects of the rows with any of many keys: one statement, however many are looked for."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, and_, column, text

from renown.stores.compiling import compiled

__all__ = ["Find"]


class Find:
    """A select of rows by their keys.

    Each key is bound, and not all as one JSON list: these are names that clients choose, and to SQLite before
    3.45 a text in JSON ends where it holds a NUL.
    """

    sizes: Final = (1, 8, 64, 512)
    """Numbers of keys in one statement: few, so that each is compiled by SQLite once."""

    def __init__(
        self, what: Select[*tuple[Any, ...]], *key: Column[Any], only: ColumnElement[bool] | None = None
    ) -> None:
        """Find `what` by the columns of a key, those rows `only` for which that holds."""
        one = f"({', '.join('?' * len(key))})"
        # Its columns are named in SQL for those CTEs alone that may refer to themselves.
        wanted = (
            text(f"VALUES {one}")
            .columns(*(column(c.name, c.type) for c in key))
            .cte("wanted", recursive=True)
        )
        same = [each == wanted.c[each.name] for each in key]
        found = what.select_from(wanted).join(
            key[0].table, and_(*same) if only is None else and_(*same, only)
        )
        head, values, tail = compiled(found).partition(f"VALUES {one}")
        self._width = len(key)
        self._sql = {n: head + values + f", {one}" * (n - 1) + tail for n in self.sizes}

    def statements(self, keys: Sequence[Sequence[Any]], *more: Any) -> Iterator[tuple[str, list[Any]]]:
        """Return the SQL that finds all keys, and its parameters; `more`: those of the condition."""
        most = self.sizes[-1]
        for start in range(0, len(keys), most):
            part = keys[start : start + most]
            size = next(size for size in self.sizes if size >= len(part))
            # What fills a statement up is NULL, which nothing is equal to.
            filling = [None] * (self._width * (size - len(part)))
            yield self._sql[size], [*chain.from_iterable(part), *filling, *more]
