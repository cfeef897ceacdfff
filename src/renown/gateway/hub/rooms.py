"""Where the publications of rooms are kept: durably or in memory, as each namespace's rule says."""

import logging
from collections.abc import Callable, Iterable

import msgspec

from renown.errors import RoomError
from renown.gateway.channels import Address
from renown.gateway.options import ChannelRule, MapMode, RoomRule
from renown.protocol.codes import ERRORS, Error
from renown.protocol.effects import History, Position, ReadHistory
from renown.protocol.raw import is_json
from renown.rooms.room import Draft, Heard, Publishing, Retention, Rooms

__all__ = ["RoomKeeper", "retention"]

_LOG = logging.getLogger("renown.gateway")


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
        self.committed: Callable[[], None] | None = None
        """Called after each commit of this process to what is durable."""
        self._deaf: list[Callable[[], None]] = []

    def share(self, sharing: Callable[[Rooms], Rooms]) -> None:
        """Keep what is in memory for all processes together, in what `sharing` makes of it."""
        alone = self._durable is self._memory
        self._memory = sharing(self._memory)
        if alone:
            self._durable = self._memory

    async def start(self, heard: Heard) -> None:
        """Begin; `heard` takes every publication, whoever made it."""
        for rooms in self._each():
            self._deaf.append(rooms.listen(heard))
            await rooms.start()

    async def close(self) -> None:
        """Finish what was begun and stop."""
        for rooms in self._each():
            await rooms.close()
        for deaf in self._deaf:
            deaf()
        self._deaf = []

    def of(self, address: Address) -> Rooms:
        """Return where a room is kept."""
        rule = address.rule
        return self._durable if isinstance(rule, RoomRule) and rule.durable else self._memory

    def passing(self, address: Address) -> bool:
        """Tell whether a room is kept in memory only."""
        return address.in_rooms and self.of(address) is self._memory

    async def publish(self, address: Address, draft: Draft, *, keep: bool = True) -> Position | Error:
        """Publish into a room; return the position once it is kept for good.

        A map takes only what has a key, and nothing else does. Without `keep` those who watch now get it,
        and nobody later.
        """
        if _is_map(address.rule) != bool(draft.key):
            return ERRORS.BAD_REQUEST
        rooms, publishing = self._placed(address, draft, keep=keep)
        try:
            position = await rooms.publish(*publishing)
        except RoomError as error:
            return _said(error)
        self._tell_committed(rooms)
        return position

    async def publish_many(self, coming: Iterable[tuple[Address, Draft]]) -> None:
        """Publish what the server itself says, all of it together; into rooms that are no maps.

        Raises:
            RoomError: not all of it is kept.

        """
        placed: dict[Rooms, list[Publishing]] = {}
        for address, draft in coming:
            rooms, publishing = self._placed(address, draft, keep=True)
            placed.setdefault(rooms, []).append(publishing)
        for rooms, publishings in placed.items():
            await rooms.publish_many(publishings)
            self._tell_committed(rooms)

    def _placed(self, address: Address, draft: Draft, *, keep: bool) -> tuple[Rooms, Publishing]:
        """Return where a draft is kept, and how."""
        # Nobody who speaks JSON may be sent what would break out of it.
        if not draft.removed and not is_json(draft.data):
            draft = msgspec.structs.replace(draft, binary=True)
        rooms, kept = self.of(address), retention(address.rule)
        if not draft.key and not (keep and kept.size):
            rooms, kept = self._memory, Retention()
        return rooms, Publishing(address.channel, draft, kept)

    def _tell_committed(self, rooms: Rooms) -> None:
        if rooms is not self._memory and self.committed is not None:
            self.committed()

    async def history(self, address: Address, wanted: ReadHistory) -> History | Error:
        """Read part of a room's log."""
        name, after = address.channel, wanted.after
        try:
            found = await self.of(address).history(name, after, wanted.limit, reverse=wanted.reverse)
        except RoomError as error:
            return _said(error)
        if wanted.epoch and wanted.epoch != found.epoch:
            return ERRORS.UNRECOVERABLE_POSITION
        return found

    def _each(self) -> tuple[Rooms, ...]:
        return (self._memory,) if self._durable is self._memory else (self._memory, self._durable)


def _is_map(rule: ChannelRule) -> bool:
    return isinstance(rule, RoomRule) and rule.map is not MapMode.OFF


def _said(error: RoomError) -> Error:
    """Return what clients and backends are told of a failure."""
    if error.problem_code == "bad_publication":
        return ERRORS.BAD_REQUEST
    if error.problem_code == "rooms_busy":
        return ERRORS.TOO_MANY_REQUESTS
    _LOG.error("the rooms failed: %s", error.detail)
    return ERRORS.INTERNAL
