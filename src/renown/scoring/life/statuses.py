"""Statuses: set by events, and ripening with time."""

from typing import Final, cast

from renown.model import Change, Event
from renown.policy import Policy, Ripen
from renown.scoring.life.calendar import DAY
from renown.scoring.life.conditions import figure, hold
from renown.scoring.life.state import Happening, Standstill
from renown.scoring.matching import all_of
from renown.scoring.reading import Reading

__all__ = ["Statuses"]

_MOST_NAMED: Final = 8
"""How many events that name a status are remembered for those that come late."""


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
        self,
        state: Standstill,
        at: float,
        reading: Reading,
        event: Happening | None,
        changes: list[Change],
        *,
        happened: float | None,
    ) -> Standstill:
        """Return the state after an event that counts, or without one (None); add what changed.

        `happened` is when the event happened, where it comes late; None: at `at`.
        """
        if event is not None:
            state = Standstill(state.status, state.since, at, state.named)
            state = self._set(state, at if happened is None else happened, at, event, changes)
        for _ in range(self._most):
            ripe = next(
                (r for r in self._ripen[self.name(state)] if self._is_ripe(r, state, at, reading)), None
            )
            if ripe is None:
                break
            lasted = f"{figure(ripe.after_days)} days are over" if ripe.after_days else "its conditions hold"
            changes.append(Change("status", None, ripe.from_, ripe.to, lasted))
            state = Standstill(self.names.index(ripe.to), at, state.event, state.named)
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

    def _set(
        self, state: Standstill, when: float, at: float, event: Happening, changes: list[Change]
    ) -> Standstill:
        status = state.status
        said = tuple(
            place
            for place, (on, meets) in enumerate(self._on)
            if event.type == on.event and (meets is None or meets(cast(Event, event)))
        )
        if not said:
            return state
        state = self._named(state, when, said)
        before, after = self.names[status], self.name(state)
        if before != after:
            changes.append(Change("status", None, before, after, f"set by `{event.type}`"))
            return Standstill(state.status, when, at, state.named)
        return state

    def _named(self, state: Standstill, when: float, said: tuple[int, ...]) -> Standstill:
        """Return the state with one more event that names a status, as if it had come in time."""
        earlier = [each for each in state.named if each[0] <= when]
        later = state.named[len(earlier) :]
        # Between two of them time may have ripened the status: that stands where it began from the same one.
        was = later[0][2] if later else state.status
        now = self._after(said, was)
        named = [*earlier, (when, said, was)]
        for i, (at, other, before) in enumerate(later):
            ripened = before != (was if i == 0 else self._after(*later[i - 1][1:]))
            begins = before if ripened else now
            named.append((at, other, begins))
            now = self._after(other, begins)
        if later and state.status != self._after(*later[-1][1:]):
            now = state.status
        return Standstill(now, state.since, state.event, tuple(named[-_MOST_NAMED:]))

    def _after(self, said: tuple[int, ...], status: int) -> int:
        """Return what an event makes of a status: the first that fits holds."""
        before = self.names[status]
        fitting = (self._on[place][0] for place in said)
        to = next((on.to for on in fitting if not on.from_ or before in on.from_), before)
        return self.names.index(to)

    def _is_ripe(self, ripe: Ripen, state: Standstill, at: float, reading: Reading) -> bool:
        return at >= _time(ripe, state) and _may(ripe, reading)


def _time(ripe: Ripen, state: Standstill) -> float:
    start = state.since if ripe.since == "status" else max(state.since, state.event)
    return start + ripe.after_days * DAY


def _may(ripe: Ripen, reading: Reading) -> bool:
    if not hold(ripe.when, reading):
        return False
    return not any(hold((each,), reading) for each in ripe.unless)
