"""Categories that have a scale of their own are drawn on it."""

from pathlib import Path

from tests.browser.chromium import Chromium
from tests.browser.dashboard import every, open_dashboard, post, texts, until
from tests.running import RunningServer

_POLICY = """
name = "host"
kind = "host"
version = 1
title = "Host"

[scale]
min = 1
max = 5

[score]
method = "mean"

[categories.clean]
title = "Cleanliness"

[categories.nights]
title = "Nights"
[categories.nights.score]
method = "sum"
[categories.nights.scale]
min = 0
max = 200
decimals = 0

[rules.stay]
into = { overall = 1.0, clean = 1.0 }

[rules.night]
value = 1
into = { nights = 1.0 }
"""


def test_a_bar_fills_the_part_of_its_own_scale(chromium: Chromium, tmp_path: Path, pictures: Path) -> None:
    policy = tmp_path / "host.toml"
    policy.write_text(_POLICY)
    config = tmp_path / "renown.toml"
    config.write_text(f'policies = ["{policy}"]\n')
    with RunningServer(tmp_path / "data", "--config", str(config)) as server:
        post(server, {"type": "stay", "subject": "host:1", "actor": "guest:1", "value": 4})
        post(server, *({"type": "night", "subject": "host:1", "ref": f"n:{n}"} for n in range(50)))
        with open_dashboard(chromium, server, "#/subject/host:1") as page:
            until(page, f"{every('span.track')}.length === 2")
            until(page, f"{every('li .value')}[1].textContent === '50'")
            assert texts(page, "li .value") == ["4.00", "50"]
            assert page.evaluate(f"{every('span.track i')}.map(each => each.style.width)") == [
                "75%",
                "25%",
            ]
            page.screenshot(pictures / "dashboard-scales.png")
