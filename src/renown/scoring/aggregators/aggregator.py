"""What an aggregator must promise.

An aggregator turns the contributions to one category into one number. Its state is a cell: a tuple of a
few numbers, or of such tuples, that starts with the count of live contributions. Cells are values:
`fold` and `take_back` return new ones. Every method is O(1), or O(what a bounded window holds).

`Base` has what most aggregators say alike; `Aggregator` is the whole promise.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import reduce
from typing import Any, Literal, Protocol, cast

from renown.model import Contribution

__all__ = [
    "DAY",
    "EARLIEST",
    "LATEST",
    "Aggregator",
    "Base",
    "Cell",
    "Measure",
    "Telling",
    "has_pairs",
    "moment",
]

Cell = tuple[Any, ...]
"""Numbers, and tuples of them up to three deep."""

Telling = Literal["shares", "points", "replay"]
"""How a score is taken apart: by shares of all weight, as a sum of points, or by counting again from
the oldest event on what each one changed."""

DAY = 86_400.0
"""Seconds."""

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

    telling: Telling
    """How `explain` takes the score apart."""

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
        """Return the weight of all contributions that count at `at`, faded to then."""
        ...

    def count(self, cell: Cell, at: float) -> int:
        """Return how many contributions count at `at`."""
        ...

    def keeps(self, cell: Cell, at: float, now: float, newer: int) -> bool:
        """Tell whether a contribution at `at` counts `now`, `newer` later ones being there."""
        ...

    def worth(self, value: float, given: float | None) -> float:
        """Return what a share of all weight is multiplied by to give points."""
        ...

    def shown(self, value: float) -> float:
        """Return a contribution's value as people may see it."""
        ...

    def whole(self, contribution: Contribution) -> float:
        """Return what a contribution adds to a sum."""
        ...

    def merge(self, one: Cell, other: Cell) -> Cell:
        """Return the cell of the contributions of both, `other` being the later ones."""
        ...

    def merged(self, cells: Sequence[Cell]) -> Cell:
        """Return the cell of the contributions of all, the oldest first."""
        ...

    def next_change(self, cell: Cell, at: float) -> float | None:
        """Return the first time after `at` when something stops to count, None if nothing will.

        What fades does so all the time and is not meant.
        """
        ...

    def fits(self, cell: Cell) -> bool:
        """Tell whether a decoded cell has the form of this aggregator's."""
        ...

    def score(self, cell: Cell, at: float, given: float | None) -> float:
        """Return the score at `at`; finite, and of a mean on the scale."""
        ...

    def measure(self, cell: Cell, at: float, given: float | None) -> Measure:
        """Return the score with its bounds, low ≤ score ≤ high."""
        ...


class Base(ABC):
    """What most aggregators say: nothing fades, nothing expires, order does not matter."""

    ordered = False
    half_life: float | None = None
    memory = 1.0
    telling: Telling = "replay"

    @abstractmethod
    def empty(self) -> Cell:
        """Return the cell without contributions."""

    def is_late(self, cell: Cell, at: float) -> bool:
        """Never."""
        _ = cell, at
        return False

    def now(self, cell: Cell, at: float) -> float:
        """Return `at`: nothing fades."""
        _ = cell
        return at

    def mass(self, cell: Cell, at: float) -> float:
        """Return the count: every contribution is full evidence."""
        return float(self.count(cell, at))

    def count(self, cell: Cell, at: float) -> int:
        """Return the live contributions."""
        _ = at
        return int(cell[0])

    def keeps(self, cell: Cell, at: float, now: float, newer: int) -> bool:
        """Always."""
        _ = cell, at, now, newer
        return True

    def worth(self, value: float, given: float | None) -> float:
        """Return the value itself."""
        _ = given
        return value

    def shown(self, value: float) -> float:
        """Return the value itself."""
        return value

    def whole(self, contribution: Contribution) -> float:
        """Return value times weight."""
        return contribution.value * contribution.weight

    def merge(self, one: Cell, other: Cell) -> Cell:
        """Return the sums of both: right for cells that are sums."""
        return tuple([a + b for a, b in zip(one, other, strict=True)])

    def merged(self, cells: Sequence[Cell]) -> Cell:
        """Return all together; where merging is adding, a column at a time."""
        if type(self).merge is Base.merge and cells:
            return tuple(map(sum, zip(*cells, strict=True)))
        return reduce(self.merge, cells, self.empty())

    def next_change(self, cell: Cell, at: float) -> float | None:
        """Never."""
        _ = cell, at
        return None

    def fits(self, cell: Cell) -> bool:
        """Tell whether the cell is as long as an empty one and holds only numbers."""
        return len(cell) == len(self.empty()) and not any(isinstance(each, tuple) for each in cell)


def are_tuples(items: object, length: int) -> bool:
    """Tell whether `items` is a tuple of tuples of `length`."""
    if not isinstance(items, tuple):
        return False
    each = cast(tuple[object, ...], items)
    return all(isinstance(item, tuple) and len(cast(Cell, item)) == length for item in each)


def has_pairs(cell: Cell) -> bool:
    """Tell whether a cell is (count, pairs)."""
    return len(cell) == 2 and not isinstance(cell[0], tuple) and are_tuples(cell[1], 2)
