"""Waking the ledger when time alone has something to do."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from renown.errors import LedgerError
from renown.ledger.timing.clock import Clock

__all__ = ["Timers"]

_LONGEST: Final = 1.0
"""Seconds between two looks at what is due: other processes make dues, too, and clocks are set."""
_log = structlog.get_logger(__name__)


class Timers:
    """Sleeps until the next due, and has the ledger carry out what is due. Belongs to one event loop.

    `next_due` looks up the earliest due, at next to no cost; `tick` carries out some of what is due and
    returns how much that was.
    """

    def __init__(
        self, clock: Clock, next_due: Callable[[], float | None], tick: Callable[[], Awaitable[int]]
    ) -> None:
        self._clock = clock
        self._next_due = next_due
        self._tick = tick
        self._waiting_for: float | None = None
        self._earlier = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="renown-timers")

    async def stop(self) -> None:
        """End; what is due waits for the next process or start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def hint(self, due: float) -> None:
        """Take notice that something is due then."""
        if self._waiting_for is None or due < self._waiting_for:
            self._earlier.set()

    async def pass_time(self) -> None:
        """Carry out all that is due now."""
        while (due := self._next_due()) is not None and due <= self._clock.now():
            if not await self._tick():
                return

    async def _run(self) -> None:
        while True:
            wait = _LONGEST
            try:
                await self.pass_time()
                self._earlier.clear()
                self._waiting_for = due = self._next_due()
                if due is not None:
                    wait = min(max(due - self._clock.now(), 0.0), _LONGEST)
            except LedgerError as error:
                _log.warning("what is due could not be done and will be tried again", reason=error.detail)
            except Exception:
                _log.exception("what is due could not be done and will be tried again")
            if wait <= 0.0:
                # Still due although it was tried: somebody else holds it, or it cannot be done.
                wait = _LONGEST
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._earlier.wait()
