"""Nobody is left looking at an old number: the widget against killed servers and hostile networks."""

from pathlib import Path

import httpx
import pytest

from tests.browser.chromium import Chromium
from tests.browser.proxy import Proxy
from tests.browser.shop import review, script, shown, until_shown, value
from tests.browser.site import Site
from tests.running import RunningServer


def test_after_a_kill_the_widget_says_so_and_then_shows_the_newest(
    chromium: Chromium, site: Site, server: RunningServer, seller: str, pictures: Path
) -> None:
    before = review(server, seller, 5, times=8)
    url = site.page(
        f'<renown-score subject="{seller}" label="Seller"></renown-score>', head=script(server.url)
    )
    with chromium.open(url, deviceScaleFactor=2) as page:
        until_shown(page, value(before))
        server.kill()
        until_shown(page, value(before), state="offline")
        badge = "document.querySelector('renown-score').shadowRoot.querySelector('[part=badge]')"
        assert page.evaluate(f"{badge}.title").startswith("as of ")
        page.screenshot(pictures / "widget-offline.png")

        # The widget's way to the server stays closed until the events it misses are in.
        page.do("offline", on=True)
        server.start()
        missed = review(server, seller, 1, times=6)
        assert value(missed) != value(before)
        assert shown(page) == value(before)
        page.do("offline", on=False)
        until_shown(page, value(missed))
        assert page.evaluate(f"{badge}.title") == ""
        assert page.log["errors"] == []


def test_a_restart_is_recovered_without_help(
    chromium: Chromium, site: Site, server: RunningServer, seller: str
) -> None:
    before = review(server, seller, 5, times=8)
    url = site.page(f'<renown-score subject="{seller}"></renown-score>', head=script(server.url))
    with chromium.open(url) as page:
        until_shown(page, value(before))
        server.kill()
        page.until("document.querySelector('renown-score').dataset.state !== 'live'")
        server.start()
        after = review(server, seller, 1, times=6)
        until_shown(page, value(after))


@pytest.mark.parametrize("treatment", ["refuse", "mute"])
def test_without_websockets_polling_takes_over_and_gives_back(
    chromium: Chromium, site: Site, server: RunningServer, seller: str, treatment: str
) -> None:
    before = review(server, seller, 5, times=8)
    with Proxy(server.port) as proxy:
        assert treatment in ("refuse", "mute")
        proxy.treat("refuse" if treatment == "refuse" else "mute")
        url = site.page(
            f'<renown-score subject="{seller}" server="{proxy.url}"></renown-score>', head=script(server.url)
        )
        with chromium.open(url) as page:
            until_shown(page, value(before))
            assert proxy.upgrades > 0
            assert not [frame for each in page.log["sockets"] for frame in each["received"]]

            after = review(server, seller, 1, times=6)
            until_shown(page, value(after))
            page.until("performance.getEntriesByType('resource').length > 4", 60)
            asked = [each for each in page.log["responses"] if "/v1/standings/" in each["url"]]
            assert {each["status"] for each in asked} <= {200, 304}
            assert not [frame for each in page.log["sockets"] for frame in each["received"]]

            proxy.treat("pass")
            for _ in range(600):
                if any(each["received"] for each in page.log["sockets"]):
                    break
                page.evaluate("new Promise((resolve) => setTimeout(resolve, 100))")
            until_shown(page, value(after))
            last = review(server, seller, 5, times=12)
            until_shown(page, value(last))
            (open_socket,) = [each for each in page.log["sockets"] if each["open"]]
            assert any('"push"' in frame for frame in open_socket["received"])


def test_polling_costs_the_server_a_304(
    chromium: Chromium, site: Site, server: RunningServer, seller: str
) -> None:
    before = review(server, seller, 5, times=8)
    with Proxy(server.port) as proxy:
        proxy.treat("refuse")
        url = site.page(
            f'<renown-score subject="{seller}" server="{proxy.url}"></renown-score>', head=script(server.url)
        )
        with chromium.open(url) as page:
            until_shown(page, value(before))
            polls = (
                "performance.getEntriesByType('resource').filter((e) => e.name.includes('/v1/standings/'))"
            )
            page.until(f"{polls}.length > 1", 60)
            asked = [each for each in page.log["requests"] if "/v1/standings/" in each["url"]]
            assert {each["method"] for each in asked} == {"GET"}, (
                "a preflight for each poll would double the cost"
            )
        metrics = httpx.get(f"{server.url}/metrics", timeout=20).text
        assert 'renown_http_requests_total{method="GET",status="304"}' in metrics


def test_a_network_that_goes_and_comes_is_noticed_at_once(
    chromium: Chromium, site: Site, server: RunningServer, seller: str
) -> None:
    before = review(server, seller, 5, times=8)
    url = site.page(f'<renown-score subject="{seller}"></renown-score>', head=script(server.url))
    with chromium.open(url) as page:
        until_shown(page, value(before))
        page.do("offline", on=True)
        after = review(server, seller, 1, times=6)
        page.do("offline", on=False)
        until_shown(page, value(after))


def test_a_page_left_and_returned_to_is_fresh(
    chromium: Chromium, site: Site, server: RunningServer, seller: str
) -> None:
    before = review(server, seller, 5, times=8)
    url = site.page(f'<renown-score subject="{seller}"></renown-score>', head=script(server.url))
    other = site.page("<p>another page</p>")
    with chromium.open(url) as page:
        until_shown(page, value(before))
        page.goto(other)
        after = review(server, seller, 1, times=6)
        page.evaluate("setTimeout(() => history.back())")
        page.until("document.querySelector('renown-score')")
        until_shown(page, value(after))
