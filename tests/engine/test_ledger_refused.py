"""Events that newer rules refuse: they stay, count for nothing, and are no fault of the ledger."""

import json
from pathlib import Path

import pytest

from renown.ledger import Ledger
from renown.model import Event
from renown.policy import Policies, load
from tests.engine.ledger_kit import StoreFactory, applied, moment, opened, raw, view
from tests.engine.test_ledger_switching import finished

BEFORE = """
name = "shop"
kind = "shop"
version = 1
title = "Shop"
[scale]
min = 1
max = 5
[score]
method = "mean"
[categories.speed]
[categories.care]
[rules.review]
categories = "optional"
[rules.word]
[rules.sale]
value = 4
"""
TEXT = BEFORE.replace("version = 1", "version = 2")
NARROWER = {
    "a rule that is gone": (TEXT.replace("[rules.word]", ""), 1),
    "a narrower range": (TEXT.replace("[rules.word]", "[rules.word]\nmax = 2"), 1),
    "a narrower scale": (TEXT.replace("max = 5", "max = 4"), 1),
    "a category that is gone": (TEXT.replace("[categories.care]", ""), 1),
    "categories that must be": (TEXT.replace('"optional"', '"required"'), 1),
    "categories that must not be": (TEXT.replace('"optional"', '"none"'), 1),
    "a value of the policy": (TEXT.replace("[rules.word]", "[rules.word]\nvalue = 3"), 1),
    "a value that must be": (TEXT.replace("value = 4", ""), 1),
    "an attribute that must be": (
        TEXT.replace("[rules.sale]", '[rules.sale]\nweight_by = { attribute = "paid" }'),
        1,
    ),
    "another way to count": (TEXT.replace('"mean"', '"quantile"\nq = 0.5'), 0),
}


def said() -> list[Event]:
    return [
        Event("review", "shop:1", id="r1", value=2.0, occurred_at=moment(1)),
        Event("review", "shop:1", id="r2", value=4.0, categories={"care": 3.0}, occurred_at=moment(2)),
        Event("word", "shop:1", id="w", value=5.0, actor="user:1", occurred_at=moment(3)),
        Event("sale", "shop:1", id="s", occurred_at=moment(4)),
        Event("review", "shop:1", id="r3", value=2.0, occurred_at=moment(5)),
    ]


async def refused(ledger: Ledger) -> int:
    """Return how many are; everything is as the events say, and a rebuild and weighing anew leave it so."""
    first = await ledger.rebuild(check=True)
    assert first.clean, first.differences[:3]
    again = await ledger.rebuild(check=False)
    assert again.clean, again.differences[:3]
    assert (await ledger.reweigh(check=True)).refused == first.refused
    assert again.refused == first.refused
    return first.refused


@pytest.mark.parametrize("what", NARROWER)
async def test_what_new_rules_refuse_is_no_difference(make: StoreFactory, tmp_path: Path, what: str) -> None:
    async with opened(make, tmp_path, Policies([load(BEFORE)])) as ledger:
        applied(await ledger.append(said()))
        assert await refused(ledger) == 0
        text, least = NARROWER[what]
        await ledger.policies.put(load(text))
        await finished(ledger, "shop")
        assert await refused(ledger) >= least
        taken_back = [Event("retract", "shop:1", ref=each.id, occurred_at=moment(9)) for each in said()]
        answers = await ledger.append([*taken_back, Event("review", "shop:1", value=3.0)])
        assert len({answer.status for answer in answers}) == (1 if not least else 2)
        assert await refused(ledger) >= least


async def test_what_is_refused_and_counts_nevertheless_is_found(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, Policies([load(BEFORE)])) as ledger:
        applied(await ledger.append(said()))
        counted = raw(tmp_path).execute("SELECT contributions FROM events WHERE id = 'w'").fetchone()[0]
        await ledger.policies.put(load(NARROWER["a rule that is gone"][0]))
        await finished(ledger, "shop")
        assert view(await ledger.snapshot("shop:1"))["score"] == 3.0
        beside = raw(tmp_path)
        change = "UPDATE events SET contributions = ? WHERE id = 'w'"
        assert beside.execute(change, (counted,)).rowcount == 1
        beside.close()
        report = await ledger.rebuild(check=True)
        assert [(each.version, each.what) for each in report.differences] == [(3, "contributions")]
        assert json.loads(report.differences[0].found)
        assert not (await ledger.rebuild(check=False)).clean
        assert await refused(ledger) == 1


async def test_rules_that_go_back_let_it_count_again(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, Policies([load(BEFORE)])) as ledger:
        applied(await ledger.append(said()))
        before = view(await ledger.snapshot("shop:1"))
        for version, text in enumerate((NARROWER["a narrower scale"][0], TEXT), 2):
            await ledger.policies.put(load(text.replace("version = 2", f"version = {version}")))
            await finished(ledger, "shop")
            assert await refused(ledger) == (version == 2)
        assert view(await ledger.snapshot("shop:1"))["score"] == before["score"]


HELD = """
name = "shop"
kind = "shop"
version = VERSION
title = "Shop"
[scale]
min = 1
max = MAX
[score]
method = "bayesian_mean"
prior = { value = 3, weight = 2, running = true }
[rules.review]
[rules.secret]
BLIND
"""


def held(version: int, high: int, blind: str) -> Policies:
    text = HELD.replace("VERSION", str(version)).replace("MAX", str(high)).replace("BLIND", blind)
    return Policies([load(text)])


@pytest.mark.parametrize("high, blind", [(5, ""), (4, ""), (4, "blind = { days = 3 }")])
async def test_the_means_of_a_kind_follow_what_was_held_under_older_rules(
    make: StoreFactory, tmp_path: Path, high: int, blind: str
) -> None:
    """What was released under the older rules was perhaps never held under the new ones, and the reverse."""
    async with opened(make, tmp_path, held(1, 5, "blind = { days = 3 }")) as ledger:
        for i in range(4):
            name = f"s{i}"
            secret = Event(
                "secret", f"shop:{i}", name, value=2.0, actor=f"u:{i}", ref="o", occurred_at=moment(i)
            )
            await ledger.append([secret])
            changed = Event("amend", f"shop:{i}", value=5.0, ref=name, occurred_at=moment(20 + i))
            await ledger.append([changed] if i % 2 else [])
            release = Event("release", f"shop:{i}", actor="mod:1", ref="o", occurred_at=moment(50 + i))
            await ledger.append([release] if i > 1 else [])
            await ledger.append([Event("review", f"shop:{i}", value=5.0, occurred_at=moment(90 + i))])
        assert (await ledger.rebuild(check=True)).clean
        for policy in held(2, high, blind):
            await ledger.policies.put(policy)
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences[:3]
        await finished(ledger, "shop")
        await refused(ledger)
        applied(await ledger.append([Event("review", "shop:1", value=3.0)]))
        await refused(ledger)
