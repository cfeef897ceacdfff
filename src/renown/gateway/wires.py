"""How pushes and replies become the bytes that a transport writes.

What is made here is equal for every receiver of one wire: a publication is put in it once and written many
times. All wires are made once and compared by identity.
"""

from abc import ABC, abstractmethod
from typing import Final

from renown.protocol.codec import JSON, PROTOBUF, Codec

__all__ = [
    "MESSAGE_JSON",
    "MESSAGE_PROTOBUF",
    "POLL_JSON",
    "SSE_JSON",
    "STREAM_JSON",
    "STREAM_PROTOBUF",
    "WIRES",
    "WS_JSON",
    "WS_PROTOBUF",
    "Wire",
    "binary_frame",
    "text_frame",
]

_FRAME_LIMIT: Final = 65_536


class Wire(ABC):
    """One transport's way to carry one codec."""

    __slots__ = ("codec", "name")

    def __init__(self, name: str, codec: Codec) -> None:
        self.name = name
        """The transport's name."""
        self.codec = codec

    def __repr__(self) -> str:
        return f"<{self.name}, {type(self.codec).__name__}>"

    @abstractmethod
    def frames(self, pushes: list[bytes]) -> list[bytes]:
        """Return what to write, in order, for encoded replies or pushes."""


class _TextFrames(Wire):
    """WebSocket text frames as the server sends them: unmasked, so equal for every receiver."""

    __slots__ = ()

    def frames(self, pushes: list[bytes]) -> list[bytes]:
        """Return as few frames as reasonable."""
        if len(pushes) == 1:
            return [text_frame(pushes[0])]
        return [text_frame(message) for message in self.codec.messages(pushes, _FRAME_LIMIT)]


class _BinaryFrames(Wire):
    """The same for binary codecs."""

    __slots__ = ()

    def frames(self, pushes: list[bytes]) -> list[bytes]:
        """Return as few frames as reasonable."""
        return [binary_frame(message) for message in self.codec.messages(pushes, _FRAME_LIMIT)]


class _Messages(Wire):
    """Whole messages; the surroundings frame them."""

    __slots__ = ()

    def frames(self, pushes: list[bytes]) -> list[bytes]:
        """Return as few messages as reasonable."""
        return list(self.codec.messages(pushes, _FRAME_LIMIT))


class _Lines(Wire):
    """An endless body of lines. One write for each: clients exist that break on replies cut in two."""

    __slots__ = ()

    def frames(self, pushes: list[bytes]) -> list[bytes]:
        """Return a line for each."""
        return [push + b"\n" for push in pushes]


class _Sized(Wire):
    """An endless body of replies, each after its length. One write for each, likewise."""

    __slots__ = ()

    def frames(self, pushes: list[bytes]) -> list[bytes]:
        """Return a piece for each."""
        join = self.codec.join
        return [join([push]) for push in pushes]


class _Events(Wire):
    """Server-sent events."""

    __slots__ = ()

    def frames(self, pushes: list[bytes]) -> list[bytes]:
        """Return an event for each."""
        return [b"data: %b\n\n" % push for push in pushes]


class _Whole(Wire):
    """Replies as they are: a poll takes them apart again in this process."""

    __slots__ = ()

    def frames(self, pushes: list[bytes]) -> list[bytes]:
        """Return `pushes`."""
        return pushes


def text_frame(payload: bytes) -> bytes:
    """Return `payload` as one whole text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return b"\x81%c%b" % (size, payload)
    if size < 65_536:
        return b"\x81\x7e%b%b" % (size.to_bytes(2, "big"), payload)
    return b"\x81\x7f%b%b" % (size.to_bytes(8, "big"), payload)


def binary_frame(payload: bytes) -> bytes:
    """Return `payload` as one whole binary frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return b"\x82%c%b" % (size, payload)
    if size < 65_536:
        return b"\x82\x7e%b%b" % (size.to_bytes(2, "big"), payload)
    return b"\x82\x7f%b%b" % (size.to_bytes(8, "big"), payload)


WS_JSON: Final[Wire] = _TextFrames("websocket", JSON)
WS_PROTOBUF: Final[Wire] = _BinaryFrames("websocket", PROTOBUF)
STREAM_JSON: Final[Wire] = _Lines("http_stream", JSON)
STREAM_PROTOBUF: Final[Wire] = _Sized("http_stream", PROTOBUF)
SSE_JSON: Final[Wire] = _Events("sse", JSON)
MESSAGE_JSON: Final[Wire] = _Messages("asgi", JSON)
MESSAGE_PROTOBUF: Final[Wire] = _Messages("asgi", PROTOBUF)
POLL_JSON: Final[Wire] = _Whole("poll", JSON)

WIRES: Final[tuple[Wire, ...]] = (
    WS_JSON,
    WS_PROTOBUF,
    STREAM_JSON,
    STREAM_PROTOBUF,
    SSE_JSON,
    MESSAGE_JSON,
    MESSAGE_PROTOBUF,
    POLL_JSON,
)
"""All there are."""
