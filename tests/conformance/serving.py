"""A gateway under uvicorn in this process, on a free loopback port."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal

import uvicorn

from renown.gateway import Gateway
from renown.gateway.transports.asgi import GatewayApp
from renown.gateway.transports.http_protocol import HttpProtocol
from renown.gateway.transports.websocket import protocol_class

__all__ = ["Served", "serve"]


class Served:
    """Where a served gateway listens."""

    def __init__(self, gateway: Gateway, port: int, sockets: set[Any]) -> None:
        self.gateway = gateway
        self.port = port
        self.sockets = sockets
        """Connections that uvicorn holds, of whatever kind."""

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/connection/websocket"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class _Server(uvicorn.Server):
    """uvicorn that says when it is up and leaves the signals to pytest."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve(
    gateway: Gateway, port: int = 0, *, http: Literal["httptools", "h11"] = "httptools"
) -> AsyncIterator[Served]:
    """Serve `gateway` until the block ends; then close every connection and the gateway."""
    # With its protocol named, as `getaddrinfo` does: else asyncio leaves Nagle's delays on.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        config = uvicorn.Config(
            GatewayApp(gateway),
            ws=protocol_class(gateway),
            http=HttpProtocol if http == "httptools" else http,
            lifespan="off",
            log_level="warning",
        )
        server = _Server(config)
        await gateway.start()
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await server.up.wait()
            yield Served(gateway, listener.getsockname()[1], server.server_state.connections)
        finally:
            server.should_exit = True
            await task
            await gateway.stop()
