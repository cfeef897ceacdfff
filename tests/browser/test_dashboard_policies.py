"""The policies page: rules checked as they are written, tried on the ledger, put in force."""

from pathlib import Path
from typing import Any

import httpx

from tests.browser.bombing import quiet_past, standing
from tests.browser.chromium import Chromium, Page
from tests.browser.dashboard import every, open_dashboard, quiet, texts, until, until_text
from tests.running import RunningServer

_TALL = {"width": 1360, "height": 1500}


def _rules(server: RunningServer, kind: str = "product") -> dict[str, Any]:
    return httpx.get(f"{server.url}/v1/policies/{kind}", timeout=20).json()


def _seed(server: RunningServer) -> None:
    for number in range(12):
        quiet_past(server, f"product:p{number}", reviews=5 + number)


def _write(page: Page, text: str) -> None:
    page.do("fill", selector="textarea", text=text)


def _choose(page: Page, version: int) -> None:
    """Choose a version in the first of the selects."""
    select = f"{every('.which select')}[0]"
    page.evaluate(f"Object.assign({select}, {{ value: '{version}' }}).dispatchEvent(new Event('change'))")


def test_a_mistake_is_shown_at_its_place(chromium: Chromium, server: RunningServer, pictures: Path) -> None:
    with open_dashboard(chromium, server, "#/policies/product", viewport=_TALL) as page:
        until(page, f"{every('textarea')}[0]?.value.includes('bayesian_mean')")
        text = _rules(server)["text"]
        _write(page, text.replace("weight = 0.2", "wieght = 0.2"))
        line = 1 + text[: text.index("weight = 0.2")].count("\n")
        until_text(page, ".wrong .at", f"Line {line}")
        assert texts(page, ".wrong code")[0] == "rules.review.wieght"
        assert texts(page, ".gutter .bad") == [str(line)]
        assert page.evaluate(f"{every('textarea')}[0].getAttribute('aria-invalid')") == "true"
        page.screenshot(pictures / "policies-mistake.png")
        page.do("click", selector=".wrong .at")
        chosen = f"(each => each.value.slice(each.selectionStart, each.selectionEnd))({every('textarea')}[0])"
        assert page.evaluate(chosen).startswith("wieght = 0.2")
        # Of items of a list it is the right one.
        _write(page, text.replace("min_score = 4.5", "min_score = 9"))
        line = 1 + text[: text.index("min_score = 4.5")].count("\n")
        until_text(page, ".wrong .at", f"Line {line}")
        # And where it is no TOML at all, where that ends.
        _write(page, text.replace('action = "hold"', "action = hold"))
        line = 1 + text[: text.index('action = "hold"')].count("\n")
        until_text(page, ".wrong .at", f"Line {line}")
        _write(page, text)
        until(page, f"{every('.wrong')}.length === 0")
        until_text(page, "#said", "No mistakes; these are the rules in force")
        assert page.log["errors"] == []


def test_rules_are_tried_and_put_in_force_live(
    chromium: Chromium, server: RunningServer, pictures: Path
) -> None:
    _seed(server)
    before = standing(server, "product:p0")
    with open_dashboard(chromium, server, "#/policies/product", viewport=_TALL) as page:
        until(page, f"{every('textarea')}[0]?.value.includes('bayesian_mean')")
        text = _rules(server)["text"].replace("weight = 5, running = true", "weight = 50, running = false")
        _write(page, text)
        until(page, f"{every('#said')}[0].textContent.includes('version 1 is taken')")
        page.do("click", selector="footer button:text('Make it version 2')")
        until_text(page, "#said", "No mistakes; 3 differences from the rules in force")
        page.do("click", selector="footer button:text('Try on the ledger')")
        until_text(page, "#trial-title", "What version 2 would change")
        until(page, f"{every('canvas')}.length === 1")
        figures = dict(zip(texts(page, "dt"), texts(page, "dd"), strict=True))
        assert figures["Standings"] == "12 of 12"
        assert figures["Scores"] == "12 of 12"
        assert len(texts(page, "tbody tr")) == 12
        assert "12 fall" in texts(page, "figcaption")[0]
        page.screenshot(pictures / "policies-tried.png")
        page.do("media", options={"colorScheme": "dark"})
        page.screenshot(pictures / "policies-tried-dark.png")
        page.do("resize", width=390, height=1800)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.screenshot(pictures / "policies-tried-390.png")
        page.do("resize", **_TALL)
        # Trying has touched nothing.
        assert standing(server, "product:p0") == before

        with page.beside(f"{server.url}/#/subject/product:p0") as other:
            number = f"{every('rn-rolling')}[0]?.shadowRoot.querySelector('.unseen').textContent"
            until(other, f"{number} === '{before['score']:.2f}'")
            page.do("click", selector="footer button:text('Put in force')")
            until(page, f"{every('dialog')}[0].open")
            assert "Of 12 subjects, 12 will show something else" in texts(page, "dialog p")[0]
            page.screenshot(pictures / "policies-asked.png")
            page.do("click", selector="dialog button:text('Cancel')")
            until(page, f"!{every('dialog')}[0].open")
            assert _rules(server)["version"] == 1
            page.do("click", selector="footer button:text('Put in force')")
            page.do("click", selector="dialog button:text('Put in force')")
            until_text(page, ".now .chip", "version 2")
            until_text(page, "#said", "Version 2 is in force")
            until_text(page, ".head [role=status]", "All subjects are scored by it.")
            until_text(page, ".which [role=status]", "2 lines taken out, 2 lines put in")
            assert texts(page, "mark") == ["1", "2", "5", "true", "50", "false"]
            after = standing(server, "product:p0")
            assert after["score"] < before["score"]
            until(other, f"{number} === '{after['score']:.2f}'")
            quiet(other, server)
        quiet(page, server)


def test_versions_are_read_and_compared(chromium: Chromium, server: RunningServer, pictures: Path) -> None:
    first = _rules(server)["text"]
    second = first.replace("version = 1", "version = 2").replace("min_score = 4.5", "min_score = 4.4")
    third = second.replace("version = 2", "version = 3") + "\n# And nothing more.\n"
    for text in (second, third):
        httpx.put(f"{server.url}/v1/policies/product", content=text, timeout=20).raise_for_status()
    with open_dashboard(chromium, server, "#/policies/product", viewport=_TALL) as page:
        lines = f"{every('rn-policy-versions')}[0].shadowRoot.querySelectorAll"
        until_text(page, ".which [role=status]", "1 line taken out, 3 lines put in")
        assert [each for each in texts(page, ".line.new") if "nothing more" in each]
        page.screenshot(pictures / "policies-versions.png")
        # What is the same is unfolded.
        before = page.evaluate(f"{lines}('.line').length")
        page.do("click", selector=".left")
        until(page, f"{lines}('.line').length > {before}")
        # Any two.
        _choose(page, 1)
        until_text(page, ".which [role=status]", "2 lines taken out, 4 lines put in")
        assert texts(page, "mark")[:2] == ["1", "3"]
        # And each as it was.
        page.do("click", selector="rn-policy-versions button:text('Text')")
        _choose(page, 1)
        until(page, f"{lines}('.line').length === {len(first.split(chr(10)))}")
        shown = page.evaluate(f"[...{lines}('.line > span:last-child')].map(each => each.textContent)")
        assert shown == first.split("\n")
        page.do("resize", width=390, height=1800)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        quiet(page, server)


def test_the_pages_come_late(chromium: Chromium, server: RunningServer) -> None:
    """Their code is no part of the first load."""
    with open_dashboard(chromium, server) as page:
        loaded = [each["url"] for each in page.log["requests"] if "/assets/" in each["url"]]
        assert not [each for each in loaded if "radar-page" in each or "policies-page" in each]
        page.evaluate("location.hash = '#/policies'")
        until(page, f"{every('textarea')}.length === 1")
        assert [each["url"] for each in page.log["requests"] if "policies-page" in each["url"]]
        page.evaluate("location.hash = '#/radar'")
        until(page, f"{every('.empty strong')}.length === 2")
        quiet(page, server)
