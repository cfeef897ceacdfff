"""The guard against exit scams: a fast level of the ratings against a slow one."""

from math import sqrt

import msgspec

from renown.policy.evidence.guarding import ExitScamGuard
from renown.scoring.guards.detector import Detector, Finding
from renown.scoring.guards.sighting import DAY, Sighting
from renown.scoring.guards.words import figure

__all__ = ["ExitScamDetector", "Levels"]

_QUIET = 90 * DAY
_FAR = 3.0
"""A rating that lies further off than so many standard deviations widens them as if it lay there: else those
who turn would make their own turning look usual."""


class Levels(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Faded weights and sums of the ratings, fast and slow."""

    count: int
    fast_weight: float
    fast_sum: float
    slow_weight: float
    slow_sum: float
    squares: float
    """Of how far the ratings lay from the slow level of their time."""


class ExitScamDetector(Detector):
    """Levels follow S <- S·m^w + w·v: what a rating weighs, it also makes the level forget."""

    cell = Levels

    def __init__(self, guard: ExitScamGuard, breadth: float) -> None:
        super().__init__(guard)
        self._fast, self._slow, self._sds, self._least = guard.fast, guard.slow, guard.sds, guard.least
        self._least_square = (guard.spread * breadth) ** 2
        # The variance of a mean in which each new rating takes its share 1 - m is a geometric sum.
        self._wanders = (1 - guard.fast) / (1 + guard.fast)

    def look(self, cell: Levels | None, seen: Sighting) -> Finding | None:
        """Speak while the fast level lies far below the slow one, the event itself included."""
        after = self._after(cell, seen)
        self._made = (cell, seen, after)
        if after is None or after.count < self._least:
            return None
        fast, slow = after.fast_sum / after.fast_weight, after.slow_sum / after.slow_weight
        if fast >= slow:
            return None
        sd = sqrt(self._square(after) * self._wanders)
        if fast >= slow - self._sds * sd:
            return None
        return Finding(
            f"The newest ratings are at {fast:.2f}, those before at {slow:.2f}: "
            f"{figure((slow - fast) / sd)} standard deviations lower.",
            acts=self.on.has(seen),
            until=seen.now + _QUIET,
            count=after.count,
            expected=slow,
        )

    def clears(self, seen: Sighting) -> bool:
        """Every rating moves the levels."""
        return seen.weight > 0

    def add(self, cell: Levels | None, seen: Sighting, counts: bool) -> Levels | None:
        """Take the rating into both levels, unless it does not count."""
        if not counts:
            return cell
        before, event, after = self._made
        return after if before is cell and event is seen else self._after(cell, seen)

    def _after(self, cell: Levels | None, seen: Sighting) -> Levels | None:
        value, weight = seen.value, seen.weight
        if weight <= 0:
            return cell
        if cell is None:
            return Levels(1, weight, weight * value, weight, weight * value, 0.0)
        fast, slow, weighted = self._fast**weight, self._slow**weight, weight * value
        slow_weight, slow_sum = cell.slow_weight, cell.slow_sum
        off = (value - slow_sum / slow_weight) ** 2
        farthest = _FAR * _FAR * self._square(cell)
        return Levels(
            cell.count + 1,
            cell.fast_weight * fast + weight,
            cell.fast_sum * fast + weighted,
            slow_weight * slow + weight,
            slow_sum * slow + weighted,
            cell.squares * slow + weight * (off if off < farthest else farthest),
        )

    def _square(self, cell: Levels) -> float:
        square = cell.squares / cell.slow_weight
        return square if square > self._least_square else self._least_square
