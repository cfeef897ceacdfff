"""Aggregators: how contributions become a number, each by its own rule, all behind one interface."""

from collections.abc import Callable
from typing import Any

from renown.policy import (
    Aggregating,
    BayesianMean,
    Beta,
    Count,
    Distinct,
    FadingMean,
    Growing,
    Hot,
    Last,
    Max,
    Mean,
    Min,
    Points,
    Quantile,
    ResidualMean,
    Scale,
    Streak,
    Sum,
    Wilson,
)
from renown.scoring.aggregators.aggregator import Aggregator, Cell
from renown.scoring.aggregators.bayesian_mean import BayesianMeanAggregator
from renown.scoring.aggregators.beta import BetaAggregator
from renown.scoring.aggregators.count import CountAggregator
from renown.scoring.aggregators.distinct import DistinctAggregator
from renown.scoring.aggregators.fading_mean import FadingMeanAggregator
from renown.scoring.aggregators.growing import GrowingAggregator
from renown.scoring.aggregators.hot import HotAggregator
from renown.scoring.aggregators.last import LastAggregator
from renown.scoring.aggregators.max import MaxAggregator
from renown.scoring.aggregators.mean import MeanAggregator
from renown.scoring.aggregators.min import MinAggregator
from renown.scoring.aggregators.points import PointsAggregator
from renown.scoring.aggregators.quantile import QuantileAggregator
from renown.scoring.aggregators.residual_mean import ResidualMeanAggregator
from renown.scoring.aggregators.streak import StreakAggregator
from renown.scoring.aggregators.sum import SumAggregator
from renown.scoring.aggregators.wilson import WilsonAggregator
from renown.scoring.aggregators.windows import windowed

__all__ = ["Aggregator", "Cell", "CountAggregator", "FadingMeanAggregator", "PointsAggregator", "aggregator"]

_MAKERS: dict[type[Any], Callable[[Any, Scale, float], Aggregator]] = {
    Points: lambda method, _scale, _z: PointsAggregator(method),
    Mean: MeanAggregator,
    BayesianMean: BayesianMeanAggregator,
    Sum: lambda method, _scale, _z: SumAggregator(method),
    Count: lambda _method, _scale, _z: CountAggregator(),
    Distinct: lambda method, _scale, z: DistinctAggregator(method, z),
    Min: lambda method, scale, _z: MinAggregator(method, scale),
    Max: lambda method, scale, _z: MaxAggregator(method, scale),
    Last: lambda method, scale, _z: LastAggregator(method, scale),
    Quantile: QuantileAggregator,
    Wilson: lambda method, scale, _z: WilsonAggregator(method, scale),
    Beta: BetaAggregator,
    ResidualMean: ResidualMeanAggregator,
    Hot: lambda method, _scale, _z: HotAggregator(method),
    Growing: lambda method, _scale, _z: GrowingAggregator(method),
    Streak: lambda method, _scale, _z: StreakAggregator(method),
}


def aggregator(method: Aggregating, scale: Scale, z: float, floor: float) -> Aggregator:
    """Return the aggregator of a method.

    `z` is the normal quantile of the bounds; `floor` the rater weight up to which a giver vouches for
    nobody.
    """
    if isinstance(method, FadingMean):
        inner: Aggregator = FadingMeanAggregator(method, scale, z, floor)
    else:
        inner = _MAKERS[type(method)](method, scale, z)
    return windowed(inner, getattr(method, "window", None))
