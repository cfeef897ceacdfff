"""All realtime transports as one ASGI application."""

from collections.abc import Awaitable, Callable

from renown.gateway.gateway import Gateway
from renown.gateway.transports.emulation import Emulation, Sessions
from renown.gateway.transports.exchange import NOT_STORED, Exchange, Receive, Scope, Send, path_of
from renown.gateway.transports.http_stream import HttpStream
from renown.gateway.transports.messages import Messages
from renown.gateway.transports.polling import Polling
from renown.gateway.transports.sse import ServerSentEvents

__all__ = ["GatewayApp"]


class GatewayApp:
    """Serves a gateway's clients: WebSocket, HTTP streaming, SSE, emulation, polling.

    It can be mounted anywhere in another application. Who mounts it starts and stops the gateway, and lets
    it `drain` before the server stops.
    """

    def __init__(self, gateway: Gateway) -> None:
        options = gateway.options
        sessions = Sessions(gateway.node)
        self._messages = Messages(gateway)
        self._endpoints: dict[str, Callable[[Exchange], Awaitable[None]]] = {
            options.http_stream_path: HttpStream(gateway, sessions),
            options.sse_path: ServerSentEvents(gateway, sessions),
            options.emulation_path: Emulation(gateway, sessions),
            options.poll_path: Polling(gateway),
            options.path: _upgrade,
        }

    def serves(self, scope: Scope) -> bool:
        """Tell whether a request is for one of the transports."""
        return scope["type"] == "websocket" or path_of(scope) in self._endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "websocket":
            await self._messages(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            raise ValueError(f"ASGI connections of type {scope['type']} are not served here")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        endpoint = self._endpoints.get(path_of(scope))
        if endpoint is None:
            await exchange.answer(404, "There is nothing here.\n")
        else:
            await endpoint(exchange)


async def _upgrade(exchange: Exchange) -> None:
    """Say what is wrong with a plain request for the WebSocket."""
    why = "This is the address of a WebSocket: ask with `Upgrade: websocket`.\n"
    proxy = "If you did, a proxy in between does not pass that header on.\n"
    headers = [(b"upgrade", b"websocket"), (b"connection", b"upgrade"), *NOT_STORED]
    await exchange.answer(426, why + proxy, headers=headers)
