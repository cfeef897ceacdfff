"""The outermost ASGI layer: origins, headers on every response, the short ways for events and realtime."""

from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import unquote

from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from renown.api.answer import SECURITY, EdgeAnswer
from renown.api.metrics import Metrics
from renown.api.problem import PROBLEM_JSON, details_of, encode
from renown.errors import ForbiddenError
from renown.gateway.admission.origins import OriginRule
from renown.gateway.transports.asgi import GatewayApp

__all__ = ["Edge"]

_SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))
_OPEN: Final = ("/badge/", "/widget.js", "/assets/")
"""What any page of any origin may load."""
_PREFLIGHT: Final = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, OPTIONS"),
    (b"access-control-allow-headers", b"authorization, content-type, if-none-match, x-api-key"),
    (b"access-control-max-age", b"600"),
    (b"content-length", b"0"),
]


class Edge:
    """Wraps the application. Nothing here reads a body."""

    def __init__(
        self, app: ASGIApp, events: ASGIApp, realtime: GatewayApp, origins: OriginRule, metrics: Metrics
    ) -> None:
        self._app = app
        self._events = events
        self._realtime = realtime
        self._origins = origins
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "websocket":
            await self._realtime(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._realtime.serves(scope):
            # It has CORS rules of its own: these clients may be told more than those of the API.
            await self._realtime(scope, receive, EdgeAnswer(send, SECURITY, self._metrics, scope))
            return
        origin, host = _origin_and_host(scope["headers"])
        if not self._origins.serves(host):
            await _refuse_host(host, EdgeAnswer(send, SECURITY, self._metrics, scope))
            return
        allowed = origin is None or self._origins.allows(origin, host)
        answer = EdgeAnswer(send, self._extra_headers(scope["path"], origin, allowed), self._metrics, scope)
        if origin is not None and scope["method"] == "OPTIONS":
            await self._preflight(allowed, scope, answer)
        elif not allowed and scope["method"] not in _SAFE:
            await _refuse(origin, answer)
        elif scope["path"] == "/v1/events" and scope["method"] == "POST":
            await self._events(scope, receive, answer)
        else:
            _keep_slashes(scope)
            if scope["method"] == "HEAD":
                # The server below leaves out the body; it goes by its own copy of the method.
                scope = {**scope, "method": "GET"}
            await self._app(scope, receive, answer)

    def _extra_headers(self, path: str, origin: str | None, allowed: bool) -> Sequence[tuple[bytes, bytes]]:
        if path.startswith(_OPEN):
            return [*SECURITY, (b"access-control-allow-origin", b"*")]
        if origin is None:
            return SECURITY
        vary = (b"vary", b"Origin")
        if not allowed:
            return [*SECURITY, vary]
        return [
            *SECURITY,
            vary,
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-expose-headers", b"ETag, Retry-After"),
        ]

    async def _preflight(self, allowed: bool, scope: HTTPScope, send: Send) -> None:
        if not allowed and not scope["path"].startswith(_OPEN):
            await _refuse(_origin_and_host(scope["headers"])[0], send)
            return
        await send({"type": "http.response.start", "status": 204, "headers": _PREFLIGHT})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _refuse(origin: str | None, send: Send) -> None:
    error = ForbiddenError(
        f"Pages of {origin} may not do this; the setting origins says which may.",
        code="origin_not_allowed",
        field="Origin",
    )
    await _send_problem(error, send)


async def _refuse_host(host: str, send: Send) -> None:
    error = ForbiddenError(
        f"In dev mode the server answers under names of this machine only, not as {host[:80] or 'nobody'}.",
        code="host_not_allowed",
        field="Host",
        expected="localhost, *.localhost, 127.0.0.0/8 or [::1]",
    )
    await _send_problem(error, send)


async def _send_problem(error: ForbiddenError, send: Send) -> None:
    body = encode(details_of(error))
    headers = [
        (b"content-type", PROBLEM_JSON.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _origin_and_host(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str | None, str]:
    origin: str | None = None
    host = ""
    for name, value in headers:
        if name == b"origin":
            origin = value.decode("latin-1")
        elif name == b"host":
            host = value.decode("latin-1")
    return origin, host


def _keep_slashes(scope: HTTPScope) -> None:
    """Keep an encoded slash within its segment, so that ids may hold one."""
    raw = scope["raw_path"]
    if b"%2f" not in raw and b"%2F" not in raw:
        return
    segments = raw.decode("latin-1").partition("?")[0].split("/")
    scope["path"] = "/".join(unquote(segment).replace("/", "%2F") for segment in segments)
