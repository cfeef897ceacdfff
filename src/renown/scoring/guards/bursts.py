"""Bursts: far more of something in 1, 7 or 30 days than the subject's own past makes likely.

For each window the past is what lies before it: every day that leaves the window joins a rate which forgets
by half in `half_life_days`. A past shorter than `usual_days` is filled up with days of the `usual` rate. The
rate is not known exactly, so it is taken as a gamma distribution (Jeffreys' prior and a Poisson count):
a = events + 1/2, b = days. The number of events in w days is then negative binomial with mean a·w/b, and a
window is in alarm when so many or more have a chance below `chance`. With much of a past this is the Poisson
test.

Someone who becomes popular gets more of everything. So their share of all events of the window must be higher
than it used to be, too: by `sds` standard deviations of a share that is known from as much as there is.

State is bounded: two counts per day of the longest window that had an event, and two numbers for all
before it. Time comes with the events, in any order: a late one is added to the day it belongs to, and one of
before the longest window to the newest, so that nobody hides a burst in the past.
"""

from functools import lru_cache
from math import ceil, exp, lgamma, log, sqrt

import msgspec

from renown.policy.evidence.guarding import BurstGuard
from renown.scoring.guards.sighting import DAY

__all__ = ["BurstAlarm", "BurstTest", "Bursts"]

_TERMS = 200
"""So many terms of a tail are added up; the rest is taken for geometric, which is no less than it is."""
_BELIEF = 10.0
"""The usual share is believed like so many events."""
_SURE = 1e-3
"""Chances below this need more than two standard deviations above the mean."""
_MOST_DAYS = 10_000
"""For so many lengths of a past it is remembered how much is known of it."""


class BurstAlarm(msgspec.Struct, frozen=True, gc=False):
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
    """The faded number of counted events from before the longest window, as of the newest day …"""
    past_all: float
    """… and of all events."""
    days: tuple[int, ...]
    """The days of the longest window that had events, the newest first."""
    counts: tuple[int, ...]
    """How many counted events each had …"""
    volumes: tuple[int, ...]
    """… and how many in all."""


class BurstTest:
    """The burst guard's numbers, worked out once."""

    def __init__(self, guard: BurstGuard) -> None:
        self._least, self._sds, self._chance = guard.least, guard.sds, guard.chance
        self._usual_days, self._usual_events = guard.usual_days, guard.usual
        self._believed = _BELIEF * guard.usual_share
        self._quarters = {window: ceil(window / 4) for window in guard.windows}
        self._downward = tuple(reversed(guard.windows))
        self._shortest, self._longest = guard.windows[0], guard.windows[-1]
        self._fade = 2 ** (-1 / guard.half_life_days)
        self._kept = tuple(self._fade**days for days in range(self._longest + 1))
        self._by_share = guard.sds > 0 and guard.of != "all"
        self._faded_days: dict[int, float] = {}
        self._unknown = tuple([(window, *self._rate(0.0, 0.0, window)) for window in self._downward])
        """What is likely in each window of a subject without a past."""

    def seen(self, state: Bursts | None, day: int, counted: bool = True) -> Bursts:
        """Return the state after one event more on `day`."""
        if state is None:
            return Bursts(day, 0.0, 0.0, (day,), (int(counted),), (1,))
        days, counts, volumes = state.days, state.counts, state.volumes
        newest = days[0]
        if day == newest or day <= newest - self._longest:
            counts = (counts[0] + counted, *counts[1:]) if counted else counts
            volumes = (volumes[0] + 1, *volumes[1:])
            return Bursts(state.first, state.past, state.past_all, days, counts, volumes)
        if day > newest:
            past, past_all, stay = self._left(state, day)
            counts, volumes = (int(counted), *counts[:stay]), (1, *volumes[:stay])
            return Bursts(state.first, past, past_all, (day, *days[:stay]), counts, volumes)
        return self._late(state, day, counted)

    def _left(self, state: Bursts, day: int) -> tuple[float, float, int]:
        """Return both pasts as of a later day, and how many days are still in the longest window."""
        days, past, past_all = state.days, state.past, state.past_all
        if past_all:
            faded = self._fade ** (day - days[0])
            past, past_all = past * faded, past_all * faded
        start = day - self._longest
        stay = len(days)
        while stay and days[stay - 1] <= start:
            stay -= 1
            faded = self._fade ** (start - days[stay])
            past += state.counts[stay] * faded
            past_all += state.volumes[stay] * faded
        return past, past_all, stay

    def _late(self, state: Bursts, day: int, counted: bool) -> Bursts:
        days, counts, volumes = state.days, state.counts, state.volumes
        place = next((i for i, each in enumerate(days) if each <= day), len(days))
        if place < len(days) and days[place] == day:
            counts = (*counts[:place], counts[place] + counted, *counts[place + 1 :])
            volumes = (*volumes[:place], volumes[place] + 1, *volumes[place + 1 :])
        else:
            days = (*days[:place], day, *days[place:])
            counts = (*counts[:place], int(counted), *counts[place:])
            volumes = (*volumes[:place], 1, *volumes[place:])
        return Bursts(state.first, state.past, state.past_all, days, counts, volumes)

    def alarms(self, state: Bursts | None, day: int) -> tuple[BurstAlarm, ...]:
        """Return the windows in alarm on `day`, the longest first; none when all is as usual."""
        least = self._least
        if state is None or (inside := sum(state.counts)) < least:
            return ()
        days, counts, volumes = state.days, state.counts, state.volumes
        before, before_all, place, today = state.past, state.past_all, len(days), days[0]
        volume = sum(volumes)
        if day > today:
            today = day
            before, before_all, place = self._left(state, today)
            inside, volume = sum(counts[:place]), sum(volumes[:place])
        elif not before_all and state.first > today - self._shortest < days[-1]:
            return self._alarms_of_new(state, day, inside, volume)
        found: list[BurstAlarm] = []
        longer, looked_at = self._longest, -1
        usual = most = 0.0
        for window in self._downward:
            start = today - window
            faded = self._kept[longer - window]
            before, before_all = before * faded, before_all * faded
            while place and days[place - 1] <= start:
                place -= 1
                count, every, faded = counts[place], volumes[place], self._kept[start - days[place]]
                inside, volume = inside - count, volume - every
                before, before_all = before + count * faded, before_all + every * faded
            if inside < least:
                break
            longer = window
            lived = today - state.first + 1 - window
            known = self._known(lived) if lived > 0 else 0.0
            # Of a subject without a past the same comes out for every window with the same days in it.
            if place != looked_at or known or before_all:
                usual, sd = self._by_volume(volume, before, before_all)
                # While the rate is little more than a guess, it is the share that has to tell.
                guessed = max(0.0, 1 - known / self._usual_days)
                looked_at, most = place, usual + self._sds * (1 + guessed) * sd
            if inside <= most:
                continue
            expected, chance = self._likely(inside, before, known, window)
            if chance >= self._chance:
                continue
            found.append(
                BurstAlarm(window, inside, max(expected, usual), chance, self._is_lively(state, day, window))
            )
        return tuple(found)

    def _alarms_of_new(self, state: Bursts, day: int, inside: int, volume: int) -> tuple[BurstAlarm, ...]:
        """Return the windows in alarm of a subject whose whole life lies in the shortest window.

        There is no past, and all windows hold the same: one look at the share is enough for most.
        """
        usual, sd = self._by_volume(volume, 0.0, 0.0)
        if inside <= usual + self._sds * 2 * sd:
            return ()
        found: list[BurstAlarm] = []
        for window, expected, near, a, q in self._unknown:
            if inside > near and (chance := _tail(inside, a, q)) < self._chance:
                lively = self._is_lively(state, day, window)
                found.append(BurstAlarm(window, inside, max(expected, usual), chance, lively))
        return tuple(found)

    def _is_lively(self, state: Bursts, day: int, window: int) -> bool:
        """Tell whether the quarter of a window that `day` ends, and what came since, have enough events."""
        days, counts, last, place = state.days, state.counts, 0, 0
        if day <= days[0] - self._longest:
            day = days[0]
        quarter = day - self._quarters[window]
        while place < len(days) and days[place] > quarter:
            last += counts[place]
            place += 1
        return last >= self._least

    def _known(self, days: int) -> float:
        """Return how many days of the past are known, faded."""
        known = self._faded_days.get(days)
        if known is None:
            known = (1 - self._fade**days) / (1 - self._fade)
            if len(self._faded_days) < _MOST_DAYS:
                self._faded_days[days] = known
        return known

    def _likely(self, count: int, before: float, known: float, window: int) -> tuple[float, float]:
        """Return how many were to be expected by the past rate, and the chance of `count` or more."""
        mean, near, a, q = self._rate(before, known, window)
        return mean, 1.0 if count <= near else _tail(count, a, q)

    def _rate(self, before: float, known: float, window: int) -> tuple[float, float, float, float]:
        """Return how many are to be expected, how many are not looked at closely, and what `_tail` asks."""
        lacking = max(0.0, self._usual_days - known)
        a = before + lacking * self._usual_events + 0.5
        b = known + lacking
        mean = a * window / b
        # The variance of a negative binomial is mean · (1 + window / b).
        near = mean if self._chance > _SURE else mean + 2 * sqrt(mean * (1 + window / b))
        return mean, near, a, window / (b + window)

    def _by_volume(self, volume: int, before: float, before_all: float) -> tuple[float, float]:
        """Return how many were to be expected of so many events, and their standard deviation."""
        if not self._by_share:
            return 0.0, 0.0
        known = before_all + _BELIEF
        share = (before + self._believed) / known
        expected = volume * share
        return expected, sqrt(expected * (1 - share) * (1 + volume / known))

    def quiet_after(self, alarms: tuple[BurstAlarm, ...], state: Bursts) -> float:
        """Return when a burst is over at the latest if nothing more comes, POSIX seconds."""
        return (state.days[0] + max([self._quarters[alarm.days] for alarm in alarms])) * DAY


@lru_cache(maxsize=4096)
def _tail(count: int, a: float, q: float) -> float:
    """Return P(X >= count) of a negative binomial: pmf(n) = Γ(n+a)/(Γ(a)·n!) · q^n · (1-q)^a.

    Of subjects without much of a past the same is asked again and again.
    """
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
