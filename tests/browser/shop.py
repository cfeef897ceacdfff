"""What happens in the shop whose pages the widget tests show."""

import re
from decimal import ROUND_HALF_UP, Decimal
from itertools import count

import httpx

from tests.browser.chromium import Page
from tests.running import RunningServer

__all__ = ["review", "script", "shown", "until_shown", "value"]

_numbers = count(1)


def review(server: RunningServer, subject: str, stars: float, times: int = 1) -> dict[str, float]:
    """Post reviews by new buyers over HTTP; the standing after the last one."""
    events = []
    for _ in range(times):
        number = next(_numbers)
        events.append(
            {
                "type": "review",
                "subject": subject,
                "actor": f"buyer:{number}",
                "ref": f"order:{number}",
                "value": stars,
            }
        )
    answer = httpx.post(f"{server.url}/v1/events", json=events, timeout=20)
    answer.raise_for_status()
    standing = httpx.get(f"{server.url}/v1/standings/{subject}", timeout=20)
    standing.raise_for_status()
    return standing.json()


def script(url: str) -> str:
    """The tag that loads the widget from a server."""
    return f'<script type="module" src="{url}/widget.js"></script>'


def value(standing: dict[str, float]) -> str:
    """How the widget writes a standing's score in English."""
    return str(Decimal(str(standing["score"])).quantize(Decimal("0.1"), ROUND_HALF_UP))


_SHOWN = "document.querySelector('{0}').shadowRoot.querySelector('[part={1}]').textContent"


def shown(page: Page, part: str = "value", selector: str = "renown-score") -> str:
    """The text of one part of the widget."""
    return page.evaluate(_SHOWN.format(selector, part))


def until_shown(
    page: Page,
    text: str,
    *,
    state: str = "live",
    part: str = "value",
    selector: str = "renown-score",
    seconds: float = 30,
) -> None:
    """Wait until a part of the widget reads `text` and the widget is in `state`."""
    assert re.fullmatch(r"[a-z]+", state)
    live = f"document.querySelector('{selector}').dataset.state === '{state}'"
    page.until(f"{live} && {_SHOWN.format(selector, part)} === '{text}'", seconds)
