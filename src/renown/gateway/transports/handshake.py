"""The opening handshake: which upgrades are let in, and with which answer."""

from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from websockets.datastructures import Headers, MultipleValuesError
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from renown.gateway.admission.origins import OriginRule

__all__ = ["Handshake"]

_JSON: Final = Subprotocol("centrifuge-json")


class Handshake(ServerProtocol):
    """The server's side of one opening handshake. It is dropped once the connection is open."""

    def process_subprotocol(self, headers: Headers) -> Subprotocol | None:
        """Choose JSON when it is offered by name; else name nothing.

        Some clients send the header with an empty value, so it is read leniently.
        """
        values = headers.get_all("Sec-WebSocket-Protocol")
        offered = [name.strip() for value in values for name in value.split(",")]
        return _JSON if _JSON in offered else None

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
        if _wants_protobuf(query):
            return self.reject(HTTPStatus.BAD_REQUEST, "Only the JSON protocol is spoken here.\n")
        return self.accept(request)


def _wants_protobuf(query: str) -> bool:
    asked = parse_qs(query)
    return any("protobuf" in asked.get(name, ()) for name in ("cf_protocol", "format"))
