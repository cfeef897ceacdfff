"""What range of values a category takes, and what a target makes of one."""

from renown.policy.rules.targets import Target
from renown.policy.schema import Policy
from renown.policy.scores.methods import UNBOUNDED, ResidualMean

__all__ = ["LARGEST", "has_own_range", "range_of", "reach", "turned_range"]

LARGEST = 1e9
"""The largest magnitude of any value; keeps every sum finite."""

Range = tuple[float, float]


def has_own_range(method: object) -> bool:
    """Tell whether a method takes any value, not only those of the scale."""
    return isinstance(method, UNBOUNDED) and not isinstance(method, ResidualMean)


def reach(policy: Policy, category: str) -> Range:
    """Return the lowest and the highest value that a category takes."""
    if has_own_range(policy.method(category)):
        return -LARGEST, LARGEST
    scale = policy.scale_of(category)
    return scale.min, scale.max


def range_of(target: Target, values: Range) -> Range:
    """Return the range of what a target takes its value from: `values`, or its own for an attribute."""
    if target.attribute is None:
        return values
    # What is clipped, or only asked for its sign, may be anything.
    low, high = values if target.clip is None and target.sign is None else (-LARGEST, LARGEST)
    return (low if target.min is None else target.min), (high if target.max is None else target.max)


def turned_range(target: Target, values: Range) -> Range:
    """Return the range of what a target makes of values within `values`."""
    if target.value is not None:
        return target.value, target.value
    if target.sign is not None:
        found: tuple[float, ...] = (-1.0, 1.0)
    else:
        found = tuple(target.table.values()) if target.table else range_of(target, values)
    ends = [each * target.factor + target.offset for each in (min(found), max(found))]
    if target.otherwise is not None:
        ends.append(target.otherwise)
    if target.clip is not None:
        least, most = target.clip
        ends = [min(max(each, least), most) for each in ends]
    return min(ends), max(ends)
