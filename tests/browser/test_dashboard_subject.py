"""The subject page and the form that sends events, against the real server."""

import math

import httpx

from tests.browser.chromium import Chromium, Page
from tests.browser.dashboard import every, open_dashboard, post, quiet, texts, until, until_text
from tests.running import RunningServer


def _standing(server: RunningServer, subject: str) -> dict[str, float]:
    return httpx.get(f"{server.url}/v1/standings/{subject}", timeout=20).json()


def _reviews(subject: str, count: int, first: int = 1) -> list[dict[str, object]]:
    return [
        {
            "type": "review",
            "subject": subject,
            "actor": f"buyer:{number}",
            "value": 3 + number % 3,
            "categories": {"delivery": 4},
        }
        for number in range(first, first + count)
    ]


_TOTAL = f"Number({every('.total')}[0]?.dataset.total)"


def _shown(server: RunningServer) -> str:
    return f"{_standing(server, 'seller:42')['score']:.2f}"


def _until_number(page: Page, text: str) -> None:
    until(page, f"{every('rn-rolling')}[0]?.shadowRoot.querySelector('.unseen').textContent === '{text}'")


def test_the_number_follows_events_and_the_lines_add_up_to_it(
    chromium: Chromium, server: RunningServer
) -> None:
    post(server, *_reviews("seller:42", 30))
    with open_dashboard(chromium, server, "#/subject/seller:42") as page:
        _until_number(page, _shown(server))
        until(page, f"{every('canvas')}.length === 1")
        assert "Communication" in texts(page, "ul.body li > span:first-child")

        post(server, {"type": "review", "subject": "seller:42", "actor": "buyer:900", "value": 1})
        _until_number(page, _shown(server))
        standing = _standing(server, "seller:42")
        until(page, f"Math.abs({_TOTAL} - {standing['score']}) < 1e-9")
        until(page, f"{every('li[data-points] .what')}[0].textContent.includes('buyer:900')")
        points = page.evaluate(f"{every('li[data-points]')}.map(each => Number(each.dataset.points))")
        assert len(points) == 12 + 2
        assert math.isclose(sum(points), standing["score"], abs_tol=1e-9)

        page.do("click", selector="rn-explain button")
        until(page, f"{every('li[data-points]')}.length === 31 + 1")
        points = page.evaluate(f"{every('li[data-points]')}.map(each => Number(each.dataset.points))")
        assert math.isclose(sum(points), standing["score"], abs_tol=1e-9)
        assert texts(page, ".total strong") == [f"{standing['score']:.2f}"]
        quiet(page, server)


def test_the_snippet_is_shown_with_the_real_widget(chromium: Chromium, server: RunningServer) -> None:
    post(server, *_reviews("seller:42", 30))
    with open_dashboard(chromium, server, "#/subject/seller:42") as page:
        until(page, f"{every('rn-copy')}.length === 1")
        snippet = texts(page, "pre code")[0]
        assert snippet == (
            f'<script type="module" src="{server.url}/widget.js"></script>'
            ' <renown-score subject="seller:42"></renown-score>'
        )
        page.evaluate(f"{every('rn-embed')}[0].scrollIntoView()")
        until(page, f"{every('renown-score')}[0]?.dataset.state === 'live'")
        page.do("click", selector="rn-embed button:text-is('Image')")
        until(page, f"{every('.preview img')}[0]?.naturalWidth > 0")
        quiet(page, server)


def test_a_page_of_nobody_fills_when_the_first_event_arrives(
    chromium: Chromium, server: RunningServer
) -> None:
    with open_dashboard(chromium, server, "#/subject/seller:42") as page:
        until_text(page, ".empty strong", "Nothing here yet")
        post(server, *_reviews("seller:42", 1))
        _until_number(page, _shown(server))
        assert texts(page, ".score .chip") == ["provisional"]
        assert page.log["errors"] == []


def test_the_form_sends_and_shows_what_became_of_it(chromium: Chromium, server: RunningServer) -> None:
    with open_dashboard(chromium, server, "#/send?subject=seller:42") as page:
        until(page, f"{every('rn-slider')}.length === 6")
        page.do("click", selector="rn-event-form button[type=submit]")
        until(page, f"{every('[data-status=applied]')}.length === 1")
        assert "seller:42 is now at version 1." in texts(page, "[data-status=applied]")[0]
        _until_number(page, _shown(server))

        page.do("fill", selector="rn-event-form >> rn-slider >> nth=0 >> input[type=number]", text="9")
        page.do("click", selector="rn-event-form button[type=submit]")
        until(page, f"{every('[data-status=rejected]')}.length === 1")
        said = texts(page, "[data-status=rejected]")[0]
        assert "Fieldvalue" in said
        assert "Expected1 to 5" in said
        assert "value_out_of_range" in said
        assert page.evaluate(f"{every('input[aria-invalid=true]')}.length") == 1
        assert _standing(server, "seller:42")["version"] == 1
        assert page.log["errors"] == []


def test_the_form_offers_what_the_kind_knows(chromium: Chromium, server: RunningServer) -> None:
    with open_dashboard(chromium, server, "#/send?subject=member:ana") as page:
        until(page, f"{every('[role=group][aria-label^=What] button')}.length === 7")
        assert page.evaluate(f"{every('rn-slider')}.length") == 0
        page.do("click", selector="rn-event-form button:text-is('Bounty awarded')")
        until(page, f"{every('rn-slider')}.length === 1")
        page.do("fill", selector="rn-event-form input#subject", text="elephant:1")
        until(page, f"{every('form p')}[0]?.textContent.includes('seller')")
        quiet(page, server)
