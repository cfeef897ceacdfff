"""The guard against fresh accounts: too many of them, or too much weight of them in a day."""

from functools import lru_cache
from math import inf, sqrt

import msgspec

from renown.policy.evidence.guarding import FreshGuard
from renown.scoring.guards.detector import Detector, Finding
from renown.scoring.guards.periods import counted, moved, put, reach_of, steps_back
from renown.scoring.guards.sighting import DAY, Sighting
from renown.scoring.guards.words import figure

__all__ = ["FreshCell", "FreshDetector"]

_MEMORY = 0.98
"""The share of fresh raters that a subject is used to forgets with every rater …"""
_BELIEF = 20.0
"""… and the usual one is believed like so many."""
_QUIET = 30 * DAY


class FreshCell(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is remembered of a subject's raters."""

    seen: int
    """How many of the last ones there are."""
    bits: int
    """Which were fresh; the newest in the lowest bit."""
    fresh: float
    """The faded number of fresh ones before the last ones …"""
    all: float
    """… and of all."""
    day: int
    total: float
    """What the fresh raters of that day have counted together …"""
    before: tuple[float, ...]
    """… and those of the days before it, the last first."""


_NEW = FreshCell(0, 0, 0.0, 0.0, 0, 0.0, ())


class FreshDetector(Detector):
    """Looks at the share of new accounts among the last raters, and at what they count per day."""

    cell = FreshCell

    def __init__(self, guard: FreshGuard, floor: float | None, tolerance_days: float) -> None:
        super().__init__(guard)
        self._reach = reach_of(tolerance_days, 1.0)
        self._guard = guard
        self._floor = inf if floor is None else floor
        """Whoever weighs more has been vouched for by others."""
        self._age, self._given = guard.days * DAY, guard.given
        self._crowds = guard.share < 1
        """Whether the share of new accounts can be too high."""
        most = guard.per_day
        self._most = inf if most is None else most
        # What sums of floats leave of a budget that is used up is nothing.
        self._exceeded, self._used_up = self._most * (1 + 1e-12), self._most * 1e-9
        self._in_order = "" if most is None else f"up to {figure(most)} is in order."

    def _is_fresh(self, seen: Sighting) -> bool:
        facts = seen.facts
        if facts.weight > self._floor:
            return False
        known = facts.known_since
        return known is None or facts.given < self._given or seen.at - known < self._age

    def look(self, cell: FreshCell | None, seen: Sighting) -> Finding | None:
        """Speak of a fresh rater over the day's budget, and while there are too many of them."""
        if seen.event.actor is None:
            return None
        fresh = self._is_fresh(seen)
        before = cell or _NEW
        over = self._over(before, seen) if fresh and (self.on.all or self.on.has(seen)) else None
        if not self._crowds:
            return over
        crowd = self._crowd(before, fresh, seen)
        if over is None or crowd is None:
            return over or crowd
        crowd.text = f"{crowd.text} {over.text}"
        crowd.weight = min(over.weight or 0.0, self._guard.weight)
        return crowd

    def _over(self, cell: FreshCell, seen: Sighting) -> Finding | None:
        weight = seen.weight
        spent = cell.total
        if cell.day != seen.day:
            spent = counted(spent, cell.before, steps_back(cell.day, seen.day, self._reach))
        together = spent + weight
        if together <= self._exceeded or weight <= 0:
            return None
        left = self._most - spent
        left = left / weight if left > self._used_up else 0.0
        return Finding(_told(together, self._in_order), weight=left if left < 1.0 else 1.0)

    def _crowd(self, cell: FreshCell, fresh: bool, seen: Sighting) -> Finding | None:
        guard = self._guard
        count = min(guard.last, cell.seen + 1)
        if count < guard.least:
            return None
        many = (((cell.bits << 1) | fresh) & ((1 << guard.last) - 1)).bit_count()
        if many <= guard.share * count:
            return None
        usual = (cell.fresh + _BELIEF * guard.usual) / (cell.all + _BELIEF)
        expected = count * usual
        if many <= expected + guard.sds * sqrt(expected * (1 - usual)):
            return None
        return Finding(
            f"{many} of the last {count} raters are new accounts; {figure(expected)} were to be expected.",
            acts=fresh and self.on.has(seen),
            until=seen.now + _QUIET,
            count=many,
            expected=expected,
        )

    def clears(self, seen: Sighting) -> bool:
        """Every rater changes the shares."""
        return seen.event.actor is not None

    def add(self, cell: FreshCell | None, seen: Sighting, counts: bool) -> FreshCell | None:
        """Remember whether the rater was fresh, and what it counted."""
        if seen.event.actor is None:
            return cell
        before, guard, fresh = cell or _NEW, self._guard, self._is_fresh(seen)
        if not self._crowds:
            # Only what new ones count is looked at.
            return self._spent(before, seen) if fresh and counts else cell
        leaves = before.seen == guard.last
        old = (before.bits >> (guard.last - 1)) & 1
        kept = _MEMORY if leaves else 1.0
        spent = self._spent(before, seen) if fresh and counts else before
        return FreshCell(
            min(guard.last, before.seen + 1),
            ((before.bits << 1) | fresh) & ((1 << guard.last) - 1),
            before.fresh * kept + (old if leaves else 0),
            before.all * kept + leaves,
            spent.day,
            spent.total,
            spent.before,
        )

    def _spent(self, cell: FreshCell, seen: Sighting) -> FreshCell:
        """Return the cell with what a fresh rater has counted on its day."""
        if not (self.on.all or self.on.has(seen)):
            return cell
        day, total, before = cell.day, cell.total, cell.before
        back = 0 if day == seen.day else steps_back(day, seen.day, self._reach)
        if back:
            total = counted(total, before, back)
        left = self._most - total
        if back >= 0 and left <= 0 <= seen.weight:
            return cell
        total += 0.0 if left < 0 else left if left < seen.weight else seen.weight
        if back < 0:
            before = moved(cell.total, before, -back, self._reach) if cell.total or before else ()
            day = seen.day
        elif back:
            total, before = cell.total, put(before, back, total)
        return FreshCell(cell.seen, cell.bits, cell.fresh, cell.all, day, total, before)


@lru_cache(maxsize=256)
def _told(together: float, in_order: str) -> str:
    """Return what is said of new accounts that count too much: mostly they all weigh the same."""
    return f"New accounts would count {figure(together)} together in a day; {in_order}"
