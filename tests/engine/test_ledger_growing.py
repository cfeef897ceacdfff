"""What stays open weighs more with every day: time moves it, and closing it takes all of that away."""

from datetime import UTC, datetime, timedelta
from math import exp
from pathlib import Path

import pytest

from renown.ledger import Ledger, LedgerOptions
from renown.ledger.timing.clock import Clock
from renown.model import Event
from renown.policy import Policies, load
from renown.stores import SqliteStore
from tests.engine.ledger_kit import applied, view

START = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = """
name = "service"
kind = "service"
version = 1
title = "Service"
[scale]
min = 0
max = 100
[score]
method = "penalty_of"
base = 100
parts = { open = { per = 10 } }
[categories.open]
scale = { min = 0, max = 100 }
score = { method = "growing", after_days = 2 }
[categories.closed]
scale = { min = 0, max = 100 }
score = { method = "count" }
[rules.opened]
value = 1
into = { open = 1 }
one_per = "ref"
slot = "finding"
[rules.closed]
value = 1
into = { closed = 1 }
one_per = "ref"
slot = "finding"
[[alerts]]
name = "low"
when = { score_below = 79 }
"""


class Hands(Clock):
    def __init__(self) -> None:
        self.day = 0.0

    def now(self) -> float:
        return (START + timedelta(days=self.day)).timestamp()


def said(kind: str, day: float, name: str) -> Event:
    return Event(kind, "service:1", name, ref="cve-1", occurred_at=START + timedelta(days=day))


def left(days: int) -> float:
    """Return the score by the formula."""
    return 100 - 10 * (1 + 2 / (1 + exp(1 - days / 2)))


async def test_time_lets_it_grow_day_by_day_until_it_is_closed(tmp_path: Path) -> None:
    clock = Hands()
    ledger = Ledger(
        SqliteStore.open(tmp_path), Policies([load(POLICY)]), LedgerOptions(timers=False), clock=clock
    )
    await ledger.start()
    try:
        clock.day = 0.5
        applied(await ledger.append([said("opened", 0.5, "o")]))
        for day in (1, 2, 3, 4):
            clock.day = day + 0.25
            await ledger.pass_time()
            now = view(await ledger.snapshot("service:1"))
            assert now["score"] == pytest.approx(left(day))
            assert now["version"] == 1 + day
        page = await ledger.explain("service:1")
        assert page.prior.points + sum(line.points for line in page.lines) == pytest.approx(left(4))
        entries = await ledger.events("service:1", None, 10)
        fired = [each.at for each in entries for change in each.changes if change.after == "fired"]
        assert fired == [(START + timedelta(days=3)).timestamp()]
        clock.day = 5
        applied(await ledger.append([said("closed", 4.75, "c")]))
        assert view(await ledger.snapshot("service:1"))["score"] == 100.0
        clock.day = 40
        await ledger.pass_time()
        assert ledger.stats().events == 6
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences
    finally:
        await ledger.close()


async def test_full_grown_it_waits_for_nothing(tmp_path: Path) -> None:
    clock = Hands()
    ledger = Ledger(
        SqliteStore.open(tmp_path), Policies([load(POLICY)]), LedgerOptions(timers=False), clock=clock
    )
    await ledger.start()
    try:
        applied(await ledger.append([said("opened", 0, "o")]))
        clock.day = 60
        await ledger.pass_time()
        now = view(await ledger.snapshot("service:1"))
        assert (now["version"], now["score"]) == (1 + 16, pytest.approx(left(16)))
        assert (await ledger.rebuild(check=True)).clean
    finally:
        await ledger.close()
