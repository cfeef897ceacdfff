"""What is counted in periods that begin with 1970: the newest one, and those that late events tell of."""

from math import ceil
from typing import Final, TypeVar

__all__ = ["counted", "moved", "one_more", "put", "reach_of", "steps_back"]

N = TypeVar("N", int, float)

_MOST: Final = 32
"""So many periods are remembered at most, the newest included."""


def reach_of(tolerance_days: float, days: float) -> int:
    """Return how many periods of so many days are remembered before the newest one."""
    # What is left over when floats are divided makes no period.
    return min(_MOST - 1, ceil(tolerance_days / days - 1e-9))


def steps_back(newest: int, period: int, reach: int) -> int:
    """Return how many periods before the newest an event of `period` counts; below 0 it is in a newer one.

    One of before all that is remembered counts with the newest.
    """
    back = newest - period
    return 0 if back > reach else back


def counted(newest: N, before: tuple[N, ...], back: int) -> N:
    """Return what is counted so many periods back; `before` are those before the newest, the last first."""
    if back == 0:
        return newest
    return before[back - 1] if 0 < back <= len(before) else type(newest)()


def moved(newest: N, before: tuple[N, ...], steps: int, reach: int) -> tuple[N, ...]:
    """Return what lies before a period that comes so many after the newest."""
    empty = (type(newest)(),) * (min(steps, reach + 1) - 1)
    return (*empty, newest, *before)[:reach]


def put(before: tuple[N, ...], back: int, count: N) -> tuple[N, ...]:
    """Return what lies before the newest with this count so many periods back."""
    empty = (type(count)(),) * (back - 1 - len(before))
    return (*before[: back - 1], *empty, count, *before[back:])


def one_more(
    newest: int, count: int, before: tuple[int, ...], period: int, reach: int
) -> tuple[int, int, tuple[int, ...]]:
    """Return the newest period, its count and those before it, with one event of `period` more."""
    back = 0 if newest == period else steps_back(newest, period, reach)
    if back < 0:
        return period, 1, moved(count, before, -back, reach)
    if back:
        return newest, count, put(before, back, counted(count, before, back) + 1)
    return newest, count + 1, before
