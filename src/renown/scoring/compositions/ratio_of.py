"""factor · one part / another."""

from renown.policy import RatioOf, Scale
from renown.scoring.aggregators.aggregator import Measure
from renown.scoring.compositions.composition import Parts

__all__ = ["RatioOfParts"]


class RatioOfParts:
    """Where the divisor may be 0 the bounds are the whole scale."""

    def __init__(self, method: RatioOf, scale: Scale) -> None:
        self._of, self._to = method.of, method.to
        self._factor, self._empty = method.factor, method.empty
        self._ends = (scale.min, scale.max)

    def combine(self, parts: Parts) -> Measure:
        """Return the ratio with the least and the largest of the ends."""
        of, to = parts[self._of], parts[self._to]
        score = self._empty if to.score == 0 else self._factor * (of.score / to.score)
        if to.low <= 0 <= to.high:
            return score, *self._ends
        ends = [self._factor * (a / b) for a in (of.low, of.high) for b in (to.low, to.high)]
        return score, min(ends), max(ends)
