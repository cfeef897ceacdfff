"""Server-sent events: replies as events, JSON only (spec section 2.3)."""

from typing import Final

from renown.gateway.gateway import Gateway
from renown.gateway.transports.emulation import Sessions
from renown.gateway.transports.exchange import Exchange
from renown.gateway.transports.streaming import first_commands, stream
from renown.gateway.wires import SSE_JSON

__all__ = ["ServerSentEvents"]

_METHODS = ("GET", "POST")
_OPENING: Final = b"\r\n"
"""Some browsers take a stream for open only once something came."""


class ServerSentEvents:
    """The endpoint `/connection/sse`."""

    def __init__(self, gateway: Gateway, sessions: Sessions) -> None:
        self._gateway = gateway
        self._sessions = sessions

    async def __call__(self, exchange: Exchange) -> None:
        """Serve one client."""
        if not await exchange.admit(self._gateway.origins, _METHODS):
            return
        commands = await self._commands(exchange)
        if commands is None:
            return
        await stream(
            self._gateway,
            self._sessions,
            exchange,
            SSE_JSON,
            commands,
            content_type=b"text/event-stream",
            opening=_OPENING,
        )

    async def _commands(self, exchange: Exchange) -> bytes | None:
        if exchange.method == "POST":
            return await first_commands(self._gateway, exchange)
        value = exchange.query.get("cf_connect", [""])[0]
        commands = value.encode()
        limit = self._gateway.options.message_limit
        if len(commands) > limit:
            await exchange.answer(413, f"At most {limit} bytes are taken at once.\n")
            return None
        if commands:
            return commands
        await exchange.answer(400, "cf_connect must hold the connect command.\n")
        return None
