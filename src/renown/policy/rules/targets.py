"""What becomes of an event's value on its way into one category: the long form of `into`."""

import msgspec

__all__ = ["Target", "WeightBy"]


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the value comes from, what it is turned into, and what it weighs."""

    weight: float = 1.0
    """As the number in the short form: times the rule's weight."""
    value: float | None = None
    """Always this value, whatever the event says."""
    attribute: str | None = None
    """Take the value from this attribute of the event's `data` instead."""
    table: dict[str, float] | None = None
    """Which value, or word of the attribute, becomes which number."""
    otherwise: float | None = None
    """What becomes of what the table, or the data, lacks; when absent the event adds nothing here."""
    sign: float | None = None
    """Only whether the value lies above this (1), at it (0) or below it (-1)."""
    factor: float = 1.0
    offset: float = 0.0
    """Then the value is multiplied and moved."""
    min: float | None = None
    max: float | None = None
    """The range that an attribute's number must have."""
    clip: tuple[float, float] | None = None
    """What comes of it is kept within these: more than so much one event cannot do."""


class WeightBy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A weight that grows with a number in the event's `data`, such as an amount of money."""

    attribute: str
    per: float = 1.0
    """So much weighs 1."""
    min: float = 0.001
    max: float = 1000.0
    """The least and the most an event weighs by it."""
    missing: float | None = None
    """The weight of an event without it; when absent such an event is refused."""
