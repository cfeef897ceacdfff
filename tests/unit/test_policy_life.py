"""What tiers, badges, statuses and alerts may say; what is wrong is told by its dotted path."""

import pytest

from renown.errors import PolicyError
from renown.policy import Dates, attributes_of, load

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
[categories.late]
score = { method = "count" }
scale = { min = 0, max = 50 }
[rules.review]
[rules.crowned]
value = 0
into = { late = 1 }
"""
TIERS = '[[tiers]]\nname = "low"\n[[tiers]]\nname = "top"\nmin_score = 90\n'
STATUS = '[status]\nstart = "new"\nripen = [{ from = "new", to = "old", after_days = 3 }]\n'


def wrong(text: str) -> tuple[str | None, str]:
    with pytest.raises(PolicyError) as caught:
        load(BASE + text)
    return caught.value.field, caught.value.expected or ""


@pytest.mark.parametrize(
    "line, field, expected",
    [
        ("leave_score = 91", "tiers[1].leave_score", "0 to 90"),
        ("leave_count = 1", "tiers[1].leave_count", "0 to 0"),
        ("leave_factor = 1.2", "tiers[1].leave_factor", "0.01 to 1"),
        ("leave_factor = 0.9\nleave_score = 80", "tiers[1].leave_factor", "leave_factor alone"),
        ("dwell = { of = 16 }", "tiers[1].dwell", "one of weeks, days"),
        ("dwell = { weeks = 17, of = 16 }", "tiers[1].dwell.weeks", "1 to 16"),
        ("dwell = { days = 3, of = 500 }", "tiers[1].dwell.of", "1 to 400"),
        ("dwell = { days = 3, of = 5 }\ndwell_days = 3", "tiers[1].dwell_days", "dwell or dwell_days"),
        ("dwell = { day = 3, of = 5 }", "tiers[1].dwell.day", "days"),
        ("grace_days = -1", "tiers[1].grace_days", "0 to 730"),
        ("manual = true", "tiers[1].manual", 'to = "top"'),
        ('also_when = [{ part = "lates", at_most = 1 }]', "tiers[1].also_when[0].part", "late"),
        ('also_when = [{ part = "late" }]', "tiers[1].also_when[0]", "at_least"),
        (
            'also_when = [{ part = "late", at_least = 3, at_most = 1 }]',
            "tiers[1].also_when[0].at_most",
            "3 or more",
        ),
        ('[tier_rules]\nstart = "lo"', "tier_rules.start", "low"),
        ('[tier_rules]\ncadence = "dayly"', "tier_rules.cadence", '"daily"'),
        ("[tier_rules]\ncadence = { monthly = 31 }", "tier_rules.cadence.monthly", "1 to 28"),
        ("[tier_rules]\ncadence = { quarterly = [0] }", "tier_rules.cadence.quarterly", "months"),
        ("[tier_rules]\ncadence = {}", "tier_rules.cadence", "monthly"),
        ("[tier_rules]\nmax_step = 1", "tier_rules.max_step", "cadence"),
        ('[tier_rules]\non = [{ event = "crownd", to = "top" }]', "tier_rules.on[0].event", "crowned"),
        ('[tier_rules]\non = [{ event = "crowned", to = "tip" }]', "tier_rules.on[0].to", "top"),
        (
            '[tier_rules]\non = [{ event = "crowned", to = "top" }, { event = "crowned" }]',
            "tier_rules.on[1].event",
            "one entry",
        ),
    ],
)
def test_wrong_tiers(line: str, field: str, expected: str) -> None:
    found = wrong(TIERS + line)
    assert found[0] == field
    assert expected in found[1]


def test_thresholds_below_zero_have_no_share() -> None:
    text = BASE.replace("min = 0\nmax = 100", "min = -10\nmax = 10")
    tiers = '[[tiers]]\nname = "low"\n[[tiers]]\nname = "top"\nmin_score = -5\nleave_factor = 0.9\n'
    with pytest.raises(PolicyError) as caught:
        load(text + tiers)
    assert caught.value.field == "tiers[1].leave_factor"


@pytest.mark.parametrize(
    "text, field, expected",
    [
        ("", "badges[0]", "when, event, tier or levels"),
        ('tier = "tip"', "badges[0].tier", "top"),
        ('event = "revue"', "badges[0].event", "review"),
        ("count = 3", "badges[0]", "badges[0].event"),
        ('when = [{ part = "late", at_least = 1 }]\nrepeatable = true', "badges[0].repeatable", "event"),
        ("levels = [{ count = 3 }]", "badges[0].levels[0].count", "badges[0].event"),
        ('event = "review"\nlevels = [{}]', "badges[0].levels[0]", "when or count"),
        ('event = "review"\ndata = { "event.valu" = 3 }', "badges[0].data.event.valu", "event.value"),
        ('evnt = "review"', "badges[0].evnt", "event"),
    ],
)
def test_wrong_badges(text: str, field: str, expected: str) -> None:
    found = wrong(f'{TIERS}[[badges]]\nname = "b"\n{text}\n')
    assert found[0] == field
    assert expected in found[1]


@pytest.mark.parametrize(
    "text, field, expected",
    [
        ('[status]\nstart = "New"', "status.start", "a-z"),
        ('[[statuses]]\nname = "new"', "statuses", "[status]"),
        (STATUS + '[[statuses]]\nname = "new"', "status.ripen[0].to", "new"),
        (
            '[status]\nripen = [{ from = "acitve", to = "old", after_days = 1 }]',
            "status.ripen[0].from",
            "active",
        ),
        ('[status]\nripen = [{ from = "active", to = "active" }]', "status.ripen[0].to", "another"),
        ('[status]\nripen = [{ from = "active", to = "old" }]', "status.ripen[0]", "after_days"),
        ('[status]\nripen = [{ to = "old" }]', "status.ripen[0].from", "a string"),
        ('[status]\non = [{ event = "reviw", to = "old" }]', "status.on[0].event", "review"),
        (
            '[status]\non = [{ event = "review", to = "old", from = ["ols"] }]',
            "status.on[0].from[0]",
            "old",
        ),
    ],
)
def test_wrong_statuses(text: str, field: str, expected: str) -> None:
    found = wrong(text)
    assert found[0] == field
    assert expected in found[1]


@pytest.mark.parametrize(
    "text, field, expected",
    [
        ("when = {}", "alerts[0].when", "one of score_below"),
        ("when = { score_below = 3, score_above = 4 }", "alerts[0].when", "one of score_below"),
        ("when = { score_below = 300 }", "alerts[0].when.score_below", "0 to 100"),
        ('when = { score_below = 60, category = "late" }', "alerts[0].when.score_below", "0 to 50"),
        ('when = { score_below = 6, category = "lade" }', "alerts[0].when.category", "late"),
        ("when = { tier_lost = true }\nfor_minutes = 3", "alerts[0].for_minutes", "nothing"),
        ("when = { tier_lost = true, min_count = 3 }", "alerts[0].when.min_count", "nothing"),
        (
            "when = { score_below = 6 }\nclear = { score_above = 5 }",
            "alerts[0].clear.score_above",
            "6 or more",
        ),
        (
            "when = { score_above = 6 }\nclear = { score_below = 7 }",
            "alerts[0].clear.score_below",
            "6 or less",
        ),
        ("when = { score_above = 6 }\nclear = {}", "alerts[0].clear", "after_days"),
        (
            'when = { event = { type = "review" } }\nclear = { event = "revue" }',
            "alerts[0].clear.event",
            "review",
        ),
        ('when = { event = { type = "revue" } }', "alerts[0].when.event.type", "review"),
        (
            'when = { event = { type = "review", at_least = 3, at_most = 2 } }',
            "alerts[0].when.event.at_most",
            "at_least",
        ),
        (
            'when = { rate = { event = "revue", count = 3, within_days = 2 } }',
            "alerts[0].when.rate.event",
            "review",
        ),
        ("when = { drop = { points = 0, within_days = 2 } }", "alerts[0].when.drop.points", "1e-06"),
        ("when = { drop = { points = 1, within = 2 } }", "alerts[0].when.drop.within", "within_days"),
        ('when = { status = "old" }', "alerts[0].when.status", "[status]"),
        ('when = { incident = "brust" }', "alerts[0].when.incident", "nothing"),
        (
            'when = { incident = "brust" }\n[[guards]]\nname = "surge"\nkind = "burst"',
            "alerts[0].when.incident",
            "burst",
        ),
        ('when = { score_below = 3 }\nto = ["everybody"]', "alerts[0].to[0]", '"owner"'),
        ("when = { score_below = 3 }\nto = []", "alerts[0].to", '"owner"'),
        ('when = { score_below = 3 }\nseverity = "bad"', "alerts[0].severity", '"critical"'),
        ("debounce_minutes = 3", "alerts[0].when", "a table"),
    ],
)
def test_wrong_alerts(text: str, field: str, expected: str) -> None:
    found = wrong(f'{TIERS}[[alerts]]\nname = "a"\n{text}\n')
    assert found[0] == field
    assert expected in found[1]


def test_zero_is_a_threshold_too() -> None:
    alert = '[[alerts]]\nname = "a"\nwhen = { score_above = 0 }\nclear = { score_below = 0 }\n'
    assert load(BASE + alert).alerts[0].when.score_above == 0


def test_names_are_unique() -> None:
    alert = '[[alerts]]\nname = "a"\nwhen = { tier_lost = true }\n'
    assert wrong(TIERS + alert + alert)[0] == "alerts[1].name"
    badge = '[[badges]]\nname = "a"\ntier = "top"\n'
    assert wrong(TIERS + badge + badge)[0] == "badges[1].name"
    assert wrong(TIERS + TIERS)[0] == "tiers[2].name"


def test_everything_at_once_is_read() -> None:
    text = TIERS.replace(
        "min_score = 90", "min_score = 90\ndwell = { weeks = 13, of = 16 }\nleave_factor = 0.9"
    )
    text += "[tier_rules]\ncadence = { quarterly = [1, 4, 7, 10] }\nmax_step = 1\n" + STATUS
    policy = load(BASE + text)
    assert policy.tier_rules is not None
    assert policy.tier_rules.cadence == Dates(quarterly=(1, 4, 7, 10))
    assert policy.tiers[1].dwell is not None
    assert (policy.tiers[1].dwell.need, policy.tiers[1].dwell.of) == (13, 16)
    assert policy.status is not None
    assert policy.status.ripen[0].from_ == "new"
    assert policy.tiers[0].plain
    assert not policy.tiers[1].plain


def test_an_event_may_go_nowhere_only_where_there_is_life() -> None:
    nowhere = "[rules.seen]\nvalue = 0\ninto = {}\n"
    assert wrong(nowhere)[0] == "rules.seen.into"
    assert load(BASE + nowhere + STATUS).rules["seen"].into == {}


def test_what_lives_look_at_is_kept_of_erased_events() -> None:
    text = """
    [[badges]]
    name = "b"
    event = "review"
    data = { photo = true }
    [[alerts]]
    name = "a"
    when = { event = { type = "review", data = { severity = { one_of = ["high"] } } } }
    """
    kept = attributes_of(load(BASE + text))
    assert {"photo", "severity"} <= kept
