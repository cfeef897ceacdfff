"""Which events a method looks at: the `window` of a `[score]` table."""

from math import ceil
from typing import Literal

import msgspec

__all__ = ["Calendar", "Pick", "Window"]

Calendar = Literal["day", "week", "month", "quarter", "year"]
Pick = Literal["highest", "lowest", "first"]


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exactly one of `days`, `last` and `calendar` says which kind of window it is."""

    days: float | tuple[float, ...] | None = None
    """The last so many days; several lengths, of which `pick` takes one."""
    bucket_days: float | None = None
    """Days are counted in buckets of this width, which is by how much an event may stay too long. When absent
    a thirtieth of the shortest length and at least a four-hundredth of the longest, in whole days."""
    pick: Pick = "highest"
    """Of several lengths the highest score, the lowest, or the first length with enough evidence."""
    min_count: int = 1
    """What is enough for a length to be looked at; when none has it, the longest is."""
    last: int | None = None
    """The newest so many contributions; up to 1000."""
    calendar: Calendar | None = None
    """The calendar period (UTC; weeks begin on Monday)."""
    period: Literal["current", "previous"] = "current"
    """The period that runs, or the last complete one."""

    @property
    def lengths(self) -> tuple[float, ...]:
        """The lengths in days, of a window of days."""
        if self.days is None:
            return ()
        return self.days if isinstance(self.days, tuple) else (self.days,)

    @property
    def bucket(self) -> float:
        """The width of a bucket in days."""
        if self.bucket_days is not None:
            return self.bucket_days
        thirtieth, least = min(self.lengths) / 30, max(self.lengths) / 400
        return max(thirtieth, least) if thirtieth < 1 else float(max(round(thirtieth), ceil(least)))
