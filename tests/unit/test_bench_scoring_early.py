"""Early warning on a stream with one fraud and one benign user."""

import pytest

from bench.scoring import product
from bench.scoring.data import Rating
from bench.scoring.early import before_deciding, first_deciding, rated, without_benign
from bench.scoring.fading import Fading

FOUNDER, GOOD, FRAUD, STRANGER = 1, 2, 3, 4
LABELS = {FOUNDER: False, GOOD: False, FRAUD: True}
STREAM = [
    Rating(STRANGER, FRAUD, -0.2, 0.0),
    Rating(FOUNDER, GOOD, 0.2, 1.0),
    Rating(FOUNDER, GOOD, 0.8, 2.0),
    Rating(GOOD, FRAUD, -1.0, 3.0),
    Rating(STRANGER, FRAUD, -0.4, 4.0),
]


def test_strong_ratings_by_the_benign_decide() -> None:
    assert first_deciding(STREAM, LABELS) == {GOOD: 2, FRAUD: 3}


def test_what_the_benign_say_can_be_left_out() -> None:
    scores = without_benign(product.mean(), STREAM, LABELS)
    assert scores == {FOUNDER: 0.0, GOOD: 0.0, FRAUD: pytest.approx(-0.3)}
    assert rated(STREAM, LABELS, early=False) == (0, 1)


def test_scores_are_asked_before_the_label_was_made() -> None:
    scores = before_deciding(product.mean(), STREAM, LABELS)
    assert scores == {FOUNDER: 0.0, GOOD: pytest.approx(0.2), FRAUD: pytest.approx(-0.2)}
    assert rated(STREAM, LABELS, early=True) == (1, 1)


@pytest.mark.parametrize("predictor", [product.bayesian(2), Fading(floor=0.2, prior=2)])
def test_who_has_no_rating_has_the_mean_of_the_whole_stream(
    predictor: product.Product | Fading,
) -> None:
    scores = before_deciding(predictor, STREAM, LABELS)
    mean = sum(rating.value for rating in STREAM) / len(STREAM)
    assert scores[FOUNDER] == pytest.approx(mean)
    if isinstance(predictor, product.Product):
        assert scores[GOOD] == pytest.approx((0.2 + 2 * mean) / 3)
