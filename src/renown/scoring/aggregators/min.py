"""The lowest value."""

from renown.model import Contribution
from renown.policy import Max, Min, Scale
from renown.scoring.aggregators.aggregator import Base, Cell, Measure

__all__ = ["MinAggregator"]


class MinAggregator(Base):
    """Cells are (count, lowest, how often it came)."""

    sign = 1.0
    """−1 turns the lowest into the highest."""

    def __init__(self, method: Min | Max, scale: Scale) -> None:
        end = scale.max if self.sign > 0 else scale.min
        self._start = end if method.start is None else method.start

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, 0.0, 0)

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Compare with the lowest."""
        _ = at
        count, lowest, times = cell
        value = contribution.value * self.sign + 0.0
        if not count or value < lowest:
            return (count + 1, value, 1)
        return (count + 1, lowest, times + (value == lowest))

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Count one less; a refold tells the next lowest when the last of the lowest goes."""
        _ = at
        count, lowest, times = cell
        if count == 1:
            return self.empty()
        if contribution.value * self.sign > lowest:
            return (count - 1, lowest, times)
        return (count - 1, lowest, times - 1) if times > 1 else None

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return the start and no weight."""
        _ = given
        return self._start, 0.0

    def merge(self, one: Cell, other: Cell) -> Cell:
        """Return the lower of both."""
        if not one[0] or not other[0]:
            return one if one[0] else other
        lower, times = min(one[1], other[1]), 0
        for cell in (one, other):
            times += cell[2] if cell[1] == lower else 0
        return (one[0] + other[0], lower, times)

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return the lowest value, or the start."""
        _ = at, given
        return cell[1] * self.sign + 0.0 if cell[0] else self._start

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the score three times: it is known, not estimated."""
        score = self.score(cell, at, given)
        return score, score, score
