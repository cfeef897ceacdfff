"""How fast a client may send commands: a bucket of allowances that fills with time."""

from enum import IntEnum

from renown.protocol.access import Limits

__all__ = ["Allowance", "Pace"]


class Pace(IntEnum):
    """What to do with a command."""

    FINE = 0
    TOO_FAST = 1
    """Refuse it."""
    RELENTLESS = 2
    """End the connection: refusals did not slow the client down."""


class Allowance:
    """A bucket of `Limits.burst` that gains `Limits.commands` a second.

    A refused command costs as much as any other. Who is refused a whole burst is not slowing down.
    """

    __slots__ = ("_at", "_level")

    def __init__(self, limits: Limits, now: float) -> None:
        self._level = float(max(1, limits.burst))
        self._at = now

    def spend(self, limits: Limits, now: float) -> Pace:
        """Count one command."""
        burst = max(1, limits.burst)
        gained = max(0.0, now - self._at) * limits.commands
        self._level = min(burst, self._level + gained) - 1
        self._at = now
        if self._level >= 0:
            return Pace.FINE
        return Pace.TOO_FAST if self._level >= -burst else Pace.RELENTLESS
