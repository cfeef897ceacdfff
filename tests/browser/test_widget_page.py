"""How the widget behaves as a guest: fallback, strict policies, themes, motion, assistive technology."""

from pathlib import Path

import pytest

from tests.browser.chromium import Chromium
from tests.browser.shop import review, script, shown, until_shown, value
from tests.browser.site import Site
from tests.running import RunningServer

SHOP = """<style>
  :root { color-scheme: light dark }
  body { font: 16px/1.6 system-ui, sans-serif; margin: 2rem; max-width: 44rem }
  h1 { margin: 0; font-size: 1.6rem }
  .by { color: GrayText }
  .themed { --renown-background: #1d2a5b; --renown-color: #fff; --renown-border: transparent;
            --renown-radius: .4em; --renown-accent: #ffd166 }
</style>"""
BODY = """<main><h1>Autumn lamp, oak</h1>
<p class="by">by Lindgren Workshop <renown-score subject="seller:42" label="Seller"></renown-score></p>
<p>A warm light for long evenings. Sold by <b>Lindgren</b> <renown-score id="bare" subject="seller:42">
</renown-score> and shipped in two days, from a workshop that answers.</p>
<p><renown-score id="new" subject="seller:new" label="Seller"></renown-score></p>
<p style="font-size: 2em"><renown-score subject="seller:42" label="Large"></renown-score></p>
<p class="themed"><renown-score subject="seller:42" label="Themed"></renown-score></p>
<p lang="de"><renown-score id="german" subject="seller:42" label="Verk&auml;ufer"></renown-score></p>
<p dir="rtl" lang="he">
<renown-score id="hebrew" subject="seller:42" label="&#1502;&#1493;&#1499;&#1512;"></renown-score></p>
</main>"""


def body_of(seller: str) -> str:
    return BODY.replace("seller:42", seller).replace("seller:new", f"{seller}-new")


ALL_LIVE = "[...document.querySelectorAll('renown-score')].every((e) => e.dataset.state === 'live')"
PART = "document.querySelector('{0}').shadowRoot.querySelector('[part={1}]')"


def test_the_fallback_is_there_without_scripts(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str
) -> None:
    review(shared, seller, 5, times=8)
    image = f'<a href="/s/42"><img src="{shared.url}/badge/{seller}.svg" alt="Seller rating"></a>'
    body = f'<renown-score subject="{seller}">{image}</renown-score>'
    with chromium.open(site.page(body, head=script(shared.url)), javaScriptEnabled=False) as page:
        assert "Seller rating" in page.aria("body")
        (badge,) = [each for each in page.log["responses"] if "/badge/" in each["url"]]
        assert badge["status"] == 200


def test_the_fallback_gives_way_to_the_first_value(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str
) -> None:
    before = review(shared, seller, 5, times=8)
    with chromium.open(site.page(f'<renown-score subject="{seller}">about four</renown-score>')) as page:
        fallback = "document.querySelector('renown-score').innerText"
        assert page.evaluate(fallback) == "about four"
        page.evaluate(f"import('{shared.url}/widget.js')")
        until_shown(page, value(before))
        assert "about four" not in page.aria("body")


def test_a_strict_policy_is_no_obstacle(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str
) -> None:
    before = review(shared, seller, 5, times=8)
    socket = shared.url.replace("http", "ws")
    policy = f"default-src 'none'; script-src {shared.url}; connect-src {shared.url} {socket}"
    policy += "; require-trusted-types-for 'script'; trusted-types 'none'"
    url = site.page(
        f'<renown-score subject="{seller}"></renown-score>',
        head=script(shared.url),
        Content_Security_Policy=policy,
    )
    with chromium.open(url) as page:
        until_shown(page, value(before))
        assert (
            page.evaluate(f"getComputedStyle({PART.format('renown-score', 'badge')}).display")
            == "inline-flex"
        )
        after = review(shared, seller, 1, times=5)
        until_shown(page, value(after))
        assert page.log["console"] == []
        assert page.log["errors"] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_takes_its_colours_from_the_page(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str, pictures: Path, *, scheme: str
) -> None:
    review(shared, seller, 5, times=8)
    review(shared, f"{seller}-new", 5)
    url = site.page(body_of(seller), head=script(shared.url) + SHOP)
    with chromium.open(url, colorScheme=scheme, deviceScaleFactor=2) as page:
        page.until(ALL_LIVE)
        page.screenshot(pictures / f"widget-{scheme}.png")
        color = f"getComputedStyle({PART.format('#bare', 'value')}).color"
        assert page.evaluate(color) == page.evaluate("getComputedStyle(document.querySelector('h1')).color")
        themed = f"getComputedStyle({PART.format('.themed renown-score', 'badge')})"
        assert page.evaluate(f"{themed}.color") == "rgb(255, 255, 255)"
        assert page.evaluate(f"{themed}.backgroundColor") == "rgb(29, 42, 91)"
        font = f"getComputedStyle({PART.format('#bare', 'value')}).fontFamily"
        assert page.evaluate(font) == page.evaluate("getComputedStyle(document.body).fontFamily")


def test_it_fits_a_narrow_page(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str, pictures: Path
) -> None:
    review(shared, seller, 5, times=8)
    review(shared, f"{seller}-new", 5)
    url = site.page(body_of(seller), head=script(shared.url) + SHOP)
    with chromium.open(url, viewport={"width": 240, "height": 700}, deviceScaleFactor=2) as page:
        page.until(ALL_LIVE)
        page.screenshot(pictures / "widget-narrow.png")
        assert page.evaluate("document.documentElement.scrollWidth <= 240")


def test_numbers_follow_the_nearest_language(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str
) -> None:
    before = review(shared, seller, 5, times=8)
    review(shared, f"{seller}-new", 5)
    with chromium.open(site.page(body_of(seller), head=script(shared.url))) as page:
        page.until(ALL_LIVE)
        assert shown(page, selector="#german") == value(before).replace(".", ",")
        dot, text = PART.format("#hebrew", "status"), PART.format("#hebrew", "value")
        left = "{}.getBoundingClientRect().left"
        assert page.evaluate(f"{left.format(dot)} > {left.format(text)}"), (
            "the dot comes first from the right"
        )


def test_a_change_moves_nothing_else_on_the_page(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str
) -> None:
    before = review(shared, seller, 5, times=12)
    body = f'<p><renown-score subject="{seller}"></renown-score><b id="next">next</b></p>'
    with chromium.open(site.page(body, head=script(shared.url))) as page:
        until_shown(page, value(before))
        place = "JSON.stringify(document.querySelector('#next').getBoundingClientRect())"
        was = page.evaluate(place)
        after = review(shared, seller, 1, times=4)
        until_shown(page, value(after))
        assert page.evaluate(place) == was


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_it_moves_only_for_those_who_like_it(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str, motion: str
) -> None:
    before = review(shared, seller, 5, times=8)
    url = site.page(f'<renown-score subject="{seller}"></renown-score>', head=script(shared.url))
    with chromium.open(url, reducedMotion=motion) as page:
        until_shown(page, value(before))
        page.evaluate(
            "(() => { window.moves = 0; const real = Element.prototype.animate;"
            " Element.prototype.animate = function (...given)"
            " { moves++; return real.apply(this, given) } })()"
        )
        after = review(shared, seller, 1, times=5)
        until_shown(page, value(after))
        assert (page.evaluate("moves") > 0) == (motion == "no-preference")


def test_forced_colours_keep_the_states_apart(
    chromium: Chromium, site: Site, server: RunningServer, seller: str, pictures: Path
) -> None:
    review(server, seller, 5, times=8)
    review(server, f"{seller}-new", 5)
    url = site.page(body_of(seller), head=script(server.url))
    with chromium.open(url, forcedColors="active", deviceScaleFactor=2) as page:
        page.until(ALL_LIVE)
        width = f"getComputedStyle({PART.format('#bare', 'status')}).borderTopWidth"
        filled = page.evaluate(width)
        page.screenshot(pictures / "widget-forced.png")
        server.kill()
        page.until("document.querySelector('#bare').dataset.state === 'offline'")
        assert float(page.evaluate(width)[:-2]) < float(filled[:-2])


def test_assistive_technology_hears_one_calm_sentence(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str
) -> None:
    before = review(shared, seller, 5, times=8)
    body = f'<renown-score subject="{seller}" label="Seller"></renown-score>'
    body += f'<renown-score id="off" subject="{seller}" announce="off"></renown-score>'
    with chromium.open(site.page(body, head=script(shared.url))) as page:
        until_shown(page, value(before))
        sentence = f"Seller {value(before)}, based on 8"
        assert page.aria("renown-score:first-child") == f"- status: {sentence}"
        assert "status" not in page.aria("#off")
        assert f"Reputation {value(before)}" in page.aria("#off")

        # The page itself notes when each new sentence comes, so a slow machine cannot fail this.
        page.evaluate(
            "(() => { window.said = []; const node = document.querySelector('renown-score')"
            ".shadowRoot.querySelector('[role=status]'); new MutationObserver(() =>"
            " said.push([performance.now(), node.textContent])).observe(node, { childList: true }) })()"
        )
        review(shared, seller, 1, times=5)
        page.until("said.length === 1")
        for stars in (1, 2, 1):
            after = review(shared, seller, stars, times=2)
            until_shown(page, f"({after['count']})", part="count")
        page.until("said.length === 2")
        (first, _), (second, last) = page.evaluate("said")
        assert second - first >= 9_900
        assert last == f"Seller {value(after)}, based on 19"


def test_states_can_be_styled_from_outside(
    chromium: Chromium, site: Site, server: RunningServer, seller: str
) -> None:
    before = review(server, seller, 5, times=8)
    style = "<style>renown-score:state(offline)::part(value) { color: rgb(1, 2, 3) }</style>"
    url = site.page(f'<renown-score subject="{seller}"></renown-score>', head=script(server.url) + style)
    with chromium.open(url) as page:
        until_shown(page, value(before))
        color = f"getComputedStyle({PART.format('renown-score', 'value')}).color"
        assert page.evaluate(color) != "rgb(1, 2, 3)"
        server.kill()
        page.until("document.querySelector('renown-score').dataset.state === 'offline'")
        assert page.evaluate(color) == "rgb(1, 2, 3)"


def test_the_script_may_be_loaded_twice(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str
) -> None:
    before = review(shared, seller, 5, times=8)
    again = f'<script type="module" src="{shared.url}/widget.js?again"></script>'
    url = site.page(f'<renown-score subject="{seller}"></renown-score>', head=script(shared.url) + again)
    with chromium.open(url) as page:
        until_shown(page, value(before))
        assert page.log["errors"] == []
