"""The JSON form: compact objects, one per line, data embedded as it is."""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from renown.protocol.commands import Command
from renown.protocol.raw import Undecodable, Unspeakable, as_text, is_json, mended
from renown.protocol.replies import (
    EMPTY,
    ClientInfo,
    ConnectResult,
    HistoryResult,
    Joined,
    Message,
    PresenceResult,
    Publication,
    Push,
    Reply,
    RpcResult,
    SubscribeResult,
)

__all__ = ["JsonCodec"]


class _Push(msgspec.Struct, frozen=True, gc=False):
    channel: str
    pub: Publication


class _Reply(msgspec.Struct, frozen=True, gc=False):
    """A publication's push and nothing else: quicker made than a `Reply`."""

    push: _Push


class JsonCodec:
    """Reads lines into commands and writes replies as lines."""

    json = True
    ping = b"{}"
    pong = b"{}"

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(Command)
        self._encode = msgspec.json.Encoder().encode

    def split(self, message: bytes) -> list[bytes]:
        """Return the lines of `message`; one newline at its end is allowed."""
        lines = message.removesuffix(b"\n").split(b"\n")
        if lines == [b""]:
            raise Undecodable("empty message")
        return lines

    def command(self, encoded: bytes) -> Command:
        """Decode one line."""
        try:
            # The decoder does not look into data, which others will be sent: a bad byte breaks their text.
            str(encoded, "utf-8")
            return self._decoder.decode(encoded)
        except msgspec.ValidationError as error:
            raise Undecodable(str(error)) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return self._second_try(encoded, error)

    def _second_try(self, encoded: bytes, error: Exception) -> Command:
        better = mended(encoded)
        if better == encoded:
            raise Undecodable(str(error)) from error
        try:
            return self._decoder.decode(better)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as still:
            raise Undecodable(str(still)) from still

    def reply(self, reply: Reply) -> bytes:
        """Encode one reply, without newline."""
        return _one_line(self._encode(_said(reply)))

    def publication(self, channel: str, publication: Publication) -> bytes:
        """Encode a publication's push, without newline."""
        if publication.binary or publication.info is not None or not publication.data:
            return self.reply(Reply(push=Push(channel, pub=publication)))
        return _one_line(self._encode(_Reply(_Push(channel, publication))))

    def joined(self, channel: str, info: ClientInfo) -> bytes:
        """Encode a join's push, without newline."""
        return self.reply(Reply(push=Push(channel, join=Joined(info))))

    def left(self, channel: str, info: ClientInfo) -> bytes:
        """Encode a leave's push, without newline."""
        return self.reply(Reply(push=Push(channel, leave=Joined(info))))

    def text(self, data: bytes) -> bytes:
        """Return `data` as a JSON string."""
        return as_text(data)

    def join(self, replies: list[bytes]) -> bytes:
        """Join lines, without a newline at the end."""
        return replies[0] if len(replies) == 1 else b"\n".join(replies)

    def messages(self, replies: list[bytes], limit: int) -> Iterator[bytes]:
        """Pack lines into messages of at most `limit` bytes."""
        batch: list[bytes] = []
        size = 0
        for reply in replies:
            if batch and size + len(reply) > limit:
                yield self.join(batch)
                batch, size = [], 0
            batch.append(reply)
            size += len(reply) + 1
        if batch:
            yield self.join(batch)


def _one_line(encoded: bytes) -> bytes:
    # Only data that came with line breaks of its own brings them in, and only between its tokens.
    if 10 in encoded or 13 in encoded:
        return msgspec.json.format(encoded, indent=-1)
    return encoded


def _said(reply: Reply) -> Reply:
    """Return `reply` with empty data left out; raise `Unspeakable` when some data is no JSON.

    Publications are trusted to say by themselves what theirs is.
    """
    if reply.push is not None:
        return Reply(reply.id, push=_push(reply.push))
    if reply.subscribe is not None:
        return Reply(reply.id, subscribe=_subscription(reply.subscribe))
    if reply.connect is not None:
        return Reply(reply.id, connect=_connection(reply.connect))
    if reply.history is not None:
        history = reply.history
        found = HistoryResult(_publications(history.publications), history.epoch, history.offset)
        return Reply(reply.id, history=found)
    if reply.presence is not None:
        present = {client: _info(info) for client, info in reply.presence.presence.items()}
        return Reply(reply.id, presence=PresenceResult(present))
    if reply.rpc is not None:
        return Reply(reply.id, rpc=RpcResult(_data(reply.rpc.data)))
    return reply


def _push(push: Push) -> Push:
    if push.pub is not None:
        return Push(push.channel, pub=_publication(push.pub))
    if push.join is not None:
        return Push(push.channel, join=Joined(_info(push.join.info)))
    if push.leave is not None:
        return Push(push.channel, leave=Joined(_info(push.leave.info)))
    if push.message is not None:
        return Push(push.channel, message=Message(_data(push.message.data) or EMPTY))
    if push.subscribe is not None:
        return Push(push.channel, subscribe=replace(push.subscribe, data=_data(push.subscribe.data)))
    return push


def _connection(result: ConnectResult) -> ConnectResult:
    if result.data is None and not result.subs:
        return result
    subs = {channel: _subscription(each) for channel, each in result.subs.items()}
    return replace(result, data=_data(result.data), subs=subs)


def _subscription(result: SubscribeResult) -> SubscribeResult:
    if result.data is None and not result.publications and not result.state:
        return result
    return replace(
        result,
        data=_data(result.data),
        publications=_publications(result.publications),
        state=_publications(result.state),
    )


def _publications(publications: Iterable[Publication]) -> tuple[Publication, ...]:
    return tuple(map(_publication, publications))


def _publication(publication: Publication) -> Publication:
    if publication.binary:
        raise Unspeakable("a publication's data is no JSON")
    info = None if publication.info is None else _info(publication.info)
    if publication.data and info is publication.info:
        return publication
    return replace(publication, data=publication.data or EMPTY, info=info)


def _info(info: ClientInfo) -> ClientInfo:
    mine, here = _data(info.conn_info), _data(info.chan_info)
    if mine is info.conn_info and here is info.chan_info:
        return info
    return ClientInfo(info.user, info.client, mine, here)


def _data(data: msgspec.Raw | None) -> msgspec.Raw | None:
    if not data:
        return None
    if not is_json(data):
        raise Unspeakable("these bytes are no JSON")
    return data
