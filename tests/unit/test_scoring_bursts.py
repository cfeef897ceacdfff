"""Bursts: hand-made pasts, and the same answer whatever the order."""

from math import exp, floor, lgamma, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown.policy import BurstGuard
from renown.scoring.guards import Bursts, BurstTest
from renown.scoring.guards.bursts import _tail  # pyright: ignore[reportPrivateUsage] - held to a known law

RULE = BurstGuard(name="burst", sds=0)


def after(*days: float, rule: BurstGuard = RULE) -> Bursts | None:
    test, state = BurstTest(rule), None
    for day in days:
        state = test.seen(state, floor(day))
    return state


def windows(state: Bursts | None, day: int, rule: BurstGuard = RULE) -> list[int]:
    return sorted(alarm.days for alarm in BurstTest(rule).alarms(state, day))


def test_nothing_has_happened() -> None:
    assert BurstTest(RULE).alarms(None, 0) == ()


def test_two_are_no_burst_and_twenty_on_a_day_are() -> None:
    assert windows(after(100, 100), 100) == []
    assert windows(after(*[100] * 20), 100) == [1, 7, 30]


def test_an_alarm_explains_itself() -> None:
    first = BurstTest(RULE).alarms(after(*[100.5] * 8), 100)[-1]
    assert (first.days, first.count) == (1, 8)
    # Nothing is known but the usual, .01 a day for 90 days, and half an event: 1.4 / 90.
    assert first.expected == pytest.approx(1.4 / 90)
    assert first.chance < 1e-4


def test_a_subject_used_to_it_raises_no_alarm() -> None:
    busy = [day + part / 20 for day in range(200) for part in range(5)]
    assert windows(after(*busy), 199) == []
    assert windows(after(*busy, *[199.5] * 15), 199) == [1]


def test_slow_drips_sound_in_the_long_windows_only() -> None:
    quiet = [0.0, 100, 200, 300]
    drip = [400 + 1.5 * i for i in range(20)]
    sounded = set[int]()
    for i, day in enumerate(drip):
        sounded.update(windows(after(*quiet, *drip[: i + 1]), floor(day)))
    assert sounded == {7, 30}


def test_an_alarm_ends_when_the_window_has_passed() -> None:
    state = after(0, *[100] * 10)
    assert windows(state, 100) == [1, 7, 30]
    assert windows(state, 101) == [7, 30]
    assert windows(state, 107) == [30]
    assert windows(state, 130) == []


def test_what_leaves_the_longest_window_joins_the_past() -> None:
    rule = BurstGuard(name="burst", half_life_days=1, windows=(1, 2), sds=0)
    state = after(0, 0, 1, rule=rule)
    assert state == Bursts(0, 0.0, 0.0, (1, 0), (1, 2), (1, 2))
    # On day 4 both are gone: day 2 was the newest to go. Day 1 a day before it counts half, day 0 a quarter.
    assert after(0, 0, 1, 4, rule=rule) == Bursts(0, 2 / 4 + 1 / 2, 1.0, (4,), (1,), (1,))


def test_the_past_of_each_window_is_what_lies_before_it() -> None:
    rule = BurstGuard(name="b", half_life_days=1, windows=(1, 3), usual=0.5, usual_days=2, least=2, sds=0)
    alarms = BurstTest(rule).alarms(after(0, 2, 2, *[3] * 12, rule=rule), 3)
    # Before day 3: two on the day before, one two days further back; of the days, 1 + 1/2 + 1/4.
    expected = (2 + 1 / 4 + 0.25 * 0.5 + 0.5) / 2
    assert {alarm.days: alarm.expected for alarm in alarms}[1] == pytest.approx(expected)


def test_an_alarm_is_lively_while_a_quarter_of_its_window_has_enough() -> None:
    state = after(0, *[100] * 10)
    test = BurstTest(RULE)
    lively = {day: [a.days for a in test.alarms(state, day) if a.lively] for day in (100, 101, 102, 107, 108)}
    assert lively == {100: [30, 7, 1], 101: [30, 7], 102: [30], 107: [30], 108: []}


def test_a_share_as_high_as_ever_is_no_burst() -> None:
    test = BurstTest(BurstGuard(name="burst"))
    for bad, alarmed in ((5, False), (12, True)):
        state = None
        for day in range(0, 300, 3):
            state = test.seen(state, day, counted=day % 12 == 0)
        for i in range(20):
            state = test.seen(state, 300, counted=i < bad)
        assert bool(test.alarms(state, 300)) is alarmed


@given(st.lists(st.tuples(st.integers(0, 120), st.booleans()), min_size=2, max_size=40))
def test_events_of_the_longest_window_make_no_difference_by_coming_late(
    days: list[tuple[int, bool]],
) -> None:
    # The first stays first: a past begins with the first event that is heard of. None comes 30 days late.
    first, *rest = sorted(days)
    shuffled = [rest[i] for i in sorted(range(len(rest)), key=lambda i: rest[i][0] + (i * 7919) % 30)]
    test = BurstTest(RULE)
    found: list[Bursts] = []
    for order in ([first, *rest], [first, *shuffled]):
        state = None
        for day, counted in order:
            state = test.seen(state, day, counted)
        assert state is not None
        found.append(state)
    one, other = found
    assert (one.first, one.days, one.counts, one.volumes) == (
        other.first,
        other.days,
        other.counts,
        other.volumes,
    )
    assert (one.past, one.past_all) == pytest.approx((other.past, other.past_all))


@given(st.lists(st.integers(0, 120), min_size=1, max_size=40), st.integers(-400, 90))
def test_what_is_before_the_longest_window_counts_into_the_newest_day(days: list[int], back: int) -> None:
    test, state = BurstTest(RULE), after(*days)
    assert state is not None
    day = min(back, state.days[0] - 30)
    assert test.seen(state, day) == test.seen(state, state.days[0])
    assert test.alarms(state, day) == test.alarms(state, state.days[0])


def test_a_late_burst_is_lively_on_its_own_day() -> None:
    rule = BurstGuard(name="burst", sds=0, windows=(1, 8))
    state = after(0, 100, *[95] * 10, rule=rule)
    lively = {day: [alarm.lively for alarm in BurstTest(rule).alarms(state, day)] for day in (100, 95, 97)}
    assert lively == {100: [False], 95: [True], 97: [False]}


@given(
    st.lists(st.tuples(st.integers(0, 11), st.booleans()), min_size=1, max_size=60),
    st.integers(1, 4),
    st.sampled_from([(1, 7, 30), (3, 9), (2,)]),
    st.sampled_from([0.0, 0.1, 1.0]),
    st.sampled_from([1e-3, 0.1]),
)
def test_a_subject_without_a_past_is_looked_at_in_a_short_way_that_comes_to_the_same(
    days: list[tuple[int, bool]], spread: int, windows: tuple[int, ...], sds: float, chance: float
) -> None:
    rule = BurstGuard(name="burst", windows=windows, sds=sds, chance=chance, least=2)
    short, long, state = BurstTest(rule), BurstTest(rule), None
    # No life lies in a window without days.
    long._shortest = 0  # pyright: ignore[reportPrivateUsage] - there is no other way to the long way
    for day, counted in days:
        state = short.seen(state, 100 + day % spread, counted)
        assert short.alarms(state, state.days[0]) == long.alarms(state, state.days[0])


@given(st.lists(st.integers(-(10**5), 10**7), max_size=60))
def test_any_days_give_finite_answers(days: list[int]) -> None:
    test, state = BurstTest(RULE), None
    for day in days:
        state = test.seen(state, day)
        for alarm in test.alarms(state, day):
            assert 0 <= alarm.chance < RULE.chance
            assert alarm.count > alarm.expected >= 0


@given(st.floats(0.01, 1e4), st.floats(0.001, 60))
def test_what_is_not_looked_at_closely_is_not_unlikely(a: float, ratio: float) -> None:
    # `ratio` is window / days known: up to two standard deviations above the mean no chance is below 1e-3.
    mean = a * ratio
    count = floor(mean + 2 * sqrt(mean * (1 + ratio)))
    assert count == 0 or _tail(count, a, ratio / (1 + ratio)) > 1e-3


def test_the_tail_is_that_of_the_negative_binomial() -> None:
    # a = 1 is geometric: P(X >= n) = q^n; and half an event over Jeffreys' prior alone.
    first = exp(lgamma(3.5) - lgamma(0.5) - lgamma(4) + 3 * log(0.1) + 0.5 * log(0.9))
    assert first < _tail(3, 0.5, 0.1) < first / (1 - 0.1)
    assert _tail(4, 1.0, 0.2) == pytest.approx(0.2**4)
    # A large a is nearly Poisson, here with mean 1: P(X >= 3) = 1 - e^-1 (1 + 1 + 1/2).
    assert _tail(3, 1e6, 1e-6) == pytest.approx(1 - 2.5 * exp(-1), rel=1e-4)
    assert _tail(1, 5.0, 0.5) == 1.0
    assert _tail(100_000, 100.0, 0.5) < 1e-100
