"""The newest value, believed for a while or for ever."""

from renown.model import Contribution
from renown.policy import Last, Scale
from renown.scoring.aggregators.aggregator import DAY, Base, Cell, Measure, moment

__all__ = ["LastAggregator"]


class LastAggregator(Base):
    """Cells are (count, at, value). Of values of the same time the one that came last holds."""

    def __init__(self, method: Last, scale: Scale) -> None:
        self._start = (scale.min + scale.max) / 2 if method.start is None else method.start
        self._keep = None if method.keep_days is None else method.keep_days * DAY

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, 0.0, 0.0)

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Take the value unless a newer one is there."""
        count, last, value = cell
        if count and at < last:
            return (count + 1, last, value)
        return (count + 1, at, contribution.value)

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Count one less; a refold tells the value before the newest."""
        _ = contribution
        if cell[0] == 1:
            return self.empty()
        return (cell[0] - 1, *cell[1:]) if at < cell[1] else None

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return the start and no weight."""
        _ = given
        return self._start, 0.0

    def now(self, cell: Cell, at: float) -> float:
        """Return `at`, or the time of the newest when that is later."""
        return max(at, cell[1]) if cell[0] else at

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return the newest value while it is believed."""
        _ = given
        if not cell[0] or (self._keep is not None and moment(at) >= self._until(cell)):
            return self._start
        return cell[2]

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the score three times."""
        score = self.score(cell, at, given)
        return score, score, score

    def next_change(self, cell: Cell, at: float) -> float | None:
        """Return when the newest value is no longer believed."""
        if not cell[0] or self._keep is None:
            return None
        until = self._until(cell)
        return until if at < until else None

    def _until(self, cell: Cell) -> float:
        return moment(cell[1]) + (self._keep or 0.0)
