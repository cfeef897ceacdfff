"""The widget on a page of another origin, against the real server."""

from pathlib import Path

import httpx

from tests.browser.chromium import Chromium
from tests.browser.shop import review, script, shown, until_shown, value
from tests.browser.site import Site
from tests.running import RunningServer


def test_an_event_moves_the_number(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str
) -> None:
    before = review(shared, seller, 5, times=8)
    url = site.page(
        f'<renown-score subject="{seller}" label="Seller"></renown-score>', head=script(shared.url)
    )
    with chromium.open(url) as page:
        page.evaluate(
            "window.seen = [],"
            " addEventListener('renown:change', ({ detail }) => seen.push(detail.standing.version))"
        )
        until_shown(page, value(before))
        assert shown(page, "label") == "Seller"
        assert shown(page, "count") == "(8)"

        after = review(shared, seller, 1, times=3)
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


def test_a_kind_that_does_not_exist_shows_what_the_page_put_inside(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str
) -> None:
    body = (
        f'<renown-score id="wrong" subject="sellers:1"><b>4 stars</b></renown-score>'
        f'<renown-score id="new" subject="{seller}"><b>4 stars</b></renown-score>'
    )
    with chromium.open(site.page(body, head=script(shared.url))) as page:
        until_shown(page, "New", selector="#new")
        page.until("document.querySelector('#wrong').dataset.state === 'offline'")
        asked = "performance.getEntriesByType('resource').filter((e) => e.name.includes('sellers')).length"
        page.until(f"{asked} > 0")
        assert page.evaluate("document.querySelector('#wrong').dataset.state") == "offline"
        slot = "document.querySelector('{}').shadowRoot.querySelector('slot')"
        assert page.evaluate(slot.format("#wrong") + ".assignedElements()[0].textContent") == "4 stars"
        assert page.evaluate(slot.format("#new")) is None


def test_twenty_widgets_share_one_socket(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str
) -> None:
    for number in range(10):
        review(shared, f"{seller}-{number}", 5, times=3)
    body = "".join(f'<renown-score subject="{seller}-{n % 10}"></renown-score> ' for n in range(20))
    with chromium.open(site.page(body, head=script(shared.url))) as page:
        page.until("[...document.querySelectorAll('renown-score')].every((e) => e.dataset.state === 'live')")
        log = page.log
        assert len(log["sockets"]) == 1
        sent = log["sockets"][0]["sent"]
        assert sum(frame.count('"subscribe"') for frame in sent) == 10
        moved = review(shared, f"{seller}-3", 1, times=4)
        page.until(
            f"[...document.querySelectorAll('[subject=\"{seller}-3\"]')].every((e) =>"
            f" e.shadowRoot.querySelector('[part=value]').textContent === '{value(moved)}')"
        )
        assert len(page.log["sockets"]) == 1


def test_too_little_evidence_reads_new_until_there_is_enough(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str, pictures: Path
) -> None:
    review(shared, seller, 5)
    body = (
        f'<renown-score subject="{seller}" label="Seller"></renown-score>'
        f'<renown-score id="none" subject="{seller}-none" label="Seller"></renown-score>'
    )
    with chromium.open(site.page(body, head=script(shared.url)), deviceScaleFactor=2) as page:
        until_shown(page, "New")
        until_shown(page, "New", selector="#none")
        assert shown(page, "count") == "(1)"
        assert shown(page, "count", "#none") == ""
        page.screenshot(pictures / "widget-provisional.png")
        enough = review(shared, seller, 5, times=4)
        until_shown(page, value(enough))
        first = review(shared, f"{seller}-none", 4, times=3)
        until_shown(page, value(first), selector="#none")
        assert page.log["errors"] == []


def test_attributes_may_change(chromium: Chromium, site: Site, shared: RunningServer, seller: str) -> None:
    one = review(shared, seller, 5, times=6)
    two = review(shared, f"{seller}-2", 1, times=6)
    url = site.page(f'<renown-score subject="{seller}"></renown-score>', head=script(shared.url))
    with chromium.open(url) as page:
        until_shown(page, value(one))
        page.evaluate(f"document.querySelector('renown-score').setAttribute('subject', '{seller}-2')")
        until_shown(page, value(two))
        page.evaluate("document.querySelector('renown-score').setAttribute('label', 'Shop')")
        until_shown(page, "Shop", part="label")
        page.evaluate("document.querySelector('renown-score').setAttribute('decimals', '3')")
        until_shown(page, f"{two['score']:.3f}")
        assert page.evaluate("document.querySelector('renown-score').standing.subject") == f"{seller}-2"


def test_an_element_moved_in_the_page_keeps_its_socket(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str
) -> None:
    before = review(shared, seller, 5, times=6)
    url = site.page(
        f'<div id="a"><renown-score subject="{seller}"></renown-score></div><div id="b"></div>',
        head=script(shared.url),
    )
    with chromium.open(url) as page:
        until_shown(page, value(before))
        page.evaluate("document.querySelector('#b').append(document.querySelector('renown-score'))")
        after = review(shared, seller, 1, times=4)
        until_shown(page, value(after))
        assert len(page.log["sockets"]) == 1
        page.evaluate("document.querySelector('renown-score').remove()")
        page.until("true")
        for _ in range(100):
            if not page.log["sockets"][0]["open"]:
                break
            page.evaluate("new Promise((resolve) => setTimeout(resolve, 100))")
        assert not page.log["sockets"][0]["open"]


def test_nobody_connects_for_what_nobody_has_seen(
    chromium: Chromium, site: Site, shared: RunningServer, seller: str
) -> None:
    before = review(shared, seller, 5, times=6)
    body = f'<p style="height: 3000px">above</p><renown-score subject="{seller}">4 stars</renown-score>'
    with chromium.open(site.page(body, head=script(shared.url))) as page:
        page.until("document.querySelector('renown-score').dataset.state === 'loading'")
        page.evaluate("new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 200)))")
        assert page.log["sockets"] == []
        page.evaluate("document.querySelector('renown-score').scrollIntoView()")
        until_shown(page, value(before))


def test_a_token_is_asked_for_and_sent_in_the_first_frame(
    chromium: Chromium, site: Site, seller: str, tmp_path: Path
) -> None:
    config = tmp_path / "renown.toml"
    config.write_text('[tokens]\nsecret = "a secret of thirty-two letters or so"\n')
    with RunningServer(tmp_path / "data", "--config", str(config)) as server:
        before = review(server, seller, 5, times=6)
        answer = httpx.post(f"{server.url}/v1/tokens", json={"user": "ana"}, timeout=20)
        answer.raise_for_status()
        token = answer.json()["token"]
        # Set before the script has loaded, as a framework may.
        head = f"""<script>
          addEventListener('readystatechange', () => {{
            const element = document.querySelector('renown-score');
            if (element) element.token ??= async () => '{token}';
          }}, true);
        </script>{script(server.url)}"""
        url = site.page(f'<renown-score subject="{seller}"></renown-score>', head=head)
        with chromium.open(url) as page:
            until_shown(page, value(before))
            (socket,) = page.log["sockets"]
            assert token in socket["sent"][0]
            assert token not in socket["url"]
