"""The plain weighted mean: score = S / N."""

from renown.policy import Mean, Scale
from renown.scoring.aggregators.aggregator import Cell, Measure, Telling
from renown.scoring.aggregators.exact import bounds_around, sums
from renown.scoring.aggregators.summing import SummingAggregator

__all__ = ["MeanAggregator"]


class MeanAggregator(SummingAggregator):
    """Cells are (count, N, S, Q): the exact sums of w, w·value and w·value²."""

    telling: Telling = "shares"

    def __init__(self, method: Mean, scale: Scale, z: float) -> None:
        self._low, self._high = scale.min, scale.max
        self._start = (scale.min + scale.max) / 2 if method.start is None else method.start
        self._shape = (scale.min, scale.max, (scale.max - scale.min) ** 2 / 12, z)

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return the start and no weight: the first contribution replaces it."""
        _ = given
        return self._start, 0.0

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return S / N, or the start without evidence."""
        _ = at, given
        return min(max(cell[2] / cell[1], self._low), self._high) if cell[1] else self._start

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the score with the interval of `bounds_around`."""
        score = self.score(cell, at, given)
        n, s, q = sums(cell, at, self._growth)
        spread = q - 2 * score * s + score * score * n
        return score, *bounds_around(score, n, spread, (score, 0.0), self._shape)
