"""The dashboard's overview against the real server: what happens is seen, without a reload."""

from typing import Any

from tests.browser.chromium import Chromium
from tests.browser.dashboard import every, open_dashboard, post, quiet, texts, until, until_text
from tests.running import RunningServer


def _reviews(subject: str, stars: float, first: int, count: int = 6) -> list[dict[str, Any]]:
    return [
        {"type": "review", "subject": subject, "actor": f"buyer:{number}", "value": stars}
        for number in range(first, first + count)
    ]


# What matches inside one shadow root is found by the part after the host's name.
_ROWS = "li[data-key] .name"
_CHANGES = "[role=region] li .name"


def test_board_and_feed_follow_events(chromium: Chromium, server: RunningServer) -> None:
    post(server, *_reviews("seller:ana", 5, 1), *_reviews("seller:ben", 4, 1), *_reviews("seller:cy", 3, 1))
    with open_dashboard(chromium, server) as page:
        until(page, f"{every(_ROWS)}.length === 3")
        assert texts(page, _ROWS) == ["seller:ana", "seller:ben", "seller:cy"]
        until(page, f"{every(_CHANGES)}.length === 18")
        assert set(texts(page, _CHANGES)) == {"seller:ana", "seller:ben", "seller:cy"}

        post(server, *_reviews("seller:cy", 5, 100, 40))
        until_text(page, _ROWS, "seller:cy")
        assert texts(page, _ROWS) == ["seller:cy", "seller:ana", "seller:ben"]
        assert "up 2 places" in texts(page, "li[data-key] .rank")[0]
        until_text(page, _CHANGES, "seller:cy")

        post(server, *_reviews("seller:ben", 1, 200, 1))
        until_text(page, _CHANGES, "seller:ben")
        assert "▼" in texts(page, "[role=region] li .delta")[0]
        until(page, f"{every('.figure dd')}[0].textContent.includes('59')")
        assert len(page.log["sockets"]) == 1
        quiet(page, server)


def test_the_feed_shows_one_kind_when_asked(chromium: Chromium, server: RunningServer) -> None:
    post(server, *_reviews("seller:ana", 5, 1), *_reviews("product:lamp", 4, 1))
    with open_dashboard(chromium, server) as page:
        until(page, f"{every(_CHANGES)}.length === 12")
        page.do("click", selector="rn-feed button:text-is('product')")
        until(page, f"{every(_CHANGES)}.length === 6")
        assert set(texts(page, _CHANGES)) == {"product:lamp"}
        post(server, *_reviews("seller:ana", 5, 100), *_reviews("product:mug", 3, 100, 1))
        until_text(page, _CHANGES, "product:mug")
        assert set(texts(page, _CHANGES)) == {"product:lamp", "product:mug"}


def test_an_empty_server_says_so(chromium: Chromium, server: RunningServer) -> None:
    with open_dashboard(chromium, server) as page:
        until(page, f"{every('.empty strong')}.length === 2")
        assert texts(page, ".empty strong") == ["Nobody here yet", "Quiet so far"]
        post(server, *_reviews("seller:ana", 5, 1))
        until(page, f"{every(_CHANGES)}.length === 6")
        quiet(page, server)


def test_search_finds_and_opens_with_the_keyboard(chromium: Chromium, server: RunningServer) -> None:
    post(server, *_reviews("seller:lindholm", 5, 1), *_reviews("seller:linden", 4, 1))
    with open_dashboard(chromium, server) as page:
        page.do("press", key="/")
        page.do("fill", selector="rn-search input", text="lind")
        until(page, f"{every('[role=option]')}.length === 2")
        options = texts(page, "[role=option] .name")
        assert sorted(options) == ["seller:linden", "seller:lindholm"]
        page.do("press", key="ArrowDown")
        page.do("press", key="Enter")
        until_text(page, "h1", options[1])
        assert page.evaluate("location.hash") == f"#/subject/{options[1]}"

        page.do("press", key="/")
        page.do("fill", selector="rn-search input", text="nobody")
        until(page, f"{every('.none')}[0]?.textContent.includes('No subject')")
        page.do("press", key="Escape")
        until(page, f"{every('[role=listbox]')}[0].hidden")
        quiet(page, server)
