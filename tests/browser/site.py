"""A web site that embeds widgets: an origin of its own, with headers as the test wants them."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

__all__ = ["Site"]


class Site:
    """Serves the pages it is given on a loopback port."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[str, dict[str, str]]] = {}
        pages = self._pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body, headers = pages.get(self.path, ("", {}))
                data = body.encode()
                self.send_response(200 if self.path in pages else 204)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(data)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_request(self, code: object = "-", size: object = "-") -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        """The site's address, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def page(self, body: str, *, head: str = "", lang: str = "en", **headers: str) -> str:
        """Publish a page and return its address; `Content_Security_Policy=…` becomes that header."""
        path = f"/{len(self._pages) + 1}"
        html = f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>shop</title>'
        html += f"{head}</head><body>{body}</body></html>"
        self._pages[path] = (html, {name.replace("_", "-"): value for name, value in headers.items()})
        return self.url + path

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
