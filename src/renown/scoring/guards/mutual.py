"""Reciprocity and rings: raters who are rated back, and who know one another."""

import msgspec

from renown.policy.evidence.guarding import ReciprocityGuard, RingGuard
from renown.scoring.guards.detector import Detector, Finding
from renown.scoring.guards.sighting import DAY, Sighting
from renown.scoring.guards.words import per_cent

__all__ = ["ReciprocityDetector", "RingCell", "RingDetector", "Shares", "pushed"]

_QUIET = 30 * DAY
"""An alarm of raters is over after so long without an event."""


class Shares(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Which of the last so many had a property, the newest in the lowest bit."""

    seen: int
    """How many there were, at most as many as are looked at."""
    bits: int


class RingCell(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The last raters, the newest first."""

    raters: tuple[int, ...]
    """Their marks, each once."""
    kin: tuple[int, ...]
    """How many of the then last raters each knew."""
    bits: int
    """Which were rated by the subject, too; the newest in the lowest bit."""


def pushed(cell: Shares | None, last: int, has: bool) -> Shares:
    """Return the last ones with one more."""
    if cell is None:
        return Shares(1, int(has))
    bits = ((cell.bits << 1) | has) & ((1 << last) - 1)
    return Shares(min(last, cell.seen + 1), bits)


class ReciprocityDetector(Detector):
    """Looks at the share of the last raters whom the subject has rated, too."""

    cell = Shares

    def __init__(self, guard: ReciprocityGuard) -> None:
        super().__init__(guard)
        self._last, self._share, self._least = guard.last, guard.share, guard.least

    def look(self, cell: Shares | None, seen: Sighting) -> Finding | None:
        """Speak while the share is too high, the event itself included."""
        if seen.event.actor is None:
            return None
        after = pushed(cell, self._last, seen.facts.returned is not None)
        mutual = after.bits.bit_count()
        if after.seen < self._least or mutual <= self._share * after.seen:
            return None
        return Finding(
            f"{mutual} of the last {after.seen} raters were rated by the subject, too "
            f"({per_cent(mutual / after.seen)}; up to {per_cent(self._share)} is in order).",
            acts=seen.facts.returned is not None and self.on.has(seen),
            until=seen.now + _QUIET,
            count=mutual,
            expected=self._share * after.seen,
        )

    def clears(self, seen: Sighting) -> bool:
        """Every rater changes the shares."""
        return seen.event.actor is not None

    def add(self, cell: Shares | None, seen: Sighting, counts: bool) -> Shares | None:
        """Remember whether the actor was rated by the subject."""
        _ = counts
        if seen.event.actor is None:
            return cell
        return pushed(cell, self._last, seen.facts.returned is not None)


class RingDetector(Detector):
    """Looks at how many pairs among the last raters, and of them with the subject, know each other."""

    cell = RingCell
    marks = True

    def __init__(self, guard: RingGuard) -> None:
        super().__init__(guard)
        self._last, self._share, self._least = guard.last, guard.share, guard.least
        self._density = guard.density
        self._room, self._mask = guard.last - 1, (1 << guard.last) - 1

    def look(self, cell: RingCell | None, seen: Sighting) -> Finding | None:
        """Speak while both shares are too high, the event itself included."""
        if cell is None or seen.event.actor is None:
            return None
        before = len(cell.raters)
        if before < self._least - 1:
            return None
        kin = seen.facts.kin
        most = sum(cell.kin) + (kin if kin is not None and kin > 0 else 0)
        if before > 1 and most / (before * (before - 1) / 2) < self._density:
            # There will be no fewer raters, and no more pairs.
            return None
        after = self._after(cell, seen)
        self._made = (cell, seen, after)
        count = len(after.raters)
        if count < self._least:
            return None
        pairs = sum(after.kin)
        density = pairs / (count * (count - 1) / 2)
        mutual = after.bits.bit_count()
        if density < self._density or mutual < self._share * count:
            return None
        # One of the ring: rated by the subject, or known to half as many as a ring's members are.
        inside = seen.facts.returned is not None or 2 * after.kin[0] >= self._density * (count - 1)
        return Finding(
            f"{per_cent(density)} of all pairs among the last {count} raters know each other "
            f"(from {per_cent(self._density)} on it is a ring), and {mutual} of them were rated by the "
            "subject, too.",
            acts=inside and self.on.has(seen),
            until=seen.now + _QUIET,
            count=count,
            expected=self._density * count,
        )

    def clears(self, seen: Sighting) -> bool:
        """Every rater changes the shares."""
        return seen.event.actor is not None

    def add(self, cell: RingCell | None, seen: Sighting, counts: bool) -> RingCell | None:
        """Remember the actor; one who is remembered already comes to the front."""
        _ = counts
        if seen.event.actor is None:
            return cell
        if cell is None:
            return RingCell((seen.mark,), (0,), int(seen.facts.returned is not None))
        before, event, after = self._made
        return after if before is cell and event is seen else self._after(cell, seen)

    def _after(self, cell: RingCell, seen: Sighting) -> RingCell:
        mark, mutual = seen.mark, seen.facts.returned is not None
        kin = seen.facts.kin or 0
        raters, known, bits = cell.raters, cell.kin, cell.bits
        if mark in raters:
            place = raters.index(mark)
            below = (1 << place) - 1
            bits = (bits & below) | ((bits >> 1) & ~below)
            raters = (*raters[:place], *raters[place + 1 :])
            known = (*known[:place], *known[place + 1 :])
        count = len(raters)
        if count > self._room:
            raters, known, count = raters[: self._room], known[: self._room], self._room
        bits = ((bits << 1) | mutual) & self._mask
        kin = 0 if kin < 0 else count if kin > count else kin
        return RingCell((mark, *raters), (kin, *known), bits)
