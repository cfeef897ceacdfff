"""The page about the gateway against the real server: it shows what other pages and clients cause."""

from pathlib import Path

import pytest

from tests.browser.chromium import Chromium
from tests.browser.dashboard import every, open_dashboard, quiet, texts, until, until_text
from tests.browser.proxy import Proxy, Treatment
from tests.browser.shop import review, script, until_shown, value
from tests.browser.site import Site
from tests.running import RunningServer


def _figure(number: int) -> str:
    return f"{every('.figure strong')}[{number}]?.textContent.trim()"


def test_it_counts_who_is_connected_and_what_is_sent(
    chromium: Chromium, site: Site, server: RunningServer, seller: str, pictures: Path
) -> None:
    before = review(server, seller, 5, times=8)
    widget = site.page(f'<renown-score subject="{seller}"></renown-score>', head=script(server.url))
    with open_dashboard(chromium, server, "#/gateway") as page:
        until(page, f"{_figure(0)} === '1'")
        with chromium.open(widget) as other:
            until_shown(other, value(before))
            until(page, f"{_figure(0)} === '2'")
            rows = texts(page, "tbody tr")
            assert any("WebSocket JSON renown-live" in row for row in rows), rows
            assert any("WebSocket JSON widget" in row for row in rows), rows
            until(page, f"{every('tbody th')}.some(each => each.textContent.trim() === 'standing')")
            review(server, seller, 1, times=6)
            until(page, f"Number({_figure(1)}) > 0")
            until(page, f"{every('rn-course')}[1].values.some(each => each > 0)")
            page.screenshot(pictures / "dashboard-gateway.png")
        until(page, f"{_figure(0)} === '1'")
        assert "new" in " ".join(texts(page, "li"))
        quiet(page, server)


def test_cut_off_it_says_so_and_begins_anew_with_another_process(
    chromium: Chromium, server: RunningServer, pictures: Path
) -> None:
    with open_dashboard(chromium, server, "#/gateway") as page:
        until(page, f"{_figure(0)} === '1'")
        process = texts(page, "header code")[0]
        server.kill()
        until(page, f"{every('.problem')}[0]?.textContent.includes('These are the figures of')")
        page.screenshot(pictures / "dashboard-gateway-offline.png")
        server.start()
        until(page, f"{every('header code')}[0].textContent !== '{process}'")
        until(page, f"{every('.problem')}.length === 0")
        until(page, f"{_figure(0)} === '1'")
        assert page.log["errors"] == []


@pytest.mark.parametrize("treatment", ["refuse", "mute"])
def test_where_websockets_are_blocked_the_dashboard_is_live_all_the_same(
    chromium: Chromium, server: RunningServer, treatment: Treatment
) -> None:
    with Proxy(server.port) as proxy:
        proxy.treat(treatment)
        with chromium.open(f"{proxy.url}/#/gateway", viewport={"width": 1360, "height": 900}) as page:
            until_text(page, "rn-connection [role=status], .badge", "Live")
            until(page, f"{every('tbody tr')}.length === 1")
            (row,) = texts(page, "tbody tr")
            assert row.startswith("HTTP stream JSON renown-live")
            assert page.log["errors"] == []


def test_nothing_is_asked_for_while_nobody_looks(chromium: Chromium, server: RunningServer) -> None:
    asked = (
        "performance.getEntriesByType('resource').filter(each => each.name.includes('/v1/gateway')).length"
    )
    with open_dashboard(chromium, server, "#/gateway") as page:
        until(page, f"{asked} > 2")
        page.evaluate("location.hash = '#/'")
        until(page, f"{every('rn-gateway')}.length === 0")
        page.evaluate("(performance.clearResourceTimings(), new Promise(done => setTimeout(done, 2500)))")
        assert page.evaluate(asked) == 0
