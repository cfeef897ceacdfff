"""What alerts are about: one watcher per kind of condition."""

from collections.abc import Callable
from math import inf
from typing import cast

import msgspec

from renown.model import Event
from renown.policy import AlertWhen, EventMatch, Move, Rate
from renown.scoring.life import marks
from renown.scoring.life.calendar import DAY
from renown.scoring.life.conditions import figure, part_of
from renown.scoring.life.state import AlertState, Moment
from renown.scoring.matching import all_of
from renown.scoring.reading import Reading

__all__ = ["Seen", "Watcher", "watcher"]

_NEAR = 1e-9
_with = msgspec.structs.replace


class Seen(msgspec.Struct, frozen=True, gc=False):
    """What alerts look at in one moment."""

    at: float
    reading: Reading
    event: Moment | None
    """None when it is time that turned."""
    status: str
    fallen: str | None
    """Why the tier has become a lower one, if it has."""


class Watcher:
    """Looks at one condition."""

    momentary = False
    """Whether it is about a single moment, which cannot last."""
    types: tuple[str, ...] | None = None
    """As long as nothing is open only events of these types concern it; None: every moment does."""

    def noted(self, state: AlertState, seen: Seen) -> AlertState:
        """Return the state with what has to be remembered of the moment."""
        _ = seen
        return state

    def held(self, state: AlertState, seen: Seen) -> str | None:
        """Return why the condition holds now, None when it does not."""
        raise NotImplementedError

    def over(self, state: AlertState, seen: Seen, *, holds: bool) -> str | None:
        """Return why an alert without `clear` is over, None while it is not."""
        _ = state, seen
        return None if holds else "it no longer holds"

    def until(self, state: AlertState) -> float:
        """Return until when a condition that holds can hold without an event."""
        _ = state
        return inf


class _Level(Watcher):
    def __init__(self, when: AlertWhen) -> None:
        self._when, self._part = when, when.category or "overall"
        self._name = _name(when.category)

    def held(self, state: AlertState, seen: Seen) -> str | None:
        _ = state
        score, count = part_of(seen.reading, self._part)
        when = self._when
        if count < when.min_count:
            return None
        if when.score_below is not None:
            low = score < when.score_below
            return f"{self._name} is {figure(score)}, below {figure(when.score_below)}" if low else None
        most = when.score_above
        high = most is not None and score > most
        return f"{self._name} is {figure(score)}, above {figure(most or 0)}" if high else None


class _Moves(Watcher):
    def __init__(self, when: AlertWhen, move: Move, sign: float) -> None:
        self._when, self._move, self._sign = when, move, sign
        self._part, self._name = when.category or "overall", _name(when.category)
        self._length = move.within_days * DAY

    def noted(self, state: AlertState, seen: Seen) -> AlertState:
        event, sign, length = seen.event, self._sign, self._length
        level = part_of(seen.reading, self._part)[0]
        before = state.level
        if before is None:
            before = level - event.delta if event is not None and self._part == "overall" else level
        left = marks.passed(state.marks, seen.at, length)
        left = marks.add_level(left, seen.at, sign * before, length)
        if level != before:
            left = marks.add_level(left, seen.at, sign * level, length)
        return AlertState(state.since, state.fired, state.last, level, left)

    def held(self, state: AlertState, seen: Seen) -> str | None:
        score, count = part_of(seen.reading, self._part)
        start = self._sign * marks.highest(state.marks)
        far = (start - score) * self._sign
        if far < self._move.points - _NEAR or count < self._when.min_count:
            return None
        way, days = "fallen" if self._sign > 0 else "risen", figure(self._move.within_days)
        return f"{self._name} has {way} by {figure(far)} from {figure(start)} within {days} days"

    def until(self, state: AlertState) -> float:
        least = self._sign * (state.level or 0.0) + self._move.points - _NEAR
        return marks.level_until(state.marks, self._length, least)


class _Comes(Watcher):
    def __init__(self, rate: Rate) -> None:
        self._rate, self._length = rate, rate.within_days * DAY
        self.types = (rate.event,)

    def noted(self, state: AlertState, seen: Seen) -> AlertState:
        left, event = marks.passed(state.marks, seen.at, self._length), seen.event
        if event is not None and event.counts and event.type == self._rate.event:
            left = marks.add_event(left, seen.at, self._length)
        return state if left is state.marks else _with(state, marks=left)

    def held(self, state: AlertState, seen: Seen) -> str | None:
        _ = seen
        count, rate = sum(number for _, number in state.marks), self._rate
        if count < rate.count:
            return None
        return f"{figure(count)} × `{rate.event}` within {figure(rate.within_days)} days"

    def until(self, state: AlertState) -> float:
        return marks.count_until(state.marks, self._length, self._rate.count)


class _Happens(Watcher):
    momentary = True

    def __init__(self, match: EventMatch) -> None:
        self._match = match
        self.types = (match.type,)
        self._meets = all_of(match.data) if match.data else None

    def held(self, state: AlertState, seen: Seen) -> str | None:
        _ = state
        event, match = seen.event, self._match
        if event is None or event.type != match.type or not event.counts:
            return None
        if self._meets is not None and not self._meets(cast(Event, event)):
            return None
        value = event.value
        for limit, good in ((match.at_most, -1.0), (match.at_least, 1.0)):
            if limit is not None and (value is None or (value - limit) * good < 0):
                return None
        return f"`{match.type}`" if value is None else f"`{match.type}` of {figure(value)}"


class _TierLost(Watcher):
    momentary = True

    def held(self, state: AlertState, seen: Seen) -> str | None:
        _ = state
        return seen.fallen


class _Incident(Watcher):
    momentary = True

    def __init__(self, guard: str) -> None:
        self._guard = guard

    def held(self, state: AlertState, seen: Seen) -> str | None:
        return None if state.fired is not None else self._told(seen, ends=False)

    def over(self, state: AlertState, seen: Seen, *, holds: bool) -> str | None:
        _ = state, holds
        return self._told(seen, ends=True)

    def _told(self, seen: Seen, *, ends: bool) -> str | None:
        for incident in seen.event.incidents if seen.event is not None else ():
            if self._guard in (incident.guard, incident.kind) and (incident.phase == "ends") == ends:
                return incident.text
        return None


class _Status(Watcher):
    def __init__(self, status: str) -> None:
        self._status = status

    def held(self, state: AlertState, seen: Seen) -> str | None:
        _ = state
        return f"the status is `{seen.status}`" if seen.status == self._status else None


def watcher(when: AlertWhen) -> Watcher:
    """Return what looks at the condition."""
    made: tuple[tuple[object, Callable[[], Watcher]], ...] = (
        (when.drop, lambda: _Moves(when, cast(Move, when.drop), 1.0)),
        (when.rise, lambda: _Moves(when, cast(Move, when.rise), -1.0)),
        (when.rate, lambda: _Comes(cast(Rate, when.rate))),
        (when.event, lambda: _Happens(cast(EventMatch, when.event))),
        (when.tier_lost or None, _TierLost),
        (when.status, lambda: _Status(cast(str, when.status))),
        (when.incident, lambda: _Incident(cast(str, when.incident))),
    )
    return next((make() for said, make in made if said is not None), _Level(when))


def _name(category: str | None) -> str:
    return "the score" if category in (None, "overall") else f"`{category}`"
