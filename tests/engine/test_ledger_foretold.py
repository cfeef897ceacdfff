"""A trial says what a switch at that moment makes: of scores that fade, holds that are over, means."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from renown.model import Event
from renown.policy import Policies, Policy, load
from tests.engine.ledger_kit import StoreFactory, applied, opened, view
from tests.engine.test_ledger_switching import finished

TEXT = """
name = "shop"
kind = "shop"
version = {version}
title = "Shop"
[scale]
min = 1
max = 5
[score]
method = "bayesian_mean"
prior = {{ value = 3, weight = 7{running} }}
{fading}
[rules.review]
{blind}
[rules.word]
[[tiers]]
name = "low"
[[tiers]]
name = "high"
min_score = 3.7
"""
BEFORE = {"running": "", "fading": "half_life_days = 365", "blind": ""}
SWITCHES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "fades faster": ({}, {"fading": "half_life_days = 30"}),
    "fades no more": ({"fading": "half_life_days = 30"}, {"fading": ""}),
    "begins to fade": ({"fading": ""}, {"fading": "half_life_days = 30"}),
    "another mean": ({}, {"running": ", running = true", "fading": ""}),
    "a running mean that fades": ({"running": ", running = true"}, {"fading": "half_life_days = 30"}),
    "a hold that is over": (
        {"blind": "blind = { days = 300 }"},
        {"blind": "blind = { days = 50 }", "fading": ""},
    ),
    "a hold that is not": ({"blind": ""}, {"blind": "blind = { days = 300 }"}),
}


def shop(version: int, **changes: str) -> Policy:
    return load(TEXT.format(version=version, **(BEFORE | changes)))


def reviews(now: datetime) -> list[Event]:
    return [
        Event(
            "word" if k == 4 else "review",
            f"shop:{i}",
            actor=f"buyer:{i}-{k}",
            ref=f"order:{i}-{k}",
            value=float(5 - i),
            occurred_at=now - timedelta(days=100 - i, minutes=k),
        )
        for i in range(4)
        for k in range(8, 0, -1)
    ]


@pytest.mark.parametrize("what", SWITCHES)
async def test_a_switch_makes_what_the_trial_has_said(make: StoreFactory, tmp_path: Path, what: str) -> None:
    old, new = SWITCHES[what]
    async with opened(make, tmp_path, Policies([shop(1, **old)])) as ledger:
        await ledger.append(reviews(datetime.now(UTC)))
        keys = [f"shop:{i}" for i in range(4)]
        before = {key: view(await ledger.snapshot(key)) for key in keys}
        trial = await ledger.policies.try_out(shop(2, **old | new))
        assert {key: view(await ledger.snapshot(key)) for key in keys} == before
        assert trial.movers
        await ledger.policies.put(shop(2, **old | new))
        await finished(ledger, "shop")
        after = {key: view(await ledger.snapshot(key)) for key in keys}
        movers = {each.subject: each for each in trial.movers}
        for key in keys:
            one, other, mover = before[key], after[key], movers.get(key)
            foretold = one if mover is None else {"score": mover.after, "tier": mover.tier_after}
            # A second or so has gone by meanwhile.
            assert other["score"] == pytest.approx(foretold["score"], abs=1e-5)
            assert other["tier"] == foretold["tier"]
            assert mover is None or mover.before == one["score"]
            told = [each for each in await ledger.events(key, None, 50) if each.event.type == "renown.policy"]
            if told and what != "a hold that is over":
                assert told[0].event.data is not None
                assert told[0].event.data["after"] == pytest.approx(other["score"], abs=1e-9)
        assert trial.changed == sum(after[key]["version"] > before[key]["version"] for key in keys)
        assert (await ledger.rebuild(check=True)).clean


async def test_a_trial_of_the_rules_in_force_changes_nothing(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, Policies([shop(1, running=", running = true")])) as ledger:
        applied(await ledger.append(reviews(datetime.now(UTC))))
        trial = await ledger.policies.try_out(shop(2, running=", running = true"))
        assert (trial.changed, trial.scores, trial.movers) == (0, 0, ())
