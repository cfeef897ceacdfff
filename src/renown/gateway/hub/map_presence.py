"""Who is in a room, as a map: by client, or by user."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Final

from renown.gateway.hub.map_differences import Differences
from renown.gateway.hub.map_parts import Stretch, cut, cut_page
from renown.protocol.effects import Position
from renown.protocol.replies import ClientInfo, Publication
from renown.rooms.room import Page, cursor_of, read_cursor

__all__ = ["LINGER", "ClientsMap", "UsersMap"]

LINGER: Final = 5.0
"""Seconds for which a user counts as present after the last connection left: who comes back at once never
went."""

Present = Callable[[], Mapping[str, ClientInfo]]


class ClientsMap:
    """The clients that are present, by their ids, with all that others may know of them."""

    persistent = False
    reach = 0

    def __init__(self, present: Present, epoch: str, size: int) -> None:
        """`present` tells who is there, by client; `size`: bytes of data that are read at once, at most."""
        self._present = present
        self._size = size
        self._found = Differences(epoch)

    async def page(self, cursor: str, limit: int) -> Page:
        """Return a page by key."""
        frozen, behind = read_cursor(cursor, -1)
        found = self._found
        found.look(self._rows())
        if frozen < 0:
            frozen = found.top
        keys = sorted(found.entries)
        first = bisect_right(keys, behind) if cursor else 0
        chosen = keys[first : first + limit]
        entries = tuple(found.entries[key] for key in chosen)
        onward = cursor_of(frozen, chosen[-1]) if first + limit < len(keys) else ""
        return cut_page(Page(found.epoch, frozen, found.top, entries, onward), self._size)

    async def changes(self, after: Position, limit: int) -> Stretch:
        """Return who came and went."""
        self._found.look(self._rows())
        return cut(self._found.after(after.offset, limit), self._size)

    def _rows(self) -> Mapping[str, Publication]:
        return {client: Publication(info=info, key=client) for client, info in self._present().items()}


class UsersMap(ClientsMap):
    """The users that are present, by their ids; anonymous clients are nobody's. They linger, see `LINGER`."""

    def __init__(self, present: Present, epoch: str, size: int, clock: Callable[[], float]) -> None:
        """`clock` counts seconds."""
        super().__init__(present, epoch, size)
        self._clock = clock
        self._until: dict[str, float] = {}
        """Until when users count as present who are not."""

    @property
    def lingering(self) -> bool:
        """Whether somebody is told as present who is not."""
        return bool(self._until)

    def _rows(self) -> Mapping[str, Publication]:
        now = self._clock()
        users = {info.user for info in self._present().values() if info.user}
        gone = [user for user in self._found.entries if user not in users]
        self._until = {user: self._until.get(user, now + LINGER) for user in gone}
        self._until = {user: until for user, until in self._until.items() if until > now}
        return {user: Publication(key=user) for user in users.union(self._until)}
