"""The methods by which contributions become a number: the `[score]` table of a policy."""

import msgspec

from renown.policy.scores.aggregating import (
    Beta,
    Count,
    Distinct,
    Growing,
    Hot,
    Last,
    Max,
    Min,
    Quantile,
    ResidualMean,
    Streak,
    Sum,
    Wilson,
)
from renown.policy.scores.composing import Composing
from renown.policy.scores.windows import Window

__all__ = ["UNBOUNDED", "Aggregating", "BayesianMean", "FadingMean", "Mean", "Method", "Points", "Prior"]


class Prior(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is believed before there is evidence: `weight` imagined ratings of `value`."""

    value: float
    """Its value; with `running` only until the kind has its first contribution."""
    weight: float
    """How many ratings of weight 1 it is worth; above 0."""
    running: bool = False
    """Take the running mean of all contributions of the kind instead of `value`."""


class Points(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="points"):
    """A running sum: `start` and everything earned and lost since."""

    start: float = 0.0
    """The score of a subject without events."""
    floor: float | None = None
    """The sum never falls below it: a loss that would is cut, and the rest is not remembered."""
    daily_cap: float | None = None
    """The most that the gains of one UTC day count together, exempt rules aside; losses always count."""


class Mean(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="mean"):
    """The weighted mean, for ever and without a prior."""

    start: float | None = None
    """The score of a subject without events; the middle of the scale when absent."""
    window: Window | None = None


class BayesianMean(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="bayesian_mean"
):
    """The weighted mean of the contributions and a prior; with a half-life old ones count less."""

    prior: Prior
    half_life_days: float | None = None
    """After this many days a contribution counts half; absent: for ever in full."""
    window: Window | None = None


class FadingMean(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="fading_mean"
):
    """A mean that forgets with time and with each newer rating, by that rating's weight."""

    prior: Prior
    memory: float = 0.8
    """What a newer rating of weight 1 leaves of the older ones; a weight w leaves memory^w."""
    half_life_days: float = 180.0
    """After this many days a contribution counts half."""
    window: Window | None = None
    """Of the newest so many contributions only: what is older is forgotten at once."""


Aggregating = (
    Points
    | Mean
    | BayesianMean
    | FadingMean
    | Sum
    | Count
    | Distinct
    | Min
    | Max
    | Last
    | Quantile
    | Wilson
    | Beta
    | ResidualMean
    | Hot
    | Streak
    | Growing
)
"""The methods that contributions go into."""

Method = Aggregating | Composing

UNBOUNDED = (Points, Sum, Count, Distinct, ResidualMean, Hot, Streak, Growing)
"""Methods whose score is no value of the scale; for them the scale says what a gauge should draw."""
