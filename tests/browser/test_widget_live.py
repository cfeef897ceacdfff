"""The widget on a page of another origin, against the real server."""

from pathlib import Path

import httpx

from tests.browser.chromium import Chromium
from tests.browser.shop import review, script, shown, state, until_shown, value
from tests.browser.site import Site
from tests.running import RunningServer


def test_an_event_moves_the_number(chromium: Chromium, site: Site, server: RunningServer) -> None:
    before = review(server, "seller:42", 5, times=8)
    url = site.page(
        '<renown-score subject="seller:42" label="Seller"></renown-score>', head=script(server.url)
    )
    with chromium.open(url) as page:
        page.evaluate(
            "window.seen = [],"
            " addEventListener('renown:change', ({ detail }) => seen.push(detail.standing.version))"
        )
        until_shown(page, value(before))
        assert shown(page, "label") == "Seller"
        assert shown(page, "count") == "(8)"

        after = review(server, "seller:42", 1, times=3)
        assert value(after) != value(before)
        until_shown(page, value(after))
        until_shown(page, "(11)", part="count")
        assert "▼" in shown(page, "delta")

        seen = page.evaluate("seen")
        assert seen == sorted(set(seen))
        assert seen[-1] == 11
        assert page.log["console"] == []
        assert page.log["errors"] == []
        assert not [each for each in page.log["requests"] if "/v1/" in each["url"]]


def test_twenty_widgets_share_one_socket(chromium: Chromium, site: Site, server: RunningServer) -> None:
    for number in range(10):
        review(server, f"seller:{number}", 5, times=3)
    body = "".join(f'<p><renown-score subject="seller:{number % 10}"></renown-score>' for number in range(20))
    with chromium.open(site.page(body, head=script(server.url))) as page:
        page.until("[...document.querySelectorAll('renown-score')].every((e) => e.dataset.state === 'live')")
        log = page.log
        assert len(log["sockets"]) == 1
        sent = log["sockets"][0]["sent"]
        assert sum(frame.count('"subscribe"') for frame in sent) == 10
        moved = review(server, "seller:3", 1, times=4)
        page.until(
            "[...document.querySelectorAll('[subject=\"seller:3\"]')].every((e) =>"
            f" e.shadowRoot.querySelector('[part=value]').textContent === '{value(moved)}')"
        )
        assert len(page.log["sockets"]) == 1


def test_too_little_evidence_reads_new_until_there_is_enough(
    chromium: Chromium, site: Site, server: RunningServer, pictures: Path
) -> None:
    review(server, "seller:7", 5)
    body = (
        '<renown-score subject="seller:7" label="Seller"></renown-score>'
        '<renown-score id="none" subject="seller:nobody-yet" label="Seller"></renown-score>'
    )
    with chromium.open(site.page(body, head=script(server.url)), deviceScaleFactor=2) as page:
        until_shown(page, "New")
        until_shown(page, "New", selector="#none")
        assert shown(page, "count") == "(1)"
        assert shown(page, "count", "#none") == ""
        page.screenshot(pictures / "widget-provisional.png")
        enough = review(server, "seller:7", 5, times=4)
        until_shown(page, value(enough))
        first = review(server, "seller:nobody-yet", 4, times=3)
        until_shown(page, value(first), selector="#none")
        assert page.log["errors"] == []


def test_attributes_may_change(chromium: Chromium, site: Site, server: RunningServer) -> None:
    one = review(server, "seller:1", 5, times=6)
    two = review(server, "seller:2", 1, times=6)
    url = site.page('<renown-score subject="seller:1"></renown-score>', head=script(server.url))
    with chromium.open(url) as page:
        until_shown(page, value(one))
        page.evaluate("document.querySelector('renown-score').setAttribute('subject', 'seller:2')")
        until_shown(page, value(two))
        page.evaluate("document.querySelector('renown-score').setAttribute('label', 'Shop')")
        until_shown(page, "Shop", part="label")
        page.evaluate("document.querySelector('renown-score').setAttribute('decimals', '3')")
        until_shown(page, f"{two['score']:.3f}")
        assert page.evaluate("document.querySelector('renown-score').standing.subject") == "seller:2"


def test_an_element_moved_in_the_page_keeps_its_socket(
    chromium: Chromium, site: Site, server: RunningServer
) -> None:
    before = review(server, "seller:1", 5, times=6)
    url = site.page(
        '<div id="a"><renown-score subject="seller:1"></renown-score></div><div id="b"></div>',
        head=script(server.url),
    )
    with chromium.open(url) as page:
        until_shown(page, value(before))
        page.evaluate("document.querySelector('#b').append(document.querySelector('renown-score'))")
        after = review(server, "seller:1", 1, times=4)
        until_shown(page, value(after))
        assert len(page.log["sockets"]) == 1
        page.evaluate("document.querySelector('renown-score').remove()")
        page.until("true")
        for _ in range(100):
            if not page.log["sockets"][0]["open"]:
                break
            page.evaluate("new Promise((resolve) => setTimeout(resolve, 100))")
        assert not page.log["sockets"][0]["open"]


def test_a_subject_of_an_unknown_kind_keeps_the_fallback(
    chromium: Chromium, site: Site, server: RunningServer
) -> None:
    url = site.page('<renown-score subject="selller:1">4.2 stars</renown-score>', head=script(server.url))
    with chromium.open(url) as page:
        page.until("document.querySelector('renown-score').dataset.state === 'offline'")
        assert page.evaluate("document.querySelector('renown-score').innerText") == "4.2 stars"
        assert page.evaluate(
            "document.querySelector('renown-score').shadowRoot.querySelector('slot') !== null"
        )


def test_a_token_is_asked_for_and_sent_in_the_first_frame(
    chromium: Chromium, site: Site, server: RunningServer
) -> None:
    before = review(server, "seller:1", 5, times=6)
    answer = httpx.post(f"{server.url}/v1/tokens", json={"user": "ana"}, timeout=20)
    answer.raise_for_status()
    token = answer.json()["token"]
    head = f"""<script>
      addEventListener('DOMContentLoaded', () => {{
        document.querySelector('renown-score').token = async () => '{token}';
      }});
    </script>{script(server.url)}"""
    with chromium.open(site.page('<renown-score subject="seller:1"></renown-score>', head=head)) as page:
        until_shown(page, value(before))
        (socket,) = page.log["sockets"]
        assert token in socket["sent"][0]
        assert token not in socket["url"]
        assert state(page) == "live"
