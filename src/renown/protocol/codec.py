"""The wire forms. A connection uses one codec for its whole life."""

from collections.abc import Iterator
from typing import Final, Protocol

import msgspec

from renown.protocol.commands import Command
from renown.protocol.replies import Publication, Push, Reply

__all__ = ["JSON", "Codec", "JsonCodec", "Undecodable"]


class Undecodable(Exception):
    """What a client sent is no command."""


class Codec(Protocol):
    """Turns bytes into commands and replies into bytes."""

    ping: bytes
    """The server's ping: an empty reply."""

    def split(self, message: bytes) -> list[bytes]:
        """Return the encoded commands of one message, in order; raise `Undecodable` for none."""
        ...

    def command(self, encoded: bytes) -> Command:
        """Decode one command; raise `Undecodable`."""
        ...

    def reply(self, reply: Reply) -> bytes:
        """Encode one reply."""
        ...

    def publication(self, channel: str, publication: Publication) -> bytes:
        """Encode the push of one publication whose data is JSON already."""
        ...

    def join(self, replies: list[bytes]) -> bytes:
        """Return one message holding all of `replies`."""
        ...

    def messages(self, replies: list[bytes], limit: int) -> Iterator[bytes]:
        """Return as few messages as hold all of `replies` with at most `limit` bytes each.

        A single reply above the limit becomes a message of its own.
        """
        ...


class JsonCodec:
    """Compact JSON objects, one per line."""

    ping = b"{}"

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(Command)
        self._encoder = msgspec.json.Encoder()

    def split(self, message: bytes) -> list[bytes]:
        """Return the lines of `message`; one newline at its end is allowed."""
        lines = message.removesuffix(b"\n").split(b"\n")
        if lines == [b""]:
            raise Undecodable("empty message")
        return lines

    def command(self, encoded: bytes) -> Command:
        """Decode one line."""
        try:
            return self._decoder.decode(encoded)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Undecodable(str(error)) from error

    def reply(self, reply: Reply) -> bytes:
        """Encode one reply, without newline."""
        return self._encoder.encode(reply)

    def publication(self, channel: str, publication: Publication) -> bytes:
        """Encode a publication's push, without newline."""
        return self._encoder.encode(Reply(push=Push(channel, publication)))

    def join(self, replies: list[bytes]) -> bytes:
        """Join lines, without a newline at the end."""
        return replies[0] if len(replies) == 1 else b"\n".join(replies)

    def messages(self, replies: list[bytes], limit: int) -> Iterator[bytes]:
        """Pack lines into messages of at most `limit` bytes."""
        batch: list[bytes] = []
        size = 0
        for reply in replies:
            if batch and size + len(reply) >= limit:
                yield self.join(batch)
                batch, size = [], 0
            batch.append(reply)
            size += len(reply) + 1
        if batch:
            yield self.join(batch)


JSON: Final = JsonCodec()
"""The JSON codec; it has no state and serves every connection."""
