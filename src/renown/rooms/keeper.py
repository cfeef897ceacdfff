"""The one thread of a process that writes into a rooms file: group commit, and others' publications found.

What waits when a commit is done goes into the next one together. The thread alone decides what is told in
which order, its own publications and those of other processes by their position in the file.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog

from renown.errors import RoomError
from renown.rooms import statements as sql
from renown.rooms.book import Book, News
from renown.rooms.file import RoomsFile, publication_of
from renown.rooms.room import Publishing

__all__ = ["Keeper", "Work"]

_BATCH: Final = 1_000
"""Jobs in one transaction, at most."""
_WAITING: Final = 20_000
"""Jobs that may wait, at most."""
_PAGE: Final = 5_000
_log = structlog.get_logger(__name__)
_T = TypeVar("_T")

Work = Callable[[Book, float], _T]
"""What is to be done with the file at a time, POSIX seconds."""


@dataclass(slots=True, eq=False)
class _Job:
    work: Work[Any]
    coming: Sequence[Publishing]
    """What it is going to publish."""
    done: asyncio.Future[Any]


class Keeper:
    """Takes jobs on the event loop, does them in its thread, and settles them after their commit."""

    def __init__(
        self,
        path: Path,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], float],
        tell: Callable[[Sequence[News]], None],
    ) -> None:
        """Make it on `loop`, on which `tell` is called with what was published, by whomever."""
        self._path = path
        self._loop = loop
        self._clock = clock
        self._tell = tell
        self._jobs: deque[_Job] = deque()
        self._filled = threading.Condition()
        self._closed = False
        self._told = 0
        self._behind = False
        self._opened: asyncio.Future[None] = loop.create_future()
        self._thread = threading.Thread(target=self._run, name="renown-rooms", daemon=True)

    async def start(self) -> None:
        """Start the thread; return when its connection is open."""
        self._thread.start()
        await self._opened

    async def close(self) -> None:
        """Work off what was put in, and end."""
        with self._filled:
            self._closed = True
            self._filled.notify()
        await asyncio.to_thread(self._thread.join)
        # What the thread has handed over last is delivered first.
        await asyncio.sleep(0)

    async def do(self, work: Work[_T], coming: Sequence[Publishing] = ()) -> _T:
        """Do some work in the next transaction; return its result after the commit.

        What it publishes is `coming`: said beforehand, so that what that needs is looked up for all together.

        Raises:
            RoomError: `rooms_busy`: too much is waiting; `rooms_closed`; or the file failed.

        """
        done: asyncio.Future[_T] = self._loop.create_future()
        with self._filled:
            if self._closed:
                raise RoomError("the rooms are closed", code="rooms_closed")
            if len(self._jobs) >= _WAITING:
                raise RoomError(f"{len(self._jobs)} publications wait already", code="rooms_busy")
            self._jobs.append(_Job(work, coming, done))
            self._filled.notify()
        return await done

    # In the thread

    def _run(self) -> None:
        try:
            self._file = RoomsFile(self._path)
            self._file.changed()
            self._told = self._file.seq()
        except RoomError as error:
            self._loop.call_soon_threadsafe(_settle, self._opened, error)
            return
        self._book = Book(self._file)
        self._loop.call_soon_threadsafe(_settle, self._opened, None)
        while jobs := self._take():
            self._commit(jobs)
        self._file.close()

    def _take(self) -> list[_Job]:
        with self._filled:
            while not self._jobs and not self._closed:
                self._filled.wait()
            jobs = list(islice(self._jobs, _BATCH))
            for _ in jobs:
                self._jobs.popleft()
        return jobs

    def _commit(self, jobs: list[_Job]) -> None:
        try:
            self._file.begin()
            foreign = self._foreign()
            now = self._clock()
            self._book.expect([each for job in jobs for each in job.coming], now)
            results = [job.work(self._book, now) for job in jobs]
            seq = self._book.finish()
            news = [*foreign, *self._book.news]
            self._file.commit()
        except Exception as error:
            self._file.rollback()
            self._book.abandon()
            self._behind = True
            if len(jobs) > 1 and not (isinstance(error, RoomError) and error.problem_code == "rooms_busy"):
                # One job that fails must not take the others with it.
                for job in jobs:
                    self._commit([job])
                return
            if not isinstance(error, RoomError):
                _log.error("a publication could not be kept", exc_info=error)
                error = RoomError("the publication could not be kept")
            self._loop.call_soon_threadsafe(self._deliver, (), jobs, [error] * len(jobs))
        else:
            self._told, self._behind = seq, False
            self._loop.call_soon_threadsafe(self._deliver, news, jobs, results)

    def _foreign(self) -> list[News]:
        """Have the book go on where the file is now; return what others have published since."""
        fresh = self._file.changed() or self._behind
        self._behind |= fresh
        news: list[News] = []
        seq = self._told
        while fresh and (rows := self._file.rows(sql.SINCE, (seq, _PAGE))):
            news += [(channel, publication_of(*stored), epoch) for _, channel, epoch, *stored in rows]
            seq = rows[-1][0]
        # Not the last row's position: what was published and is deleted again has a position, too.
        self._book.begin(self._file.seq() if fresh else seq, fresh=fresh)
        return news

    def _deliver(self, news: Sequence[News], jobs: Sequence[_Job], results: Sequence[Any]) -> None:
        if news:
            self._tell(news)
        for job, result in zip(jobs, results, strict=True):
            _settle(job.done, result)


def _settle(done: asyncio.Future[Any], result: Any) -> None:
    if done.done():
        return
    if isinstance(result, RoomError):
        done.set_exception(result)
    else:
        done.set_result(result)
