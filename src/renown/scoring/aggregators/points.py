"""Points: a running sum with a daily cap on gains and a floor."""

from renown.model import Contribution
from renown.policy import Points
from renown.scoring.aggregators.aggregator import DAY, Base, Cell, Measure, Telling
from renown.scoring.aggregators.exact import units

__all__ = ["PointsAggregator"]

_ONE = units(1.0)


class PointsAggregator(Base):
    """Cells are (count, total, at, gained, bent).

    `total` includes the start; `at` is the time of the newest contribution and `gained` what its UTC day
    has earned under the cap; `bent` is 1 once the cap or the floor has cut something, so that the
    total is no plain sum. Without cap and floor only the first two are kept.
    """

    telling: Telling = "points"

    def __init__(self, method: Points) -> None:
        self.ordered = method.floor is not None or method.daily_cap is not None
        self._start = units(method.start)
        self._floor = None if method.floor is None else units(method.floor)
        self._cap = None if method.daily_cap is None else units(method.daily_cap)

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, self._start, 0.0, 0, 0)

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Add what counts of the contribution."""
        count, total, last, gained, bent = cell
        whole = delta = units(contribution.value * contribution.weight)
        if self.ordered:
            if at > last or not count:
                if at // DAY != last // DAY:
                    gained = 0
                last = at
            if self._cap is not None and delta > 0 and not contribution.exempt:
                delta = min(delta, self._cap - int(gained))
                gained += delta
            if self._floor is not None and delta < 0:
                delta = max(delta, self._floor - int(total))
        return (count + 1, total + delta, last, gained, bent if delta == whole else 1)

    def is_late(self, cell: Cell, at: float) -> bool:
        """Tell whether something newer has been folded and a cap or floor may have cut it."""
        return self.ordered and at < cell[2] and cell[0] > 0

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Subtract a plain sum; where a cap or a floor may have cut, leave it to a refold."""
        _ = at
        if self.ordered:
            return None
        delta = units(contribution.value * contribution.weight)
        return (cell[0] - 1, int(cell[1]) - delta, *cell[2:])

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return the start; it has no weight."""
        _ = given
        return self._start / _ONE, 0.0

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return the total."""
        _ = at, given
        return cell[1] / _ONE

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the total three times: points are counted, not estimated."""
        _ = at, given
        total = cell[1] / _ONE
        return total, total, total

    def bent(self, cell: Cell) -> bool:
        """Tell whether the cap or the floor has cut something."""
        return bool(cell[4])

    def counted(self, before: Cell, after: Cell) -> float:
        """Return what the contribution between two cells changed."""
        return (int(after[1]) - int(before[1])) / _ONE
