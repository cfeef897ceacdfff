"""R4 on ratings counted by hand."""

import pytest

from bench.scoring.better import intervals
from bench.scoring.data import Rating
from bench.scoring.fading import Fading
from bench.scoring.wary import Wary

SEED, KNOWN, STRANGER, X, Y = 1, 2, 3, 8, 9
HALF_YEAR = 180 * 86_400.0


def wary(*ratings: Rating) -> Wary:
    made = Wary(seeds=1)
    for rating in ratings:
        made.learn(rating)
    return made


def test_bad_news_from_a_known_rater_counts_more() -> None:
    # The seed says -.3: -.7 at weight 1.5. It is all there is, so the prior is -.7 too.
    made = wary(Rating(SEED, X, -0.3, 0.0))
    assert made.sums[X] == (1.5, pytest.approx(-1.05), 0.0)
    assert made.usual == pytest.approx(-0.7)
    assert made.score(X, 0.0) == pytest.approx(-0.7)


def test_nothing_counts_as_worse_than_the_worst() -> None:
    assert wary(Rating(SEED, X, -0.9, 0.0)).sums[X] == (1.5, -1.5, 0.0)


def test_bad_news_from_a_stranger_is_as_light_as_good() -> None:
    made = wary(Rating(SEED, Y, 0.5, 0.0), Rating(STRANGER, X, -1.0, 0.0))
    assert made.sums[X] == (0.05, -0.05, 0.0)
    assert made.support.get(X) is None


def test_newer_ratings_and_time_leave_less_of_the_older() -> None:
    made = wary(Rating(SEED, X, 1.0, 0.0), Rating(SEED, X, 1.0, HALF_YEAR))
    assert made.sums[X][0] == pytest.approx(0.5 * 0.87 + 1)


def test_the_usual_follows_the_last_ratings_by_weight() -> None:
    made = Wary(seeds=1, lately=2.0)
    made.learn(Rating(SEED, X, 1.0, 0.0))
    made.learn(Rating(SEED, Y, 0.0, 0.0))
    # Half of the first is kept: (.5 · 1 + 1 · 0) / 1.5.
    assert made.usual == pytest.approx(1 / 3)


def test_without_its_changes_it_is_the_hardened_mean() -> None:
    stream = [Rating(i % 7, (i * 3 + 1) % 11, ((i * 7) % 19 - 9.5) / 10, i * 1e5) for i in range(300)]
    plain = Wary(memory=0.8, prior=0.5, lately=None, harder=0.0, heed=1.0, seeds=3)
    hardened = Fading(floor=0.05, gated=True, seeds=3)
    for rating in stream:
        plain.learn(rating)
        hardened.learn(rating)
        # Its prior is weighted and theirs is not: take theirs.
        plain.usual, plain_usual = hardened.mean, plain.usual
        assert plain.score(rating.target, rating.at) == pytest.approx(
            hardened.score(rating.target, rating.at)
        )
        plain.usual = plain_usual


def test_intervals_of_a_constant_difference() -> None:
    scored = [(i % 5, 0.5 if i % 2 else -0.5, 0.0, 0.5 if i % 2 else -0.5) for i in range(40)]
    (low, high), (low_area, high_area) = intervals(scored, draws=20)
    assert low == high == pytest.approx(-0.5)
    assert low_area == high_area == 0.5
