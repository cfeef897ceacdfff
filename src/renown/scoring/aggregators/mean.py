"""The plain weighted mean."""

from renown.model import Contribution
from renown.policy import Mean, Scale
from renown.scoring.aggregators.aggregator import Cell
from renown.scoring.aggregators.exact import spread_bounds, units

__all__ = ["MeanAggregator"]

_ONE = units(1.0)


class MeanAggregator:
    """Cells are (count, N, S, Q): the exact sums of w, w·value and w·value²."""

    ordered = False
    half_life = None
    memory = 1.0

    def __init__(self, method: Mean, scale: Scale, z: float) -> None:
        self._low, self._high = scale.min, scale.max
        self._start = (scale.min + scale.max) / 2 if method.start is None else method.start
        self._z = z

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, 0, 0, 0)

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Add the contribution's terms."""
        _ = at
        return _changed(cell, contribution, 1)

    def is_late(self, cell: Cell, at: float) -> bool:
        """Never: sums are exact in any order."""
        _ = cell, at
        return False

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Subtract exactly what folding added."""
        _ = at
        return _changed(cell, contribution, -1)

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return the start and no weight: the first contribution replaces it."""
        _ = given
        return self._start, 0.0

    def mass(self, cell: Cell, at: float) -> float:
        """Return N."""
        _ = at
        return cell[1] / _ONE

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return S / N, or the start without evidence."""
        _ = at, given
        return min(max(cell[2] / cell[1], self._low), self._high) if cell[1] else self._start

    def bounds(self, cell: Cell, at: float, given: float | None, score: float) -> tuple[float, float]:
        """Return the interval of `spread_bounds`."""
        _ = at, given
        n, s, q = cell[1] / _ONE, cell[2] / _ONE, cell[3] / _ONE
        return spread_bounds(
            score=score,
            mass=n,
            spread=q - 2 * score * s + score * score * n,
            prior=(self._start, 0.0),
            z=self._z,
            scale=(self._low, self._high),
        )


def _changed(cell: Cell, contribution: Contribution, sign: int) -> Cell:
    count, n, s, q = cell
    weight = contribution.weight * sign
    weighted = weight * contribution.value
    return (
        count + sign,
        int(n) + units(weight),
        int(s) + units(weighted),
        int(q) + units(weighted * contribution.value),
    )
