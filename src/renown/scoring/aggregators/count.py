"""The count of contributions, whatever their values and weights."""

from renown.model import Contribution
from renown.scoring.aggregators.aggregator import Base, Cell, Measure, Telling

__all__ = ["CountAggregator"]


class CountAggregator(Base):
    """Cells are (count,)."""

    telling: Telling = "points"

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0,)

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Count one more."""
        _ = contribution, at
        return (cell[0] + 1,)

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Count one less."""
        _ = contribution, at
        return (cell[0] - 1,)

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return 0 and no weight."""
        _ = given
        return 0.0, 0.0

    def whole(self, contribution: Contribution) -> float:
        """Return 1."""
        _ = contribution
        return 1.0

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return the count."""
        _ = at, given
        return float(cell[0])

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the count three times."""
        score = self.score(cell, at, given)
        return score, score, score
