"""What a rule says for a time: effective dates."""

from datetime import datetime
from math import inf
from typing import Literal, Protocol

import msgspec

from renown.policy.rules.matching import WeightCase
from renown.policy.rules.targets import Target, WeightBy

__all__ = ["CHANGEABLE", "Period", "span_of"]


class Period(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From when until when a rule says something else; what is absent here is as the rule says."""

    since: datetime | None = msgspec.field(default=None, name="from")
    """The first moment; from the beginning of time when absent."""
    until: datetime | None = None
    """The first moment after; for ever when absent."""
    value: float | Literal["required", "from_categories"] | None = None
    min: float | None = None
    max: float | None = None
    into: dict[str, float | Target] | None = None
    weight: float | None = None
    weights: tuple[WeightCase, ...] | None = None
    weight_by: WeightBy | None = None
    exempt: bool | None = None


CHANGEABLE = ("value", "min", "max", "into", "weight", "weights", "weight_by", "exempt")
"""What a period can say anew."""


class _Spanning(Protocol):
    @property
    def since(self) -> datetime | None: ...

    @property
    def until(self) -> datetime | None: ...


def span_of(each: _Spanning) -> tuple[float, float]:
    """Return from when until when something holds, in POSIX seconds; the end is not part of it."""
    since, until = each.since, each.until
    return -inf if since is None else since.timestamp(), inf if until is None else until.timestamp()
