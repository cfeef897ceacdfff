"""HTTP streaming: a POST with the first commands, answered by a body that goes on (spec section 2.2)."""

from renown.gateway.gateway import Gateway
from renown.gateway.transports.emulation import Sessions
from renown.gateway.transports.exchange import Exchange
from renown.gateway.transports.streaming import first_commands, stream
from renown.gateway.wires import STREAM_JSON, STREAM_PROTOBUF

__all__ = ["HttpStream"]

_METHODS = ("POST",)


class HttpStream:
    """The endpoint `/connection/http_stream`."""

    def __init__(self, gateway: Gateway, sessions: Sessions) -> None:
        self._gateway = gateway
        self._sessions = sessions

    async def __call__(self, exchange: Exchange) -> None:
        """Serve one client."""
        if not await exchange.admit(self._gateway.origins, _METHODS):
            return
        commands = await first_commands(self._gateway, exchange)
        if commands is None:
            return
        wire, content_type = (
            (STREAM_PROTOBUF, b"application/octet-stream")
            if exchange.binary
            else (STREAM_JSON, b"application/json; charset=utf-8")
        )
        await stream(self._gateway, self._sessions, exchange, wire, commands, content_type=content_type)
