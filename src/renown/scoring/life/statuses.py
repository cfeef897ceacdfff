"""Statuses: set by events, and ripening with time."""

from typing import cast

from renown.model import Change, Event
from renown.policy import Policy, Ripen
from renown.scoring.life.calendar import DAY
from renown.scoring.life.conditions import figure, hold
from renown.scoring.life.state import Moment, Standstill
from renown.scoring.matching import all_of
from renown.scoring.reading import Reading

__all__ = ["Statuses"]


class Statuses:
    """The statuses of a policy made ready."""

    def __init__(self, policy: Policy, *, drifts: bool) -> None:
        """Take the statuses; `drifts` says whether scores change with time alone, all the time."""
        rules = policy.status
        self._drifts = drifts
        self._on = tuple(
            (on, all_of(on.data) if on.data else None) for on in (() if rules is None else rules.on)
        )
        ripen = () if rules is None else rules.ripen
        start = "active" if rules is None else rules.start
        self.names = tuple(
            dict.fromkeys([start, *(each.to for each in ripen), *(on.to for on, _ in self._on)])
        )
        self._ripen = {name: tuple(r for r in ripen if r.from_ == name) for name in self.names}
        self._most = len(ripen)
        self.moves = rules is not None
        """Whether there are any but `active`."""

    def fits(self, state: Standstill) -> bool:
        """Tell whether the state was made for these statuses."""
        return 0 <= state.status < len(self.names)

    def name(self, state: Standstill) -> str:
        """Return the status."""
        return self.names[state.status]

    def turned(
        self, state: Standstill, at: float, reading: Reading, event: Moment | None, changes: list[Change]
    ) -> Standstill:
        """Return the state after an event, or after time (None); add what changed."""
        if event is not None and event.counts:
            state = self._set(Standstill(state.status, state.since, at), at, event, changes)
        for _ in range(self._most):
            ripe = next(
                (r for r in self._ripen[self.name(state)] if self._is_ripe(r, state, at, reading)), None
            )
            if ripe is None:
                break
            lasted = f"{figure(ripe.after_days)} days are over" if ripe.after_days else "its conditions hold"
            changes.append(Change("status", None, ripe.from_, ripe.to, lasted))
            state = Standstill(self.names.index(ripe.to), at, state.event)
        return state

    def until(self, state: Standstill, at: float, reading: Reading) -> float | None:
        """Return when the status becomes another one if nothing else happens."""
        times = [
            time
            for ripe in self._ripen[self.name(state)]
            if (time := _time(ripe, state)) > at and _may(ripe, reading)
        ]
        return min(times, default=None)

    def due(self, state: Standstill, at: float, reading: Reading) -> float | None:
        """Return when to look again."""
        if not self._drifts:
            return self.until(state, at, reading)
        times = [time for ripe in self._ripen[self.name(state)] if (time := _time(ripe, state)) > at]
        return min(times, default=None)

    def _set(self, state: Standstill, at: float, event: Moment, changes: list[Change]) -> Standstill:
        before = self.name(state)
        for on, meets in self._on:
            fits = event.type == on.event and (not on.from_ or before in on.from_)
            if fits and (meets is None or meets(cast(Event, event))):
                if on.to == before:
                    return state
                changes.append(Change("status", None, before, on.to, f"set by `{on.event}`"))
                return Standstill(self.names.index(on.to), at, at)
        return state

    def _is_ripe(self, ripe: Ripen, state: Standstill, at: float, reading: Reading) -> bool:
        return at >= _time(ripe, state) and _may(ripe, reading)


def _time(ripe: Ripen, state: Standstill) -> float:
    start = state.since if ripe.since == "status" else max(state.since, state.event)
    return start + ripe.after_days * DAY


def _may(ripe: Ripen, reading: Reading) -> bool:
    if not hold(ripe.when, reading):
        return False
    return not any(hold((each,), reading) for each in ripe.unless)
