"""The uplink of transports that carry only replies: commands come one POST at a time (spec section 2.4)."""

import secrets
from typing import Protocol

import msgspec
from google.protobuf.message import DecodeError

from renown.gateway.gateway import Gateway
from renown.gateway.nodes.messages import Bring, Brought
from renown.gateway.nodes.nodes import Unanswered
from renown.gateway.transports.exchange import Exchange, Gone, TooLarge
from renown.protocol.wire.client_pb2 import EmulationRequest

__all__ = ["Emulation", "Sessions", "Uplinked"]

_METHODS = ("POST",)
_SECRET_BYTES = 24


class Uplinked(Protocol):
    """A connection whose commands come by way of its session."""

    def bring(self, message: bytes) -> bool:
        """Take a message in its turn; return False when too much waits already."""
        ...


class Sessions:
    """The sessions that this process holds, by the secret that only their client knows."""

    def __init__(self, node: str) -> None:
        self.node = node
        """The name of this process among those that may hold a session."""
        self._open: dict[str, Uplinked] = {}

    def add(self, connection: Uplinked) -> str:
        """Return a new secret by which `connection` is found."""
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        self._open[secret] = connection
        return secret

    def remove(self, secret: str) -> None:
        """Forget a session."""
        self._open.pop(secret, None)

    def find(self, secret: str) -> Uplinked | None:
        """Return the connection of a session; None when it has ended."""
        return self._open.get(secret)


class _Request(msgspec.Struct, frozen=True):
    session: str = ""
    node: str = ""
    data: str = ""


class Emulation:
    """The endpoint `/emulation`."""

    def __init__(self, gateway: Gateway, sessions: Sessions) -> None:
        self._gateway = gateway
        self._sessions = sessions
        self._decoder = msgspec.json.Decoder(_Request)
        gateway.nodes.answer(Bring, self._brought)

    async def __call__(self, exchange: Exchange) -> None:
        """Take one request."""
        options = self._gateway.options
        if not await exchange.admit(self._gateway.origins, _METHODS):
            return
        try:
            body = await exchange.body(options.message_limit, options.connect_deadline)
        except Gone:
            return
        except TooLarge:
            await exchange.answer(413, f"At most {options.message_limit} bytes are taken at once.\n")
            return
        except TimeoutError:
            await exchange.answer(408, "The request took too long to arrive.\n")
            return
        try:
            node, session, data = self._decode(body, binary=exchange.binary)
        except (msgspec.DecodeError, UnicodeDecodeError, DecodeError):
            await exchange.answer(400, "This is no emulation request.\n")
            return
        await self._deliver(exchange, node, session, data)

    def _decode(self, body: bytes, *, binary: bool) -> tuple[str, str, bytes]:
        if not binary:
            request = self._decoder.decode(body)
            return request.node, request.session, request.data.encode()
        message = EmulationRequest.FromString(body)
        return message.node, message.session, message.data

    async def _deliver(self, exchange: Exchange, node: str, session: str, data: bytes) -> None:
        if node == self._sessions.node:
            taken = self._bring(session, data)
        elif node not in self._gateway.nodes.others:
            await exchange.answer(404, "There is no such node.\n")
            return
        else:
            try:
                taken = (await self._gateway.nodes.ask(node, Bring(session, data))).taken
            except Unanswered:
                await exchange.answer(503, "The process that holds the session does not answer.\n")
                return
        if taken:
            await exchange.answer(204)
        else:
            await exchange.answer(
                429, "Earlier commands still wait to be done.\n", headers=[(b"retry-after", b"1")]
            )

    def _bring(self, session: str, data: bytes) -> bool:
        connection = self._sessions.find(session)
        return connection is None or connection.bring(data)

    async def _brought(self, _node: str, brought: Bring) -> Brought:
        return Brought(self._bring(brought.session, brought.data))
