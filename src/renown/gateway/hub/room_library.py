"""Reads from the rooms what the hub lacks."""

import logging

from renown.gateway.hub.hub import Hub
from renown.gateway.hub.member import Member
from renown.gateway.hub.room_channels import NewestRoom, StreamRoom
from renown.gateway.hub.rooms import RoomKeeper
from renown.gateway.options import GatewayOptions
from renown.protocol.effects import Position
from renown.protocol.replies import Publication

__all__ = ["LoggedRoom", "RoomLibrary"]

_LOG = logging.getLogger("renown.gateway")
LoggedRoom = StreamRoom | NewestRoom


class RoomLibrary:
    """What is to be run as tasks, see `Library`. A failed read is told, not raised."""

    def __init__(self, rooms: RoomKeeper, hub: Hub, options: GatewayOptions) -> None:
        self._rooms = rooms
        self._hub = hub
        self._options = options

    async def load(self, channel: LoggedRoom) -> None:
        """Read a channel's first state."""
        try:
            top, newest = await self._state(channel)
        except Exception:
            _LOG.exception("cannot read the room %s", channel.address.channel)
            self._hub.unreadable(channel)
            return
        self._hub.room_read(channel, top, newest)

    def load_at_once(self, channel: LoggedRoom) -> bool:
        """Do the same without a task, where nothing must be waited for; return whether it is done.

        Everybody who connects has a room of their own, so this is done for every connection.
        """
        reading = self._state(channel)
        try:
            reading.send(None)
        except StopIteration as read:
            self._hub.room_read(channel, *read.value)
        except Exception:
            _LOG.exception("cannot read the room %s", channel.address.channel)
            self._hub.unreadable(channel)
        else:
            reading.close()
            return False
        return True

    async def check(self, channel: LoggedRoom, member: Member) -> None:
        """Compare a channel with its log before `member` is answered."""
        try:
            top, newest = await self._state(channel)
        except Exception:
            _LOG.exception("cannot read the room %s", channel.address.channel)
            self._hub.unreadable(channel, member)
            return
        self._hub.room_read(channel, top, newest)
        self._hub.checked(channel, member)

    async def fill(self, channel: StreamRoom) -> None:
        """Read what is missing above a stream's offset."""
        try:
            rows = await self._after(channel, channel.offset)
        except Exception:
            _LOG.exception("cannot read the room %s", channel.address.channel)
            rows = []
        self._hub.filled(channel, rows)

    async def catch_up(self, channel: StreamRoom, member: Member, after: int) -> None:
        """Read a stream's log for one joining member."""
        try:
            rows = await self._after(channel, after)
        except Exception:
            _LOG.exception("cannot read the room %s", channel.address.channel)
            self._hub.unreadable(channel, member)
            return
        self._hub.caught_up(channel, member, rows)

    async def compare(self, channel: LoggedRoom) -> None:
        """Compare a watched channel with its log: repairs what was never told. Raises `RoomError`."""
        top, newest = await self._state(channel)
        self._hub.room_read(channel, top, newest)

    async def _state(self, channel: LoggedRoom) -> tuple[Position, Publication | None]:
        rooms = self._rooms.of(channel.address)
        name = channel.address.channel
        if isinstance(channel, StreamRoom):
            return await rooms.top(name), None
        found = await rooms.history(name, None, 1, reverse=True)
        newest = found.publications[0] if found.publications else None
        return Position(found.epoch, found.top), newest

    async def _after(self, channel: StreamRoom, offset: int) -> list[Publication]:
        rooms = self._rooms.of(channel.address)
        found = await rooms.history(channel.address.channel, offset, self._options.recovery_limit)
        # Of another life nothing fits; the hub hears of that by itself.
        return list(found.publications) if found.epoch == channel.epoch else []
