"""Whether an event is one that a rule is for: `when` and `unless`, made ready once per policy."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from renown.model import Event, kind_of
from renown.policy import Matching, Wanted

__all__ = ["Meets", "all_of", "any_of", "same"]

Meets = Callable[[Event], bool]
"""Whether an event meets a condition."""

_Found = Callable[[Event], object]


def all_of(wanted: Wanted) -> Meets:
    """Return what tells whether an event meets every condition."""
    conditions = _conditions(wanted)
    if len(conditions) == 1:
        return conditions[0]
    return lambda event: all(meets(event) for meets in conditions)


def any_of(wanted: Wanted) -> Meets:
    """Return what tells whether an event meets at least one condition."""
    conditions = _conditions(wanted)
    if len(conditions) == 1:
        return conditions[0]
    return lambda event: any(meets(event) for meets in conditions)


def same(found: object, wanted: object) -> bool:
    """Tell whether two plain values are the same: `true` is neither 1 nor `"true"`."""
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


def _conditions(wanted: Wanted) -> list[Meets]:
    return [_condition(_finder(name), each) for name, each in wanted.items()]


def _finder(name: str) -> _Found:
    if name == "event.actor_kind":
        return lambda event: None if event.actor is None else kind_of(event.actor)
    if name.startswith("event."):
        field = name.removeprefix("event.")
        return lambda event: getattr(event, field)
    return lambda event: event.data.get(name) if event.data else None


def _condition(find: _Found, wanted: Any) -> Meets:
    if not isinstance(wanted, Matching):
        return lambda event: same(find(event), wanted)
    matching, tests = wanted, _tests(wanted)

    def meets(event: Event) -> bool:
        found = find(event)
        if found is None:
            return matching.exists is False
        return matching.exists is not False and all(test(found) for test in tests)

    return meets


def _tests(matching: Matching) -> list[Callable[[object], bool]]:
    tests: list[Callable[[object], bool]] = []
    low, high = matching.at_least, matching.at_most
    if low is not None or high is not None:
        tests.append(_between(-inf if low is None else low, inf if high is None else high))
    above, below = matching.above, matching.below
    if above is not None or below is not None:
        tests.append(_strictly(-inf if above is None else above, inf if below is None else below))
    if matching.one_of is not None:
        tests.append(_among(matching.one_of))
    if matching.none_of is not None:
        among = _among(matching.none_of)
        tests.append(lambda found: not among(found))
    return tests


def _between(low: float, high: float) -> Callable[[object], bool]:
    def test(found: object) -> bool:
        number = _number(found)
        return number is not None and low <= number <= high

    return test


def _strictly(low: float, high: float) -> Callable[[object], bool]:
    def test(found: object) -> bool:
        number = _number(found)
        return number is not None and low < number < high

    return test


def _among(values: Iterable[object]) -> Callable[[object], bool]:
    known = tuple(values)
    return lambda found: any(same(found, each) for each in known)


def _number(found: object) -> float | None:
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None
