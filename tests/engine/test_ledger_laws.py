"""The laws of the ledger, for every preset and every documented policy, on events drawn at random.

Guards and rater weights judge an event by what came before it, and so does a prior that is the running mean
of a kind: there the order of arrival matters, and that is told apart here. Everything else is the same to the
last digit in whatever order events arrive.
"""

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from renown import scoring
from renown.errors import EventError
from renown.ledger import Ledger, LedgerOptions
from renown.ledger.timing.clock import Clock
from renown.model import Answer, Event, Status, instant
from renown.policy import Policies, Policy, Rule, attributes_of, load, preset, preset_names
from renown.scoring.kind import needs_kind_state
from renown.stores import SqliteStore
from tests.engine.ledger_kit import T0, raw, view
from tests.unit.test_policies_known import PAGES, policy_of

START = T0.timestamp()
DAY = 86_400.0
WORLDS = {**{name: preset(name) for name in preset_names()}, **{page: policy_of(page) for page in PAGES}}
COUNT = 60
EVEN = """
name = "even"
kind = "even"
version = 1
title = "Values as large and as small as can be"
[scale]
min = -1e9
max = 1e9
[score]
method = "bayesian_mean"
prior = { value = 0, weight = 3 }
half_life_days = 10
[categories.sum]
scale = { min = -1e9, max = 1e9 }
score = { method = "sum" }
[categories.middle.score]
method = "quantile"
[categories.last.score]
method = "last"
[categories.fading.score]
method = "fading_mean"
memory = 0.5
prior = { value = 0, weight = 1 }
[rules.told]
into = { overall = 1, sum = 1, middle = 1, last = 1, fading = 1 }
"""


class Stopped(Clock):
    """A clock that stands still, so that nothing happens by itself."""

    def now(self) -> float:
        return START + 1000 * DAY


def plain(policy: Policy) -> Policy:
    """Return the policy without what judges an event by those that came before it."""
    return msgspec.structs.replace(policy, guards=(), raters=None)


def _is_sticky(policy: Policy) -> bool:
    """Tell whether what is shown depends on what was shown before."""
    shapes = [policy.shape, *(category.shape for category in policy.categories.values())]
    return any(shape is not None and shape.hysteresis > 0 for shape in shapes)


OWN_WORLDS = [name for name, policy in WORLDS.items() if not needs_kind_state(policy)]
"""Policies whose prior is not what their kind was believed to be: that is not taken back."""
EVEN_WORLDS = [name for name in OWN_WORLDS if not _is_sticky(WORLDS[name])]
"""Policies to whose scores the order of arrival cannot matter."""


def drawn_events(policy: Policy, seed: int, count: int = COUNT) -> list[Event]:
    """Return events about two subjects, each at a time of its own, in the order of their times."""
    drawn = random.Random(f"{policy.name} {seed}")
    times = sorted(drawn.sample(range(1, 200 * 24), count))
    events: list[Event] = []
    for n, hours in enumerate(times):
        type_ = drawn.choice(list(policy.rules))
        event = _event(policy, drawn, type_, f"e{n}")
        event = msgspec.structs.replace(event, occurred_at=instant(START + hours * 3600.0))
        try:
            scoring.interpret(policy, event, START + hours * 3600.0)
        except EventError:
            continue
        events.append(event)
    assert len(events) > count / 5, f"{policy.name}: the events drawn say too little"
    return events


def _event(policy: Policy, drawn: random.Random, type_: str, name: str) -> Event:
    rule = policy.rules[type_]
    low, high = _range(policy, rule)
    value = None if rule.value_mode == "none" else float(drawn.randint(math.ceil(low), math.floor(high)))
    categories = None
    if rule.categories == "required" or (rule.categories == "optional" and drawn.random() < 0.5):
        rated = [name for name in policy.categories if policy.scale_of(name) == policy.scale]
        categories = {name: float(drawn.randint(math.ceil(low), math.floor(high))) for name in rated}
    data = {
        name: drawn.choice((True, False, 1, 30, 400, "high", "critical"))
        for name in sorted(attributes_of(policy))
    }
    return Event(
        type_,
        f"{policy.kind}:{drawn.randint(1, 2)}",
        id=name,
        actor=f"{policy.kind}:a{drawn.randint(1, 12)}",
        ref=f"r{drawn.randint(1, 25)}",
        value=value,
        categories=categories,
        data={name: each for name, each in data.items() if drawn.random() < 0.8} or None,
    )


def _range(policy: Policy, rule: Rule) -> tuple[float, float]:
    low = policy.scale.min if rule.min is None else rule.min
    high = policy.scale.max if rule.max is None else rule.max
    return max(low, -1e6), min(high, 1e6)


async def a_ledger(folder: Path, policy: Policy, events: Sequence[Event], size: int = 7) -> Ledger:
    ledger = Ledger(
        SqliteStore.open(folder), Policies([policy]), LedgerOptions(timers=False), clock=Stopped()
    )
    await ledger.start()
    for start in range(0, len(events), size):
        await ledger.append(events[start : start + size])
    return ledger


async def _numbers(ledger: Ledger, policy: Policy) -> dict[str, Any]:
    """Return what the standings of the two subjects say, but for what tells of the last event."""
    found: dict[str, Any] = {}
    for n in (1, 2):
        subject = f"{policy.kind}:{n}"
        if await ledger.snapshot(subject) is not None:
            standing = view(await ledger.snapshot(subject))
            names = ("score", "low", "high", "count", "categories", "provisional")
            found[subject] = {name: standing.get(name) for name in names}
    return found


@pytest.mark.parametrize("name", EVEN_WORLDS)
async def test_the_order_of_arrival_does_not_matter_to_the_last_digit(name: str, tmp_path: Path) -> None:
    policy = plain(WORLDS[name])
    events = drawn_events(policy, 1)
    shuffled = random.Random(name).sample(events, len(events))
    one = await a_ledger(tmp_path / "one", policy, events)
    other = await a_ledger(tmp_path / "other", policy, shuffled, 3)
    try:
        assert await _numbers(one, policy) == await _numbers(other, policy)
    finally:
        await one.close()
        await other.close()


async def test_a_status_is_that_of_the_event_that_happened_last(tmp_path: Path) -> None:
    policy = preset("account")
    told = ("registered", "suspended", "reinstated", "suspended", "reinstated")
    events = [
        Event(type_, "account:1", id=f"s{n}", occurred_at=instant(START + n * 10 * DAY))
        for n, type_ in enumerate(told)
    ]
    for n, order in enumerate(([0, 1, 2, 3, 4], [0, 4, 3, 2, 1], [0, 3, 4, 1, 2], [0, 2, 1])):
        ledger = await a_ledger(tmp_path / str(n), policy, [events[i] for i in order], 1)
        try:
            assert view(await ledger.snapshot("account:1"))["status"] == "active"
            assert (await ledger.rebuild(check=True)).clean
        finally:
            await ledger.close()


@pytest.mark.parametrize("name", OWN_WORLDS)
async def test_what_is_taken_back_has_never_been(name: str, tmp_path: Path) -> None:
    policy = plain(WORLDS[name])
    drawn = random.Random(name)
    events = drawn_events(policy, 2)
    # Of events that make room for each other the newer one has been: only what stands alone is taken back.
    alone = [event for event in events if scoring.interpret(policy, event).one_per is None]
    gone = set(drawn.sample([event.id for event in alone], len(alone) // 3))
    last = START + 300 * DAY
    back = [
        Event("retract", event.subject, id=f"x{event.id}", ref=event.id, occurred_at=instant(last))
        for event in events
        if event.id in gone
    ]
    kept = [event for event in events if event.id not in gone]
    # Something at the same time in both, so that both are read for the same time.
    end = [_at_the_end(policy, subject, last) for subject in (f"{policy.kind}:1", f"{policy.kind}:2")]
    one = await a_ledger(tmp_path / "one", policy, [*events, *back, *end])
    other = await a_ledger(tmp_path / "other", policy, [*kept, *end])
    try:
        assert await _numbers(one, policy) == await _numbers(other, policy)
    finally:
        await one.close()
        await other.close()


def _at_the_end(policy: Policy, subject: str, at: float) -> Event:
    for n in range(1000):
        drawn = random.Random(n)
        event = _event(policy, drawn, drawn.choice(list(policy.rules)), f"end {subject}")
        event = msgspec.structs.replace(event, subject=subject, ref=f"end {n}", occurred_at=instant(at))
        try:
            scoring.interpret(policy, event, at)
        except EventError:
            continue
        return event
    raise AssertionError(f"{policy.name} accepts nothing that was drawn")


@pytest.mark.parametrize("name", WORLDS)
async def test_twice_is_once_and_the_same_events_make_the_same_bytes(name: str, tmp_path: Path) -> None:
    policy = WORLDS[name]
    events = drawn_events(policy, 3)
    drawn = random.Random(name)
    once = await a_ledger(tmp_path / "once", policy, events)
    twice = await a_ledger(tmp_path / "twice", policy, events)
    try:
        before = _rows(tmp_path / "twice")
        answers = await twice.append(drawn.sample(events, len(events)))
        assert {_told(answer) for answer in answers} <= {
            (Status.DUPLICATE, None),
            (Status.REJECTED, "guarded"),
        }
        assert _rows(tmp_path / "twice") == before == _rows(tmp_path / "once")
    finally:
        await once.close()
        await twice.close()


@pytest.mark.parametrize("name", WORLDS)
async def test_restarts_leave_no_trace(name: str, tmp_path: Path) -> None:
    policy = WORLDS[name]
    events = drawn_events(policy, 6)
    once = await a_ledger(tmp_path / "once", policy, events)
    await once.close()
    for start in range(0, len(events), 7):
        often = await a_ledger(tmp_path / "often", policy, events[start : start + 7])
        await often.close()
    assert _rows(tmp_path / "often") == _rows(tmp_path / "once")


def _told(answer: Answer) -> tuple[Status, str | None]:
    return answer.status, None if answer.problem is None else answer.problem.code


def _rows(folder: Path) -> list[Any]:
    """Return all that is kept of events and standings."""
    connection = raw(folder)
    try:
        events = connection.execute("SELECT * FROM events ORDER BY seq").fetchall()
        return events + connection.execute("SELECT * FROM standings ORDER BY subject").fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("name", WORLDS)
async def test_a_rebuild_is_what_lives_and_explanations_add_up(name: str, tmp_path: Path) -> None:
    policy = WORLDS[name]
    ledger = await a_ledger(tmp_path, policy, drawn_events(policy, 4, 100))
    try:
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences[:3]
        for subject, numbers in (await _numbers(ledger, policy)).items():
            assert numbers["low"] <= numbers["score"] <= numbers["high"]
            for category in ("", *policy.categories):
                page = await ledger.explain(subject, category, limit=1000)
                shown = numbers["categories"][category]["score"] if category else numbers["score"]
                total = page.prior.points + sum(line.points for line in page.lines)
                size = max(1.0, abs(shown))
                assert page.score == pytest.approx(shown, abs=1e-9 * size)
                assert total == pytest.approx(shown, abs=1e-9 * size)
    finally:
        await ledger.close()


@pytest.mark.parametrize("seed", range(5))
async def test_no_value_is_too_large_or_too_small(seed: int, tmp_path: Path) -> None:
    policy = load(EVEN)
    drawn = random.Random(seed)
    values = (0.0, 5e-324, -5e-324, 1e9, -1e9, 1e-300, 0.1, 2**29 + 2**-23, -1e9 / 3)
    events = [
        Event(
            "told",
            "even:1",
            id=f"e{n}",
            value=drawn.choice(values),
            occurred_at=instant(START * drawn.random()),
        )
        for n in range(80)
    ]
    back = [Event("retract", "even:1", id=f"x{n}", ref=f"e{n}") for n in drawn.sample(range(80), 40)]
    ledger = await a_ledger(tmp_path, policy, [*events, *back])
    try:
        standing = view(await ledger.snapshot("even:1"))
        numbers = [standing["low"], standing["score"], standing["high"]]
        assert numbers == sorted(numbers)
        assert all(
            map(math.isfinite, [*numbers, *(each["score"] for each in standing["categories"].values())])
        )
        assert (await ledger.rebuild(check=True)).clean
        assert await ledger.explain("even:1", limit=1000)
    finally:
        await ledger.close()
