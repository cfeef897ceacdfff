"""What maps are read in: pages of their state, and stretches of what changed."""

from typing import Protocol

import msgspec

from renown.gateway.hub.fitting import fitting_in
from renown.protocol.effects import MapPage, MapWish, Position
from renown.protocol.replies import Publication
from renown.rooms.room import Page, cursor_of

__all__ = ["MapSource", "Part", "Stretch", "cut", "cut_page"]


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

    async def page(self, wish: MapWish) -> Page:
        """Return up to `limit` keys, from the start or from where the page before ended, by its cursor.

        Raises:
            RoomError: `bad_cursor` when the cursor is none that a page has returned.

        """
        ...

    async def changes(self, after: Position, limit: int) -> Stretch:
        """Return up to `limit` changes after a position; an empty epoch stands for any."""
        ...


class Part(msgspec.Struct, frozen=True):
    """What somebody asked a map for."""

    page: MapPage
    more: bool = False
    """Whether somebody who is live now lacks more still."""


def cut_page(page: Page, size: int) -> Page:
    """Return as much of a page as has no more than `size` bytes of data, and goes on behind that."""
    entries = fitting_in(page.entries, size)
    if len(entries) == len(page.entries):
        return page
    return msgspec.structs.replace(page, entries=entries, cursor=cursor_of(page.offset, entries[-1].key))


def cut(found: Stretch, size: int) -> Stretch:
    """Return as many of the changes as have no more than `size` bytes of data."""
    publications = fitting_in(found.publications, size)
    if len(publications) == len(found.publications):
        return found
    return Stretch(found.epoch, found.top, publications[-1].offset, publications, more=True)
