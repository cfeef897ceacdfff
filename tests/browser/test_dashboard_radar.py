"""The abuse radar: incidents form, what is held is decided on in one tab and seen in all others."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.bombing import bomb, quiet_past, standing
from tests.browser.chromium import Chromium, Page
from tests.browser.dashboard import every, open_dashboard, quiet, texts, until, until_text
from tests.running import RunningServer, cli_key

LAMP = "product:lamp"
_TALL = {"width": 1360, "height": 1200}


def _scores(page: Page) -> str:
    return f"{every('rn-rolling')}[0]?.shadowRoot.querySelector('.unseen').textContent"


def _held(server: RunningServer) -> list[dict[str, Any]]:
    return httpx.get(f"{server.url}/v1/held?limit=200", timeout=20).json()["held"]


def _dispute(server: RunningServer) -> None:
    events: list[dict[str, Any]] = [
        {
            "type": "review",
            "subject": "seller:1",
            "id": f"r{n}",
            "actor": f"buyer:{n}",
            "ref": f"o:{n}",
            "value": 5,
        }
        for n in range(9)
    ]
    events.append(events[0] | {"id": "bad", "actor": "buyer:x", "ref": "o:x", "value": 1})
    events.append(
        {"type": "dispute", "subject": "seller:1", "ref": "bad", "data": {"reason": "never bought here"}}
    )
    answers = httpx.post(f"{server.url}/v1/events", json=events, timeout=20).json()
    assert {each["status"] for each in answers} == {"applied"}, answers


def test_a_bombing_forms_is_held_and_is_released_by_hand_live_everywhere(
    chromium: Chromium, server: RunningServer, pictures: Path
) -> None:
    with open_dashboard(chromium, server, "#/radar", viewport=_TALL) as page:
        until(page, f"{every('.empty strong')}.length === 2")
        assert texts(page, ".empty strong") == ["No guard is in alarm", "Nothing is under review"]
        quiet_past(server, LAMP)
        before = standing(server, LAMP)["score"]

        # It forms: with the first few it is in alarm, and it grows while one looks.
        some = bomb(server, LAMP, 0, 6)
        until(page, f"{every('[data-incident]')}.length === 1")
        assert texts(page, "[data-incident] .title") == ["Review bombing"]
        until_text(page, "[data-incident] .figures strong", "6")
        held = [*some, *bomb(server, LAMP, 6, 24)]
        until_text(page, "[data-incident] .figures strong", "30")
        until_text(page, "[data-incident] button", f"Select all {len(held)} held")
        until_text(page, ".group .chip", f"{len(held)} under review")
        assert "negative reviews in a day" in texts(page, "[data-incident] .text")[0]
        assert (
            page.evaluate(f"{every('rn-incident-chart')}[0].shadowRoot.querySelectorAll('rect').length") == 30
        )
        label = f"{every('rn-incident-chart')}[0].shadowRoot.querySelector('svg').getAttribute('aria-label')"
        assert page.evaluate(label) == "30 today, 0 in the 29 days before"
        page.screenshot(pictures / "radar.png")

        with page.beside(f"{server.url}/#/subject/{LAMP}") as other:
            until_text(other, ".chip.gold.num", f"{len(held)} under review")
            until(
                other,
                f"{every('rn-review section')}.length === 0 && {every('#under-review-title')}.length === 1",
            )
            page.do("click", selector="[data-incident] button")
            until_text(page, ".bar strong", f"{len(held)} selected")
            page.screenshot(pictures / "radar-selected.png")
            page.do("fill", selector="[aria-label=Decide] input", text="real customers")
            page.do("click", selector="[aria-label=Decide] button:text('Let them count')")
            until_text(page, ".outcome", f"{len(held)} events count again.")
            until(page, f"{every('.empty strong')}.length === 1")
            assert texts(page, ".empty strong") == ["Nothing is under review"]
            assert texts(page, "[data-incident] .chip") == ["in alarm"]

            after = standing(server, LAMP)
            assert after["score"] < before - 0.2
            until(other, f"{_scores(other)} === '{after['score']:.2f}'")
            until(other, f"![...{every('.chip.gold.num')}].some(each => each.textContent.includes('review'))")
            until(other, f"{every('ol.body > li')}.length > 0")
            steps = " ".join(texts(other, "ol.body > li"))
            assert "released" in steps
            assert "real customers" in steps
            quiet(other, server)
        assert _held(server) == []
        quiet(page, server)


def test_one_is_dismissed_and_goes_from_the_other_tab_too(chromium: Chromium, server: RunningServer) -> None:
    quiet_past(server, LAMP)
    held = bomb(server, LAMP, 0, 12)
    with (
        open_dashboard(chromium, server, "#/radar", viewport=_TALL) as page,
        page.beside(f"{server.url}/#/radar") as other,
    ):
        for each in (page, other):
            until_text(each, ".group .chip", f"{len(held)} under review")
        # By the keyboard: the box of the newest row, then the reason, then the button.
        page.evaluate(f"{every('.group li input')}[0].focus()")
        page.do("press", key="Space")
        until_text(page, ".bar strong", "1 selected")
        page.evaluate(f"{every('[aria-label=Decide] input')}[0].focus()")
        page.do("fill", selector="[aria-label=Decide] input", text="the same text")
        page.do("press", key="Tab")
        page.do("press", key="Tab")
        page.do("press", key="Enter")
        until_text(page, ".outcome", "1 event will never count.")
        for each in (page, other):
            until_text(each, ".group .chip", f"{len(held) - 1} under review")
        assert held[-1] not in [each["event"]["id"] for each in _held(server)]
        quiet(page, server)
        quiet(other, server)


def test_what_was_decided_elsewhere_is_said(chromium: Chromium, server: RunningServer) -> None:
    quiet_past(server, LAMP)
    held = bomb(server, LAMP, 0, 8)
    with open_dashboard(chromium, server, "#/radar", viewport=_TALL) as page:
        until_text(page, ".group .chip", f"{len(held)} under review")
        page.do("click", selector=".group header input")
        until_text(page, ".bar strong", f"{len(held)} selected")
        httpx.post(f"{server.url}/v1/held/dismiss", json={"ids": [held[0]]}, timeout=20).raise_for_status()
        until_text(page, ".bar strong", f"{len(held) - 1} selected")


def test_a_dispute_is_shown_with_its_time_and_decided(
    chromium: Chromium, server: RunningServer, pictures: Path
) -> None:
    _dispute(server)
    with open_dashboard(chromium, server, "#/subject/seller:1", viewport=_TALL) as page:
        until_text(page, ".group .title", "Disputed")
        assert texts(page, ".group .left")[0].endswith("to resolve it")
        assert "never bought here" in texts(page, ".group")[0]
        until(page, f"{every('ol.body > li')}.length > 0")
        assert "disputed" in " ".join(texts(page, "ol.body .chip"))
        page.screenshot(pictures / "radar-dispute.png")
        page.do("click", selector=".group li input")
        page.do("click", selector="[aria-label=Decide] button:text('Dismiss')")
        until(page, f"{every('.group')}.length === 0")
        until(page, f"[...{every('ol.body .chip')}].some(each => each.textContent === 'resolved')")
        until(page, f"{_scores(page)} === '{standing(server, 'seller:1')['score']:.2f}'")
        quiet(page, server)


def test_alerts_come_up_on_the_overview_as_they_fire(chromium: Chromium, server: RunningServer) -> None:
    with open_dashboard(chromium, server) as page:
        until(page, f"{every('p.quiet')}[0]?.textContent.startsWith('All quiet')")
        quiet_past(server, LAMP)
        bomb(server, LAMP, 0, 8)
        until(page, f"{every('[data-alert]')}.length === 1")
        until_text(page, "[data-alert] .chip", "firing")
        assert "A burst of bad reviews" in texts(page, "[data-alert]")[0]
        quiet(page, server)


def test_cut_off_it_says_so_and_catches_up(chromium: Chromium, server: RunningServer, pictures: Path) -> None:
    quiet_past(server, LAMP)
    bomb(server, LAMP, 0, 8)
    with open_dashboard(chromium, server, "#/radar", viewport=_TALL) as page:
        until_text(page, "[data-incident] .figures strong", "8")
        server.kill()
        until(page, f"{every('.problem')}[0]?.textContent.startsWith('As of ')")
        page.do("click", selector=".group li input")
        page.do("click", selector="[aria-label=Decide] button:text('Dismiss')")
        until(page, f"{every('.outcome')}[0].textContent.includes('cannot be reached')")
        page.screenshot(pictures / "radar-offline.png")
        server.start()
        bomb(server, LAMP, 8, 4)
        until_text(page, "[data-incident] .figures strong", "12")
        until(page, f"{every('.problem')}.length === 0")
        assert page.log["errors"] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_of_the_radar(
    chromium: Chromium, server: RunningServer, pictures: Path, scheme: str
) -> None:
    quiet_past(server, "product:a-lamp-with-a-rather-long-name")
    bomb(server, "product:a-lamp-with-a-rather-long-name", 0, 12)
    _dispute(server)
    for width in (360, 768, 1360):
        for name in ("radar", "subject/seller:1", "subject/product:a-lamp-with-a-rather-long-name"):
            size = {"width": width, "height": 1100}
            with open_dashboard(chromium, server, f"#/{name}", viewport=size, colorScheme=scheme) as page:
                until(page, f"{every('.group li')}.length > 0")
                page.do("click", selector=".group li input")
                assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
                page.screenshot(
                    pictures / f"radar-{name.split(':')[0].replace('/', '-')}-{scheme}-{width}.png"
                )
                quiet(page, server)


def test_who_may_only_read_is_offered_no_decisions(chromium: Chromium, tmp_path: Path) -> None:
    config, data = tmp_path / "renown.toml", tmp_path / "data"
    secret = "a secret of enough bytes for these tests"
    config.write_text(f'policies = ["product"]\n[tokens]\nsecret = "{secret}"\n')
    with RunningServer(data, "--config", str(config), dev=False) as server:
        whole = cli_key(data, "read", "tokens", "events", "policies")
        reads = cli_key(data, "read", "tokens")
        with httpx.Client(headers={"Authorization": f"Bearer {whole}"}, timeout=20) as backend:
            events = [
                {"type": "review", "subject": LAMP, "id": f"e{n}", "actor": f"buyer:{n}", "value": 1}
                for n in range(9)
            ]
            assert "held" in {
                each["status"] for each in backend.post(f"{server.url}/v1/events", json=events).json()
            }
        for key, boxes in ((reads, False), (whole, True)):
            with chromium.open(f"{server.url}/#/radar", viewport=_TALL) as page:
                until_text(page, "form h1", "Sign in")
                page.do("fill", selector="rn-sign-in input", text=key)
                page.do("click", selector="rn-sign-in button")
                until(page, f"{every('.group li')}.length > 0")
                assert (page.evaluate(f"{every('.group input, [data-incident] button')}.length") > 0) == boxes
                page.evaluate("location.hash = '#/policies/product'")
                until(page, f"{every('textarea')}.length === 1")
                assert (page.evaluate(f"{every('footer button')}.length") > 0) == boxes
                assert page.evaluate(f"{every('textarea')}[0].readOnly") != boxes
                assert page.log["errors"] == []
