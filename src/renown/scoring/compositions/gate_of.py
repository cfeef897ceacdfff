"""One score when enough conditions hold, another when not."""

from math import inf

from renown.policy import Condition, GateOf, Scale
from renown.scoring.aggregators.aggregator import Measure
from renown.scoring.compositions.composition import Part, Parts

__all__ = ["GateOfParts"]


class GateOfParts:
    """Its bounds hold both scores unless the parts' bounds already decide."""

    def __init__(self, method: GateOf, scale: Scale) -> None:
        self._conditions = method.conditions
        self._need = len(method.conditions) if method.need is None else method.need
        self._then = scale.max if method.then is None else method.then
        self._otherwise = scale.min if method.otherwise is None else method.otherwise

    def combine(self, parts: Parts) -> Measure:
        """Return the score that the conditions decide for."""
        asked = [(each, parts[each.part]) for each in self._conditions]
        holds = sum(_within(each, part, part.score, part.score) for each, part in asked) >= self._need
        surely = sum(_within(each, part, part.low, part.high) for each, part in asked) >= self._need
        possibly = sum(_within(each, part, part.high, part.low) for each, part in asked) >= self._need
        then, otherwise = _measure(self._then, parts), _measure(self._otherwise, parts)
        score = then[0] if holds else otherwise[0]
        ends = [*(then[1:] if possibly else ()), *(() if surely else otherwise[1:]), score]
        return score, min(ends), max(ends)


def _within(condition: Condition, part: Part, low: float, high: float) -> bool:
    least = -inf if condition.at_least is None else condition.at_least
    most = inf if condition.at_most is None else condition.at_most
    return least <= low and high <= most and part.events >= condition.min_count


def _measure(value: float | str, parts: Parts) -> Measure:
    return parts[value][:3] if isinstance(value, str) else (value, value, value)
