"""The ledger's clock: wall time that does not believe a jump at once.

Machines' clocks are set: by a person, by a virtual machine that was asleep, by a battery that is empty. Were
that believed at once, a clock ahead by a day would end holds and ripen statuses that should not, and nothing
takes that back. So the time since the last look is measured with the monotonic clock, that nobody sets. Where
wall time disagrees by more than two seconds, the ledger goes on as if it had not jumped, and believes it only
after it has disagreed by the same for a minute. Smaller corrections, as time servers make them, are followed
at once.
"""

import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog

__all__ = ["PATIENCE", "TOLERANCE", "Clock", "SteadyClock"]

TOLERANCE: Final = 2.0
"""Seconds by which wall time may disagree and is followed at once."""
PATIENCE: Final = 60.0
"""Seconds for which a jump must last before it is believed."""

_log = structlog.get_logger(__name__)


class Clock(Protocol):
    """Tells what time it is for the ledger. Any thread may ask."""

    def now(self) -> float:
        """Return POSIX seconds."""
        ...


class SteadyClock:
    """Follows `wall`, and a jump of it only once it has lasted."""

    def __init__(
        self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._ahead = wall() - monotonic()
        """What wall time is believed to be ahead of the monotonic clock."""
        self._doubt: tuple[float, float] | None = None
        """Since when, by the monotonic clock, and by how much it has been ahead instead."""

    def now(self) -> float:
        """Return wall time, or what it would be without a jump that is not believed yet."""
        with self._lock:
            passed = self._monotonic()
            ahead = self._wall() - passed
            if abs(ahead - self._ahead) <= TOLERANCE:
                self._ahead, self._doubt = ahead, None
            elif self._doubt is None or abs(ahead - self._doubt[1]) > TOLERANCE:
                self._doubt = passed, ahead
            elif passed - self._doubt[0] >= PATIENCE:
                _log.warning("the machine's clock was set and has stayed so", seconds=ahead - self._ahead)
                self._ahead, self._doubt = ahead, None
            return passed + self._ahead
