"""What a composition must promise: a score of others' scores, with bounds that hold if theirs do."""

from typing import NamedTuple, Protocol

from renown.scoring.aggregators.aggregator import Measure

__all__ = ["Composition", "Part", "Parts"]


class Part(NamedTuple):
    """What a composition may know of a category."""

    score: float
    low: float
    high: float
    events: int
    """Its contributions; of a composed one those of its parts together."""
    mass: float
    """Their weight, faded to the time of reading."""


Parts = dict[str, Part]


class Composition(Protocol):
    """Makes a score of the parts' scores."""

    def combine(self, parts: Parts) -> Measure:
        """Return score, low and high; pure, and finite for finite parts."""
        ...
