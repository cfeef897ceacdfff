"""The `send` that the API's endpoints are given: it adds headers to the answer, and counts it."""

from collections.abc import Sequence
from typing import Final

from litestar.types import HTTPScope, Message, Send

from renown.api.metrics import Metrics
from renown.gateway.transports.exchange import whole_of

__all__ = ["SECURITY", "EdgeAnswer"]

Headers = Sequence[tuple[bytes, bytes]]

SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
)
"""What every answer says."""


class EdgeAnswer:
    """ASGI's `send` for one request."""

    __slots__ = ("_headers", "_metrics", "_scope", "_send")

    def __init__(self, send: Send, headers: Headers, metrics: Metrics, scope: HTTPScope) -> None:
        """Add `headers` to the answer."""
        self._send = send
        self._headers = headers
        self._metrics = metrics
        self._scope = scope

    async def __call__(self, message: Message) -> None:
        """Send one message of the answer."""
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *self._headers]
            self._metrics.responded(self._scope["method"], message["status"])
        await self._send(message)

    async def whole(self, headers: Headers, body: bytes) -> None:
        """Answer with status 200, `headers` of our own making, and `body`: with one write where that can be.

        ASGI's two messages become two writes, and two packets to wake the client with.
        """
        headers = [*headers, (b"content-length", b"%d" % len(body))]
        at_once = whole_of(self._scope)
        # What else was added may come from the request.
        if at_once is not None and self._headers is SECURITY and at_once([*headers, *SECURITY], body):
            self._metrics.responded(self._scope["method"], 200)
            return
        await self({"type": "http.response.start", "status": 200, "headers": headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})
