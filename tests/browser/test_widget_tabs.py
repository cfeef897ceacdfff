"""Several tabs of one visitor: a connection for each, or one that they share, as the rule says."""

from pathlib import Path

import httpx

from tests.browser.chromium import Chromium, Page
from tests.browser.rules import ruled
from tests.browser.shop import review, script, until_shown, value
from tests.browser.site import Site
from tests.running import RunningServer

TOKENS = '[tokens]\nsecret = "a secret of thirty-two letters or so"\n'


def sockets(*pages: Page) -> list[int]:
    """How many connections each tab has open."""
    return [sum(each["open"] for each in page.log["sockets"]) for page in pages]


def ever(*pages: Page) -> list[int]:
    """How many connections each tab has had."""
    return [len(page.log["sockets"]) for page in pages]


def turn(page: Page, *, hidden: bool) -> None:
    """Put a tab behind another, or bring it back: a headless browser shows all its tabs."""
    page.evaluate(
        f"(Object.defineProperty(document, 'hidden', {{ value: {str(hidden).lower()}, configurable: true }}),"
        " document.dispatchEvent(new Event('visibilitychange', { bubbles: true })), null)"
    )


def test_each_tab_has_a_connection_of_its_own_by_default(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str
) -> None:
    number = value(review(shared, seller, 5, times=8))
    url = site.page(f'<renown-score subject="{seller}"></renown-score>', head=script(shared.url))
    with chromium.open(url) as one, one.beside(url) as two:
        until_shown(one, number)
        until_shown(two, number)
        assert sockets(one, two) == [1, 1]
        assert not [each for each in one.log["requests"] if "widget-tabs" in each["url"]]


def test_tabs_share_one_connection_and_hand_it_on(
    chromium: Chromium, site: Site, tmp_path: Path, seller: str
) -> None:
    with ruled(tmp_path, tabs="shared") as server:
        number = value(review(server, seller, 5, times=8))
        other = value(review(server, f"{seller}-b", 2, times=8))
        url = site.page(f'<renown-score subject="{seller}"></renown-score>', head=script(server.url))
        both = f'<renown-score subject="{seller}-b" id="b"></renown-score>'
        both += f'<renown-score subject="{seller}" id="a"></renown-score>'
        with chromium.open(url) as one:
            until_shown(one, number)
            two = one.beside(site.page(both, head=script(server.url)))
            three = one.beside(url)
            # Late tabs learn what is known, and what only they want is fetched for them.
            until_shown(two, number, selector="#a")
            until_shown(two, other, selector="#b")
            until_shown(three, number)
            assert ever(one, two, three) == [1, 0, 0]

            number = value(review(server, seller, 1, times=4))
            for page, selector in ((one, "renown-score"), (two, "#a"), (three, "renown-score")):
                until_shown(page, number, selector=selector)
            other = value(review(server, f"{seller}-b", 5, times=20))
            until_shown(two, other, selector="#b")
            assert ever(one, two, three) == [1, 0, 0]

            # The one with the connection goes: another takes over, and nothing is missed.
            one.do("close")
            number = value(review(server, seller, 5, times=10))
            until_shown(two, number, selector="#a")
            until_shown(three, number)
            assert sum(ever(two, three)) == 1

            # A tab put behind another lets go, too; seen again it is told at once, without a connection.
            leader, follower = (two, three) if ever(two) == [1] else (three, two)
            turn(leader, hidden=True)
            follower.until("performance.now() > 0")
            number = value(review(server, seller, 1, times=12))
            until_shown(follower, number, selector=f'[subject="{seller}"]')
            assert sockets(leader, follower) == [0, 1]
            turn(leader, hidden=False)
            until_shown(leader, number, selector=f'[subject="{seller}"]')
            assert sockets(leader, follower) == [0, 1]
            assert two.log["errors"] == three.log["errors"] == []
            two.do("close")
            three.do("close")


def test_a_tab_that_shares_says_that_the_server_is_gone_and_is_live_again(
    chromium: Chromium, site: Site, tmp_path: Path, seller: str
) -> None:
    with ruled(tmp_path, tabs="shared", offline="hide") as server:
        number = value(review(server, seller, 5, times=8))
        url = site.page(f'<renown-score subject="{seller}"></renown-score>', head=script(server.url))
        with chromium.open(url) as one, one.beside(url) as two:
            until_shown(one, number)
            until_shown(two, number)
            server.kill()
            for page in (one, two):
                until_shown(page, "–", state="offline")
            server.start()
            number = value(review(server, seller, 1, times=4))
            for page in (one, two):
                until_shown(page, number)
            assert ever(two) == [0]


def test_only_tabs_of_the_same_visitor_share(
    chromium: Chromium, site: Site, tmp_path: Path, seller: str
) -> None:
    with ruled(tmp_path, more=TOKENS, tabs="shared") as server:
        number = value(review(server, seller, 5, times=8))

        def page_of(user: str) -> str:
            answer = httpx.post(f"{server.url}/v1/tokens", json={"user": user}, timeout=20)
            answer.raise_for_status()
            body = f'<renown-score subject="{seller}" token="{answer.json()["token"]}"></renown-score>'
            return site.page(body, head=script(server.url))

        with chromium.open(page_of("ana")) as one:
            until_shown(one, number)
            with one.beside(page_of("bo")) as two, one.beside(page_of("ana")) as three:
                for page in (two, three):
                    until_shown(page, number)
                assert ever(one, two, three) == [1, 1, 0]
