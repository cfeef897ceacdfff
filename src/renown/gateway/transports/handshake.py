"""The opening handshake in full, by `websockets`: for upgrades that are refused, in pieces, or odd."""

from http import HTTPStatus

from websockets.datastructures import Headers, MultipleValuesError
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from renown.gateway.admission.limits import Turned
from renown.gateway.admission.origins import OriginRule
from renown.gateway.transports.upgrade import Verdict, Wanted, judge

__all__ = ["Handshake"]


class Handshake(ServerProtocol):
    """The server's side of one opening handshake. It is dropped once the connection is open."""

    verdict: Verdict = Verdict()
    """What was decided; good once the request was accepted."""

    def process_subprotocol(self, headers: Headers) -> Subprotocol | None:
        """Return the subprotocol that was chosen."""
        _ = headers
        chosen = self.verdict.subprotocol
        return None if chosen is None else Subprotocol(chosen)

    def answer(self, request: Request, at: str, origins: OriginRule) -> Response:
        """Return the response: 101, or why not; `at` is the path of the WebSocket."""
        try:
            origin = request.headers.get("Origin")
            host = request.headers.get("Host", "")
        except MultipleValuesError:
            return self.reject(HTTPStatus.BAD_REQUEST, "Origin and Host may be given once.\n")
        offered = ",".join(request.headers.get_all("Sec-WebSocket-Protocol"))
        self.verdict = judge(Wanted(request.path, host, origin, offered), at, origins)
        if self.verdict.status != HTTPStatus.SWITCHING_PROTOCOLS:
            return self.reject(HTTPStatus(self.verdict.status), self.verdict.reason)
        return self.accept(request)

    def turn_away(self, turned: Turned) -> Response:
        """Return the response to one upgrade too many."""
        response = self.reject(HTTPStatus(turned.status), f"{turned.reason.capitalize()}.\n")
        response.headers["Retry-After"] = str(turned.retry_after)
        return response
