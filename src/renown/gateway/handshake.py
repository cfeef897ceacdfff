"""The opening handshake: which upgrades are let in, and with which answer."""

import re
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers, MultipleValuesError
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from renown.gateway.options import GatewayOptions

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

    def answer(self, request: Request, options: GatewayOptions) -> Response:
        """Return the response: 101, or why not."""
        path, _, query = request.path.partition("?")
        if path != options.path:
            return self.reject(HTTPStatus.NOT_FOUND, "There is no WebSocket here.\n")
        if not _origin_is_allowed(request.headers, options.origins):
            return self.reject(HTTPStatus.FORBIDDEN, "This origin may not connect.\n")
        if _wants_protobuf(query):
            return self.reject(HTTPStatus.BAD_REQUEST, "Only the JSON protocol is spoken here.\n")
        return self.accept(request)


def _wants_protobuf(query: str) -> bool:
    asked = parse_qs(query)
    return any("protobuf" in asked.get(name, ()) for name in ("cf_protocol", "format"))


def _origin_is_allowed(headers: Headers, allowed: Sequence[str]) -> bool:
    try:
        origin = headers.get("Origin")
        host = headers.get("Host")
    except MultipleValuesError:
        return False
    if origin is None:
        return True
    origin = origin.lower()
    if host is not None and _authority(origin) == host.lower():
        return True
    return any(_pattern(pattern).fullmatch(origin) for pattern in allowed)


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.lower().split("*"))))


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None
