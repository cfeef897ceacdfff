"""How many different ones there are: exact while few, then estimated from the smallest hashes.

A contribution's value is a number that stands for who is counted, spread evenly below 2**53. The k smallest
of them are kept, each with how often it came. While there are no others the answer is their number; then
it is (k − 1) / (the largest kept / 2**53): the k-minimum-values estimate (Bar-Yossef et al., 2002), with a
standard error of about 1/sqrt(k − 2). Which are kept does not depend on order.
"""

from bisect import bisect_left
from math import sqrt

from renown.model import Contribution
from renown.policy import Distinct
from renown.scoring.aggregators.aggregator import Base, Cell, Measure, has_pairs

__all__ = ["DistinctAggregator"]

_ALL = 2.0**53


class DistinctAggregator(Base):
    """Cells are (count, pairs of a hash and how often it came, ascending)."""

    def __init__(self, method: Distinct, z: float) -> None:
        self._most = method.exact
        self._z = z

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, ())

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Count the one that the value stands for."""
        _ = at
        count, kept = cell
        one = int(abs(contribution.value))
        i = bisect_left(kept, (one, 0))
        if i < len(kept) and kept[i][0] == one:
            return (count + 1, (*kept[:i], (one, kept[i][1] + 1), *kept[i + 1 :]))
        return (count + 1, (*kept[:i], (one, 1), *kept[i:])[: self._most])

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Take one away; a refold tells which hash comes in its place when some were not kept."""
        _ = at
        count, kept = cell
        one = int(abs(contribution.value))
        i = bisect_left(kept, (one, 0))
        if i == len(kept) or kept[i][0] != one:
            return (count - 1, kept)
        times = kept[i][1]
        if times > 1:
            return (count - 1, (*kept[:i], (one, times - 1), *kept[i + 1 :]))
        return None if self._more(cell) else (count - 1, (*kept[:i], *kept[i + 1 :]))

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return 0 and no weight."""
        _ = given
        return 0.0, 0.0

    def shown(self, value: float) -> float:
        """Return 1: the number stands for a person."""
        _ = value
        return 1.0

    def merge(self, one: Cell, other: Cell) -> Cell:
        """Return both together."""
        times = dict(one[1])
        for each, more in other[1]:
            times[each] = times.get(each, 0) + more
        return (one[0] + other[0], tuple(sorted(times.items())[: self._most]))

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return how many there are."""
        _ = at, given
        kept = cell[1]
        if not self._more(cell):
            return float(len(kept))
        return max((len(kept) - 1) * _ALL / (kept[-1][0] + 1), float(len(kept)))

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the number, with the interval of the estimate where it is one."""
        score = self.score(cell, at, given)
        if not self._more(cell):
            return score, score, score
        error = score * self._z / sqrt(self._most - 2)
        return score, max(float(len(cell[1])), score - error), score + error

    def fits(self, cell: Cell) -> bool:
        """Tell whether it is a count and pairs."""
        return has_pairs(cell)

    def _more(self, cell: Cell) -> bool:
        return len(cell[1]) == self._most and cell[0] > sum(times for _, times in cell[1])
