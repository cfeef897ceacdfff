"""The dashboard under all conditions: small, dark, cut off, behind a key; and how heavy it is."""

import gzip
import re
from pathlib import Path

import pytest

import renown
from tests.browser.chromium import Chromium
from tests.browser.dashboard import every, open_dashboard, post, quiet, texts, until, until_text
from tests.browser.shop import review
from tests.running import RunningServer, cli_key

_BUILT = Path(renown.__file__).parent / "static" / "dashboard"
_ROUTES = [
    "",
    "#/subject/seller:a-rather-long-name-for-a-small-shop",
    "#/send?subject=seller:42",
    "#/gateway",
    "#/radar",
    "#/policies/seller",
]


_THERE = "li[data-key], rn-hero, rn-event-form, tbody tr, .empty, textarea"
"""What there is once a page has what it shows."""


@pytest.mark.parametrize("width", [360, 390, 768, 1360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out(
    chromium: Chromium, server: RunningServer, pictures: Path, width: int, scheme: str
) -> None:
    review(server, "seller:a-rather-long-name-for-a-small-shop", 5, times=8)
    viewport = {"width": width, "height": 900}
    for number, route in enumerate(_ROUTES):
        with open_dashboard(chromium, server, route, viewport=viewport, colorScheme=scheme) as page:
            until(page, f"{every(_THERE)}.length > 0")
            page.evaluate(f"{every('details')}.forEach(each => each.open = true)")
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
            light = sum(int(part) for part in re.findall(r"\d+", ground)[:3])
            assert (light > 600) == (scheme == "light")
            page.screenshot(pictures / f"dashboard-{number}-{scheme}-{width}.png")
            quiet(page, server)


def test_the_theme_can_be_chosen_and_is_kept(chromium: Chromium, server: RunningServer) -> None:
    with open_dashboard(chromium, server, colorScheme="light") as page:
        page.do("click", selector="rn-theme-button button")
        page.do("click", selector="rn-theme-button button")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.goto(f"{server.url}/")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_nothing_moves_for_those_who_want_it_still(chromium: Chromium, server: RunningServer) -> None:
    for subject, stars in (("seller:ana", 5), ("seller:ben", 4)):
        review(server, subject, stars, times=8)
    moving = f"{every('li, li *')}.reduce((sum, each) => sum + each.getAnimations().length, 0)"
    for motion, stars in (("no-preference", 1), ("reduce", 2)):
        with open_dashboard(chromium, server, reducedMotion=motion) as page:
            until(page, f"{every('li[data-key]')}.length === 2")
            page.evaluate(f"(window.most = 0, setInterval(() => (most = Math.max(most, {moving})), 20), 0)")
            standing = review(server, "seller:ben", stars)
            until(page, f"{every('li[data-key] .value')}[1].textContent === '{standing['score']:.2f}'")
            if motion == "reduce":
                page.evaluate("new Promise(done => setTimeout(done, 500))")
                assert page.evaluate("most") == 0
            else:
                until(page, "most > 0")


def test_cut_off_it_says_of_when_it_is_and_recovers_by_itself(
    chromium: Chromium, server: RunningServer, pictures: Path
) -> None:
    review(server, "seller:42", 5, times=8)
    with open_dashboard(chromium, server, "#/subject/seller:42") as page:
        number = f"{every('rn-rolling')}[0]?.shadowRoot.querySelector('.unseen').textContent"
        until(page, f"{number} !== undefined")
        place = f"JSON.stringify({every('rn-search')}[0].getBoundingClientRect())"
        before = page.evaluate(place)
        server.kill()
        until(page, f"/^(Reconnecting|Offline) · as of \\d\\d:\\d\\d/.test({every('.badge')}[0].textContent)")
        assert page.evaluate(f"{every('rn-hero')}[0].className") == "wide stale"
        assert page.evaluate(place) == before, "nothing moves when the connection goes"
        page.screenshot(pictures / "dashboard-offline.png")

        server.start()
        standing = review(server, "seller:42", 1, times=4)
        until(page, f"{number} === '{standing['score']:.2f}'")
        until_text(page, ".badge", "Live")
        assert page.evaluate(f"{every('rn-hero')}[0].className.trim()") == "wide"
        until(page, f"Math.abs(Number({every('.total')}[0].dataset.total) - {standing['score']}) < 1e-9")
        until(page, f"{every('canvas')}.length === 1")
        assert page.log["errors"] == []


def test_what_is_chosen_is_on_show_where_there_is_no_room_for_all(
    chromium: Chromium, server: RunningServer
) -> None:
    with open_dashboard(
        chromium, server, "#/policies/trader", viewport={"width": 390, "height": 844}
    ) as page:
        until(page, f"{every('textarea')}.length === 1")
        place = f"{every('nav [aria-current]')}.at(-1).getBoundingClientRect()"
        until(page, f"(({{ left, right }}) => left >= 0 && right <= innerWidth)({place})")
        assert page.evaluate("scrollX") == 0


def test_a_page_whose_code_did_not_come_shows_when_the_server_is_back(
    chromium: Chromium, server: RunningServer
) -> None:
    with open_dashboard(chromium, server) as page:
        server.kill()
        page.evaluate("location.hash = '#/policies'")
        until_text(page, "main .empty strong", "This page did not load")
        server.start()
        until(page, f"{every('textarea')}.length === 1")


def test_an_empty_ledger_says_what_to_do(chromium: Chromium, server: RunningServer, pictures: Path) -> None:
    with open_dashboard(chromium, server) as page:
        until(page, f"{every('rn-board')}[0].shadowRoot.querySelector('.empty a')")
        assert page.evaluate(f"{every('.empty a')}[0].getAttribute('href')").startswith("#/send?subject=")
        page.screenshot(pictures / "dashboard-empty.png")
        page.evaluate("location.hash = '#/subject/seller:nobody'")
        until_text(page, ".empty strong", "Nothing here yet")
        assert (
            page.evaluate(f"{every('.empty a')}[0].getAttribute('href')") == "#/send?subject=seller%3Anobody"
        )
        page.evaluate("location.hash = '#/subject/shoe:42'")
        until_text(page, ".empty strong", "No such kind")
        assert page.evaluate(f"{every('.empty a')}.length") == 0


def test_where_a_key_is_needed_it_asks_for_one(chromium: Chromium, tmp_path: Path) -> None:
    config = tmp_path / "renown.toml"
    secret = "a secret of enough bytes for these tests"
    config.write_text(f'policies = ["seller"]\n[tokens]\nsecret = "{secret}"\n')
    data = tmp_path / "data"
    with RunningServer(data, "--config", str(config), dev=False) as server:
        key = cli_key(data, "read", "tokens")
        with chromium.open(f"{server.url}/", viewport={"width": 1360, "height": 900}) as page:
            until_text(page, "form h1", "Sign in")
            page.do("fill", selector="rn-sign-in input", text="rk_wrong")
            page.do("click", selector="rn-sign-in button")
            until(page, f"{every('#problem')}[0]?.textContent !== ''")
            page.do("fill", selector="rn-sign-in input", text=key)
            page.do("click", selector="rn-sign-in button")
            until_text(page, ".badge", "Live")
            until(page, f"{every('.empty strong')}.length === 2")
            assert page.evaluate(f"{every('nav a.button')}.length") == 0
            assert page.evaluate("sessionStorage.length") == 1
            page.do("click", selector="header button:text-is('Sign out')")
            until_text(page, "form h1", "Sign in")
            assert page.evaluate("sessionStorage.length") == 0
            assert page.log["errors"] == []


def test_the_first_load_is_light(chromium: Chromium, server: RunningServer) -> None:
    with open_dashboard(chromium, server) as page:
        until(page, "document.fonts.status === 'loaded'")
        loaded = [each["url"].removeprefix(server.url) for each in page.log["requests"]]
    assets = [path for path in loaded if path.startswith("/assets/")]
    assert any(path.endswith(".woff2") for path in assets)
    files = [_BUILT / "index.html", *(_BUILT / path.removeprefix("/") for path in assets)]
    assert sum(len(gzip.compress(file.read_bytes(), 9)) for file in files) <= 90_000
    assert not any("plot" in path or "/chart" in path for path in assets), (
        "the chart's code is for the subject page only"
    )


def test_fifty_changes_a_second_arrive_without_an_error(chromium: Chromium, server: RunningServer) -> None:
    with open_dashboard(chromium, server) as page:
        for second in range(4):
            post(server, *(_review(n % 12, f"buyer:{second}-{n}", 1 + n % 5) for n in range(50)))
        until(page, f"{every('.figure dd')}[0].textContent.trim() === '200'")
        until(page, f"{every('[role=region] li')}.length > 0")
        assert "more in between" in " ".join(texts(page, ".skipped"))
        quiet(page, server)


def _review(seller: int, actor: str, stars: int) -> dict[str, object]:
    return {"type": "review", "subject": f"seller:{seller}", "actor": actor, "value": stars}
