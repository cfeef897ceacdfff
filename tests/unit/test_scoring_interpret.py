"""What events mean under the presets, and what is refused."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown import scoring
from renown.errors import EventError
from renown.model import Contribution, Event
from renown.policy import preset
from tests.unit.scoring_worlds import laws

SELLER, TRADER, PRODUCT, MEMBER = (preset(n) for n in ("seller", "trader", "product", "member"))


def review(**given: Any) -> Event:
    return Event("review", "seller:1", **given)


def test_a_value_goes_into_the_whole() -> None:
    effect = scoring.interpret(SELLER, review(value=4.5, actor="buyer:1", ref="order:1"))
    assert effect.contributions == (Contribution("", 4.5, 1.0),)
    assert effect.one_per == "review buyer:1 order:1"
    assert effect.actor == "buyer:1"


def test_categories_go_into_their_own_scores() -> None:
    effect = scoring.interpret(SELLER, review(value=4.5, categories={"delivery": 3, "quality": 5}))
    assert set(effect.contributions) == {
        Contribution("", 4.5, 1.0),
        Contribution("delivery", 3, 1.0),
        Contribution("quality", 5, 1.0),
    }
    assert effect.one_per is None, "an event without an actor counts by itself"


def test_the_whole_is_the_mean_of_the_categories_where_the_value_is_absent() -> None:
    effect = scoring.interpret(SELLER, review(categories={"delivery": 3, "quality": 4}))
    assert effect.contributions[0] == Contribution("", 3.5, 1.0)


def test_a_constant_goes_where_the_policy_says() -> None:
    effect = scoring.interpret(SELLER, Event("late_shipment", "seller:1", ref="order:1"))
    assert set(effect.contributions) == {Contribution("delivery", 1, 1.0), Contribution("", 1, 0.25)}
    assert effect.one_per == "late_shipment order:1"


@pytest.mark.parametrize(
    "data, weight",
    [
        ({"verified": True}, 1.0),
        ({"verified": False}, 0.2),
        ({"verified": 1}, 0.2),
        ({"verified": "true"}, 0.2),
        ({"verified": [True]}, 0.2),
        ({}, 0.2),
        (None, 0.2),
    ],
)
def test_an_attribute_decides_the_weight(data: dict[str, Any] | None, weight: float) -> None:
    effect = scoring.interpret(PRODUCT, Event("review", "product:1", value=4, data=data))
    assert effect.contributions[0].weight == weight


def test_votes_of_both_kinds_share_a_slot() -> None:
    up = scoring.interpret(MEMBER, Event("upvote", "member:1", actor="member:2", ref="post:1"))
    down = scoring.interpret(MEMBER, Event("downvote", "member:1", actor="member:2", ref="post:1"))
    assert up.one_per == down.one_per == "vote member:2 post:1"


def test_exemption_from_the_cap_travels_with_the_contribution() -> None:
    assert scoring.interpret(MEMBER, Event("accepted", "member:1")).contributions[0].exempt
    assert not scoring.interpret(MEMBER, Event("upvote", "member:1")).contributions[0].exempt


@pytest.mark.parametrize(
    "policy, event, code, field, expected",
    [
        (SELLER, Event("reveiw", "seller:1", value=4), "unknown_type", "type", "review"),
        (SELLER, Event("zzz", "seller:1"), "unknown_type", "type", "one of review"),
        (SELLER, review(value=5.1), "value_out_of_range", "value", "1 to 5"),
        (SELLER, review(value=math.nan), "value_out_of_range", "value", "1 to 5"),
        (SELLER, review(value=math.inf), "value_out_of_range", "value", "1 to 5"),
        (SELLER, review(), "value_required", "value", "1 to 5, or categories"),
        (SELLER, review(categories={}), "value_required", "value", "1 to 5, or categories"),
        (
            SELLER,
            review(value=4, categories={"delivry": 3}),
            "unknown_category",
            "categories.delivry",
            "delivery",
        ),
        (SELLER, review(value=4, categories={"": 3}), "unknown_category", "categories.", "one of"),
        (
            SELLER,
            review(categories={"delivery": 9}),
            "value_out_of_range",
            "categories.delivery",
            "1 to 5",
        ),
        (SELLER, Event("late_shipment", "seller:1", value=1), "value_not_allowed", "value", "nothing"),
        (SELLER, review(value=4, actor="seller:1"), "self_rating", "actor", "other than the subject"),
        (TRADER, Event("rating", "trader:1"), "value_required", "value", "-10 to 10"),
        (
            TRADER,
            Event("rating", "trader:1", value=1, categories={"a": 1}),
            "categories_not_allowed",
            "categories",
            "nothing",
        ),
        (MEMBER, Event("bounty", "member:1", value=501), "value_out_of_range", "value", "50 to 500"),
        (SELLER, Event("retract", "seller:1"), "ref_required", "ref", "the id or ref"),
        (SELLER, Event("retract", "seller:1", ref="a", value=1), "value_not_allowed", "value", "nothing"),
        (SELLER, Event("amend", "seller:1", ref="a"), "value_required", "value", "a new value"),
    ],
)
def test_a_refusal_names_the_field_and_what_was_expected(
    policy: Any, event: Event, code: str, field: str, expected: str
) -> None:
    with pytest.raises(EventError) as caught:
        scoring.interpret(policy, event)
    assert caught.value.problem_code == code
    assert caught.value.field == field
    assert expected in (caught.value.expected or "")


def test_one_may_report_on_oneself_where_the_policy_says_so() -> None:
    assert scoring.interpret(MEMBER, Event("downvote_cast", "member:1", actor="member:1")).contributions


def test_a_retraction_takes_back_by_id_or_ref() -> None:
    effect = scoring.interpret(SELLER, Event("retract", "seller:1", ref="rev-1", actor="buyer:1"))
    assert effect.takes_back == "rev-1"
    assert not effect.amends
    assert effect.contributions == ()


def test_an_amendment_keeps_what_it_does_not_change() -> None:
    original = review(id="rev-1", actor="buyer:1", ref="order:1", value=2, categories={"delivery": 1})
    change = Event("amend", "seller:1", ref="rev-1", value=4)
    assert scoring.interpret(SELLER, change).amends
    effect = scoring.amended(SELLER, change, original)
    assert set(effect.contributions) == {Contribution("", 4, 1.0), Contribution("delivery", 1, 1.0)}
    assert effect.takes_back == "rev-1"
    assert effect.one_per == "review buyer:1 order:1"
    assert effect.actor == "buyer:1"


def test_amended_categories_make_the_whole_anew() -> None:
    original = review(id="rev-1", value=2, categories={"delivery": 1})
    change = Event("amend", "seller:1", ref="rev-1", categories={"delivery": 4, "quality": 5})
    effect = scoring.amended(SELLER, change, original)
    assert effect.contributions[0] == Contribution("", 4.5, 1.0)


def test_an_amendment_is_checked_like_an_event() -> None:
    original = review(id="rev-1", value=2)
    with pytest.raises(EventError) as caught:
        scoring.amended(SELLER, Event("amend", "seller:1", ref="rev-1", value=7), original)
    assert caught.value.problem_code == "value_out_of_range"


def test_a_weight_multiplies_every_contribution() -> None:
    contributions = scoring.interpret(SELLER, Event("late_shipment", "seller:1")).contributions
    assert [c.weight for c in scoring.weigh(contributions, 0.5)] == [0.5, 0.125]
    assert scoring.weigh(contributions, 1.0) is contributions


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)


@laws
@given(
    st.sampled_from([SELLER, TRADER, PRODUCT, MEMBER]),
    st.builds(
        Event,
        type=st.sampled_from(["review", "rating", "upvote", "bounty", "retract", "amend"]) | st.text(),
        subject=st.just("seller:1"),
        actor=st.none() | st.just("seller:1") | st.text(),
        value=st.none() | st.floats(),
        categories=st.none()
        | st.dictionaries(st.sampled_from(["quality", "delivery"]) | st.text(), st.floats(), max_size=3),
        ref=st.none() | st.text(),
        data=st.none() | st.dictionaries(st.sampled_from(["verified", "x"]), _json, max_size=2),
    ),
)
def test_any_event_is_understood_or_refused(policy: Any, event: Event) -> None:
    """Nothing but an `EventError` comes out, and nothing that is not finite gets in."""
    try:
        effect = scoring.interpret(policy, event)
    except EventError:
        return
    for contribution in effect.contributions:
        assert math.isfinite(contribution.value)
        assert math.isfinite(contribution.weight)
