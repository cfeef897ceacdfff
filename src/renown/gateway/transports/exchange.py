"""One HTTP request and its answer over ASGI, as the transports that are not WebSockets need them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final
from urllib.parse import parse_qs

from renown.gateway.admission.limits import Addresses, Turned
from renown.gateway.admission.origins import OriginRule

__all__ = [
    "NOT_STORED",
    "TRANSPORT",
    "WHOLE",
    "Exchange",
    "Gone",
    "Receive",
    "Scope",
    "Send",
    "TooLarge",
    "WholeAnswer",
    "address_of",
    "path_of",
    "whole_of",
]

Scope = Any
"""ASGI's connection scope, a mapping. Frameworks differ in how they type these three."""
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

TRANSPORT: Final = "renown.transport"
"""The extension in ASGI's scope under which a server may tell the socket's transport."""
WHOLE: Final = "renown.whole"
"""The extension under which a server may take an answer as a whole."""
WholeAnswer = Callable[[Iterable[tuple[bytes, bytes]], bytes], bool]
"""Answers with status 200, headers that are known to be good, its length among them, and a body; False: it
cannot now, and ASGI's own way is to be gone."""
_MAX_AGE: Final = b"300"
NOT_STORED: Final = [
    (b"cache-control", b"private, no-cache, no-store, must-revalidate, max-age=0"),
    (b"pragma", b"no-cache"),
]
"""Headers of what no cache may keep."""


class Gone(Exception):
    """The client left before its request was whole."""


class TooLarge(Exception):
    """The body is larger than may be."""


def path_of(scope: Scope) -> str:
    """Return the path within this application, wherever it is mounted."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    return path[len(root) :] if root and path.startswith(root + "/") else path


def whole_of(scope: Scope) -> WholeAnswer | None:
    """Return how to answer a request as a whole, where the server can."""
    extensions: dict[str, Any] | None = scope.get("extensions")
    return None if extensions is None else extensions.get(WHOLE)


def address_of(scope: Scope, addresses: Addresses) -> str:
    """Return whom a connection counts for."""
    client = scope.get("client")
    hops = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"]
    return addresses.of(client[0] if client else "", {"x-forwarded-for": ",".join(hops)})


class Exchange:
    """A request, and the one answer to it: whole, or streamed piece by piece."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._cors: list[tuple[bytes, bytes]] = []
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), value)
        self._headers = headers

    @property
    def method(self) -> str:
        """The request's method."""
        return self._scope["method"]

    @property
    def scope(self) -> Scope:
        """ASGI's scope of the request."""
        return self._scope

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's parameters; those without a value, too."""
        return parse_qs(self._scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)

    def header(self, name: bytes) -> str:
        """Return a header's value; empty when it is absent."""
        return self._headers.get(name, b"").decode("latin-1")

    @property
    def binary(self) -> bool:
        """Whether the body is said to be bytes rather than JSON."""
        return self.header(b"content-type").partition(";")[0].strip().lower() == "application/octet-stream"

    async def admit(self, origins: OriginRule, methods: tuple[str, ...]) -> bool:
        """Return whether to go on; when not, the request is answered.

        Foreign hosts and origins are refused, a preflight is answered, other methods are not allowed.
        """
        host, origin = self.header(b"host"), self._headers.get(b"origin")
        if not origins.serves(host):
            await self.answer(403, "In dev mode only names of this machine are served.\n")
            return False
        if origin is not None:
            self._cors = [(b"vary", b"Origin")]
            if not origins.allows(origin.decode("latin-1"), host):
                await self.answer(403, "This origin may not connect.\n")
                return False
            self._cors += [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-credentials", b"true"),
            ]
        if self.method in methods:
            return True
        allowed = ", ".join((*methods, "OPTIONS")).encode()
        if self.method == "OPTIONS":
            await self._answer_preflight(allowed)
        else:
            await self.answer(405, "This method is not allowed here.\n", headers=[(b"allow", allowed)])
        return False

    async def _answer_preflight(self, allowed: bytes) -> None:
        headers = [(b"access-control-allow-methods", allowed), (b"access-control-max-age", _MAX_AGE)]
        asked = self._headers.get(b"access-control-request-headers")
        if asked is not None:
            headers.append((b"access-control-allow-headers", asked))
        await self.answer(204, headers=headers)

    async def body(self, limit: int, patience: float) -> bytes:
        """Return the request's body; it must be whole within `patience` seconds.

        Raises:
            TooLarge: it has more than `limit` bytes.
            Gone: the client left.
            TimeoutError: it did not come in time.

        """
        length = self.header(b"content-length")
        if length.isdecimal() and int(length) > limit:
            raise TooLarge
        async with asyncio.timeout(patience):
            return await self._read(limit)

    async def _read(self, limit: int) -> bytes:
        body = b""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Gone
            body += message.get("body", b"")
            if len(body) > limit:
                raise TooLarge
            more = message.get("more_body", False)
        return body

    async def answer(
        self,
        status: int,
        body: str | bytes = b"",
        *,
        content_type: bytes = b"text/plain; charset=utf-8",
        headers: Headers = (),
    ) -> None:
        """Answer whole."""
        data = body.encode() if isinstance(body, str) else body
        about = [] if status == 204 else [(b"content-length", str(len(data)).encode())]
        if data:
            about.append((b"content-type", content_type))
        start = {"type": "http.response.start", "status": status, "headers": [*about, *headers, *self._cors]}
        await self._send(start)
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    async def turn_away(self, turned: Turned) -> None:
        """Tell a client to come back later."""
        later = [(b"retry-after", str(turned.retry_after).encode())]
        await self.answer(turned.status, f"{turned.reason.capitalize()}.\n", headers=later)

    async def begin(self, content_type: bytes) -> None:
        """Begin an answer that is neither stored nor held back on its way."""
        headers = [(b"content-type", content_type), (b"x-accel-buffering", b"no"), *NOT_STORED, *self._cors]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def write(self, data: bytes) -> None:
        """Send a piece of the answer; wait while the client does not read."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        """End an answer that was begun."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    @property
    def unread(self) -> int:
        """Bytes of the answer that wait in the server's socket; 0 where it is not told, see `TRANSPORT`."""
        transport = self._transport
        return 0 if transport is None else transport.get_write_buffer_size()

    def hang_up(self) -> None:
        """Drop the connection, if there still is something unread."""
        transport = self._transport
        if transport is not None and transport.get_write_buffer_size():
            transport.abort()

    @property
    def _transport(self) -> asyncio.Transport | None:
        extensions: dict[str, dict[str, asyncio.Transport]] = self._scope.get("extensions") or {}
        return extensions.get(TRANSPORT, {}).get("transport")

    async def gone(self) -> None:
        """Return when the client has left."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
