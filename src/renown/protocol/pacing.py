"""How fast a client may send commands: a bucket of allowances that fills with time.

However small the bucket is, it has room for what a well-behaved client does at once: subscribe anew to all
that it had when it comes back, and refresh or leave all that it has.
"""

from enum import IntEnum

from renown.protocol.access import Limits
from renown.protocol.commands import Command
from renown.protocol.subscriptions import Subscriptions

__all__ = ["Allowance", "Pace"]


class Pace(IntEnum):
    """What to do with a command."""

    FINE = 0
    TOO_FAST = 1
    """Refuse it."""
    RELENTLESS = 2
    """End the connection: refusals did not slow the client down."""


class Allowance:
    """A bucket of `Limits.burst`, or one for each subscription, that gains `Limits.commands` a second.

    The first subscriptions of a connection, as many as it may have at once, cost nothing, nor does leaving
    one. A refused command costs as much as any other. Who is refused a whole bucket is not slowing down.
    """

    __slots__ = ("_at", "_level", "_returning")

    def __init__(self, limits: Limits, now: float) -> None:
        self._level = float(max(1, limits.burst))
        self._at = now
        self._returning = limits.channels
        """How many more subscriptions cost nothing."""

    def spend(self, limits: Limits, now: float, command: Command, subscriptions: Subscriptions) -> Pace:
        """Count one command of a client that has these subscriptions."""
        if self._is_free(command, subscriptions):
            return Pace.FINE
        most = max(1, limits.burst, len(subscriptions))
        gained = max(0.0, now - self._at) * limits.commands
        self._level = min(most, self._level + gained) - 1
        self._at = now
        if self._level >= 0:
            return Pace.FINE
        return Pace.TOO_FAST if self._level >= -most else Pace.RELENTLESS

    def _is_free(self, command: Command, subscriptions: Subscriptions) -> bool:
        if command.subscribe is not None and self._returning:
            self._returning -= 1
            return True
        left = command.unsubscribe
        return left is not None and left.channel is not None and subscriptions.get(left.channel) is not None
