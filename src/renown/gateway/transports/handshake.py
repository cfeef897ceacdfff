"""The opening handshake: which upgrades are let in, and with which answer."""

from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from websockets.datastructures import Headers, MultipleValuesError
from websockets.http11 import Request, Response
from websockets.protocol import Event
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from renown.gateway.admission.origins import OriginRule
from renown.gateway.transports.frame_pings import FRAME_PINGS
from renown.gateway.transports.upgrade import accepted, is_plain_upgrade, read_head
from renown.gateway.wires import WS_JSON, WS_PROTOBUF, Wire

__all__ = ["FIRST_FRAME", "Handshake"]

_WIRES: Final[dict[str, Wire]] = {"centrifuge-json": WS_JSON, "centrifuge-protobuf": WS_PROTOBUF}
"""The subprotocols, by name."""
FIRST_FRAME: Final = "first_frame"
"""In the URL: the client waits for a first frame before it believes that the connection works."""


class Handshake(ServerProtocol):
    """The server's side of one opening handshake. It is dropped once the connection is open."""

    wire: Wire = WS_JSON
    """What the client asked for; good once the request was accepted."""
    first_frame: bool = False
    """Whether the client waits for a first frame, so that a proxy which swallows all is found out."""

    frame_pings: bool = False
    """Whether the client wants WebSocket's own pings instead of the protocol's."""

    _plain: dict[str, str] | None = None
    """The header fields, where the request was read here."""
    _begun: bool = False
    """Whether anything was received."""
    _read: Request | None = None
    """What was read here and not yet taken."""

    def receive_data(self, data: bytes | bytearray) -> None:
        """Take bytes from the network; a whole and plain request is read at once."""
        head = None if self._begun else read_head(bytes(data))
        self._begun = True
        if head is None or not is_plain_upgrade(head[1]):
            super().receive_data(data)
            return
        path, self._plain = head
        self._read = Request(path, Headers(self._plain))

    def events_received(self) -> list[Event]:
        """Return the request, once it is there."""
        if self._read is None:
            return super().events_received()
        read, self._read = self._read, None
        return [read]

    def accept(self, request: Request) -> Response:
        """Return the response that opens the connection, or says why the handshake is no good."""
        if self._plain is None:
            return super().accept(request)
        self.accept_called = True
        subprotocol = self.process_subprotocol(request.headers)
        fields = accepted(self._plain["sec-websocket-key"], subprotocol)
        return Response(HTTPStatus.SWITCHING_PROTOCOLS, "Switching Protocols", Headers(fields))

    def process_subprotocol(self, headers: Headers) -> Subprotocol | None:
        """Choose the first known name in the client's order; else name nothing.

        Some clients send the header with an empty value, so it is read leniently.
        """
        values = headers.get_all("Sec-WebSocket-Protocol")
        offered = [name.strip() for value in values for name in value.split(",")]
        for name in offered:
            if name in _WIRES:
                self.wire = _WIRES[name]
                return Subprotocol(name)
        return None

    def answer(self, request: Request, at: str, origins: OriginRule) -> Response:
        """Return the response: 101, or why not; `at` is the path of the WebSocket."""
        path, _, query = request.path.partition("?")
        try:
            origin = request.headers.get("Origin")
            host = request.headers.get("Host", "")
        except MultipleValuesError:
            return self.reject(HTTPStatus.BAD_REQUEST, "Origin and Host may be given once.\n")
        if not origins.serves(host):
            return self.reject(HTTPStatus.FORBIDDEN, "In dev mode only names of this machine are served.\n")
        if path != at:
            return self.reject(HTTPStatus.NOT_FOUND, "There is no WebSocket here.\n")
        if origin is not None and not origins.allows(origin, host):
            return self.reject(HTTPStatus.FORBIDDEN, "This origin may not connect.\n")
        asked = parse_qs(query)
        if any("protobuf" in asked.get(name, ()) for name in ("cf_protocol", "format")):
            self.wire = WS_PROTOBUF
        self.first_frame = FIRST_FRAME in asked
        self.frame_pings = asked.get(FRAME_PINGS) == ["true"]
        return self.accept(request)
