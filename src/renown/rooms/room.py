"""What keeps the channels that are not the ledger's: the promise that every implementation keeps.

A channel has a *log*: publications with the offsets 1, 2, 3 … under one *epoch*, the name of the log's life.
What is published with a key goes into a *map* as well: of each key the newest publication. Its log and its
map share one numbering, so a position says what somebody knows of both.

Epoch and top stay when the publications are gone, for `META_AGE` seconds at least; after `forget` the channel
has a new epoch and starts at 1 again. A channel into which nobody has published has an epoch, too.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from renown.errors import RoomError
from renown.protocol.effects import History, Position
from renown.protocol.replies import ClientInfo, Publication

__all__ = [
    "IDEMPOTENCY",
    "LONGEST_KEY",
    "META_AGE",
    "REMOVED_AGE",
    "Changes",
    "Draft",
    "Heard",
    "Page",
    "Publishing",
    "Retention",
    "Rooms",
    "check_draft",
    "cursor_of",
    "read_cursor",
]

IDEMPOTENCY: Final = 300.0
"""Seconds for which the answer to an idempotency key is remembered."""
REMOVED_AGE: Final = 60.0
"""Seconds for which a map remembers that a key was removed, for those who read it page by page meanwhile."""
META_AGE: Final = 30 * 86_400.0
"""Seconds without a publication after which an empty channel's epoch and top may be given up."""

LONGEST_KEY: Final = 255
"""Bytes. Cursors hold keys: a longer one could not be asked for what comes behind it."""
_GREATEST: Final = 2**63 - 1

Heard = Callable[[str, Publication, str], None]
"""Takes channel, publication and epoch. Runs on the event loop; must not block or raise."""


class Retention(msgspec.Struct, frozen=True):
    """How much of a channel is kept. It counts as of the newest publication."""

    size: int = 0
    """Newest publications in the log. 0: no log; without a key nothing is kept, the offset is 0."""
    age: float = 0.0
    """Seconds after which a publication leaves the log; 0: never by age."""
    key_age: float = 0.0
    """Seconds after which a key that was not set again is removed from a map; 0: never."""


class Draft(msgspec.Struct, frozen=True):
    """What is to be published."""

    data: msgspec.Raw = msgspec.Raw()
    info: ClientInfo | None = None
    """Who publishes, when a client does."""
    tags: dict[str, str] | None = None
    key: str = ""
    """For maps: what the data is the state of."""
    removed: bool = False
    """For maps: remove the key. Without such a key nothing is published."""
    idempotency_key: str = ""
    """Within `IDEMPOTENCY` seconds one with the same key in the same channel gets the same answer, and is
    not published."""
    version: int = 0
    """Not published when it is not above the newest version, of the channel or of the key; 0: has none."""
    version_epoch: str = ""
    """Versions are compared only within one of these."""
    binary: bool = False
    """Whether the data is no JSON."""


class Publishing(NamedTuple):
    """A draft, where it goes, and how much is kept there."""

    channel: str
    draft: Draft
    keep: Retention


class Page(msgspec.Struct, frozen=True):
    """Part of a map."""

    epoch: str
    offset: int
    """The top when the first page was read. What changed since then may be on the pages or not."""
    top: int
    """The top now."""
    entries: tuple[Publication, ...]
    """By key, ascending."""
    cursor: str
    """Where the next page begins; empty: there is none."""


class Changes(msgspec.Struct, frozen=True):
    """What happened to a map after a position."""

    epoch: str
    top: int
    complete: bool
    """False: the position is of another epoch or too long ago, the map must be read anew."""
    publications: tuple[Publication, ...] = ()
    """By offset, ascending, removals among them. There are more when the last one is below the top."""


class Rooms(Protocol):
    """Logs and maps. Belongs to one event loop: `start`, then use; `close` at the end.

    All methods raise `RoomError` when what is kept cannot be reached.
    """

    async def start(self) -> None:
        """Begin to work."""
        ...

    async def close(self) -> None:
        """Finish what was begun and stop. May be called twice."""
        ...

    def listen(self, heard: Heard) -> Callable[[], None]:
        """Have `heard` called with every publication, once, in the order of each channel's offsets.

        Own publications are told before `publish` returns. Returns what ends it.
        """
        ...

    async def publish(self, channel: str, draft: Draft, keep: Retention) -> Position:
        """Publish; return the publication's position once it is kept for good.

        What is not published (a version too old, a key that is not there to be removed) returns the
        channel's position, and what was published already that of then.
        """
        ...

    async def publish_many(self, coming: Sequence[Publishing]) -> list[Position]:
        """Publish; return the positions once all that is kept is so for good: together, or nothing of it.

        What is kept is told in this order; what is not kept is as well, but maybe after all that is.
        """
        ...

    async def history(self, channel: str, after: int | None, limit: int, *, reverse: bool = False) -> History:
        """Read the log: up to `limit` publications with an offset above `after` (None: from the start).

        With `reverse` newest first: with an offset below `after` (None: from the top).
        """
        ...

    async def top(self, channel: str) -> Position:
        """Return the position of the newest publication; offset 0: there was none."""
        ...

    async def page(self, channel: str, cursor: str, limit: int) -> Page:
        """Read a map: up to `limit` keys, from the start or from where the page before ended.

        Raises:
            RoomError: `bad_cursor` when the cursor is none that a page has returned.

        """
        ...

    async def changes(self, channel: str, after: Position, limit: int) -> Changes:
        """Read up to `limit` changes of a map after a position; an empty epoch stands for any.

        Without a log, or when it does not reach back that far, of each key only the newest change is told.
        """
        ...

    async def forget(self, channel: str) -> None:
        """Forget log and map; the channel starts anew under another epoch. Nobody is told."""
        ...

    async def names(self, pattern: str = "*") -> list[str]:
        """Return the channels that were published into, sorted; `*`, `?` and `[…]` as in file names."""
        ...


def check_draft(channel: str, draft: Draft) -> None:
    """Refuse what no store could keep.

    Raises:
        RoomError: `bad_publication`: text that is no Unicode, a version out of range, a removal without key,
            a key that is too long.

    """
    tags = draft.tags or {}
    texts = [channel, draft.key, draft.idempotency_key, draft.version_epoch, *tags, *tags.values()]
    if draft.info is not None:
        texts += [draft.info.user, draft.info.client]
    try:
        for text in texts:
            text.encode()
    except UnicodeEncodeError as error:
        raise RoomError("a text holds what is no Unicode", code="bad_publication") from error
    if not 0 <= draft.version <= _GREATEST:
        raise RoomError("a version is a whole number", code="bad_publication", field="version")
    if len(draft.key.encode()) > LONGEST_KEY:
        raise RoomError(
            "the key is too long", code="bad_publication", field="key", expected=f"{LONGEST_KEY} bytes"
        )
    if draft.removed and not draft.key:
        raise RoomError("a removal needs a key", code="bad_publication", field="key")


def cursor_of(offset: int, key: str) -> str:
    """Return the cursor behind `key`, in a reading whose first page stood at `offset`."""
    return f"{offset}.{key}"


def read_cursor(cursor: str, top: int) -> tuple[int, str]:
    """Return what a cursor holds: the frozen offset, and the key to go on behind; `top` at the start.

    Raises:
        RoomError: `bad_cursor`.

    """
    if not cursor:
        return top, ""
    offset, dot, key = cursor.partition(".")
    if not (dot and key and offset.isascii() and offset.isdecimal() and len(offset) < 19):
        raise RoomError("this is no cursor of a page", code="bad_cursor", field="cursor")
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise RoomError("this is no cursor of a page", code="bad_cursor", field="cursor") from error
    return int(offset), key
