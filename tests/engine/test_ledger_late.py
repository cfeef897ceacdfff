"""Events that come late, within the policy's tolerance: the standing is that of the same events in order."""

import contextlib
import random
from collections.abc import AsyncGenerator, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from renown.ledger import Ledger, LedgerOptions
from renown.ledger.folding import checkpoints, lateness, replay, trail
from renown.ledger.timing.clock import Clock
from renown.model import Event, instant
from renown.policy import Late, Policies, Policy, load
from renown.scoring.life import Life, has_life
from renown.stores import SqliteStore
from tests.engine.ledger_kit import Hands, moment, raw, running, view
from tests.engine.test_ledger_everything import SCORES, everything
from tests.engine.test_ledger_everything import told as event_of
from tests.engine.test_ledger_laws import DAY, EVEN_WORLDS, START, WORLDS, a_ledger, drawn_events, plain

LIVELY = [name for name in EVEN_WORLDS if has_life(plain(WORLDS[name]))]
SHOWN = (
    "score",
    "low",
    "high",
    "count",
    "categories",
    "provisional",
    "tier",
    "badges",
    "status",
    "status_until",
)
_carried = msgspec.json.Decoder(tuple[int, float | None, Life | None, Any, dict[str, float]])


def lenient(policy: Policy, days: float) -> Policy:
    """Return the policy with a tolerance, and without what judges events when they arrive."""
    return msgspec.structs.replace(plain(policy), late=Late(days))


def late_by(events: Sequence[Event], days: float, seed: str) -> list[Event]:
    """Return the events in another order, none of them later after a newer one than some days."""
    drawn = random.Random(seed)
    delays = {event.id: drawn.uniform(0, days * DAY) if drawn.random() < 0.5 else 0.0 for event in events}
    return sorted(events, key=lambda each: when(each) + delays[each.id])


def when(event: Event) -> float:
    assert event.occurred_at is not None
    return event.occurred_at.timestamp()


async def shown(ledger: Ledger, folder: Path, policy: Policy) -> dict[str, Any]:
    """Return what is shown of the subjects, and their lives as they are stored."""
    found: dict[str, Any] = {}
    for n in (1, 2):
        subject = f"{policy.kind}:{n}"
        snapshot = await ledger.snapshot(subject)
        if snapshot is not None:
            standing = view(snapshot)
            found[subject] = {name: standing.get(name) for name in SHOWN}
    connection = raw(folder)
    try:
        for subject, life in connection.execute("SELECT subject, life FROM standings"):
            found[f"the life of {subject}"] = _carried.decode(life)[2]
    finally:
        connection.close()
    return found


class Moving(Clock):
    """A clock that goes with the events as they arrive."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> float:
        return self.at


@contextlib.asynccontextmanager
async def lived(
    folder: Path, policy: Policy, arrivals: Iterable[tuple[float, Event]], end: float = START + 300 * DAY
) -> AsyncGenerator[Ledger]:
    """Let events arrive one by one, and time pass between them as timers let it pass."""
    clock = Moving()
    ledger = Ledger(SqliteStore.open(folder), Policies([policy]), LedgerOptions(timers=False), clock=clock)
    await ledger.start()
    try:
        for at, event in arrivals:
            clock.at = max(clock.at, at)
            await ledger.pass_time()
            await ledger.append([event])
        clock.at = end
        await ledger.pass_time()
        yield ledger
    finally:
        await ledger.close()


@pytest.mark.parametrize(
    "name, days", [*((name, 7.0) for name in LIVELY), ("seller", 366.0), ("member", 90.0)]
)
async def test_what_comes_late_within_the_tolerance_makes_no_difference(
    name: str, days: float, tmp_path: Path
) -> None:
    policy = lenient(WORLDS[name], days)
    events = drawn_events(policy, 5, 90)
    mixed = late_by(events, days, name)
    assert mixed != events
    one = await a_ledger(tmp_path / "one", policy, events)
    other = await a_ledger(tmp_path / "other", policy, mixed, 5)
    try:
        assert await shown(other, tmp_path / "other", policy) == await shown(one, tmp_path / "one", policy)
        report = await other.rebuild(check=True)
        assert report.clean, report.differences[:3]
    finally:
        await one.close()
        await other.close()


@pytest.mark.parametrize("name", LIVELY)
async def test_it_makes_none_while_time_passes_either(name: str, tmp_path: Path) -> None:
    policy = lenient(WORLDS[name], 7.0)
    events = drawn_events(policy, 6, 60)
    drawn = random.Random(name)
    late = [(when(each) + drawn.choice((0, 0, 1)) * drawn.uniform(0, 7 * DAY), each) for each in events]
    late.sort(key=lambda pair: pair[0])
    async with (
        lived(tmp_path / "one", policy, [(when(each), each) for each in events]) as one,
        lived(tmp_path / "other", policy, late) as other,
    ):
        assert await shown(other, tmp_path / "other", policy) == await shown(one, tmp_path / "one", policy)
        report = await other.rebuild(check=True)
        assert report.clean, report.differences[:3]


SHOP = """
name = "shop"
kind = "shop"
version = 1
title = "Shop"
[scale]
min = 1
max = 5
[score]
method = "mean"
[rules.review]
[late]
tolerance_days = 10
[disputes]
[[tiers]]
name = "low"
[[tiers]]
name = "high"
min_score = 4
dwell_days = 3
[[badges]]
name = "liked"
when = [{ part = "overall", at_least = 4.5, min_count = 2 }]
[[alerts]]
name = "low"
when = { score_below = 3 }
[[alerts]]
name = "bad"
when = { event = { type = "review", at_most = 2 } }
[[alerts]]
name = "lost"
when = { tier_lost = true }
"""


def said(day: float, value: float, name: str) -> Event:
    return Event("review", "shop:1", id=name, value=value, occurred_at=instant(START + day * DAY))


async def changes(
    ledger: Ledger, event_id: str
) -> dict[tuple[str, str | None], tuple[str | None, str | None]]:
    """Return what an event changed: by kind and name before and after."""
    entries = await ledger.events("shop:1", None, 100)
    entry = next(each for each in entries if each.event.id == event_id)
    return {(each.kind, each.name): (each.before, each.after) for each in entry.changes}


async def told(folder: Path, events: Sequence[Event], policy: Policy | None = None) -> Ledger:
    return await a_ledger(folder, policy or load(SHOP), events, 1)


async def test_what_is_other_now_is_told_and_what_came_and_went_is_not(tmp_path: Path) -> None:
    # Bad on day 2: low for two days, and the tier is reached a few days later than it seemed.
    ledger = await told(tmp_path, [said(0, 5, "a"), said(4, 5, "b"), said(5, 5, "c"), said(2, 1, "late")])
    try:
        told_of = await changes(ledger, "late")
        assert told_of["tier", None] == ("high", "low")
        assert told_of["badge", "liked"] == ("liked", None)
        assert told_of["alert", "bad"] == (None, "fired")
        assert told_of["alert", "lost"] == (None, "fired")
        assert ("alert", "low") not in told_of
        standing = view(await ledger.snapshot("shop:1"))
        assert (standing["tier"], standing["badges"]) == ("low", [])
        (entry,) = [each for each in await ledger.events("shop:1", None, 9) if each.event.id == "late"]
        assert all(
            "worked in" in (each.why or "") for each in entry.changes if each.kind in ("tier", "badge")
        )
    finally:
        await ledger.close()


async def test_an_alert_that_is_newly_on_fires_and_one_that_would_not_be_on_clears(tmp_path: Path) -> None:
    ledger = await told(tmp_path, [said(0, 4, "a"), said(5, 3, "b"), said(1, 1, "late"), said(2, 5, "later")])
    try:
        assert (await changes(ledger, "late"))["alert", "low"] == (None, "fired")
        assert (await changes(ledger, "later"))["alert", "low"] == ("fired", "cleared")
        assert (await ledger.rebuild(check=True)).clean
    finally:
        await ledger.close()


async def test_what_comes_later_than_the_tolerance_is_taken_as_it_comes(tmp_path: Path) -> None:
    ledger = await told(tmp_path, [said(0, 5, "a"), said(20, 5, "b"), said(9.9, 1, "late"), said(21, 5, "c")])
    try:
        standing = view(await ledger.snapshot("shop:1"))
        # The mean is 4; it has been for no three days.
        assert (standing["score"], standing["tier"], standing["badges"]) == (4.0, "low", ["liked"])
        assert (await ledger.rebuild(check=True)).clean
    finally:
        await ledger.close()


async def test_working_in_has_a_limit_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lateness, "MOST", 3)
    events = [said(0, 5, "a"), said(1, 5, "b"), said(2, 5, "c"), said(3, 5, "d"), said(0.5, 1, "late")]
    ledger = await told(tmp_path, [*events, said(3.5, 5, "e"), said(3.2, 5, "f")])
    try:
        assert ("late", "late") in await changes(ledger, "late")
        assert view(await ledger.snapshot("shop:1"))["badges"] == ["liked"]
        assert (await ledger.rebuild(check=True)).clean
    finally:
        await ledger.close()


async def test_decisions_that_come_late_are_worked_in_as_well(tmp_path: Path) -> None:
    def step(kind: str, day: float, ref: str, **data: str) -> Event:
        at = instant(START + day * DAY)
        return Event(kind, "shop:1", f"{kind}-{ref}", actor="moderator:m", ref=ref, occurred_at=at, data=data)

    events = [
        *(said(0, 5, "a"), said(1, 1, "b"), said(2, 1, "c"), step("hold", 3, "b"), step("retract", 4, "c")),
        *(
            said(5, 5, "d"),
            step("dispute", 6, "d"),
            step("resolve", 7, "d", decision="against"),
            said(9, 4, "e"),
        ),
    ]
    orders = ([0, 1, 2, 8, 3, 4, 5, 6, 7], [8, 1, 3, 2, 5, 6, 0, 4, 7], [0, 1, 2, 3, 5, 8, 6, 7, 4])
    in_order = await told(tmp_path / "in-order", events)
    try:
        wanted = await shown(in_order, tmp_path / "in-order", load(SHOP))
        for n, order in enumerate(orders):
            folder = tmp_path / str(n)
            ledger = await told(folder, [events[i] for i in order])
            try:
                assert await shown(ledger, folder, load(SHOP)) == wanted
                assert (await ledger.rebuild(check=True)).clean
            finally:
                await ledger.close()
    finally:
        await in_order.close()


@pytest.mark.parametrize("seed", range(4))
async def test_late_events_decisions_amendments_and_time_are_what_a_rebuild_makes(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(seed)
    for module in (checkpoints, replay):
        monkeypatch.setattr(module, "EVERY", 5)
    monkeypatch.setattr(trail, "_MOST", 3)
    monkeypatch.setattr(lateness, "MOST", dice.choice((10, 5_000)))
    clock = Hands(0)
    policy = everything(SCORES[seed % len(SCORES)])
    kinds = ["review"] * 8 + ["amend"] * 2 + ["suspended", "retract", "dispute", "release", "dismiss", "hold"]
    async with running(SqliteStore.open, tmp_path, policy, clock) as ledger:
        for _ in range(120):
            what, giver, value = dice.choice(kinds), dice.randint(1, 5), float(dice.randint(1, 5))
            late = dice.choice((0, 0, 0, 1)) * dice.uniform(0, 6_000)
            event = an_event(what, 1, giver, max(0.0, clock.minutes - late), value)
            (answer,) = await ledger.append([event])
            assert answer.problem is None or answer.problem.code != "internal", answer
            clock.minutes += dice.choice((0, 0, 1, 30, 700, 3_000))
            if dice.random() < 0.3:
                await ledger.pass_time()
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences


def an_event(what: str, shop: int, giver: int, minutes: float, value: float) -> Event:
    if what == "amend":
        when_, actor = moment(minutes), f"shop:{giver}"
        return Event(what, f"shop:{shop}", actor=actor, ref=f"o{giver}", value=value, occurred_at=when_)
    return event_of(what, shop, giver, minutes, value)
