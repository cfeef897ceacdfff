"""What a policy's keys must say together."""

import re
from typing import get_args

from renown.errors import PolicyError
from renown.policy.audiences import WORDS, spoken, unknown_word
from renown.policy.methods import BayesianMean, FadingMean, Mean, Method, Points
from renown.policy.nearest import expected_one_of
from renown.policy.schema import Policy, Rule, View

__all__ = ["LARGEST", "RESERVED_TYPES", "check"]

LARGEST = 1e9
"""The largest magnitude of any value; keeps every sum finite."""

RESERVED_TYPES = ("retract", "amend")
"""Event types with a meaning of their own under every policy."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z")
_TYPE = re.compile(r"[a-z][a-z0-9_.-]{0,63}\Z")


def check(policy: Policy) -> Policy:
    """Return the policy, or raise `PolicyError` for the first thing that cannot be meant."""
    for key, name in (("name", policy.name), ("kind", policy.kind)):
        _require(_NAME.match(name), key, f"`{name}` is no valid name", "a-z, 0-9, _ and -, from a letter")
    _require(policy.version >= 1, "version", f"the version is {policy.version}", "1 or more")
    _scale(policy)
    _method(policy, policy.score, "score")
    for name, category in policy.categories.items():
        path = f"categories.{name}"
        _require(_NAME.match(name), path, f"`{name}` is no valid name", "a-z, 0-9, _ and -, from a letter")
        _require(name != "overall", path, "`overall` is the score itself", "another name")
        if category.score is not None:
            _method(policy, category.score, f"{path}.score")
    _require(policy.rules, "rules", "there are no rules", "at least one [rules.<event type>]")
    for name, rule in policy.rules.items():
        _rule(policy, name, rule)
    _others(policy)
    _tiers(policy)
    _visibility(policy)
    return policy


def _require(good: object, field: str, detail: str, expected: str) -> None:
    if not good:
        raise PolicyError(detail, code="wrong_value", field=field, expected=expected)


def _within(value: float | None, low: float, high: float, field: str) -> None:
    if value is not None:
        _require(low <= value <= high, field, f"`{field}` is {value:g}", f"{low:g} to {high:g}")


def _weight(value: float, field: str) -> None:
    good = value == 0 or 0.001 <= value <= 1000
    _require(good, field, f"`{field}` is {value:g}", "0, or 0.001 to 1000")


def _scale(policy: Policy) -> None:
    scale = policy.scale
    _within(scale.min, -LARGEST, LARGEST, "scale.min")
    _within(scale.max, -LARGEST, LARGEST, "scale.max")
    _require(scale.min < scale.max, "scale.min", "`scale.min` is not below `scale.max`", f"< {scale.max:g}")
    _within(scale.decimals, 0, 9, "scale.decimals")


def _method(policy: Policy, method: Method, path: str) -> None:
    scale = policy.scale
    match method:
        case Points(start=start, floor=floor, daily_cap=cap):
            _within(start, -LARGEST, LARGEST, f"{path}.start")
            _within(floor, -LARGEST, start, f"{path}.floor")
            _within(cap, 0, LARGEST, f"{path}.daily_cap")
        case Mean(start=start):
            _within(start, scale.min, scale.max, f"{path}.start")
        case BayesianMean(prior=prior, half_life_days=days) | FadingMean(prior=prior, half_life_days=days):
            _within(prior.value, scale.min, scale.max, f"{path}.prior.value")
            _within(prior.weight, 0.001, 1e6, f"{path}.prior.weight")
            _within(days, 7, 36_525, f"{path}.half_life_days")
    if isinstance(method, FadingMean):
        _within(method.memory, 0.01, 1, f"{path}.memory")
    if isinstance(method, Points) != isinstance(policy.score, Points):
        raise PolicyError(
            "points and means do not mix: their values are of different scales",
            code="wrong_value",
            field=f"{path}.method",
            expected="points everywhere or nowhere",
        )


def _rule(policy: Policy, name: str, rule: Rule) -> None:
    path = f"rules.{name}"
    _require(_TYPE.match(name), path, f"`{name}` is no valid event type", "a-z, 0-9, _, - and .")
    _require(name not in RESERVED_TYPES, path, f"`{name}` has its own meaning", "another event type")
    for target in rule.into:
        valid = ["overall", *policy.categories]
        _require(
            target in valid,
            f"{path}.into.{target}",
            f"`{target}` is no category",
            expected_one_of(target, valid),
        )
        _weight(rule.into[target], f"{path}.into.{target}")
    _require(rule.into or rule.categories != "none", f"{path}.into", "it goes nowhere", "overall = 1")
    _weight(rule.weight, f"{path}.weight")
    for i, case in enumerate(rule.weights):
        _require(case.when, f"{path}.weights[{i}].when", "it has no condition", "attribute = value")
        _weight(case.weight, f"{path}.weights[{i}].weight")
    _value(policy, rule, path)
    if rule.categories != "none":
        _require(policy.categories, f"{path}.categories", "the policy has no categories", '"none"')
    if rule.value == "from_categories":
        _require(
            rule.categories != "none", f"{path}.categories", "no categories to take it from", '"optional"'
        )
    if rule.slot is not None:
        _require(rule.one_per, f"{path}.slot", "a slot needs `one_per`", "one_per beside it")
    if rule.exempt:
        _require(isinstance(policy.score, Points), f"{path}.exempt", "only points have a cap", "false")


def _value(policy: Policy, rule: Rule, path: str) -> None:
    points = isinstance(policy.score, Points)
    low, high = (-LARGEST, LARGEST) if points else (policy.scale.min, policy.scale.max)
    if isinstance(rule.value, float):
        _within(rule.value, low, high, f"{path}.value")
        for key, limit in (("min", rule.min), ("max", rule.max)):
            _require(limit is None, f"{path}.{key}", "a constant needs no range", "nothing here")
        return
    _within(rule.min, low, high, f"{path}.min")
    _within(rule.max, low, high, f"{path}.max")
    if rule.min is not None and rule.max is not None:
        _require(rule.min < rule.max, f"{path}.min", "`min` is not below `max`", f"< {rule.max:g}")
    elif points:
        missing = "min" if rule.min is None else "max"
        _require(False, f"{path}.{missing}", "the range of the value is missing", "a number")


def _others(policy: Policy) -> None:
    if policy.raters is not None:
        _within(policy.raters.floor, 0.001, 1, "raters.floor")
        _within(policy.raters.seeds, 0, 10_000, "raters.seeds")
        _require(
            isinstance(policy.score, FadingMean),
            "raters",
            "rater weights need the support that only a fading mean keeps",
            'score.method = "fading_mean"',
        )
    _within(policy.evidence.min_count, 0, 10**9, "evidence.min_count")
    _within(policy.evidence.min_weight, 0, 1e9, "evidence.min_weight")
    _within(policy.bounds.confidence, 0.5, 0.9999, "bounds.confidence")


def _tiers(policy: Policy) -> None:
    names: set[str] = set()
    last: float | None = None
    for i, tier in enumerate(policy.tiers):
        path = f"tiers[{i}]"
        _require(_NAME.match(tier.name), f"{path}.name", f"`{tier.name}` is no valid name", "a-z, 0-9, _, -")
        _require(tier.name not in names, f"{path}.name", f"there are two tiers `{tier.name}`", "another name")
        names.add(tier.name)
        _within(tier.min_score, policy.scale.min, policy.scale.max, f"{path}.min_score")
        _within(tier.min_count, 0, 10**9, f"{path}.min_count")
        if tier.min_score is not None:
            if last is not None:
                _require(
                    tier.min_score >= last,
                    f"{path}.min_score",
                    "tiers go from the lowest to the highest",
                    f"{last:g} or more",
                )
            last = tier.min_score


def _visibility(policy: Policy) -> None:
    expected = f"{', '.join(WORDS)} or role:<name>"
    for view in get_args(View):
        path = f"visibility.{view}"
        audience = policy.visibility.of(view)
        _require(spoken(audience), path, "it names nobody, not even `nobody`", expected)
        wrong = unknown_word(audience)
        _require(wrong is None, path, f"`{wrong}` is no audience", expected)
