"""What becomes of a score before it is shown: the `[shape]` tables."""

import msgspec

__all__ = ["Pull", "Shape"]


class Pull(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pulls a score towards a constant while there is little to go by: by (n + have) / (n + need)."""

    towards: float
    need: float
    have: float = 0.0
    by: str | None = None
    """The category whose score is n; the count of contributions when absent."""


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """First `pull`, then `map`, then rounding; the end is kept on the scale."""

    pull: Pull | None = None
    map: tuple[tuple[float, float], ...] = ()
    """Points of a rising line from one scale to another; its ends go on level."""
    step: float | None = None
    """Round to multiples of this; halves go up."""
    hysteresis: float = 0.0
    """How much further than half a step a score must go before the rounded one follows."""
