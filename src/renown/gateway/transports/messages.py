"""A WebSocket over plain ASGI messages, for servers that hold the socket themselves (spec section 2.1).

The same session as under uvicorn's protocol class, only slower: every message passes through the server's
own `send`.
"""

import asyncio
import logging
from typing import Final
from urllib.parse import parse_qs

from renown.gateway.gateway import Gateway
from renown.gateway.hub.watched import Writer
from renown.gateway.peer import Peer
from renown.gateway.transports.exchange import Receive, Scope, Send, address_of, path_of
from renown.gateway.transports.outbox import Outbox
from renown.gateway.transports.upgrade import FIRST_FRAME
from renown.gateway.wires import MESSAGE_JSON, MESSAGE_PROTOBUF, Wire
from renown.protocol.codes import DISCONNECTS, Disconnect

__all__ = ["Messages"]

_LOG = logging.getLogger("renown.gateway")
_SUBPROTOCOLS: Final[dict[str, Wire]] = {
    "centrifuge-json": MESSAGE_JSON,
    "centrifuge-protobuf": MESSAGE_PROTOBUF,
}
_TOO_BIG: Final = Disconnect(1009, "message too big")
"""The close code of RFC 6455; final for clients."""


class Messages:
    """The endpoint `/connection/websocket`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client."""
        await receive()
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(scope, send, *refusal)
            return
        address = address_of(scope, self._gateway.addresses)
        turned = self._gateway.knock(address)
        if turned is not None:
            await _refuse(scope, send, turned.status, turned.reason, turned.retry_after)
            return
        self._gateway.limiter.arrived(address)
        try:
            await self._serve(scope, receive, send)
        finally:
            self._gateway.limiter.gone(address)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        name = next((name for name in scope.get("subprotocols", ()) if name in _SUBPROTOCOLS), None)
        wire = MESSAGE_JSON if name is None else _SUBPROTOCOLS[name]
        if any("protobuf" in query.get(asked, ()) for asked in ("cf_protocol", "format")):
            wire = MESSAGE_PROTOBUF
        await send({"type": "websocket.accept", "subprotocol": name})
        await MessageSocket(self._gateway, wire, receive, send).run(first_frame=FIRST_FRAME in query)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = {name.lower(): value for name, value in reversed(list(scope["headers"]))}
        host, origin = headers.get(b"host", b"").decode("latin-1"), headers.get(b"origin")
        if not self._gateway.origins.serves(host):
            return 403, "In dev mode only names of this machine are served"
        if path_of(scope) != self._gateway.options.path:
            return 404, "There is no WebSocket here"
        if origin is not None and not self._gateway.origins.allows(origin.decode("latin-1"), host):
            return 403, "This origin may not connect"
        return None


async def _refuse(scope: Scope, send: Send, status: int, why: str, retry_after: int = 0) -> None:
    if "websocket.http.response" not in (scope.get("extensions") or ()):
        # All that ASGI offers without it; servers answer 403.
        await send({"type": "websocket.close", "code": 1008})
        return
    body = f"{why[0].upper()}{why[1:]}.\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    if retry_after:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})


class MessageSocket(Peer):
    """One client over ASGI's WebSocket messages."""

    __slots__ = ("_farewell", "_may_read", "_outbox", "_pump", "_receive", "_send")

    def __init__(self, gateway: Gateway, wire: Wire, receive: Receive, send: Send) -> None:
        super().__init__(gateway, wire)
        self._receive = receive
        self._send = send
        self._outbox = Outbox(
            gateway.options.outbound_soft_limit,
            full=self.pause,
            free=self.resume,
            joiner=b"\n" if wire.codec.json else b"",
        )
        self._farewell: Disconnect | None = None
        self._pump: asyncio.Task[None] | None = None
        self._may_read = asyncio.Event()
        self._may_read.set()

    async def run(self, *, first_frame: bool) -> None:
        """Serve the client until it leaves or is told to."""
        self.open()
        if first_frame:
            for frame in self.wire.frames([self.wire.codec.ping]):
                self.write(frame)
        pump = self._pump = asyncio.create_task(self._speak())
        listening = asyncio.create_task(self._listen())
        try:
            await asyncio.wait({pump, listening}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.gone()
            self._outbox.abandon()
            for task in (pump, listening):
                task.cancel()
                task.add_done_callback(_report)

    async def _speak(self) -> None:
        await self._outbox.pump(self._send_text if self.wire.codec.json else self._send_bytes)
        why = self._farewell
        if why is not None:
            await self._send({"type": "websocket.close", "code": why.code, "reason": why.reason})

    async def _send_text(self, data: bytes) -> None:
        await self._send({"type": "websocket.send", "text": data.decode()})

    async def _send_bytes(self, data: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": data})

    async def _listen(self) -> None:
        limit = self._gateway.options.message_limit
        while True:
            await self._may_read.wait()
            event = await self._receive()
            if event["type"] == "websocket.disconnect":
                return
            text = event.get("text")
            message = event.get("bytes") or b"" if text is None else text.encode()
            if len(message) > limit:
                self.close(_TOO_BIG)
            else:
                self.take(message)

    # What a peer asks of its transport

    def writer(self) -> Writer:
        """Return what writes to the client."""
        return self._outbox.write

    def unsent(self) -> int:
        """Return how many bytes wait to be sent."""
        return self._outbox.unsent

    def say_goodbye(self, why: Disconnect) -> None:
        """Close with a code once all is sent; a slow client gets nothing else: it would not read it."""
        self._farewell = why
        self._outbox.finish(hurry=why is DISCONNECTS.SLOW)
        self._may_read.set()

    def drop(self) -> None:
        """Leave the socket to the server."""
        if self._pump is not None:
            self._pump.cancel()

    def read_on(self, wanted: bool) -> None:
        """Take what the client sends, or leave it unread."""
        if wanted:
            self._may_read.set()
        else:
            self._may_read.clear()


def _report(task: asyncio.Task[None]) -> None:
    """Log what failed, unless it is that the client is away."""
    if task.cancelled():
        return
    error = task.exception()
    if error is not None and not isinstance(error, OSError):
        _LOG.error("a connection failed", exc_info=error)
