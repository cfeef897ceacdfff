"""Windows: an aggregator that looks at some of the contributions only, around any other."""

from renown.policy import Window
from renown.scoring.aggregators.aggregator import Aggregator
from renown.scoring.aggregators.windows.calendar import CalendarWindow
from renown.scoring.aggregators.windows.days import DaysWindow
from renown.scoring.aggregators.windows.newest import NewestWindow

__all__ = ["windowed"]


def windowed(inner: Aggregator, window: Window | None) -> Aggregator:
    """Return the aggregator with the window around it; itself without one."""
    if window is None:
        return inner
    if window.last is not None:
        return NewestWindow(inner, window.last)
    return CalendarWindow(inner, window) if window.calendar is not None else DaysWindow(inner, window)
