"""Who is in a room, as a map: by client, or by user."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from heapq import nsmallest
from typing import Final, Generic, TypeVar

from renown.gateway.hub.map_differences import Differences
from renown.gateway.hub.map_parts import Stretch, cut, cut_page
from renown.protocol.effects import MapWish, Position
from renown.protocol.replies import ClientInfo, Publication
from renown.rooms.room import Page, cursor_of, read_cursor

__all__ = ["LINGER", "ClientsMap", "UsersMap"]

LINGER: Final = 5.0
"""Seconds for which a user counts as present after the last connection left: who comes back at once never
went."""

Present = Callable[[], Mapping[str, ClientInfo]]
_THERE: Final = Publication()
"""What is told of a user: the key says it all."""
T = TypeVar("T")


class _PresenceMap(ABC, Generic[T]):
    """What both have in common."""

    persistent = False
    reach = 0

    def __init__(self, present: Present, epoch: str, size: int) -> None:
        """`present` tells who is there, by client; `size`: bytes of data that are read at once, at most."""
        self._present = present
        self._size = size
        self._found: Differences[T] = Differences(epoch, self._say)

    async def page(self, wish: MapWish) -> Page:
        """Return a page by key."""
        limit = wish.limit
        frozen, behind = read_cursor(wish.cursor, -1)
        found = self._found
        found.look(self._rows())
        if frozen < 0:
            frozen = found.top
        # One more tells whether there are more.
        keys = nsmallest(limit + 1, (key for key in found.rows if key > behind))
        onward = cursor_of(frozen, keys[limit - 1]) if len(keys) > limit else ""
        entries = tuple(found[key] for key in keys[:limit])
        return cut_page(Page(found.epoch, frozen, found.top, entries, onward), self._size)

    async def changes(self, after: Position, limit: int) -> Stretch:
        """Return who came and went."""
        self._found.look(self._rows())
        return cut(self._found.after(after.offset, limit), self._size)

    @abstractmethod
    def _rows(self) -> Mapping[str, T]: ...

    @abstractmethod
    def _say(self, row: T) -> Publication: ...


class ClientsMap(_PresenceMap[ClientInfo]):
    """The clients that are present, by their ids, with all that others may know of them."""

    def _rows(self) -> Mapping[str, ClientInfo]:
        return self._present()

    def _say(self, row: ClientInfo) -> Publication:
        return Publication(info=row)


class UsersMap(_PresenceMap[Publication]):
    """The users that are present, by their ids; anonymous clients are nobody's. They linger, see `LINGER`."""

    def __init__(self, present: Present, epoch: str, size: int, clock: Callable[[], float]) -> None:
        """`clock` counts seconds."""
        super().__init__(present, epoch, size)
        self._clock = clock
        self._until: dict[str, float] = {}
        """Until when users count as present who are not."""

    @property
    def lingering(self) -> float | None:
        """For how many seconds the first of those is still told as present who are not; None: nobody is."""
        return max(0.0, min(self._until.values()) - self._clock()) if self._until else None

    def _rows(self) -> Mapping[str, Publication]:
        now = self._clock()
        users = {info.user for info in self._present().values() if info.user}
        gone = self._found.rows.keys() - users
        self._until = {user: self._until.get(user, now + LINGER) for user in gone}
        self._until = {user: until for user, until in self._until.items() if until > now}
        return dict.fromkeys(users.union(self._until), _THERE)

    def _say(self, row: Publication) -> Publication:
        return row
