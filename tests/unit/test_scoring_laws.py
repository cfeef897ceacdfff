"""The laws of scoring, for every method and any events."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown import scoring
from renown.errors import PolicyError
from renown.model import OVERALL, Contribution
from renown.policy import Policy, ResidualMean, preset
from renown.scoring import State
from tests.unit.scoring_worlds import (
    COMPOSED,
    DAY,
    LATEST,
    NOW,
    ORDERED,
    POLICIES,
    REFOLDING,
    STICKY,
    UNORDERED,
    WINDOWED,
    folded_all,
    happened,
    in_order,
    is_points,
    laws,
)

unordered = st.sampled_from(UNORDERED)
any_order = st.sampled_from([*UNORDERED, *REFOLDING, *WINDOWED, *COMPOSED])
every = st.sampled_from(POLICIES)


@laws
@given(st.data(), any_order)
def test_order_does_not_matter_to_the_last_digit(data: st.DataObject, policy: Policy) -> None:
    folded = data.draw(happened(policy))
    shuffled = data.draw(st.permutations(folded))
    assert folded_all(policy, folded) == folded_all(policy, shuffled)


@laws
@given(st.data(), unordered)
def test_what_is_taken_back_has_never_been(data: st.DataObject, policy: Policy) -> None:
    folded = data.draw(happened(policy))
    contributions, at = gone = data.draw(happened(policy).filter(bool))[0]
    at_any_place = data.draw(st.integers(0, len(folded)))
    state = folded_all(policy, [*folded[:at_any_place], gone, *folded[at_any_place:]])
    assert scoring.take_back(policy, state, contributions, at) == folded_all(policy, folded)


@laws
@given(st.data(), st.sampled_from(LATEST))
def test_order_does_not_matter_where_times_differ(data: st.DataObject, policy: Policy) -> None:
    folded = [(said, NOW - i * DAY) for i, (said, _) in enumerate(data.draw(happened(policy)))]
    shuffled = data.draw(st.permutations(folded))
    assert folded_all(policy, folded) == folded_all(policy, shuffled)


@laws
@given(st.data(), st.sampled_from([*REFOLDING, *LATEST, *WINDOWED, *COMPOSED]))
def test_what_is_taken_back_has_never_been_or_asks_for_a_refold(data: st.DataObject, policy: Policy) -> None:
    folded = in_order(data.draw(happened(policy).filter(bool)))
    place = data.draw(st.integers(0, len(folded) - 1))
    left = scoring.take_back(policy, folded_all(policy, folded), *folded[place])
    assert left in (None, folded_all(policy, [*folded[:place], *folded[place + 1 :]]))


@laws
@given(st.data(), st.sampled_from(LATEST))
def test_of_the_same_time_the_later_one_holds(data: st.DataObject, policy: Policy) -> None:
    """Late ones come in any order, and end where the history by time and version ends."""
    folded = data.draw(happened(policy))
    assert folded_all(policy, folded) == folded_all(policy, in_order(folded))


@laws
@given(st.data(), st.sampled_from([*ORDERED, *STICKY]))
def test_where_order_matters_the_state_says_when_to_refold(data: st.DataObject, policy: Policy) -> None:
    """Folding one by one, refolding when told to, ends where the history in its order ends."""
    seen: list[tuple[float, int]] = []
    state = scoring.empty(policy)
    folded = data.draw(happened(policy))
    for i, (contributions, at) in enumerate(folded):
        seen.append((at, i))
        if scoring.needs_refold(policy, state, at):
            state = scoring.refold(policy, [folded[j] for _, j in sorted(seen)])
        else:
            state = scoring.fold(policy, state, contributions, at)
    assert state == folded_all(policy, in_order(folded))


@laws
@given(st.data(), st.sampled_from([*ORDERED, *STICKY]))
def test_where_order_matters_taking_back_is_a_refold(data: st.DataObject, policy: Policy) -> None:
    folded = in_order(data.draw(happened(policy).filter(bool)))
    assert scoring.take_back(policy, folded_all(policy, folded), *folded[0]) is None


@laws
@given(st.data(), every)
def test_refolding_in_order_is_live_folding(data: st.DataObject, policy: Policy) -> None:
    folded = in_order(data.draw(happened(policy)))
    assert scoring.refold(policy, folded) == folded_all(policy, folded)


@laws
@given(st.data(), every)
def test_folding_leaves_its_input_as_it_was(data: st.DataObject, policy: Policy) -> None:
    folded = data.draw(happened(policy).filter(bool))
    state = folded_all(policy, folded[:-1])
    before = scoring.encode_state(state)
    scoring.fold(policy, state, *folded[-1])
    scoring.take_back(policy, state, *folded[0])
    assert scoring.encode_state(state) == before


@laws
@given(st.data(), every)
def test_states_come_back_from_bytes_to_the_last_digit(data: st.DataObject, policy: Policy) -> None:
    state = folded_all(policy, data.draw(happened(policy)))
    again = scoring.decode_state(policy, scoring.encode_state(state))
    assert again == state
    assert scoring.encode_state(again) == scoring.encode_state(state)


@laws
@given(
    st.data(),
    every,
    st.floats(allow_nan=False),
    st.dictionaries(st.sampled_from(["", "a", "b"]), st.floats(), max_size=3),
)
def test_every_reading_is_finite_and_within_its_bounds(
    data: st.DataObject, policy: Policy, at: float, prior: dict[str, float]
) -> None:
    folded = data.draw(happened(policy))
    reading = scoring.read(policy, folded_all(policy, in_order(folded)), at, prior)
    assert reading.low <= reading.score <= reading.high
    # With an event or without one, now or long before.
    assert scoring.score(policy, folded_all(policy, in_order(folded)), at, prior) == reading.score
    assert all(math.isfinite(each) for each in (reading.low, reading.score, reading.high))
    assert set(reading.categories) == set(policy.categories)
    scores = [reading.score, *(each.score for each in reading.categories.values())]
    if not is_points(policy) and not isinstance(policy.score, ResidualMean):
        assert all(policy.scale.min <= score <= policy.scale.max for score in scores)
        assert policy.scale.min <= reading.low <= reading.high <= policy.scale.max
    if policy in WINDOWED or policy in LATEST or policy in COMPOSED or policy in STICKY:
        return
    assert reading.count == sum(OVERALL in {c.category for c in cs} for cs, _ in folded)
    for name, category in reading.categories.items():
        assert category.count == sum(name in {c.category for c in cs} for cs, _ in folded)


@laws
@given(
    st.data(), st.sampled_from([p for p in POLICIES if not is_points(p) and p not in [*COMPOSED, *STICKY]])
)
def test_more_of_the_same_evidence_narrows_the_bounds(data: st.DataObject, policy: Policy) -> None:
    value = data.draw(st.floats(policy.scale.min, policy.scale.max))
    contributions = (Contribution(OVERALL, value, 1.0),)
    few = folded_all(policy, [(contributions, NOW)] * 2)
    many = folded_all(policy, [(contributions, NOW)] * 60)
    narrow, wide = scoring.read(policy, many, NOW), scoring.read(policy, few, NOW)
    assert narrow.high - narrow.low <= wide.high - wide.low


def test_a_single_rating_is_its_own_mean() -> None:
    policy = UNORDERED[0]
    state = folded_all(policy, [((Contribution(OVERALL, 4.2, 0.3),), NOW)])
    assert scoring.read(policy, state, NOW).score == 4.2


def test_the_bayesian_mean_is_the_published_shrinkage() -> None:
    """Seven reviews of 3.5 believed beforehand, then one of 5: (7·3.5 + 5) / 8."""
    policy = preset("seller")
    state = folded_all(policy, [((Contribution(OVERALL, 5, 1.0),), NOW)])
    assert scoring.read(policy, state, NOW).score == pytest.approx(29.5 / 8, abs=1e-12)
    assert scoring.read(policy, scoring.empty(policy), NOW).score == 3.5


def test_a_half_life_halves_what_a_review_counts() -> None:
    policy = preset("seller")
    state = folded_all(policy, [((Contribution(OVERALL, 5, 1.0),), NOW)])
    later = scoring.read(policy, state, NOW + 365 * DAY).score
    assert later == pytest.approx((7 * 3.5 + 0.5 * 5) / 7.5, abs=1e-12)


def test_the_fading_mean_is_the_closed_form() -> None:
    """S ← S·k + w·r and N ← N·k + w with k = 2^(−dt/180 d)·0.8^w, then (S + W·m) / (N + W)."""
    policy = preset("trader")
    ratings = [(8.0, 1.0, NOW - 90 * DAY), (-10.0, 0.05, NOW - 30 * DAY), (3.0, 0.6, NOW)]
    s = n = 0.0
    last = ratings[0][2]
    for value, weight, at in ratings:
        keep = 2 ** (-(at - last) / (180 * DAY)) * 0.8**weight
        s, n, last = s * keep + weight * value, n * keep + weight, at
    folded = [((Contribution(OVERALL, value, weight),), at) for value, weight, at in ratings]
    reading = scoring.read(policy, folded_all(policy, folded), NOW, {OVERALL: 1.5})
    assert reading.score == pytest.approx((s + 0.5 * 1.5) / (n + 0.5), abs=1e-12)


def test_evidence_decides_what_is_provisional_and_tiers_come_after() -> None:
    policy = preset("seller")
    five = (Contribution(OVERALL, 5, 1.0),)
    readings = [
        scoring.read(policy, folded_all(policy, [(five, NOW)] * count), NOW) for count in (0, 2, 3, 10, 30)
    ]
    assert [reading.provisional for reading in readings] == [True, True, False, False, False]
    assert [reading.tier for reading in readings] == [None, None, "standard", "established", "top-rated"]


def test_light_evidence_is_provisional_however_many_say_it() -> None:
    policy = preset("product")
    light = (Contribution(OVERALL, 5, 0.2),)
    assert scoring.read(policy, folded_all(policy, [(light, NOW)] * 4), NOW).provisional
    assert not scoring.read(policy, folded_all(policy, [(light, NOW)] * 6), NOW).provisional


@pytest.mark.parametrize("data", [b"", b"{}", b"[[[1,2]]]", b"[[[1,2,3,4]]]", b'[["a"]]', b"\xff"])
def test_a_foreign_state_is_refused(data: bytes) -> None:
    with pytest.raises(PolicyError) as caught:
        scoring.decode_state(preset("seller"), data)
    assert caught.value.problem_code == "state_mismatch"


def test_a_state_is_small() -> None:
    """A seller with a hundred reviews in five aspects fits into a kilobyte."""
    policy = preset("seller")
    contributions = tuple(Contribution(name, 4.3, 1.0) for name in ("", *policy.categories))
    state = folded_all(policy, [(contributions, NOW - i * DAY) for i in range(100)])
    assert isinstance(state, State)
    assert len(scoring.encode_state(state)) < 1024
