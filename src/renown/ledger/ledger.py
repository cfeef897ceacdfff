"""The ledger: the events of all subjects and the standings folded from them."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import msgspec
import structlog

from renown.errors import LedgerError
from renown.ledger.erasing import Erasure, erase
from renown.ledger.keys import Keys
from renown.ledger.policies.book import PolicyBook
from renown.ledger.reading.alarms import AlarmBook
from renown.ledger.reading.incidents import IncidentBook
from renown.ledger.reading.reads import Reads
from renown.ledger.rebuild import Progress, RebuildReport, rebuild
from renown.ledger.rebuilding.reweighing import ReweighReport, reweigh
from renown.ledger.rights import RightsBook
from renown.ledger.timing.clock import Clock, SteadyClock
from renown.ledger.timing.timers import Timers
from renown.ledger.writing.cache import Cache
from renown.ledger.writing.queue import Call, JobQueue
from renown.ledger.writing.writer import MAX_BATCH, WriterThread
from renown.model import Answer, Event, Update
from renown.policy import Policies
from renown.stores import SqliteStore, Store, Writer

__all__ = ["Committed", "Ledger", "LedgerOptions", "Stats"]

Committed = Callable[[Sequence[Update]], None]
"""Takes the updates of a commit. Runs on the event loop; must not block or raise."""

_log = structlog.get_logger(__name__)
_seq: Final = attrgetter("seq")
_Report = TypeVar("_Report")


class LedgerOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a ledger behaves; the defaults fit one machine."""

    queue: int = 20_000
    """Events that may wait for the writer; whoever brings more waits for room."""
    patience: float = 10.0
    """Seconds to wait for room before `ledger_busy`."""
    sweep_interval: float = 0.2
    """Seconds between two looks for commits of other processes."""
    timers: bool = True
    """Whether this process carries out what time is due to do: holds that end, windows, statuses, alerts."""


class Stats(msgspec.Struct, frozen=True):
    """Sizes, for metrics and the overview."""

    events: int
    subjects: int
    queue: int
    """Events that wait for the writer now."""


class Ledger(Reads):
    """The one source of truth. Belongs to one event loop; any number of processes may open the same file.

    `open`, `start`, then use; `close` at the end answers what was put in before.
    """

    def __init__(
        self,
        store: Store,
        policies: Policies,
        options: LedgerOptions | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(store, policies)
        self.keys: Final = Keys(store)
        self.rights: Final = RightsBook(store, self._write_soon)
        self.alarms: Final = AlarmBook(store, self._write)
        self.incidents: Final = IncidentBook(store, policies)
        self.policies: Final = PolicyBook(store, policies)
        self.clock: Final[Clock] = clock or SteadyClock()
        self._options = options or LedgerOptions()
        self._listeners: list[Committed] = []
        self._queue: JobQueue | None = None
        self._writer: WriterThread | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._timers: Timers | None = None
        self._heard = 0

    @classmethod
    def open(
        cls,
        path: Path,
        policies: Policies,
        options: LedgerOptions | None = None,
        *,
        clock: Clock | None = None,
    ) -> Self:
        """Open the ledger in the folder `path`, made when absent, brought to the newest tables.

        `clock` tells it what time it is; this machine's, that believes no jump at once, when there is none.

        Raises:
            LedgerError: the folder or the file cannot be used.

        """
        return cls(SqliteStore.open(path), policies, options, clock=clock)

    @property
    def id(self) -> str:
        """The ledger's own random id, made with it: the epoch of all its channels."""
        return self._store.ledger_id

    def on_commit(self, listener: Committed) -> None:
        """Call `listener` with the news of every commit to the file, by any process, each once, by `seq`."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Start the writer thread and the sweep.

        Raises:
            LedgerError: the file cannot be written.

        """
        if self._writer is not None:
            return
        await self.policies.start()
        loop = asyncio.get_running_loop()
        self._queue = JobQueue(loop, self._options.queue, self._options.patience)
        cache = Cache(self._policies, self.clock)
        self._timers = Timers(self.clock, self._next_due, self._tick)
        self._writer = WriterThread(
            self._store, cache, loop, self._queue, tell=self._tell, hint=self._timers.hint
        )
        # From here on, so that a commit made while the writer starts is looked for.
        self._store.near.changed()
        await self._writer.start()
        self._heard = self._store.near.newest_seq()
        self._sweeper = asyncio.create_task(self._sweep_often(), name="renown-sweep")
        self.rights.start()
        if self._options.timers:
            self._timers.start()
        self.policies.follow(self.sweep, self.rights.look_at_all)

    async def close(self) -> None:
        """Work off what was put in, stop, and close the file. May be called twice."""
        await self.policies.stop()
        await self.rights.stop()
        if self._timers is not None:
            await self._timers.stop()
            self._timers = None
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
            self._sweeper = None
        if self._writer is not None and self._queue is not None:
            self._queue.close()
            await self._writer.join()
            # What the thread has handed over last is delivered before anything is closed.
            await asyncio.sleep(0)
            self._writer = None
        self._store.close()

    async def append(self, events: Sequence[Event], *, standing: bool = False) -> list[Answer]:
        """Put events into the ledger; return one answer each, in order, after their commit.

        Bad events are answered as `rejected`, with the problem, and change nothing. With `standing` each
        answer carries the subject's newest standing.

        Raises:
            LedgerError: the ledger is closed, busy for too long, or its file failed. None of the events
                that are not answered can be counted on; sent again with the same ids they are applied once.

        """
        if len(events) <= MAX_BATCH:
            return await (await self._put(events, standing))
        starts = range(0, len(events), MAX_BATCH)
        pending = [await self._put(events[start : start + MAX_BATCH], standing) for start in starts]
        return [answer for done in pending for answer in await done]

    async def _put(self, events: Sequence[Event], standing: bool) -> asyncio.Future[list[Answer]]:
        queue = self._queue
        if queue is None:
            raise LedgerError("the ledger is not started", code="ledger_closed")
        return await queue.append(events, standing=standing)

    async def sweep(self) -> None:
        """Look now for commits of other processes; return when they have been told.

        Raises:
            LedgerError: the ledger is closed or its file failed.

        """
        if self._queue is None or self._writer is None:
            raise LedgerError("the ledger is not started", code="ledger_closed")
        job = self._writer.sweep()
        self._queue.put(job)
        await job.done

    async def pass_time(self) -> None:
        """Carry out now all that time is due to do; it happens by itself within a second otherwise.

        Raises:
            LedgerError: the ledger is closed or its file failed.

        """
        if self._timers is None:
            raise LedgerError("the ledger is not started", code="ledger_closed")
        await self._timers.pass_time()

    def _next_due(self) -> float | None:
        return self._store.near.next_due(self._policies.kinds)

    async def _write(self, change: Callable[[Writer], None]) -> None:
        """Let the writer make a transaction of something else than events, between two batches."""
        if self._queue is None:
            raise LedgerError("the ledger is not started", code="ledger_closed")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put(Call(change, done))
        await done

    async def _write_soon(self, change: Callable[[Writer], None]) -> None:
        """Let the writer make such a transaction before the events that wait; without one make it apart."""
        if self._queue is None:
            await asyncio.to_thread(self._write_apart, change)
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put(Call(change, done), first=True)
        await done

    def _write_apart(self, change: Callable[[Writer], None]) -> None:
        writer = self._store.writer()
        try:
            change(writer)
        finally:
            writer.rollback()
            writer.close()

    async def _tick(self) -> int:
        if self._queue is None or self._writer is None:
            raise LedgerError("the ledger is not started", code="ledger_closed")
        job = self._writer.tick()
        self._queue.put(job)
        return int(await job.done)

    def _knows(self, seq: int) -> bool:
        return self._writer is not None and self._writer.knows(seq)

    async def _sweep_often(self) -> None:
        due = False
        while True:
            await asyncio.sleep(self._options.sweep_interval)
            try:
                due = self._store.near.changed() or due
                # The writer's own commits show, too; they are told, and a sweep would only hold it up.
                if due and not self._knows(self._store.near.newest_seq()):
                    await self.sweep()
                due = False
            except LedgerError as error:
                _log.warning("the sweep failed and will be tried again", reason=error.detail)
            except Exception:
                _log.exception("the sweep failed and will be tried again")

    def behind(self) -> bool:
        """Tell, at next to no cost, whether something is committed that the listeners were not told yet.

        Raises:
            LedgerError: the file failed.

        """
        return self._store.near.newest_seq() > self._heard

    def _tell(self, updates: Sequence[Update]) -> None:
        self._heard = max(self._heard, *map(_seq, updates))
        for listener in tuple(self._listeners):
            try:
                listener(updates)
            except Exception:
                _log.exception("a listener failed on a commit")

    async def rebuild(
        self, check: bool, progress: Progress | None = None, *, processes: int = 1
    ) -> RebuildReport:
        """Replay all events with what was recorded beside them; compare, and unless `check` repair.

        States, standings and each event's score are compared to the last digit. `progress` is called in
        another thread. All but small ledgers are shared among `processes`, if that is more than one. Works on
        a ledger that is not started, too. Cancelled, it stops after the subjects at hand, and each of them is
        either as it was or whole.

        Raises:
            LedgerError: the file failed, or one of the processes has died (`rebuild_died`).

        """
        stop = threading.Event()
        work = asyncio.to_thread(
            rebuild,
            self._store,
            self._policies,
            check=check,
            progress=progress,
            processes=processes,
            stop=stop,
        )
        return await _until_done(work, stop)

    async def reweigh(self, check: bool, progress: Progress | None = None) -> ReweighReport:
        """Find out anew, in the order of the ledger, what was recorded beside every event.

        Raters' weights, the means of kinds, what guards were told and said; under the rules in force. Unless
        `check` all standings go by that from then on, in one transaction. `progress` is called in another
        thread. Works on a ledger that is not started, too. Cancelled before the end, it has changed nothing.

        Raises:
            LedgerError: the file failed, or something has happened meanwhile that the work rested on
                (`reweigh_overtaken`); nothing has changed.

        """
        stop = threading.Event()
        work = asyncio.to_thread(
            reweigh, self._store, self._policies, self.clock, check=check, progress=progress, stop=stop
        )
        return await _until_done(work, stop)

    async def erase(self, actor: str) -> Erasure:
        """Make an actor anonymous in all events and drop what the events' data says; scores stay.

        Raises:
            EventError: `actor` is no key.
            LedgerError: the file failed.

        """
        return await asyncio.to_thread(erase, self._store, self._policies, actor)

    async def export(self, file: Path, *, secrets: bool = False) -> None:
        """Write a copy of the ledger into one new file that can be served. Works while events come in.

        Without `secrets` it holds no API keys, no rights and no revocations.

        Raises:
            LedgerError: the file exists or cannot be written.

        """
        await asyncio.to_thread(self._store.export, file, secrets=secrets)

    def stats(self) -> Stats:
        """Return sizes as of now.

        Raises:
            LedgerError: the file failed.

        """
        events, subjects = self._store.near.totals()
        return Stats(events, subjects, 0 if self._queue is None else len(self._queue))


async def _until_done(work: Coroutine[Any, Any, _Report], stop: threading.Event) -> _Report:
    """Wait for a thread that works on the store; cancelled, stop it first: nobody may close that under it."""
    running = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        with contextlib.suppress(LedgerError):
            await running
        raise
