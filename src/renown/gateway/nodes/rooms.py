"""Rooms in memory that all processes share: the leader keeps them, and the others ask it.

So there is one owner of each channel's offsets, and one epoch. When the leader goes, what it kept is gone, as
it is with a process that is alone: the next leader begins anew under other epochs, and whoever watches is
told. What nobody keeps goes straight from the process in which it is published to all others.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar, get_args

from renown.errors import RoomError
from renown.gateway.nodes.messages import Done, KeptAt, Message, Told
from renown.gateway.nodes.nodes import Nodes, Unanswered
from renown.gateway.nodes.packing import pack_publications, unpack_publications
from renown.gateway.nodes.room_messages import (
    PackedChanges,
    PackedHistory,
    PackedPage,
    PackedPosition,
    RoomAsk,
    RoomChanges,
    RoomForget,
    RoomHistory,
    RoomNames,
    RoomNamesFound,
    RoomPage,
    RoomPublish,
    RoomRefused,
    RoomTop,
)
from renown.protocol.effects import History, Position
from renown.protocol.replies import Publication
from renown.rooms.listening import Listeners
from renown.rooms.room import Changes, Draft, Heard, Page, Publishing, Retention, Rooms

__all__ = ["SharedRooms"]

_TRIES: Final = 3
"""Leaders that are asked one after the other, when they go while they are asked."""
_SOON: Final = 0.1
"""Seconds until it is looked again who leads, when it is not who was asked."""
_NOT_LEADING: Final = RoomRefused("not_leading")
_T = TypeVar("_T")


class SharedRooms:
    """See `room.Rooms` for what it promises; `own` keeps what is kept here."""

    def __init__(self, own: Rooms, nodes: Nodes, missed: Callable[[], None]) -> None:
        """`missed` is called when publications may have been missed, or all rooms began anew."""
        self._own = own
        self._nodes = nodes
        self._missed = missed
        self._listeners = Listeners()
        self._serial = 0
        """Kept publications that this node has told."""
        self._heard = 0
        """Those of the leader that this node has heard."""
        self._deaf = own.listen(self._tell)
        nodes.watch(self)
        nodes.hear(Told, self._hear)
        nodes.hear(KeptAt, self._hear_serial)
        nodes.pulse(lambda: KeptAt(self._serial))
        for kind in get_args(RoomAsk):
            nodes.answer(kind, self._serve)

    async def start(self) -> None:
        """Begin to work."""
        await self._own.start()

    async def close(self) -> None:
        """Stop; what was kept here is lost."""
        await self._own.close()

    def listen(self, heard: Heard) -> Callable[[], None]:
        """Have `heard` called with every publication of any process."""
        return self._listeners.add(heard)

    # Publications, as they are told

    def _tell(self, channel: str, publication: Publication, epoch: str) -> None:
        """Tell everybody what was published here."""
        self._listeners.tell(channel, publication, epoch)
        self._serial += bool(publication.offset)
        if not self._nodes.alone:
            (packed,) = pack_publications((publication,))
            serial = self._serial if publication.offset else 0
            self._nodes.tell(Told(serial, channel, packed, epoch))

    def _hear(self, node: str, told: Told) -> None:
        if told.serial:
            if node != self._nodes.leader or told.serial <= self._heard:
                return
            gap = told.serial > self._heard + 1
            self._heard = told.serial
            if gap:
                self._missed()
        (publication,) = unpack_publications((told.publication,))
        self._listeners.tell(told.channel, publication, told.epoch)

    def _hear_serial(self, node: str, at: KeptAt) -> None:
        if node == self._nodes.leader and at.serial > self._heard:
            self._heard = at.serial
            self._missed()

    # Who keeps what is kept

    def came(self, node: str) -> None:
        """Nothing to note: the leader matters only."""

    def left(self, node: str) -> None:
        """Nothing to note: when it was the leader another one will lead."""

    def led(self) -> None:
        """Look at all rooms: another node keeps them, anew."""
        self._heard = 0
        self._missed()

    async def _far(self, question: RoomAsk, kind: type[_T]) -> _T | None:
        """Return the leader's answer; None: this node leads."""
        if self._nodes.leads:
            return None
        # Whoever wants to know at once or not at all must not have asked anybody.
        await asyncio.sleep(0)
        answer = await self._ask(question)
        if isinstance(answer, RoomRefused):
            raise RoomError(answer.detail, code=answer.code)
        if answer is not None and not isinstance(answer, kind):
            raise RoomError("the process that keeps the room answers something else")
        return answer

    async def _ask(self, question: RoomAsk) -> Any:
        reason = "it changes too often"
        for _ in range(_TRIES):
            leader = None
            try:
                leader = await self._nodes.find_leader()
                if leader == self._nodes.name:
                    return None
                answer = await self._nodes.ask(leader, question)
                if answer != _NOT_LEADING:
                    return answer
                await asyncio.sleep(_SOON)
            except Unanswered as error:
                reason = str(error)
                if self._nodes.leader == leader:
                    break
        raise RoomError(f"the process that keeps the room is not to be had: {reason}")

    async def publish(self, channel: str, draft: Draft, keep: Retention) -> Position:
        """Publish."""
        if draft.key or keep.size or draft.version or draft.idempotency_key:
            found = await self._far(RoomPublish.of(channel, draft, keep), PackedPosition)
            if found is not None:
                return found.position
        return await self._own.publish(channel, draft, keep)

    async def publish_many(self, coming: Sequence[Publishing]) -> list[Position]:
        """Publish, in one go where what is kept is kept here."""
        if self._nodes.leads:
            return await self._own.publish_many(coming)
        return await asyncio.gather(*(self.publish(*each) for each in coming))

    async def history(self, channel: str, after: int | None, limit: int, *, reverse: bool = False) -> History:
        """Read the log."""
        found = await self._far(RoomHistory(channel, after, limit, reverse), PackedHistory)
        return found.unpack() if found else await self._own.history(channel, after, limit, reverse=reverse)

    async def top(self, channel: str) -> Position:
        """Return the newest position."""
        found = await self._far(RoomTop(channel), PackedPosition)
        return found.position if found else await self._own.top(channel)

    async def page(self, channel: str, cursor: str, limit: int) -> Page:
        """Read a map by key."""
        found = await self._far(RoomPage(channel, cursor, limit), PackedPage)
        return found.unpack() if found else await self._own.page(channel, cursor, limit)

    async def changes(self, channel: str, after: Position, limit: int) -> Changes:
        """Read what changed in a map."""
        found = await self._far(RoomChanges(channel, after, limit), PackedChanges)
        return found.unpack() if found else await self._own.changes(channel, after, limit)

    async def forget(self, channel: str) -> None:
        """Begin anew under another epoch."""
        if await self._far(RoomForget(channel), Done) is None:
            await self._own.forget(channel)

    async def names(self, pattern: str = "*") -> list[str]:
        """Return channels that were published into."""
        found = await self._far(RoomNames(pattern), RoomNamesFound)
        return list(found.names) if found else await self._own.names(pattern)

    # What others ask of the leader

    async def _serve(self, _node: str, question: RoomAsk) -> Message:
        if not self._nodes.leads:
            return _NOT_LEADING
        try:
            return await self._do(question)
        except RoomError as error:
            return RoomRefused(error.problem_code, error.detail)

    async def _do(self, question: RoomAsk) -> Message:
        own = self._own
        match question:
            case RoomPublish():
                return PackedPosition(await own.publish(question.channel, question.draft, question.keep))
            case RoomHistory(channel, after, limit, reverse):
                return PackedHistory.of(await own.history(channel, after, limit, reverse=reverse))
            case RoomTop(channel):
                return PackedPosition(await own.top(channel))
            case RoomPage(channel, cursor, limit):
                return PackedPage.of(await own.page(channel, cursor, limit))
            case RoomChanges(channel, after, limit):
                return PackedChanges.of(await own.changes(channel, after, limit))
            case RoomForget(channel):
                await own.forget(channel)
                return Done()
            case RoomNames(pattern):
                return RoomNamesFound(tuple(await own.names(pattern)))
