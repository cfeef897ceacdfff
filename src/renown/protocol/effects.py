"""What a session wants done, as values. Whoever runs the session does them in order."""

import msgspec

from renown.protocol.codes import Disconnect

__all__ = [
    "Attach",
    "Close",
    "Detach",
    "Effect",
    "History",
    "Log",
    "Newest",
    "Position",
    "ReadHistory",
    "Send",
]


class Position(msgspec.Struct, frozen=True, gc=False):
    """A place in a channel's log. An empty epoch stands for any."""

    epoch: str
    offset: int


class Send(msgspec.Struct, frozen=True, gc=False):
    """Send one encoded reply."""

    reply: bytes


class Close(msgspec.Struct, frozen=True, gc=False):
    """End the connection; nothing follows."""

    why: Disconnect


class Attach(msgspec.Struct, frozen=True, gc=False):
    """Hold back the channel's publications for this client, read the channel, and answer.

    The answer goes to `Session.attached`; no further command is taken until then.
    """

    channel: str
    stream: bool
    recover: Position | None
    """For streams: the publications after this position are wanted."""


class Detach(msgspec.Struct, frozen=True, gc=False):
    """Deliver nothing more of the channel."""

    channel: str


class ReadHistory(msgspec.Struct, frozen=True, gc=False):
    """Read a stream's log; the answer goes to `Session.read`.

    Without reverse: up to `limit` publications with an offset above `after` (None: from the
    start). With it: up to `limit` publications with an offset below `after` (None: from the top).
    """

    channel: str
    after: int | None
    limit: int
    reverse: bool


class Newest(msgspec.Struct, frozen=True, gc=False):
    """The state of a channel of which only the newest publication counts."""

    epoch: str
    offset: int
    """0: nothing was published yet."""
    data: bytes


class Log(msgspec.Struct, frozen=True):
    """A stretch of a stream's log up to its top."""

    epoch: str
    top: int
    publications: tuple[tuple[int, bytes], ...] = ()
    """(offset, data) ascending, after the position asked for."""


class History(msgspec.Struct, frozen=True):
    """The answer to `ReadHistory`, in the order asked for."""

    epoch: str
    top: int
    publications: tuple[tuple[int, bytes], ...] = ()


Effect = Send | Close | Attach | Detach | ReadHistory
