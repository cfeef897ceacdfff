"""More methods of the `[score]` table: one struct per aggregator; the means and points are in `methods`."""

from typing import Literal

import msgspec

from renown.policy.scores.windows import Window

__all__ = [
    "Beta",
    "Count",
    "Distinct",
    "Growing",
    "Hot",
    "Last",
    "Max",
    "Min",
    "Quantile",
    "ResidualMean",
    "Streak",
    "Sum",
    "Wilson",
]


class Sum(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="sum"):
    """`start` and the values, each times its weight, added up."""

    start: float = 0.0
    """The score of a subject without events."""
    window: Window | None = None


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="count"):
    """How many contributions there are, whatever their values and weights."""

    window: Window | None = None


class Distinct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="distinct"):
    """How many different actors (refs, values) there are."""

    of: Literal["actor", "ref", "value"] = "actor"
    """What is told apart. An event without it adds nothing."""
    exact: int = 256
    """Exact up to so many; above them an estimate with a standard error of 1/sqrt(exact − 2)."""
    window: Window | None = None


class Min(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="min"):
    """The lowest value."""

    start: float | None = None
    """The score of a subject without events; the top of the scale when absent."""
    window: Window | None = None


class Max(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="max"):
    """The highest value."""

    start: float | None = None
    """The score of a subject without events; the bottom of the scale when absent."""
    window: Window | None = None


class Last(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="last"):
    """The newest value; after `keep_days` without another one, `start` again."""

    start: float | None = None
    """The score of a subject without events; the middle of the scale when absent."""
    keep_days: float | None = None
    """How long a value is believed; for ever when absent."""


class Quantile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="quantile"):
    """The value below which the share `q` of the weight lies."""

    q: float = 0.5
    """0.5 is the median."""
    step: float | None = None
    """Values are told apart by so much; a hundredth of the scale when absent."""
    start: float | None = None
    """The score of a subject without events; the middle of the scale when absent."""
    window: Window | None = None


class Wilson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="wilson"):
    """The lower bound of the share of good ones: careful while there is little evidence."""

    z: float = 1.96
    """How careful: the normal quantile; 1.2816 is one-sided 90 %, 1.96 two-sided 95 %."""
    window: Window | None = None


class Beta(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="beta"):
    """The beta reputation: expected share of good ones, a value in between being partly good."""

    good: float = 1.0
    """Imagined good ones believed beforehand."""
    bad: float = 1.0
    """Imagined bad ones."""
    memory: float = 1.0
    """What a newer rating of weight 1 leaves of the older ones; a weight w leaves memory^w."""
    window: Window | None = None


class ResidualMean(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="residual_mean"
):
    """By how much the values lie above or below what is usual, pulled towards 0 while there are few."""

    around: float
    """What is usual; with `running` only until the kind has its first contribution."""
    weight: float = 4.0
    """How many ratings of exactly what is usual are believed beforehand."""
    running: bool = False
    """Take the running mean of all contributions of the kind instead of `around`."""
    window: Window | None = None


class Hot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="hot"):
    """The logarithm of the sum, plus a bonus for being new that never changes."""

    epoch: float = 0.0
    """The time that has bonus 0, in POSIX seconds."""
    seconds: float = 45_000.0
    """So much later is worth ten times the votes."""
    start: float = 0.0
    """The score of a subject without events."""


class Growing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="growing"):
    """A sum in which everything weighs more the longer it stays open: findings, complaints, debts."""

    after_days: float
    """The age by which half of the growth is reached: the time that one may stay open."""
    more: float = 2.0
    """By how much it grows at most: 1 is twice, 2 three times what it was worth."""
    step_days: float = 1.0
    """It grows in steps of so many days."""


class Streak(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="streak"):
    """Days (UTC) with at least one event."""

    of: Literal["current", "longest", "days"] = "current"
    """The run of days that still goes on, the longest one, or how many days in all."""
    within_days: int = 100
    """Only the last so many days are looked at; up to 400."""
