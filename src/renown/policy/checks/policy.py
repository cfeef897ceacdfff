"""What a policy's keys must say together."""

import re
from typing import get_args

from renown.policy.audiences import WORDS, spoken, unknown_word
from renown.policy.checks.composing import check_composing, check_shape
from renown.policy.checks.deriving import check_also
from renown.policy.checks.guards import check_guards
from renown.policy.checks.life import check_life
from renown.policy.checks.matching import check_matching
from renown.policy.checks.methods import check_method
from renown.policy.checks.raters import check_raters
from renown.policy.checks.requiring import require, within
from renown.policy.checks.rules import check_rule
from renown.policy.checks.times import check_times
from renown.policy.evidence.disputing import STEPS
from renown.policy.nearest import expected_one_of
from renown.policy.schema import CategoryPolicy, Policy, Rule, Scale, View
from renown.policy.scores.composing import COMPOSING
from renown.policy.scores.ranges import LARGEST, has_own_range

__all__ = ["RESERVED_TYPES", "check"]

RESERVED_TYPES = ("retract", "amend", *STEPS)
"""Event types with a meaning of their own under every policy."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z")
_TYPE = re.compile(r"[a-z][a-z0-9_.-]{0,63}\Z")


def check(policy: Policy) -> Policy:
    """Return the policy, or raise `PolicyError` for the first thing that cannot be meant."""
    for key, name in (("name", policy.name), ("kind", policy.kind)):
        require(_NAME.match(name), key, f"`{name}` is no valid name", "a-z, 0-9, _ and -, from a letter")
    require(policy.version >= 1, "version", f"the version is {policy.version}", "1 or more")
    _scale(policy.scale, "scale")
    _method(policy, "", "score")
    for name, category in policy.categories.items():
        _category(policy, name, category)
    require(policy.rules, "rules", "there are no rules", "at least one [rules.<event type>]")
    for name, rule in policy.rules.items():
        _rule(policy, name, rule)
    _others(policy)
    check_life(policy)
    check_guards(policy)
    _visibility(policy)
    _disputes(policy)
    within(policy.late.tolerance_days, 0, 366, "late.tolerance_days")
    return policy


def _scale(scale: Scale, path: str) -> None:
    within(scale.min, -LARGEST, LARGEST, f"{path}.min")
    within(scale.max, -LARGEST, LARGEST, f"{path}.max")
    require(
        scale.min < scale.max, f"{path}.min", f"`{path}.min` is not below `{path}.max`", f"< {scale.max:g}"
    )
    within(scale.decimals, 0, 9, f"{path}.decimals")


def _method(policy: Policy, category: str, path: str) -> None:
    method = policy.method(category)
    if isinstance(method, COMPOSING):
        check_composing(policy, category, method, path)
    else:
        check_method(method, policy.scale_of(category), path)
    shape = policy.shape_of(category)
    if shape is not None:
        check_shape(policy, category, shape, path.removesuffix("score") + "shape")


def _category(policy: Policy, name: str, category: CategoryPolicy) -> None:
    path = f"categories.{name}"
    require(_NAME.match(name), path, f"`{name}` is no valid name", "a-z, 0-9, _ and -, from a letter")
    require(name != "overall", path, "`overall` is the score itself", "another name")
    if category.scale is not None:
        _scale(category.scale, f"{path}.scale")
    _method(policy, name, f"{path}.score")
    alike = has_own_range(policy.method(name)) == has_own_range(policy.score)
    require(
        alike or category.scale is not None,
        f"{path}.score.method",
        "points and means do not mix: their values are of different scales",
        f"points everywhere or nowhere, or [{path}.scale]",
    )


def _rule(policy: Policy, name: str, rule: Rule) -> None:
    path = f"rules.{name}"
    require(_TYPE.match(name), path, f"`{name}` is no valid event type", "a-z, 0-9, _, - and .")
    reserved = name in RESERVED_TYPES or name.startswith("renown.")
    require(not reserved, path, f"`{name}` has its own meaning", "another event type")
    if rule.blind is not None:
        within(rule.blind.days, 1 / 1440, 3_650, f"{path}.blind.days")
    check_rule(policy, rule, path)
    check_times(policy, rule, path)
    check_matching(rule, path)
    for i, also in enumerate(rule.also):
        check_also(policy, rule, also, f"{path}.also[{i}]")


def _others(policy: Policy) -> None:
    if policy.raters is not None:
        check_raters(policy, policy.raters)
    within(policy.evidence.min_count, 0, 10**9, "evidence.min_count")
    within(policy.evidence.min_weight, 0, 1e9, "evidence.min_weight")
    within(policy.bounds.confidence, 0.5, 0.9999, "bounds.confidence")


def _visibility(policy: Policy) -> None:
    expected = f"{', '.join(WORDS)} or role:<name>"
    for view in get_args(View):
        path = f"visibility.{view}"
        audience = policy.visibility.of(view)
        require(spoken(audience), path, "it names nobody, not even `nobody`", expected)
        wrong = unknown_word(audience)
        require(wrong is None, path, f"`{wrong}` is no audience", expected)


def _disputes(policy: Policy) -> None:
    disputes = policy.disputes
    if disputes is None:
        return
    within(disputes.window_days, 0, 36_500, "disputes.window_days")
    within(disputes.open_days, 1 / 1440, 3_650, "disputes.open_days")
    within(disputes.share, 0, 1, "disputes.share")
    for i, name in enumerate(disputes.types):
        path = f"disputes.types[{i}]"
        require(name in policy.rules, path, f"`{name}` has no rule", expected_one_of(name, policy.rules))
