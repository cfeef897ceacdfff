"""The Protobuf form: messages behind their length; data is any bytes."""

from collections.abc import Iterator

from google.protobuf.message import DecodeError

from renown.protocol.commands import Command
from renown.protocol.protobuf_commands import command_of
from renown.protocol.protobuf_replies import fill_publication, fill_reply
from renown.protocol.raw import Undecodable
from renown.protocol.replies import ClientInfo, Joined, Publication, Push, Reply
from renown.protocol.wire import client_pb2 as pb

__all__ = ["ProtobufCodec", "varint"]

_LONGEST_VARINT = 10


def varint(number: int) -> bytes:
    """Return a natural number as an unsigned LEB128."""
    if number < 128:
        return bytes((number,))
    parts: list[int] = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def _length_at(message: bytes, start: int) -> tuple[int, int]:
    """Return the unsigned LEB128 at `start` and where it ends; raise `Undecodable`."""
    number = 0
    for place, byte in enumerate(message[start : start + _LONGEST_VARINT]):
        number |= (byte & 127) << (7 * place)
        if byte < 128:
            return number, start + place + 1
    raise Undecodable("a length does not end")


class ProtobufCodec:
    """Reads and writes messages with their lengths before them."""

    json = False
    ping = b""
    pong = b""

    def split(self, message: bytes) -> list[bytes]:
        """Return the commands of `message` without their lengths."""
        if not message:
            raise Undecodable("empty message")
        commands: list[bytes] = []
        start, whole = 0, len(message)
        while start < whole:
            size = message[start]
            start += 1
            if size > 127:
                size, start = _length_at(message, start - 1)
            end = start + size
            if end > whole:
                raise Undecodable("a length goes past the end")
            commands.append(message[start:end])
            start = end
        return commands

    def command(self, encoded: bytes) -> Command:
        """Decode one command."""
        try:
            return command_of(pb.Command.FromString(encoded))
        except (DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Undecodable(str(error)) from error

    def reply(self, reply: Reply) -> bytes:
        """Encode one reply, without its length."""
        message = pb.Reply()
        fill_reply(message, reply)
        return message.SerializeToString()

    def publication(self, channel: str, publication: Publication) -> bytes:
        """Encode a publication's push, without its length."""
        message = pb.Reply()
        push = message.push
        push.channel = channel
        fill_publication(push.pub, publication)
        return message.SerializeToString()

    def joined(self, channel: str, info: ClientInfo) -> bytes:
        """Encode a join's push, without its length."""
        return self.reply(Reply(push=Push(channel, join=Joined(info))))

    def left(self, channel: str, info: ClientInfo) -> bytes:
        """Encode a leave's push, without its length."""
        return self.reply(Reply(push=Push(channel, leave=Joined(info))))

    def text(self, data: bytes) -> bytes:
        """Return `data`: it needs no other form."""
        return data

    def join(self, replies: list[bytes]) -> bytes:
        """Put each reply behind its length."""
        return b"".join([part for reply in replies for part in (varint(len(reply)), reply)])

    def messages(self, replies: list[bytes], limit: int) -> Iterator[bytes]:
        """Pack replies, each behind its length, into messages of at most `limit` bytes."""
        batch: list[bytes] = []
        size = 0
        for reply in replies:
            length = varint(len(reply))
            more = len(length) + len(reply)
            if batch and size + more > limit:
                yield b"".join(batch)
                batch, size = [], 0
            batch += (length, reply)
            size += more
        if batch:
            yield b"".join(batch)
