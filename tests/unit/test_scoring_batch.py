"""Fairness and goodness, against graphs small enough to solve by hand."""

import random
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown.errors import RenownError
from renown.scoring.batch import Opinions, fairness_goodness, leave_one_out

GRAPHS = st.dictionaries(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz")), st.floats(-1, 1), min_size=1
).map(lambda ratings: Opinions((rater, subject, value) for (rater, subject), value in ratings.items()))


def test_one_rating_is_taken_at_its_word() -> None:
    # g = f·w and f = 1 - |w - g|/2 give f = (1 - w/2) / (1 - w/2) = 1.
    solved = fairness_goodness(Opinions([("a", "x", 0.4)]))
    assert solved.fairness == {"a": pytest.approx(1.0)}
    assert solved.goodness == {"x": pytest.approx(0.4)}
    assert solved.settled
    assert solved.expected("a", "x") == pytest.approx(0.4)
    assert solved.expected("stranger", "x") == pytest.approx(0.4)
    assert solved.expected("a", "stranger") == 0.0


def test_two_who_contradict_each_other_are_equally_unfair() -> None:
    # g = f·(1 - 1)/2 = 0, so f = 1 - 1/2 for both.
    solved = fairness_goodness(Opinions([("a", "x", 1.0), ("b", "x", -1.0)]))
    assert solved.goodness == {"x": 0.0}
    assert solved.fairness == {"a": 0.5, "b": 0.5}


def test_who_contradicts_the_many_is_believed_less() -> None:
    # Agreeing: f = 1 - (1 - g)/2 = (1 + g)/2; dissenting: f' = (1 - g)/2. 3g = 2f - f' = (1 + 3g)/2: g = 1/3.
    solved = fairness_goodness(Opinions([("a", "x", 1.0), ("b", "x", 1.0), ("c", "x", -1.0)]), tolerance=1e-9)
    assert solved.goodness["x"] == pytest.approx(1 / 3)
    assert solved.fairness == {
        "a": pytest.approx(2 / 3),
        "b": pytest.approx(2 / 3),
        "c": pytest.approx(1 / 3),
    }


def test_a_newer_opinion_takes_the_place_of_the_older() -> None:
    opinions = Opinions([("a", "x", 1.0), ("a", "x", -0.5)])
    assert list(opinions) == [("a", "x", -0.5)]
    assert len(opinions) == 1


@pytest.mark.parametrize("value", [1.01, -2.0, nan])
def test_opinions_outside_the_scale_are_refused(value: float) -> None:
    with pytest.raises(RenownError) as raised:
        Opinions([("a", "x", value)])
    assert raised.value.problem_code == "value_out_of_range"


def test_too_few_rounds_are_told() -> None:
    opinions = Opinions([("a", "x", 1.0), ("b", "x", 1.0), ("c", "x", -1.0)])
    assert not fairness_goodness(opinions, most_rounds=1).settled


@given(GRAPHS)
def test_every_start_leads_to_the_same_bounded_solution(opinions: Opinions) -> None:
    solved = fairness_goodness(opinions, tolerance=1e-9)
    again = fairness_goodness(opinions, start=solved, tolerance=1e-9)
    assert solved.settled
    assert again.rounds <= 2
    assert all(-1 <= value <= 1 for value in solved.goodness.values())
    assert all(0 <= value <= 1 for value in solved.fairness.values())
    assert again.goodness == pytest.approx(solved.goodness, abs=1e-8)


@given(GRAPHS)
def test_nothing_is_left_of_who_is_left_out(opinions: Opinions) -> None:
    for each in leave_one_out(opinions, fairness_goodness(opinions)):
        if len(opinions.received[each.subject]) == 1:
            assert each.goodness == 0.0
        if len(opinions.given[each.rater]) == 1:
            assert each.fairness == 1.0


def test_left_out_ratings_leave_what_solving_without_them_leaves() -> None:
    dice = random.Random(7)
    pairs = sorted({(dice.randrange(60), dice.randrange(60)) for _ in range(900)})
    ratings = [(f"r{u}", f"s{v}", dice.uniform(-1, 1)) for u, v in pairs]
    opinions = Opinions(ratings)
    expectations = {
        (each.rater, each.subject): each
        for each in leave_one_out(opinions, fairness_goodness(opinions, tolerance=1e-9))
    }
    for rater, subject, value in ratings[::40]:
        rest = fairness_goodness(Opinions(r for r in ratings if r[:2] != (rater, subject)), tolerance=1e-9)
        found = expectations[rater, subject]
        assert found.value == value
        assert found.goodness == pytest.approx(rest.goodness[subject], abs=1e-3)
        assert found.fairness == pytest.approx(rest.fairness[rater], abs=1e-3)
