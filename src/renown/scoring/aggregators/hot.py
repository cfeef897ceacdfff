"""The logarithm of a sum plus a bonus for being new, as Reddit's "hot" ranks.

score = sign(s)·log10(max(|s|, 1)) + (t − epoch) / seconds, with s the sum and t the time of the oldest event.
The bonus of a subject never changes, so nothing has to be read anew as time goes by.
"""

from math import copysign, log10

from renown.model import Contribution
from renown.policy import Hot
from renown.scoring.aggregators.aggregator import Base, Cell, Measure, moment
from renown.scoring.aggregators.exact import units

__all__ = ["HotAggregator"]

_ONE = units(1.0)


class HotAggregator(Base):
    """Cells are (count, sum, time of the oldest)."""

    def __init__(self, method: Hot) -> None:
        self._epoch, self._seconds, self._start = method.epoch, method.seconds, method.start

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, 0, 0.0)

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Add the contribution, and look whether it is the oldest."""
        count, total, first = cell
        return (count + 1, total + units(self.whole(contribution)), min(first, at) if count else at)

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Subtract what was added; a refold tells the next oldest when the oldest goes."""
        count, total, first = cell
        if count == 1:
            return self.empty()
        return (count - 1, total - units(self.whole(contribution)), first) if at > first else None

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return the start and no weight."""
        _ = given
        return self._start, 0.0

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return logarithm and bonus."""
        _ = at, given
        if not cell[0]:
            return self._start
        total = cell[1] / _ONE
        return copysign(log10(max(abs(total), 1.0)), total) + (moment(cell[2]) - self._epoch) / self._seconds

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the score three times."""
        score = self.score(cell, at, given)
        return score, score, score
