"""What time does by itself: in order, once, whatever is restarted, and as an event with its reasons."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from renown import scoring
from renown.ledger import Ledger
from renown.ledger.timing.tick import REST
from renown.model import Event
from renown.policy import Policy, load
from tests.engine.ledger_kit import Hands, News, StoreFactory, applied, by_time, moment, raw, running, view

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


def account(half_life: str = "") -> Policy:
    return load(ACCOUNT.replace("HALF", half_life), "account")


def joined(user: str, minutes: float) -> Event:
    return Event("joined", f"user:{user}", f"joined-{user}", occurred_at=moment(minutes))


async def shown(ledger: Ledger, subject: str) -> dict[str, Any]:
    return view(await ledger.snapshot(subject))


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


async def test_a_window_that_ends_is_an_event(make: StoreFactory, tmp_path: Path) -> None:
    clock = Hands(600)
    review = Event("review", "user:ana", "r1", value=5.0, occurred_at=moment(5))
    ending = load(
        ACCOUNT.replace('method = "bayesian_mean"', 'method = "mean"')
        .replace("prior = { value = 3, weight = 2 }", "start = 3")
        .replace("HALF", "window = { days = 10 }"),
        "ending",
    )
    async with running(make, tmp_path, ending, clock) as ledger:
        applied(await ledger.append([joined("ana", 0), review]))
        assert (await shown(ledger, "user:ana"))["score"] == 5.0
        clock.minutes = 100 * DAY
        await ledger.pass_time()
        standing = await shown(ledger, "user:ana")
        assert (standing["score"], standing["count"]) == (3.0, 0)
        assert standing["cause"] == {"type": "renown.time", "delta": -2.0}
        assert len(await by_time(ledger, "user:ana")) == 2
        beside = raw(tmp_path)
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
