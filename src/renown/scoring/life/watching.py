"""What alerts are about: one watcher per kind of condition."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import inf
from typing import cast

import msgspec

from renown.model import Event
from renown.policy import AlertWhen, EventMatch, Move, Rate
from renown.scoring.life import marks
from renown.scoring.life.calendar import DAY
from renown.scoring.life.conditions import figure, part_of
from renown.scoring.life.state import Alarm, AlertState, Happening
from renown.scoring.matching import all_of
from renown.scoring.reading import Reading

__all__ = ["Seen", "Watcher", "watcher"]

_NEAR = 1e-9
_with = msgspec.structs.replace


class Seen(msgspec.Struct, frozen=True, gc=False):
    """What alerts look at in one moment."""

    at: float
    reading: Reading
    event: Happening | None
    """None when it is time that turned."""
    counts: bool
    """Whether there is an event, and it counts."""
    delta: float
    """By how much the event changed the overall score."""
    status: str
    fallen: str | None
    """Why the tier has become a lower one, if it has."""
    incidents: tuple[Alarm, ...] = ()
    """Alarms of the guards that begin or go on with the event, or end with it or by time."""


class Watcher(ABC):
    """Looks at one condition."""

    momentary = False
    """Whether it is about a single moment, which cannot last."""
    settles = False
    """Whether nothing becomes of an alert that has fired before an event that it minds, or a limit that a
    score or a count reaches."""
    types: tuple[str, ...] | None = None
    """As long as nothing is open only events of these types concern it; None: every moment does."""

    def minds(self, event: str, incidents: bool) -> bool:
        """Tell whether an event of that type, with incidents or none, concerns it while nothing is open.

        That is to say while the tier stays what it is, and no score or count reaches a limit of the policy.
        """
        _ = incidents
        return self.types is None or event in self.types

    def noted(self, state: AlertState, seen: Seen) -> AlertState:
        """Return the state with what has to be remembered of the moment."""
        _ = seen
        return state

    @abstractmethod
    def holds(self, state: AlertState, seen: Seen) -> bool:
        """Tell whether the condition holds now."""

    @abstractmethod
    def why(self, state: AlertState, seen: Seen) -> str:
        """Return why it holds."""

    def over(self, state: AlertState, seen: Seen, *, holds: bool) -> str | None:
        """Return why an alert without `clear` is over, None while it is not."""
        _ = state, seen
        return None if holds else "it no longer holds"

    def until(self, state: AlertState) -> float:
        """Return until when a condition that holds can hold without an event."""
        _ = state
        return inf


class _Level(Watcher):
    settles = True

    def __init__(self, when: AlertWhen) -> None:
        self._when, self._part = when, when.category or "overall"
        self._name = _name(when.category)

    def minds(self, event: str, incidents: bool) -> bool:
        _ = event, incidents
        return False

    def holds(self, state: AlertState, seen: Seen) -> bool:
        _ = state
        score, count = part_of(seen.reading, self._part)
        when = self._when
        if count < when.min_count:
            return False
        if when.score_below is not None:
            return score < when.score_below
        return when.score_above is not None and score > when.score_above

    def why(self, state: AlertState, seen: Seen) -> str:
        _ = state
        score, when = part_of(seen.reading, self._part)[0], self._when
        if when.score_below is not None:
            return f"{self._name} is {figure(score)}, below {figure(when.score_below)}"
        return f"{self._name} is {figure(score)}, above {figure(when.score_above or 0)}"


class _Moves(Watcher):
    def __init__(self, when: AlertWhen, move: Move, sign: float) -> None:
        self._when, self._move, self._sign = when, move, sign
        self._part, self._name = when.category or "overall", _name(when.category)
        self._whole = self._part == "overall"
        self._length, self._far = move.within_days * DAY, move.points - _NEAR

    def noted(self, state: AlertState, seen: Seen) -> AlertState:
        sign, length, left, before = self._sign, self._length, state.marks, state.level
        level = seen.reading.score if self._whole else part_of(seen.reading, self._part)[0]
        if before is None:
            before = level - seen.delta if self._whole else level
        top = before if (before > level) is (sign > 0) else level
        if not marks.covers(left, seen.at, sign * top, length):
            left = marks.passed(left, seen.at, length)
            left = marks.add_level(left, seen.at, sign * before, length)
            if level != before:
                left = marks.add_level(left, seen.at, sign * level, length)
        return AlertState(state.since, state.fired, state.last, level, left)

    def holds(self, state: AlertState, seen: Seen) -> bool:
        # What was noted last is the score of this very moment.
        far = (self._sign * state.marks[0][1] - (state.level or 0.0)) * self._sign
        if far < self._far:
            return False
        return part_of(seen.reading, self._part)[1] >= self._when.min_count

    def why(self, state: AlertState, seen: Seen) -> str:
        score = part_of(seen.reading, self._part)[0]
        start = self._sign * marks.highest(state.marks)
        far = (start - score) * self._sign
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
        if seen.counts and event is not None and event.type == self._rate.event:
            left = marks.add_event(left, seen.at, self._length)
        return state if left is state.marks else _with(state, marks=left)

    def holds(self, state: AlertState, seen: Seen) -> bool:
        _ = seen
        return sum([number for _, number in state.marks]) >= self._rate.count

    def why(self, state: AlertState, seen: Seen) -> str:
        _ = seen
        count, rate = sum([number for _, number in state.marks]), self._rate
        return f"{figure(count)} × `{rate.event}` within {figure(rate.within_days)} days"

    def until(self, state: AlertState) -> float:
        return marks.count_until(state.marks, self._length, self._rate.count)


class _Happens(Watcher):
    momentary = True
    settles = True

    def __init__(self, match: EventMatch) -> None:
        self._match = match
        self.types = (match.type,)
        self._meets = all_of(match.data) if match.data else None

    def holds(self, state: AlertState, seen: Seen) -> bool:
        _ = state
        event, match = seen.event, self._match
        if event is None or event.type != match.type or not seen.counts:
            return False
        if self._meets is not None and not self._meets(cast(Event, event)):
            return False
        value = event.value
        if match.at_most is not None and (value is None or value > match.at_most):
            return False
        return match.at_least is None or (value is not None and value >= match.at_least)

    def why(self, state: AlertState, seen: Seen) -> str:
        _ = state
        match, value = self._match, None if seen.event is None else seen.event.value
        return f"`{match.type}`" if value is None else f"`{match.type}` of {figure(value)}"


class _TierLost(Watcher):
    momentary = True
    settles = True

    def minds(self, event: str, incidents: bool) -> bool:
        _ = event, incidents
        return False

    def holds(self, state: AlertState, seen: Seen) -> bool:
        _ = state
        return seen.fallen is not None

    def why(self, state: AlertState, seen: Seen) -> str:
        _ = state
        return seen.fallen or ""


class _Incident(Watcher):
    momentary = True
    settles = True

    def __init__(self, guard: str) -> None:
        self._guard = guard

    def minds(self, event: str, incidents: bool) -> bool:
        _ = event
        return incidents

    def holds(self, state: AlertState, seen: Seen) -> bool:
        return state.fired is None and self._told(seen, ends=False) is not None

    def why(self, state: AlertState, seen: Seen) -> str:
        _ = state
        return self._told(seen, ends=False) or ""

    def over(self, state: AlertState, seen: Seen, *, holds: bool) -> str | None:
        _ = state, holds
        return self._told(seen, ends=True)

    def _told(self, seen: Seen, *, ends: bool) -> str | None:
        for incident in seen.incidents:
            if self._guard in (incident.guard, incident.kind) and (incident.phase == "ends") == ends:
                return incident.text
        return None


class _Status(Watcher):
    def __init__(self, status: str) -> None:
        self._status = status

    def holds(self, state: AlertState, seen: Seen) -> bool:
        _ = state
        return seen.status == self._status

    def why(self, state: AlertState, seen: Seen) -> str:
        _ = state
        return f"the status is `{seen.status}`"


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
