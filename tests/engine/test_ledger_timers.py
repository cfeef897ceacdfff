"""What time does by itself: in order, once, whatever is restarted, and as an event with its reasons."""

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renown import scoring
from renown.ledger import Ledger
from renown.ledger.timing.tick import REST
from renown.model import Entry, Event, Status
from renown.policy import Policy, load
from tests.engine.ledger_kit import STORES, Hands, News, StoreFactory, applied, moment, raw, running, view

DAY = 1_440.0
"""Minutes."""

ACCOUNT = """
name = "account"
kind = "user"
version = 1
title = "Account"

[scale]
min = 0
max = 5

[score]
method = "bayesian_mean"
prior = { value = 3, weight = 2 }
HALF

[rules.review]
[rules.joined]
value = 3
into = {}
[rules.suspended]
value = 3
into = {}

[status]
start = "pending"
ripen = [{ from = "pending", to = "active", after_days = 3 }]
on = [{ event = "suspended", to = "suspended" }]
"""

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


def account(half_life: str = "") -> Policy:
    return load(ACCOUNT.replace("HALF", half_life), "account")


def joined(user: str, minutes: float) -> Event:
    return Event("joined", f"user:{user}", f"joined-{user}", occurred_at=moment(minutes))


async def shown(ledger: Ledger, subject: str) -> dict[str, Any]:
    return view(await ledger.snapshot(subject))


async def by_time(ledger: Ledger, subject: str) -> list[Entry]:
    found = await ledger.events(subject, None, 1_000)
    return [each for each in reversed(found) if each.event.type == "renown.time"]


async def test_a_status_ripens_with_its_counter_and_its_entry_in_the_history(
    make: StoreFactory, tmp_path: Path
) -> None:
    clock = Hands(5)
    async with running(make, tmp_path, account(), clock) as ledger:
        news = News(ledger)
        applied(await ledger.append([joined("ana", 0)]))
        before = await shown(ledger, "user:ana")
        assert (before["status"], before["status_until"]) == ("pending", "2025-03-04T12:00:00.000000Z")
        clock.minutes = 3 * DAY - 1
        await ledger.pass_time()
        assert await shown(ledger, "user:ana") == before
        clock.minutes = 3 * DAY + 1
        await news.until("user:ana", 2)
        after = await shown(ledger, "user:ana")
        assert (after["status"], after["version"]) == ("active", 2)
        assert "status_until" not in after
        assert after["updated_at"] == before["status_until"]
        (entry,) = await by_time(ledger, "user:ana")
        assert entry.event.id == "renown.time/user:ana/2025-03-04T12:00:00.000000Z"
        (change,) = entry.changes
        assert (change.kind, change.before, change.after) == ("status", "pending", "active")
        page = await ledger.explain("user:ana")
        assert [each.type for each in page.steps] == ["renown.time"]
        assert not news.problems
        assert (await ledger.rebuild(check=True)).clean


async def test_what_was_due_while_nothing_ran_is_done_in_order_after_a_start(
    make: StoreFactory, tmp_path: Path
) -> None:
    clock = Hands(600)
    users = [f"u{i}" for i in range(40)]
    order = users[:]
    random.Random(3).shuffle(order)
    async with running(make, tmp_path, account(), clock) as ledger:
        applied(await ledger.append([joined(user, order.index(user)) for user in users]))
    clock.minutes = 30 * DAY
    async with running(make, tmp_path, account(), clock) as ledger:
        await ledger.pass_time()
        assert [(await shown(ledger, f"user:{user}"))["status"] for user in users] == ["active"] * 40
        assert (await ledger.rebuild(check=True)).clean
    beside = raw(tmp_path)
    rows = beside.execute("SELECT subject, at FROM events WHERE type = 'renown.time' ORDER BY seq").fetchall()
    beside.close()
    assert [subject for subject, _ in rows] == [f"user:{user}" for user in order]
    assert [at for _, at in rows] == [moment(i + 3 * DAY).timestamp() for i in range(40)]


async def test_several_processes_do_what_is_due_once(make: StoreFactory, tmp_path: Path) -> None:
    clock = Hands(600)
    async with (
        running(make, tmp_path, account(), clock) as one,
        running(make, tmp_path, account(), clock) as two,
        running(make, tmp_path, account(), clock) as three,
    ):
        applied(await one.append([joined(f"u{i}", i % 7) for i in range(300)]))
        clock.minutes = 4 * DAY
        await asyncio.gather(*(each.pass_time() for each in (one, two, three)), two.pass_time())
        assert one.stats().events == 600
        assert (await one.rebuild(check=True)).clean


async def test_fading_alone_is_no_event_and_a_window_that_ends_is(make: StoreFactory, tmp_path: Path) -> None:
    clock = Hands(600)
    fading = account("half_life_days = 7")
    review = Event("review", "user:ana", "r1", value=5.0, occurred_at=moment(5))
    async with running(make, tmp_path / "fading", fading, clock) as ledger:
        applied(await ledger.append([joined("ana", 0), review]))
        clock.minutes = 100 * DAY
        await ledger.pass_time()
        assert len(await by_time(ledger, "user:ana")) == 1
    clock.minutes = 600
    ending = load(
        ACCOUNT.replace('method = "bayesian_mean"', 'method = "mean"')
        .replace("prior = { value = 3, weight = 2 }", "start = 3")
        .replace("HALF", "window = { days = 10 }"),
        "ending",
    )
    async with running(make, tmp_path / "ending", ending, clock) as ledger:
        applied(await ledger.append([joined("ana", 0), review]))
        assert (await shown(ledger, "user:ana"))["score"] == 5.0
        clock.minutes = 100 * DAY
        await ledger.pass_time()
        standing = await shown(ledger, "user:ana")
        assert (standing["score"], standing["count"]) == (3.0, 0)
        assert standing["cause"] == {"type": "renown.time", "delta": -2.0}
        assert len(await by_time(ledger, "user:ana")) == 2
        beside = raw(tmp_path / "ending")
        assert beside.execute("SELECT due FROM standings").fetchall() == [(None,)]
        beside.close()
        assert (await ledger.rebuild(check=True)).clean


async def test_what_is_due_waits_for_nobody_and_keeps_nobody_waiting(
    make: StoreFactory, tmp_path: Path
) -> None:
    """3,000 subjects fall due at once; an event that comes meanwhile is answered before they are done."""
    clock = Hands(600)
    async with running(make, tmp_path, account(), clock) as ledger:
        applied(await ledger.append([joined(f"u{i}", 0) for i in range(3_000)]))
        clock.minutes = 4 * DAY
        passing = asyncio.create_task(ledger.pass_time())
        await asyncio.sleep(0)
        applied(await ledger.append([joined("late", 4 * DAY)]))
        done = ledger.stats().events
        await passing
        assert done < ledger.stats().events == 6_001


async def test_an_earlier_due_wakes_the_ledger(make: StoreFactory, tmp_path: Path) -> None:
    clock = Hands(600)
    async with running(make, tmp_path, account(), clock) as ledger:
        news = News(ledger)
        # Due already when it comes: nobody has to ask for it, once no more of its past comes.
        applied(await ledger.append([joined("old", -3 * DAY)]))
        clock.minutes += REST / 60
        await news.until("user:old", 2)
        assert (await shown(ledger, "user:old"))["status"] == "active"


async def test_time_does_not_run_ahead_of_a_history_that_comes_in(make: StoreFactory, tmp_path: Path) -> None:
    """Two months of reviews, a day in each append: each would be late if time had gone on to today before."""
    clock = Hands(100 * DAY)
    policy = load(ACCOUNT.replace("HALF", "window = { days = 3 }"))

    def reviews(subject: str) -> list[Event]:
        return [Event("review", subject, value=5.0, occurred_at=moment(day * DAY)) for day in range(60)]

    async with running(make, tmp_path, policy, clock) as ledger:
        applied(await ledger.append([joined("bob", 97 * DAY + 1)]))
        applied(await ledger.append(reviews("user:once")))
        for event in reviews("user:ana"):
            applied(await ledger.append([event]))
            clock.minutes += REST / 60 / 2
            await ledger.pass_time()
        assert await by_time(ledger, "user:ana") == []
        # What comes due meanwhile happens when it does.
        assert (await shown(ledger, "user:bob"))["status"] == "active"
        clock.minutes += REST / 60
        await ledger.pass_time()
        assert await by_time(ledger, "user:ana") != []
        ana, once = [await shown(ledger, f"user:{name}") for name in ("ana", "once")]
        assert {**ana, "subject": ""} == {**once, "subject": ""}
        assert (await ledger.rebuild(check=True)).clean


async def test_looking_daily_at_who_stands_still_costs_the_same_each_day(
    make: StoreFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event of two years ago comes under rules that take a note each day while its score fades."""
    text = ACCOUNT.replace("HALF", "half_life_days = 30")
    steady = """
    [[tiers]]
    name = "new"
    [[tiers]]
    name = "steady"
    min_score = 3.1
    dwell = { days = 3, of = 5 }
    """
    read, reads = scoring.read, 0

    def counted(*given: Any, **named: Any) -> Any:
        nonlocal reads
        reads += 1
        return read(*given, **named)

    clock = Hands(730 * DAY)
    async with running(make, tmp_path, load(text + steady), clock) as ledger:
        monkeypatch.setattr(scoring, "read", counted)
        applied(await ledger.append([Event("review", "user:ana", value=5.0, occurred_at=moment(0))]))
        clock.minutes += 1
        await ledger.pass_time()
        monkeypatch.undo()
        assert 1_000 < reads < 8_000, reads
        assert (await ledger.rebuild(check=True)).clean


async def test_the_standing_of_a_past_time_has_the_status_of_then(make: StoreFactory, tmp_path: Path) -> None:
    clock = Hands(5)
    async with running(make, tmp_path, account(), clock) as ledger:
        applied(await ledger.append([joined("ana", 0)]))
        clock.minutes = 5 * DAY
        await ledger.pass_time()
        then = await ledger.standing_at("user:ana", moment(DAY).timestamp())
        now = await ledger.standing_at("user:ana", moment(4 * DAY).timestamp())
        assert then is not None
        assert now is not None
        assert (then.status, then.status_until) == ("pending", "2025-03-04T12:00:00.000000Z")
        assert (now.status, now.status_until) == ("active", None)


async def test_alarms_come_with_the_updates_of_every_process(make: StoreFactory, tmp_path: Path) -> None:
    policy = load(EVERYTHING.replace("SCORE", 'method = "mean"'), "everything")
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
    policy = load(EVERYTHING.replace("SCORE", 'method = "mean"'), "everything")
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
    policy = load(EVERYTHING.replace("SCORE", score), "everything")
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


async def test_subjects_of_an_older_file_are_looked_at_once(make: StoreFactory, tmp_path: Path) -> None:
    """Bringing a file to the newest tables makes all subjects due; most have nothing to wait for."""
    clock = Hands(600)
    async with running(make, tmp_path, account(), clock) as ledger:
        applied(await ledger.append([joined("ana", 0), joined("bob", 1)]))
        clock.minutes = 5 * DAY
        await ledger.pass_time()
        applied(await ledger.append([joined("cyd", 5 * DAY)]))
    beside = raw(tmp_path)
    beside.execute("UPDATE standings SET due = 0.0")
    clock.minutes += 1
    async with running(make, tmp_path, account(), clock) as ledger:
        await ledger.pass_time()
        assert ledger.stats().events == 5
        assert (await ledger.rebuild(check=True)).clean
    dues = dict(beside.execute("SELECT subject, due FROM standings").fetchall())
    beside.close()
    assert dues == {"user:ana": None, "user:bob": None, "user:cyd": moment(8 * DAY).timestamp()}


async def test_a_rebuild_counts_actors_anew(make: StoreFactory, tmp_path: Path) -> None:
    policy = load(EVERYTHING.replace("SCORE", 'method = "mean"'), "everything")
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
