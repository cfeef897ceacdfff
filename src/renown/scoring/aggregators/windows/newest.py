"""The newest so many contributions."""

from bisect import bisect_right
from typing import cast

from renown.model import OVERALL, Contribution
from renown.scoring.aggregators.aggregator import Aggregator, Cell, are_tuples
from renown.scoring.aggregators.windows.window import WindowAggregator

__all__ = ["NewestWindow"]

Item = tuple[float, float, float]
"""Time, value and weight."""


class NewestWindow(WindowAggregator):
    """Cells are (count, inner cell, items by time). Of the same time the one that came later is newer."""

    def __init__(self, inner: Aggregator, most: int) -> None:
        super().__init__(inner)
        self._most = most

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, self.inner.empty(), ())

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Put it in its place and let the oldest go when there are too many."""
        count, inner, items = cell
        i = bisect_right(items, at, key=lambda item: item[0])
        items = (*items[:i], (at, contribution.value, contribution.weight), *items[i:])
        gone = items[0] if len(items) > self._most else None
        if gone is not None:
            items = items[1:]
            if i == 0:
                return (count + 1, inner, items)
        if self.inner.ordered:
            return (count + 1, self._refolded(items), items)
        inner = self.inner.fold(inner, contribution, at)
        less = inner if gone is None else self.inner.take_back(inner, _contribution(gone), gone[0])
        return (count + 1, self._refolded(items) if less is None else less, items)

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Take it out; a refold tells what takes its place, and which one is meant of the same time."""
        count, inner, items = cell
        if count > len(items):
            return (count - 1, inner, items) if at < items[0][0] else None
        left = tuple([item for item in items if item[0] != at])
        if len(left) + 1 != len(items):
            return None
        less = None if self.inner.ordered else self.inner.take_back(inner, contribution, at)
        return (count - 1, self._refolded(left) if less is None else less, left)

    def now(self, cell: Cell, at: float) -> float:
        """Return the inner one's."""
        return self.inner.now(cell[1], at)

    def looked_at(self, cell: Cell, at: float) -> Cell:
        """Return the inner cell."""
        _ = at
        return cell[1]

    def keeps(self, cell: Cell, at: float, now: float, newer: int) -> bool:
        """Tell whether fewer than the window holds are newer."""
        _ = cell, at, now
        return newer < self._most

    def fits(self, cell: Cell) -> bool:
        """Tell whether it is a count, what the inner one fits, and items."""
        if len(cell) != 3 or not are_tuples(cell[2], 3) or not isinstance(cell[1], tuple):
            return False
        return self.inner.fits(cast(Cell, cell[1]))

    def _refolded(self, items: tuple[Item, ...]) -> Cell:
        inner = self.inner.empty()
        for item in items:
            inner = self.inner.fold(inner, _contribution(item), item[0])
        return inner


def _contribution(item: Item) -> Contribution:
    return Contribution(OVERALL, item[1], item[2])
