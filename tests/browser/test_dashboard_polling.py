"""The dashboard where nothing streams: neither WebSockets nor HTTP streams nor server-sent events."""

from pathlib import Path

from tests.browser.chromium import Chromium
from tests.browser.dashboard import every, until, until_text
from tests.browser.proxy import Proxy
from tests.browser.shop import review
from tests.running import RunningServer

_STREAMS = (b"/connection/websocket", b"/connection/http_stream", b"/connection/sse")


def test_plain_requests_bring_the_news_until_something_streams_again(
    chromium: Chromium, server: RunningServer, pictures: Path
) -> None:
    review(server, "seller:42", 5, times=8)
    number = f"{every('rn-rolling')}[0]?.shadowRoot.querySelector('.unseen').textContent"
    with Proxy(server.port, deny=_STREAMS) as proxy:
        viewport = {"width": 1360, "height": 900}
        with chromium.open(f"{proxy.url}/#/subject/seller:42", viewport=viewport) as page:
            until_text(page, ".badge", "Polling")
            before = page.evaluate("performance.now()")
            standing = review(server, "seller:42", 1, times=4)
            until(page, f"{number} === '{standing['score']:.2f}'")
            # Told when it happened, not asked for now and then.
            assert page.evaluate("performance.now()") - before < 5_000
            until(page, f"{every('rn-hero')}[0].className.trim() === 'wide'")
            until(page, f"{every('.total')}[0]?.dataset.total.startsWith('{standing['score']:.3f}')")
            page.screenshot(pictures / "dashboard-polling.png")

            # Another page, other channels: they are asked for at once.
            page.evaluate("location.hash = '#/'")
            until(page, f"{every('li[data-key]')}.length >= 1")
            other = review(server, "seller:other", 4, times=9)
            until(page, f"{every('li[data-key] .value')}.some(e => e.textContent === '{other['score']:.2f}')")

            # What came by the one way is not listed again as it comes by the other.
            listed = f"{every('li[data-change]')}.map(each => each.dataset.change)"
            proxy.deny = ()
            until_text(page, ".badge", "Live")
            third = review(server, "seller:third", 3, times=7)
            until(page, f"{every('li[data-key] .value')}.some(e => e.textContent === '{third['score']:.2f}')")
            until(page, f"{listed}.length > 0")
            assert page.evaluate(f"new Set({listed}).size === {listed}.length")
            assert page.log["errors"] == []
