"""The official client in a browser, on a page of another origin: every transport, and how it falls back."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.browser.chromium import Chromium, Page
from tests.browser.shop import review
from tests.browser.site import Site
from tests.conformance.javascript import HERE, install
from tests.running import RunningServer

_WATCH = """<script>
  const options = {{ emulationEndpoint: '{http}/emulation', protocol: '{protocol}', minReconnectDelay: 50 }};
  const decode = (data) => data instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(data)) : data;
  window.seen = [];
  window.codes = [];
  window.client = new Centrifuge({endpoints}, options);
  client.on('connected', ({{ transport }}) => (window.transport = transport));
  client.on('connecting', ({{ code }}) => codes.push(code));
  window.subscription = client.newSubscription('standing:{subject}');
  subscription.on('publication', ({{ data }}) => seen.push(decode(data).version));
  subscription.subscribe();
  client.connect();
</script>"""


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    install()


def _address(server: RunningServer, transport: str) -> str:
    return server.websocket if transport == "websocket" else f"{server.url}/connection/{transport}"


Watch = Callable[[RunningServer, list[tuple[str, bool]], str], Page]


@pytest.fixture
def watch(chromium: Chromium, site: Site, seller: str) -> Iterator[Watch]:
    """Open a page whose client tries ways in order; those that are not good are answered 404."""
    with ExitStack() as stack:

        def watching(server: RunningServer, ways: list[tuple[str, bool]], protocol: str) -> Page:
            endpoints = [
                {"transport": name, "endpoint": _address(server, name) + ("" if good else "/nothing")}
                for name, good in ways
            ]
            bundle = "centrifuge.protobuf.js" if protocol == "protobuf" else "centrifuge.js"
            source = (HERE / "node_modules" / "centrifuge" / "dist" / bundle).read_text()
            source = source.replace("</script", "<\\/script")
            page = _WATCH.format(endpoints=endpoints, http=server.url, protocol=protocol, subject=seller)
            return stack.enter_context(chromium.open(site.page(f"<script>{source}</script>{page}")))

        yield watching


def _shown(page: Page, version: float) -> str:
    """Wait until a version has come; the transport."""
    page.until(f"seen.at(-1) === {version}")
    return page.evaluate("transport")


def _ways(*names: str) -> list[tuple[str, bool]]:
    """Return transports of which those in capitals are not there."""
    return [(name.lower(), name.islower()) for name in names]


@pytest.mark.parametrize(
    "ways, protocol, taken",
    [
        (_ways("websocket"), "json", "websocket"),
        (_ways("websocket"), "protobuf", "websocket"),
        (_ways("http_stream"), "json", "http_stream"),
        (_ways("http_stream"), "protobuf", "http_stream"),
        (_ways("sse"), "json", "sse"),
        (_ways("WEBSOCKET", "http_stream", "sse"), "json", "http_stream"),
        (_ways("WEBSOCKET", "http_stream"), "protobuf", "http_stream"),
        (_ways("WEBSOCKET", "HTTP_STREAM", "sse"), "json", "sse"),
    ],
)
def test_a_live_change_arrives(
    watch: Watch,
    shared: RunningServer,
    seller: str,
    *,
    ways: list[tuple[str, bool]],
    protocol: str,
    taken: str,
) -> None:
    version = review(shared, seller, 5)["version"]
    page = watch(shared, ways, protocol)
    assert _shown(page, version) == taken
    version = review(shared, seller, 4)["version"]
    assert _shown(page, version) == taken
    assert page.evaluate("codes.length") == 1


@pytest.mark.parametrize(
    "transport, protocol", [("http_stream", "json"), ("http_stream", "protobuf"), ("sse", "json")]
)
def test_a_restart_of_the_server_loses_nothing(
    watch: Watch, server: RunningServer, seller: str, *, transport: str, protocol: str
) -> None:
    version = review(server, seller, 5)["version"]
    page = watch(server, _ways(transport), protocol)
    assert _shown(page, version) == transport
    assert server.stop() == 0
    page.until("codes.includes(3001)")
    server.start()
    version = review(server, seller, 4)["version"]
    assert _shown(page, version) == transport
