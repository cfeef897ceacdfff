"""The page about the gateway against the real server: it shows what other pages and clients cause."""

import signal
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from tests.browser.chromium import Chromium, Page
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


def _outcomes(server: RunningServer) -> dict[str, dict[str, int]]:
    outcomes: dict[str, dict[str, int]] = httpx.get(f"{server.url}/v1/gateway").json()["outcomes"]
    return outcomes


def test_the_dashboard_asks_for_nothing_that_it_is_refused(
    chromium: Chromium, server: RunningServer, seller: str
) -> None:
    """In dev mode it reads all over HTTP, and is nobody on its connection: alerts are not for it to hear."""
    review(server, seller, 5)
    with open_dashboard(chromium, server) as page:
        until_text(page, "#alerts-title", "Alerts")
        page.evaluate("location.hash = '#/radar'")
        until_text(page, "#incidents-title", "Incidents")
        asked = _outcomes(server)["subscribe"]["new"]
        # What a connection asks for is answered in order: with this, all before it has been.
        page.evaluate(f"location.hash = '#/subject/{seller}'")
        until(page, f"{every('rn-hero')}.length === 1")
        while _outcomes(server)["subscribe"]["new"] == asked:
            time.sleep(0.05)
        assert _outcomes(server)["errors"] == {}
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


def _connections(page: Page) -> int:
    return sum(int(text) for text in texts(page, ".nodes tbody td:nth-of-type(3)"))


@pytest.mark.parametrize("scheme, width", [("light", 1360), ("dark", 1360), ("light", 390), ("dark", 390)])
def test_of_several_processes_it_shows_all(
    chromium: Chromium, tmp_path: Path, pictures: Path, scheme: str, width: int
) -> None:
    look = {"viewport": {"width": width, "height": 900}, "colorScheme": scheme}
    config = tmp_path / "renown.toml"
    config.write_text("workers = 3\n[gateway]\nping_interval = 0.0\n")
    with (
        RunningServer(tmp_path / "data", "--config", str(config)) as server,
        ExitStack() as stack,
        open_dashboard(chromium, server, "#/gateway", **look) as page,
    ):
        for _ in range(24):
            stack.enter_context(connect(server.websocket)).send('{"id":1,"connect":{"name":"js"}}')
        until(page, f"{_figure(0)} === '25'")
        assert texts(page, "header p")[0].startswith("3 processes together")
        until(page, f"{every('.nodes tbody tr')}.length === 3")
        names = [text.split()[:2] for text in texts(page, ".nodes tbody th")]
        assert names == [["Worker", "1"], ["Worker", "2"], ["Worker", "3"]]
        assert _connections(page) == 25
        assert len([text for text in texts(page, ".nodes .chip") if text == "leads"]) == 1
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        until(page, f"{every('rn-course')}[0].values.at(-1) === 25")
        page.screenshot(pictures / f"dashboard-gateway-workers-{scheme}-{width}.png")
        quiet(page, server)


def test_of_a_process_that_hangs_it_shows_the_last_figures_with_their_age(
    chromium: Chromium, server: RunningServer, pictures: Path
) -> None:
    silent = f"{every('.nodes .chip.gold')}.some(each => /silent for/.test(each.textContent))"
    rows = f"{every('.nodes tbody tr')}.length"
    with RunningServer(server.data) as other, open_dashboard(chromium, server, "#/gateway") as page:
        until(page, f"{rows} === 2")
        assert other.process is not None
        other.process.send_signal(signal.SIGSTOP)
        try:
            until(page, silent)
            page.screenshot(pictures / "dashboard-gateway-silent.png")
            until(page, f"{rows} === 0")
            assert "up for" in texts(page, "header p")[0], "one is left, and needs no list"
        finally:
            other.process.send_signal(signal.SIGCONT)
        until(page, f"{rows} === 2 && !({silent})")
        quiet(page, server)


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
