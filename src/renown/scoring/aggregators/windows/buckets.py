"""Windows of time: one inner cell per bucket of time, put together when read.

Which buckets are kept follows from the newest one, so the state does not depend on the order of events. What
is older is only counted, so that taking back the newest can tell that something old may return.
"""

from abc import abstractmethod
from bisect import bisect_left
from typing import cast

from renown.model import Contribution
from renown.scoring.aggregators.aggregator import Cell, are_tuples
from renown.scoring.aggregators.windows.window import WindowAggregator

__all__ = ["BucketedWindow", "Buckets"]

Buckets = tuple[tuple[int, Cell], ...]
"""(number of the bucket, inner cell), ascending."""


class BucketedWindow(WindowAggregator):
    """Cells are (count, buckets)."""

    @abstractmethod
    def index(self, at: float) -> int:
        """Return the number of the bucket that a time falls into."""

    @abstractmethod
    def start(self, index: int) -> float:
        """Return when a bucket begins."""

    @abstractmethod
    def reaches(self, index: int, newest: int) -> bool:
        """Tell whether a bucket can still be within the window when `newest` has begun."""

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, ())

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Fold into the bucket of the time."""
        count, buckets = cell
        index = self.index(at)
        i = bisect_left(buckets, index, key=lambda bucket: bucket[0])
        if i < len(buckets) and buckets[i][0] == index:
            bucket = (index, self.inner.fold(buckets[i][1], contribution, at))
            return (count + 1, (*buckets[:i], bucket, *buckets[i + 1 :]))
        bucket = (index, self.inner.fold(self.inner.empty(), contribution, at))
        return (count + 1, self._kept((*buckets[:i], bucket, *buckets[i:])))

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Take back from the bucket; a refold tells what returns when the newest bucket goes."""
        count, buckets = cell
        index = self.index(at)
        i = bisect_left(buckets, index, key=lambda bucket: bucket[0])
        if i == len(buckets) or buckets[i][0] != index:
            return (count - 1, buckets)
        inner = self.inner.take_back(buckets[i][1], contribution, at)
        if inner is None:
            return None
        if inner[0]:
            return (count - 1, (*buckets[:i], (index, inner), *buckets[i + 1 :]))
        if i + 1 == len(buckets) and count > sum(bucket[0] for _, bucket in buckets):
            return None
        return (count - 1, (*buckets[:i], *buckets[i + 1 :]))

    def now(self, cell: Cell, at: float) -> float:
        """Return `at`, or the beginning of the newest bucket when that is later."""
        return max(at, self.start(cell[1][-1][0])) if cell[1] else at

    def fits(self, cell: Cell) -> bool:
        """Tell whether it is a count and buckets of what the inner one fits."""
        if len(cell) != 2 or not are_tuples(cell[1], 2):
            return False
        return all(isinstance(inner, tuple) and self.inner.fits(cast(Cell, inner)) for _, inner in cell[1])

    def _kept(self, buckets: Buckets) -> Buckets:
        newest = buckets[-1][0]
        i = 0
        while not self.reaches(buckets[i][0], newest):
            i += 1
        return buckets[i:]
