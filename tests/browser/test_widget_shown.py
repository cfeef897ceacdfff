"""What a visitor sees of a connection in trouble is what the namespace's rule says, whichever it is."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import Chromium, Page
from tests.browser.proxy import Proxy
from tests.browser.rules import ruled
from tests.browser.shop import review, script, until_shown, value
from tests.browser.site import Site

LOOK = """(() => {
  const root = document.querySelector('renown-score').shadowRoot;
  const part = (name) => root.querySelector(`[part=${name}]`);
  return {
    state: document.querySelector('renown-score').dataset.state,
    value: part('value').textContent,
    dimmed: getComputedStyle(part('value')).opacity < 0.9,
    settled: part('value').getAnimations().length === 0,
    count: part('count').textContent,
    title: part('badge').title,
    hollow: parseFloat(getComputedStyle(part('status')).borderTopWidth) < 3,
    sentence: part('sentence').textContent,
  };
})()"""
STATE = "document.querySelector('renown-score').dataset.state === '{}'"
AS_OF = re.compile(r"as of \d{1,2}:\d\d\s[AP]M")


def look(page: Page, state: str) -> dict[str, Any]:
    """What is drawn in this state, once nothing moves any more."""
    page.until(STATE.format(state))
    page.until(f"(({LOOK}).settled)")
    found = page.evaluate(LOOK)
    assert found["state"] == state
    return found


def check(seen: dict[str, Any], number: str, rule: str) -> None:
    """Compare what is drawn with what `rule` says of the last number."""
    if rule == "hide":
        assert (seen["value"], seen["count"], seen["title"]) == ("–", "", "")
        assert number not in seen["sentence"]
        return
    assert seen["value"] == number
    assert seen["dimmed"] == (rule in ("dim", "as_of"))
    assert bool(AS_OF.fullmatch(seen["title"])) == (rule == "as_of")
    assert bool(AS_OF.fullmatch(seen["count"])) == (rule == "as_of")
    if rule != "as_of":
        assert (seen["count"], seen["title"]) == ("(8)", "")


@pytest.mark.parametrize(
    "slow, reconnecting, offline",
    [("dim", "keep", "as_of"), ("keep", "as_of", "hide"), ("dim", "hide", "keep")],
)
def test_each_trouble_looks_as_the_rule_says(
    chromium: Chromium,
    site: Site,
    tmp_path: Path,
    seller: str,
    pictures: Path,
    *,
    slow: str,
    reconnecting: str,
    offline: str,
) -> None:
    rule = {"slow": slow, "reconnecting": reconnecting, "offline": offline}
    with ruled(tmp_path, ping=1.0, **rule) as server, Proxy(server.port, fades_after=4.0) as proxy:
        proxy.treat("fade")
        number = value(review(server, seller, 5, times=8))
        body = f'<renown-score subject="{seller}" server="{proxy.url}" label="Seller" announce="off">'
        url = site.page(f"{body}</renown-score>", head=script(server.url))
        with chromium.open(url, deviceScaleFactor=2, viewport={"width": 360, "height": 120}) as page:
            until_shown(page, number)
            check(look(page, "live"), number, "keep")

            # The connection stands, and the server's pings do not come through any more.
            seen = look(page, "slow")
            check(seen, number, slow)
            assert not seen["hollow"]
            page.screenshot(pictures / f"shown-slow-{slow}.png")

            # It is lost, and the next one does not answer yet.
            proxy.treat("mute")
            seen = look(page, "stale")
            check(seen, number, reconnecting)
            page.screenshot(pictures / f"shown-reconnecting-{reconnecting}.png")

            server.kill()
            seen = look(page, "offline")
            check(seen, number, offline)
            assert seen["hollow"]
            page.screenshot(pictures / f"shown-offline-{offline}.png")

            proxy.treat("pass")
            server.start()
            until_shown(page, number)
            check(look(page, "live"), number, "keep")
            assert page.log["errors"] == []


def test_a_connection_that_comes_straight_back_is_not_seen_to_go(
    chromium: Chromium, site: Site, tmp_path: Path, seller: str
) -> None:
    with ruled(tmp_path, reconnecting="hide") as server, Proxy(server.port) as proxy:
        number = value(review(server, seller, 5, times=8))
        body = f'<renown-score subject="{seller}" server="{proxy.url}"></renown-score>'
        with chromium.open(site.page(body, head=script(server.url))) as page:
            until_shown(page, number)
            # The page itself notes what was on show, so that nothing is missed between two looks.
            page.evaluate(
                "(() => { window.seen = []; const node = document.querySelector('renown-score').shadowRoot"
                ".querySelector('[part=value]'); new MutationObserver(() => seen.push(node.textContent))"
                ".observe(node, { childList: true }) })()"
            )
            # Longer than the connection that counts as a good one, after which the next is tried at once.
            page.evaluate("new Promise((resolve) => setTimeout(resolve, 5200))")
            before = proxy.upgrades
            proxy.treat("pass")
            after = value(review(server, seller, 1, times=6))
            until_shown(page, after)
            assert proxy.upgrades > before
            assert set(page.evaluate("seen")) <= {number, after}
