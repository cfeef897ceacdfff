"""The lowest of the parts."""

from renown.policy import LowestOf
from renown.scoring.aggregators.aggregator import Measure
from renown.scoring.compositions.composition import Parts

__all__ = ["LowestOfParts"]


class LowestOfParts:
    """Score, low and high are the lowest of each."""

    def __init__(self, method: LowestOf) -> None:
        self._names = method.parts
        self._skip = method.skip_empty

    def combine(self, parts: Parts) -> Measure:
        """Return the lowest score, low and high."""
        found = [parts[name] for name in self._names if not self._skip or parts[name].events]
        found = found or [parts[name] for name in self._names]
        return (
            min(part.score for part in found),
            min(part.low for part in found),
            min(part.high for part in found),
        )
