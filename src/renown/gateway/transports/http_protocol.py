"""HTTP under uvicorn, with one thing more: transports may hang up on a client that never reads.

ASGI knows no way to do that. Without it the bytes that a vanished reader was sent would stay for as long as
its machine keeps the connection up.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from renown.gateway.transports.exchange import TRANSPORT

__all__ = ["HttpProtocol"]


class HttpProtocol(HttpToolsProtocol):
    """A protocol class for `uvicorn.Config(http=...)`."""

    def on_message_begin(self) -> None:
        """Begin a request, and tell the application its socket."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}
