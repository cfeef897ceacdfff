"""Compositions: scores made of other categories' scores."""

from renown.policy import (
    Composing,
    GateOf,
    GeometricMeanOf,
    LowestOf,
    PenaltyOf,
    RatioOf,
    Scale,
    SumOf,
)
from renown.scoring.compositions.composition import Composition, Part, Parts
from renown.scoring.compositions.gate_of import GateOfParts
from renown.scoring.compositions.geometric_mean_of import GeometricMeanOfParts
from renown.scoring.compositions.lowest_of import LowestOfParts
from renown.scoring.compositions.penalty_of import PenaltyOfParts
from renown.scoring.compositions.ratio_of import RatioOfParts
from renown.scoring.compositions.sum_of import SumOfParts

__all__ = ["Composition", "Part", "Parts", "composition"]


def composition(method: Composing, scale: Scale) -> Composition:
    """Return the composition of a method."""
    match method:
        case SumOf():
            return SumOfParts(method)
        case LowestOf():
            return LowestOfParts(method)
        case GeometricMeanOf():
            return GeometricMeanOfParts(method)
        case RatioOf():
            return RatioOfParts(method, scale)
        case GateOf():
            return GateOfParts(method, scale)
        case PenaltyOf():
            return PenaltyOfParts(method)
