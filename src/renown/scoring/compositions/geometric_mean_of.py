"""Π part^(weight / Σ weight)."""

from math import exp, log

from renown.policy import GeometricMeanOf
from renown.scoring.aggregators.aggregator import Measure
from renown.scoring.compositions.composition import Parts

__all__ = ["GeometricMeanOfParts"]


class GeometricMeanOfParts:
    """It rises with every part, so its ends are those of the parts' ends."""

    def __init__(self, method: GeometricMeanOf) -> None:
        self._weights = method.parts

    def combine(self, parts: Parts) -> Measure:
        """Return the mean of the scores, of the lows and of the highs."""
        return (
            self._mean({name: parts[name].score for name in self._weights}),
            self._mean({name: parts[name].low for name in self._weights}),
            self._mean({name: parts[name].high for name in self._weights}),
        )

    def _mean(self, values: dict[str, float]) -> float:
        if any(value <= 0 for value in values.values()):
            return 0.0
        total = sum(weight * log(values[name]) for name, weight in self._weights.items())
        return exp(total / sum(self._weights.values()))
