"""The trader policy predicts real ratings as well as it is held to."""

import pytest

from bench import scoring_otc

needs_data = pytest.mark.skipif(
    not scoring_otc.DATA.exists(), reason=f"the Bitcoin OTC ratings are not at {scoring_otc.DATA}"
)


@needs_data
def test_the_hardened_fading_mean_meets_its_gate() -> None:
    data = scoring_otc.ratings()
    figures, world = scoring_otc.prequential(scoring_otc.policies()[scoring_otc.HARDENED], data)
    assert figures.scored == 29_734
    assert figures.rmse <= 0.305
    assert figures.auc >= 0.815
    moved = scoring_otc.attacks(world, data)
    assert abs(moved["20 fresh accounts at -10"]) <= 0.35
    assert abs(moved["ring of 20 at +10"]) <= 0.5


@needs_data
@pytest.mark.parametrize("name", ["Bayesian mean, m=2", "running mean"])
def test_the_plain_means_give_the_published_figures(name: str) -> None:
    figures, _ = scoring_otc.prequential(scoring_otc.policies()[name], scoring_otc.ratings())
    rmse, pearson, auc = scoring_otc.PUBLISHED[name]
    assert figures.rmse == pytest.approx(rmse, abs=0.0006)
    assert figures.pearson == pytest.approx(pearson, abs=0.0006)
    assert figures.auc == pytest.approx(auc, abs=0.0006)


def test_the_area_under_the_curve_counts_ties_half() -> None:
    assert scoring_otc.auc([(0.5, -1), (0.5, 1)]) == 0.5
    assert scoring_otc.auc([(-1, -1), (1, 1)]) == 1.0
    assert scoring_otc.auc([(-1, 1), (1, -1), (0, 1)]) == 0.0
