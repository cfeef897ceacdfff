"""The one thread of a process that folds: group commit, and the sweep for other processes' commits.

While one batch is stored, in which the interpreter has little to do and the disk much, the next one is
folded already, ahead of it. That is a bet that nobody else writes to the file in between; when somebody did,
or the store failed, what was folded ahead is thrown away and folded again within its transaction.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import time
from typing import Any, Final

import structlog
from msgspec.structs import force_setattr

from renown.errors import LedgerError
from renown.ledger.policies.versions import adopt
from renown.ledger.timing.tick import Tick
from renown.ledger.views import updates_of
from renown.ledger.writing.access import Access, Ahead, Overtaken, Within
from renown.ledger.writing.batch import Batch
from renown.ledger.writing.cache import Cache
from renown.ledger.writing.outcome import Work
from renown.ledger.writing.queue import Append, Call, JobQueue
from renown.model import Answer, Update
from renown.stores import Reader, Store, Writer

__all__ = ["MAX_BATCH", "WriterThread"]

MAX_BATCH: Final = 2_000
"""Events in one transaction, at most."""

_PAGE: Final = 5_000
_log = structlog.get_logger(__name__)

Tell = Callable[[Sequence[Update]], None]


@dataclass(slots=True, eq=False)
class _Turn:
    """A folded batch on its way into the store."""

    jobs: list[Append]
    batch: Batch
    work: Work
    answers: list[Answer]
    begun: bool
    """Whether its transaction has begun."""
    news: list[Update]
    """Of other processes, to be told before its own."""
    committed: float = 0.0
    """When it was, POSIX seconds."""


class WriterThread:
    """Takes jobs from the queue; commits what is there at once, and what came meanwhile next.

    It alone decides what is told in which order: its own commits and those of other processes go out by
    `seq`, so a subject's versions can only grow.
    """

    def __init__(
        self,
        store: Store,
        cache: Cache,
        loop: asyncio.AbstractEventLoop,
        queue: JobQueue,
        *,
        tell: Tell,
        hint: Callable[[float], None],
    ) -> None:
        self._store = store
        self._cache = cache
        self._hint = hint
        self._loop = loop
        self._queue = queue
        self._tell = tell
        self._told = 0
        self._reached = 0
        self._behind = False
        self._storing: tuple[_Turn, Future[None]] | None = None
        self._storer = ThreadPoolExecutor(1, thread_name_prefix="renown-store")
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
            self._told = self._reached = self._writer.newest_seq()
        except LedgerError as error:
            self._loop.call_soon_threadsafe(self._opened.set_exception, error)
            return
        self._loop.call_soon_threadsafe(self._opened.set_result, None)
        with self._store.reader() as reader, self._storer:
            self._work_off(reader)
        self._writer.close()

    def _work_off(self, reader: Reader) -> None:
        while (job := self._next()) is not None:
            if isinstance(job, Call):
                self._stored()
                self._call(job)
            elif self._storing is None or self._storing[0].batch.looked_back or self._cache.full:
                self._stored()
                self._cache.trim()
                self._append(job)
            else:
                self._append_ahead(job, reader)

    def _next(self) -> list[Append] | Call | None:
        if not self._queue:
            # Nothing to fold meanwhile; and if the store fails, somebody must hear of it.
            self._stored()
        job = self._queue.take(MAX_BATCH)
        if job is None:
            self._stored()
        return job

    def _call(self, job: Call) -> None:
        try:
            result = job.run(self._writer)
        except Exception as error:
            self._writer.rollback()
            self._loop.call_soon_threadsafe(_fail, [job.done], error)
        else:
            self._loop.call_soon_threadsafe(_settle, job.done, result)

    def _append(self, jobs: list[Append]) -> None:
        """Fold within the transaction."""
        try:
            self._writer.begin()
            news = self._foreign()
            turn = self._fold(jobs, Within(self._writer), None)
        except Exception as error:
            self._give_up(jobs, error)
        else:
            turn.begun, turn.news = True, news
            self._hand_over(turn)

    def _append_ahead(self, jobs: list[Append], reader: Reader) -> None:
        """Fold while the batch before is being stored."""
        before = None if self._storing is None else self._storing[0].batch
        access = Ahead(reader, self._catch_up)
        try:
            turn = self._fold(jobs, access, before)
            if not access.begun and not self._stored():
                raise Overtaken
        except Overtaken:
            self._abandon()
            self._append(jobs)
        except Exception as error:
            self._stored()
            self._give_up(jobs, error)
        else:
            turn.begun = access.begun
            self._hand_over(turn)

    def _fold(self, jobs: list[Append], access: Access, before: Batch | None) -> _Turn:
        batch = Batch(self._cache, [event for job in jobs for event in job.events], before)
        work = batch.run(access)
        answers = batch.answers([job.standing for job in jobs for _ in job.events])
        return _Turn(jobs, batch, work, answers, begun=False, news=[])

    def _catch_up(self) -> Writer:
        """Wait for the batch before and begin the transaction of the one being folded."""
        if self._storing is None:
            return self._writer
        if not self._stored():
            raise Overtaken
        self._writer.begin()
        if self._writer.changed():
            raise Overtaken
        return self._writer

    def _hand_over(self, turn: _Turn) -> None:
        """Store a folded batch: beside the next one if one waits, else here and now."""
        if self._queue:
            self._storing = turn, self._storer.submit(self._put, turn)
            return
        try:
            self._put(turn)
        except Exception as error:
            self._abandon()
            self._redo(turn, error)

    def _stored(self) -> bool:
        """Wait until the batch being stored is; if that fails, see to it and return False."""
        if self._storing is None:
            return True
        (turn, stored), self._storing = self._storing, None
        try:
            stored.result()
        except Exception as error:
            self._abandon()
            self._redo(turn, error)
            return False
        return True

    def _redo(self, turn: _Turn, error: Exception) -> None:
        if isinstance(error, Overtaken):
            self._append(turn.jobs)
            self._stored()
        else:
            self._give_up(turn.jobs, error)

    def _put(self, turn: _Turn) -> None:
        """Store a batch, commit, and have it told; on whichever thread is free."""
        writer, work = self._writer, turn.work
        if not turn.begun:
            writer.begin()
            if writer.changed():
                raise Overtaken
        work.store(writer)
        # Its transaction is the only one: up to here nothing in the file is news.
        self._reached = work.newest_seq
        writer.commit()
        self._told = work.newest_seq
        self._behind = False
        turn.committed = time()
        self._loop.call_soon_threadsafe(self._deliver, turn)

    def _give_up(self, jobs: list[Append], error: Exception) -> None:
        self._abandon()
        if not isinstance(error, LedgerError):
            _log.error("a transaction failed", exc_info=error)
            error = LedgerError("the ledger could not store the events")
        self._loop.call_soon_threadsafe(_fail, [job.done for job in jobs], error)

    def _foreign(self) -> list[Update]:
        """Return the news of other processes since what was told last."""
        if not self._writer.changed() and not self._behind:
            return []
        self._cache.drop()
        adopt(self._writer, self._cache.policies)
        self._behind = True
        updates: list[Update] = []
        told = self._told
        while rows := self._writer.since(told, _PAGE):
            updates += updates_of(self._writer, rows)
            told = rows[-1].seq
        return updates

    def knows(self, seq: int) -> bool:
        """Tell whether all up to a position is told, or about to be; may be asked on any thread."""
        return seq <= self._reached

    def sweep(self) -> Call:
        """Return the job that tells what other processes have committed."""
        done: asyncio.Future[None] = self._loop.create_future()
        return Call(self._sweep, done)

    def _sweep(self, writer: Writer) -> None:
        with writer.snapshot():
            updates = self._foreign()
            if not self._behind:
                return
            self._told = self._reached = writer.newest_seq()
        self._behind = False
        if updates:
            self._loop.call_soon_threadsafe(self._tell, updates)

    def tick(self) -> Call:
        """Return the job that carries out some of what is due; its result is how many moments that were."""
        done: asyncio.Future[int] = self._loop.create_future()
        return Call(self._tick, done)

    def _tick(self, writer: Writer) -> int:
        try:
            writer.begin()
            news = self._foreign()
            tick = Tick(self._cache)
            work = tick.run(Within(writer))
            work.store(writer)
            self._reached = work.newest_seq
            writer.commit()
        except Exception:
            self._abandon()
            raise
        self._told = work.newest_seq
        self._behind = False
        committed = time()
        for update in work.updates:
            force_setattr(update, "at", committed)
        if news or work.updates:
            self._loop.call_soon_threadsafe(self._tell, [*news, *work.updates])
        return tick.steps

    def _abandon(self) -> None:
        self._cache.drop()
        self._behind = True
        self._reached = self._told
        try:
            self._writer.rollback()
        except LedgerError:
            _log.exception("the roll-back failed")

    def _deliver(self, turn: _Turn) -> None:
        for update in turn.work.updates:
            # Nobody has seen them yet; a copy of each would cost more than all that is told with them.
            force_setattr(update, "at", turn.committed)
        due = turn.work.due
        if due is not None:
            self._hint(due)
        updates = [*turn.news, *turn.work.updates]
        if updates:
            self._tell(updates)
        start = 0
        for job in turn.jobs:
            end = start + len(job.events)
            _settle(job.done, turn.answers[start:end])
            start = end


def _settle(done: asyncio.Future[Any], result: Any) -> None:
    if not done.done():
        done.set_result(result)


def _fail(futures: Sequence[asyncio.Future[Any]], error: Exception) -> None:
    for done in futures:
        if not done.done():
            done.set_exception(error)
