"""Badges, statuses and alerts, one by one."""

from typing import NamedTuple

import pytest

from renown import scoring
from renown.policy import Policy, load
from tests.unit.life_worlds import DAY, Subject

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
[categories.tags]
score = { method = "sum" }
scale = { min = 0, max = 1000 }
[rules.set]
[rules.tagged]
min = -10
max = 100
into = { tags = 1 }
[rules.note]
value = 0
into = {}
[rules.over]
value = 0
into = {}
"""
MINUTE = 60.0


class Incident(NamedTuple):
    """What a guard tells."""

    guard: str
    kind: str
    phase: str
    text: str = "ten in a day, one expected"


def policy_of(text: str) -> Policy:
    return load(BASE + text, "test")


def told(subject: Subject) -> list[tuple[str | None, str | None]]:
    return [(change.name, change.after) for _, change in subject.told]


def test_a_badge_is_for_ever_unless_it_is_revocable() -> None:
    when = 'when = [{ part = "overall", at_least = 80 }]\n'
    subject = Subject(
        policy_of(f'[[badges]]\nname = "a"\n{when}[[badges]]\nname = "b"\n{when}revocable = true')
    )
    subject.send(0, "set", 85)
    assert subject.badges == ("a", "b")
    subject.send(DAY, "set", 20)
    assert subject.badges == ("a",)
    assert [change.why for _, change in subject.told] == [
        "the score is 85 with 1 contributions",
        "the score is 85 with 1 contributions",
        "score is 20, less than 80",
    ]


def test_badges_count_events_with_attributes_and_come_again() -> None:
    badge = (
        '[[badges]]\nname = "helper"\nevent = "note"\ncount = 2\nrepeatable = true\ndata = { kind = "help" }'
    )
    subject = Subject(policy_of(badge))
    seen: list[tuple[str, ...]] = []
    for i in range(5):
        subject.send(i * DAY, "note", data={"kind": "help"})
        subject.send(i * DAY, "note", data={"kind": "other"})
        subject.send(i * DAY, "note", data={"kind": "help"}, counts=False)
        seen.append(subject.badges)
    assert seen == [(), ("helper:1",), ("helper:1",), ("helper:2",), ("helper:2",)]


def test_levels_of_a_badge() -> None:
    levels = """
    [[badges]]
    name = "tag"
    event = "tagged"
    levels = [
      { title = "bronze", count = 2, when = [{ part = "tags", at_least = 10 }] },
      { title = "silver", count = 3, when = [{ part = "tags", at_least = 40 }] },
    ]
    """
    subject = Subject(policy_of(levels))
    seen: list[tuple[str, ...]] = []
    for i, value in enumerate([30, 5, 5, 0]):
        subject.send(i * DAY, "tagged", value)
        seen.append(subject.badges)
    assert seen == [(), ("tag:1",), ("tag:2",), ("tag:2",)]
    assert told(subject) == [("tag", "tag:1"), ("tag", "tag:2")]


def test_a_badge_for_a_tier() -> None:
    tiers = '[[tiers]]\nname = "low"\n[[tiers]]\nname = "top"\nmin_score = 90\n'
    text = tiers + '[[badges]]\nname = "t"\ntier = "top"'
    subject = Subject(policy_of(text))
    subject.send(0, "set", 89)
    assert subject.badges == ()
    subject.send(0, "set", 90)
    assert subject.badges == ("t",)


RIPENING = """
[status]
start = "pending"
ripen = [
  { from = "pending", to = "active", after_days = 3, unless = [{ part = "tags", at_least = 5 }] },
  { from = "active", to = "asleep", after_days = 10, since = "event" },
]
on = [
  { event = "note", to = "shut", data = { "event.actor_kind" = "moderator" } },
  { event = "set", from = ["asleep"], to = "active" },
]
[[statuses]]
name = "pending"
title = "In review"
[[statuses]]
name = "active"
[[statuses]]
name = "asleep"
[[statuses]]
name = "shut"
"""


def test_a_status_ripens_with_its_counter() -> None:
    subject = Subject(policy_of(RIPENING))
    assert subject.send(0, "set", 80) == []
    assert subject.turned is not None
    assert (subject.status, subject.turned.status_until, subject.life.due) == ("pending", 3 * DAY, 3 * DAY)
    (change,) = subject.wait(3 * DAY)
    assert (change.kind, change.before, change.after) == ("status", "pending", "active")
    assert change.why == "3 days are over"
    assert subject.turned.status_until == 13 * DAY
    subject.send(5 * DAY, "set", 80)
    assert subject.turned.status_until == 15 * DAY, "counted from the newest event"
    assert subject.wait(15 * DAY)[0].after == "asleep"
    assert (subject.turned.status_until, subject.life.due) == (None, None)
    assert subject.send(16 * DAY, "set", 80)[0].after == "active"


def test_a_status_ripens_late_when_something_was_in_the_way() -> None:
    subject = Subject(policy_of(RIPENING))
    subject.send(0, "tagged", 5)
    assert subject.turned is not None
    assert (subject.turned.status_until, subject.life.due) == (None, None)
    assert subject.send(4 * DAY, "tagged", -1)[0].after == "active"


def test_events_set_statuses_by_who_sent_them() -> None:
    subject = Subject(policy_of(RIPENING))
    assert subject.send(0, "note", actor="buyer:1") == []
    (change,) = subject.send(DAY, "note", actor="moderator:1")
    assert (change.before, change.after, change.why) == ("pending", "shut", "set by `note`")
    assert subject.send(2 * DAY, "note", actor="moderator:1") == []
    assert subject.wait(100 * DAY) == []


def alert(text: str) -> Policy:
    return policy_of(f'[[alerts]]\nname = "a"\n{text}')


def test_below_with_hysteresis() -> None:
    subject = Subject(alert("when = { score_below = 40 }\nclear = { score_above = 60 }"))
    for i, value in enumerate([50, 39, 41, 20, 59, 60, 41, 39]):
        subject.send(i * DAY, "set", value)
    assert [(at / DAY, change.after) for at, change in subject.told] == [
        (1, "fired"),
        (5, "cleared"),
        (7, "fired"),
    ]
    assert [change.why for _, change in subject.told][:2] == [
        "the score is 39, below 40",
        "the score is 60, at least 60",
    ]


def test_it_must_hold_for_minutes() -> None:
    subject = Subject(alert("when = { score_below = 40 }\nfor_minutes = 30"))
    subject.send(0, "set", 10)
    subject.send(20 * MINUTE, "set", 50)
    subject.send(25 * MINUTE, "set", 10)
    assert subject.wait(54 * MINUTE) == []
    assert subject.life.due == 55 * MINUTE
    assert subject.wait(55 * MINUTE)[0].after == "fired"
    assert subject.send(60 * MINUTE, "set", 40)[0].after == "cleared"


def test_debounce_waits_and_then_tells_what_still_holds() -> None:
    subject = Subject(alert("when = { score_below = 40 }\ndebounce_minutes = 60"))
    for minute, value in ((0, 10), (5, 50), (10, 10), (15, 50), (20, 10)):
        subject.send(minute * MINUTE, "set", value)
    subject.wait(3 * 60 * MINUTE)
    assert [(at / MINUTE, change.after) for at, change in subject.told] == [
        (0, "fired"),
        (5, "cleared"),
        (60, "fired"),
    ]


def test_a_drop_counts_from_the_highest_in_its_days_and_is_over_by_itself() -> None:
    subject = Subject(alert("when = { drop = { points = 20, within_days = 8 } }"))
    subject.send(0, "set", 90)
    subject.send(100 * DAY, "set", 80)
    subject.send(104 * DAY, "set", 69)
    assert told(subject) == [("a", "fired")]
    assert subject.told[0][1].why == "the score has fallen by 21 from 90 within 8 days"
    subject.wait(200 * DAY)
    # Seen last at 90 on day 100: eight days and up to a thirty-second of them.
    assert [(at / DAY, change.after) for at, change in subject.told][1:] == [(108.25, "cleared")]


def test_a_slow_fall_is_no_drop() -> None:
    subject = Subject(alert("when = { drop = { points = 20, within_days = 8 } }"))
    for i in range(10):
        subject.send(i * 5 * DAY, "set", 100 - 9 * i)
    assert told(subject) == []


def test_the_first_event_can_be_a_drop() -> None:
    subject = Subject(alert("when = { drop = { points = 20, within_days = 8 } }"))
    assert subject.send(0, "set", 30)[0].why == "the score has fallen by 20 from 50 within 8 days"


def test_a_rise_and_a_category() -> None:
    subject = Subject(
        alert('when = { rise = { points = 10, within_days = 1 }, category = "tags", min_count = 3 }')
    )
    for i in range(4):
        subject.send(i * 3600, "tagged", 6)
    assert [(at / 3600, change.why) for at, change in subject.told] == [
        (2, "`tags` has risen by 12 from 6 within 1 days")
    ]


def test_too_many_events_within_days() -> None:
    subject = Subject(alert('when = { rate = { event = "note", count = 3, within_days = 4 } }'))
    for day in (0, 2, 5, 6.5):
        subject.send(day * DAY, "note")
        subject.send(day * DAY, "over")
    assert told(subject) == []
    assert subject.send(6.75 * DAY, "note")[0].why == "3 × `note` within 4 days"
    subject.wait(20 * DAY)
    # The one of day 5 leaves after its four days and the rest of its bucket.
    assert [(at / DAY, change.after) for at, change in subject.told][1:] == [(9.125, "cleared")]


def test_a_single_event_by_value_or_data() -> None:
    bad = Subject(alert('when = { event = { type = "set", at_most = 20 } }\ndebounce_minutes = 60'))
    for minute, value in ((0, 21), (1, 20), (2, 5), (70, 5)):
        bad.send(minute * MINUTE, "set", value)
    bad.send(200 * MINUTE, "set", 5, counts=False)
    assert [(at / MINUTE, change.why) for at, change in bad.told] == [(1, "`set` of 20"), (70, "`set` of 5")]
    data = (
        'when = { event = { type = "note", data = { severity = "critical" } } }\nclear = { event = "over" }'
    )
    severe = Subject(alert(data))
    severe.send(0, "note", data={"severity": "low"})
    severe.send(1, "note", data={"severity": "critical"})
    severe.send(2, "note", data={"severity": "critical"})
    severe.send(3, "over")
    severe.send(4, "over")
    assert [(change.before, change.after) for _, change in severe.told] == [
        (None, "fired"),
        ("fired", "fired"),
        ("fired", "cleared"),
    ]


def test_after_days_it_is_over_and_must_first_be_good_again() -> None:
    subject = Subject(alert("when = { score_below = 40 }\nclear = { after_days = 2 }"))
    subject.send(0, "set", 10)
    subject.wait(30 * DAY)
    assert [(at / DAY, change.after) for at, change in subject.told] == [(0, "fired"), (2, "cleared")]
    subject.send(31 * DAY, "set", 9)
    assert len(subject.told) == 2
    subject.send(32 * DAY, "set", 70)
    assert subject.send(33 * DAY, "set", 9)[0].after == "fired"


def test_a_lost_tier_and_a_status() -> None:
    text = """
    [[tiers]]
    name = "low"
    [[tiers]]
    name = "top"
    min_score = 90
    [[alerts]]
    name = "lost"
    when = { tier_lost = true }
    [[alerts]]
    name = "shut"
    when = { status = "shut" }
    """
    subject = Subject(policy_of(RIPENING + text))
    subject.send(0, "set", 95)
    subject.send(1, "set", 50)
    subject.send(2, "note", actor="moderator:1")
    alerts = [change for _, change in subject.told if change.kind == "alert"]
    assert [(change.name, change.why) for change in alerts] == [
        ("lost", "`top` is lost: the score is 50, less than 90"),
        ("shut", "the status is `shut`"),
    ]


@pytest.mark.parametrize("named", ["surge", "burst"])
def test_an_incident_by_its_guard_or_kind(named: str) -> None:
    guard = '\n[[guards]]\nname = "surge"\nkind = "burst"\n'
    subject = Subject(alert(f'when = {{ incident = "{named}" }}{guard}'))
    begins, on, ends = (Incident("surge", "burst", phase) for phase in ("begins", "goes_on", "ends"))
    other = Incident("ring-watch", "ring", "begins")
    subject.send(0, "set", 10, incidents=(other,))
    subject.send(1, "set", 10, incidents=(begins,), counts=False)
    subject.send(2, "set", 10, incidents=(on,))
    subject.send(3, "set", 10, incidents=(ends, other))
    assert [(at, change.after, change.why) for at, change in subject.told] == [
        (1, "fired", "ten in a day, one expected"),
        (3, "cleared", "ten in a day, one expected"),
    ]


def test_lives_are_small() -> None:
    subject = Subject(alert("when = { drop = { points = 20, within_days = 8 } }"))
    for i in range(1000):
        subject.send(i * 3600, "set", 100 - i % 97)
    assert len(scoring.encode_life(subject.life)) < 1500
