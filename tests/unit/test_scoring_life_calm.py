"""What is known of a calm life saves looking at it, and nothing else.

That it changes nothing is held wherever `life_worlds` turns a life: each turn is made with it and without.
"""

from math import inf, nextafter

import pytest

from renown import scoring
from renown.model import Category
from renown.policy import Policies, load
from renown.scoring.life.ground import is_within
from renown.scoring.life.plan import life_plan_of
from tests.unit.life_worlds import DAY, MONDAY, Subject

SELLER = Policies.presets().for_kind("seller")


def test_a_life_among_like_events_is_known_to_be_calm() -> None:
    subject = Subject(SELLER)
    for i in range(40):
        subject.send(MONDAY + i * 60.0, "review", 3.0)
    assert subject.eased > 30


@pytest.mark.parametrize("kind", Policies.presets().kinds)
def test_every_limit_of_a_preset_cuts(kind: str) -> None:
    policy = Policies.presets().for_kind(kind)
    plan = life_plan_of(policy)
    reading = scoring.read(policy, scoring.empty(policy), MONDAY)
    for tier in policy.tiers:
        if tier.min_score is not None:
            below = _with_score(reading, nextafter(tier.min_score, -inf))
            at = _with_score(reading, tier.min_score)
            assert not is_within(plan.ground.box(below, ()), at)
            assert not is_within(plan.ground.box(at, ()), below)
            assert is_within(plan.ground.box(at, ()), at)


def test_a_limit_cuts_only_where_something_depends_on_it() -> None:
    ground = life_plan_of(SELLER).ground
    place = next(i for i, each in enumerate(SELLER.alerts) if each.name == "poor-delivery")

    def delivery(score: float, count: int) -> scoring.Reading:
        category = scoring.read(SELLER, scoring.empty(SELLER), MONDAY).categories
        parts = {**category, "delivery": Category(score, count)}
        return scoring.Reading(3.5, 3.5, 3.5, 8, parts, None, False)

    # It asks for five, and clears at 3.5 once it has fired.
    assert is_within(ground.box(delivery(3.31, 4), ()), delivery(3.29, 4))
    assert not is_within(ground.box(delivery(3.31, 5), ()), delivery(3.29, 5))
    assert is_within(ground.box(delivery(3.49, 5), ()), delivery(3.51, 5))
    assert not is_within(ground.box(delivery(3.49, 5), (place,)), delivery(3.51, 5))


def test_a_count_cuts_only_where_its_score_is_in_reach() -> None:
    ground = life_plan_of(SELLER).ground

    def overall(score: float, count: int) -> scoring.Reading:
        categories = scoring.read(SELLER, scoring.empty(SELLER), MONDAY).categories
        return scoring.Reading(score, score, score, count, categories, None, False)

    # Top rated are those from 4.5 with 25, and down to 4.41 with 24.
    assert is_within(ground.box(overall(3.5, 12), ()), overall(3.6, 40))
    assert is_within(ground.box(overall(3.5, 40), ()), overall(3.6, 12))
    assert not is_within(ground.box(overall(4.45, 12), ()), overall(4.45, 24))
    assert not is_within(ground.box(overall(4.6, 24), ()), overall(4.6, 25))
    assert not is_within(ground.box(overall(4.6, 25), ()), overall(4.6, 24))
    # Nothing keeps a young one from rising before it has ten.
    assert not is_within(ground.box(overall(3.5, 9), ()), overall(4.2, 10))


def test_a_life_is_calm_right_after_its_tier_has_changed_for_good() -> None:
    subject, eased = Subject(SELLER), 0
    for i in range(4):
        eased = subject.eased
        changes = subject.send(MONDAY + i * 60.0, "review", 4.0)
        assert [each.after for each in changes] == (["standard"] if i == 2 else [])
    assert subject.tier == "standard"
    assert subject.eased == eased + 1


def _with_score(reading: scoring.Reading, score: float) -> scoring.Reading:
    return scoring.Reading(score, score, score, 1000, reading.categories, reading.tier, False)


def test_what_time_brings_is_looked_at() -> None:
    policy = load(
        'name = "x"\nkind = "x"\nversion = 1\ntitle = "X"\n[scale]\nmin = 0\nmax = 10\n'
        '[score]\nmethod = "last"\n[rules.set]\n'
        '[[tiers]]\nname = "high"\nmin_score = 5\ndwell_days = 3\n',
        "drawn",
    )
    subject = Subject(policy, timers=False)
    for i in range(5):
        subject.send(MONDAY + i * 0.5 * DAY, "set", 7.0)
    assert subject.tier is None
    assert subject.eased
    assert [each.after for each in subject.send(MONDAY + 3.5 * DAY, "set", 7.0)] == ["high"]
