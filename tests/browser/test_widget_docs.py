"""docs/widget.md names everything a page author can set, style or listen to."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "web" / "packages" / "widget" / "src"
ELEMENT = (SOURCE / "element.ts").read_text()
STYLE = (SOURCE / "style.css").read_text()
PAGE = (ROOT / "docs" / "widget.md").read_text()


def _missing(names: set[str]) -> set[str]:
    return {name for name in names if f"`{name}`" not in PAGE}


def test_every_attribute_is_documented() -> None:
    found = re.search(r"observedAttributes = \[(.*?)\]", ELEMENT)
    assert found
    names = set(re.findall(r'"(\w+)"', found[1]))
    assert len(names) >= 5
    assert not _missing(names)


def test_every_custom_property_is_documented_and_no_other() -> None:
    names = set(re.findall(r"var\((--renown-[a-z]+)", STYLE))
    assert len(names) >= 10
    assert not _missing(names)
    assert set(re.findall(r"--renown-[a-z]+", PAGE)) == names


def test_every_part_is_documented() -> None:
    names = set(re.findall(r'make\("\w+", "(\w+)"', ELEMENT))
    assert {"badge", "value", "label", "delta", "status", "count"} <= names
    assert not _missing(names)


def test_every_word_event_and_state_is_documented() -> None:
    words = re.search(r"static text = \{(.*?)\}", ELEMENT)
    assert words
    assert not _missing(set(re.findall(r"(\w+):", words[1])))
    assert not _missing(set(re.findall(r'"(renown:\w+)"', ELEMENT)))
    assert not _missing({"loading", "live", "slow", "stale", "offline"})
