"""One event as guards look at it."""

from zlib import crc32

import msgspec

from renown.model import OVERALL, Event
from renown.policy import Policy
from renown.policy.evidence.guarding import Guard, Those
from renown.policy.scores.ranges import has_own_range
from renown.scoring.effect import Effect
from renown.scoring.guards.verdicts import Facts

__all__ = ["DAY", "LATEST", "Filter", "Sighting", "mark_of", "middles_of"]

DAY = 86_400.0
LATEST = 7_258_118_400.0
"""2200: times after it and before 1970 count as these."""


class Sighting(msgspec.Struct, gc=False):
    """What of an event, its effect and the facts guards need; made once per event."""

    event: Event
    facts: Facts
    at: float
    """Its place in time: that of the newest where it came later than the policy's tolerance."""
    now: float
    """The newest time known of the subject, its own included."""
    day: int
    """Days since 1970, UTC."""
    value: float
    """The value that goes into the overall score, or else into the first category that it goes into."""
    middle: float
    """What lies below is negative, above positive."""
    weight: float
    """What it counts: by its rule and by who sent it."""
    mark: int
    """A number that stands for the actor; 0 without one, and where no guard asks for it."""

    effect: Effect
    told_at: float
    """The time as it was told."""
    newest: float
    """The newest time that was known before it."""


def middles_of(policy: Policy) -> dict[str, float]:
    """Return per category, the overall score included, between negative and positive."""
    middles: dict[str, float] = {}
    for name in (OVERALL, *policy.categories):
        scale = policy.scale_of(name)
        middles[name] = 0.0 if has_own_range(policy.method(name)) else (scale.min + scale.max) / 2
    return middles


def mark_of(actor: str) -> int:
    """Return a number of 32 bits that stands for an actor, the same everywhere and always.

    A checksum tells keys that differ in a few characters apart for certain, others but for one in four
    billion; nothing that it decides is worth making two keys alike.
    """
    return crc32(actor.encode())


class Filter:
    """Which events are meant: by sign and by whether they are verified."""

    __slots__ = ("_below", "_sign", "_unverified", "_verified", "all")

    def __init__(self, guard: Guard, those: Those) -> None:
        self._unverified = those.startswith("unverified")
        self._sign = -1 if those.endswith("negatives") else 1 if those.endswith("positives") else 0
        self._below = guard.negative_below
        self._verified = guard.verified
        self.all = those == "all"

    def has(self, seen: Sighting) -> bool:
        """Tell whether the event is one of them; what lies in the middle is neither negative nor positive."""
        if self.all:
            return True
        if self._sign:
            over = seen.value - (seen.middle if self._below is None else self._below)
            if over * self._sign <= 0:
                return False
        if self._unverified:
            data = seen.event.data
            return data is None or data.get(self._verified) is not True
        return True
