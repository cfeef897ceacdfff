"""The widget's promise to the pages it stands in: element and client in 4,096 bytes, whatever the rule."""

import gzip
from pathlib import Path

import httpx

import renown
from tests.browser.rules import ruled
from tests.running import RunningServer

LIMIT = 4096


def size(script: bytes) -> int:
    """How many bytes it has after gzip -9."""
    return len(gzip.compress(script, 9, mtime=0))


def test_the_built_widget_is_within_its_limit() -> None:
    built = Path(renown.__file__).parent / "static" / "widget.js"
    assert built.is_file(), "the widget is not built: run `make setup`"
    assert 1000 < size(built.read_bytes()) <= LIMIT


def test_the_served_widget_has_the_operators_rule_in_it_and_is_within_its_limit(
    tmp_path: Path, shared: RunningServer
) -> None:
    plain = httpx.get(f"{shared.url}/widget.js", timeout=20)
    with ruled(tmp_path, slow="keep", reconnecting="as_of", offline="hide", tabs="shared") as server:
        found = httpx.get(f"{server.url}/widget.js", timeout=20)
        tag = {"if-none-match": found.headers["etag"]}
        assert httpx.get(f"{server.url}/widget.js", headers=tag, timeout=20).status_code == 304
        tabs = httpx.get(f"{server.url}/assets/widget-tabs.js", timeout=20)
    assert 'slow:"keep",stale:"as_of",offline:"hide"' in found.text
    assert 'import("./assets/widget-tabs.js")' in found.text
    assert 'slow:"dim",stale:"keep",offline:"as_of"' in plain.text
    assert "widget-tabs" not in plain.text
    assert plain.headers["etag"] != found.headers["etag"]
    assert size(found.content) <= LIMIT
    assert (tabs.status_code, tabs.headers["access-control-allow-origin"]) == (200, "*")
    assert size(tabs.content) <= 1024


def test_what_is_served_is_compressed_for_those_who_take_it(shared: RunningServer) -> None:
    url = f"{shared.url}/widget.js"
    packed = httpx.get(url, headers={"accept-encoding": "gzip, br"}, timeout=20)
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) <= LIMIT
    for accepted in ("identity", "br, gzip;q=0"):
        plain = httpx.get(url, headers={"accept-encoding": accepted}, timeout=20)
        assert "content-encoding" not in plain.headers
        assert plain.content == packed.content
        assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
        assert plain.headers["etag"] != packed.headers["etag"]
    tag = {"accept-encoding": "gzip", "if-none-match": packed.headers["etag"]}
    assert httpx.get(url, headers=tag, timeout=20).status_code == 304
