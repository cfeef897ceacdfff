"""The bounded queue between the event loop and the writer thread."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from renown.errors import LedgerError
from renown.model import Answer, Event
from renown.stores import Writer

__all__ = ["Append", "Call", "Job", "JobQueue"]


@dataclass(slots=True, eq=False)
class Append:
    """Events of one request, to be answered after their commit."""

    events: Sequence[Event]
    standing: bool
    done: asyncio.Future[list[Answer]]


@dataclass(slots=True, eq=False)
class Call:
    """Anything else that needs the writer, run between two batches."""

    run: Callable[[Writer], Any]
    done: asyncio.Future[Any]


Job = Append | Call


class JobQueue:
    """Jobs in order of arrival, bounded by the number of their events.

    The event loop puts, one thread takes. Whoever finds it full waits for room in line.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int, patience: float) -> None:
        self._loop = loop
        self._limit = limit
        self._patience = patience
        self._jobs: deque[Job] = deque()
        self._events = 0
        self._closed = False
        # Taken by itself: a condition's own methods cost more than all the rest of putting.
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._hungry = False
        """Whether the thread waits for jobs."""
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()

    def __len__(self) -> int:
        """Return how many events wait."""
        return self._events

    async def append(self, events: Sequence[Event], *, standing: bool) -> asyncio.Future[list[Answer]]:
        """Put events once there is room for them; return what their answers come in.

        Raises:
            LedgerError: `ledger_busy` when there was no room for a while, `ledger_closed` after close.

        """
        if self._waiting or not self._fits(len(events)):
            await self._room(len(events))
        done: asyncio.Future[list[Answer]] = self._loop.create_future()
        self.put(Append(events, standing, done))
        return done

    async def _room(self, events: int) -> None:
        """Wait in line until `events` more may be put.

        Raises:
            LedgerError: `ledger_busy` when there was no room for a while, `ledger_closed` after close.

        """
        turn = self._loop.create_future()
        self._waiting.append((turn, events))
        # The thread may have made room just before it could see that somebody waits.
        self._admit()
        try:
            async with asyncio.timeout(self._patience):
                await turn
        except TimeoutError:
            raise LedgerError(
                f"{self._events} events wait already; the ledger cannot keep up",
                code="ledger_busy",
                expected="try again later, with the same ids",
            ) from None
        finally:
            # A waiter that gave up must not hold up those behind it.
            self._admit()

    def _fits(self, events: int) -> bool:
        return self._closed or self._events == 0 or self._events + events <= self._limit

    def _admit(self) -> None:
        while self._waiting:
            turn, events = self._waiting[0]
            if turn.done():
                self._waiting.popleft()
            elif self._fits(events):
                self._waiting.popleft()
                turn.set_result(None)
                # The one admitted puts before the next is looked at.
                self._loop.call_soon(self._admit)
                return
            else:
                return

    def put(self, job: Job, *, first: bool = False) -> None:
        """Add a job, before all others if it is to be `first`; to be called on the loop."""
        with self._lock:
            if self._closed:
                raise LedgerError("the ledger is closed", code="ledger_closed")
            if first:
                self._jobs.appendleft(job)
            else:
                self._jobs.append(job)
            if isinstance(job, Append):
                self._events += len(job.events)
            if self._hungry:
                self._filled.notify()

    def take(self, limit: int) -> list[Append] | Call | None:
        """Wait for jobs; return appends of up to `limit` events together, or one call, or None at the end."""
        with self._lock:
            while not self._jobs:
                if self._closed:
                    return None
                self._hungry = True
                self._filled.wait()
                self._hungry = False
            first = self._jobs.popleft()
            if isinstance(first, Call):
                return first
            batch, events = [first], len(first.events)
            while self._jobs:
                job = self._jobs[0]
                if isinstance(job, Call) or events + len(job.events) > limit:
                    break
                self._jobs.popleft()
                batch.append(job)
                events += len(job.events)
            self._events -= events
            hungry = bool(self._waiting)
        if hungry:
            self._loop.call_soon_threadsafe(self._admit)
        return batch

    def close(self) -> None:
        """Take no more jobs; those already in are still worked off."""
        with self._lock:
            self._closed = True
            self._filled.notify()
        self._admit()
