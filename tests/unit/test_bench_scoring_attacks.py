"""Attacks on predictors whose answers are known."""

import pytest

from bench.scoring.attacks import FRESH, Attack, Field, negatives_to_fall, shift
from bench.scoring.data import Rating
from bench.scoring.fading import Fading
from bench.scoring.means import Newest

GOOD, BAD = 5, 6


def world() -> Newest:
    mean = Newest(most=10_000)
    for rater in range(3):
        mean.learn(Rating(rater, GOOD, 1.0, 0.0))
        mean.learn(Rating(rater, BAD, -1.0, 0.0))
    return mean


FIELD = Field({GOOD: 0.0}, {BAD: 0.0}, [0, 1, 2])


def test_fresh_accounts_pull_a_mean_by_their_number() -> None:
    # (3 - 1) / 4 - 1; then praise of a bad one: (-3 + 2) / 5 + 1.
    assert shift(world(), Attack("", 1, -1.0, good=True), FIELD) == pytest.approx(-0.5)
    assert shift(world(), Attack("", 2, 1.0, good=False), FIELD) == pytest.approx(0.8)


def test_raters_who_turn_are_established_ones() -> None:
    mean = world()
    assert shift(mean, Attack("", 0, -1.0, good=True, turned=3), FIELD) == pytest.approx(-1.0)
    assert mean.score(GOOD, 0.0) == 1.0


def test_a_ring_wins_weight_where_support_is_not_gated() -> None:
    ring = Attack("", 5, 1.0, good=False, ring=True)
    alone = Attack("", 5, 1.0, good=False)
    moved = {}
    for gated in (False, True):
        fading = Fading(floor=0.05, gated=gated, prior=1e-9)
        for rater in range(20):
            fading.learn(Rating(rater, BAD, -1.0, 0.0))
        moved[gated] = (shift(fading, ring, FIELD), shift(fading, alone, FIELD))
    assert moved[False][0] > 1.5 * moved[False][1]
    assert moved[True][0] == pytest.approx(moved[True][1])


def test_sixteen_negatives_undo_fifty_times_three_in_a_mean() -> None:
    assert negatives_to_fall(Newest(most=10_000), list(range(100)), 0.0) == 16


def test_the_field_is_of_those_with_enough_ratings() -> None:
    ratings = [Rating(rater, GOOD, 0.5, float(rater)) for rater in range(10)]
    ratings += [Rating(rater, BAD, -0.5, float(rater)) for rater in range(5)]
    ratings += [Rating(rater, 7, -0.5, float(rater)) for rater in range(4)]
    field = Field.of(ratings)
    assert field.good == {GOOD: 9.0}
    assert field.bad == {BAD: 4.0}
    assert field.established[0] == GOOD
    assert FRESH > 10
