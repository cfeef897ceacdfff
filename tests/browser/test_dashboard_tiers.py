"""Tiers on the dashboard: what the next one takes, what keeps the present one, and who may lose it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tests.browser.chromium import Chromium, Page
from tests.browser.dashboard import every, open_dashboard, post, quiet, texts, until, until_text
from tests.browser.shop import review
from tests.running import RunningServer

_TALL = {"width": 1360, "height": 1400}


def _lately(server: RunningServer, subject: str) -> None:
    """Post good reviews of the last weeks: a tier that was reached a while ago and is still safe."""
    now = datetime.now(UTC)
    events = [
        {
            "type": "review",
            "subject": subject,
            "actor": f"buyer:lately-{day}",
            "value": 4.5,
            "occurred_at": (now - timedelta(days=day)).isoformat(),
        }
        for day in range(25, 5, -1)
    ]
    post(server, *events)


def _needs(page: Page) -> dict[str, str]:
    """What keeps the tier and what the next one takes, without what is further up."""
    row = ".columns > div > ul > [data-need]"
    return dict(zip(texts(page, f"{row} > :first-child"), texts(page, f"{row} > .have"), strict=True))


def test_the_way_through_the_tiers_is_shown_live(
    chromium: Chromium, server: RunningServer, pictures: Path
) -> None:
    review(server, "seller:way", 5, times=8)
    with open_dashboard(chromium, server, "#/subject/seller:way", viewport=_TALL) as page:
        until(page, f"{every('h3')}.length === 2")
        assert texts(page, "h3") == ["To keep Standard", "To reach Established"]
        assert texts(page, ".ladder [aria-current]") == ["Standard"]
        assert _needs(page) == {
            "✓Contributions: enough": "8 (asks for 3)",
            "✓Score: enough": "4.300 (asks for 4.000)",
            "○Contributions: not enough": "8 of 10",
        }
        assert texts(page, "[data-need=count] .far")[0] == "5 to spare"

        review(server, "seller:way", 5, times=2)
        until_text(page, ".ladder [aria-current]", "Established")
        assert texts(page, "h3") == ["To keep Established", "To reach Top rated"]
        assert "○Days without a break: not enough" in _needs(page)
        assert any(each.startswith("Not lost before 29 d") for each in texts(page, ".columns p"))
        page.screenshot(pictures / "tiers.png")
        page.do("media", options={"colorScheme": "dark"})
        page.screenshot(pictures / "tiers-dark.png")
        page.do("resize", width=390, height=1400)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.screenshot(pictures / "tiers-390.png")
        quiet(page, server)


def test_the_page_asks_once_for_why_and_for_the_tiers(chromium: Chromium, server: RunningServer) -> None:
    review(server, "seller:once", 5, times=8)
    with open_dashboard(chromium, server, "#/subject/seller:once") as page:
        until(page, f"{every('h3')}.length === 2")
        asked = [each["url"] for each in page.log["requests"] if "/explain" in each["url"]]
        assert len(asked) == 1


def test_a_tier_in_danger_is_on_the_radar(chromium: Chromium, server: RunningServer, pictures: Path) -> None:
    _lately(server, "seller:fall")
    with open_dashboard(chromium, server, "#/radar", viewport=_TALL) as page:
        until(page, f"{every('.empty strong')}.length === 2")
        assert texts(page, "#stakes-title") == []
        review(server, "seller:fall", 1, times=12)
        until(page, f"{every('[data-stake]')}.length === 1")
        until_text(page, "[data-stake] .alarm", "in danger")
        row = texts(page, "[data-stake]")[0]
        assert "Established" in row
        assert "of 3.900" in row
        assert "safe for" in row
        page.screenshot(pictures / "radar-tiers.png")
        quiet(page, server)
    with open_dashboard(chromium, server, "#/subject/seller:fall", viewport=_TALL) as page:
        until_text(page, "h3 .alarm", "in danger")
        page.screenshot(pictures / "tiers-danger.png")


def test_a_kind_without_tiers_has_no_such_card(chromium: Chromium, server: RunningServer) -> None:
    text = httpx.get(f"{server.url}/v1/policies/product", timeout=20).json()["text"]
    bare = text[: text.index("[[tiers]]")] + text[text.index("[[guards]]") :]
    bare = bare.replace("version = 1", "version = 2", 1)
    httpx.put(f"{server.url}/v1/policies/product", content=bare, timeout=20).raise_for_status()
    review(server, "product:plain", 5, times=4)
    with open_dashboard(chromium, server, "#/subject/product:plain") as page:
        until(page, f"{every('rn-steps')}.length === 1 && {every('.total')}.length === 1")
        assert page.evaluate(f"{every('rn-tiers')}[0].hidden")
        quiet(page, server)
