"""The beta reputation (Jøsang and Ismail, 2002): E = (r + a) / (r + s + a + b), told on the scale.

A value at the share u of the scale adds w·u to r and w·(1 − u) to s. With a memory below 1 a rating of
weight w first shrinks r and s by memory^w. On the scale that is (S + W·m) / (N + W) with N = r + s,
W = a + b and m the point a / (a + b) of the scale.
"""

from math import sqrt

from renown.model import Contribution
from renown.policy import Beta, Scale
from renown.scoring.aggregators.aggregator import Base, Cell, Measure, Telling
from renown.scoring.aggregators.exact import units

__all__ = ["BetaAggregator"]

_ONE = units(1.0)


class BetaAggregator(Base):
    """Cells are (count, at, N, S): exact integers without forgetting, else as of the newest, at `at`."""

    telling: Telling = "shares"

    def __init__(self, method: Beta, scale: Scale, z: float) -> None:
        self.memory = method.memory
        self.ordered = method.memory < 1
        weight = method.good + method.bad
        self._low, self._range = scale.min, scale.max - scale.min
        self._prior = (scale.min + self._range * (method.good / weight), weight)
        self._one = 1 if self.ordered else _ONE
        self._z = z

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, 0.0, 0.0, 0.0) if self.ordered else (0, 0.0, 0, 0)

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Let the older ones shrink, then add the contribution."""
        count, last, n, s = cell
        weight, weighted = contribution.weight, contribution.weight * contribution.value
        if not self.ordered:
            return (count + 1, last, n + units(weight), s + units(weighted))
        keep = self.memory**weight
        return (count + 1, max(at, last) if count else at, n * keep + weight, s * keep + weighted)

    def is_late(self, cell: Cell, at: float) -> bool:
        """Tell whether something newer has been folded."""
        return at < cell[1] and cell[0] > 0

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Subtract exactly what folding added; with forgetting leave it to a refold."""
        _ = at
        if self.ordered:
            return None
        weighted = contribution.weight * contribution.value
        return (cell[0] - 1, cell[1], cell[2] - units(contribution.weight), cell[3] - units(weighted))

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return the point a / (a + b) of the scale and the weight a + b."""
        _ = given
        return self._prior

    def now(self, cell: Cell, at: float) -> float:
        """Return `at`, or the time of the newest contribution when that is later."""
        return max(at, cell[1]) if self.ordered and cell[0] else at

    def mass(self, cell: Cell, at: float) -> float:
        """Return N."""
        _ = at
        return cell[2] / self._one

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return (S + W·m) / (N + W)."""
        _ = at, given
        value, weight = self._prior
        score = (cell[3] / self._one + weight * value) / (cell[2] / self._one + weight)
        return min(max(score, self._low), self._low + self._range)

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return E ∓ z times the standard deviation of the beta distribution, cut at the scale's ends."""
        score = self.score(cell, at, given)
        e = (score - self._low) / self._range
        n = self.mass(cell, at) + self._prior[1]
        half = self._range * self._z * sqrt(max(0.0, e * (1 - e)) / (n + 1))
        return score, max(self._low, score - half), min(self._low + self._range, score + half)
