"""constant + Σ factor·part."""

from renown.policy import SumOf
from renown.scoring.aggregators.aggregator import Measure
from renown.scoring.compositions.composition import Parts

__all__ = ["SumOfParts"]


class SumOfParts:
    """A part with a factor below 0 is lowest where the sum is highest."""

    def __init__(self, method: SumOf) -> None:
        self._factors = method.parts
        self._constant = method.constant
        self._skip = method.skip_empty

    def combine(self, parts: Parts) -> Measure:
        """Return the sum, and the sums of the ends that make it lowest and highest."""
        factors = self._counting(parts)
        score = low = high = self._constant
        for name, factor in factors.items():
            part = parts[name]
            ends = (part.low, part.high) if factor >= 0 else (part.high, part.low)
            score, low, high = score + factor * part.score, low + factor * ends[0], high + factor * ends[1]
        return score, low, high

    def _counting(self, parts: Parts) -> dict[str, float]:
        if not self._skip:
            return self._factors
        found = {name: factor for name, factor in self._factors.items() if parts[name].events}
        if not found:
            return self._factors
        up = sum(self._factors.values()) / sum(found.values())
        return {name: factor * up for name, factor in found.items()}
