"""What an aggregator must promise.

An aggregator turns the contributions to one category into one number. Its state is a cell: a plain
tuple of a few numbers that starts with the count of live contributions. Cells are values: `fold`
and `take_back` return new ones. Every method is O(1).
"""

from typing import Protocol

from renown.model import Contribution

__all__ = ["EARLIEST", "LATEST", "Aggregator", "Cell", "Measure", "moment"]

Cell = tuple[int | float, ...]

Measure = tuple[float, float, float]
"""Score, low and high."""

EARLIEST = 0.0
LATEST = 7_258_118_400.0
"""1970 and 2200: times outside count as these, which bounds every decay."""


def moment(at: float) -> float:
    """Return `at` within the supported years."""
    return EARLIEST if at < EARLIEST else LATEST if at > LATEST else at


class Aggregator(Protocol):
    """Folds contributions to one category and reads the score."""

    ordered: bool
    """Whether the order of contributions matters; when not, `take_back` always succeeds."""

    half_life: float | None
    """Seconds after which a contribution counts half; None: it never fades with time."""

    memory: float
    """What a newer contribution of weight 1 leaves of older ones; 1 when it takes nothing."""

    def empty(self) -> Cell:
        """Return the cell without contributions."""
        ...

    def fold(self, cell: Cell, contribution: Contribution, at: float) -> Cell:
        """Return the cell with one contribution more."""
        ...

    def is_late(self, cell: Cell, at: float) -> bool:
        """Tell whether a contribution at `at` must be folded before some that are in the cell."""
        ...

    def take_back(self, cell: Cell, contribution: Contribution, at: float) -> Cell | None:
        """Return the cell as if the contribution had never been, or None when a refold must tell."""
        ...

    def prior(self, given: float | None) -> tuple[float, float]:
        """Return value and weight of the prior, from the running mean `given` where the policy says so."""
        ...

    def now(self, cell: Cell, at: float) -> float:
        """Return the time that a reading at `at` is for: not before what is in the cell."""
        ...

    def mass(self, cell: Cell, at: float) -> float:
        """Return the weight of all live contributions, faded to `at`."""
        ...

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return the score at `at`; finite, and of a mean on the scale."""
        ...

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the score with its bounds, low ≤ score ≤ high."""
        ...
