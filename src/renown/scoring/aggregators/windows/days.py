"""The last so many days, and the best, worst or first fit of several such lengths.

An event counts for at least the length, and until its whole bucket is as old: at most one bucket longer.
"""

from math import floor

from renown.policy import Window
from renown.scoring.aggregators.aggregator import DAY, LATEST, Aggregator, Cell, moment
from renown.scoring.aggregators.windows.buckets import BucketedWindow

__all__ = ["DaysWindow"]


class DaysWindow(BucketedWindow):
    """Buckets are counted from 1970."""

    def __init__(self, inner: Aggregator, window: Window) -> None:
        super().__init__(inner)
        self._width = window.bucket * DAY
        self._lengths = tuple(days * DAY for days in window.lengths)
        self._pick = window.pick
        self._min_count = window.min_count
        self._newest: tuple[Cell, float, Cell] = ((), 0.0, ())

    def index(self, at: float) -> int:
        """Return the number of the bucket that a time falls into."""
        return floor(moment(at) / self._width)

    def start(self, index: int) -> float:
        """Return when a bucket begins."""
        return index * self._width

    def reaches(self, index: int, newest: int) -> bool:
        """Tell whether the longest length still holds a bucket when `newest` has begun."""
        return self.start(newest) < self._until(index, self._lengths[-1])

    def looked_at(self, cell: Cell, at: float) -> Cell:
        """Return the inner cell of the picked length."""
        # A reading asks several times for the same; replaced as a whole, so threads may share it.
        newest = self._newest
        if newest[0] is not cell or newest[1] != at:
            self._newest = newest = (cell, at, self._within(cell, at, self._picked(cell, at)))
        return newest[2]

    def keeps(self, cell: Cell, at: float, now: float, newer: int) -> bool:
        """Tell whether the picked length holds the bucket of a time."""
        _ = newer
        now = self.now(cell, now)
        return moment(now) < self._until(self.index(at), self._picked(cell, now))

    def next_change(self, cell: Cell, at: float) -> float | None:
        """Return when the next bucket leaves one of the lengths."""
        now = moment(self.now(cell, at))
        ends = (self._until(index, length) for index, _ in cell[1] for length in self._lengths)
        return min((end for end in ends if now < end <= LATEST and end > at), default=None)

    def _until(self, index: int, length: float) -> float:
        return self.start(index + 1) + length

    def _within(self, cell: Cell, at: float, length: float) -> Cell:
        at = moment(at)
        return self.inner.merged([inner for index, inner in cell[1] if at < self._until(index, length)])

    def _picked(self, cell: Cell, at: float) -> float:
        lengths = self._lengths
        if len(lengths) == 1:
            return lengths[0]
        found: list[tuple[float, float]] = []
        for length in lengths:
            inner = self._within(cell, at, length)
            if self.inner.count(inner, at) >= self._min_count:
                if self._pick == "first":
                    return length
                found.append((self.inner.score(inner, at, None), length))
        if not found:
            return lengths[-1]
        best = (max if self._pick == "highest" else min)(score for score, _ in found)
        return next(length for score, length in found if score == best)
