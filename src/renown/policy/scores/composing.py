"""Methods that make a score of other categories' scores: nothing is contributed to them."""

import msgspec

__all__ = [
    "COMPOSING",
    "Composing",
    "Condition",
    "GateOf",
    "GeometricMeanOf",
    "LowestOf",
    "Penalty",
    "PenaltyOf",
    "RatioOf",
    "SumOf",
]


class SumOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="sum_of"):
    """The parts' scores, each times its factor, and a constant."""

    parts: dict[str, float]
    constant: float = 0.0
    skip_empty: bool = False
    """Leave parts without contributions out and scale the other factors up to the same sum."""


class LowestOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="lowest_of"):
    """The lowest of the parts' scores: as good as the weakest side."""

    parts: tuple[str, ...]
    skip_empty: bool = False
    """Leave parts without contributions out, unless all are."""


class GeometricMeanOf(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="geometric_mean_of"
):
    """The weighted geometric mean: a very low part cannot be made up for by a high one."""

    parts: dict[str, float]


class RatioOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="ratio_of"):
    """One part's score divided by another's."""

    of: str
    to: str
    factor: float = 1.0
    """100 for percent."""
    empty: float = 0.0
    """What it is when there is nothing to divide by."""


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one part must be; all that is said of it together."""

    part: str
    at_least: float | None = None
    at_most: float | None = None
    min_count: int = 0
    """Contributions it must have."""


class GateOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="gate_of"):
    """One score when the conditions hold and another when they do not."""

    conditions: tuple[Condition, ...]
    need: int | None = None
    """How many of the conditions must hold; all when absent."""
    then: float | str | None = None
    """A number, or a part whose score it is; the top of the scale when absent."""
    otherwise: float | str | None = None
    """The bottom of the scale when absent."""


class Penalty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one part takes away."""

    per: float = 1.0
    """For each 1 of the part's score."""
    most: float | None = None
    """No more than this."""


class PenaltyOf(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="method", tag="penalty_of"
):
    """A base less what the parts take away."""

    base: float | str
    """A number, or a part whose score it is."""
    parts: dict[str, Penalty]
    compress: float | None = None
    """Bend the penalties' sum x to c·(1 − e^(−x/c)), which never reaches c."""


Composing = SumOf | LowestOf | GeometricMeanOf | RatioOf | GateOf | PenaltyOf

COMPOSING = (SumOf, LowestOf, GeometricMeanOf, RatioOf, GateOf, PenaltyOf)
"""The same, for isinstance."""
