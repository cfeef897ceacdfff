"""A policy file that is wrong says where, why and what was meant."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown.errors import EventError, PolicyError
from renown.policy import BayesianMean, Policies, Policy, load, load_file, preset, preset_names, preset_text
from tests.unit.scoring_worlds import laws

MINIMAL = """
name = "plain"
kind = "thing"
version = 1
title = "Thing"
[scale]
min = 1
max = 5
[score]
method = "mean"
[rules.review]
"""


def test_a_minimal_policy_is_complete() -> None:
    policy = load(MINIMAL, "minimal.toml")
    assert policy.rules["review"].into == {"overall": 1.0}
    assert policy.rules["review"].value_mode == "required"
    assert policy.scale.decimals == 2
    assert policy.tiers == ()


def test_visibility_is_one_word_or_several() -> None:
    seen = load(MINIMAL).visibility
    assert (seen.standing, seen.activity, seen.scope) == ("anyone", "anyone", "none")
    assert seen.detail == seen.alerts == ("owner", "role:moderator")
    said = '[visibility]\nstanding = "users"\nalerts = ["owner", "role:ops"]\nscope = "project"\n'
    seen = load(MINIMAL + said).visibility
    assert (seen.of("standing"), seen.of("alerts"), seen.scope) == ("users", ("owner", "role:ops"), "project")


@pytest.mark.parametrize(
    "line, field, expected",
    [
        ('standing = "anybody"', "visibility.standing", "anyone"),
        ('detail = ["owner", "role:"]', "visibility.detail", "role:<name>"),
        ('activity = ["subscribers"]', "visibility.activity", "users"),
        ("alerts = []", "visibility.alerts", "anyone"),
        ("alerts = 7", "visibility.alerts", "a string or a list"),
        ('scope = "team"', "visibility.scope", '"org"'),
        ('standings = "users"', "visibility.standings", "standing"),
    ],
)
def test_wrong_visibility_names_its_key(line: str, field: str, expected: str) -> None:
    with pytest.raises(PolicyError) as wrong:
        load(f"{MINIMAL}[visibility]\n{line}\n")
    assert wrong.value.field == field
    assert expected in (wrong.value.expected or "")


SELLER = preset_text("seller")
MEMBER = preset_text("member")
TRADER = preset_text("trader")
PRODUCT = preset_text("product")


@pytest.mark.parametrize(
    "text, old, new, code, field, expected",
    [
        (SELLER, "half_life_days", "half_live_days", "unknown_key", "score.half_live_days", "half_life_days"),
        (SELLER, "[evidence]", "[evidense]", "unknown_key", "evidense", "evidence"),
        (SELLER, 'title = "Delivery"', 'titel = "x"', "unknown_key", "categories.delivery.titel", "title"),
        (SELLER, "min_count = 3  ", 'min_count = "three"', "wrong_value", "evidence.min_count", "an integer"),
        (SELLER, "min_score = 4.5", "min_score = true", "wrong_value", "tiers[2].min_score", "a number"),
        (SELLER, '"bayesian_mean"', '"bayes_mean"', "wrong_value", "score.method", "bayesian_mean"),
        (SELLER, 'method = "bayesian_mean"', "", "missing_key", "score.method", "one of"),
        (SELLER, "value = 3.5,", "", "missing_key", "score.prior.value", "a number"),
        (SELLER, "value = 3.5", "value = nan", "wrong_value", "score.prior.value", "a finite number"),
        (SELLER, "value = 3.5", "value = 5.5", "wrong_value", "score.prior.value", "1 to 5"),
        (SELLER, "weight = 7", "weight = 0", "wrong_value", "score.prior.weight", "0.001 to 1e+06"),
        (SELLER, "half_life_days = 365", "half_life_days = 1", "wrong_value", "score.half_life_days", "7 to"),
        (SELLER, "min = 1", "min = 6", "wrong_value", "scale.min", "< 5"),
        (
            SELLER,
            "delivery = 1,",
            "delivry = 1,",
            "wrong_value",
            "rules.late_shipment.into.delivry",
            "delivery",
        ),
        (
            SELLER,
            'one_per = "ref"',
            'one_per = "reff"',
            "wrong_value",
            "rules.late_shipment.one_per",
            '"ref"',
        ),
        (SELLER, "value = 1\n", "value = 0\n", "wrong_value", "rules.late_shipment.value", "1 to 5"),
        (SELLER, "min_score = 4.5", "min_score = 3.9", "wrong_value", "tiers[2].min_score", "4 or more"),
        (SELLER, 'name = "top-rated"', 'name = "standard"', "wrong_value", "tiers[2].name", "another name"),
        (SELLER, "confidence = 0.95", "confidence = 1", "wrong_value", "bounds.confidence", "0.5 to 0.9999"),
        (SELLER, "[rules.review]", "[rules.retract]", "wrong_value", "rules.retract", "another event type"),
        (
            SELLER,
            "[categories.quality]",
            "[categories.overall]",
            "wrong_value",
            "categories.overall",
            "another",
        ),
        (SELLER, 'kind = "seller"', 'kind = "Seller"', "wrong_value", "kind", "a-z"),
        (SELLER, "version = 1", "version = 0", "wrong_value", "version", "1 or more"),
        (SELLER, '"optional"', '"none"', "wrong_value", "rules.review.categories", '"optional"'),
        (MEMBER, "floor = 1", "floor = 2", "wrong_value", "score.floor", "to 1"),
        (MEMBER, "max = 500\n", "", "wrong_value", "rules.bounty.max", "a number"),
        (MEMBER, "value = 10\n", "value = 10\nmin = 5\n", "wrong_value", "rules.upvote.min", "nothing here"),
        (
            MEMBER,
            'one_per = "actor_and_ref"  ',
            "# ",
            "wrong_value",
            "rules.upvote.slot",
            "one_per beside it",
        ),
        (TRADER, "memory = 0.8", "memory = 1.5", "wrong_value", "score.memory", "0.01 to 1"),
        (TRADER, "floor = 0.05", "floor = 0", "wrong_value", "raters.floor", "0.001 to 1"),
        (TRADER, 'method = "fading_mean"', 'method = "bayesian_mean"', "unknown_key", "score.memory", ""),
        (TRADER, 'one_per = "actor"', "exempt = true", "wrong_value", "rules.rating.exempt", "false"),
        (
            PRODUCT,
            "when = { verified = true }",
            "when = {}",
            "wrong_value",
            "rules.review.weights[0].when",
            "",
        ),
        (PRODUCT, "weight = 0.2", "weight = -1", "wrong_value", "rules.review.weight", "0, or 0.001"),
        (
            PRODUCT,
            "[[rules.review.weights]]",
            "[rules.review.weights]",
            "wrong_value",
            "rules.review.weights",
            "",
        ),
    ],
)
def test_an_error_names_the_key_and_what_was_expected(
    *, text: str, old: str, new: str, code: str, field: str, expected: str
) -> None:
    assert old in text
    with pytest.raises(PolicyError) as caught:
        load(text.replace(old, new, 1), "mine.toml")
    assert caught.value.problem_code == code
    assert caught.value.field == field
    assert expected in (caught.value.expected or "")
    assert "mine.toml" in caught.value.detail
    assert field in caught.value.detail


def test_raters_need_a_fading_mean() -> None:
    with pytest.raises(PolicyError) as caught:
        load(MINIMAL + "[raters]\nfloor = 0.1\n", "mine")
    assert caught.value.field == "raters"


def test_points_and_means_do_not_mix() -> None:
    with pytest.raises(PolicyError) as caught:
        load(MINIMAL + '[categories.a.score]\nmethod = "points"\n', "mine")
    assert caught.value.field == "categories.a.score.method"


def test_a_category_may_have_a_method_of_its_own() -> None:
    own = (
        '[categories.a.score]\nmethod = "bayesian_mean"\nprior = { value = 2, weight = 1 }\n[categories.b]\n'
    )
    policy = load(MINIMAL + own, "mine")
    assert isinstance(policy.method("a"), BayesianMean)
    assert policy.method("b") is policy.score
    assert policy.method("") is policy.score


@pytest.mark.parametrize("text", ["name = ", "\x00", "[a\n", "x = " + "[" * 5000])
def test_what_is_not_toml_says_so(text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load(text, "mine.toml")
    assert caught.value.problem_code == "invalid_toml"


@laws
@given(st.sampled_from([SELLER, MEMBER, TRADER, PRODUCT]), st.data())
def test_a_damaged_policy_loads_or_raises_a_policy_error(text: str, data: st.DataObject) -> None:
    """No damage to a file, however odd, gets past the loader as another exception."""
    lines = text.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    odd = st.one_of(
        st.text(max_size=30), st.sampled_from(["x = inf", "tiers = 3", "rules = []", "a.b.c = 1"])
    )
    lines[at] = data.draw(odd)
    try:
        loaded = load("\n".join(lines), "mine")
    except PolicyError:
        return
    assert isinstance(loaded, Policy)


def test_a_file_that_cannot_be_read_is_a_policy_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        load_file(tmp_path / "absent.toml")
    assert caught.value.problem_code == "unreadable"
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError):
        load_file(tmp_path / "bytes.toml")


def test_a_file_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "thing.toml").write_text(MINIMAL)
    assert load_file(tmp_path / "thing.toml").kind == "thing"


def test_the_presets_load() -> None:
    assert preset_names() == ("account", "freelancer", "member", "product", "seller", "system", "trader")
    for name in preset_names():
        policy = preset(name)
        assert policy.name == policy.kind == name
        assert policy.title
        assert policy.description
        assert all(rule.title for rule in policy.rules.values())


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(PolicyError) as caught:
        preset("sellers")
    assert caught.value.expected == "seller"


def test_policies_are_found_by_kind() -> None:
    policies = Policies.presets()
    assert len(policies) == 7
    assert policies.for_subject("trader:1") is preset("trader")
    assert policies.for_kind("member").kind == "member"
    assert policies.get("nobody") is None
    assert {policy.kind for policy in policies} == set(policies.kinds)


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(EventError, match="no policy") as caught:
        Policies.presets().for_subject("seler:1")
    assert caught.value.problem_code == "unknown_kind"
    assert caught.value.expected == "seller"


def test_two_policies_of_a_kind_are_refused() -> None:
    with pytest.raises(PolicyError) as caught:
        Policies([preset("seller"), load(SELLER, "again")])
    assert caught.value.problem_code == "kind_taken"
