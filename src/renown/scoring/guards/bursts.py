"""Bursts: far more of something in 1, 7 or 30 days than the subject's own past makes likely.

For each window the past is what lies before it: every day that leaves the window joins a rate which forgets
by half in `half_life_days`. A past shorter than `usual_days` is filled up with days of the `usual` rate. The
rate is not known exactly, so it is taken as a gamma distribution (Jeffreys' prior and a Poisson count):
a = events + 1/2, b = days. The number of events in w days is then negative binomial with mean a·w/b, and a
window is in alarm when so many or more have a chance below `chance`. With much of a past this is the Poisson
test.

State is of constant size: one count per day of the longest window, and two numbers per window. Time comes
with the events, in any order: a late one is added to the day it belongs to.
"""

from math import exp, floor, lgamma, log

import msgspec

__all__ = ["BurstAlarm", "BurstRule", "Bursts"]

_DAY = 86_400.0
_WINDOWS: tuple[int, ...] = (1, 7, 30)
_LONGEST = _WINDOWS[-1]


class BurstRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When to call it a burst."""

    chance: float = 3e-4
    """The alarm sounds when the past makes what is seen less likely than this."""
    half_life_days: float = 90.0
    """How fast the past is forgotten."""
    usual: float = 0.01
    """Events per day of a subject nothing is known of."""
    usual_days: float = 90.0
    """How long a past must be to stand by itself."""
    least: int = 3
    """Fewer events than this in a window are never a burst."""


class BurstAlarm(msgspec.Struct, frozen=True):
    """A window in alarm, with what explains it."""

    days: int
    count: int
    expected: float
    """How many the past led to expect."""
    chance: float
    """Of so many or more."""


class Bursts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is remembered of one subject's events: a value, each event makes a new one."""

    day: int | None = None
    """The newest day with an event, in days since 1970 (UTC); None before the first."""
    counts: tuple[int, ...] = (0,) * _LONGEST
    """Events per day, the newest day first."""
    events: tuple[float, ...] = (0.0,) * len(_WINDOWS)
    """Per window: the faded number of events before it."""
    days: tuple[float, ...] = (0.0,) * len(_WINDOWS)
    """Per window: the faded number of days before it, since the first event."""
    age: int = 0
    """Days from the first event's to the newest."""

    def seen(self, rule: BurstRule, at: float, amount: int = 1) -> "Bursts":
        """Return the state after `amount` events at `at` (POSIX seconds); -1 takes one back."""
        today = floor(at / _DAY)
        if self.day is None:
            return Bursts(today, (max(0, amount), *self.counts[1:]))
        now = self._at(rule, today)
        behind = (now.day or 0) - today
        counts, events = list(now.counts), list(now.events)
        if behind < _LONGEST:
            counts[behind] = max(0, counts[behind] + amount)
        fade = 2 ** (-1 / rule.half_life_days)
        for i, window in enumerate(_WINDOWS):
            if behind >= window:
                events[i] = max(0.0, events[i] + amount * fade ** (behind - window))
        return Bursts(now.day, tuple(counts), tuple(events), now.days, now.age)

    def alarms(self, rule: BurstRule, at: float) -> tuple[BurstAlarm, ...]:
        """Return the windows in alarm at `at`, the shortest first; none when all is as usual."""
        if self.day is None:
            return ()
        now = self._at(rule, floor(at / _DAY))
        found: list[BurstAlarm] = []
        for i, window in enumerate(_WINDOWS):
            count = sum(now.counts[:window])
            if count < rule.least:
                continue
            lacking = max(0.0, rule.usual_days - now.days[i])
            a = now.events[i] + lacking * rule.usual + 0.5
            b = now.days[i] + lacking
            chance = _tail(count, a, window / (b + window))
            if chance < rule.chance:
                found.append(BurstAlarm(window, count, a * window / b, chance))
        return tuple(found)

    def _at(self, rule: BurstRule, today: int) -> "Bursts":
        """Return the state as of a day; itself when that day is not after the newest."""
        if self.day is None or today <= self.day:
            return self
        fade = 2 ** (-1 / rule.half_life_days)
        events, days = list(self.events), list(self.days)
        passed = today - self.day
        for i, window in enumerate(_WINDOWS):
            # Those that leave, oldest first, are faded to the day on which the newest of them left.
            leaving = self.counts[max(0, window - passed) : window]
            kept = fade**passed
            late = passed - len(leaving)
            left = sum([count * fade ** (late + j) for j, count in enumerate(leaving)])
            events[i] = events[i] * kept + left
            # Days since the first event only: while the window reaches before it, none leave.
            new = min(passed, max(0, self.age + passed + 1 - window))
            days[i] = days[i] * kept + (1 - fade**new) / (1 - fade)
        counts = ((0,) * min(passed, _LONGEST) + self.counts)[:_LONGEST]
        return Bursts(today, counts, tuple(events), tuple(days), self.age + passed)


def _tail(count: int, a: float, q: float) -> float:
    """Return P(X >= count) of a negative binomial: pmf(n) = Γ(n+a)/(Γ(a)·n!) · q^n · (1-q)^a."""
    if count <= a * q / (1 - q):
        return 1.0
    term = exp(lgamma(count + a) - lgamma(a) - lgamma(count + 1) + count * log(q) + a * log(1 - q))
    total, n = term, count
    # Above the mean the terms fall faster and faster, towards the ratio q.
    while term > total * 1e-9:
        term *= q * (n + a) / (n + 1)
        total += term
        n += 1
    return total
