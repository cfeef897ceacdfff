"""Networks that treat WebSockets badly: the widget and `@renown/live` show the newest number all the same.

Stock SDKs do not in two of these cases, by design; what they do is written down in `docs/realtime.md`.
"""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.browser.chromium import Chromium, Page
from tests.browser.proxy import Proxy, Treatment
from tests.browser.shop import review, script, until_shown, value
from tests.browser.site import Site
from tests.running import RunningServer

_BUNDLE = Path(__file__).parents[2] / "web" / "packages" / "live" / "dist" / "live.js"
_BLOCKED: list[Treatment] = ["refuse", "missing", "mute", "cut"]

_WATCH = """<script type="module">
  const bundle = new Blob([document.querySelector('#bundle').textContent], {{ type: 'text/javascript' }});
  const {{ createRenown }} = await import(URL.createObjectURL(bundle));
  window.states = [];
  window.renown = createRenown({{ url: '{url}' }});
  renown.onState((state) => states.push(state.kind));
  renown.standing('{subject}').subscribe((standing) => (window.standing = standing));
</script>"""


@pytest.fixture
def lively(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that pings often, so that silence is noticed within seconds."""
    config = tmp_path / "renown.toml"
    config.write_text("[gateway]\nping_interval = 1.0\n")
    with RunningServer(tmp_path / "data", "--config", str(config)) as server:
        yield server


def _live_page(site: Site, url: str, subject: str) -> str:
    assert _BUNDLE.is_file(), "the client is not built: run `make setup`"
    bundle = _BUNDLE.read_text().replace("</script", "<\\/script")
    return site.page(
        f'<script type="text/plain" id="bundle">{bundle}</script>' + _WATCH.format(url=url, subject=subject)
    )


def _until_live(page: Page, version: float, seconds: float = 30) -> str:
    """Wait until the page is live at a version; the transport."""
    page.until(f"window.renown?.state.kind === 'live' && standing?.version === {version}", seconds)
    return page.evaluate("renown.state.transport")


@pytest.mark.parametrize("treatment", _BLOCKED)
def test_the_widget_shows_the_newest_number(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str, treatment: Treatment
) -> None:
    before = review(shared, seller, 5, times=8)
    with Proxy(shared.port) as proxy:
        url = site.page(
            f'<renown-score subject="{seller}" server="{proxy.url}"></renown-score>', head=script(shared.url)
        )
        with chromium.open(url) as page:
            until_shown(page, value(before))
            # The network turns bad under a connection that stood.
            proxy.treat(treatment)
            after = review(shared, seller, 1, times=6)
            assert value(after) != value(before)
            until_shown(page, value(after))
            last = review(shared, seller, 5, times=20)
            until_shown(page, value(last))
            assert page.log["errors"] == []
        assert proxy.upgrades > 1


@pytest.mark.parametrize("treatment", _BLOCKED)
def test_live_finds_another_transport(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str, treatment: Treatment
) -> None:
    before = review(shared, seller, 5, times=8)
    with Proxy(shared.port) as proxy:
        proxy.treat(treatment)
        with chromium.open(_live_page(site, proxy.url, seller)) as page:
            _until_live(page, before["version"])
            page.until("renown.state.transport === 'http_stream'")
            after = review(shared, seller, 1, times=6)
            assert _until_live(page, after["version"]) == "http_stream"
            assert page.log["errors"] == []


@pytest.mark.parametrize("treatment", _BLOCKED)
def test_live_finds_another_transport_when_the_network_turns_bad(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str, treatment: Treatment
) -> None:
    before = review(shared, seller, 5, times=8)
    with Proxy(shared.port) as proxy, chromium.open(_live_page(site, proxy.url, seller)) as page:
        assert _until_live(page, before["version"]) == "websocket"
        proxy.treat(treatment)
        after = review(shared, seller, 1, times=6)
        page.until("renown.state.kind === 'live' && renown.state.transport === 'http_stream'", 60)
        last = review(shared, seller, 5, times=2)
        assert last["version"] > after["version"]
        assert _until_live(page, last["version"]) == "http_stream"


def test_a_healthy_network_keeps_its_websocket(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str
) -> None:
    before = review(shared, seller, 5, times=8)
    with Proxy(shared.port) as proxy, chromium.open(_live_page(site, proxy.url, seller)) as page:
        assert _until_live(page, before["version"]) == "websocket"
        after = review(shared, seller, 1, times=6)
        assert _until_live(page, after["version"]) == "websocket"
        (socket,) = page.log["sockets"]
        assert socket["received"][0].strip() == "{}", "the frame that proves the tunnel comes first"
        assert proxy.upgrades == 1
        assert page.log["errors"] == []


def test_live_leaves_a_network_whose_tunnels_fall_silent(
    chromium: Chromium, site: Site, lively: RunningServer, seller: str
) -> None:
    before = review(lively, seller, 5, times=8)
    with Proxy(lively.port, fades_after=2) as proxy:
        proxy.treat("fade")
        with chromium.open(_live_page(site, proxy.url, seller)) as page:
            assert _until_live(page, before["version"]) == "websocket"
            page.until("renown.state.transport === 'http_stream'", 60)
            after = review(lively, seller, 1, times=6)
            assert _until_live(page, after["version"]) == "http_stream"
            assert "reconnecting" in page.evaluate("states")
            assert page.log["errors"] == []


def test_the_widget_notices_a_tunnel_that_falls_silent(
    chromium: Chromium, site: Site, lively: RunningServer, seller: str
) -> None:
    before = review(lively, seller, 5, times=8)
    with Proxy(lively.port, fades_after=10) as proxy:
        proxy.treat("fade")
        url = site.page(
            f'<renown-score subject="{seller}" server="{proxy.url}"></renown-score>', head=script(lively.url)
        )
        with chromium.open(url) as page:
            until_shown(page, value(before))
            page.until("document.querySelector('renown-score').dataset.state !== 'live'", 60)
            after = review(lively, seller, 1, times=6)
            until_shown(page, value(after))
            assert proxy.upgrades > 1


def test_stock_clients_are_not_spoken_to_first(chromium: Chromium, site: Site, shared: RunningServer) -> None:
    assert httpx.get(f"{shared.url}/health/ready", timeout=20).status_code == 200
    body = f"""<script>
      const socket = new WebSocket('{shared.url.replace("http", "ws")}/connection/websocket');
      window.heard = [];
      socket.onmessage = ({{ data }}) => heard.push(data);
      socket.onopen = () => socket.send('{{"id":1,"connect":{{}}}}');
    </script>"""
    with chromium.open(site.page(body)) as page:
        page.until("heard.length > 0")
        assert '"connect"' in page.evaluate("heard[0]")
