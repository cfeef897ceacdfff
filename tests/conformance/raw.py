"""A WebSocket client that knows nothing of the protocol: for byte-exact looks at the server."""

import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

__all__ = ["Raw"]


class Raw:
    """Sends text as it is; receives one reply at a time, however they were framed."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._lines: deque[str] = deque()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, **options: Any) -> AsyncIterator[Self]:
        options = {"proxy": None, "ping_interval": None, "compression": None, **options}
        async with connect(url, **options) as socket:
            yield cls(socket)

    async def send(self, *commands: str | dict[str, Any]) -> None:
        """Send commands in one frame."""
        lines = [c if isinstance(c, str) else json.dumps(c, separators=(",", ":")) for c in commands]
        await self.socket.send("\n".join(lines))

    async def line(self) -> str:
        """Return the next reply as it came."""
        while not self._lines:
            message = await self.socket.recv()
            assert isinstance(message, str)
            self._lines.extend(message.split("\n"))
        return self._lines.popleft()

    async def reply(self) -> dict[str, Any]:
        """Return the next reply decoded."""
        reply: dict[str, Any] = json.loads(await self.line())
        return reply

    async def ask(self, *commands: str | dict[str, Any]) -> dict[str, Any]:
        """Send commands and return the first reply."""
        await self.send(*commands)
        return await self.reply()

    async def line_of(self, *commands: str | dict[str, Any]) -> str:
        """Send commands and return the first reply as it came."""
        await self.send(*commands)
        return await self.line()

    async def hello(self, token: str | None = None) -> dict[str, Any]:
        """Connect and return the connect result."""
        request = {"name": "raw"} | ({"token": token} if token else {})
        reply = await self.ask({"id": 1, "connect": request})
        result: dict[str, Any] = reply["connect"]
        return result

    async def subscribe(self, channel: str, number: int = 2, **more: Any) -> dict[str, Any]:
        """Subscribe and return the result."""
        reply = await self.ask({"id": number, "subscribe": {"channel": channel, **more}})
        result: dict[str, Any] = reply["subscribe"]
        return result

    async def publication(self) -> dict[str, Any]:
        """Return the publication of the next push."""
        reply = await self.reply()
        pub: dict[str, Any] = reply["push"]["pub"]
        return pub

    async def closed(self) -> tuple[int, str]:
        """Read to the end and return the server's close code and reason."""
        with suppress(ConnectionClosed):
            while True:
                await self.socket.recv()
        return self.socket.close_code or 0, self.socket.close_reason or ""
