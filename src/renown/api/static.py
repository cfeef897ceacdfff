"""The built web files: the dashboard at `/`, the widget script, their assets."""

import gzip
import re
from hashlib import blake2b
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Request, Response, get

from renown.api.services import Services, Use
from renown.api.standings import matches
from renown.errors import NotFoundError
from renown.gateway.options import Shown

__all__ = ["get_asset", "get_dashboard", "get_widget"]

_SHORT: Final = "public, max-age=60, stale-while-revalidate=600"
_FOREVER: Final = "public, max-age=31536000, immutable"
_DASHBOARD_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_NOT_BUILT: Final = b"""<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Renown</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:38rem;margin:15vh auto;padding:0 1rem;
color-scheme:light dark}code{padding:.1em .4em;border-radius:4px;background:#8882}</style>
<h1>The server runs; its web files are not built</h1>
<p>Run <code>make setup</code> in the source checkout and start the server again.
The HTTP API works without them: <a href="/v1/info">/v1/info</a>, <a href="/schema">/schema</a>.</p></html>"""
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
_ASSET: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
"""What the build names its files; nothing else is asked of the file system."""

_SHOWN: Final = re.compile(rb'\{slow:"dim",stale:"keep",offline:"as_of",share:\w+=>\w+\}')
"""What the widget shows by default, as the build writes it."""
_TABS: Final = "widget-tabs.js"
"""What the widget loads where tabs share a connection."""
_OPENED: Final = {"cross-origin-resource-policy": "cross-origin"}

_REFUSED: Final = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")


class _File(msgspec.Struct, frozen=True):
    body: bytes
    packed: bytes | None
    """After gzip, where that helps."""
    tag: str


_read: dict[tuple[Path, int, int, Shown | None], _File] = {}
"""The files served so far, by path, time, size and the rule written into them."""


def _load(path: Path, shown: Shown | None) -> _File | None:
    try:
        stat = path.stat()
        key = (path, stat.st_mtime_ns, stat.st_size, shown)
        if key not in _read:
            body = path.read_bytes()
            if shown is not None:
                body = _SHOWN.sub(_written(shown), body)
            packed = gzip.compress(body, 9, mtime=0) if path.suffix in _TYPES else None
            _read[key] = _File(body, packed, blake2b(body, digest_size=10).hexdigest())
        return _read[key]
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


def _written(shown: Shown) -> bytes:
    rule = f'slow:"{shown.slow}",stale:"{shown.reconnecting}",offline:"{shown.offline}"'
    # Spread, as that is what fits into the widget's limit: the script exports `share`.
    share = f'...await import("./assets/{_TABS}")' if shown.tabs == "shared" else "share:e=>e"
    return f"{{{rule},{share}}}".encode()


def _serve(
    request: Request[Any, Any, Any],
    path: Path,
    cache: str,
    headers: dict[str, str] | None = None,
    shown: Shown | None = None,
) -> Response[bytes] | None:
    found = _load(path, shown)
    if found is None:
        return None
    packed = found.packed if _takes_gzip(request.headers.get("accept-encoding", "")) else None
    tag = f'"{found.tag}"' if packed is None else f'"{found.tag}-gzip"'
    headers = {"etag": tag, "cache-control": cache, **(headers or {})}
    if found.packed is not None:
        headers["vary"] = "Accept-Encoding"
    if matches(request.headers.get("if-none-match"), tag):
        return Response(b"", status_code=304, headers=headers)
    media = _TYPES.get(path.suffix) or guess_type(path.name)[0] or "application/octet-stream"
    if packed is not None:
        headers["content-encoding"] = "gzip"
    return Response(found.body if packed is None else packed, media_type=media, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    return "gzip" in accepted and _REFUSED.search(accepted) is None


def _not_built(services: Services) -> Response[bytes]:
    del services
    return Response(
        _NOT_BUILT, status_code=503, media_type="text/html", headers={"cache-control": "no-store"}
    )


@get("/", include_in_schema=False, sync_to_thread=False)
def get_dashboard(request: Request[Any, Any, Any], services: Use) -> Response[bytes]:
    """Serve the dashboard."""
    page = services.static / "dashboard" / "index.html"
    headers = {"content-security-policy": _DASHBOARD_POLICY, "x-frame-options": "DENY"}
    return _serve(request, page, "no-cache", headers) or _not_built(services)


@get("/widget.js", include_in_schema=False, sync_to_thread=False)
def get_widget(request: Request[Any, Any, Any], services: Use) -> Response[bytes]:
    """Serve the widget's script: cached shortly, so that it always fits the server.

    What the rule of `standing:` says a viewer should see is written into it, so that it is known without a
    request, and before there is a connection.
    """
    shown = services.gateway.channels.rules()["standing"].shown
    found = _serve(request, services.static / "widget.js", _SHORT, _OPENED, shown)
    if found is None:
        body = b'console.error("Renown: the widget is not built; run make setup in the source checkout.");\n'
        return Response(
            body, status_code=503, media_type="text/javascript", headers={"cache-control": "no-store"}
        )
    return found


@get("/assets/{name:str}", include_in_schema=False, sync_to_thread=False)
def get_asset(request: Request[Any, Any, Any], services: Use, name: str) -> Response[bytes]:
    """Serve a file of the dashboard, whose name changes with its content, or what the widget loads."""
    found = None
    if name == _TABS:
        found = _serve(request, services.static / _TABS, _SHORT, _OPENED)
    elif _ASSET.fullmatch(name):
        found = _serve(request, services.static / "dashboard" / "assets" / name, _FOREVER)
    if found is None:
        raise NotFoundError(f"There is nothing at /assets/{name[:80]}.")
    return found
