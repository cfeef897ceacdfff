"""The references of the scoring bench, on streams small enough to follow by hand."""

from math import log1p, tanh

import pytest

from bench.scoring import product
from bench.scoring.data import Rating
from bench.scoring.fading import BiasCorrected, Fading
from bench.scoring.iterated import BatchGoodness, OnlineGoodness
from bench.scoring.means import Beta, GlobalMean, LastRating, NetSum, Newest, Weighted, Wilson
from bench.scoring.measures import auc, pearson, rmse
from bench.scoring.pairs import Expected, ReciprocalElse, SecondHand
from bench.scoring.prediction import Predictor, prequential
from bench.scoring.regression import Forecast, LeastSquares

HALF_YEAR = 180 * 86_400.0
A, B, C, X, Y = 1, 2, 3, 8, 9
TWO = [Rating(A, X, 1.0, 0.0), Rating(B, X, -0.5, 0.0)]


def learnt(predictor: Predictor, ratings: list[Rating] = TWO) -> Predictor:
    for rating in ratings:
        predictor.learn(rating)
    return predictor


def test_the_measures_of_a_small_set() -> None:
    pairs = [(0.5, 1.0), (0.0, -1.0), (-0.5, -1.0)]
    assert rmse(pairs) == pytest.approx(((0.25 + 1 + 0.25) / 3) ** 0.5)
    # Deviations: (.5, 0, -.5) and (4/3, -2/3, -2/3): Σ = 1; roots of .5 and 24/9.
    assert pearson(pairs) == pytest.approx(1 / (0.5 * 24 / 9) ** 0.5)
    assert auc(pairs) == 1.0
    assert auc([(0.5, -1), (0.5, 1)]) == 0.5
    assert auc([(-1, 1), (1, -1), (0, 1)]) == 0.0
    assert pearson([(1.0, 0.0), (1.0, 1.0)]) == 0.0


@pytest.mark.parametrize(
    "predictor, score",
    [
        (GlobalMean(), 0.25),
        (LastRating(), -0.5),
        (Newest(5), 0.25),
        (Newest(1), -0.5),
        (Beta(), (1.25 - 0.75) / 4),
        (Beta(0.8), ((0.8 + 0.25) - 0.75) / (0.8 + 1 + 2)),
        (NetSum(), tanh(0.5)),
        (Weighted(by_score=False, prior=2, floor=0.1), (0.05 + 2 * 0.25) / 2.2),
        (BiasCorrected(pair=False), (0.5 + 2 * 0.25) / 4),
        (product.mean(), 0.25),
        (product.bayesian(2), (0.5 + 2 * 0.25) / 4),
    ],
)
def test_two_ratings_by_every_mean(predictor: Predictor, score: float) -> None:
    assert learnt(predictor).score(X, 0.0) == pytest.approx(score)


def test_wilson_of_one_good_and_one_bad() -> None:
    # The 95 % interval of 1 of 2: .0945 to .9055.
    assert learnt(Wilson()).score(X, 0.0) == pytest.approx(2 * 0.0945 - 1, abs=2e-4)
    assert Wilson().score(X, 0.0) == -1.0


def test_the_weight_of_a_rater_is_its_score() -> None:
    rating = Rating(X, Y, 1.0, 0.0)
    weighted = learnt(Weighted(by_score=True), [Rating(A, X, 1.0, 0.0)])
    # X's score is the global mean 1, so it weighs 1; then Y's is (1 + 2·1) / 3.
    weighted.learn(rating)
    assert weighted.score(Y, 0.0) == pytest.approx(1.0)


def test_the_fading_mean_forgets_by_weight_and_by_time() -> None:
    # Floor .2 for both: k = .8^.2; the mean is .25.
    fading = learnt(Fading(floor=0.2))
    keep = 0.8**0.2
    s, n = 0.2 * keep - 0.1, 0.2 * keep + 0.2
    assert fading.score(X, 0.0) == pytest.approx((s + 0.5 * 0.25) / (n + 0.5))
    assert fading.score(X, HALF_YEAR) == pytest.approx((s / 2 + 0.5 * 0.25) / (n / 2 + 0.5))


def test_the_reference_of_the_hardened_mean_is_the_product() -> None:
    stream = [Rating(i % 7, (i * 3 + 1) % 11, ((i * 7) % 19 - 9) / 10, i * 1e5) for i in range(300)]
    stream = [rating for rating in stream if rating.source != rating.target]
    ours, theirs = product.hardened(seeds=2), Fading(floor=0.05, gated=True, seeds=2)
    for rating in stream:
        ours.learn(rating)
        theirs.learn(rating)
        assert ours.score(rating.target, rating.at) == pytest.approx(theirs.score(rating.target, rating.at))


def test_support_comes_only_from_above_the_floor_where_it_is_gated() -> None:
    ring = [Rating(a, b, 1.0, 0.0) for a in range(5) for b in range(5) if a != b]
    assert learnt(Fading(floor=0.05, gated=True), ring)
    gated, open_ = Fading(floor=0.05, gated=True), Fading(floor=0.05)
    learnt(gated, ring)
    learnt(open_, ring)
    assert gated.weight(0) == 0.05
    assert open_.weight(0) > 0.1


def test_an_expectation_adds_the_bias_and_halves_with_the_answer() -> None:
    expected = learnt(Expected(GlobalMean()))
    # A gave 1 when 0 was expected: its bias is 1/5; the mean is .25.
    assert expected.expect(A, Y, 0.0) == pytest.approx(0.45)
    # X hears from A what A said: nothing of X's own yet, so only A's 1 counts half.
    assert expected.expect(X, A, 0.0) == pytest.approx((0.25 + 1.0) / 2)


def test_the_answer_or_else_the_public_score() -> None:
    answers = learnt(ReciprocalElse(GlobalMean()))
    assert answers.expect(X, B, 0.0) == -0.5
    assert answers.expect(A, B, 0.0) == 0.25


def test_second_hand_words_count_by_the_trust_in_who_says_them() -> None:
    told = learnt(
        SecondHand(GlobalMean(), prior=1.0), [*TWO, Rating(Y, A, 0.5, 0.0), Rating(Y, B, -1.0, 0.0)]
    )
    # Y trusts A by .5 and B not at all; the mean of all is 0.
    assert told.expect(Y, X, 0.0) == pytest.approx(0.5 * 1.0 / 1.5)


def test_batches_know_what_they_have_seen() -> None:
    batch = BatchGoodness(2)
    batch.learn(Rating(A, X, 1.0, 0.0))
    assert batch.score(X, 0.0) == 1.0
    batch.learn(Rating(B, X, -1.0, 0.0))
    assert batch.score(X, 0.0) == pytest.approx(0.0)
    assert batch.expect(A, X, 0.0) == pytest.approx(0.0)
    assert batch.solved.fairness[str(A)] == pytest.approx(0.5)


def test_online_goodness_takes_the_unfair_less_seriously() -> None:
    online = OnlineGoodness()
    for rating in [Rating(A, X, 1.0, 0.0), Rating(B, X, -1.0, 0.0), Rating(B, Y, 1.0, 0.0)]:
        online.learn(rating)
    # B missed by 2 (-1 where 1 was expected): f = 1 - 2/2 = 0, so Y has nothing but the mean 1/3.
    assert online.score(Y, 0.0) == pytest.approx(1 / 3)


def test_least_squares_learn_a_line() -> None:
    model = LeastSquares(2, ridge=1e-6)
    for x in range(10):
        model.learn([1.0, float(x)], 2.0 - 0.5 * x)
    assert model.weights == pytest.approx([2.0, -0.5], abs=1e-4)


def test_a_forecast_has_as_many_features_as_it_says() -> None:
    public, pair = (Forecast(GlobalMean(), Beta(), Beta(0.8), pair=p) for p in (False, True))
    learnt(public)
    learnt(pair)
    assert len(public.row(Y, X, 0.0)) == 8
    row = pair.row(X, A, 0.0)
    assert len(row) == 17
    assert row[8:10] == [1.0, 1.0]
    assert row[15] == pytest.approx(log1p(0) / 5)
    assert -1 <= pair.expect(Y, X, 0.0) <= 1


def test_first_ratings_are_learnt_but_not_scored() -> None:
    stream = [Rating(A, X, 1.0, 0.0), Rating(B, X, -1.0, 1.0), Rating(A, Y, 1.0, 2.0), Rating(C, X, 1.0, 3.0)]
    outcome = prequential(LastRating(), stream)
    assert outcome.pairs == [(1.0, -1.0), (-1.0, 1.0)]
    assert outcome.scored == 2
    assert outcome.negative == 0.5
    later = [*stream, Rating(A, Y, -1.0, 4.0), Rating(B, Y, 1.0, 5.0)]
    assert prequential(LastRating(), later, skip=4).pairs == [(1.0, -1.0), (-1.0, 1.0)]


def test_a_fork_learns_by_itself() -> None:
    first = learnt(LastRating())
    second = first.fork()
    second.learn(Rating(C, X, 1.0, 1.0))
    assert (first.score(X, 1.0), second.score(X, 1.0)) == (-0.5, 1.0)
    assert (first.count, second.count) == (2, 3)
