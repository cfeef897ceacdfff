"""The policy reference has every key, and its example loads."""

import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from renown.policy import (
    Alert,
    AlertLimits,
    AlertWhen,
    Also,
    Badge,
    BadgeLevel,
    Bounds,
    CategoryPolicy,
    Clear,
    Condition,
    Dates,
    Disputes,
    Dwell,
    EventMatch,
    Evidence,
    Late,
    Matching,
    Method,
    Move,
    Penalty,
    Period,
    Policy,
    Prior,
    Pull,
    Rate,
    Raters,
    Ripen,
    Rule,
    Scale,
    Shape,
    StatusEvent,
    StatusName,
    StatusRules,
    Target,
    Tier,
    TierEvent,
    TierRules,
    Visibility,
    WeightBy,
    WeightCase,
    Window,
    load,
    preset_names,
)

TEXT = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()

SECTIONS: list[tuple[type[Any], str]] = [
    (Policy, "## The policy itself"),
    (Scale, "## `[scale]`"),
    (Prior, "### `prior`"),
    (CategoryPolicy, "## `[categories.<name>]`"),
    (Rule, "## `[rules.<event type>]`"),
    (WeightCase, "### `weights`"),
    (WeightBy, "### `weight_by`"),
    (Target, "### `into`"),
    (Matching, "### `when` and `unless`"),
    (Period, "### `periods`"),
    (Also, "### `also`"),
    (Window, "### `window`"),
    (Shape, "## `[shape]`"),
    (Pull, "### `pull`"),
    (Condition, "### `conditions`"),
    (Penalty, "### `parts` of a penalty"),
    (Raters, "## `[raters]`"),
    (Evidence, "## `[evidence]`"),
    (Bounds, "## `[bounds]`"),
    (Tier, "## `[[tiers]]`"),
    (Dwell, "### `dwell`"),
    (TierRules, "## `[tier_rules]`"),
    (Dates, "### `cadence`"),
    (TierEvent, "### `on` of `[tier_rules]`"),
    (Badge, "## `[[badges]]`"),
    (BadgeLevel, "### `levels`"),
    (StatusRules, "## `[status]`"),
    (Ripen, "### `ripen`"),
    (StatusEvent, "### `on` of `[status]`"),
    (StatusName, "## `[[statuses]]`"),
    (Alert, "## `[[alerts]]`"),
    (AlertWhen, "### `when` of an alert"),
    (Move, "### `drop` and `rise`"),
    (Rate, "### `rate`"),
    (EventMatch, "### `event` of an alert"),
    (Clear, "### `clear`"),
    (Disputes, "## `[disputes]`"),
    (Late, "## `[late]`"),
    (AlertLimits, "## `[alert_limits]`"),
    (Visibility, "## `[visibility]`"),
    *((method, f'### `method = "{method.__struct_config__.tag}"`') for method in get_args(Method)),
]
TABLES = {
    "scale",
    "score",
    "shape",
    "rules",
    "categories",
    "raters",
    "evidence",
    "bounds",
    "tiers",
    "guards",
    "visibility",
    "tier_rules",
    "badges",
    "status",
    "statuses",
    "alerts",
    "disputes",
    "late",
    "alert_limits",
}


@pytest.mark.parametrize("struct, heading", SECTIONS)
def test_every_key_has_a_row(struct: type[Any], heading: str) -> None:
    assert heading in TEXT
    section = re.split(r"\n##+ ", TEXT.split(heading, 1)[1])[0]
    rows = {
        key
        for line in section.splitlines()
        if line.startswith("| `")
        for key in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    fields = {field.encode_name for field in msgspec.structs.fields(struct)}
    assert rows == (fields - TABLES if struct is Policy else fields)


def test_every_table_has_a_heading() -> None:
    for table in TABLES:
        assert re.search(rf"^## `\[\[?{table}[.\]]", TEXT, re.MULTILINE), table


def test_the_examples_load() -> None:
    examples = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert load(examples[0], "the example").kind == "driver"
    for example in examples[1:]:
        assert tomllib.loads(example)


def test_every_preset_is_named() -> None:
    for name in preset_names():
        assert f"| `{name}` |" in TEXT
