"""Whose word weighs what, and what a kind as a whole is believed to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown import scoring
from renown.errors import PolicyError
from renown.model import OVERALL, Contribution
from renown.policy import preset
from tests.unit.scoring_worlds import NOW, folded_all, laws

TRADER, PRODUCT, SELLER = preset("trader"), preset("product"), preset("seller")


def rated(*ratings: tuple[float, float]) -> scoring.State:
    return folded_all(TRADER, [((Contribution(OVERALL, value, weight),), NOW) for value, weight in ratings])


def test_everyone_weighs_one_without_rater_weights() -> None:
    assert scoring.rater_weight(SELLER, None, is_seed=False) == 1.0
    assert not scoring.needs_kind_state(SELLER)


def test_a_stranger_weighs_the_floor_and_a_seed_one() -> None:
    assert scoring.rater_weight(TRADER, None, is_seed=False) == 0.05
    assert scoring.rater_weight(TRADER, None, is_seed=True) == 1.0
    assert scoring.rater_weight(TRADER, rated((-10, 1.0)), is_seed=True) == 1.0


def test_support_is_what_others_give_by_their_own_weight() -> None:
    """(P − M) / (P + M + 1) with P = 1 + 0.5 and M = 0.25."""
    weight = scoring.rater_weight(TRADER, rated((5, 1.0), (1, 0.5), (-10, 0.25)), is_seed=False)
    assert weight == pytest.approx((1.5 - 0.25) / (1.5 + 0.25 + 1))


def test_strangers_cannot_raise_each_other() -> None:
    assert scoring.rater_weight(TRADER, rated(*[(10, 0.05)] * 500), is_seed=False) == 0.05


def test_a_bad_name_weighs_no_less_than_a_stranger() -> None:
    assert scoring.rater_weight(TRADER, rated(*[(-10, 1.0)] * 9), is_seed=False) == 0.05


def test_indifferent_ratings_support_nobody() -> None:
    assert scoring.rater_weight(TRADER, rated((0, 1.0)), is_seed=False) == 0.05


@laws
@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(0.05, 1)), max_size=30))
def test_a_weight_lies_between_the_floor_and_one(ratings: list[tuple[float, float]]) -> None:
    assert 0.05 <= scoring.rater_weight(TRADER, rated(*ratings), is_seed=False) <= 1.0


def test_the_first_distinct_raters_are_seeds() -> None:
    kind = scoring.kind_empty(TRADER)
    said = (Contribution(OVERALL, 1, 1.0),)
    assert not kind.is_seed(None)
    for i in (*range(20), *range(20)):
        assert kind.is_seed(f"trader:{i}")
        kind = scoring.observe(TRADER, kind, f"trader:{i}", said)
    assert not kind.is_seed("trader:20")
    assert kind.is_seed("trader:19")


def test_saying_nothing_makes_no_seed() -> None:
    kind = scoring.kind_empty(TRADER)
    assert scoring.observe(TRADER, kind, "trader:1", ()) == kind


def test_a_kind_is_believed_to_be_what_it_has_been() -> None:
    kind = scoring.kind_empty(PRODUCT)
    assert kind.prior() == {}
    for value in (5, 4, 1):
        kind = scoring.observe(PRODUCT, kind, "buyer:1", (Contribution(OVERALL, value, 0.2),))
    assert kind.prior() == {OVERALL: 10 / 3}
    empty = scoring.empty(PRODUCT)
    assert scoring.read(PRODUCT, empty, NOW).score == 3.5
    assert scoring.read(PRODUCT, empty, NOW, kind.prior()).score == pytest.approx(10 / 3)


@laws
@given(st.lists(st.floats(-10, 10), min_size=1))
def test_a_kind_comes_back_from_bytes(values: list[float]) -> None:
    kind = scoring.kind_empty(TRADER)
    for i, value in enumerate(values):
        kind = scoring.observe(TRADER, kind, f"trader:{i}", (Contribution(OVERALL, value, 1.0),))
    again = scoring.decode_kind(TRADER, scoring.encode_kind(kind))
    assert again == kind
    assert -10 <= again.prior()[OVERALL] <= 10


def test_a_foreign_kind_state_is_refused() -> None:
    with pytest.raises(PolicyError):
        scoring.decode_kind(TRADER, b"[1]")
