"""What an event's value becomes in each category, what its data weigh, and what is refused."""

from typing import Any

import pytest

from renown import scoring
from renown.errors import EventError, PolicyError
from renown.model import Contribution, Event
from renown.policy import Policy, load
from renown.scoring.turning import identity
from tests.unit.scoring_worlds import entries, folded_all

_HEAD = """
name = "shop"
kind = "shop"
version = 1
title = "Shop"
scale = { min = 0, max = 10 }
score = { method = "mean" }
[categories.people]
score = { method = "distinct" }
scale = { min = 0, max = 100 }
[categories.total]
score = { method = "sum" }
scale = { min = 0, max = 100 }
"""


def policy_of(rule: str) -> Policy:
    return load(_HEAD + "[rules.sale]\n" + rule, "shop.toml")


def said(rule: str, **event: Any) -> dict[str, float]:
    effect = scoring.interpret(policy_of(rule), Event("sale", "shop:1", **event))
    return {each.category: each.value for each in effect.contributions}


def weight_of(rule: str, data: dict[str, Any] | None) -> float:
    effect = scoring.interpret(policy_of(rule), Event("sale", "shop:1", value=5, data=data))
    return effect.contributions[0].weight


def test_who_is_told_apart_is_a_number_that_names_nobody() -> None:
    found = said("into = { overall = 1, people = 1 }", value=5, actor="buyer:1")
    assert found == {"": 5, "people": identity("buyer:1")}
    assert 0 <= found["people"] < 2**53
    assert found["people"].is_integer()
    assert said("into = { overall = 1, people = 1 }", value=5) == {"": 5}, "nobody to tell apart"


def test_an_explanation_does_not_tell_the_number_of_a_person() -> None:
    policy = policy_of("into = { people = 1 }")
    folded = [((Contribution("people", identity(f"buyer:{i // 2}"), 1.0),), float(i)) for i in range(4)]
    told = scoring.explain(policy, entries(folded), folded_all(policy, folded), 5.0, category="people")
    assert [(line.value, line.points, line.share) for line in told.lines] == [(1, 0, 0), (1, 1, 1)] * 2
    assert told.score == 2


TABLE = 'into = { total = { table = { "1" = 3, "2.5" = 4, gold = 9, true = 7 }%s } }'


@pytest.mark.parametrize("value, expected", [(1, {"total": 3}), (2.5, {"total": 4}), (7, {})])
def test_a_table_turns_values(value: float, expected: dict[str, float]) -> None:
    assert said(TABLE % "", value=value) == expected


@pytest.mark.parametrize(
    "found, expected",
    [("gold", 9), (True, 7), (False, -1), (1, 3), ("1", 3), ("lead", -1), (None, -1), ([1], -1)],
)
def test_a_table_turns_words_of_the_data(found: object, expected: float) -> None:
    table = '{ "1" = 3, gold = 9, true = 7 }'
    rule = f'value = 1\ninto = {{ total = {{ attribute = "metal", otherwise = -1, table = {table} }} }}'
    assert said(rule, data={"metal": found}) == {"total": expected}
    assert said(rule) == {"total": -1}


def test_a_number_of_the_data_is_multiplied_and_moved() -> None:
    rule = 'into = { total = { attribute = "cents", factor = 0.01, offset = 2, max = 10000 } }'
    assert said(rule, value=5, data={"cents": 250}) == {"total": 4.5}
    assert said(rule, value=5, data={}) == {}
    for wrong in ("many", True, float("nan"), float("inf"), 10001, 10**400, [], {"a": 1}):
        with pytest.raises(EventError) as caught:
            said(rule, value=5, data={"cents": wrong})
        assert (caught.value.problem_code, caught.value.field) == ("value_out_of_range", "data.cents")


def test_a_constant_of_one_category() -> None:
    assert said("into = { overall = 1, total = { value = 12 } }", value=5) == {"": 5, "total": 12}


def test_a_weight_grows_with_a_number() -> None:
    rule = 'weight = 2\nweight_by = { attribute = "paid", per = 100, min = 0.5, max = 50 }'
    for paid, weight in ((100, 2), (250, 5), (1, 1), (10**9, 100)):
        assert weight_of(rule, {"paid": paid}) == weight
    for wrong in ("much", -1, True, float("nan")):
        with pytest.raises(EventError) as caught:
            weight_of(rule, {"paid": wrong})
        assert caught.value.problem_code == "value_out_of_range"
    with pytest.raises(EventError) as caught:
        weight_of(rule, None)
    assert (caught.value.problem_code, caught.value.field) == ("attribute_required", "data.paid")
    assert weight_of(rule.replace("max = 50", "max = 50, missing = 0"), None) == 0


@pytest.mark.parametrize(
    "rule, field, expected",
    [
        ("into = { overall = { factor = 2 } }", "rules.sale.into.overall", "0 to 10"),
        ("into = { overall = { value = 11 } }", "rules.sale.into.overall", "0 to 10"),
        ("into = { overall = { table = { a = 11 } } }", "rules.sale.into.overall", "0 to 10"),
        ("into = { overall = { table = {} } }", "rules.sale.into.overall.table", "value = number"),
        ('into = { total = { value = 1, attribute = "a" } }', "rules.sale.into.total.value", "only one"),
        ("into = { total = { min = 1 } }", "rules.sale.into.total.min", "attribute"),
        ("into = { total = { atribute = 1 } }", "rules.sale.into.total.atribute", "attribute"),
        ("into = { total = { weight = -1 } }", "rules.sale.into.total.weight", "0, or"),
        ('into = { total = "much" }', "rules.sale.into.total", "a number or a table"),
        ("into = { totl = {} }", "rules.sale.into.totl", "total"),
        ("weight_by = { per = 1 }", "rules.sale.weight_by.attribute", "a string"),
        ('weight_by = { attribute = "a", per = 0 }', "rules.sale.weight_by.per", "1e-06"),
        ('weight_by = { attribute = "a", min = 5, max = 2 }', "rules.sale.weight_by.max", "5 to"),
        ("max = 11\ninto = { overall = 1, total = 1 }", "rules.sale.max", "0 to 10"),
    ],
)
def test_what_cannot_be_meant_names_the_key(rule: str, field: str, expected: str) -> None:
    with pytest.raises(PolicyError) as caught:
        policy_of(rule)
    assert caught.value.field == field
    assert expected in (caught.value.expected or "")


def test_counting_needs_a_scale_of_its_own_beside_a_mean() -> None:
    with pytest.raises(PolicyError) as caught:
        load(_HEAD.replace("scale = { min = 0, max = 100 }", "", 1) + "[rules.sale]\n", "shop.toml")
    assert caught.value.field == "categories.people.score.method"
    assert "[categories.people.scale]" in (caught.value.expected or "")


@pytest.mark.parametrize(
    "value, data, becomes",
    [
        (9.0, None, {"": 9.0, "total": 4.0}),
        (3.0, {"paid": 12}, {"": 3.0, "total": 4.0, "people": 9.0}),
        (1.0, {"paid": -8e8}, {"": 2.0, "total": 2.0, "people": 3.0}),
        (2.0, {"paid": 4}, {"": 2.0, "total": 4.0, "people": 4.0}),
    ],
)
def test_one_event_does_no_more_than_what_is_left_of_it(
    value: float, data: dict[str, Any] | None, becomes: dict[str, float]
) -> None:
    head = _HEAD.replace('method = "distinct"', 'method = "mean"')
    into = "overall = { clip = [2, 9] }, total = { factor = 2, clip = [1, 4] }"
    paid = 'people = { attribute = "paid", clip = [3, 9] }'
    policy = load(f"{head}[rules.sale]\ninto = {{ {into}, {paid} }}\n", "shop.toml")
    effect = scoring.interpret(policy, Event("sale", "shop:1", value=value, data=data))
    assert {each.category: each.value for each in effect.contributions} == becomes


@pytest.mark.parametrize("into", ["clip = [5, 5]", "clip = [5, 2]", "value = 3, clip = [1, 2]"])
def test_a_clip_that_leaves_nothing_is_refused(into: str) -> None:
    with pytest.raises(PolicyError) as refused:
        policy_of(f"into = {{ overall = {{ {into} }} }}")
    assert refused.value.field == "rules.sale.into.overall.clip"


@pytest.mark.parametrize(
    "value, data, becomes",
    [
        (10.0, {"paid": 1e-300}, {"": 10.0, "total": 2.0, "people": 100.0}),
        (5.0, {"paid": 0}, {"": 0.0, "total": 1.0, "people": 50.0}),
        (4.999, {"paid": -8e8}, {"": 0.0, "total": 0.0, "people": 0.0}),
    ],
)
def test_of_some_values_only_the_sign_matters(
    value: float, data: dict[str, Any], becomes: dict[str, float]
) -> None:
    head = _HEAD.replace('method = "distinct"', 'method = "mean"')
    into = "overall = { sign = 5, factor = 10, clip = [0, 10] }, total = { sign = 5, offset = 1 }"
    paid = 'people = { attribute = "paid", sign = 0, factor = 50, offset = 50 }'
    policy = load(f"{head}[rules.sale]\ninto = {{ {into}, {paid} }}\n", "shop.toml")
    effect = scoring.interpret(policy, Event("sale", "shop:1", value=value, data=data))
    found = {each.category: each.value for each in effect.contributions}
    assert found == becomes


@pytest.mark.parametrize("into", ["sign = 0, value = 3", 'sign = 0, table = { "1" = 2 }', "sign = 1e300"])
def test_a_sign_of_what_does_not_vary_is_refused(into: str) -> None:
    with pytest.raises(PolicyError) as refused:
        policy_of(f"into = {{ overall = {{ {into} }} }}")
    assert refused.value.field == "rules.sale.into.overall.sign"


def test_a_sign_must_fit_where_it_goes() -> None:
    with pytest.raises(PolicyError) as refused:
        policy_of("into = { overall = { sign = 5 } }")
    assert refused.value.field == "rules.sale.into.overall"
    assert "from -1 to 1" in refused.value.detail
