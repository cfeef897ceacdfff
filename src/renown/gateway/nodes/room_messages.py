"""What nodes say to each other about rooms in memory, which one of them keeps: the leader."""

from renown.gateway.nodes.packing import (
    PackedPublication,
    Tagged,
    pack_publications,
    unpack_publications,
)
from renown.protocol.effects import History, Position
from renown.protocol.replies import Publication
from renown.rooms.room import Changes, Draft, Page, Retention

__all__ = [
    "PackedChanges",
    "PackedHistory",
    "PackedPage",
    "PackedPosition",
    "RoomAnswer",
    "RoomAsk",
    "RoomChanges",
    "RoomForget",
    "RoomHistory",
    "RoomNames",
    "RoomNamesFound",
    "RoomPage",
    "RoomPublish",
    "RoomRefused",
    "RoomTop",
]


class RoomPublish(Tagged, frozen=True):
    """Asks the leader to publish."""

    channel: str
    publication: PackedPublication
    """What the draft says, at offset 0."""
    keep: Retention
    idempotency_key: str
    version: int
    version_epoch: str

    @property
    def draft(self) -> Draft:
        """What is to be published."""
        (publication,) = unpack_publications([self.publication])
        return Draft(
            publication.data,
            publication.info,
            publication.tags,
            publication.key,
            publication.removed,
            self.idempotency_key,
            self.version,
            self.version_epoch,
            publication.binary,
        )

    @classmethod
    def of(cls, channel: str, draft: Draft, keep: Retention) -> "RoomPublish":
        """Return what asks for a draft to be published."""
        (publication,) = pack_publications(
            [
                Publication(
                    draft.data,
                    draft.info,
                    tags=draft.tags,
                    key=draft.key,
                    removed=draft.removed,
                    binary=draft.binary,
                )
            ]
        )
        return cls(channel, publication, keep, draft.idempotency_key, draft.version, draft.version_epoch)


class RoomHistory(Tagged, frozen=True):
    """Asks the leader for a log."""

    channel: str
    after: int | None
    limit: int
    reverse: bool


class RoomTop(Tagged, frozen=True):
    """Asks the leader for the newest position."""

    channel: str


class RoomPage(Tagged, frozen=True):
    """Asks the leader for a page of a map."""

    channel: str
    cursor: str
    limit: int


class RoomChanges(Tagged, frozen=True):
    """Asks the leader for what changed in a map."""

    channel: str
    after: Position
    limit: int


class RoomForget(Tagged, frozen=True):
    """Asks the leader to forget a room."""

    channel: str


class RoomNames(Tagged, frozen=True):
    """Asks the leader which rooms it keeps."""

    pattern: str


class RoomNamesFound(Tagged, frozen=True):
    """Which rooms the leader keeps."""

    names: tuple[str, ...]


class RoomRefused(Tagged, frozen=True):
    """Why the leader cannot do something with a room: the `RoomError` that it had."""

    code: str
    detail: str = ""


class PackedPosition(Tagged, frozen=True):
    """A `Position`."""

    position: Position


class PackedHistory(Tagged, frozen=True):
    """A `History`."""

    epoch: str
    top: int
    publications: tuple[PackedPublication, ...]

    @classmethod
    def of(cls, found: History) -> "PackedHistory":
        """Return what was read, to be sent."""
        return cls(found.epoch, found.top, pack_publications(found.publications))

    def unpack(self) -> History:
        """Return what was read."""
        return History(self.epoch, self.top, unpack_publications(self.publications))


class PackedPage(Tagged, frozen=True):
    """A `Page`."""

    epoch: str
    offset: int
    top: int
    entries: tuple[PackedPublication, ...]
    cursor: str

    @classmethod
    def of(cls, page: Page) -> "PackedPage":
        """Return what was read, to be sent."""
        return cls(page.epoch, page.offset, page.top, pack_publications(page.entries), page.cursor)

    def unpack(self) -> Page:
        """Return what was read."""
        return Page(self.epoch, self.offset, self.top, unpack_publications(self.entries), self.cursor)


class PackedChanges(Tagged, frozen=True):
    """Some `Changes`."""

    epoch: str
    top: int
    complete: bool
    publications: tuple[PackedPublication, ...]

    @classmethod
    def of(cls, found: Changes) -> "PackedChanges":
        """Return what was read, to be sent."""
        return cls(found.epoch, found.top, found.complete, pack_publications(found.publications))

    def unpack(self) -> Changes:
        """Return what was read."""
        return Changes(self.epoch, self.top, self.complete, unpack_publications(self.publications))


RoomAsk = RoomPublish | RoomHistory | RoomTop | RoomPage | RoomChanges | RoomForget | RoomNames
RoomAnswer = RoomNamesFound | RoomRefused | PackedPosition | PackedHistory | PackedPage | PackedChanges
