"""Where maps are read: the standings of a kind, a board, or a room.

All are read alike. A page holds keys in order; what changed after a position comes as the newest change of
each key, by offset. So a map is its own log, compacted: whoever was away gets each key once at most, and
nothing has to be kept for anybody.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from renown.gateway.channels import Address, Source
from renown.gateway.hub.fitting import fitting_in
from renown.gateway.hub.reading import Reading
from renown.gateway.hub.rooms import RoomKeeper
from renown.gateway.hub.views import board_rows
from renown.gateway.options import GatewayOptions, MapMode, RoomRule
from renown.protocol.codes import ERRORS, Error
from renown.protocol.effects import MapPage, MapWish, Position
from renown.protocol.replies import Publication
from renown.rooms.room import Page, Rooms, cursor_of, read_cursor

__all__ = ["BoardMap", "LedgerMap", "MapSource", "Part", "RoomMap", "Stretch", "find_part", "map_sources"]

_STATE: Final = 2
"""The phase in which a map's state is read page by page."""
_DEPARTED: Final = 1_000
"""How many keys that left a board are remembered, for those who read slowly."""


class Stretch(msgspec.Struct, frozen=True):
    """What changed in a map after a position."""

    epoch: str
    top: int
    """The newest offset."""
    reached: int
    """Whoever applied the publications knows the map as of this offset."""
    publications: tuple[Publication, ...] = ()
    """By offset, ascending; removals among them."""
    more: bool = False
    """Whether to go on from `reached` at once."""
    lost: bool = False
    """The position is of another epoch or too long ago: the map must be read anew."""


class MapSource(Protocol):
    """What the channel of a map reads. Failures are raised as `RenownError`."""

    @property
    def persistent(self) -> bool:
        """Whether clients may come back with their position; else offsets are not told."""
        ...

    @property
    def reach(self) -> int:
        """How many changes ago a position may be that a client comes back with; 0: any number."""
        ...

    async def page(self, cursor: str, limit: int) -> Page:
        """Return up to `limit` keys, from the start or from where the page before ended.

        Raises:
            RoomError: `bad_cursor` when the cursor is none that a page has returned.

        """
        ...

    async def changes(self, after: Position, limit: int) -> Stretch:
        """Return up to `limit` changes after a position; an empty epoch stands for any."""
        ...


def map_sources(
    ledger: Reading, rooms: RoomKeeper, options: GatewayOptions
) -> Callable[[Address], MapSource]:
    """Return what opens the source of each channel that can be had as a map."""
    # The last page and what changed meanwhile go out as one answer, which must not make a client slow.
    size = options.outbound_limit // 4

    def source(address: Address) -> MapSource:
        match address.source:
            case Source.STANDINGS:
                return LedgerMap(ledger, address.name, size)
            case Source.BOARD:
                return BoardMap(ledger, address.name, options.board_rows)
            case _:
                rule = address.rule
                persistent = isinstance(rule, RoomRule) and rule.map is MapMode.PERSISTENT
                reach = rule.history_size if isinstance(rule, RoomRule) and rule.whole_log else 0
                return RoomMap(rooms.of(address), address.channel, size, persistent=persistent, reach=reach)

    return source


class Part(msgspec.Struct, frozen=True):
    """What somebody asked a map for."""

    page: MapPage
    more: bool = False
    """Whether somebody who is live now lacks more still."""


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
    page = await source.page(wish.cursor, wish.limit)
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

    async def page(self, cursor: str, limit: int) -> Page:
        """Return a page by key."""
        frozen, behind = read_cursor(cursor, -1)
        top, rows = await self._ledger.page(self._kind, behind, limit)
        if frozen < 0:
            frozen = top
        onward = cursor_of(frozen, rows[-1][0]) if len(rows) == limit else ""
        return _cut_page(Page(self._ledger.id, frozen, top, _entries(rows), onward), self._size)

    async def changes(self, after: Position, limit: int) -> Stretch:
        """Return the standings that changed after a position, each as it is now."""
        epoch = self._ledger.id
        top, rows = await self._ledger.changed(self._kind, after.offset, limit)
        if after.epoch not in ("", epoch) or after.offset > top:
            return Stretch(epoch, top, top, lost=True)
        more = len(rows) == limit
        # Other kinds move the ledger's top, too: whoever has all of this kind is there.
        return _cut(Stretch(epoch, top, rows[-1][1] if more else top, _entries(rows), more), self._size)


class RoomMap:
    """The map of a room."""

    def __init__(self, rooms: Rooms, channel: str, size: int, *, persistent: bool, reach: int = 0) -> None:
        """`size`: bytes of data that are read at once, at most."""
        self.persistent = persistent
        self.reach = reach
        self._rooms = rooms
        self._channel = channel
        self._size = size

    async def page(self, cursor: str, limit: int) -> Page:
        """Return a page by key."""
        return _cut_page(await self._rooms.page(self._channel, cursor, limit), self._size)

    async def changes(self, after: Position, limit: int) -> Stretch:
        """Return what changed."""
        found = await self._rooms.changes(self._channel, after, limit)
        if not found.complete:
            return Stretch(found.epoch, found.top, found.top, lost=True)
        more = len(found.publications) == limit
        reached = found.publications[-1].offset if more else found.top
        return _cut(Stretch(found.epoch, found.top, reached, found.publications, more), self._size)


class BoardMap:
    """A board, by subject: each place is a key, removed when its subject is on the board no longer.

    A board has no log: its offsets count the differences between one reading and the next.
    """

    persistent = False
    reach = 0

    def __init__(self, ledger: Reading, kind: str, rows: int) -> None:
        self._ledger = ledger
        self._kind = kind
        self._rows = rows
        self._read_at = -1
        self._top = 0
        self._forgotten = 0
        """The greatest offset of a departure that is not remembered any more."""
        self._places: dict[str, Publication] = {}
        """Best first."""
        self._departed: dict[str, Publication] = {}
        """In the order in which they left."""

    async def page(self, cursor: str, limit: int) -> Page:  # noqa: ARG002 - never paged
        """Return the whole board, whatever the limit: it is small, and parts of two boards make none."""
        await self._read()
        return Page(self._ledger.id, self._top, self._top, tuple(self._places.values()), "")

    async def changes(self, after: Position, limit: int) -> Stretch:
        """Return the places that changed."""
        await self._read()
        if after.offset < self._forgotten or after.offset > self._top:
            return Stretch(self._ledger.id, self._top, self._top, lost=True)
        changed = [
            entry
            for entry in (*self._departed.values(), *self._places.values())
            if entry.offset > after.offset
        ]
        changed.sort(key=lambda entry: entry.offset)
        more = len(changed) > limit
        changed = changed[:limit]
        reached = changed[-1].offset if more else self._top
        return Stretch(self._ledger.id, self._top, reached, tuple(changed), more)

    async def _read(self) -> None:
        position, standings = await self._ledger.board(self._kind, self._rows)
        if position > self._read_at:
            self._read_at = position
            self._replace(board_rows(standings))

    def _replace(self, rows: dict[str, bytes]) -> None:
        before, self._places = self._places, {}
        for subject in before:
            if subject not in rows:
                self._departed[subject] = self._next(subject)
        for subject, data in rows.items():
            place = before.get(subject)
            if place is None or bytes(place.data) != data:
                self._departed.pop(subject, None)
                place = self._next(subject, data)
            self._places[subject] = place
        for subject in list(self._departed)[: max(0, len(self._departed) - _DEPARTED)]:
            self._forgotten = max(self._forgotten, self._departed.pop(subject).offset)

    def _next(self, subject: str, data: bytes | None = None) -> Publication:
        self._top += 1
        return Publication(msgspec.Raw(data or b""), offset=self._top, key=subject, removed=data is None)


def _cut_page(page: Page, size: int) -> Page:
    entries = fitting_in(page.entries, size)
    if len(entries) == len(page.entries):
        return page
    return msgspec.structs.replace(page, entries=entries, cursor=cursor_of(page.offset, entries[-1].key))


def _cut(found: Stretch, size: int) -> Stretch:
    publications = fitting_in(found.publications, size)
    if len(publications) == len(found.publications):
        return found
    return Stretch(found.epoch, found.top, publications[-1].offset, publications, more=True)


def _entries(rows: Sequence[tuple[str, int, bytes]]) -> tuple[Publication, ...]:
    return tuple(Publication(msgspec.Raw(view), offset=seq, key=subject) for subject, seq, view in rows)
