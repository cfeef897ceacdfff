"""The Bayesian mean: evidence and prior weighed together, optionally with a half-life.

score = (S + W·m) / (N + W), with N = Σ w·d, S = Σ w·d·value, d = 2^(−age / half-life), and the prior
worth W ratings of m. This is the shrinkage of IMDb's weighted rating, R·v/(v+W) + m·W/(v+W).
"""

from renown.model import Contribution
from renown.policy import BayesianMean, Prior, Scale
from renown.scoring.aggregators.aggregator import Cell
from renown.scoring.aggregators.exact import growth, spread_bounds, units

__all__ = ["BayesianMeanAggregator"]

_DAY = 86_400.0


class BayesianMeanAggregator:
    """Cells are (count, N, S, Q): exact integers, Q the sum of w·d·value²."""

    ordered = False
    memory = 1.0

    def __init__(self, method: BayesianMean, scale: Scale, z: float) -> None:
        days = method.half_life_days
        self.half_life = None if days is None else days * _DAY
        self._prior: Prior = method.prior
        self._low, self._high = scale.min, scale.max
        self._z = z
        self._plain = (units(method.prior.weight), units(method.prior.weight * method.prior.value))

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, 0, 0, 0)

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Add the contribution's terms."""
        return self._changed(cell, contribution, at, 1)

    def is_late(self, cell: Cell, at: float) -> bool:
        """Never: sums are exact in any order."""
        _ = cell, at
        return False

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Subtract exactly what folding added."""
        return self._changed(cell, contribution, at, -1)

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return the prior's value, the running mean where there is one, and its weight."""
        prior = self._prior
        if prior.running and given is not None and self._low <= given <= self._high:
            return given, prior.weight
        return prior.value, prior.weight

    def mass(self, cell: Cell, at: float) -> float:
        """Return N at `at`."""
        factor, shift = growth(at, self.half_life)
        return cell[1] / (units(factor) << shift)

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return (S + W·m) / (N + W) at `at`."""
        value, weight = self.prior(given)
        if self.half_life is None:
            n, s = self._plain if value == self._prior.value else (units(weight), units(weight * value))
        else:
            factor, shift = growth(at, self.half_life)
            n, s = units(weight * factor) << shift, units(weight * value * factor) << shift
        score = (cell[2] + s) / (cell[1] + n)
        return min(max(score, self._low), self._high)

    def bounds(self, cell: Cell, at: float, given: float | None, score: float) -> tuple[float, float]:
        """Return the interval of `spread_bounds`."""
        factor, shift = growth(at, self.half_life)
        one = units(factor) << shift
        n, s, q = cell[1] / one, cell[2] / one, cell[3] / one
        return spread_bounds(
            score=score,
            mass=n,
            spread=q - 2 * score * s + score * score * n,
            prior=self.prior(given),
            z=self._z,
            scale=(self._low, self._high),
        )

    def _changed(self, cell: Cell, contribution: Contribution, at: float, sign: int) -> Cell:
        count, n, s, q = cell
        factor, shift = growth(at, self.half_life)
        weight = contribution.weight * factor * sign
        value = contribution.value
        weighted = weight * value
        return (
            count + sign,
            int(n) + (units(weight) << shift),
            int(s) + (units(weighted) << shift),
            int(q) + (units(weighted * value) << shift),
        )
