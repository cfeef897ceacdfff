"""What an event's value becomes on its way into one category: `into` with a table, and who is told apart."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

from renown.errors import EventError
from renown.model import OVERALL, Event
from renown.policy import Distinct, Policy, Target, WeightBy
from renown.policy.scores.ranges import range_of, reach

__all__ = ["Turn", "identity", "turn_of", "weight_from"]

Turn = Callable[[Event, float], float | None]
"""From an event and its value to the value that goes in, None when nothing does."""


def turn_of(policy: Policy, target: str, declared: float | Target) -> Turn | None:
    """Return how values turn on their way into a category; None when they go in as they are."""
    method = policy.method("" if target == "overall" else target)
    if isinstance(method, Distinct):
        return _told_apart(method)
    if not isinstance(declared, Target):
        return None
    if declared.value is not None:
        constant = declared.value
        return lambda _event, _value: constant
    low, high = reach(policy, OVERALL if target == "overall" else target)
    turned = _turned(declared, range_of(declared, (low, high)))
    return turned if declared.clip is None else _clipped(turned, *declared.clip)


def identity(text: str) -> float:
    """Return a whole number below 2**53 that stands for a text, the same one everywhere."""
    return float(int.from_bytes(blake2b(text.encode(), digest_size=7).digest()) >> 3)


def weight_from(rule_weight: float, by: WeightBy, data: Mapping[str, Any] | None) -> float:
    """Return a rule's weight times what `weight_by` makes of the event's data.

    Raises:
        EventError: the attribute is missing (`attribute_required`) or no number (`value_out_of_range`).

    """
    found = (data or {}).get(by.attribute)
    if found is None:
        if by.missing is None:
            raise EventError(
                f"`data.{by.attribute}` is missing",
                code="attribute_required",
                field=f"data.{by.attribute}",
                expected="a number",
            )
        return rule_weight * by.missing
    number = _number(found, by.attribute, (0.0, 1e15))
    return rule_weight * min(max(number / by.per, by.min), by.max)


def _told_apart(method: Distinct) -> Turn:
    def turn(event: Event, value: float) -> float | None:
        if method.of == "value":
            return identity(repr(float(value)))
        text = event.actor if method.of == "actor" else event.ref
        return identity(text) if text else None

    return turn


def _turned(target: Target, limits: tuple[float, float]) -> Turn:
    def turn(event: Event, value: float) -> float | None:
        found: object = value
        if target.attribute is not None:
            found = (event.data or {}).get(target.attribute)
        if target.table is not None:
            number = _looked_up(target.table, found)
        elif found is None:
            number = None
        else:
            number = _number(found, target.attribute, limits) if target.attribute else value
        if number is None:
            return target.otherwise
        if target.sign is not None:
            number = float((number > target.sign) - (number < target.sign))
        return number * target.factor + target.offset

    return turn


def _clipped(turned: Turn, least: float, most: float) -> Turn:
    def turn(event: Event, value: float) -> float | None:
        found = turned(event, value)
        return None if found is None else min(max(found, least), most)

    return turn


def _looked_up(table: dict[str, float], found: object) -> float | None:
    if isinstance(found, bool):
        return table.get("true" if found else "false")
    if isinstance(found, int | float):
        return next((to for key, to in table.items() if _same_number(key, found)), None)
    return table.get(found) if isinstance(found, str) else None


def _same_number(key: str, number: float) -> bool:
    try:
        return float(key) == number
    except ValueError:
        return False


def _number(found: object, attribute: str, limits: tuple[float, float]) -> float:
    low, high = limits
    if isinstance(found, int | float) and not isinstance(found, bool) and low <= found <= high:
        return float(found)
    raise EventError(
        f"`data.{attribute}` is {str(found)[:40]}",
        code="value_out_of_range",
        field=f"data.{attribute}",
        expected=f"{low:g} to {high:g}",
    )
