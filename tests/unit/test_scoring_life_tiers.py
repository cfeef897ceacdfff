"""Tiers that last: thresholds to enter and to leave, dwelling, grace, cadences, steps and events."""

from datetime import UTC, datetime

import pytest

from renown import scoring
from renown.policy import Policy, load
from tests.unit.life_worlds import DAY, MONDAY, Subject

BASE = """
name = "x"
kind = "x"
version = 1
title = "X"
[scale]
min = 0
max = 100
[score]
method = "last"
start = 50
[categories.late]
score = { method = "last", start = 0 }
[rules.set]
[rules.late]
into = { late = 1 }
"""
KING = """
[rules.crowned]
value = 0
into = {}
[rules.uncrowned]
value = 0
into = {}
[tier_rules]
on = [{ event = "crowned", to = "king" }, { event = "uncrowned" }]
[[tiers]]
name = "king"
manual = true
"""


def policy_of(tiers: str) -> Policy:
    return load(BASE + tiers, "test")


def when(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


PLAIN = """
[[tiers]]
name = "low"
[[tiers]]
name = "mid"
min_score = 60
[[tiers]]
name = "high"
min_score = 90
"""


def test_plain_tiers_are_no_life() -> None:
    policy = policy_of(PLAIN)
    assert not scoring.has_life(policy)
    assert scoring.has_life(policy_of(PLAIN + '[tier_rules]\ncadence = "daily"'))
    subject = Subject(policy)
    for day, (value, tier) in enumerate([(70, "mid"), (95, "high"), (20, "low")]):
        subject.send(day * DAY, "set", value)
        assert subject.tier == tier == subject.reading(subject.at).tier
        assert subject.turned is not None
        assert (subject.turned.badges, subject.turned.status, subject.turned.due) == ((), "active", None)


@pytest.mark.parametrize("leave", ["leave_score = 54", "leave_factor = 0.9"])
def test_a_tier_is_kept_down_to_where_it_is_left(leave: str) -> None:
    subject = Subject(policy_of(f'[[tiers]]\nname = "low"\n[[tiers]]\nname = "mid"\nmin_score = 60\n{leave}'))
    seen: list[str | None] = []
    for day, value in enumerate([59, 60, 54, 53.9, 59, 60]):
        subject.send(day * DAY, "set", value)
        seen.append(subject.tier)
    assert seen == ["low", "mid", "mid", "low", "low", "mid"]
    assert [change.why for _, change in subject.told][2] == "the score is 53.9, less than 54"


def test_falling_far_or_bit_by_bit_ends_in_the_same_tier() -> None:
    tiers = """
    [[tiers]]
    name = "low"
    [[tiers]]
    name = "mid"
    min_score = 60
    leave_score = 50
    [[tiers]]
    name = "high"
    min_score = 90
    leave_score = 80
    """
    far, slow = Subject(policy_of(tiers)), Subject(policy_of(tiers))
    for subject, values in ((far, [95, 55]), (slow, [95, 79, 70, 55])):
        for day, value in enumerate(values):
            subject.send(day * DAY, "set", value)
        assert subject.tier == "mid"


def test_categories_can_be_asked_for_besides() -> None:
    tiers = """
    [[tiers]]
    name = "low"
    [[tiers]]
    name = "mid"
    min_score = 60
    also_when = [{ part = "late", at_most = 9 }]
    leave_factor = 0.9
    """
    subject = Subject(policy_of(tiers))
    subject.send(0, "set", 95)
    assert subject.tier == "mid"
    assert subject.send(DAY, "late", 10) == []
    (change,) = subject.send(2 * DAY, "late", 10.1)
    assert (change.before, change.after, change.why) == ("mid", "low", "`late` is 10.1, more than 10")
    assert subject.send(3 * DAY, "late", 9.5) == []
    assert subject.send(4 * DAY, "late", 9)[0].after == "mid"


def test_thirteen_of_the_last_sixteen_weeks() -> None:
    top = '[[tiers]]\nname = "top"\nmin_score = 90\ndwell = { weeks = 13, of = 16 }'
    subject = Subject(policy_of('[[tiers]]\nname = "low"\n' + top))
    subject.send(MONDAY - DAY, "set", 95)
    subject.wait(MONDAY + 11 * 7 * DAY)
    assert subject.tier == "low"
    (change,) = subject.wait(MONDAY + 12 * 7 * DAY)
    assert (change.after, change.why) == ("top", "enough in 13 of the last 16 weeks")
    subject.wait(MONDAY + 100 * 7 * DAY)
    assert subject.life.due is None, "sixteen of sixteen: nothing will change by itself"
    subject.send(MONDAY + 100.5 * 7 * DAY, "set", 80)
    assert subject.tier == "top"
    assert subject.wait(MONDAY + 103 * 7 * DAY) == [], "three weeks of sixteen may be missing"
    (change,) = subject.wait(MONDAY + 104 * 7 * DAY)
    assert (change.after, change.why) == ("low", "enough in 12 of the last 16 weeks, less than 13")


def test_days_of_dwelling_may_not_be_broken() -> None:
    subject = Subject(
        policy_of('[[tiers]]\nname = "low"\n[[tiers]]\nname = "top"\nmin_score = 90\ndwell_days = 90')
    )
    subject.send(0, "set", 95)
    subject.send(80 * DAY, "set", 89)
    subject.send(81 * DAY, "set", 91)
    assert subject.life.due == 171 * DAY
    assert subject.wait(170 * DAY) == []
    assert subject.wait(171 * DAY)[0].after == "top"
    assert subject.at == 171 * DAY
    subject.send(172 * DAY, "set", 89)
    assert subject.tier == "low"


def test_grace_after_promotion_and_before_demotion() -> None:
    tiers = '[[tiers]]\nname = "low"\n[[tiers]]\nname = "top"\nmin_score = 90\n'
    after = Subject(policy_of(tiers + "grace_days = 14"))
    after.send(0, "set", 95)
    after.send(DAY, "set", 10)
    assert (after.tier, after.life.due) == ("top", 14 * DAY)
    assert after.wait(14 * DAY)[0].after == "low"
    before = Subject(policy_of(tiers + "leave_after_days = 14"))
    before.send(0, "set", 95)
    before.send(100 * DAY, "set", 10)
    assert (before.tier, before.life.due) == ("top", 114 * DAY)
    before.send(110 * DAY, "set", 95)
    before.send(111 * DAY, "set", 10)
    assert (before.tier, before.life.due) == ("top", 125 * DAY)
    assert before.wait(125 * DAY)[0].after == "low"


@pytest.mark.parametrize(
    "cadence, moments",
    [
        ('"daily"', ["2026-01-18T00:00:00", "2026-01-19T00:00:00"]),
        ('"weekly"', ["2026-01-19T00:00:00", "2026-01-26T00:00:00"]),
        ("{ weeks = 2 }", ["2026-01-19T00:00:00", "2026-02-02T00:00:00"]),
        ("{ monthly = 20 }", ["2026-01-20T00:00:00", "2026-02-20T00:00:00"]),
        ("{ quarterly = [1, 4, 7, 10] }", ["2026-04-01T00:00:00", "2026-07-01T00:00:00"]),
    ],
)
def test_cadences(cadence: str, moments: list[str]) -> None:
    subject = Subject(policy_of(PLAIN + f'[tier_rules]\ncadence = {cadence}\nstart = "low"'))
    subject.send(when("2026-01-17T13:00:00"), "set", 70)
    first, second = map(when, moments)
    assert (subject.tier, subject.life.due) == ("low", first)
    assert [change.after for change in subject.wait(first)] == ["mid"]
    assert subject.life.due is None
    subject.send(first + 3600, "set", 95)
    subject.send(first + 7200, "set", 10)
    assert (subject.tier, subject.life.due) == ("mid", second)
    assert [change.after for change in subject.wait(second)] == ["low"]


@pytest.mark.parametrize("cadence", ["{ monthly = 20 }", "{ quarterly = [1, 4] }"])
def test_after_the_last_date_that_can_be_written_there_is_none(cadence: str) -> None:
    subject = Subject(policy_of(PLAIN + f'[tier_rules]\ncadence = {cadence}\nstart = "low"'))
    subject.send(when("9999-12-30T00:00:00"), "set", 70)
    assert (subject.tier, subject.life.due) == ("low", None)


def test_what_comes_back_before_the_date_is_never_seen() -> None:
    subject = Subject(policy_of(PLAIN + "[tier_rules]\ncadence = { monthly = 20 }"))
    subject.send(when("2026-01-01T00:00:00"), "set", 95)
    subject.send(when("2026-01-25T00:00:00"), "set", 10)
    subject.send(when("2026-02-10T00:00:00"), "set", 95)
    assert [change.after for _, change in subject.told] == ["high"]
    assert subject.life.due is None


def test_one_step_per_evaluation() -> None:
    subject = Subject(policy_of(PLAIN + '[tier_rules]\ncadence = "daily"\nmax_step = 1'))
    subject.send(DAY / 2, "set", 95)
    subject.wait(10 * DAY)
    assert [(at / DAY, change.after) for at, change in subject.told] == [(1, "low"), (2, "mid"), (3, "high")]
    subject.send(10.5 * DAY, "set", 10)
    subject.wait(20 * DAY)
    assert [(at / DAY, change.after) for at, change in subject.told[3:]] == [(11, "mid"), (12, "low")]


def test_sticky_tiers_are_never_lost() -> None:
    subject = Subject(policy_of(PLAIN.replace("min_score = 60", "min_score = 60\nsticky = true")))
    seen: list[str | None] = []
    for day, value in enumerate([70, 10, 95, 10]):
        subject.send(day * DAY, "set", value)
        seen.append(subject.tier)
    assert seen == ["mid", "mid", "high", "mid"]


def test_events_set_tiers_that_stay_until_they_are_let_go() -> None:
    tiers = PLAIN + KING
    subject = Subject(policy_of(tiers))
    subject.send(0, "set", 95)
    assert subject.tier == "high", "no score leads to a manual tier"
    (change,) = subject.send(DAY, "crowned")
    assert (change.before, change.after, change.why) == ("high", "king", "set by `crowned`")
    assert subject.send(2 * DAY, "set", 10) == []
    assert subject.send(3 * DAY, "crowned", counts=False) == []
    assert subject.send(4 * DAY, "uncrowned") == [], "it asks for nothing, so it is kept until it is left"


def test_a_manual_tier_with_conditions_is_left_when_they_fail() -> None:
    tiers = PLAIN + KING + "min_score = 90"
    subject = Subject(policy_of(tiers))
    subject.send(0, "set", 30)
    assert subject.send(DAY, "crowned")[0].after == "king"
    assert subject.send(2 * DAY, "uncrowned")[0].after == "low"


def test_a_first_tier_outlasts_a_lack_of_evidence() -> None:
    subject = Subject(policy_of('[evidence]\nmin_count = 2\n[tier_rules]\nstart = "low"\n' + PLAIN))
    subject.send(0, "set", 95)
    assert subject.tier == "low"
    assert subject.reading(0).tier is None


def test_missed_evaluations_are_made_up_for_in_order() -> None:
    policy = policy_of(PLAIN + '[tier_rules]\ncadence = "daily"\nmax_step = 1')
    subject = Subject(policy, timers=False)
    subject.send(DAY / 2, "set", 95)
    changes = subject.send(2.5 * DAY, "set", 10)
    assert [change.after for change in changes] == ["low", "mid"], "two evenings at 95, before it fell"
    assert subject.life.due == 3 * DAY


def test_a_life_of_another_policy_is_refused() -> None:
    from renown.errors import PolicyError

    one = policy_of(PLAIN + '[tier_rules]\ncadence = "daily"')
    other = policy_of(PLAIN.replace("min_score = 90", "min_score = 90\ndwell_days = 3"))
    data = scoring.encode_life(scoring.begin_life(other))
    assert scoring.decode_life(other, data) == scoring.begin_life(other)
    for bad in (data, b"nonsense", b'[0,0,[0,0,false,null,[],["zz"]]]'):
        with pytest.raises(PolicyError) as caught:
            scoring.decode_life(one, bad)
        assert caught.value.problem_code == "state_mismatch"


def test_looking_twice_at_one_moment_counts_once() -> None:
    dwell = '[[tiers]]\nname = "low"\n[[tiers]]\nname = "top"\nmin_score = 90\ndwell = { weeks = 2, of = 3 }'
    subject = Subject(policy_of(dwell))
    subject.send(MONDAY - DAY, "set", 95)
    subject.wait(MONDAY)
    before = scoring.encode_life(subject.life)
    assert subject.time(MONDAY) == []
    assert scoring.encode_life(subject.life) == before
    subject.send(MONDAY, "set", 96)
    assert subject.time(MONDAY) == []
    assert subject.tier == "low"


def test_what_was_dwelt_in_is_lost_late_too() -> None:
    text = '[[tiers]]\nname = "low"\n[[tiers]]\nname = "top"\nmin_score = 90\nleave_after_days = 30\n'
    subject = Subject(policy_of(text + "dwell = { weeks = 2, of = 3 }"))
    subject.send(MONDAY - DAY, "set", 95)
    subject.wait(MONDAY + 50 * DAY)
    subject.send(MONDAY + 50 * DAY, "set", 10)
    subject.wait(MONDAY + 200 * DAY)
    # Bad on the Mondays of the days 56 and 63: from then on it is missing, and 30 days later it is lost.
    assert [((at - MONDAY) / DAY, change.after) for at, change in subject.told] == [
        (-1, "low"),
        (7, "top"),
        (93, "low"),
    ]
