"""The page on guards has every kind, every key with its default, and quotes what guards really say."""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from renown.policy import Guarding, preset
from renown.policy.evidence.guarding import Guard
from renown.scoring.guards import Facts
from tests.unit.guards_kit import DAY, Watched, guarded

TEXT = (Path(__file__).parents[2] / "docs" / "guards.md").read_text()
KINDS: dict[str, type[Any]] = {struct.__struct_config__.tag: struct for struct in get_args(Guarding)}
COMMON = {field.encode_name for field in msgspec.structs.fields(Guard)}


def section(heading: str) -> str:
    assert heading in TEXT
    return re.split(r"\n## ", TEXT.split(heading, 1)[1])[0]


def rows(text: str) -> dict[str, str]:
    """Key → default as the tables say; of several keys in a row each has its own."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if line.startswith("| `") and len(cells) >= 2:
            keys = re.findall(r"`(\w+)`", cells[0])
            defaults = cells[2].split(", ") if len(keys) > 1 else [cells[2] if len(cells) > 2 else ""]
            found.update(zip(keys, defaults, strict=True))
    return found


def test_the_keys_of_every_guard_have_rows() -> None:
    assert set(rows(section("## Keys of every guard"))) == COMMON | {"kind"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_section_with_its_keys_and_defaults(kind: str) -> None:
    told = rows(section(f'## `kind = "{kind}"`'))
    own = {field.encode_name: field for field in msgspec.structs.fields(KINDS[kind])}
    assert set(told) == set(own) - COMMON
    for key, default in told.items():
        if not default.startswith("`"):
            continue
        value = own[key].default
        said = default.strip("`")
        if isinstance(value, tuple):
            assert said == str(list(value)), key
        elif isinstance(value, str):
            assert said == value, key
        else:
            assert float(said) == value, key


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_says_where_it_differs_in_what_it_acts_on_and_how(kind: str) -> None:
    own = {field.encode_name: field for field in msgspec.structs.fields(KINDS[kind])}
    text = section(f'## `kind = "{kind}"`')
    for key, usual in (("on", "all"), ("action", "count")):
        said = re.search(rf"`{key}` is `(\w+)`", text)
        assert (said.group(1) if said else usual) == own[key].default, key


def test_the_example_is_a_policy() -> None:
    (example,) = re.findall(r"```toml\n\[\[guards\]\]\n(.*?)```", TEXT, re.DOTALL)
    assert [guard.name for guard in guarded(example).guards] == ["bombing"]


def test_the_presets_have_the_guards_that_are_told() -> None:
    for name, told in rows(section("## In the presets")).items():
        assert told == ""
        line = next(line for line in TEXT.splitlines() if line.startswith(f"| `{name}` |"))
        named = re.findall(r"`([\w-]+)`(?=:)", line.split("|")[2])
        assert named == [guard.name for guard in preset(name).guards], name


def _shape(text: str) -> str:
    return re.sub(r"\b(is|are)\b", "is", re.sub(r"-?\d+(\.\d+)?", "#", text))


def _said() -> set[str]:
    """What the guards say in stories that make each of them speak."""
    texts: set[str] = set()
    fresh, old = Facts(), Facts(known_since=0.0, given=50, returned=(1.0, 100 * DAY - 6 * 3600), kin=9)
    policy = guarded(
        'name = "burst"\nkind = "burst"\ntypes = ["review"]',
        'name = "fresh"\nkind = "fresh"\nper_day = 0.5',
        'name = "pair"\nkind = "budget"\ntypes = ["review"]',
        'name = "again"\nkind = "repeat"\ntypes = ["review"]',
        'name = "back"\nkind = "reciprocity"',
        'name = "ring"\nkind = "ring"',
        'name = "turned"\nkind = "exit_scam"',
        'name = "revenge"\nkind = "retaliation"',
        'name = "self"\nkind = "self"\nsame = { buyer_device = "seller_device" }',
    )
    shop = Watched(policy)
    said = [shop.tell(5.0, i, actor=f"old:{i}", facts=old) for i in range(70)]
    said += [shop.tell(1.0, 100, actor=f"new:{i}", facts=fresh) for i in range(20)]
    said += [shop.tell(1.0, 100, actor="same", facts=old) for _ in range(20)]
    said += [shop.tell(5.0, 101, data={"buyer_device": 1, "seller_device": 1})]
    anywhere = 'name = "day"\nkind = "budget"\ntypes = ["review"]\nper = "actor_anywhere"\nmost = 40'
    said += [Watched(guarded(anywhere)).tell(5.0, 1, facts=Facts(spent=(40,)))]
    for verdict in said:
        texts |= {reason.text for reason in verdict.reasons}
    return {_shape(text) for text in texts} | {
        _shape(sentence) for text in texts for sentence in re.split(r"(?<=order\.) ", text)
    }


def test_what_is_quoted_is_what_guards_say() -> None:
    said = _said()
    quotes = [line.removeprefix("> ") for line in TEXT.splitlines() if line.startswith("> ")]
    assert len(quotes) >= len(KINDS)
    for quote in quotes:
        plain = quote.removesuffix(" It does not count until somebody decides.")
        assert any(_shape(plain) in each for each in said), plain
