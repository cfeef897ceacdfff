"""Rooms in one SQLite file: nothing acknowledged is ever lost, and any number of processes share them."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Self, TypeVar

import structlog

from renown.errors import RoomError
from renown.protocol.effects import History, Position
from renown.rooms import statements as sql
from renown.rooms.book import News
from renown.rooms.file import RoomsFile, open_file
from renown.rooms.keeper import Keeper, Work
from renown.rooms.listening import Listeners
from renown.rooms.memory import MemoryRooms
from renown.rooms.room import (
    Changes,
    Draft,
    Heard,
    Page,
    Publishing,
    Retention,
    check_draft,
    cursor_of,
    read_cursor,
)

__all__ = ["SqliteRooms"]

_SWEEP: Final = 0.2
"""Seconds between two looks for what other processes have published."""
_TIDY: Final = 3
"""Sweeps between two looks for what has had its time."""
_FAR: Final = 2**62
_MOST: Final = 100_000
"""Publications in one answer."""
_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


class SqliteRooms:
    """See `room.Rooms` for what it promises; what is published is kept when it is on the disk.

    What is published without a log and without a key is not kept, and told in this process only.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Use the rooms file at `path`, see `open`. `clock` gives POSIX seconds."""
        self._path = path
        self._clock = clock
        self._near = RoomsFile(path)
        self._passing = MemoryRooms(clock=clock)
        self._listeners = Listeners()
        self._passing.listen(self._listeners.tell)
        self._keeper: Keeper | None = None
        self._sweeper: asyncio.Task[None] | None = None

    @classmethod
    def open(cls, folder: Path, *, clock: Callable[[], float] = time.time) -> Self:
        """Open the rooms in a data folder, made when absent.

        Raises:
            RoomError: `rooms_unusable`: folder or file cannot be used; `rooms_too_new`: the file is of a
                newer version.

        """
        return cls(open_file(folder), clock=clock)

    async def start(self) -> None:
        """Start the writing thread and the sweep."""
        if self._keeper is not None:
            return
        keeper = Keeper(self._path, asyncio.get_running_loop(), self._clock, self._tell)
        # From here on, so that what is published while the thread starts is looked for.
        self._near.changed()
        await keeper.start()
        self._keeper = keeper
        await self._passing.start()
        self._sweeper = asyncio.create_task(self._sweep_often(), name="renown-rooms-sweep")

    async def close(self) -> None:
        """Finish what was begun, stop, and close the file."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
            self._sweeper = None
        await self._passing.close()
        if self._keeper is not None:
            await self._keeper.close()
            self._keeper = None
        self._near.close()

    def listen(self, heard: Heard) -> Callable[[], None]:
        """Have `heard` called with every publication of any process."""
        return self._listeners.add(heard)

    def _tell(self, news: Sequence[News]) -> None:
        for each in news:
            self._listeners.tell(*each)

    # Publishing

    async def publish(self, channel: str, draft: Draft, keep: Retention) -> Position:
        """Publish; return after the commit."""
        (position,) = await self.publish_many((Publishing(channel, draft, keep),))
        return position

    async def publish_many(self, coming: Sequence[Publishing]) -> list[Position]:
        """Publish; return after the commit."""
        for channel, draft, _ in coming:
            check_draft(channel, draft)
        kept = [each for each in coming if _is_kept(each)]
        found = iter(await self._publish(kept) if kept else ())
        return [next(found) if _is_kept(each) else await self._passing.publish(*each) for each in coming]

    async def _publish(self, kept: Sequence[Publishing]) -> list[Position]:
        return await self._do(lambda book, now: [book.publish(*each, now) for each in kept], kept)

    async def forget(self, channel: str) -> None:
        """Begin anew under another epoch."""
        await self._do(lambda book, now: book.forget(channel, now))

    async def sweep(self) -> None:
        """Look now for what other processes have published; return when it has been told."""
        await self._do(lambda _book, _now: None)

    async def tidy(self) -> None:
        """Remove now what has had its time."""
        while await self._tidy():
            pass

    async def _do(self, work: Work[_T], coming: Sequence[Publishing] = ()) -> _T:
        if self._keeper is None:
            raise RoomError("the rooms are not open", code="rooms_closed")
        return await self._keeper.do(work, coming)

    # Reading: a few rows at a time, at once

    async def history(self, channel: str, after: int | None, limit: int, *, reverse: bool = False) -> History:
        """Read the log."""
        near = self._near
        with near.snapshot():
            row = near.life(channel)
            if row is None:
                return History(near.first_epoch(channel), 0)
            since = row.since(self._clock())
            limit = min(max(0, limit), _MOST)
            if reverse:
                before = _FAR if after is None else max(0, min(after, _FAR))
                found = near.publications(sql.DESCENDING, (row.life, row.floor(), since, before, limit))
            else:
                begin = max(row.floor(), min(after or 0, _FAR))
                found = near.publications(sql.ASCENDING, (row.life, begin, since, limit))
        return History(row.epoch, row.top, tuple(found))

    async def top(self, channel: str) -> Position:
        """Return the newest position."""
        return Position(*self._near.position(channel))

    async def page(self, channel: str, cursor: str, limit: int) -> Page:
        """Read a map by key."""
        near = self._near
        limit = min(max(1, limit), _MOST)
        with near.snapshot():
            row = near.life(channel)
            if row is None:
                frozen, _ = read_cursor(cursor, 0)
                return Page(near.first_epoch(channel), frozen, 0, (), "")
            frozen, behind = read_cursor(cursor, row.top)
            found = near.publications(sql.PAGE, (row.life, behind, limit + 1))
        onward = cursor_of(frozen, found[limit - 1].key) if len(found) > limit else ""
        return Page(row.epoch, frozen, row.top, tuple(found[:limit]), onward)

    async def changes(self, channel: str, after: Position, limit: int) -> Changes:
        """Read what changed in a map."""
        near = self._near
        limit = min(max(0, limit), _MOST)
        with near.snapshot():
            row = near.life(channel)
            if row is None:
                epoch = near.first_epoch(channel)
                return Changes(epoch, 0, after.epoch in ("", epoch) and after.offset == 0)
            if after.epoch not in ("", row.epoch) or after.offset > row.top:
                return Changes(row.epoch, row.top, complete=False)
            if after.offset == row.top:
                return Changes(row.epoch, row.top, complete=True)
            if after.offset >= row.floor():
                since = row.since(self._clock())
                found = near.publications(sql.ASCENDING, (row.life, after.offset, since, limit or 1))
                if found and found[0].offset == after.offset + 1:
                    return Changes(row.epoch, row.top, True, tuple(found[:limit]))
            if after.offset < row.forgotten:
                return Changes(row.epoch, row.top, complete=False)
            found = near.publications(sql.NEWEST_AFTER, (row.life, after.offset, limit))
        return Changes(row.epoch, row.top, True, tuple(found))

    async def names(self, pattern: str = "*") -> list[str]:
        """Return channels that were published into."""
        return [name for (name,) in self._near.rows(sql.CHANNELS) if fnmatchcase(name, pattern)]

    # Looking after

    async def _sweep_often(self) -> None:
        due, turn, more = False, 0, False
        while True:
            await asyncio.sleep(0 if more else _SWEEP)
            try:
                due = self._near.changed() or due
                if due:
                    await self.sweep()
                    due = False
                turn += 1
                if more or turn % _TIDY == 0:
                    more = await self._tidy()
            except RoomError as error:
                more = False
                _log.warning("the sweep failed and will be tried again", reason=error.detail)
            except Exception:
                more = False
                _log.exception("the sweep failed and will be tried again")

    async def _tidy(self) -> bool:
        """Have a piece of what has had its time removed; return whether there is more."""
        now = self._clock()
        if not self._near.rows(sql.ANY_DUE, (now, now, now))[0][0]:
            return False
        return bool(await self._do(lambda book, at: book.tidy(at)))


def _is_kept(each: Publishing) -> bool:
    return bool(each.draft.key or each.keep.size)
