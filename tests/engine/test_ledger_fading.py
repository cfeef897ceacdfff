"""What fades shows it: on the first day that people would read another number, once, and in all views."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from renown.ledger import Ledger
from renown.model import Event
from renown.policy import Policy, load
from tests.engine.ledger_kit import (
    T0,
    Hands,
    News,
    StoreFactory,
    applied,
    by_time,
    moment,
    raw,
    running,
    view,
)

DAY = 1_440.0
"""Minutes."""
POLICY = """
name = "shop"
kind = "shop"
version = 1
title = "Shop"

[scale]
min = 1
max = 5
decimals = DECIMALS

[score]
method = "bayesian_mean"
prior = { value = 3, weight = 2 }
half_life_days = 30

[rules.review]

[evidence]
min_weight = 1

[[tiers]]
name = "plain"

[[tiers]]
name = "top"
min_score = 4.5
leave_score = 4.2

[[badges]]
name = "star"
title = "Star"
when = [{ part = "overall", at_least = 4.4 }]
revocable = true
"""


NUMBERS = ("score", "low", "high")


def shop(decimals: int = 2) -> Policy:
    return load(POLICY.replace("DECIMALS", str(decimals)), "shop")


def fives(subject: str, count: int, minutes: float = 0.0) -> list[Event]:
    at = moment(minutes)
    return [Event("review", subject, f"{subject}-{n}", value=5.0, occurred_at=at) for n in range(count)]


def by_hand(count: int, days: float) -> float:
    weight = count * 2.0 ** (-days / 30)
    return (3 * 2 + 5 * weight) / (2 + weight)


async def shown(ledger: Ledger, subject: str) -> dict[str, Any]:
    return view(await ledger.snapshot(subject))


async def first_day(ledger: Ledger, shown: dict[str, Any]) -> int:
    """Return the first day at whose beginning a score or a bound reads otherwise."""
    for day in range(1, 100):
        then = await ledger.standing_at("shop:1", T0.timestamp() + (day - 0.5) * 86_400)
        if then and any(round(getattr(then, name), 1) != round(shown[name], 1) for name in NUMBERS):
            return day
    return 100


async def test_a_score_that_fades_is_shown_so_from_the_day_on_that_it_reads_otherwise(
    make: StoreFactory, tmp_path: Path
) -> None:
    clock = Hands(1)
    async with running(make, tmp_path, shop(1), clock) as ledger:
        news = News(ledger)
        applied(await ledger.append(fives("shop:1", 10)))
        before = await shown(ledger, "shop:1")
        assert (before["score"], before["version"]) == (by_hand(10, 0), 10)
        first = await first_day(ledger, before)
        assert 1 < first < 9
        for day in range(1, first):
            clock.minutes = day * DAY
            await ledger.pass_time()
            assert await shown(ledger, "shop:1") == before, f"day {day}"
        clock.minutes = first * DAY
        await ledger.pass_time()
        await news.until("shop:1", 11)
        after = await shown(ledger, "shop:1")
        # The tests' time begins at noon; it is looked at midnight.
        assert after["score"] == pytest.approx(by_hand(10, first - 0.5), abs=1e-12)
        assert after["cause"] == {"type": "renown.time", "delta": after["score"] - before["score"]}
        assert after["updated_at"].endswith("T00:00:00.000000Z")
        assert (await ledger.rebuild(check=True)).clean


async def test_what_is_shown_never_lags_behind_what_is_by_more_than_a_day(
    make: StoreFactory, tmp_path: Path
) -> None:
    clock = Hands(1)
    async with running(make, tmp_path, shop(), clock) as ledger:
        applied(await ledger.append(fives("shop:1", 10)))
        applied(await ledger.append([Event("review", "shop:2", value=4.0, occurred_at=moment(1))]))
        for day in range(1, 400, 7):
            clock.minutes = day * DAY
            await ledger.pass_time()
            now = T0 + timedelta(minutes=clock.minutes) - timedelta(hours=12)
            for subject in ("shop:1", "shop:2"):
                then = await ledger.standing_at(subject, now.timestamp())
                assert then is not None
                standing = await shown(ledger, subject)
                told = (standing["tier"], standing["badges"], standing["provisional"], standing["count"])
                assert told == (then.tier, list(then.badges), then.provisional, then.count), f"day {day}"
                for name in NUMBERS:
                    assert round(standing[name], 2) == round(getattr(then, name), 2), f"{name} of day {day}"
        last = await shown(ledger, "shop:1")
        assert (last["tier"], last["badges"], last["provisional"]) == (None, [], True)
        assert (await ledger.rebuild(check=True)).clean


async def test_who_is_heard_of_no_more_falls_behind_on_the_board(make: StoreFactory, tmp_path: Path) -> None:
    clock = Hands(1)
    async with running(make, tmp_path, shop(), clock) as ledger:
        applied(await ledger.append(fives("shop:old", 10)))
        clock.minutes = 90 * DAY
        await ledger.pass_time()
        applied(await ledger.append(fives("shop:new", 6, clock.minutes - 1)))
        _, rows = await ledger.board("shop", 10)
        assert [json.loads(row)["subject"] for row in rows] == ["shop:new", "shop:old"]


async def test_what_merely_fades_is_no_news(make: StoreFactory, tmp_path: Path) -> None:
    clock = Hands(1)
    async with (
        running(make, tmp_path, shop(), clock) as ledger,
        running(make, tmp_path, shop(), clock) as other,
    ):
        news, heard = News(ledger), News(other)
        applied(await ledger.append([event for n in range(150) for event in fives(f"shop:{n}", 3)]))
        applied(await ledger.append(fives("shop:top", 10)))
        clock.minutes = 40 * DAY
        await ledger.pass_time()
        for each in (news, heard):
            await each.until("shop:top", 11)
            await each.until("shop:149", 4)
        assert len(await by_time(ledger, "shop:7")) == 1
        for kind in (None, "shop"):
            _, told = await ledger.recent(kind, 20)
            types = [(json.loads(each)["type"], json.loads(each)["subject"]) for each in told]
            # Of all that faded one lost its badge.
            assert types == [("renown.time", "shop:top"), *[("review", "shop:top")] * 10, *types[11:]]
            assert {type_ for type_, _ in types[1:]} == {"review"}
        for each in (news, heard):
            updates = [update for update in each.updates if update.version in (4, 11)]
            quiet = {update.subject: bool(update.activity[-1][1] in update.quiet) for update in updates}
            assert quiet.pop("shop:top") is False
            assert set(quiet.values()) == {True}
        assert (await ledger.rebuild(check=True)).clean


async def test_days_that_nobody_saw_make_one_event(make: StoreFactory, tmp_path: Path) -> None:
    clock = Hands(1)
    async with running(make, tmp_path, shop(), clock) as ledger:
        applied(await ledger.append(fives("shop:1", 10)))
    clock.minutes = 100 * DAY
    async with running(make, tmp_path, shop(), clock) as ledger:
        await ledger.pass_time()
        (entry,) = await by_time(ledger, "shop:1")
        assert entry.at == T0.timestamp() + 99.5 * 86_400
        assert (await shown(ledger, "shop:1"))["score"] == pytest.approx(by_hand(10, 99.5), abs=1e-12)
        assert (await ledger.rebuild(check=True)).clean


@pytest.mark.parametrize("due", [None, T0.timestamp() + 999 * 86_400])
async def test_an_older_file_is_looked_at_once(make: StoreFactory, tmp_path: Path, due: float | None) -> None:
    clock = Hands(1)
    async with running(make, tmp_path, shop(), clock) as ledger:
        applied(await ledger.append(fives("shop:1", 10)))
    beside = raw(tmp_path)
    beside.execute("UPDATE standings SET due = ?", (due,))
    beside.execute("UPDATE alembic_version SET version_num = '0005'")
    beside.close()
    clock.minutes = 40 * DAY
    async with running(make, tmp_path, shop(), clock) as ledger:
        await ledger.pass_time()
        assert (await shown(ledger, "shop:1"))["score"] == pytest.approx(by_hand(10, 39.5), abs=1e-12)


async def test_what_has_faded_away_is_looked_at_no_more(make: StoreFactory, tmp_path: Path) -> None:
    clock = Hands(1)
    async with running(make, tmp_path, shop(), clock) as ledger:
        applied(await ledger.append(fives("shop:1", 3)))
        for day in range(1, 2_000, 20):
            clock.minutes = day * DAY
            await ledger.pass_time()
        assert (await shown(ledger, "shop:1"))["score"] < 3.005
        beside = raw(tmp_path)
        assert beside.execute("SELECT due FROM standings").fetchall() == [(None,)]
        beside.close()
        assert len(await by_time(ledger, "shop:1")) < 100
        assert (await ledger.rebuild(check=True)).clean


async def test_several_processes_let_it_fade_once(make: StoreFactory, tmp_path: Path) -> None:
    clock = Hands(1)
    async with (
        running(make, tmp_path, shop(), clock) as one,
        running(make, tmp_path, shop(), clock) as two,
    ):
        applied(await one.append([event for n in range(20) for event in fives(f"shop:{n}", 4)]))
        clock.minutes = 40 * DAY
        await asyncio.gather(one.pass_time(), two.pass_time())
        for n in range(20):
            assert len(await by_time(two, f"shop:{n}")) == 1
        assert (await two.rebuild(check=True)).clean
