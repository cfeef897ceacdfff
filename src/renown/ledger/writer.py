"""The one thread of a process that writes: group commit, and the sweep for other processes' commits."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog

from renown.errors import LedgerError
from renown.ledger.batch import Batch
from renown.ledger.cache import Cache
from renown.ledger.queue import Append, Call, JobQueue
from renown.ledger.views import updates_of
from renown.model import Answer, Update
from renown.policy import Policies
from renown.stores import Store, Writer

__all__ = ["MAX_BATCH", "WriterThread"]

MAX_BATCH: Final = 2_000
"""Events in one transaction, at most."""

_PAGE: Final = 5_000
_log = structlog.get_logger(__name__)

Tell = Callable[[Sequence[Update]], None]


class WriterThread:
    """Takes jobs from the queue; commits what is there at once, and what came meanwhile next.

    It alone decides what is told in which order: its own commits and those of other processes go out by
    `seq`, so a subject's versions can only grow.
    """

    def __init__(
        self, store: Store, policies: Policies, loop: asyncio.AbstractEventLoop, queue: JobQueue, tell: Tell
    ) -> None:
        self._store = store
        self._cache = Cache(policies)
        self._loop = loop
        self._queue = queue
        self._tell = tell
        self._told = 0
        self._behind = False
        self._thread = threading.Thread(target=self._run, name="renown-ledger", daemon=True)
        self._opened: asyncio.Future[None] = loop.create_future()

    async def start(self) -> None:
        """Start the thread and return when its connection is open."""
        self._thread.start()
        await self._opened

    async def join(self) -> None:
        """Return when the thread has worked off its queue and ended; the queue must be closed."""
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        try:
            self._writer = self._store.writer()
            self._writer.changed()
            self._told = self._writer.newest_seq()
        except LedgerError as error:
            self._loop.call_soon_threadsafe(self._opened.set_exception, error)
            return
        self._loop.call_soon_threadsafe(self._opened.set_result, None)
        while (job := self._queue.take(MAX_BATCH)) is not None:
            if isinstance(job, Call):
                self._call(job)
            else:
                self._append(job)
        self._writer.close()

    def _call(self, job: Call) -> None:
        try:
            result = job.run(self._writer)
        except Exception as error:
            self._writer.rollback()
            self._loop.call_soon_threadsafe(_fail, [job.done], error)
        else:
            self._loop.call_soon_threadsafe(_settle, job.done, result)

    def _append(self, jobs: list[Append]) -> None:
        try:
            answers, updates = self._transact(jobs)
        except Exception as error:
            self._abandon()
            if not isinstance(error, LedgerError):
                _log.exception("a transaction failed")
                error = LedgerError("the ledger could not store the events")
            self._loop.call_soon_threadsafe(_fail, [job.done for job in jobs], error)
        else:
            self._loop.call_soon_threadsafe(self._deliver, jobs, answers, updates)

    def _transact(self, jobs: list[Append]) -> tuple[list[Answer], list[Update]]:
        events = [event for job in jobs for event in job.events]
        batch = Batch(self._cache, events)
        self._writer.begin()
        updates = self._foreign()
        batch.run(self._writer)
        answers = batch.answers([job.standing for job in jobs for _ in job.events])
        self._writer.commit()
        updates += batch.updates()
        self._told = self._cache.newest_seq if self._cache.valid else self._told
        self._behind = False
        self._cache.trim()
        return answers, updates

    def _foreign(self) -> list[Update]:
        """Return the news of other processes since what was told last."""
        if not self._writer.changed() and not self._behind:
            return []
        self._cache.drop()
        self._behind = True
        updates: list[Update] = []
        told = self._told
        while rows := self._writer.since(told, _PAGE):
            updates += updates_of(self._writer, rows)
            told = rows[-1].seq
        return updates

    def sweep(self) -> Call:
        """Return the job that tells what other processes have committed."""
        done: asyncio.Future[None] = self._loop.create_future()
        return Call(self._sweep, done)

    def _sweep(self, writer: Writer) -> None:
        with writer.snapshot():
            updates = self._foreign()
            if not self._behind:
                return
            self._told = writer.newest_seq()
        self._behind = False
        if updates:
            self._loop.call_soon_threadsafe(self._tell, updates)

    def _abandon(self) -> None:
        self._cache.drop()
        self._behind = True
        try:
            self._writer.rollback()
        except LedgerError:
            _log.exception("the roll-back failed")

    def _deliver(self, jobs: list[Append], answers: list[Answer], updates: list[Update]) -> None:
        if updates:
            self._tell(updates)
        start = 0
        for job in jobs:
            end = start + len(job.events)
            _settle(job.done, answers[start:end])
            start = end


def _settle(done: asyncio.Future[Any], result: Any) -> None:
    if not done.done():
        done.set_result(result)


def _fail(futures: Sequence[asyncio.Future[Any]], error: Exception) -> None:
    for done in futures:
        if not done.done():
            done.set_exception(error)
