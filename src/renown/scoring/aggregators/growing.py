"""What weighs more the longer it is open: Σ w·value·(1 + more·sigmoid((age − after) / after))."""

from bisect import bisect_left
from math import exp, floor

from renown.model import Contribution
from renown.policy import Growing
from renown.scoring.aggregators.aggregator import DAY, LATEST, Base, Cell, Measure, are_tuples, moment
from renown.scoring.aggregators.exact import UNIT, units

__all__ = ["GrowingAggregator"]

_FULL_GROWN = 8
"""So many times `after` old it grows no more: by then it has all but a thousandth."""
_LONG_SINCE = -1
"""The step of all that is full-grown."""


class GrowingAggregator(Base):
    """Cells are (count, (step, how many, their sum in units) ascending); steps are counted from 1970.

    What is closed is taken back, and with it all that it has grown to.
    """

    def __init__(self, method: Growing) -> None:
        self._after, self._more = method.after_days * DAY, method.more
        self._step = method.step_days * DAY
        self._limit = floor(_FULL_GROWN * method.after_days / method.step_days)

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, ())

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Add to the step of the time."""
        count, steps = cell
        step, term = self._step_of(at), units(self.whole(contribution))
        newest = steps[-1][0] if steps else step
        if step <= newest - self._limit:
            step = _LONG_SINCE
        i = bisect_left(steps, (step,))
        if i < len(steps) and steps[i][0] == step:
            one = (step, steps[i][1] + 1, steps[i][2] + term)
            return (count + 1, (*steps[:i], one, *steps[i + 1 :]))
        new = (*steps[:i], (step, 1, term), *steps[i:])
        return (count + 1, self._gathered(new) if step > newest else new)

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Take it from the step of its time, or from what is full-grown.

        A refold tells what is full-grown when the newest step goes.
        """
        count, steps = cell
        term = units(self.whole(contribution))
        for step in (self._step_of(at), _LONG_SINCE):
            i = bisect_left(steps, (step,))
            if i < len(steps) and steps[i][0] == step:
                left = steps[i][1] - 1
                if not left and i + 1 == len(steps) and steps[0][0] == _LONG_SINCE != step:
                    return None
                one = ((step, left, steps[i][2] - term),) if left else ()
                return (count - 1, (*steps[:i], *one, *steps[i + 1 :]))
        return None

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return 0 and no weight."""
        _ = given
        return 0.0, 0.0

    def now(self, cell: Cell, at: float) -> float:
        """Return `at`, or the beginning of the newest step when that is later."""
        return max(at, cell[1][-1][0] * self._step) if cell[1] else at

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return the sum of what everything has grown to."""
        _ = given
        today = self._step_of(self.now(cell, at))
        return sum([total / UNIT * self._grown(today, step) for step, _, total in cell[1]], 0.0)

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the sum three times."""
        score = self.score(cell, at, given)
        return score, score, score

    def merge(self, one: Cell, other: Cell) -> Cell:
        """Return the steps of both."""
        steps: dict[int, tuple[int, int, int]] = {each[0]: each for each in one[1]}
        for step, count, total in other[1]:
            _, before, sum_before = steps.get(step, (step, 0, 0))
            steps[step] = (step, before + count, sum_before + total)
        return (one[0] + other[0], tuple(steps[step] for step in sorted(steps)))

    def next_change(self, cell: Cell, at: float) -> float | None:
        """Return when the next step begins, as long as anything grows."""
        if not cell[1]:
            return None
        now = self._step_of(self.now(cell, at))
        growing = any(step > now - self._limit for step, _, _ in cell[1] if step != _LONG_SINCE)
        end = (now + 1) * self._step
        return end if growing and end <= LATEST else None

    def fits(self, cell: Cell) -> bool:
        """Tell whether it is a count and steps."""
        return len(cell) == 2 and not isinstance(cell[0], tuple) and are_tuples(cell[1], 3)

    def _step_of(self, at: float) -> int:
        return floor(moment(at) / self._step)

    def _grown(self, now: int, step: int) -> float:
        """Return what one of a step is multiplied by."""
        steps = self._limit if step == _LONG_SINCE else min(now - step, self._limit)
        age = steps * self._step
        return 1.0 + self._more / (1.0 + exp((self._after - age) / self._after))

    def _gathered(self, steps: Cell) -> Cell:
        """Put together what is full-grown."""
        first = bisect_left(steps, (steps[-1][0] - self._limit + 1,))
        old = steps[:first]
        if not old or old[0][0] == _LONG_SINCE == old[-1][0]:
            return steps
        return ((_LONG_SINCE, sum(each[1] for each in old), sum(each[2] for each in old)), *steps[first:])
