"""Alerts: fired when something holds for long enough, cleared by a condition of their own."""

from math import inf

import msgspec

from renown.model import Change
from renown.policy import Alert, Clear, Policy
from renown.scoring.life.calendar import DAY
from renown.scoring.life.conditions import figure, part_of
from renown.scoring.life.state import AlertState, Moment
from renown.scoring.life.watching import Seen, Watcher, watcher

__all__ = ["Alerts"]

_MINUTE = 60.0
_SPENT = -1.0
"""In place of `since`: it was cleared while its condition held, which must first be false again."""
_MOST_ASKED = 1_000
_NONE = AlertState()
_with = msgspec.structs.replace

_Pair = tuple[Alert, Watcher]


class Alerts:
    """The alerts of a policy made ready."""

    def __init__(self, policy: Policy) -> None:
        self._pairs: list[_Pair] = [(alert, watcher(alert.when)) for alert in policy.alerts]
        self._types = [watch.types for _, watch in self._pairs]
        self.empty = (_NONE,) * len(policy.alerts)
        self._concerned: dict[tuple[str, bool, tuple[int, ...]], tuple[int, ...]] = {}

    def fits(self, states: tuple[AlertState, ...]) -> bool:
        """Tell whether the states were made for these alerts."""
        return len(states) == len(self._pairs)

    def turned(
        self, states: tuple[AlertState, ...], seen: Seen, changes: list[Change]
    ) -> tuple[AlertState, ...]:
        """Return the states after an event, or after time; add what fired and what cleared."""
        event = None if seen.event is None else seen.event.type
        new: list[AlertState] = []
        for pair, state, types in zip(self._pairs, states, self._types, strict=True):
            idle = state.since is None and state.fired is None
            concerns = types is None or event in types or not idle
            new.append(_turned(pair, state, seen, changes) if concerns else state)
        return tuple(new)

    def open(self, states: tuple[AlertState, ...]) -> tuple[int, ...]:
        """Return the places of those that are open, or about to be."""
        return tuple([i for i, each in enumerate(states) if _is_open(each)])

    def concerned(self, still: tuple[int, ...], event: Moment) -> tuple[int, ...]:
        """Return the places of those that an event may concern while the tier stays and no level is reached.

        `still` are those that are open.
        """
        asked = (event.type, bool(event.incidents), still)
        known = self._concerned.get(asked)
        if known is None:
            if len(self._concerned) >= _MOST_ASKED:
                self._concerned.clear()
            pairs = enumerate(self._pairs)
            known = tuple([i for i, (_, watch) in pairs if i in still or watch.minds(*asked[:2])])
            self._concerned[asked] = known
        return known

    def eased(
        self, states: tuple[AlertState, ...], looked: tuple[int, ...], seen: Seen, changes: list[Change]
    ) -> tuple[tuple[AlertState, ...], tuple[int, ...]]:
        """Return the states after an event that concerns those of `looked` alone, and which are open then."""
        new = list(states)
        still: list[int] = []
        for i in looked:
            new[i] = state = _turned(self._pairs[i], states[i], seen, changes)
            if state.since is not None or state.fired is not None:
                still.append(i)
        return tuple(new), tuple(still)

    def due(self, states: tuple[AlertState, ...], at: float) -> float | None:
        """Return when to look again."""
        due: float | None = None
        for pair, state in zip(self._pairs, states, strict=True):
            if state.since is not None or state.fired is not None:
                for time in _times(pair, state):
                    if at < time < (inf if due is None else due):
                        due = time
        return due


def _is_open(state: AlertState) -> bool:
    return state.since is not None or state.fired is not None


def _turned(pair: _Pair, state: AlertState, seen: Seen, changes: list[Change]) -> AlertState:
    alert, watch = pair
    state = watch.noted(state, seen)
    holds = watch.holds(state, seen)
    if state.fired is not None:
        over = _over(pair, state, seen, holds=holds)
        if over is not None:
            changes.append(Change("alert", alert.name, "fired", "cleared", over))
            state = _with(state, fired=None, since=None if state.since is None else _SPENT)
    if watch.momentary:
        return _struck(pair, state, seen, changes) if holds else state
    if not holds:
        return state if state.since is None else _with(state, since=None)
    since = seen.at if state.since is None else state.since
    if state.fired is None and since != _SPENT and seen.at >= _ripe(alert, state, since):
        changes.append(Change("alert", alert.name, None, "fired", watch.why(state, seen)))
        return _with(state, since=since, fired=seen.at, last=seen.at)
    return state if since == state.since else _with(state, since=since)


def _struck(pair: _Pair, state: AlertState, seen: Seen, changes: list[Change]) -> AlertState:
    """Fire an alert about a single moment."""
    alert, watch = pair
    if state.last is not None and seen.at < state.last + alert.debounce_minutes * _MINUTE:
        return state
    before, why = None if state.fired is None else "fired", watch.why(state, seen)
    changes.append(Change("alert", alert.name, before, "fired", why))
    opens = alert.when.incident is not None or alert.clear is not None
    return _with(state, fired=seen.at if opens else None, last=seen.at)


def _ripe(alert: Alert, state: AlertState, since: float) -> float:
    """Return from when on it may fire."""
    held = since + alert.for_minutes * _MINUTE
    return held if state.last is None else max(held, state.last + alert.debounce_minutes * _MINUTE)


def _times(pair: _Pair, state: AlertState) -> list[float]:
    """Return when time alone may change something."""
    alert, watch = pair
    times: list[float] = []
    if state.fired is not None and alert.clear is not None and alert.clear.after_days is not None:
        times.append(state.fired + alert.clear.after_days * DAY)
    if state.since is not None:
        times.append(watch.until(state))
        if state.fired is None and state.since != _SPENT:
            times.append(_ripe(alert, state, state.since))
    return times


def _over(pair: _Pair, state: AlertState, seen: Seen, *, holds: bool) -> str | None:
    """Return why a fired alert is over, None while it is not."""
    alert, watch = pair
    if alert.clear is not None:
        return _cleared(alert, alert.clear, state, seen)
    return watch.over(state, seen, holds=holds)


def _cleared(alert: Alert, clear: Clear, state: AlertState, seen: Seen) -> str | None:
    event, days, fired = seen.event, clear.after_days, state.fired
    if clear.event is not None and event is not None and event.counts and event.type == clear.event:
        return f"`{clear.event}`"
    if days is not None and fired is not None and seen.at >= fired + days * DAY:
        return f"{figure(days)} days are over"
    category = clear.category or alert.when.category or "overall"
    name = "the score" if category == "overall" else f"`{category}`"
    score, _ = part_of(seen.reading, category)
    if clear.score_above is not None and score >= clear.score_above:
        return f"{name} is {figure(score)}, at least {figure(clear.score_above)}"
    if clear.score_below is not None and score <= clear.score_below:
        return f"{name} is {figure(score)}, at most {figure(clear.score_below)}"
    return None
