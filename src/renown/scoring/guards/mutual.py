"""Reciprocity and rings: raters who are rated back, and who know one another."""

import msgspec

from renown.policy.guarding import ReciprocityGuard, RingGuard
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
            until=seen.at + _QUIET,
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

    def __init__(self, guard: RingGuard) -> None:
        super().__init__(guard)
        self._last, self._share, self._least = guard.last, guard.share, guard.least
        self._density = guard.density

    def look(self, cell: RingCell | None, seen: Sighting) -> Finding | None:
        """Speak while both shares are too high, the event itself included."""
        after = self.add(cell, seen, counts=True)
        if after is None or seen.event.actor is None:
            return None
        count = len(after.raters)
        mutual = after.bits.bit_count()
        if count < self._least or mutual < self._share * count:
            return None
        density = sum(after.kin) / (count * (count - 1) / 2)
        if density < self._density:
            return None
        return Finding(
            f"{mutual} of the last {count} raters were rated by the subject, too, and {per_cent(density)} "
            f"of all pairs among them know each other (from {per_cent(self._density)} on it is a ring).",
            acts=seen.facts.returned is not None and self.on.has(seen),
            until=seen.at + _QUIET,
            count=mutual,
            expected=self._density * count,
        )

    def clears(self, seen: Sighting) -> bool:
        """Every rater changes the shares."""
        return seen.event.actor is not None

    def add(self, cell: RingCell | None, seen: Sighting, counts: bool) -> RingCell | None:
        """Remember the actor; one who is remembered already comes to the front."""
        _ = counts
        actor = seen.event.actor
        if actor is None:
            return cell
        mark, mutual = seen.mark, seen.facts.returned is not None
        kin = seen.facts.kin or 0
        if cell is None:
            return RingCell((mark,), (0,), int(mutual))
        raters, known, bits = cell.raters, cell.kin, cell.bits
        if mark in raters:
            place = raters.index(mark)
            below = (1 << place) - 1
            bits = (bits & below) | ((bits >> 1) & ~below)
            raters = (*raters[:place], *raters[place + 1 :])
            known = (*known[:place], *known[place + 1 :])
        room = self._last - 1
        raters, known = raters[:room], known[:room]
        bits = ((bits << 1) | mutual) & ((1 << self._last) - 1)
        return RingCell((mark, *raters), (min(max(kin, 0), len(raters)), *known), bits)
