"""A quantile, from how much weight lies at each step of the scale.

The answer is the lowest step up to which at least the share q of the weight lies. It is exact for values that
lie on steps and off by at most half a step for others. Weights are exact integers, so order does not matter.
"""

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import sqrt

from renown.model import Contribution
from renown.policy import Quantile, Scale
from renown.scoring.aggregators.aggregator import Base, Cell, Measure, has_pairs
from renown.scoring.aggregators.exact import units

__all__ = ["QuantileAggregator"]


class QuantileAggregator(Base):
    """Cells are (count, pairs of a step's number and the weight there, ascending)."""

    def __init__(self, method: Quantile, scale: Scale, z: float) -> None:
        self._q = Fraction(str(method.q))
        self._step = (scale.max - scale.min) / 100 if method.step is None else method.step
        self._low, self._high = scale.min, scale.max
        self._start = (scale.min + scale.max) / 2 if method.start is None else method.start
        self._z = z

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, ())

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Add the weight at the value's step."""
        _ = at
        return (cell[0] + 1, self._moved(cell[1], contribution, 1))

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Take the weight away again."""
        _ = at
        return (cell[0] - 1, self._moved(cell[1], contribution, -1))

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return the start and no weight."""
        _ = given
        return self._start, 0.0

    def merge(self, one: Cell, other: Cell) -> Cell:
        """Return both together."""
        weights = dict(one[1])
        for step, weight in other[1]:
            weights[step] = weights.get(step, 0) + weight
        return (one[0] + other[0], tuple(sorted(weights.items())))

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return the quantile, or the start."""
        _ = at, given
        return self._at(cell[1], self._q) if cell[1] else self._start

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the quantile between those at q ∓ z·sqrt(q(1−q) / count), the spread of its rank."""
        score = self.score(cell, at, given)
        if not cell[1]:
            return score, self._low, self._high
        q = float(self._q)
        apart = Fraction(self._z * sqrt(q * (1 - q) / cell[0]))
        low, high = self._q - apart, self._q + apart
        return (
            score,
            self._low if low <= 0 else self._at(cell[1], low),
            self._high if high >= 1 else self._at(cell[1], high),
        )

    def fits(self, cell: Cell) -> bool:
        """Tell whether it is a count and pairs."""
        return has_pairs(cell)

    def _moved(
        self, weights: tuple[tuple[int, int], ...], contribution: Contribution, sign: int
    ) -> Sequence[tuple[int, int]]:
        weight = sign * units(contribution.weight)
        if not weight:
            return weights
        step = round((contribution.value - self._low) / self._step)
        i = bisect_left(weights, step, key=lambda pair: pair[0])
        if i == len(weights) or weights[i][0] != step:
            return (*weights[:i], (step, weight), *weights[i:])
        there = weights[i][1] + weight
        middle = ((step, there),) if there else ()
        return (*weights[:i], *middle, *weights[i + 1 :])

    def _at(self, weights: tuple[tuple[int, int], ...], q: Fraction) -> float:
        wanted = q * sum(weight for _, weight in weights)
        upto = accumulate(weight for _, weight in weights)
        step = next(step for (step, _), below in zip(weights, upto, strict=True) if below >= wanted)
        return min(self._low + step * self._step, self._high)
