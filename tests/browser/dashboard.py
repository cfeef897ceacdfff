"""Looking into the dashboard, whose parts live in nested shadow roots."""

import json
import time
from typing import Any

import httpx

from tests.browser.chromium import Chromium, Page
from tests.running import RunningServer

__all__ = ["every", "open_dashboard", "post", "quiet", "texts", "until", "until_text"]

_EVERY = (
    "(selector => { const found = []; const walk = root => {"
    " found.push(...root.querySelectorAll(selector));"
    " for (const each of root.querySelectorAll('*')) if (each.shadowRoot) walk(each.shadowRoot); };"
    " walk(document); return found; })"
)


def every(selector: str) -> str:
    """A JavaScript expression: all elements that match, in every shadow root, as an array."""
    return f"{_EVERY}({json.dumps(selector)})"


def texts(page: Page, selector: str) -> list[str]:
    """The text of all elements that match, with white space evened out."""
    return page.evaluate(f"{every(selector)}.map(each => each.textContent.replace(/\\s+/g, ' ').trim())")


def until(page: Page, expression: str, seconds: float = 30) -> None:
    """Wait until the expression is true.

    It is asked for again and again from outside: the dashboard's content security policy forbids what
    `Page.until` does inside the page.
    """
    deadline = time.monotonic() + seconds
    while not page.evaluate(f"Boolean({expression})"):
        if time.monotonic() > deadline:
            raise AssertionError(f"never came true: {expression}\n{page.aria('renown-dashboard')}")
        time.sleep(0.05)


def until_text(page: Page, selector: str, text: str) -> None:
    """Wait until the first element that matches says `text`."""
    wanted = json.dumps(text)
    until(page, f"{every(selector)}[0]?.textContent.replace(/\\s+/g, ' ').trim() === {wanted}")


def open_dashboard(chromium: Chromium, server: RunningServer, route: str = "", **options: Any) -> Page:
    """Open the dashboard at a route and wait until it is live."""
    options.setdefault("viewport", {"width": 1360, "height": 900})
    page = chromium.open(f"{server.url}/{route}", **options)
    until_text(page, "rn-connection [role=status], .badge", "Live")
    return page


def post(server: RunningServer, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """Post events over HTTP; all of them must be applied."""
    answers = httpx.post(f"{server.url}/v1/events", json=list(events), timeout=20).json()
    assert all(answer["status"] == "applied" for answer in answers), answers
    return answers


def quiet(page: Page, server: RunningServer) -> None:
    """Nothing went wrong in the page, and it asked nobody but its server."""
    log = page.log
    said = [each for each in log["console"] if each["type"] in ("error", "warning")]
    assert not said, said
    assert not log["errors"], log["errors"]
    own = (server.url, server.url.replace("http", "ws"), "data:")
    assert [each["url"] for each in log["requests"] if not each["url"].startswith(own)] == []
