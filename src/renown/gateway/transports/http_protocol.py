"""What uvicorn gives each connection: WebSockets go to the gateway at once, all others to its HTTP.

Most connections of this server open a WebSocket with their first bytes. For these no request of HTTP is put
together only to be taken apart again.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from renown.gateway.transports.exchange import TRANSPORT, WHOLE
from renown.gateway.transports.upgrade import is_plain_upgrade, read_head
from renown.gateway.transports.websocket import Connection

__all__ = ["HttpProtocol"]


class _Http(HttpToolsProtocol):
    """uvicorn's HTTP, with two things more that ASGI knows no way to do.

    Transports may hang up on a client that never reads: else the bytes that a vanished reader was sent would
    stay for as long as its machine keeps the connection up. And short answers may be written at once.
    """

    def on_headers_complete(self) -> None:
        """Have the request answered by an application that knows its socket and how to answer at once."""
        extensions: dict[str, Any] = {TRANSPORT: {"transport": self.transport}}
        self.scope["extensions"] = extensions
        super().on_headers_complete()
        # The application begins with the next round of the loop. What becomes a WebSocket has no cycle.
        if getattr(self.cycle, "scope", None) is self.scope:
            extensions[WHOLE] = _Whole(self.cycle)


class _Whole:
    """Answers one request with one write."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def __call__(self, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bool:
        cycle = self._cycle
        if cycle.response_started or cycle.disconnected or cycle.flow.write_paused:
            return False
        lines = [b"%b: %b\r\n" % header for header in (*cycle.default_headers, *headers)]
        if not cycle.keep_alive:
            lines.append(b"connection: close\r\n")
        cycle.transport.write(b"".join((b"HTTP/1.1 200 OK\r\n", *lines, b"\r\n", body)))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True


class HttpProtocol(asyncio.Protocol):
    """A protocol class for `uvicorn.Config(http=...)`: it waits for the first bytes."""

    __slots__ = ("_app_state", "_config", "_server_state", "_transport")

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._config = config
        self._server_state = server_state
        self._app_state = app_state
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the socket."""
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Hand the socket over to what these bytes ask for."""
        transport = self._transport
        if transport is None:
            return
        self._connections.discard(self)
        head = read_head(data)
        if head is not None and is_plain_upgrade(head[1]):
            websocket = self._make(self._config.ws_protocol_class)
            if isinstance(websocket, Connection):
                transport.set_protocol(websocket)
                websocket.connection_made(transport)
                websocket.greet(data, head)
                return
        http = self._make(_Http)
        transport.set_protocol(http)
        http.connection_made(transport)
        http.data_received(data)

    def _make(self, kind: Callable[..., asyncio.Protocol] | None) -> asyncio.Protocol:
        made = _Http if kind is None else kind
        return made(config=self._config, server_state=self._server_state, app_state=self._app_state)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a client that said nothing."""
        _ = exc
        self._connections.discard(self)
        self._transport = None

    def shutdown(self) -> None:
        """Close: called by uvicorn for every connection when it stops."""
        if self._transport is not None:
            self._transport.close()

    @property
    def _connections(self) -> set[Any]:
        return cast(set[Any], self._server_state.connections)
