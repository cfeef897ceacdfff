"""The sum: start + Σ w·value."""

from renown.policy import Points, Sum
from renown.scoring.aggregators.aggregator import Cell
from renown.scoring.aggregators.points import PointsAggregator

__all__ = ["SumAggregator"]


class SumAggregator(PointsAggregator):
    """Points without cap and floor, which may have a window."""

    def __init__(self, method: Sum) -> None:
        super().__init__(Points(start=method.start))

    def merge(self, one: Cell, other: Cell) -> Cell:
        """Return both sums together, with one start."""
        return (one[0] + other[0], one[1] + other[1] - self.empty()[1], *one[2:])
