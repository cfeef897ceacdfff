"""Effective dates, what a rule is for, weeks, events for others, and weights by what a rater is."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown import scoring
from renown.errors import PolicyError
from renown.model import Contribution, Event
from renown.policy import Policy, load, text_of
from tests.unit.scoring_worlds import laws

HEAD = """
name = "coder"
kind = "coder"
version = 1
title = "Member"

[scale]
min = 0
max = 1000

[score]
method = "points"

"""


def policy_of(rules: str, head: str = HEAD) -> Policy:
    return load(head + rules, "test")


def at(*when: int) -> float:
    return datetime(*when, tzinfo=UTC).timestamp()  # pyright: ignore[reportArgumentType] - too few for a zone


def said(policy: Policy, event: Event, moment: float | None = None) -> tuple[Contribution, ...]:
    return scoring.interpret(policy, event, moment).contributions


QUESTION = policy_of("""
[rules.upvote]
value = 10
one_per = "actor_and_ref"

[[rules.upvote.periods]]
until = 2019-11-13
value = 5

[[rules.upvote.periods]]
from = 2024-01-01T12:00:00+02:00
until = 2025-01-01
weight = 0.5
into = { overall = 2 }
""")


@pytest.mark.parametrize(
    "moment, value, weight",
    [
        (at(2010, 1, 1), 5, 1),
        (at(2019, 11, 12, 23, 59, 59), 5, 1),
        (at(2019, 11, 13), 10, 1),
        (at(2024, 1, 1, 9, 59, 59), 10, 1),
        (at(2024, 1, 1, 10), 10, 1.0),
        (at(2025, 1, 1), 10, 1),
        (None, 10, 1),
    ],
)
def test_what_a_rule_says_depends_on_when_it_happened(
    moment: float | None, value: float, weight: float
) -> None:
    (contribution,) = said(QUESTION, Event("upvote", "coder:1"), moment)
    assert contribution.value == value
    if moment == at(2024, 1, 1, 10):
        assert contribution.weight == 2 * 0.5
    else:
        assert contribution.weight == weight


def test_an_event_says_itself_when_it_happened_if_nobody_else_does() -> None:
    old = Event("upvote", "coder:1", occurred_at=datetime(2018, 1, 1, tzinfo=UTC))
    assert said(QUESTION, old)[0].value == 5
    assert said(QUESTION, old, at(2026, 1, 1))[0].value == 10, "the ledger knows better"


def test_an_amendment_means_what_the_original_would_at_its_own_time() -> None:
    policy = policy_of("""
[rules.grade]
min = 0
max = 100
[[rules.grade.periods]]
until = 2020-01-01
into = { overall = { factor = 0.5 } }
""")
    original = Event("grade", "coder:1", value=80, id="g1")
    change = Event("amend", "coder:1", value=60, ref="g1")
    assert scoring.amended(policy, change, original, at(2019, 1, 1)).contributions[0].value == 30
    assert scoring.amended(policy, change, original, at(2021, 1, 1)).contributions[0].value == 60


def test_a_rule_that_is_not_in_force_takes_events_that_count_for_nothing() -> None:
    policy = policy_of("""
[rules.edit]
value = 2
one_per = "actor"
from = 2012-01-01
until = 2013-01-01
""")
    assert said(policy, Event("edit", "coder:1"), at(2011, 12, 31)) == ()
    effect = scoring.interpret(policy, Event("edit", "coder:1", actor="coder:2"), at(2013, 1, 1))
    assert effect == scoring.Effect(actor="coder:2"), "it takes no earlier value back either"
    assert said(policy, Event("edit", "coder:1"), at(2012, 6, 1))[0].value == 2


MATCHING = policy_of("""
[rules.sale]
value = 1
when = { verified = true, amount = { at_least = 10, below = 1000 }, "event.actor_kind" = "buyer" }
unless = { country = { one_of = ["XX", "YY"] }, test = { exists = true } }
""")
GOOD: dict[str, Any] = {"verified": True, "amount": 10}


@pytest.mark.parametrize(
    "data, counts",
    [
        (GOOD, True),
        (GOOD | {"country": "DE"}, True),
        (GOOD | {"test": None}, True),
        (GOOD | {"verified": 1}, False),
        (GOOD | {"amount": 9.99}, False),
        (GOOD | {"amount": 1000}, False),
        (GOOD | {"amount": "10"}, False),
        (GOOD | {"amount": True}, False),
        (GOOD | {"country": "YY"}, False),
        (GOOD | {"test": False}, False),
        ({"verified": True}, False),
        (None, False),
    ],
)
def test_all_of_when_and_none_of_unless(data: dict[str, Any] | None, counts: bool) -> None:
    event = Event("sale", "coder:1", actor="buyer:1", data=data)
    assert bool(said(MATCHING, event)) is counts


def test_who_it_is_from_can_be_asked() -> None:
    assert not said(MATCHING, Event("sale", "coder:1", actor="bot:1", data=GOOD))
    assert not said(MATCHING, Event("sale", "coder:1", data=GOOD))


@laws
@given(
    st.dictionaries(
        st.sampled_from(["verified", "amount", "country", "test"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()),
    )
)
def test_no_data_can_break_a_condition(data: dict[str, Any]) -> None:
    assert len(said(MATCHING, Event("sale", "coder:1", actor="buyer:1", data=data))) <= 1


def test_weights_take_the_same_conditions() -> None:
    policy = policy_of("""
[rules.sale]
value = 1
weight = 0.2
[[rules.sale.weights]]
when = { amount = { at_least = 100 } }
weight = 3
""")
    assert said(policy, Event("sale", "coder:1", data={"amount": 100}))[0].weight == 3
    assert said(policy, Event("sale", "coder:1", data={"amount": 99}))[0].weight == 0.2


@pytest.mark.parametrize(
    "every, one, other, third",
    [
        ("week", at(2026, 1, 4, 23), at(2026, 1, 5), at(2026, 1, 11, 23)),
        ("week", at(2024, 12, 29), at(2024, 12, 30), at(2025, 1, 5)),
        ("day", at(2026, 2, 28, 23), at(2026, 3, 1), at(2026, 3, 1, 23)),
        ("month", at(2026, 1, 31), at(2026, 2, 1), at(2026, 2, 28)),
        ("year", at(2025, 12, 31), at(2026, 1, 1), at(2026, 12, 31)),
    ],
)
def test_one_live_value_per_calendar_period(every: str, one: float, other: float, third: float) -> None:
    policy = policy_of(f"""
[rules.feedback]
value = 1
one_per = "actor"
every = "{every}"
""")
    event = Event("feedback", "coder:1", actor="coder:2")
    keys = [scoring.interpret(policy, event, moment).one_per for moment in (one, other, third)]
    assert keys[0] != keys[1] == keys[2]
    assert scoring.interpret(policy, Event("feedback", "coder:1"), one).one_per is None


ALSO = policy_of("""
[rules.downvote]
value = -2
[[rules.downvote.also]]
to = "actor"
type = "downvote_cast"
when = { post = "answer" }

[[rules.downvote.also]]
to = "owner"
type = "blamed"
with_value = true
with_data = true

[[rules.downvote.also]]
to = "data.editor"
type = "blamed"

[rules.downvote_cast]
value = -1
allow_self = true
""")


def test_an_event_says_what_it_makes_for_others() -> None:
    data = {"post": "answer", "owner": "shop:9", "editor": "coder:1"}
    event = Event("downvote", "coder:1", actor="coder:2", id="v1", data=data)
    effect = scoring.interpret(ALSO, event, 5.0)
    assert [(each.role, each.event.subject, each.event.type) for each in effect.also] == [
        ("actor", "coder:2", "downvote_cast"),
        ("owner", "shop:9", "blamed"),
    ], "the editor is the subject itself"
    assert effect.also[0].event == Event("downvote_cast", "coder:2", actor="coder:2", ref="v1")
    assert effect.also[1].event.data == data
    assert said(ALSO, effect.also[0].event) == (Contribution("", -1, 1),)


@pytest.mark.parametrize(
    "event",
    [
        Event("downvote", "coder:1", actor="coder:2", data={"post": "question"}),
        Event("downvote", "coder:1", data={"post": "answer", "owner": "no key", "editor": 7}),
    ],
)
def test_nothing_is_made_for_nobody(event: Event) -> None:
    assert scoring.interpret(ALSO, event).also == ()


RATED = """
name = "user"
kind = "user"
version = 1
title = "User"
[scale]
min = 1
max = 5
[score]
method = "mean"
[rules.review]
[[tiers]]
name = "newcomer"
[[tiers]]
name = "trusted"
min_count = 2
"""


def test_the_word_of_a_rater_weighs_by_its_tier_its_score_and_its_age() -> None:
    policy = policy_of(
        """
[raters]
floor = 0.01
by_tier = { newcomer = 0.5, trusted = 1 }
by_score = [[1, 0.2], [3, 1]]
by_age_days = [[0, 0.1], [10, 1]]
""",
        RATED,
    )
    nobody = scoring.rater_weight(policy, None, False, at=at(2026, 1, 1))
    assert nobody == 0.01
    state = scoring.fold(policy, scoring.empty(policy), [Contribution("", 2, 1)], at(2026, 1, 1))
    moment, day = at(2026, 1, 11), 86_400.0
    assert scoring.rater_weight(policy, state, False, at=moment, known_since=moment - 5 * day) == (
        pytest.approx(0.5 * 0.6 * 0.55)
    )
    state = scoring.fold(policy, state, [Contribution("", 4, 1)], at(2026, 1, 1))
    assert scoring.rater_weight(policy, state, False, at=moment, known_since=moment - 99 * day) == 1.0
    held = scoring.rater_weight(policy, state, False, at=moment, known_since=0.0, tier="newcomer")
    assert held == 0.5, "the tier it holds, not the one it would have"


def test_what_excluded_actors_say_counts_for_nothing() -> None:
    policy = policy_of('[raters]\nexcluded = ["user:troll"]\n', RATED)
    assert said(policy, Event("review", "user:1", actor="user:troll", value=1)) == ()
    assert said(policy, Event("review", "user:1", actor="user:2", value=1)) == (Contribution("", 1, 1),)
    assert scoring.rater_weight(policy, None, False) == 1.0, "a list alone weighs nobody"


HANDING = "[rules.a]\nmin = 0\nmax = 9\nalso = [{ to = 'owner', type = 'b', with_value = true }]"


@pytest.mark.parametrize(
    "rules, field, expected",
    [
        ("[rules.a]\nvalue = 1\nfrom = 2020-01-01\nuntil = 2020-01-01", "rules.a.until", "later"),
        ("[rules.a]\nvalue = 1\nfrom = 2020-01-01T00:00:00", "rules.a.from", "zone"),
        ("[rules.a]\nvalue = 1\n[[rules.a.periods]]\nvalue = 5", "rules.a.periods[0].from", "from, until"),
        ("[rules.a]\nvalue = 1\n[[rules.a.periods]]\nfrom = 2020-01-01", "rules.a.periods[0]", "value"),
        (
            "[rules.a]\nvalue = 1\n[[rules.a.periods]]\nfrom = 2020-01-01\nvalue = 2\n"
            "[[rules.a.periods]]\nuntil = 2020-01-02\nvalue = 3",
            "rules.a.periods[0].from",
            "until",
        ),
        (
            "[rules.a]\nvalue = 1\n[[rules.a.periods]]\nfrom = 2020-01-01\ninto = { b = 1 }",
            "rules.a.periods[0].into.b",
            "overall",
        ),
        ("[rules.a]\nvalue = 1\nwhen = { b = {} }", "rules.a.when.b", "at_least"),
        ("[rules.a]\nvalue = 1\nwhen = { 'event.actr' = 1 }", "rules.a.when.event.actr", "event.actor"),
        ("[rules.a]\nvalue = 1\nunless = { b = { one_of = [] } }", "rules.a.unless.b.one_of", "one"),
        (
            "[rules.a]\nvalue = 1\nwhen = { b = { at_least = 2, at_most = 1 } }",
            "rules.a.when.b.at_least",
            "1",
        ),
        ("[rules.a]\nvalue = 1\nevery = 'week'", "rules.a.every", "one_per"),
        ("[rules.a]\nvalue = 1\nalso = [{ to = 'voter', type = 'b' }]", "rules.a.also[0].to", "actor"),
        (
            "[rules.a]\nvalue = 1\nalso = [{ to = 'actor', type = 'retract' }]",
            "rules.a.also[0].type",
            "another",
        ),
        (
            "[rules.a]\nvalue = 1\nalso = [{ to = 'actor', type = 'b' }]\n[rules.b]\nvalue = 1",
            "rules.b.allow_self",
            "true",
        ),
        (f"{HANDING}\n[rules.b]\nvalue = 1", "rules.a.also[0].with_value", "false"),
        (
            f"{HANDING.replace('min = 0', 'value = 1').replace('max = 9', '')}\n[rules.b]\nvalue = 1",
            "rules.a.also[0].with_value",
            "false",
        ),
        (
            f"{HANDING.replace('min = 0', 'value = 1').replace('max = 9', '')}\n[rules.b]\nmin = 0\nmax = 9",
            "rules.b.value",
            "a number",
        ),
        (
            f"{HANDING}\n[rules.b]\nmin = 0\nmax = 9\n[[rules.b.periods]]\nfrom = 2020-01-01\nvalue = 5",
            "rules.a.also[0].with_value",
            "false",
        ),
        (f"{HANDING}\n[rules.b]\nmin = 10\nmax = 20", "rules.b", "0 to 9"),
        (
            f"[categories.c]\n{HANDING}\n[rules.b]\nmin = 0\nmax = 9\ncategories = 'required'",
            "rules.b.categories",
            '"optional"',
        ),
        (
            f"{HANDING.replace('true', 'false')}\n[rules.b]\nmin = 0\nmax = 9",
            "rules.a.also[0].with_value",
            "true",
        ),
        (
            "[rules.a]\nvalue = 1\nalso = [{ to = 'owner', type = 'dispute' }]",
            "rules.a.also[0].type",
            "another",
        ),
        ("[rules.a]\nvalue = 1\n[raters]\nby_tier = { top = 1 }", "raters.by_tier.top", "tier"),
        ("[rules.a]\nvalue = 1\n[raters]\nby_score = [[1, 1], [1, 1]]", "raters.by_score[1]", "1"),
        ("[rules.a]\nvalue = 1\n[raters]\nby_age_days = [[0, 2]]", "raters.by_age_days[0]", "1"),
        ("[rules.a]\nvalue = 1\n[raters]\nseeds = 3\nby_score = [[0, 1]]", "raters.seeds", "0"),
        ("[rules.a]\nvalue = 1\n[raters]", "raters", "fading_mean"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_path(rules: str, field: str, expected: str) -> None:
    with pytest.raises(PolicyError) as caught:
        policy_of(rules)
    assert caught.value.field == field
    assert expected in (caught.value.expected or "")


def test_what_is_made_may_have_a_constant_while_its_maker_has_one() -> None:
    """Both change from one day on: while neither has a value of its own there is none to hand on."""
    constant = "\n[[rules.{}.periods]]\nuntil = 2020-01-01\nvalue = 1"
    maker = HANDING + constant.format("a")
    made = "\n[rules.b]\nmin = 0\nmax = 9" + constant.format("b")
    assert policy_of(maker + made).rules["a"].also[0].with_value
    with pytest.raises(PolicyError) as caught:
        policy_of(HANDING + made)
    assert "takes none of the event that makes it" in caught.value.detail


def test_a_policy_knows_the_text_it_came_from() -> None:
    text = HEAD + "[rules.a]\nvalue = 1\n"
    assert text_of(load(text)) == text
