"""What the keys of a rule must say together, and that its values fit where they go."""

from renown.policy.checks.life import may_go_nowhere
from renown.policy.checks.matching import check_wanted
from renown.policy.checks.requiring import require, within
from renown.policy.nearest import expected_one_of
from renown.policy.rules.targets import Target
from renown.policy.schema import Policy, Rule
from renown.policy.scores.composing import COMPOSING
from renown.policy.scores.methods import Points
from renown.policy.scores.ranges import LARGEST, has_own_range, reach, turned_range

__all__ = ["check_rule"]


def check_rule(policy: Policy, rule: Rule, path: str) -> None:
    """Check one rule at the dotted `path`."""
    valid = ["overall", *policy.categories]
    for name, target in rule.into.items():
        where = f"{path}.into.{name}"
        require(name in valid, where, f"`{name}` is no category", expected_one_of(name, valid))
        composed = isinstance(policy.method("" if name == "overall" else name), COMPOSING)
        parts = [each for each in policy.categories if not isinstance(policy.method(each), COMPOSING)]
        detail = f"`{name}` is put together from others; nothing goes into it"
        require(not composed, where, detail, "one of " + ", ".join(parts) if parts else "a category")
        if isinstance(target, Target):
            _weight(target.weight, f"{where}.weight")
        else:
            _weight(target, where)
    goes = rule.into or rule.categories != "none" or may_go_nowhere(policy)
    require(goes, f"{path}.into", "it goes nowhere", "overall = 1")
    _weights(rule, path)
    low, high = _value(policy, rule, path)
    for name, target in rule.into.items():
        if isinstance(target, Target):
            _target(policy, name, target, (low, high), f"{path}.into.{name}")
    if rule.categories != "none":
        require(policy.categories, f"{path}.categories", "the policy has no categories", '"none"')
    if rule.value == "from_categories":
        good = rule.categories != "none"
        require(good, f"{path}.categories", "no categories to take it from", '"optional"')
    if rule.every is not None:
        require(rule.one_per, f"{path}.every", "it says how often, but not of what", "one_per beside it")
    if rule.slot is not None:
        require(rule.one_per, f"{path}.slot", "a slot needs `one_per`", "one_per beside it")
    if rule.exempt:
        methods = (policy.method(name) for name in ("", *policy.categories))
        points = any(isinstance(method, Points) for method in methods)
        require(points, f"{path}.exempt", "only points have a cap", "false")


def _weight(value: float, field: str) -> None:
    good = value == 0 or 0.001 <= value <= 1000
    require(good, field, f"`{field}` is {value:g}", "0, or 0.001 to 1000")


def _weights(rule: Rule, path: str) -> None:
    _weight(rule.weight, f"{path}.weight")
    for i, case in enumerate(rule.weights):
        require(case.when, f"{path}.weights[{i}].when", "it has no condition", "attribute = value")
        check_wanted(case.when, f"{path}.weights[{i}].when")
        _weight(case.weight, f"{path}.weights[{i}].weight")
    by = rule.weight_by
    if by is not None:
        path = f"{path}.weight_by"
        require(by.attribute, f"{path}.attribute", "it names nothing", "an attribute of `data`")
        within(by.per, 1e-6, LARGEST, f"{path}.per")
        within(by.min, 0.001, 1000, f"{path}.min")
        within(by.max, by.min, 1000, f"{path}.max")
        if by.missing is not None:
            _weight(by.missing, f"{path}.missing")


def _value(policy: Policy, rule: Rule, path: str) -> tuple[float, float]:
    """Check the rule's values against what takes them as they are; return their range."""
    taking = [name for name, target in rule.into.items() if not isinstance(target, Target)]
    reaches = [reach(policy, "" if name == "overall" else name) for name in taking]
    low = max((low for low, _ in reaches), default=-LARGEST)
    high = min((high for _, high in reaches), default=LARGEST)
    require(low <= high, f"{path}.into", "no value fits into all of these", "into.<name> = { factor = …, … }")
    if isinstance(rule.value, float):
        within(rule.value, low, high, f"{path}.value")
        for key, limit in (("min", rule.min), ("max", rule.max)):
            require(limit is None, f"{path}.{key}", "a constant needs no range", "nothing here")
        return rule.value, rule.value
    within(rule.min, low, high, f"{path}.min")
    within(rule.max, low, high, f"{path}.max")
    if has_own_range(policy.score):
        for key, limit in (("min", rule.min), ("max", rule.max)):
            require(limit is not None, f"{path}.{key}", "the range of the value is missing", "a number")
    least = policy.scale.min if rule.min is None else rule.min
    most = policy.scale.max if rule.max is None else rule.max
    require(least < most, f"{path}.min", "`min` is not below `max`", f"< {most:g}")
    within(least, low, high, f"{path}.min")
    within(most, low, high, f"{path}.max")
    return least, most


def _target(policy: Policy, name: str, target: Target, values: tuple[float, float], path: str) -> None:
    alone = target.attribute is None and target.table is None
    require(target.value is None or alone, f"{path}.value", "it says the value twice", "only one of them")
    require(target.table is None or target.table, f"{path}.table", "the table is empty", "value = number")
    require(target.attribute != "", f"{path}.attribute", "it names nothing", "an attribute of `data`")
    if target.attribute is None:
        for key, limit in (("min", target.min), ("max", target.max)):
            require(limit is None, f"{path}.{key}", "it is for an attribute", "attribute beside it")
    if target.sign is not None:
        require(
            target.table is None and target.value is None,
            f"{path}.sign",
            "nothing varies",
            "a value that varies",
        )
        within(target.sign, -LARGEST, LARGEST, f"{path}.sign")
    if target.clip is not None:
        least, most = target.clip
        good = target.value is None and -LARGEST <= least < most <= LARGEST
        require(good, f"{path}.clip", "it leaves nothing between", "[the least, the most] of what varies")
    within(target.factor, -LARGEST, LARGEST, f"{path}.factor")
    within(target.offset, -LARGEST, LARGEST, f"{path}.offset")
    taken = reach(policy, "" if name == "overall" else name)
    low, high = turned_range(target, taken if target.attribute is not None else values)
    good = taken[0] <= low <= high <= taken[1]
    expected = f"values from {taken[0]:g} to {taken[1]:g}"
    require(good, path, f"it makes values from {low:g} to {high:g}", expected)
