"""What compositions and shapes may say: parts that exist and lie before them, numbers that fit."""

from itertools import pairwise

from renown.policy.checks.requiring import require, within
from renown.policy.nearest import expected_one_of
from renown.policy.schema import Policy
from renown.policy.scores.composing import (
    Composing,
    GateOf,
    GeometricMeanOf,
    PenaltyOf,
    RatioOf,
    SumOf,
)
from renown.policy.scores.methods import BayesianMean, FadingMean, ResidualMean
from renown.policy.scores.ranges import LARGEST
from renown.policy.scores.shapes import Shape
from renown.policy.scores.uses import uses_of

__all__ = ["check_composing", "check_shape"]


def check_composing(policy: Policy, category: str, method: Composing, path: str) -> None:
    """Check one composition at the dotted `path`."""
    used = uses_of(method)
    require(used, f"{path}.parts", "it has no parts", "categories")
    for field, name in used:
        _part(policy, category, name, f"{path}.{field}")
    scale = policy.scale_of(category)
    match method:
        case SumOf(parts=parts, constant=constant):
            within(constant, -LARGEST, LARGEST, f"{path}.constant")
            for name, factor in parts.items():
                within(factor, -LARGEST, LARGEST, f"{path}.parts.{name}")
            good = not method.skip_empty or all(factor > 0 for factor in parts.values())
            require(good, f"{path}.skip_empty", "some factors are not above 0", "false")
        case GeometricMeanOf(parts=parts):
            for name, weight in parts.items():
                within(weight, 0.001, 1000, f"{path}.parts.{name}")
                low = policy.scale_of(name).min
                require(low >= 0, f"{path}.parts.{name}", f"`{name}` can be {low:g}", "a part from 0 up")
        case RatioOf(factor=factor, empty=empty):
            within(factor, -LARGEST, LARGEST, f"{path}.factor")
            within(empty, scale.min, scale.max, f"{path}.empty")
        case GateOf():
            _gate(policy, category, method, path)
        case PenaltyOf():
            _penalty(policy, category, method, path)
        case _:
            return


def check_shape(policy: Policy, category: str, shape: Shape, path: str) -> None:
    """Check one shape at the dotted `path`."""
    if shape.pull is not None:
        within(shape.pull.towards, -LARGEST, LARGEST, f"{path}.pull.towards")
        within(shape.pull.have, 0, LARGEST, f"{path}.pull.have")
        within(shape.pull.need, max(shape.pull.have, 0.001), LARGEST, f"{path}.pull.need")
        if shape.pull.by is not None:
            _part(policy, category, shape.pull.by, f"{path}.pull.by")
    if shape.map:
        require(len(shape.map) > 1, f"{path}.map", "one point is no line", "two points or more")
        for number in (number for point in shape.map for number in point):
            within(number, -LARGEST, LARGEST, f"{path}.map")
        rises = all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(shape.map))
        require(rises, f"{path}.map", "it does not rise", "points from left to right, never falling")
    within(shape.step, 1e-6, LARGEST, f"{path}.step")
    within(shape.hysteresis, 0, LARGEST, f"{path}.hysteresis")
    if shape.hysteresis:
        require(shape.step, f"{path}.hysteresis", "there is no `step`", "step beside it")
        methods = [policy.method(name) for name in ("", *policy.categories)]
        good = not any(_runs(method) for method in methods)
        require(good, f"{path}.hysteresis", "the policy has a running mean", "0, or no running mean")


def _runs(method: object) -> bool:
    if isinstance(method, ResidualMean):
        return method.running
    return isinstance(method, BayesianMean | FadingMean) and method.prior.running


def _part(policy: Policy, category: str, name: str, path: str) -> None:
    names = list(policy.categories)
    before = names[: names.index(category)] if category else names
    missing = "is no category" if name not in names else "does not stand above"
    require(name in before, path, f"`{name}` {missing}", expected_one_of(name, before))


def _gate(policy: Policy, category: str, method: GateOf, path: str) -> None:
    for i, condition in enumerate(method.conditions):
        where = f"{path}.conditions[{i}]"
        within(condition.at_least, -LARGEST, LARGEST, f"{where}.at_least")
        within(condition.at_most, -LARGEST, LARGEST, f"{where}.at_most")
        within(condition.min_count, 0, 10**9, f"{where}.min_count")
        limits = condition.at_least is not None or condition.at_most is not None or condition.min_count
        require(limits, where, "it asks for nothing", "at_least, at_most or min_count")
    within(method.need, 1, len(method.conditions), f"{path}.need")
    scale = policy.scale_of(category)
    for key, value in (("then", method.then), ("otherwise", method.otherwise)):
        if not isinstance(value, str):
            within(value, scale.min, scale.max, f"{path}.{key}")


def _penalty(policy: Policy, category: str, method: PenaltyOf, path: str) -> None:
    scale = policy.scale_of(category)
    if not isinstance(method.base, str):
        within(method.base, scale.min, scale.max, f"{path}.base")
    for name, penalty in method.parts.items():
        within(penalty.per, 0, LARGEST, f"{path}.parts.{name}.per")
        within(penalty.most, 0, LARGEST, f"{path}.parts.{name}.most")
    within(method.compress, 1e-6, LARGEST, f"{path}.compress")
