"""The moments at which tiers are evaluated and dwelling is noted down; all in UTC."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import ceil, floor, inf

from renown.policy import Cadence, Dates

__all__ = ["DAY", "Moments", "moments_of", "next_day", "next_monday"]

DAY = 86_400.0
_WEEK = 7 * DAY
_MONDAY = 4 * DAY
"""The first Monday after the epoch, which was a Thursday."""

Moments = Callable[[float], float]
"""From a time to the first moment after it, or at it when there is one."""


def next_day(at: float) -> float:
    """Return the first 0:00 at or after `at`."""
    return ceil(at / DAY) * DAY


def next_monday(at: float) -> float:
    """Return the first Monday 0:00 at or after `at`."""
    return ceil((at - _MONDAY) / _WEEK) * _WEEK + _MONDAY


def moments_of(cadence: Cadence) -> Moments | None:
    """Return the moments of a cadence; None: with every event."""
    if isinstance(cadence, Dates):
        return _dates(cadence)
    return {"event": None, "daily": next_day, "weekly": next_monday}[cadence]


def _dates(dates: Dates) -> Moments:
    if dates.weeks is not None:
        apart = dates.weeks * _WEEK
        return lambda at: ceil((at - _MONDAY) / apart) * apart + _MONDAY
    months = frozenset(dates.quarterly or range(1, 13))
    day = dates.monthly or 1
    return lambda at: _next_date(at, months, day)


def _next_date(at: float, months: frozenset[int], day: int) -> float:
    today = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=floor(at / DAY))
    year, month = today.year, today.month
    while year < 10_000:
        if month in months:
            found = datetime(year, month, day, tzinfo=UTC).timestamp()
            if found >= at:
                return found
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return inf
