"""What all windows share: they pass on what they do not change of the aggregator within."""

from abc import abstractmethod

from renown.model import Contribution
from renown.scoring.aggregators.aggregator import Aggregator, Base, Cell, Measure, Telling

__all__ = ["WindowAggregator"]


class WindowAggregator(Base):
    """An aggregator around another one; `looked_at` says which cell of the inner one holds at a time."""

    def __init__(self, inner: Aggregator) -> None:
        self.inner = inner
        self.half_life, self.memory = inner.half_life, inner.memory
        self.telling: Telling = inner.telling

    @abstractmethod
    def looked_at(self, cell: Cell, at: float) -> Cell:
        """Return the inner cell of the contributions within the window at `at`."""

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return the inner one's."""
        return self.inner.prior(given)

    def worth(self, value: float, given: float | None) -> float:
        """Return the inner one's."""
        return self.inner.worth(value, given)

    def shown(self, value: float) -> float:
        """Return the inner one's."""
        return self.inner.shown(value)

    def whole(self, contribution: Contribution) -> float:
        """Return the inner one's."""
        return self.inner.whole(contribution)

    def mass(self, cell: Cell, at: float) -> float:
        """Return the weight within the window."""
        at = self.now(cell, at)
        return self.inner.mass(self.looked_at(cell, at), at)

    def count(self, cell: Cell, at: float) -> int:
        """Return the contributions within the window."""
        at = self.now(cell, at)
        return self.inner.count(self.looked_at(cell, at), at)

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return the score of what is within the window."""
        at = self.now(cell, at)
        return self.inner.score(self.looked_at(cell, at), at, given)

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return score and bounds of what is within the window."""
        at = self.now(cell, at)
        return self.inner.measure(self.looked_at(cell, at), at, given)
