"""A policy with all that there is at once: scores, guards, life, holds, disputes, alarms and time."""

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renown.model import Event, Status
from renown.policy import Policy, load
from tests.engine.ledger_kit import STORES, Hands, News, StoreFactory, applied, by_time, moment, raw, running

DAY = 1_440.0
"""Minutes."""

EVERYTHING = """
name = "everything"
kind = "shop"
version = 1
title = "Everything"

[scale]
min = 1
max = 5

[score]
SCORE

[categories.sales]
score = { method = "count", window = { days = 5 } }
scale = { min = 0, max = 1000000 }

[rules.review]
one_per = "actor_and_ref"
into = { overall = 1, sales = 1 }
[rules.suspended]
value = 1
into = {}

[evidence]
min_count = 2

[[tiers]]
name = "standard"
[[tiers]]
name = "good"
min_score = 3
min_count = 2
dwell = { days = 2, of = 4 }
grace_days = 3
leave_factor = 0.8

[tier_rules]
cadence = "daily"

[[badges]]
name = "busy"
event = "review"
count = 3
repeatable = true

[status]
start = "pending"
ripen = [
  { from = "pending", to = "active", after_days = 3 },
  { from = "active", to = "asleep", after_days = 6, since = "event" },
]
on = [{ event = "suspended", to = "suspended" }, { event = "review", from = ["asleep"], to = "active" }]

[[alerts]]
name = "low"
when = { score_below = 2.5 }
clear = { score_above = 3 }
for_minutes = 60

[[alerts]]
name = "attack"
when = { incident = "burst" }

[[guards]]
name = "bombing"
kind = "burst"
action = "hold"
hold_days = 2

[[guards]]
name = "many"
kind = "budget"
most = 2
days = 1
action = "hold"

[[guards]]
name = "revenge"
kind = "retaliation"
action = "weigh"

[[guards]]
name = "new"
kind = "fresh"
action = "weigh"
last = 6
least = 3

[disputes]
window_days = 30
open_days = 2
"""


def everything(score: str = 'method = "mean"') -> Policy:
    return load(EVERYTHING.replace("SCORE", score), "everything")


SCORES = (
    'method = "mean"',
    'method = "fading_mean"\nprior = { value = 3, weight = 1 }',
    'method = "bayesian_mean"\nprior = { value = 3, weight = 2, running = true }\nhalf_life_days = 7',
    'method = "mean"\nwindow = { days = 3 }',
    'method = "mean"\nwindow = { last = 4 }',
)

_KINDS = ["review"] * 8 + ["suspended", "retract", "dispute", "release", "dismiss", "hold", "for"]
sent = st.tuples(
    st.sampled_from(_KINDS),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(-2_000, 100).map(float),
    st.integers(1, 5).map(float),
    st.sampled_from([0, 0, 0, 1, 30, 700, 3_000]),
)


def told(what: str, subject: int, giver: int, minutes: float, value: float) -> Event:
    shop, when = f"shop:{subject}", moment(minutes)
    if what == "review":
        given = f"shop:{giver}" if giver != subject else f"buyer:{giver}"
        return Event("review", shop, actor=given, value=value, ref=f"o{giver}", occurred_at=when)
    if what == "suspended":
        return Event("suspended", shop, occurred_at=when)
    kind, data = ("resolve", {"decision": "for"}) if what == "for" else (what, None)
    return Event(kind, shop, actor="moderator:mo", ref=f"o{giver}", occurred_at=when, data=data)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(sent, min_size=1, max_size=30),
    st.sampled_from(SCORES),
    st.integers(0, 2**20),
)
async def test_guards_life_holds_and_time_together_are_what_a_rebuild_makes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any], score: str, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("everything")
    dice = random.Random(seed)
    clock = Hands(0)
    policy = everything(score)
    make = STORES["sqlite"]
    async with running(make, folder, policy, clock) as one, running(make, folder, policy, clock) as two:
        batch: list[Event] = []
        for what, subject, giver, late, value, passing in steps:
            batch.append(told(what, subject, giver, clock.minutes + late, value))
            if passing or len(batch) > 5:
                answers = await dice.choice((one, two)).append(batch)
                assert {each.status for each in answers} <= {Status.APPLIED, Status.HELD, Status.REJECTED}
                assert all(a.problem is None or a.problem.code != "internal" for a in answers), answers
                batch = []
            clock.minutes += passing
            if dice.random() < 0.3:
                await dice.choice((one, two)).pass_time()
        await one.append(batch)
        await two.pass_time()
        report = await one.rebuild(check=True)
        assert report.clean, report.differences
        for subject in (f"shop:{i}" for i in (1, 2, 3)):
            found = await one.snapshot(subject)
            if found is None:
                continue
            standing = json.loads(found[1])
            page = await one.explain(subject, limit=500)
            points = page.prior.points + sum(line.points for line in page.lines)
            assert points == pytest.approx(page.score)
            assert standing["low"] <= standing["score"] <= standing["high"]


async def test_alarms_come_with_the_updates_of_every_process(make: StoreFactory, tmp_path: Path) -> None:
    policy = everything()
    clock = Hands(10 * DAY)
    async with running(make, tmp_path, policy, clock) as one, running(make, tmp_path, policy, clock) as two:
        heard, beside = News(one), News(two)
        bad = [
            Event("review", "shop:1", f"r{i}", f"buyer:{i}", 1.0, ref=f"o{i}", occurred_at=moment(i * DAY))
            for i in range(2)
        ]
        await one.append(bad)
        clock.minutes = 20 * DAY
        await one.pass_time()
        await two.sweep()
        for news in (heard, beside):
            alarms = [alarm for update in news.updates for alarm in update.alarms]
            assert ("low", "fired") in [(each.change.name, each.change.after) for each in alarms]
            assert {each.subject for each in alarms} == {"shop:1"}


async def test_an_alarm_about_what_comes_late_is_over_as_well(make: StoreFactory, tmp_path: Path) -> None:
    """Its day had passed before it began: time has nothing to wait for, and must not wait for it forever."""
    policy = everything()
    clock = Hands(6 * DAY)
    async with running(make, tmp_path, policy, clock) as ledger:

        def rated(n: int, value: float, hours: float) -> Event:
            when = moment(hours * 60)
            return Event("review", "shop:1", f"r{n}", f"buyer:{n}", value, ref=f"o{n}", occurred_at=when)

        applied(await ledger.append([rated(1, 5.0, 0), rated(2, 3.0, 82), rated(3, 2.0, 91)]))
        applied(await ledger.append([Event("suspended", "shop:1", occurred_at=moment(5 * DAY))]))
        late = await ledger.append([rated(4, 2.0, 93), rated(5, 1.0, 99)])
        (alarmed,) = await ledger.events("shop:1", None, 1)
        assert ("attack", "fired") in [(each.name, each.after) for each in alarmed.changes], late
        clock.minutes += 1
        await asyncio.wait_for(ledger.pass_time(), 60)
        told = [change for each in await by_time(ledger, "shop:1") for change in each.changes]
        assert ("attack", "cleared") in [(each.name, each.after) for each in told]
        assert (await ledger.rebuild(check=True)).clean


async def test_a_rebuild_counts_actors_anew(make: StoreFactory, tmp_path: Path) -> None:
    policy = everything()
    async with running(make, tmp_path, policy, Hands(600)) as ledger:
        for i in range(3):
            event = Event("review", f"shop:{i}", None, "buyer:b", 3.0, ref=f"o{i}", occurred_at=moment(9 - i))
            await ledger.append([event])
        beside = raw(tmp_path)
        known = beside.execute("SELECT actor, first_at, events FROM actors").fetchall()
        assert known == [("buyer:b", moment(7).timestamp(), 3)]
        beside.execute("DELETE FROM actors")
        await ledger.rebuild(check=False)
        assert beside.execute("SELECT actor, first_at, events FROM actors").fetchall() == known
        beside.close()
