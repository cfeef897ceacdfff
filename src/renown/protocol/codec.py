"""The wire forms. A connection uses one codec for its whole life."""

from collections.abc import Iterator
from typing import Final, Protocol

from renown.protocol.commands import Command
from renown.protocol.json_codec import JsonCodec
from renown.protocol.protobuf_codec import ProtobufCodec
from renown.protocol.raw import Undecodable, Unspeakable
from renown.protocol.replies import ClientInfo, Publication, Reply

__all__ = ["JSON", "PROTOBUF", "Codec", "Undecodable", "Unspeakable"]


class Codec(Protocol):
    """Turns bytes into commands and replies into bytes. It has no state.

    What encodes raises `Unspeakable` when the reply holds bytes that the codec has no form for.
    """

    @property
    def json(self) -> bool:
        """Whether data is JSON; else it is any bytes."""
        ...

    @property
    def ping(self) -> bytes:
        """The server's ping, encoded: an empty reply."""
        ...

    @property
    def pong(self) -> bytes:
        """The client's pong as `split` returns it: an empty command."""
        ...

    def split(self, message: bytes) -> list[bytes]:
        """Return the encoded commands of one message, in order; raise `Undecodable` for none."""
        ...

    def command(self, encoded: bytes) -> Command:
        """Decode one command; raise `Undecodable`."""
        ...

    def reply(self, reply: Reply) -> bytes:
        """Encode one reply, without what separates replies in a message."""
        ...

    def publication(self, channel: str, publication: Publication) -> bytes:
        """Encode the push of one publication, as `reply` would, but faster."""
        ...

    def joined(self, channel: str, info: ClientInfo) -> bytes:
        """Encode the push that says who joined a channel."""
        ...

    def left(self, channel: str, info: ClientInfo) -> bytes:
        """Encode the push that says who left a channel."""
        ...

    def text(self, data: bytes) -> bytes:
        """Return the form of `data` in subscriptions with patches: a JSON string, or the same bytes."""
        ...

    def join(self, replies: list[bytes]) -> bytes:
        """Return one message holding all of `replies`."""
        ...

    def messages(self, replies: list[bytes], limit: int) -> Iterator[bytes]:
        """Return as few messages as hold all of `replies` with at most `limit` bytes each.

        A single reply above the limit becomes a message of its own.
        """
        ...


JSON: Final[Codec] = JsonCodec()
"""Compact JSON objects, one per line."""

PROTOBUF: Final[Codec] = ProtobufCodec()
"""Protobuf messages, each behind its length."""
