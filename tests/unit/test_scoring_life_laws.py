"""Laws of life, for any policy and any events."""

from collections import Counter
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from renown import scoring
from renown.policy import Policy, load
from tests.unit.life_worlds import DAY, MONDAY, Subject
from tests.unit.scoring_worlds import laws

BASE = """
name = "x"
kind = "x"
version = 1
title = "X"
[scale]
min = 0
max = 100
[score]
{score}
[categories.late]
score = {{ method = "count" }}
scale = {{ min = 0, max = 100 }}
[rules.set]
[rules.late]
value = 1
into = {{ late = 1 }}
"""
CROWN = """
[rules.crowned]
value = 0
into = {}
[rules.let_go]
value = 0
into = {}
"""
STILL = ('method = "last"', 'method = "mean"')
"""Scores that only events move."""
DRIFTING = ('method = "bayesian_mean"\nprior = { value = 50, weight = 2 }\nhalf_life_days = 20',)
"""Scores that time moves all the time."""
LOW = '[[tiers]]\nname = "low"\n'
LASTING = [
    "",
    "leave_score = {leave}",
    "leave_factor = 0.9",
    "dwell = {{ weeks = 2, of = 3 }}",
    "dwell = {{ days = 4, of = 9 }}\nleave_score = {leave}",
    "dwell = {{ days = 2, of = 3 }}\nleave_after_days = 4\ngrace_days = 2",
    "dwell_days = 5.5",
    "grace_days = 6",
    "leave_after_days = 3.3",
    "leave_after_days = 3\ngrace_days = 10\nleave_score = {leave}",
    "sticky = true",
    'also_when = [{{ part = "late", at_most = 2 }}]',
    "min_count = 5",
    "min_count = 6\nleave_count = 3\nleave_score = {leave}",
    'also_when = [{{ part = "overall", at_most = 80, min_count = 4 }}]',
    'also_when = [{{ part = "late", at_least = 1, min_count = 2 }}]\nleave_factor = 0.5',
]
CADENCES = ['"event"', '"daily"', '"weekly"', "{ monthly = 7 }", "{ weeks = 2 }"]
ALERTS = [
    "when = { score_below = 40 }\nclear = { score_above = 60 }",
    "when = { score_below = 40 }\nfor_minutes = 3000\ndebounce_minutes = 9000",
    "when = { score_above = 70 }\nclear = { after_days = 4 }",
    "when = { score_below = 50, min_count = 4 }",
    'when = { score_above = 2, category = "late", min_count = 3 }\nclear = { score_below = 2 }',
    "when = { drop = { points = 15, within_days = 6 } }",
    "when = { rise = { points = 15, within_days = 2 } }\nfor_minutes = 90",
    'when = { rate = { event = "late", count = 3, within_days = 5 } }\ndebounce_minutes = 20000',
    'when = { event = { type = "set", at_most = 20 } }\ndebounce_minutes = 4000',
    'when = { event = { type = "late" } }\nclear = { event = "set", after_days = 3 }',
    "when = { tier_lost = true }",
    'when = { status = "quiet" }',
]
REST = """
[status]
start = "pending"
ripen = [
  { from = "pending", to = "active", after_days = 3 },
  { from = "active", to = "quiet", after_days = 12, since = "event" },
  { from = "active", to = "shut", when = [{ part = "late", at_least = 6 }] },
]
on = [{ event = "set", from = ["quiet"], to = "active" }]
[[badges]]
name = "liked"
when = [{ part = "overall", at_least = 80 }]
revocable = true
[[badges]]
name = "setter"
event = "set"
count = 3
repeatable = true
[[badges]]
name = "late"
event = "late"
levels = [{ count = 1 }, { count = 4 }]
"""


class Sent(NamedTuple):
    """One event, `days` after the one before."""

    days: float
    kind: str
    value: float | None
    counts: bool


@st.composite
def policies(draw: st.DrawFn, scores: tuple[str, ...] = STILL + DRIFTING) -> Policy:
    text = BASE.format(score=draw(st.sampled_from(scores))) + CROWN + LOW
    edges = sorted(draw(st.lists(st.integers(20, 95), min_size=1, max_size=3)))
    for i, edge in enumerate(edges):
        leave = max(0, edge - draw(st.integers(0, 20)))
        lasting = draw(st.sampled_from(LASTING)).format(leave=leave)
        text += f'[[tiers]]\nname = "t{i}"\nmin_score = {edge}\n{lasting}\n'
    if draw(st.booleans()):
        cadence = draw(st.sampled_from(CADENCES))
        steps = [] if cadence == '"event"' else ["max_step = 1\n"]
        text += f"[tier_rules]\ncadence = {cadence}\n"
        text += draw(st.sampled_from(["", 'start = "t0"\n', *steps]))
        if draw(st.booleans()):
            text += 'on = [{ event = "crowned", to = "t0" }, { event = "let_go" }]\n'
    for i, alert in enumerate(draw(st.lists(st.sampled_from(ALERTS), max_size=3, unique=True))):
        text += f'[[alerts]]\nname = "a{i}"\n{alert}\n'
    return load(text + REST, "drawn")


def events() -> st.SearchStrategy[list[Sent]]:
    # Whole days and odd ones: at the very moment of an evaluation and besides.
    days = st.sampled_from([0.0, 0.25, 1.0, 1.0, 2.5, 7.0, 40.0]) | st.floats(0, 30)
    values = st.integers(0, 100).map(float)
    one = st.one_of(
        st.builds(Sent, days, st.just("set"), values, st.booleans() | st.just(True)),
        st.builds(Sent, days, st.sampled_from(["late", "crowned", "let_go"]), st.none(), st.just(True)),
    )
    return st.lists(one, min_size=1, max_size=25)


def play(policy: Policy, sent: list[Sent], *, timers: bool) -> Subject:
    subject, at = Subject(policy, timers=timers), MONDAY
    for each in sent:
        at += each.days * DAY
        subject.send(at, each.kind, each.value, counts=each.counts)
    if timers:
        subject.wait(at + 100 * DAY)
    subject.time(at + 100 * DAY)
    return subject


@laws
@given(policies(), events())
def test_timers_or_none_make_the_same_life_and_tell_the_same(policy: Policy, sent: list[Sent]) -> None:
    eager, lazy = (play(policy, sent, timers=timers) for timers in (True, False))
    assert scoring.encode_life(eager.life) == scoring.encode_life(lazy.life)
    assert [change for _, change in eager.told] == [change for _, change in lazy.told]
    assert (eager.tier, eager.badges, eager.status) == (lazy.tier, lazy.badges, lazy.status)


@laws
@given(policies(), events())
def test_the_same_events_make_the_same_bytes(policy: Policy, sent: list[Sent]) -> None:
    one, other = (play(policy, sent, timers=True) for _ in range(2))
    assert scoring.encode_life(one.life) == scoring.encode_life(other.life)
    assert one.told == other.told


@laws
@given(policies(), events())
def test_no_due_lies_in_the_past_and_lives_stay_small(policy: Policy, sent: list[Sent]) -> None:
    subject = play(policy, sent, timers=True)
    for at, due in subject.dues:
        assert due is None or due > at
    assert len(scoring.encode_life(subject.life)) < 4000


@laws
@given(policies(STILL), events())
def test_looking_more_often_changes_nothing(policy: Policy, sent: list[Sent]) -> None:
    seldom, often = play(policy, sent, timers=True), Subject(policy)
    at = MONDAY
    for each in sent:
        for part in (0.31, 0.77):
            middle = at + part * each.days * DAY
            if often.turned is not None and middle > at:
                often.wait(middle)
                assert often.time(middle) == []
        at += each.days * DAY
        often.send(at, each.kind, each.value, counts=each.counts)
    often.wait(at + 100 * DAY)
    assert [change for _, change in often.told] == [change for _, change in seldom.told]


@laws
@given(policies(), events())
def test_clearing_follows_firing(policy: Policy, sent: list[Sent]) -> None:
    subject = play(policy, sent, timers=True)
    once = {alert.name for alert in policy.alerts if alert.when.event is not None or alert.when.tier_lost}
    lasting = {alert.name for alert in policy.alerts if alert.lasts}
    open_alerts: set[str | None] = set()
    for _, change in subject.told:
        if change.kind != "alert":
            continue
        if change.after == "fired":
            assert change.name not in open_alerts or change.name in once
            assert change.before == ("fired" if change.name in open_alerts else None)
            if change.name in lasting:
                open_alerts.add(change.name)
        else:
            assert (change.before, change.after) == ("fired", "cleared")
            assert change.name in open_alerts
            open_alerts.remove(change.name)


@laws
@given(policies(), events())
def test_changes_link_up_to_what_is_shown(policy: Policy, sent: list[Sent]) -> None:
    subject = play(policy, sent, timers=True)
    tier: str | None = None
    status = "pending"
    badges: dict[str | None, str | None] = {}
    for _, change in subject.told:
        assert change.before != change.after or change.kind == "alert"
        assert change.why
        if change.kind == "tier":
            assert change.before == tier
            tier = change.after
        elif change.kind == "status":
            assert change.before == status
            status = change.after or ""
        elif change.kind == "badge":
            assert badges.get(change.name) == change.before
            badges[change.name] = change.after
    assert (tier, status) == (subject.tier, subject.status)
    assert Counter(subject.badges) == Counter(each for each in badges.values() if each)


@laws
@given(st.lists(st.floats(50, 89.999), min_size=1, max_size=30), st.booleans())
def test_nothing_flaps_within_the_band(values: list[float], above: bool) -> None:
    text = BASE.format(score=STILL[0]) + LOW + '[[tiers]]\nname = "top"\nmin_score = 90\nleave_score = 50\n'
    text += '[[alerts]]\nname = "low"\nwhen = { score_below = 50 }\nclear = { score_above = 90 }\n'
    subject = Subject(load(text, "band"))
    subject.send(0, "set", 95.0 if above else 10.0)
    before = len(subject.told)
    for i, value in enumerate(values):
        subject.send((i + 1) * DAY / 3, "set", value)
    assert len(subject.told) == before
    assert subject.tier == ("top" if above else "low")


@laws
@given(events(), st.integers(1, 6), st.integers(0, 6), st.booleans())
def test_dwelling_needs_what_it_says(sent: list[Sent], need: int, more: int, weekly: bool) -> None:
    unit, length = ("weeks", 7) if weekly else ("days", 1)
    text = BASE.format(score=STILL[0]) + LOW
    text += f'[[tiers]]\nname = "top"\nmin_score = 60\ndwell = {{ {unit} = {need}, of = {need + more} }}\n'
    sent = [each._replace(counts=True, kind="set", value=each.value or 0.0) for each in sent]
    subject = play(load(text, "dwell"), sent, timers=True)
    levels = [(MONDAY - DAY, 50.0)]
    at = MONDAY
    for each in sent:
        at += each.days * DAY
        levels.append((at, each.value or 0.0))
    first = MONDAY + sent[0].days * DAY
    held: list[bool] = []
    expected: list[tuple[float, str]] = [(first, "low")]
    moment = MONDAY
    while moment <= at + 100 * DAY:
        if moment > first:
            held.append([level for when, level in levels if when < moment][-1] >= 60)
            tier = "top" if sum(held[-(need + more) :]) >= need else "low"
            if tier != expected[-1][1]:
                expected.append((moment, tier))
        moment += length * DAY
    assert [(when, change.after) for when, change in subject.told if change.kind == "tier"] == expected


@laws
@given(policies(), events())
def test_tier_rules_alone_change_nothing(policy: Policy, sent: list[Sent]) -> None:
    text = BASE.format(score=STILL[1]) + LOW
    for i, tier in enumerate(policy.tiers[1:]):
        text += f'[[tiers]]\nname = "t{i}"\nmin_score = {tier.min_score}\nmin_count = {i * 2}\n'
    plain, ruled = load(text, "plain"), load(text + '[tier_rules]\ncadence = "event"\n', "ruled")
    assert not scoring.has_life(plain)
    assert scoring.has_life(ruled)
    one, other = Subject(plain), Subject(ruled)
    at = MONDAY
    for each in sent:
        if each.kind != "set":
            continue
        at += each.days * DAY
        for subject in (one, other):
            subject.send(at, each.kind, each.value, counts=each.counts)
            assert subject.tier == subject.reading(at).tier
        assert (one.life.due, one.badges, one.status) == (None, (), "active")
        assert other.life.due is None
