"""The Bayesian mean: evidence and prior weighed together, optionally with a half-life.

score = (S + W·m) / (N + W), with N = Σ w·d, S = Σ w·d·value, d = 2^(−age / half-life), and the prior
worth W ratings of m. This is the shrinkage of IMDb's weighted rating, R·v/(v+W) + m·W/(v+W).
"""

from renown.policy import BayesianMean, Scale
from renown.scoring.aggregators.aggregator import DAY, Cell, Measure, Telling
from renown.scoring.aggregators.exact import (
    bounds_around,
    first_sums,
    growth_of,
    no_earlier,
    sums,
)
from renown.scoring.aggregators.summing import SummingAggregator

__all__ = ["BayesianMeanAggregator"]


class BayesianMeanAggregator(SummingAggregator):
    """Cells are (count, N, S, Q): exact integers, Q the sum of w·d·value²."""

    telling: Telling = "shares"

    def __init__(self, method: BayesianMean, scale: Scale, z: float) -> None:
        days = method.half_life_days
        self.half_life = None if days is None else days * DAY
        self._growth = growth_of(self.half_life)
        self._prior = (method.prior.value, method.prior.weight)
        self._running = method.prior.running
        self._low, self._high = scale.min, scale.max
        self._shape = (scale.min, scale.max, (scale.max - scale.min) ** 2 / 12, z)

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return the prior's value, the running mean where there is one, and its weight."""
        if self._running and given is not None and self._low <= given <= self._high:
            return given, self._prior[1]
        return self._prior

    def now(self, cell: Cell, at: float) -> float:
        """Return the time a reading at `at` is for."""
        return no_earlier(cell, at, self._growth)

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return (S + W·m) / (N + W) at `at`."""
        value, weight = self.prior(given) if self._running else self._prior
        if not cell[0]:
            return value
        n, s = first_sums(cell, at, self._growth)
        score = (s + weight * value) / (n + weight)
        return self._low if score < self._low else self._high if score > self._high else score

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the score with the interval of `bounds_around`."""
        prior = value, weight = self.prior(given) if self._running else self._prior
        n, s, q = sums(cell, at, self._growth)
        score = (s + weight * value) / (n + weight)
        score = self._low if score < self._low else self._high if score > self._high else score
        spread = q - 2 * score * s + score * score * n
        low, high = bounds_around(score, n, spread, prior, self._shape)
        return score, low, high
