"""Guards on anything: no exception, the same answer again, bounded memory, nothing lost in writing."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renown import scoring
from renown.model import Event
from renown.policy import Policy
from renown.scoring.guards import (
    NOTHING,
    Facts,
    Guards,
    Verdict,
    begin_guards,
    decode_guards,
    encode_guards,
    guards_due,
    judge,
    kin_of,
    pass_time,
    seen,
)
from renown.scoring.guards.sighting import mark_of
from tests.unit.guards_kit import DAY, guarded

KINDS = ("burst", "reciprocity", "ring", "fresh", "budget", "self", "retaliation", "exit_scam", "repeat")
ACTIONS = ("count", "weigh", "hold", "reject")
MORE = {
    "fresh": "per_day = 1.5",
    "budget": "most = 1",
    "ring": "last = 60",
    "burst": "of = 'unverified'",
}
ALL = guarded(
    *[
        f'name = "{kind}"\nkind = "{kind}"\naction = "{ACTIONS[i % 4]}"\n{MORE.get(kind, "")}'
        for i, kind in enumerate(KINDS)
    ]
)
EACH = {kind: guarded(f'name = "g"\nkind = "{kind}"\naction = "hold"') for kind in KINDS}

Told = tuple[Event, Facts, float]
times = st.one_of(
    st.floats(allow_nan=False),
    st.floats(0, 400 * DAY),
    st.sampled_from([0.0, DAY, 100 * DAY, 101 * DAY, 1e18, -5.0]),
)
facts = st.builds(
    Facts,
    known_since=st.none() | times,
    given=st.integers(0, 10**9),
    returned=st.none() | st.tuples(st.floats(1, 5), times),
    same_owner=st.booleans(),
    kin=st.none() | st.integers(-3, 100),
    weight=st.floats(0, 1e6),
)
told = st.tuples(
    st.builds(
        Event,
        type=st.sampled_from(["review", "visit"]),
        subject=st.just("shop:1"),
        actor=st.none()
        | st.sampled_from(["shop:1", "b:1", "b:2"])
        | st.integers(0, 500).map(lambda i: f"b:{i}"),
        value=st.sampled_from([1.0, 2.5, 3.0, 5.0]),
        data=st.none() | st.dictionaries(st.sampled_from(["verified", "x"]), st.booleans() | st.text()),
    ),
    facts,
    times,
)


def step(policy: Policy, guards: Guards, event: Event, told: Facts, at: float) -> tuple[Verdict, Guards]:
    if event.type == "visit":
        actor = None if event.actor == event.subject else event.actor
        event = Event("visit", event.subject, actor=actor, data=event.data)
    effect = scoring.interpret(policy, event)
    verdict = judge(policy, guards, event, effect, facts=told, at=at)
    return verdict, seen(policy, guards, event, effect, facts=told, at=at, verdict=verdict)


@settings(max_examples=150, deadline=None)
@given(st.lists(told, max_size=40))
def test_any_events_are_judged_alike_twice_and_kept_in_writing(
    events: list[tuple[Event, Facts, float]],
) -> None:
    guards, written = begin_guards(ALL), b""
    for event, known, at in events:
        before = encode_guards(guards)
        verdict, after = step(ALL, guards, event, known, at)
        assert (verdict, after) == step(ALL, decode_guards(ALL, written), event, known, at)
        assert encode_guards(guards) == before
        assert verdict.action in ACTIONS
        assert 0 <= verdict.weight <= 1
        assert (verdict.hold_until is None) or verdict.action == "hold"
        assert all(reason.text and "nan" not in reason.text for reason in verdict.reasons)
        guards, written = after, encode_guards(after)
        assert decode_guards(ALL, written) == guards
        assert encode_guards(decode_guards(ALL, written)) == written
        assert kin_of(ALL, guards, guards, event.actor) is not None or event.actor is None


@settings(max_examples=100, deadline=None)
@given(st.lists(told, max_size=40))
def test_every_alarm_that_begins_ends_once(events: list[Told]) -> None:
    guards, going = begin_guards(ALL), dict[str, float]()
    for event, known, at in events:
        verdict, guards = step(ALL, guards, event, known, at)
        for news in verdict.incidents:
            if news.phase == "begins":
                assert news.guard not in going
                going[news.guard] = news.since
            else:
                assert going[news.guard] == news.since
                if news.phase == "ends":
                    del going[news.guard]
    due = guards_due(guards)
    assert (due is None) == (not going)
    while due is not None:
        assert pass_time(ALL, guards, due - 1) == (guards, ())
        guards, ended = pass_time(ALL, guards, due)
        assert ended
        for news in ended:
            assert going.pop(news.guard) == news.since
        later = guards_due(guards)
        assert later is None or later > due
        due = later
    assert not going


@pytest.mark.parametrize("kind", KINDS)
def test_memory_is_bounded_over_ten_thousand_events(kind: str) -> None:
    policy = EACH[kind]
    guards, largest = begin_guards(policy), 0
    for i in range(10_000):
        value = (1.0, 5.0, 2.0, 4.0, 5.0)[i * i % 5]
        event = Event("review", "shop:1", actor=f"b:{i * 7919 % 997}", value=value)
        known = Facts(given=i % 9, returned=(value, 0.0) if i % 3 else None, kin=i % 11)
        _, guards = step(policy, guards, event, known, 20_000 * DAY + i * 977.0)
        if i % 100 == 0:
            largest = max(largest, len(encode_guards(guards)))
    assert largest <= 1024


def test_all_events_of_one_moment_are_taken_in_their_order() -> None:
    policy = guarded(
        'name = "pair"\nkind = "budget"\nmost = 1', 'name = "burst"\nkind = "burst"\naction = "hold"'
    )
    for order in ((1.0, 5.0, 1.0), (5.0, 1.0, 1.0)):
        guards = begin_guards(policy)
        said: list[Any] = []
        for i, value in enumerate(order):
            event = Event("review", "shop:1", actor=f"b:{i % 2}", value=value)
            verdict, guards = step(policy, guards, event, Facts(), 100 * DAY)
            said.append(verdict.action)
        assert said == ["count", "count", "hold"]


def test_an_event_of_no_interest_changes_nothing() -> None:
    policy = guarded('name = "burst"\nkind = "burst"\ntypes = ["review"]')
    guards = begin_guards(policy)
    verdict, after = step(policy, guards, Event("visit", "shop:1", actor="b:1"), Facts(), DAY)
    assert verdict is NOTHING
    assert after is guards


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 700)), max_size=39), st.integers(1, 3))
def test_a_budget_counts_what_its_window_holds(events: list[tuple[int, int]], most: int) -> None:
    policy = guarded(f'name = "pair"\nkind = "budget"\nmost = {most}\ndays = 0.5')
    guards, minute, told = begin_guards(policy), 28_000_000, list[tuple[int, int]]()
    for who, gap in events:
        minute += gap
        before = sum(other == who and minute - when < 720 for other, when in told)
        event = Event("review", "shop:1", actor=f"b:{who}", value=4.0)
        verdict, guards = step(policy, guards, event, Facts(), minute * 60.0)
        assert (verdict.action == "hold") is (before >= most)
        told.append((who, minute))


def test_keys_are_told_apart() -> None:
    assert len({mark_of(f"buyer:{i}") for i in range(20_000)}) == 20_000


@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0, 0, 0, 1, 7, 59, 60, 61, -5, -90])), max_size=39)
)
def test_a_budget_forgets_exactly_what_has_left_its_window(events: list[tuple[int, int]]) -> None:
    policy = guarded(f'name = "g"\nkind = "budget"\ndays = {1 / 24}')
    guards, minute = begin_guards(policy), 10_000
    came: list[tuple[int, int]] = []
    newest = 0
    for who, later in events:
        minute += later
        event = Event("review", "shop:1", actor=f"b:{who}", value=5.0)
        _, guards = step(policy, guards, event, Facts(), minute * 60.0)
        newest = max(newest, minute)
        came = [each for each in [(mark_of(f"b:{who}"), newest), *came] if newest - each[1] < 60]
        cell = guards.cells[0]
        assert cell.newest == newest
        assert cell.marks == tuple(mark for mark, _ in came)
        assert cell.gaps == tuple(one - other for (_, one), (_, other) in pairwise(came))


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.05, 0.3, 1.0]), st.booleans()), min_size=1, max_size=40))
def test_what_fresh_accounts_count_on_a_day_is_their_sum_up_to_the_budget(
    raters: list[tuple[float, bool]],
) -> None:
    policy = guarded('name = "g"\nkind = "fresh"\nper_day = 0.5\nshare = 1\naction = "weigh"')
    guards, day, total = begin_guards(policy), 100, 0.0
    for i, (weight, next_day) in enumerate(raters):
        if next_day:
            day, total = day + 1, 0.0
        event = Event("review", "shop:1", actor=f"b:{i}", value=5.0)
        verdict, guards = step(policy, guards, event, Facts(weight=weight), day * DAY)
        assert bool(verdict.reasons) == (total + weight > 0.5 * (1 + 1e-12) and weight > 0)
        total += min(weight, max(0.0, 0.5 - total))
        assert (guards.cells[0].day, guards.cells[0].total) == (day, total)


def test_in_a_ring_of_two_one_who_rates_again_is_one() -> None:
    policy = guarded('name = "g"\nkind = "ring"\nleast = 2\nshare = 0')
    guards = begin_guards(policy)
    for actor in ("b:1", "b:1", "b:2"):
        event = Event("review", "shop:1", actor=actor, value=5.0)
        verdict, guards = step(policy, guards, event, Facts(kin=1), 0.0)
        assert bool(verdict.reasons) == (actor == "b:2")
