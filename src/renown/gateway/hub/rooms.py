"""Where the publications of rooms are kept: durably or in memory, as each namespace's rule says."""

from collections.abc import Callable
from contextlib import suppress

from renown.errors import RoomError
from renown.gateway.hub.channels import Address
from renown.gateway.options import ChannelRule, MapMode, RoomRule
from renown.protocol.codes import ERRORS, Error
from renown.protocol.effects import History, Position, ReadHistory
from renown.rooms.room import Draft, Heard, Retention, Rooms

__all__ = ["RoomKeeper", "retention"]


def retention(rule: ChannelRule) -> Retention:
    """Return how much of a channel under `rule` is kept."""
    if not isinstance(rule, RoomRule):
        return Retention()
    # An ephemeral map keeps its keys and no log.
    size = 0 if rule.map is MapMode.EPHEMERAL else rule.history_size
    return Retention(size, rule.history_age, rule.key_age)


class RoomKeeper:
    """All rooms of a process."""

    def __init__(self, memory: Rooms, durable: Rooms | None = None) -> None:
        """Without `durable` everything is kept in memory."""
        self._memory = memory
        self._durable = durable or memory
        self._deaf: list[Callable[[], None]] = []

    async def start(self, heard: Heard) -> None:
        """Begin; `heard` takes every publication, whoever made it."""
        for rooms in self._each():
            self._deaf.append(rooms.listen(heard))
            await rooms.start()

    async def close(self) -> None:
        """Finish what was begun and stop."""
        for deaf in self._deaf:
            with suppress(ValueError):
                deaf()
        self._deaf = []
        for rooms in self._each():
            await rooms.close()

    def of(self, address: Address) -> Rooms:
        """Return where a room is kept."""
        rule = address.rule
        return self._durable if isinstance(rule, RoomRule) and rule.durable else self._memory

    async def publish(self, address: Address, draft: Draft) -> Position | Error:
        """Publish into a room; return the position once it is kept for good."""
        try:
            return await self.of(address).publish(address.channel, draft, retention(address.rule))
        except RoomError as error:
            return ERRORS.INTERNAL if error.code == RoomError.code else ERRORS.BAD_REQUEST

    async def history(self, address: Address, wanted: ReadHistory) -> History | Error:
        """Read part of a room's log."""
        rooms = self.of(address)
        if wanted.limit == 0 or wanted.epoch:
            top = await rooms.top(address.channel)
            if wanted.epoch and wanted.epoch != top.epoch:
                return ERRORS.UNRECOVERABLE_POSITION
            if wanted.limit == 0:
                return History(top.epoch, top.offset)
        return await rooms.history(address.channel, wanted.after, wanted.limit, reverse=wanted.reverse)

    def _each(self) -> tuple[Rooms, ...]:
        return (self._memory,) if self._durable is self._memory else (self._memory, self._durable)
