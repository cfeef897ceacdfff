"""Where maps are read: the standings of a kind, a board, a room, or who is in one.

All are read alike. A page holds keys in order; what changed after a position comes as the newest change of
each key, by offset. So a map is its own log, compacted: whoever was away gets each key once at most, and
nothing has to be kept for anybody.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec

from renown.errors import RoomError
from renown.gateway.channels import Address, Source
from renown.gateway.hub.map_differences import Differences
from renown.gateway.hub.map_parts import MapSource, Part, Stretch, cut, cut_page
from renown.gateway.hub.map_presence import ClientsMap, UsersMap
from renown.gateway.hub.reading import Reading
from renown.gateway.hub.rooms import RoomKeeper
from renown.gateway.hub.views import board_rows
from renown.gateway.options import GatewayOptions, MapMode, RoomRule
from renown.protocol.codes import ERRORS, Error
from renown.protocol.effects import MapPage, MapWish, Position
from renown.protocol.replies import ClientInfo, Publication
from renown.rooms.room import Page, Rooms, cursor_of, read_cursor

__all__ = ["BoardMap", "LedgerMap", "RoomMap", "find_part", "map_sources"]

_STATE: Final = 2
"""The phase in which a map's state is read page by page."""


def map_sources(
    ledger: Reading,
    rooms: RoomKeeper,
    options: GatewayOptions,
    present: Callable[[str], Mapping[str, ClientInfo]],
    clock: Callable[[], float],
) -> Callable[[Address], MapSource]:
    """Return what opens the source of each channel that can be had as a map.

    `present` tells who is in a channel, by client; `clock` counts seconds.
    """
    # The last page and what changed meanwhile go out as one answer, which must not make a client slow.
    size = options.outbound_limit // 4

    def source(address: Address) -> MapSource:
        match address.source:
            case Source.STANDINGS:
                return LedgerMap(ledger, address.name, size)
            case Source.BOARD:
                return BoardMap(ledger, address.name, options.board_rows)
            case Source.CLIENTS:
                return ClientsMap(partial(present, address.name), ledger.id, size)
            case Source.USERS:
                return UsersMap(partial(present, address.name), ledger.id, size, clock)
            case _:
                rule = address.rule
                persistent = isinstance(rule, RoomRule) and rule.map is MapMode.PERSISTENT
                reach = rule.history_size if isinstance(rule, RoomRule) and rule.whole_log else 0
                return RoomMap(rooms.of(address), address.channel, size, persistent=persistent, reach=reach)

    return source


async def find_part(source: MapSource, wish: MapWish, known: Position | None) -> Part | Error:
    """Read what is wished for; `known` is the position that the client brings.

    Pages of the state are answered while there are more of them. The last one, and every wish for what
    changed, makes the client live: it is given a bounded part of what changed at once, and the rest as
    publications, so that nobody pages after a map that changes faster than they ask.
    """
    if wish.phase == _STATE:
        return await _state(source, wish, known)
    if not source.persistent or known is None:
        return ERRORS.BAD_REQUEST
    return await _live(source, (), known, wish.limit, source.reach)


async def _state(source: MapSource, wish: MapWish, known: Position | None) -> Part | Error:
    page = await source.page(wish)
    if wish.cursor and known is not None and known.epoch not in ("", page.epoch):
        return ERRORS.UNRECOVERABLE_POSITION
    frozen = Position(page.epoch, page.offset)
    if not page.cursor:
        return await _live(source, page.entries, frozen, wish.limit)
    return Part(
        MapPage(
            page.epoch,
            page.offset,
            live=False,
            state=page.entries,
            cursor=page.cursor,
            persistent=source.persistent,
        )
    )


async def _live(
    source: MapSource, state: tuple[Publication, ...], after: Position, limit: int, reach: int = 0
) -> Part | Error:
    found = await source.changes(after, limit)
    if found.lost or (reach and found.top - after.offset > reach):
        return ERRORS.UNRECOVERABLE_POSITION
    page = MapPage(
        found.epoch,
        found.reached,
        live=True,
        state=state,
        publications=found.publications,
        persistent=source.persistent,
    )
    return Part(page, found.more)


class LedgerMap:
    """The standings of a kind. Offsets are positions of the whole ledger; no key is ever removed."""

    persistent = True
    reach = 0

    def __init__(self, ledger: Reading, kind: str, size: int) -> None:
        """`size`: bytes of data that are read at once, at most."""
        self._ledger = ledger
        self._kind = kind
        self._size = size

    async def page(self, wish: MapWish) -> Page:
        """Return a page by key."""
        frozen, behind = read_cursor(wish.cursor, -1)
        top, rows = await self._ledger.page(self._kind, behind, wish.limit)
        if frozen < 0:
            frozen = top
        onward = cursor_of(frozen, rows[-1][0]) if len(rows) == wish.limit else ""
        return cut_page(Page(self._ledger.id, frozen, top, _entries(rows), onward), self._size)

    async def changes(self, after: Position, limit: int) -> Stretch:
        """Return the standings that changed after a position, each as it is now."""
        epoch = self._ledger.id
        top, rows = await self._ledger.changed(self._kind, after.offset, limit)
        if after.epoch not in ("", epoch) or after.offset > top:
            return Stretch(epoch, top, top, lost=True)
        more = len(rows) == limit
        # Other kinds move the ledger's top, too: whoever has all of this kind is there.
        return cut(Stretch(epoch, top, rows[-1][1] if more else top, _entries(rows), more), self._size)


class RoomMap:
    """The map of a room."""

    def __init__(self, rooms: Rooms, channel: str, size: int, *, persistent: bool, reach: int = 0) -> None:
        """`size`: bytes of data that are read at once, at most."""
        self.persistent = persistent
        self.reach = reach
        self._rooms = rooms
        self._channel = channel
        self._size = size

    async def page(self, wish: MapWish) -> Page:
        """Return a page by key."""
        return cut_page(await self._rooms.page(self._channel, wish.cursor, wish.limit), self._size)

    async def changes(self, after: Position, limit: int) -> Stretch:
        """Return what changed."""
        found = await self._rooms.changes(self._channel, after, limit)
        if not found.complete:
            return Stretch(found.epoch, found.top, found.top, lost=True)
        more = len(found.publications) == limit
        reached = found.publications[-1].offset if more else found.top
        return cut(Stretch(found.epoch, found.top, reached, found.publications, more), self._size)


class BoardMap:
    """A board, by subject: each place is a key, removed when its subject is on the board no longer."""

    persistent = False
    reach = 0

    def __init__(self, ledger: Reading, kind: str, rows: int) -> None:
        self._ledger = ledger
        self._kind = kind
        self._rows = rows
        self._read_at = -1
        self._found: Differences[bytes] = Differences(ledger.id, _place)

    async def page(self, wish: MapWish) -> Page:
        """Return the whole board, whatever the limit: it is small, and parts of two boards make none."""
        if wish.cursor:
            raise RoomError("no page of a board is followed by another", code="bad_cursor")
        await self._read()
        found = self._found
        return Page(found.epoch, found.top, found.top, tuple(found[key] for key in found.rows), "")

    async def changes(self, after: Position, limit: int) -> Stretch:
        """Return the places that changed."""
        await self._read()
        return self._found.after(after.offset, limit)

    async def _read(self) -> None:
        position, standings = await self._ledger.board(self._kind, self._rows)
        if position > self._read_at:
            self._read_at = position
            self._found.look(board_rows(standings))


def _place(row: bytes) -> Publication:
    return Publication(msgspec.Raw(row))


def _entries(rows: Sequence[tuple[str, int, bytes]]) -> tuple[Publication, ...]:
    return tuple(Publication(msgspec.Raw(view), offset=seq, key=subject) for subject, seq, view in rows)
