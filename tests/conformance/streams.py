"""Clients of HTTP streaming and SSE that know little of the protocol: for byte-exact looks at the server."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import quote

import httpx

from renown.protocol.wire.client_pb2 import Command, EmulationRequest, Reply
from tests.conformance.serving import Served

__all__ = ["Binary", "Streaming", "framed", "nobody_left", "until"]


async def until(condition: Callable[[], object]) -> None:
    """Wait until something holds, by far longer than it may take."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (what is waited for has no events)
            await asyncio.sleep(0.01)


async def nobody_left(server: Served) -> None:
    """Wait until the server has forgotten every connection."""
    metrics = server.gateway.metrics
    await until(lambda: not metrics.connections and not metrics.subscriptions)


class Streaming:
    """Reads replies from an endless answer and sends commands by way of emulation."""

    def __init__(self, http: httpx.AsyncClient, response: httpx.Response, *, events: bool) -> None:
        self.http = http
        self.response = response
        self.raw = b""
        """All bytes so far."""
        self._events = events
        self._chunks = response.aiter_raw()
        self._rest = b""
        self._lines: deque[str] = deque()
        self.session = ""
        self.node = ""

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *commands: dict[str, Any],
        sse: bool = False,
        post: bool = True,
        headers: dict[str, str] | None = None,
    ) -> AsyncIterator[Self]:
        """Open a stream at the server `url` with its first commands."""
        body = "\n".join(map(json.dumps, commands or ({"id": 1, "connect": {"name": "raw"}},)))
        path = "/connection/sse" if sse else "/connection/http_stream"
        if not post:
            path, body = f"{path}?cf_connect={quote(body)}", ""
        async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
            request = http.build_request("POST" if post else "GET", path, content=body, headers=headers)
            response = await http.send(request, stream=True)
            try:
                yield cls(http, response, events=sse)
            finally:
                await response.aclose()

    async def line(self) -> str:
        """Return the next reply as it came; empty at the end of the stream."""
        while not self._lines:
            try:
                chunk = await anext(self._chunks)
            except StopAsyncIteration:
                return ""
            self.raw += chunk
            self._take(chunk)
        return self._lines.popleft()

    def _take(self, chunk: bytes) -> None:
        self._rest += chunk
        separator = b"\n\n" if self._events else b"\n"
        *whole, self._rest = self._rest.split(separator)
        for piece in whole:
            line = piece.decode().removeprefix("\r\n")
            if self._events:
                assert line.startswith("data: "), line
            self._lines.append(line.removeprefix("data: "))

    async def reply(self) -> dict[str, Any]:
        """Return the next reply decoded."""
        reply: dict[str, Any] = json.loads(await self.line())
        return reply

    async def hello(self) -> dict[str, Any]:
        """Take the connect reply and remember where the uplink goes."""
        result: dict[str, Any] = (await self.reply())["connect"]
        self.session, self.node = result["session"], result["node"]
        return result

    async def send(self, *commands: dict[str, Any] | str) -> httpx.Response:
        """Send commands in one request."""
        data = "\n".join(c if isinstance(c, str) else json.dumps(c) for c in commands)
        return await self.http.post(
            "/emulation", json={"session": self.session, "node": self.node, "data": data}
        )

    async def ask(self, *commands: dict[str, Any]) -> dict[str, Any]:
        """Send commands and return the first reply."""
        response = await self.send(*commands)
        assert response.status_code == 204
        return await self.reply()

    async def end(self) -> list[str]:
        """Return all replies up to the end of the stream."""
        lines: list[str] = []
        while line := await asyncio.wait_for(self.line(), 30):
            lines.append(line)
        return lines


class Binary:
    """The same in Protobuf."""

    def __init__(self, http: httpx.AsyncClient, response: httpx.Response) -> None:
        self.http = http
        self.response = response
        self._chunks = response.aiter_raw()
        self._rest = b""
        self.session = ""
        self.node = ""

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *commands: Command) -> AsyncIterator[Self]:
        """Open a stream at the server `url` with its first commands."""
        async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
            headers = {"Content-Type": "application/octet-stream"}
            body = framed(*commands)
            request = http.build_request("POST", "/connection/http_stream", content=body, headers=headers)
            response = await http.send(request, stream=True)
            try:
                yield cls(http, response)
            finally:
                await response.aclose()

    async def reply(self) -> Reply:
        """Return the next reply."""
        while True:
            size, start = _length(self._rest)
            if start and len(self._rest) >= start + size:
                reply = Reply.FromString(self._rest[start : start + size])
                self._rest = self._rest[start + size :]
                return reply
            self._rest += await anext(self._chunks)

    async def hello(self) -> Reply:
        """Take the connect reply and remember where the uplink goes."""
        reply = await self.reply()
        self.session, self.node = reply.connect.session, reply.connect.node
        return reply

    async def send(self, *commands: Command) -> httpx.Response:
        """Send commands in one request."""
        request = EmulationRequest(node=self.node, session=self.session, data=framed(*commands))
        headers = {"Content-Type": "application/octet-stream"}
        return await self.http.post("/emulation", content=request.SerializeToString(), headers=headers)


def framed(*commands: Command) -> bytes:
    """Return commands as they stand in a body: each after its length."""
    encoded = [command.SerializeToString() for command in commands]
    return b"".join(_varint(len(data)) + data for data in encoded)


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes((number & 127 | 128,))
        number >>= 7
    return out + bytes((number,))


def _length(data: bytes) -> tuple[int, int]:
    """Return the length at the start of `data` and where what it measures begins; 0: not whole yet."""
    size = 0
    for place, byte in enumerate(data):
        size |= (byte & 127) << 7 * place
        if byte < 128:
            return size, place + 1
    return 0, 0
