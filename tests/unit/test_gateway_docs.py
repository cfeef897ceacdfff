"""The pages about the realtime side name every code, setting and metric of the gateway, and no other code."""

import re
from pathlib import Path

import msgspec

from renown.gateway.metrics import GatewayMetrics
from renown.gateway.options import GatewayOptions, TokenOptions
from renown.protocol.codes import DISCONNECTS, ERRORS, UNSUBSCRIBES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "realtime.md").read_text()
PAGES = PAGE + (DOCS / "transports.md").read_text() + (DOCS / "rights.md").read_text()


def words(source: type) -> dict[int, str]:
    values = [value for name, value in vars(source).items() if name.isupper()]
    return {value.code: getattr(value, "message", None) or value.reason for value in values}


def test_the_tables_of_codes_are_complete() -> None:
    rows = re.findall(r"^\| (\d{3,4}) \| ([a-z ]+) \|", PAGE, re.MULTILINE)
    written = {int(code): word for code, word in rows}
    assert written == words(ERRORS) | words(DISCONNECTS) | words(UNSUBSCRIBES)


def test_who_comes_back_is_said_right() -> None:
    rows = re.findall(r"^\| (\d{4}) \| [a-z ]+ \| (yes|no) \|", PAGE, re.MULTILINE)
    disconnects = {value.code: value for name, value in vars(DISCONNECTS).items() if name.isupper()}
    assert {int(code): word == "yes" for code, word in rows} == {
        code: value.reconnects for code, value in disconnects.items()
    }


def test_every_setting_and_metric_is_mentioned() -> None:
    names = [field.name for kind in (GatewayOptions, TokenOptions) for field in msgspec.structs.fields(kind)]
    names += [metric.name for metric in GatewayMetrics().collect()]
    assert [name for name in names if name not in PAGES and name not in ("channels", "lifetime")] == []
