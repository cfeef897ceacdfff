"""Which events a rule is for: `when` and `unless`, what an attribute must be, weights by attribute."""

import msgspec

__all__ = ["Matching", "Plain", "Wanted", "WeightCase"]

Plain = bool | int | float | str


class Matching(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an attribute must be; all that is given must hold. What is absent meets only `exists = false`."""

    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    """For numbers; anything else does not meet them."""
    one_of: tuple[Plain, ...] | None = None
    """One of these, exactly: `true` is neither 1 nor `"true"`."""
    none_of: tuple[Plain, ...] | None = None
    """There, and none of these."""
    exists: bool | None = None
    """Whether there is such an attribute at all; null is none."""


Wanted = dict[str, bool | int | float | str | Matching]
"""By attribute of `data`, or `event.value`, `event.ref`, `event.actor`, `event.actor_kind`."""


class WeightCase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A weight that holds when the event has all the given attributes."""

    when: Wanted
    weight: float
