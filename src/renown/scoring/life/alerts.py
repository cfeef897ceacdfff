"""Alerts: fired when something holds for long enough, cleared by a condition of their own."""

from math import inf

import msgspec

from renown.model import Change
from renown.policy import Alert, Clear, Policy
from renown.scoring.life.calendar import DAY
from renown.scoring.life.conditions import figure, part_of
from renown.scoring.life.state import AlertState
from renown.scoring.life.watching import Seen, Watcher, watcher

__all__ = ["Alerts", "Concerned"]

_MINUTE = 60.0
_SPENT = -1.0
"""In place of `since`: it was cleared while its condition held, which must first be false again."""
_MOST_ASKED = 1_000
_NONE = AlertState()
_with = msgspec.structs.replace


class _Ready:
    """An alert made ready."""

    __slots__ = ("alert", "apart", "clear", "ends", "lasts", "notes", "settles", "watch")

    def __init__(self, alert: Alert) -> None:
        self.alert = alert
        self.watch: Watcher = watcher(alert.when)
        self.clear = clear = alert.clear
        self.lasts, self.apart = alert.for_minutes * _MINUTE, alert.debounce_minutes * _MINUTE
        self.ends = None if clear is None or clear.after_days is None else clear.after_days * DAY
        """After how many seconds it is over by itself."""
        self.settles = self.watch.settles and self.ends is None and (clear is None or clear.event is None)
        """Whether nothing becomes of it, once it has fired, before what it minds or a limit of the policy."""
        self.notes = type(self.watch).noted is not Watcher.noted
        """Whether anything of a moment has to be remembered."""


Concerned = tuple[tuple[int, _Ready], ...]
"""Alerts with their places."""


class Alerts:
    """The alerts of a policy made ready."""

    def __init__(self, policy: Policy) -> None:
        self._all = tuple(map(_Ready, policy.alerts))
        self.empty = (_NONE,) * len(policy.alerts)
        self._concerned: dict[tuple[str, bool, tuple[int, ...]], Concerned] = {}

    def fits(self, states: tuple[AlertState, ...]) -> bool:
        """Tell whether the states were made for these alerts."""
        return len(states) == len(self._all)

    def turned(
        self, states: tuple[AlertState, ...], seen: Seen, changes: list[Change]
    ) -> tuple[AlertState, ...]:
        """Return the states after an event, or after time; add what fired and what cleared."""
        event = None if seen.event is None else seen.event.type
        new = list(states)
        for i, ready in enumerate(self._all):
            state, watch = states[i], ready.watch
            is_open = state.since is not None or state.fired is not None
            if watch.types is not None and event not in watch.types and not is_open:
                continue
            if ready.notes:
                new[i] = state = watch.noted(state, seen)
            holds = watch.holds(state, seen)
            if holds or is_open:
                new[i] = _decided(ready, state, seen, changes, holds=holds)
        return tuple(new)

    def open(self, states: tuple[AlertState, ...]) -> tuple[int, ...]:
        """Return the places of those that are open, or about to be."""
        return tuple([i for i, each in enumerate(states) if each.since is not None or each.fired is not None])

    def concerned(self, still: tuple[int, ...], event: str, *, incidents: bool) -> Concerned:
        """Return those that an event of a type may concern while the tier stays and no limit is reached.

        `still` are the places of those that are open, and not settled.
        """
        asked = (event, incidents, still)
        known = self._concerned.get(asked)
        if known is None:
            if len(self._concerned) >= _MOST_ASKED:
                self._concerned.clear()
            each = enumerate(self._all)
            known = tuple([(i, ready) for i, ready in each if i in still or ready.watch.minds(*asked[:2])])
            self._concerned[asked] = known
        return known

    def eased(
        self, states: tuple[AlertState, ...], concerned: Concerned, seen: Seen, changes: list[Change]
    ) -> tuple[tuple[AlertState, ...], tuple[int, ...], float | None]:
        """Return the states after an event that concerns those alone, which are open then, and when to look.

        One that has fired and stayed as it was is settled until a limit is reached: it is left out.
        """
        new = list(states)
        still: list[int] = []
        due = inf
        for i, ready in concerned:
            before = states[i]
            state = ready.watch.noted(before, seen) if ready.notes else before
            holds = ready.watch.holds(state, seen)
            since, fired = state.since, state.fired
            if holds or since is not None or fired is not None:
                if not holds or since is None or fired is None or ready.clear is not None:
                    state = _decided(ready, state, seen, changes, holds=holds)
                    since, fired = state.since, state.fired
                # Else it goes on as it did.
                settled = ready.settles and fired is not None and state is before
                if not settled and (fired is not None or since is not None):
                    still.append(i)
                    due = min(due, _next(ready, state, seen.at))
            new[i] = state
        return tuple(new), tuple(still), None if due == inf else due

    def due(self, states: tuple[AlertState, ...], still: tuple[int, ...], at: float) -> float | None:
        """Return when to look again; `still` are the places of those that are open."""
        due = inf
        for i in still:
            due = min(due, _next(self._all[i], states[i], at))
        return None if due == inf else due


def _decided(
    ready: _Ready, state: AlertState, seen: Seen, changes: list[Change], *, holds: bool
) -> AlertState:
    """Return what becomes of one that is open, or whose condition holds."""
    watch = ready.watch
    if state.fired is not None:
        over = _over(ready, state, seen, holds=holds)
        if over is not None:
            changes.append(Change("alert", ready.alert.name, "fired", "cleared", over))
            state = _with(state, fired=None, since=None if state.since is None else _SPENT)
    if watch.momentary:
        return _struck(ready, state, seen, changes) if holds else state
    if not holds:
        return state if state.since is None else _with(state, since=None)
    since = seen.at if state.since is None else state.since
    if state.fired is None and since != _SPENT and seen.at >= _ripe(ready, state, since):
        changes.append(Change("alert", ready.alert.name, None, "fired", watch.why(state, seen)))
        return _with(state, since=since, fired=seen.at, last=seen.at)
    return state if since == state.since else _with(state, since=since)


def _struck(ready: _Ready, state: AlertState, seen: Seen, changes: list[Change]) -> AlertState:
    """Fire an alert about a single moment."""
    alert = ready.alert
    if state.last is not None and seen.at < state.last + ready.apart:
        return state
    before, why = None if state.fired is None else "fired", ready.watch.why(state, seen)
    changes.append(Change("alert", alert.name, before, "fired", why))
    opens = alert.when.incident is not None or alert.clear is not None
    return _with(state, fired=seen.at if opens else None, last=seen.at)


def _ripe(ready: _Ready, state: AlertState, since: float) -> float:
    """Return from when on it may fire."""
    held = since + ready.lasts
    return held if state.last is None else max(held, state.last + ready.apart)


def _next(ready: _Ready, state: AlertState, at: float) -> float:
    """Return when time alone may change something next, after `at`."""
    due = inf
    if state.fired is not None and ready.ends is not None and state.fired + ready.ends > at:
        due = state.fired + ready.ends
    if state.since is None:
        return due
    until = ready.watch.until(state)
    if at < until < due:
        due = until
    if state.fired is None and state.since != _SPENT:
        ripe = _ripe(ready, state, state.since)
        if at < ripe < due:
            due = ripe
    return due


def _over(ready: _Ready, state: AlertState, seen: Seen, *, holds: bool) -> str | None:
    """Return why a fired alert is over, None while it is not."""
    if ready.clear is not None:
        return _cleared(ready.alert, ready.clear, state, seen)
    return ready.watch.over(state, seen, holds=holds)


def _cleared(alert: Alert, clear: Clear, state: AlertState, seen: Seen) -> str | None:
    event, days, fired = seen.event, clear.after_days, state.fired
    if clear.event is not None and event is not None and seen.counts and event.type == clear.event:
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
