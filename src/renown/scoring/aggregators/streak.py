"""Days with events: the run that goes on, the longest run, or how many in all. Days are UTC."""

from bisect import bisect_left
from itertools import pairwise

from renown.model import Contribution
from renown.policy import Streak
from renown.scoring.aggregators.aggregator import DAY, Base, Cell, Measure, has_pairs, moment

__all__ = ["StreakAggregator"]


class StreakAggregator(Base):
    """Cells are (count, pairs of a day's number and how many events it has, ascending).

    Only days less than `within` before the newest one are kept.
    """

    def __init__(self, method: Streak) -> None:
        self._within = method.within_days
        self._of = method.of

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, ())

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Note the day."""
        _ = contribution
        count, days = cell
        day = _day(at)
        i = bisect_left(days, (day, 0))
        if i < len(days) and days[i][0] == day:
            return (count + 1, (*days[:i], (day, days[i][1] + 1), *days[i + 1 :]))
        return (count + 1, self._kept((*days[:i], (day, 1), *days[i:])))

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Take one from the day; a refold tells the older days when the newest goes."""
        _ = contribution
        count, days = cell
        day = _day(at)
        i = bisect_left(days, (day, 0))
        if i == len(days) or days[i][0] != day:
            return (count - 1, days)
        if days[i][1] > 1:
            return (count - 1, (*days[:i], (day, days[i][1] - 1), *days[i + 1 :]))
        if i + 1 == len(days) and count > sum(times for _, times in days):
            return None
        return (count - 1, (*days[:i], *days[i + 1 :]))

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return 0 and no weight."""
        _ = given
        return 0.0, 0.0

    def now(self, cell: Cell, at: float) -> float:
        """Return `at`, or the beginning of the newest day when that is later."""
        return max(at, cell[1][-1][0] * DAY) if cell[1] else at

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return the number of days."""
        _ = given
        days = [day for day, _ in cell[1]]
        if not days:
            return 0.0
        today = max(_day(at), days[-1])
        if self._of == "days":
            return float(sum(day > today - self._within for day in days))
        runs = [1]
        for before, after in pairwise(days):
            runs.append(runs[-1] + 1 if after == before + 1 else 1)
        if self._of == "longest":
            return float(max(runs))
        return float(runs[-1]) if days[-1] >= today - 1 else 0.0

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the number of days three times."""
        score = self.score(cell, at, given)
        return score, score, score

    def next_change(self, cell: Cell, at: float) -> float | None:
        """Return when the run is broken, or when the oldest day is too long ago."""
        days = [day for day, _ in cell[1]]
        if self._of == "current":
            ends = [(days[-1] + 2) * DAY] if days else []
        else:
            ends = [(day + self._within) * DAY for day in days] if self._of == "days" else []
        return next((end for end in ends if end > at), None)

    def fits(self, cell: Cell) -> bool:
        """Tell whether it is a count and pairs."""
        return has_pairs(cell)

    def _kept(self, days: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        oldest = days[-1][0] - self._within
        return days[bisect_left(days, (oldest + 1, 0)) :]


def _day(at: float) -> int:
    return int(moment(at) // DAY)
