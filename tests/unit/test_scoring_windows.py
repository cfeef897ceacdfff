"""What counts within a window, when that changes, and that a window changes nothing else."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown import scoring
from renown.errors import PolicyError
from renown.model import OVERALL, Contribution
from renown.policy import Policy
from tests.unit.scoring_worlds import (
    DAY,
    LATEST,
    NOW,
    POLICIES,
    WINDOWED,
    Folded,
    folded_all,
    happenings,
    in_order,
    laws,
    policy_of,
)

WIDE = (-1e6, 1e6)


def day(year: int, month: int, date: int) -> float:
    return datetime(year, month, date, tzinfo=UTC).timestamp()


def said(value: float, at: float) -> Folded:
    return (Contribution(OVERALL, value, 1.0),), at


def lately(policy: Policy) -> st.SearchStrategy[list[Folded]]:
    steps = st.integers(0, 400).map(lambda step: NOW - step * DAY / 3)
    return st.lists(happenings(policy, steps | st.floats(NOW - 300 * DAY, NOW)), max_size=12)


def test_the_last_days_in_whole_buckets() -> None:
    """Buckets of ten days from 1970: day 15 counts until day 20 + 30."""
    policy = policy_of('method = "sum"\nwindow = { days = 30, bucket_days = 10 }', *WIDE)
    state = folded_all(policy, [said(1, 15 * DAY), said(2, 25 * DAY), said(4, 39.5 * DAY)])
    expected = ((39.5, 7), (49.9, 7), (50, 6), (60, 4), (69.9, 4), (70, 0), (1e6, 0))
    for at, total in expected:
        assert scoring.read(policy, state, at * DAY).score == total
    assert [scoring.next_change(policy, state, at * DAY) for at in (0, 39.5, 50, 60, 70)] == [
        *(each * DAY for each in (50, 50, 60, 70)),
        None,
    ]
    assert [scoring.read(policy, state, at * DAY).count for at in (40, 55, 70)] == [3, 2, 0]


@pytest.mark.parametrize("pick, expected", [("highest", 4.0), ("lowest", 2.0), ("first", 3.0)])
def test_one_of_several_lengths(pick: str, expected: float) -> None:
    """Two events within 10 days, four within 100, eight within 1000; a length needs three to be looked at."""
    window = f'window = {{ days = [10, 100, 1000], bucket_days = 2.5, pick = "{pick}", min_count = 3 }}'
    policy = policy_of(f'method = "mean"\n{window}', 0, 10)
    folded = [said(0, NOW - DAY)] * 2 + [said(6, NOW - 50 * DAY)] * 2
    old = 5.0 if pick == "highest" else 1.0
    folded += [said(old, NOW - 500 * DAY)] * 4
    reading = scoring.read(policy, folded_all(policy, folded), NOW)
    assert reading.score == expected


def test_too_little_in_any_length_leaves_the_longest() -> None:
    policy = policy_of('method = "mean"\nwindow = { days = [10, 100], pick = "first", min_count = 9 }', 0, 10)
    state = folded_all(policy, [said(2, NOW), said(8, NOW - 50 * DAY)])
    assert scoring.read(policy, state, NOW).score == 5


def test_the_newest_few() -> None:
    policy = policy_of('method = "mean"\nwindow = { last = 3 }', 0, 10)
    folded = [said(value, NOW + i) for i, value in enumerate((10, 1, 2, 6))]
    state = folded_all(policy, folded)
    reading = scoring.read(policy, state, NOW)
    assert (reading.score, reading.count) == (3, 3)
    late = scoring.fold(policy, state, *said(10, NOW - 1))
    assert scoring.read(policy, late, NOW).score == 3
    assert scoring.take_back(policy, late, *said(6, NOW + 3)) is None
    assert scoring.take_back(policy, late, *said(10, NOW - 1)) == state


@pytest.mark.parametrize(
    "calendar, starts",
    [
        ("day", [day(2026, 11, 21), day(2026, 11, 22), day(2026, 11, 23)]),
        ("week", [day(2026, 11, 9), day(2026, 11, 16), day(2026, 11, 23)]),
        ("month", [day(2026, 10, 1), day(2026, 11, 1), day(2026, 12, 1)]),
        ("quarter", [day(2026, 7, 1), day(2026, 10, 1), day(2027, 1, 1)]),
        ("year", [day(2025, 1, 1), day(2026, 1, 1), day(2027, 1, 1)]),
    ],
)
def test_a_calendar_period(calendar: str, starts: list[float]) -> None:
    """Sunday, 22 November 2026, and the boundaries around it."""
    before, start, end = starts
    now = day(2026, 11, 22) + 0.5 * DAY
    folded = [said(1, before - 1), said(2, before), said(4, start - 1), said(8, start), said(16, now)]
    for period, expected in (("current", 24), ("previous", 6)):
        policy = policy_of(
            f'method = "sum"\nwindow = {{ calendar = "{calendar}", period = "{period}" }}', *WIDE
        )
        state = folded_all(policy, folded)
        assert scoring.read(policy, state, now).score == expected
        assert scoring.read(policy, state, end - 1).score == expected
        assert scoring.read(policy, state, end).score == (24 if period == "previous" else 0)
        assert scoring.next_change(policy, state, now) == end


@laws
@given(st.data(), st.sampled_from(["mean", "sum", "count", "min", "quantile", "wilson"]), st.floats(0, 80))
def test_a_window_is_the_method_over_what_is_within(data: st.DataObject, method: str, later: float) -> None:
    """Read at any time, the window gives what the method alone gives for the events that still count."""
    wide = WIDE if method in ("sum", "count") else (-10.0, 10.0)
    plain = policy_of(f'method = "{method}"', *wide)
    policy = policy_of(f'method = "{method}"\nwindow = {{ days = 60, bucket_days = 6 }}', *wide)
    folded = data.draw(lately(policy))
    at = NOW + later * DAY
    within = [each for each in folded if at < (each[1] // (6 * DAY) + 1) * (6 * DAY) + 60 * DAY]
    found = scoring.read(policy, folded_all(policy, folded), at)
    assert found == scoring.read(plain, folded_all(plain, within), at)


@laws
@given(st.data(), st.sampled_from(["mean", "max", "wilson"]), st.integers(1, 4))
def test_the_newest_are_the_method_over_the_newest(data: st.DataObject, method: str, most: int) -> None:
    plain = policy_of(f'method = "{method}"')
    policy = policy_of(f'method = "{method}"\nwindow = {{ last = {most} }}')
    folded = [(contributions[:1], at) for contributions, at in data.draw(lately(policy))]
    found = scoring.read(policy, folded_all(policy, folded), NOW)
    newest = in_order(folded)[-most:]
    assert found == scoring.read(plain, folded_all(plain, newest), NOW)


@laws
@given(st.data(), st.sampled_from([p for p in POLICIES if "half_life" not in str(p.score)]))
def test_nothing_changes_before_the_next_change(data: st.DataObject, policy: Policy) -> None:
    state = folded_all(policy, in_order(data.draw(lately(policy))))
    at = NOW + data.draw(st.floats(0, 500)) * DAY
    change = scoring.next_change(policy, state, at)
    end = NOW + 1e4 * DAY if change is None else change
    between = at + (end - at) * data.draw(st.floats(0, 0.999))
    assert scoring.read(policy, state, between) == scoring.read(policy, state, at)
    assert change is None or change > at


@laws
@given(st.data(), st.sampled_from([*WINDOWED, *LATEST]))
def test_changes_come_to_an_end(data: st.DataObject, policy: Policy) -> None:
    state = folded_all(policy, data.draw(lately(policy)))
    at: float | None = NOW
    times = 0
    while at is not None:
        times += 1
        assert times < 200
        at = scoring.next_change(policy, state, at)


@pytest.mark.parametrize(
    "score, field, expected",
    [
        ('method = "mean"\nwindow = {}', "score.window", "one of days, last, calendar"),
        ('method = "mean"\nwindow = { days = 30, last = 5 }', "score.window", "one of"),
        ('method = "mean"\nwindow = { dayz = 30 }', "score.window.dayz", "days"),
        ('method = "mean"\nwindow = { days = 30, bucket_days = 40 }', "score.window.bucket_days", "to 30"),
        ('method = "mean"\nwindow = { days = [90, 30] }', "score.window.days", "shortest first"),
        ('method = "mean"\nwindow = { days = 30, pick = "lowest" }', "score.window.pick", "several days"),
        ('method = "mean"\nwindow = { last = 2000 }', "score.window.last", "1 to 1000"),
        ('method = "mean"\nwindow = { last = 5, bucket_days = 1 }', "score.window.bucket_days", "days"),
        ('method = "mean"\nwindow = { days = 3, period = "previous" }', "score.window.period", "calendar"),
        ('method = "mean"\nwindow = { calendar = "moon" }', "score.window.calendar", '"month"'),
        ('method = "beta"\nmemory = 0.5\nwindow = { days = 3 }', "score.window", "last ="),
        (
            'method = "bayesian_mean"\nprior = { value = 1, weight = 1 }\nhalf_life_days = 30\n'
            "window = { days = 60 }",
            "score.half_life_days",
            "90 to 36525",
        ),
        ('method = "points"\nwindow = { days = 3 }', "score.window", "one of"),
        (
            'method = "residual_mean"\naround = 1\nrunning = true\nwindow = { days = [3, 9] }',
            "score.window.days",
            "one length",
        ),
        ('method = "quantile"\nq = 1', "score.q", "0.001 to 0.999"),
        ('method = "quantile"\nstep = 0.0001', "score.step", "0.02 to 20"),
        ('method = "distinct"\nexact = 5', "score.exact", "16 to 4096"),
        ('method = "distinct"\nof = "color"', "score.of", '"actor"'),
        ('method = "streak"\nwithin_days = 500', "score.within_days", "1 to 400"),
        ('method = "growing"\nafter_days = 300', "score.step_days", "3 to 300"),
        ('method = "growing"', "score.after_days", "a number"),
        ('method = "wilson"\nz = 0', "score.z", "0.01 to 10"),
        ('method = "residual_mean"', "score.around", "a number"),
    ],
)
def test_what_cannot_be_meant_is_refused(score: str, field: str, expected: str) -> None:
    with pytest.raises(PolicyError) as caught:
        policy_of(score)
    assert caught.value.field == field
    assert expected in (caught.value.expected or "")
