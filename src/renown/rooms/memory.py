"""Rooms in the memory of one process, lost with it: the next process has other epochs."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import Final

import msgspec
import structlog

from renown.protocol.effects import History, Position
from renown.protocol.replies import Publication
from renown.rooms.epochs import bucket_of, first_epoch, new_epoch
from renown.rooms.life import Dues, Life
from renown.rooms.listening import Listeners
from renown.rooms.room import (
    IDEMPOTENCY,
    META_AGE,
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

__all__ = ["MemoryRooms"]

_TURN: Final = 0.5
"""Seconds between two looks for what is due."""
_log = structlog.get_logger(__name__)


class MemoryRooms:
    """See `room.Rooms` for what it promises."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives POSIX seconds."""
        self._clock = clock
        self._secret = new_epoch()
        self._salts: dict[int, str] = {}
        self._lives: dict[str, Life] = {}
        self._dues = Dues()
        self._answers: dict[tuple[str, str], tuple[float, Position]] = {}
        """By channel and idempotency key; in the order in which they end."""
        self._listeners = Listeners()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to remove what has had its time."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep_time(), name="renown-rooms")

    async def close(self) -> None:
        """Stop; what was kept is lost with the object."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None

    def listen(self, heard: Heard) -> Callable[[], None]:
        """Have `heard` called with every publication."""
        return self._listeners.add(heard)

    # Publishing

    async def publish(self, channel: str, draft: Draft, keep: Retention) -> Position:
        """Publish, at once."""
        (position,) = await self.publish_many((Publishing(channel, draft, keep),))
        return position

    async def publish_many(self, coming: Sequence[Publishing]) -> list[Position]:
        """Publish, at once."""
        for channel, draft, _ in coming:
            check_draft(channel, draft)
        now = self._clock()
        return [self._publish_once(*each, now) for each in coming]

    def _publish_once(self, channel: str, draft: Draft, keep: Retention, now: float) -> Position:
        if draft.idempotency_key:
            answer = self._answers.get((channel, draft.idempotency_key))
            if answer is not None and answer[0] > now:
                return answer[1]
        position = self._publish(channel, draft, keep, now)
        if draft.idempotency_key:
            self._answers.pop((channel, draft.idempotency_key), None)
            self._answers[channel, draft.idempotency_key] = now + IDEMPOTENCY, position
        return position

    def _publish(self, channel: str, draft: Draft, keep: Retention, now: float) -> Position:
        if not draft.key and not keep.size and not draft.version:
            self._listeners.tell(channel, _publication(draft, 0, now), "")
            return Position("", 0)
        life = self._lives.get(channel)
        if life is None:
            life = self._lives[channel] = Life(channel, self._first_epoch(channel))
        life.seen(now)
        self._dues.add(life, life.due(now))
        accepted = life.accepts(draft)
        if not draft.key and not keep.size:
            # Only its version had to be looked at.
            if accepted:
                self._listeners.tell(channel, _publication(draft, 0, now), "")
            return Position("", 0)
        if not accepted:
            return Position(life.epoch, life.top)
        publication = _publication(draft, life.top + 1, life.touched)
        if draft.key:
            self._dues.add_key(life, life.set(publication, draft, keep.key_age))
        life.append(publication, keep)
        self._dues.add(life, life.due(now))
        self._listeners.tell(channel, publication, life.epoch)
        return Position(life.epoch, life.top)

    # Reading

    async def history(self, channel: str, after: int | None, limit: int, *, reverse: bool = False) -> History:
        """Read the log."""
        life = self._lives.get(channel)
        if life is None:
            return History(self._first_epoch(channel), 0)
        life.cut(self._clock())
        return History(life.epoch, life.top, tuple(life.read(after, limit, reverse=reverse)))

    async def top(self, channel: str) -> Position:
        """Return the newest position."""
        life = self._lives.get(channel)
        return Position(self._first_epoch(channel), 0) if life is None else Position(life.epoch, life.top)

    async def page(self, channel: str, cursor: str, limit: int) -> Page:
        """Read a map by key."""
        life = self._lives.get(channel) or Life(channel, self._first_epoch(channel))
        frozen, behind = read_cursor(cursor, life.top)
        limit = min(max(1, limit), len(life.order) + 1)
        entries = list(islice(life.entries(behind), limit + 1))
        more = len(entries) > limit
        entries = entries[:limit]
        onward = cursor_of(frozen, entries[-1].key) if more and entries else ""
        return Page(life.epoch, frozen, life.top, tuple(entries), onward)

    async def changes(self, channel: str, after: Position, limit: int) -> Changes:
        """Read what changed in a map."""
        life = self._lives.get(channel) or Life(channel, self._first_epoch(channel))
        life.cut(self._clock())
        if after.epoch not in ("", life.epoch) or after.offset > life.top:
            return Changes(life.epoch, life.top, complete=False)
        if life.log_covers(after.offset):
            return Changes(life.epoch, life.top, True, tuple(life.read(after.offset, limit)))
        if after.offset < life.forgotten:
            return Changes(life.epoch, life.top, complete=False)
        return Changes(life.epoch, life.top, True, tuple(life.newest_after(after.offset, limit)))

    async def names(self, pattern: str = "*") -> list[str]:
        """Return channels that were published into."""
        return sorted(name for name, life in self._lives.items() if life.top and fnmatchcase(name, pattern))

    # Forgetting

    async def forget(self, channel: str) -> None:
        """Begin anew under another epoch."""
        now = self._clock()
        life = self._lives[channel] = Life(channel, new_epoch())
        life.seen(now)
        self._dues.add(life, life.due(now))

    async def tidy(self) -> None:
        """Remove now what has had its time."""
        more = True
        while more:
            more = self._turn(self._clock())
            await asyncio.sleep(0)

    def _first_epoch(self, channel: str) -> str:
        return first_epoch(self._secret, self._salts.get(bucket_of(channel), ""), channel)

    async def _keep_time(self) -> None:
        more = False
        while True:
            await asyncio.sleep(0 if more else _TURN)
            try:
                more = self._turn(self._clock())
            except Exception:
                more = False
                _log.exception("rooms could not be tidied up")

    def _turn(self, now: float, most: int = 1_000) -> bool:
        """Do what is due, in one piece that takes a few milliseconds; return whether there is more."""
        for life, key, offset in self._dues.keys(now, most):
            if self._lives.get(life.channel) is life:
                self._end_key(life, key, offset, now)
        for life in self._dues.lives(now, most):
            if self._lives.get(life.channel) is not life:
                continue
            life.cut(now)
            if life.empty and life.touched + META_AGE <= now:
                del self._lives[life.channel]
                self._salts[bucket_of(life.channel)] = new_epoch()
            else:
                self._dues.add(life, life.due(now))
        for key, (ends, _) in list(islice(self._answers.items(), most)):
            if ends > now:
                break
            del self._answers[key]
        return self._dues.waiting(now)

    def _end_key(self, life: Life, key: str, offset: int, now: float) -> None:
        entry = life.keys.get(key)
        if entry is None or entry.publication.offset != offset:
            return
        if entry.publication.removed:
            life.drop(key)
            return
        life.seen(now)
        removal = Draft(key=key, removed=True)
        publication = _publication(removal, life.top + 1, life.touched)
        self._dues.add_key(life, life.set(publication, removal, 0.0))
        life.append(publication, life.kept)
        self._dues.add(life, life.due(now))
        self._listeners.tell(life.channel, publication, life.epoch)


def _publication(draft: Draft, offset: int, now: float) -> Publication:
    return Publication(
        msgspec.Raw() if draft.removed else draft.data,
        draft.info,
        offset,
        draft.tags,
        time=int(now * 1000),
        key=draft.key,
        removed=draft.removed,
        binary=draft.binary,
    )
