"""Bursts: far more of something in 1, 7 or 30 days than the subject's own past makes likely.

For each window the past is what lies before it: every day that leaves the window joins a rate which forgets
by half in `half_life_days`. A past shorter than `usual_days` is filled up with days of the `usual` rate. The
rate is not known exactly, so it is taken as a gamma distribution (Jeffreys' prior and a Poisson count):
a = events + 1/2, b = days. The number of events in w days is then negative binomial with mean a·w/b, and a
window is in alarm when so many or more have a chance below `chance`. With much of a past this is the Poisson
test.

State is bounded: one count per day of the longest window that had an event, and one number for all before it.
Time comes with the events, in any order: a late one is added to the day it belongs to.
"""

from math import ceil, exp, lgamma, log, sqrt

import msgspec

from renown.policy.guarding import BurstGuard
from renown.scoring.guards.sighting import DAY

__all__ = ["BurstAlarm", "BurstTest", "Bursts"]

_TERMS = 200
"""So many terms of a tail are added up; the rest is taken for geometric, which is no less than it is."""
_SURE = 1e-3
"""Chances below this need more than two standard deviations above the mean."""


class BurstAlarm(msgspec.Struct, frozen=True):
    """A window in alarm, with what explains it."""

    days: int
    count: int
    expected: float
    """How many the past led to expect."""
    chance: float
    """Of so many or more."""
    lively: bool
    """Whether it still goes on: a quarter of the window has enough events by itself."""


class Bursts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is remembered of one subject's events: a value, each event makes a new one."""

    first: int
    """The day of the first event, in days since 1970 (UTC)."""
    past: float
    """The faded number of events from before the longest window, as of the newest day."""
    days: tuple[int, ...]
    """The days of the longest window that had events, the newest first."""
    counts: tuple[int, ...]
    """How many each had."""


class BurstTest:
    """The burst guard's numbers, worked out once."""

    def __init__(self, guard: BurstGuard) -> None:
        self._guard = guard
        self._windows = guard.windows
        self._quarters = tuple(ceil(window / 4) for window in guard.windows)
        self._longest = guard.windows[-1]
        self._fade = 2 ** (-1 / guard.half_life_days)
        self._kept = tuple(self._fade**days for days in range(self._longest + 1))

    def seen(self, state: Bursts | None, day: int) -> Bursts:
        """Return the state after one event more on `day`."""
        if state is None:
            return Bursts(day, 0.0, (day,), (1,))
        days, counts = state.days, state.counts
        newest = days[0]
        if day == newest:
            return Bursts(state.first, state.past, days, (counts[0] + 1, *counts[1:]))
        if day > newest:
            past, stay = self._left(state, day)
            return Bursts(state.first, past, (day, *days[:stay]), (1, *counts[:stay]))
        return self._late(state, day)

    def _left(self, state: Bursts, day: int) -> tuple[float, int]:
        """Return the past as of a later day, and how many days are still in the longest window."""
        days = state.days
        past = state.past * self._fade ** (day - days[0]) if state.past else 0.0
        start = day - self._longest
        stay = len(days)
        while stay and days[stay - 1] <= start:
            stay -= 1
            past += state.counts[stay] * self._fade ** (start - days[stay])
        return past, stay

    def _late(self, state: Bursts, day: int) -> Bursts:
        days, counts = state.days, state.counts
        start = days[0] - self._longest
        if day <= start:
            return Bursts(state.first, state.past + self._fade ** (start - day), days, counts)
        place = next((i for i, each in enumerate(days) if each <= day), len(days))
        if place < len(days) and days[place] == day:
            counts = (*counts[:place], counts[place] + 1, *counts[place + 1 :])
            return Bursts(state.first, state.past, days, counts)
        days, counts = (*days[:place], day, *days[place:]), (*counts[:place], 1, *counts[place:])
        return Bursts(state.first, state.past, days, counts)

    def alarms(self, state: Bursts | None, day: int) -> tuple[BurstAlarm, ...]:
        """Return the windows in alarm on `day`, the shortest first; none when all is as usual."""
        if state is None or sum(state.counts) < self._guard.least:
            return ()
        days, counts = state.days, state.counts
        today = max(days[0], day)
        past, stay = self._left(state, today) if today > days[0] else (state.past, len(days))
        found: list[BurstAlarm] = []
        inside, place = 0, 0
        for window, quarter in zip(self._windows, self._quarters, strict=True):
            start = today - window
            while place < stay and days[place] > start:
                inside += counts[place]
                place += 1
            if inside < self._guard.least:
                continue
            before = past * self._kept[self._longest - window]
            for i in range(place, stay):
                before += counts[i] * self._kept[start - days[i]]
            expected, chance = self._likely(inside, before, today - state.first + 1 - window, window)
            if chance < self._guard.chance:
                last = sum(n for d, n in zip(days, counts, strict=True) if d > today - quarter)
                lively = last >= self._guard.least
                found.append(BurstAlarm(window, inside, expected, chance, lively))
        return tuple(found)

    def _likely(self, count: int, before: float, known: int, window: int) -> tuple[float, float]:
        """Return how many were to be expected, and the chance of `count` or more."""
        guard = self._guard
        known_days = (1 - self._fade**known) / (1 - self._fade) if known > 0 else 0.0
        lacking = max(0.0, guard.usual_days - known_days)
        a = before + lacking * guard.usual + 0.5
        b = known_days + lacking
        mean = a * window / b
        # The variance of a negative binomial is mean · (1 + window / b).
        near = mean if guard.chance > _SURE else mean + 2 * sqrt(mean * (1 + window / b))
        return mean, 1.0 if count <= near else _tail(count, a, window / (b + window))

    def quiet_after(self, alarms: tuple[BurstAlarm, ...], state: Bursts) -> float:
        """Return when a burst is over at the latest if nothing more comes, POSIX seconds."""
        quarters = dict(zip(self._windows, self._quarters, strict=True))
        return (state.days[0] + max(quarters[alarm.days] for alarm in alarms)) * DAY


def _tail(count: int, a: float, q: float) -> float:
    """Return P(X >= count) of a negative binomial: pmf(n) = Γ(n+a)/(Γ(a)·n!) · q^n · (1-q)^a."""
    if count <= a * q / (1 - q):
        return 1.0
    ratio = q
    term = exp(lgamma(count + a) - lgamma(a) - lgamma(count + 1) + count * log(q) + a * log(1 - q))
    total = term
    # Above the mean the terms fall, each faster than the one before it, towards the ratio q.
    for n in range(count, count + _TERMS):
        ratio = q * (n + a) / (n + 1)
        term *= ratio
        total += term
        if term <= total * 1e-9:
            return total
    return min(1.0, total + term * ratio / (1 - ratio))
