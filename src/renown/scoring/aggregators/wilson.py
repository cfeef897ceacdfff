"""The Wilson lower bound: the least share of good ones that the evidence still allows.

With p the share of good ones among n, the bounds are
(p + z²/2n ∓ z·sqrt((p(1 − p) + z²/4n) / n)) / (1 + z²/n)  (E. B. Wilson, 1927). A value between the ends of
the scale is partly good; the bound is told on the scale.
"""

from math import sqrt

from renown.policy import Mean, Scale, Wilson
from renown.scoring.aggregators.aggregator import Cell, Measure, Telling
from renown.scoring.aggregators.mean import MeanAggregator

__all__ = ["WilsonAggregator"]


class WilsonAggregator(MeanAggregator):
    """Cells are those of the mean."""

    telling: Telling = "replay"

    def __init__(self, method: Wilson, scale: Scale) -> None:
        super().__init__(Mean(start=scale.min), scale, method.z)
        self._z = method.z
        self._ends = (scale.min, scale.max)

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return the lower bound; the bottom of the scale without evidence."""
        return self.measure(cell, at, given)[0]

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the lower bound as score and low, and the upper bound."""
        low, high = self._ends
        n = self.mass(cell, at)
        if n <= 0:
            return low, low, high
        p = (super().score(cell, at, given) - low) / (high - low)
        square = self._z * self._z / n
        middle = p + square / 2
        half = sqrt(square * (p * (1 - p) + square / 4))
        below = max(0.0, (middle - half) / (1 + square))
        above = min(1.0, (middle + half) / (1 + square))
        lower = low + (high - low) * below
        return lower, lower, max(lower, min(high, low + (high - low) * above))
