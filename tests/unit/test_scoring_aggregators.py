"""Every aggregator against numbers worked out by hand."""

import math

import pytest

from renown import scoring
from renown.model import OVERALL, Contribution
from renown.policy import Policy
from renown.scoring.turning import identity
from tests.unit.scoring_worlds import DAY, NOW, folded_all, policy_of

WIDE = (-1e6, 1e6)


def read(policy: Policy, *values: float, at: float = NOW, weight: float = 1.0) -> scoring.Reading:
    folded = [((Contribution(OVERALL, value, weight),), NOW) for value in values]
    return scoring.read(policy, folded_all(policy, folded), at)


def on_days(policy: Policy, *days: float, at: float) -> scoring.Reading:
    folded = [((Contribution(OVERALL, 1, 1.0),), day * DAY) for day in days]
    return scoring.read(policy, folded_all(policy, folded), at * DAY)


def test_a_sum_adds_up_what_each_value_weighs() -> None:
    policy = policy_of('method = "sum"\nstart = 100', *WIDE)
    assert read(policy).score == 100
    assert read(policy, 3, -5, 0.25, weight=2).score == 100 + 2 * (3 - 5 + 0.25)


def test_a_count_counts() -> None:
    policy = policy_of('method = "count"', *WIDE)
    reading = read(policy, 3, -5, 0, weight=0.2)
    assert (reading.score, reading.low, reading.high, reading.count) == (3, 3, 3, 3)


def test_different_ones_are_counted_once() -> None:
    policy = policy_of('method = "distinct"\nexact = 16', *WIDE)
    reading = read(policy, *[identity(f"buyer:{i % 12}") for i in range(40)])
    assert (reading.score, reading.low, reading.high, reading.count) == (12, 12, 12, 40)


@pytest.mark.parametrize("many", [300, 5000])
def test_many_different_ones_are_estimated_within_the_declared_error(many: int) -> None:
    """With 256 kept the standard error is 6.3 %; three of them hold for these names."""
    policy = policy_of('method = "distinct"', *WIDE)
    reading = read(policy, *[identity(f"buyer:{i}") for i in range(many)])
    assert abs(reading.score / many - 1) < 3 / math.sqrt(254)
    assert reading.low <= many <= reading.high
    assert len(scoring.encode_state(folded_all(policy, []))) < 100


def test_the_lowest_and_the_highest() -> None:
    lowest, highest = policy_of('method = "min"'), policy_of('method = "max"')
    assert (read(lowest).score, read(highest).score) == (10, -10)
    assert (read(lowest, 4, -2, 7).score, read(highest, 4, -2, 7).score) == (-2, 7)


def test_the_newest_is_believed_for_a_while() -> None:
    policy = policy_of('method = "last"\nkeep_days = 400\nstart = 5')
    assert read(policy).score == 5
    assert read(policy, 3, 8).score == 8
    assert read(policy, 3, 8, at=NOW + 400 * DAY - 1).score == 8
    assert read(policy, 3, 8, at=NOW + 400 * DAY).score == 5


def test_a_quantile_is_the_lowest_value_with_that_share_below() -> None:
    """Of 1, 2, 3, 4: half the weight lies up to 2, three quarters up to 3, nine tenths up to 4."""
    for q, expected in ((0.25, 1), (0.5, 2), (0.51, 3), (0.75, 3), (0.9, 4)):
        policy = policy_of(f'method = "quantile"\nq = {q}\nstep = 0.5', 1, 5)
        assert read(policy, 4, 2, 1, 3).score == expected


def test_a_quantile_counts_weights() -> None:
    policy = policy_of('method = "quantile"\nstep = 1', 1, 5)
    said = [((Contribution(OVERALL, value, weight),), NOW) for value, weight in ((1, 1.0), (5, 3.0))]
    assert scoring.read(policy, folded_all(policy, said), NOW).score == 5
    assert read(policy).score == 3


def test_the_wilson_bound_of_one_good_one() -> None:
    """p = n = 1: (1 + z²/2 − z·sqrt(z²/4)) / (1 + z²) = 1 / (1 + z²); at z = 1.96 it is .2065."""
    policy = policy_of('method = "wilson"', 0, 1)
    reading = read(policy, 1)
    assert reading.score == reading.low == pytest.approx(1 / (1 + 1.96**2), abs=1e-12)
    assert reading.score == pytest.approx(0.2065, abs=5e-5)
    assert reading.high == 1
    assert read(policy).score == 0


def test_the_wilson_bounds_of_half_and_half() -> None:
    """Ten of twenty: .5 ∓ z·sqrt((.25 + z²/80) / 20) / (1 + z²/20) = .2993 to .7007 (Newcombe's form)."""
    reading = read(policy_of('method = "wilson"', 0, 1), *([1] * 10 + [0] * 10))
    assert (reading.low, reading.high) == (pytest.approx(0.2993, abs=5e-5), pytest.approx(0.7007, abs=5e-5))


def test_the_beta_reputation_of_eight_good_and_one_bad() -> None:
    """E = (8 + 1) / (8 + 1 + 2), and on a scale of −1 to 1 it is (r − s) / (r + s + 2) = 7/11."""
    assert read(policy_of('method = "beta"', 0, 1), *[1] * 8, 0).score == pytest.approx(9 / 11, abs=1e-12)
    assert read(policy_of('method = "beta"', -1, 1), *[1] * 8, -1).score == pytest.approx(7 / 11, abs=1e-12)


def test_the_beta_reputation_forgets() -> None:
    """r: 1, then 1·.5, then .5·.5 + 1 = 1.25; s: 0, 1, .5; E = 2.25 / 3.75."""
    policy = policy_of('method = "beta"\nmemory = 0.5', 0, 1)
    assert read(policy, 1, 0, 1).score == pytest.approx(0.6, abs=1e-12)


def test_a_bias_is_pulled_towards_none() -> None:
    """Three values one above what is usual and four imagined ones: 3 / 7."""
    policy = policy_of('method = "residual_mean"\naround = 3', 1, 5)
    assert read(policy).score == 0
    assert read(policy, 4, 4, 4).score == pytest.approx(3 / 7, abs=1e-12)


def test_a_bias_against_the_running_mean() -> None:
    policy = policy_of('method = "residual_mean"\naround = 3\nrunning = true', 1, 5)
    state = folded_all(policy, [((Contribution(OVERALL, 4, 1.0),), NOW)] * 4)
    assert scoring.read(policy, state, NOW, {OVERALL: 4.5}).score == pytest.approx(-0.25, abs=1e-12)


def test_hot_is_a_logarithm_and_a_bonus() -> None:
    """A hundred votes, posted 450,000 s after the epoch: 2 + 10; a hundred down: −2 + 10."""
    policy = policy_of(f'method = "hot"\nepoch = {NOW - 450_000}', *WIDE)
    assert read(policy, *[1] * 100).score == pytest.approx(12, abs=1e-9)
    assert read(policy, *[-1] * 100).score == pytest.approx(8, abs=1e-9)
    assert read(policy, 0).score == pytest.approx(10, abs=1e-9)
    assert read(policy).score == 0


def test_a_streak_goes_on_until_a_day_without_events_is_over() -> None:
    policy = policy_of('method = "streak"', *WIDE)
    days = (10.2, 20.1, 21.5, 21.9, 22.0)
    assert on_days(policy, *days, at=22.5).score == 3
    assert on_days(policy, *days, at=23.99).score == 3
    assert on_days(policy, *days, at=24.0).score == 0
    assert on_days(policy, at=24.0).score == 0


def test_what_is_open_weighs_more_with_its_age() -> None:
    policy = policy_of('method = "growing"\nafter_days = 10\nmore = 3', *WIDE)

    def grown(*ages: float) -> float:
        return sum(1 + 3 / (1 + math.exp(1 - min(age, 80) / 10)) for age in ages)

    assert on_days(policy, at=5).score == 0
    assert on_days(policy, 100.0, 100.9, 107.5, at=110.2).score == pytest.approx(grown(10, 10, 3))
    assert on_days(policy, 100, at=100.99).score == pytest.approx(grown(0))
    assert on_days(policy, 100, 20, 10, 185, at=400).score == pytest.approx(4 * grown(80))
    # Half of the growth is there when its time is over.
    assert on_days(policy, 100, at=110).score == pytest.approx(2.5)


def test_what_is_closed_takes_all_its_growth_away() -> None:
    policy = policy_of('method = "growing"\nafter_days = 1', *WIDE)
    one, other = (Contribution(OVERALL, 5, 1.0),), (Contribution(OVERALL, 7, 2.0),)
    state = folded_all(policy, [(one, 3 * DAY), (other, 4 * DAY), (one, 90 * DAY)])
    # Whether the others are full-grown without it, they do not tell.
    assert scoring.take_back(policy, state, one, 90 * DAY) is None
    for contributions, at in ((one, 3 * DAY), (other, 4 * DAY), (one, 90 * DAY)):
        taken = scoring.take_back(policy, state, contributions, at)
        assert taken is not None
        state = taken
    assert scoring.read(policy, state, 91 * DAY).score == 0
    assert state == scoring.empty(policy)


def test_it_is_looked_at_again_with_every_step_until_it_is_full_grown() -> None:
    policy = policy_of('method = "growing"\nafter_days = 2\nstep_days = 0.5', *WIDE)
    state = folded_all(policy, [((Contribution(OVERALL, 1, 1.0),), 100.1 * DAY)])
    assert scoring.next_change(policy, state, 100.1 * DAY) == 100.5 * DAY
    assert scoring.next_change(policy, state, 115.9 * DAY) == 116 * DAY
    assert scoring.next_change(policy, state, 116 * DAY) is None


def test_the_longest_streak_and_all_days() -> None:
    days = (10.2, 11.1, 12.5, 12.9, 20.0, 21.0)
    assert on_days(policy_of('method = "streak"\nof = "longest"', *WIDE), *days, at=30).score == 3
    policy = policy_of('method = "streak"\nof = "days"\nwithin_days = 10', *WIDE)
    assert on_days(policy, *days, at=21.5).score == 3
    assert on_days(policy, *days, at=29.99).score == 2
    assert on_days(policy, *days, at=31).score == 0
