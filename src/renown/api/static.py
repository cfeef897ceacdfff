"""The built web files: the dashboard at `/`, the widget script, their assets."""

import re
from hashlib import blake2b
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, get

from renown.api.services import Services, Use
from renown.api.standings import matches
from renown.errors import NotFoundError

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

_read: dict[tuple[Path, int, int], tuple[bytes, str]] = {}
"""Contents and entity tags of the files served so far, by path, time and size."""


def _load(path: Path) -> tuple[bytes, str] | None:
    try:
        stat = path.stat()
        key = (path, stat.st_mtime_ns, stat.st_size)
        if key not in _read:
            body = path.read_bytes()
            _read[key] = (body, f'"{blake2b(body, digest_size=10).hexdigest()}"')
        return _read[key]
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


def _serve(
    request: Request[Any, Any, Any], path: Path, cache: str, headers: dict[str, str] | None = None
) -> Response[bytes] | None:
    found = _load(path)
    if found is None:
        return None
    body, tag = found
    headers = {"etag": tag, "cache-control": cache, **(headers or {})}
    if matches(request.headers.get("if-none-match"), tag):
        return Response(b"", status_code=304, headers=headers)
    media = _TYPES.get(path.suffix) or guess_type(path.name)[0] or "application/octet-stream"
    return Response(body, media_type=media, headers=headers)


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
    """Serve the widget's script: cached shortly, so that it always fits the server."""
    script = services.static / "widget.js"
    found = _serve(request, script, _SHORT, {"cross-origin-resource-policy": "cross-origin"})
    if found is None:
        body = b'console.error("Renown: the widget is not built; run make setup in the source checkout.");\n'
        return Response(
            body, status_code=503, media_type="text/javascript", headers={"cache-control": "no-store"}
        )
    return found


@get("/assets/{name:str}", include_in_schema=False, sync_to_thread=False)
def get_asset(request: Request[Any, Any, Any], services: Use, name: str) -> Response[bytes]:
    """Serve a file of the dashboard; its name changes with its content."""
    found = None
    if _ASSET.fullmatch(name):
        found = _serve(request, services.static / "dashboard" / "assets" / name, _FOREVER)
    if found is None:
        raise NotFoundError(f"There is nothing at /assets/{name[:80]}.")
    return found
