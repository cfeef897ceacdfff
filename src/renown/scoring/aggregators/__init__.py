"""Aggregators: how contributions become a number, each by its own rule, all behind one interface."""

from renown.policy import BayesianMean, FadingMean, Mean, Method, Scale
from renown.scoring.aggregators.aggregator import Aggregator, Cell
from renown.scoring.aggregators.bayesian_mean import BayesianMeanAggregator
from renown.scoring.aggregators.fading_mean import FadingMeanAggregator
from renown.scoring.aggregators.mean import MeanAggregator
from renown.scoring.aggregators.points import PointsAggregator

__all__ = [
    "Aggregator",
    "BayesianMeanAggregator",
    "Cell",
    "FadingMeanAggregator",
    "MeanAggregator",
    "PointsAggregator",
    "aggregator",
]


def aggregator(method: Method, scale: Scale, z: float, floor: float) -> Aggregator:
    """Return the aggregator of a method.

    `z` is the normal quantile of the bounds; `floor` the rater weight up to which a giver vouches for
    nobody.
    """
    match method:
        case Mean():
            return MeanAggregator(method, scale, z)
        case BayesianMean():
            return BayesianMeanAggregator(method, scale, z)
        case FadingMean():
            return FadingMeanAggregator(method, scale, z, floor)
        case _:
            return PointsAggregator(method)
