"""The long poll: known positions of channels in, what is newer out, for clients that can do nothing else.

Each poll is a connection of its own for as long as it waits: the same session, fed with a connect command and
subscribe commands that recover, so the same rules hold as on every transport.
"""

import asyncio
from contextlib import suppress
from typing import Annotated, Final

import msgspec

from renown.gateway.gateway import Gateway
from renown.gateway.hub.watched import Writer
from renown.gateway.peer import Peer
from renown.gateway.transports.exchange import NOT_STORED, Exchange, Gone, TooLarge, address_of
from renown.gateway.wires import POLL_JSON
from renown.protocol.codes import DISCONNECTS, ERRORS, Disconnect, Error, Unsubscribed
from renown.protocol.replies import Publication, Push, Reply, SubscribeResult

__all__ = ["Polling"]

_METHODS = ("GET", "POST")
_JSON: Final = b"application/json; charset=utf-8"
_ERROR_PAUSE: Final = 1.0
"""Seconds before an answer that holds nothing but errors: who asks in a loop shall not ask in a frenzy."""
_GREATEST: Final = 2**53 - 1
_STATUS: Final = {
    **dict.fromkeys((ERRORS.UNAUTHORIZED.code, ERRORS.TOKEN_EXPIRED.code, ERRORS.EXPIRED.code), 401),
    **dict.fromkeys((DISCONNECTS.INVALID_TOKEN.code, DISCONNECTS.BAD_REQUEST.code), 401),
    **dict.fromkeys((DISCONNECTS.PERMISSION_DENIED.code, DISCONNECTS.FORCE_DISCONNECT.code), 403),
    **dict.fromkeys((DISCONNECTS.CONNECTION_LIMIT.code, DISCONNECTS.CHANNEL_LIMIT.code), 429),
    ERRORS.TOO_MANY_REQUESTS.code: 429,
}
"""What HTTP calls a connection that could not be made; other codes are 503."""


class _Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    epoch: str = ""
    offset: Annotated[int, msgspec.Meta(ge=0, le=_GREATEST)] | None = None
    token: str = ""

    def position(self) -> dict[str, object]:
        """Return the fields of a subscribe request that ask for what is newer."""
        if self.offset is None:
            return {}
        return {"recover": True, "epoch": self.epoch, "offset": self.offset}


class _Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    channels: dict[str, _Known]
    token: str = ""
    wait: Annotated[float, msgspec.Meta(ge=0)] | None = None


class _Found(msgspec.Struct, omit_defaults=True):
    epoch: str = ""
    offset: int | None = None
    publications: list[Publication] = []
    recovered: bool | None = None
    error: Error | None = None
    unsubscribed: Unsubscribed | None = None


class _Wrong(Exception):
    """A question that cannot be understood; the text says why."""


class Polling:
    """The endpoint `/connection/poll`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._decoder = msgspec.json.Decoder(_Question)

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one poll."""
        gateway = self._gateway
        if not await exchange.admit(gateway.origins, _METHODS):
            return
        address = address_of(exchange.scope, gateway.addresses)
        turned = gateway.knock(address)
        if turned is not None:
            await exchange.turn_away(turned)
            return
        try:
            question = await self._question(exchange)
        except Gone:
            return
        except TooLarge:
            await exchange.answer(413, f"At most {gateway.options.message_limit} bytes are taken at once.\n")
        except TimeoutError:
            await exchange.answer(408, "The request took too long to arrive.\n")
        except _Wrong as wrong:
            await exchange.answer(400, f"{wrong}\n")
        else:
            gateway.limiter.arrived(address)
            try:
                await self._serve(exchange, question)
            finally:
                gateway.limiter.gone(address)

    async def _question(self, exchange: Exchange) -> _Question:
        options = self._gateway.options
        if exchange.method == "GET":
            question = _in_query(exchange.query)
        else:
            body = await exchange.body(options.message_limit, options.connect_deadline)
            try:
                question = self._decoder.decode(body)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise _Wrong(f"This is no poll: {error}.") from error
        if not question.channels:
            raise _Wrong("A poll names at least one channel.")
        scheme, _, token = exchange.header(b"authorization").partition(" ")
        if token and not question.token and scheme.lower() == "bearer":
            question = msgspec.structs.replace(question, token=token.strip())
        return question

    async def _serve(self, exchange: Exchange, question: _Question) -> None:
        poll = _Poll(self._gateway, question)
        answering = asyncio.create_task(poll.answer())
        left = asyncio.create_task(exchange.gone())
        try:
            await asyncio.wait({answering, left}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            poll.gone()
            left.cancel()
            answering.cancel()
        if answering.done() and not answering.cancelled():
            status, body = answering.result()
            await exchange.answer(status, msgspec.json.encode(body), content_type=_JSON, headers=NOT_STORED)


class _Poll(Peer):
    """One poll while it waits."""

    __slots__ = (
        "_channels",
        "_connected",
        "_ended",
        "_found",
        "_left",
        "_news",
        "_question",
        "_settled",
        "_wait",
    )

    def __init__(self, gateway: Gateway, question: _Question) -> None:
        super().__init__(gateway, POLL_JSON)
        self._question = question
        self._wait = min(gateway.options.poll_wait, question.wait or 0.0)
        if question.wait is None:
            self._wait = gateway.options.poll_wait
        self._channels: list[str] = []
        self._left = 0
        self._found: dict[str, _Found] = {}
        self._connected = False
        self._ended: Error | Disconnect | None = None
        self._settled = asyncio.Event()
        self._news = asyncio.Event()

    async def answer(self) -> tuple[int, object]:
        """Return the status and the body of the answer as soon as there is something new."""
        self.open()
        known = {name: at.position() for name, at in self._question.channels.items() if at.offset is not None}
        connect = {"token": self._question.token, "name": "poll", "subs": known}
        self.take(msgspec.json.encode({"id": 1, "connect": connect}))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._gateway.options.connect_deadline):
                await self._settled.wait()
        if self._settled.is_set() and self._ended is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience()):
                    await self._news.wait()
        ended = self._ended
        if isinstance(ended, Error):
            return _STATUS.get(ended.code, 503), {"error": ended}
        if ended is not None and (not self._connected or not ended.reconnects):
            return _STATUS.get(ended.code, 503), {"disconnect": ended}
        if not self._settled.is_set():
            return 503, {"error": ERRORS.INTERNAL}
        return 200, {"channels": self._found}

    def _patience(self) -> float:
        failed = all(found.error is not None for found in self._found.values())
        return min(self._wait, _ERROR_PAUSE) if failed else self._wait

    # What the session says

    def _hear(self, data: bytes, /) -> None:
        reply = msgspec.json.decode(data, type=Reply)
        if reply.push is not None:
            self._hear_push(reply.push)
        elif reply.id == 1:
            self._begin(reply)
        elif reply.id:
            self._settle(self._channels[reply.id - 2], reply)
        else:
            asyncio.get_running_loop().call_soon(self.take, self.wire.codec.pong)

    def _begin(self, reply: Reply) -> None:
        if reply.connect is None:
            self._end_with(reply.error or ERRORS.INTERNAL)
            return
        self._connected = True
        for channel, result in reply.connect.subs.items():
            self._note(channel, result)
        self._channels = [name for name in self._question.channels if name not in reply.connect.subs]
        self._left = len(self._channels)
        # Not from within a write: the session is still speaking.
        asyncio.get_running_loop().call_soon(self._subscribe)

    def _subscribe(self) -> None:
        commands: list[bytes] = []
        for number, channel in enumerate(self._channels, 2):
            known = self._question.channels[channel]
            request = {"channel": channel, "token": known.token, **known.position()}
            commands.append(msgspec.json.encode({"id": number, "subscribe": request}))
        if commands:
            self.take(b"\n".join(commands))
        else:
            self._settled.set()

    def _settle(self, channel: str, reply: Reply) -> None:
        if reply.subscribe is not None:
            self._note(channel, reply.subscribe)
        else:
            self._found[channel] = _Found(error=reply.error or ERRORS.INTERNAL)
        self._left -= 1
        if not self._left:
            self._settled.set()

    def _note(self, channel: str, result: SubscribeResult) -> None:
        known = self._question.channels.get(channel, _Known())
        newest = max([result.offset, *(pub.offset for pub in result.publications)])
        found = self._found[channel] = _Found(publications=list(result.publications))
        if result.positioned or result.recoverable:
            found.epoch, found.offset = result.epoch, newest
        if result.was_recovering:
            found.recovered = result.recovered
        if result.publications or (found.offset is not None and _moved(known, found)):
            self._news.set()

    def _hear_push(self, push: Push) -> None:
        found = self._found.get(push.channel)
        if found is None:
            return
        if push.pub is not None:
            found.publications.append(push.pub)
            if push.pub.offset:
                found.offset = push.pub.offset
            self._news.set()
        elif push.unsubscribe is not None:
            found.unsubscribed = push.unsubscribe
            self._news.set()

    def _end_with(self, why: Error | Disconnect) -> None:
        self._ended = why
        self._settled.set()
        self._news.set()

    # What a peer asks of its transport

    def writer(self) -> Writer:
        """Return what takes replies."""
        return self._hear

    def unsent(self) -> int:
        """Return nothing: the first news ends the poll."""
        return 0

    def say_goodbye(self, why: Disconnect) -> None:
        """End the poll."""
        if self._ended is None:
            self._end_with(why)

    def drop(self) -> None:
        """Do nothing: the poll has ended with the goodbye."""

    def read_on(self, wanted: bool) -> None:
        """Do nothing: there is nothing more to read."""


def _moved(known: _Known, found: _Found) -> bool:
    return (known.epoch, known.offset) != (found.epoch, found.offset)


def _in_query(query: dict[str, list[str]]) -> _Question:
    """Return the question in a query: `channel`, each perhaps with its `position`, and `wait`."""
    if "token" in query:
        raise _Wrong("Tokens do not belong into addresses, which are logged: send Authorization: Bearer ….")
    channels, positions = query.get("channel", []), query.get("position", [])
    if positions and len(positions) != len(channels):
        raise _Wrong("Give every channel a position, or none; an empty position is none.")
    known = [_known_at(position) for position in positions] or [_Known()] * len(channels)
    try:
        wait = msgspec.convert(query["wait"][0], float, strict=False) if "wait" in query else None
        return msgspec.convert({"channels": dict(zip(channels, known, strict=True)), "wait": wait}, _Question)
    except msgspec.ValidationError as error:
        raise _Wrong(f"This is no poll: {error}.") from error


def _known_at(position: str) -> _Known:
    offset, _, epoch = position.partition(":")
    if not position:
        return _Known()
    # Longer numbers are not even read, which Python refuses to at some length.
    if not offset.isdecimal() or not offset.isascii() or len(offset) > 19 or int(offset) > _GREATEST:
        raise _Wrong("A position is <offset>:<epoch>.")
    return _Known(epoch, int(offset))
