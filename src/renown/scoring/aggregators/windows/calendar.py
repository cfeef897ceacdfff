"""A calendar period in UTC: the one that runs, or the last complete one."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from renown.model import instant
from renown.policy import Window
from renown.scoring.aggregators.aggregator import DAY, LATEST, Aggregator, Cell, moment
from renown.scoring.aggregators.windows.buckets import BucketedWindow

__all__ = ["CalendarWindow"]

_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_DAYS: Final = {"day": (1, 0), "week": (7, 3)}
"""Length in days, and how far 1970-01-01, a Thursday, was into its period."""


class CalendarWindow(BucketedWindow):
    """Buckets are periods, counted from 1970; the newest and the one before it are kept."""

    def __init__(self, inner: Aggregator, window: Window) -> None:
        super().__init__(inner)
        self._back = 1 if window.period == "previous" else 0
        self._index, self._start = _periods(window.calendar or "day")

    def index(self, at: float) -> int:
        """Return the number of the period that a time falls into."""
        return self._index(moment(at))

    def start(self, index: int) -> float:
        """Return when a period begins."""
        return self._start(index)

    def reaches(self, index: int, newest: int) -> bool:
        """Tell whether a period is the newest, or the one before it where that is looked at."""
        return index >= newest - self._back

    def looked_at(self, cell: Cell, at: float) -> Cell:
        """Return the inner cell of the period."""
        wanted = self.index(at) - self._back
        return next((inner for index, inner in cell[1] if index == wanted), self.inner.empty())

    def keeps(self, cell: Cell, at: float, now: float, newer: int) -> bool:
        """Tell whether a time is in the period looked at."""
        _ = newer
        return self.index(at) == self.index(self.now(cell, now)) - self._back

    def next_change(self, cell: Cell, at: float) -> float | None:
        """Return when the next period begins, if that changes what is looked at."""
        running = self.index(self.now(cell, at))
        wanted = running - self._back
        if not any(wanted <= index <= running for index, _ in cell[1]):
            return None
        end = self.start(running + 1)
        return end if at < end <= LATEST else None


def _periods(calendar: str) -> tuple[Callable[[float], int], Callable[[int], float]]:
    if calendar in _DAYS:
        days, into = _DAYS[calendar]
        return (lambda at: int(at // DAY + into) // days), (lambda index: max(0, index * days - into) * DAY)
    months = _MONTHS[calendar]
    return (lambda at: _month(at) // months), (lambda index: _begins(index * months))


def _month(at: float) -> int:
    time = instant(at)
    return (time.year - 1970) * 12 + time.month - 1


def _begins(month: int) -> float:
    return datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()
