"""The shipped policies on real data keep what they are held to."""

import pytest

from bench.report import Report
from bench.scoring import product
from bench.scoring.attacks import ATTACKS, Field, shift
from bench.scoring.bombs import bombed, busy_products, lives
from bench.scoring.data import AMAZON, FOLDER, OTC, missing, traders
from bench.scoring.exchange import NEEDS, exchange
from bench.scoring.left_out import left_out
from bench.scoring.measures import pearson, rmse
from bench.scoring.prediction import prequential
from renown.policy import preset


def needs(*names: str) -> pytest.MarkDecorator:
    absent = missing(*names)
    return pytest.mark.skipif(bool(absent), reason=f"not in {FOLDER}: {', '.join(absent)}")


@needs(OTC)
def test_the_trader_preset_predicts_and_withstands() -> None:
    ratings = traders()
    trader = product.trader()
    outcome = prequential(trader, ratings)
    assert outcome.scored == 29_734
    assert outcome.figures.rmse <= 0.305
    assert outcome.figures.auc >= 0.815
    field = Field.of(ratings)
    moved = {attack.name: shift(trader, attack, field) for attack in ATTACKS}
    assert moved["20 fresh, −10"] >= -0.35
    assert moved["ring of 20, +10"] <= 0.5


@needs(OTC)
@pytest.mark.parametrize(
    "predictor, expected",
    [(product.mean(), (0.326, 0.481, 0.768)), (product.bayesian(2), (0.324, 0.508, 0.781))],
)
def test_the_plain_means_give_the_known_figures(
    predictor: product.Product, expected: tuple[float, ...]
) -> None:
    assert tuple(prequential(predictor, traders()).figures) == pytest.approx(expected, abs=0.0006)


@needs(OTC)
def test_goodness_and_fairness_give_the_published_figures() -> None:
    guesses = left_out(traders())
    for name, error, correlation in (("Goodness", 0.315, 0.476), ("Fairness × Goodness", 0.311, 0.489)):
        assert rmse(guesses[name]) == pytest.approx(error, abs=0.001)
        assert pearson(guesses[name]) == pytest.approx(correlation, abs=0.001)


@needs(AMAZON)
def test_twenty_bad_reviews_on_a_day_are_always_noticed_and_mostly_held() -> None:
    held = 0
    products = lives(preset("product"), busy_products())
    for life in products:
        day = (life.stream[0].day + life.stream[-1].day) // 2
        came = bombed(life, [day] * 20)
        assert came.sounded, life.stream[0].product
        held += came.held
    assert held >= 0.75 * 20 * len(products)


@needs(*NEEDS)
def test_reputation_is_replayed_as_published() -> None:
    report: Report = exchange()
    assert report.raw["missed"] == []
