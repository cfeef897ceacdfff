"""Bursts: hand-made pasts, and the same answer whatever the order."""

from math import exp, lgamma, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown.scoring.guards import BurstRule, Bursts
from renown.scoring.guards.bursts import _tail  # pyright: ignore[reportPrivateUsage] - held to a known law

DAY = 86_400.0
RULE = BurstRule()


def after(*days: float, rule: BurstRule = RULE) -> Bursts:
    state = Bursts()
    for day in days:
        state = state.seen(rule, day * DAY)
    return state


def windows(state: Bursts, day: float, rule: BurstRule = RULE) -> list[int]:
    return [alarm.days for alarm in state.alarms(rule, day * DAY)]


def test_nothing_has_happened() -> None:
    assert Bursts().alarms(RULE, 0.0) == ()


def test_two_are_no_burst_and_twenty_on_a_day_are() -> None:
    assert windows(after(100, 100), 100) == []
    assert windows(after(*[100] * 20), 100) == [1, 7, 30]


def test_an_alarm_explains_itself() -> None:
    state = after(*[100.5] * 8)
    first = state.alarms(RULE, 100.6 * DAY)[0]
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
    state = after(*quiet)
    for day in drip:
        state = state.seen(RULE, day * DAY)
        sounded.update(windows(state, day))
    assert sounded == {7, 30}


def test_an_alarm_ends_when_the_window_has_passed() -> None:
    state = after(0, *[100] * 10)
    assert windows(state, 100) == [1, 7, 30]
    assert windows(state, 101) == [7, 30]
    assert windows(state, 107) == [30]
    assert windows(state, 130) == []


def test_what_leaves_a_window_joins_its_past() -> None:
    rule = BurstRule(half_life_days=1, usual=0.5, usual_days=2)
    state = after(0, 0, 1, rule=rule)
    # Day 0 has left the 1-day window: 2 events in 1 day of past, none faded yet.
    assert (state.events[0], state.days[0], state.age) == (2.0, 1.0, 1)
    state = state.seen(rule, 3 * DAY)
    # Two days on: day 0 faded to 2/4, day 1 to 1/2, day 2 was empty; days 1/4 + 1/2 + 1.
    assert (state.events[0], state.days[0]) == (pytest.approx(1.0), pytest.approx(1.75))
    assert state.events[1:] == (0.0, 0.0)


def test_what_was_taken_back_was_never_there() -> None:
    state = after(0, 5, 5, 9)
    back = state.seen(RULE, 5 * DAY, -1)
    assert back == after(0, 5, 9)
    assert Bursts().seen(RULE, 0.0, -1).counts == (0,) * 30


@given(st.lists(st.integers(0, 120), min_size=2, max_size=40))
def test_late_events_make_no_difference(days: list[int]) -> None:
    # The first stays first: a past begins with the first event that is heard of.
    first, *rest = sorted(days)
    shuffled = sorted(rest, key=lambda day: (day * 7919) % 101)
    one, other = after(first, *rest), after(first, *shuffled)
    assert one.counts == other.counts
    assert one.day == other.day
    assert one.events == pytest.approx(other.events)
    assert one.days == pytest.approx(other.days)


@given(st.lists(st.floats(-1e9, 1e11, allow_nan=False), max_size=60))
def test_any_times_give_finite_answers(times: list[float]) -> None:
    state = Bursts()
    for at in times:
        state = state.seen(RULE, at)
        for alarm in state.alarms(RULE, at):
            assert 0 <= alarm.chance < RULE.chance
            assert alarm.count > alarm.expected >= 0


def test_the_tail_is_that_of_the_negative_binomial() -> None:
    # a = 1 is geometric: P(X >= n) = q^n; and half an event over Jeffreys' prior alone.
    first = exp(lgamma(3.5) - lgamma(0.5) - lgamma(4) + 3 * log(0.1) + 0.5 * log(0.9))
    assert first < _tail(3, 0.5, 0.1) < first / (1 - 0.1)
    assert _tail(4, 1.0, 0.2) == pytest.approx(0.2**4)
    # A large a is nearly Poisson, here with mean 1: P(X >= 3) = 1 - e^-1 (1 + 1 + 1/2).
    assert _tail(3, 1e6, 1e-6) == pytest.approx(1 - 2.5 * exp(-1), rel=1e-4)
    assert _tail(1, 5.0, 0.5) == 1.0
    assert _tail(100_000, 100.0, 0.5) < 1e-100
