"""Exact sums of weights, of values and of squares: what means by weight have in common."""

from renown.model import Contribution
from renown.scoring.aggregators.aggregator import Base, Cell
from renown.scoring.aggregators.exact import Growth, growth_of, sums

__all__ = ["SummingAggregator"]


class SummingAggregator(Base):
    """Cells are (count, N, S, Q): exact integers, with N = Σ w·d, S = Σ w·d·value, Q = Σ w·d·value²."""

    _growth: Growth = growth_of(None)
    """By what terms grow with time, so that d falls with age; without a half-life d is 1."""

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        return (0, 0, 0, 0)

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Add the contribution's terms."""
        count, n, s, q = cell
        # Mostly it is the time of the newest answer: then a call would cost as much as all the rest.
        growth = self._growth
        time, factor, shift = growth.newest
        if time != at and growth.half_life is not None:
            _, factor, shift = growth.at(at)
        value = contribution.value
        weight = contribution.weight * factor
        weighted = weight * value
        return (
            count + 1,
            n + (int(weight) << shift),
            s + (int(weighted) << shift),
            q + (int(weighted * value) << shift),
        )

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Subtract exactly what folding added."""
        count, n, s, q = cell
        one, weight, weighted, squared = self.fold((0, 0, 0, 0), contribution, at)
        return (count - one, n - weight, s - weighted, q - squared)

    def mass(self, cell: Cell, at: float) -> float:
        """Return N at `at`."""
        return sums(cell, at, self._growth)[0]
