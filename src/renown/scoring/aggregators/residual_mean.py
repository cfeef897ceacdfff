"""By how much values lie above or below what is usual: (S − N·m) / (N + W).

m is a constant or the running mean of the kind; W imagined values of exactly m pull the answer towards 0.
"""

from renown.policy import ResidualMean, Scale
from renown.scoring.aggregators.aggregator import Cell, Measure, Telling
from renown.scoring.aggregators.exact import bounds_around, sums
from renown.scoring.aggregators.summing import SummingAggregator

__all__ = ["ResidualMeanAggregator"]


class ResidualMeanAggregator(SummingAggregator):
    """Cells are (count, N, S, Q): the exact sums of w, w·value and w·value²."""

    telling: Telling = "shares"

    def __init__(self, method: ResidualMean, scale: Scale, z: float) -> None:
        apart = scale.max - scale.min
        self._around, self._weight, self._running = method.around, method.weight, method.running
        self._low, self._high = scale.min, scale.max
        self._shape = (-apart, apart, apart**2 / 3, z)

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return 0, neither above nor below, and its weight."""
        _ = given
        return 0.0, self._weight

    def worth(self, value: float, given: float | None) -> float:
        """Return how far the value lies from what is usual."""
        return value - self._usual(given)

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return (S − N·m) / (N + W)."""
        n, s, _ = sums(cell, at, self._growth)
        score = (s - n * self._usual(given)) / (n + self._weight)
        return min(max(score, self._shape[0]), self._shape[1])

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the score with the interval of `bounds_around`."""
        score = self.score(cell, at, given)
        n, s, q = sums(cell, at, self._growth)
        middle = score + self._usual(given)
        spread = q - 2 * middle * s + middle * middle * n
        return score, *bounds_around(score, n, spread, (0.0, self._weight), self._shape)

    def _usual(self, given: float | None) -> float:
        if self._running and given is not None and self._low <= given <= self._high:
            return given
        return self._around
