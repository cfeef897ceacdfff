"""A subject with a life, played event by event as a ledger plays it."""

from typing import Any

import msgspec

from renown import scoring
from renown.model import Change, Event
from renown.policy import Policy
from renown.scoring import Moment, Reading, Turned
from renown.scoring.effect import TIME

__all__ = ["DAY", "MONDAY", "Subject"]

DAY = 86_400.0
MONDAY = 20_458 * DAY
"""2026-01-05, a Monday."""


class Subject:
    """Folds events and turns the life; with `timers` each due is turned at its own time."""

    def __init__(self, policy: Policy, *, timers: bool = True) -> None:
        self.policy, self.timers = policy, timers
        self.state, self.life = scoring.empty(policy), scoring.begin_life(policy)
        self.at = 0.0
        self.told: list[tuple[float, Change]] = []
        self.dues: list[tuple[float, float | None]] = []
        self.turned: Turned | None = None
        self.eased = 0
        """After how many turns it was known within what nothing would change."""

    def reading(self, at: float) -> Reading:
        return scoring.read(self.policy, self.state, at)

    def send(self, at: float, kind: str, value: float | None = None, **more: Any) -> list[Change]:
        at, value = float(at), None if value is None else float(value)
        if self.timers:
            self.wait(at)
        counts, incidents = more.pop("counts", True), more.pop("incidents", ())
        subject = f"{self.policy.kind}:1"
        event = Event(kind, subject, value=value, **more)
        before, state = self.reading(at).score, self.state
        if counts:
            said = scoring.interpret(self.policy, event).contributions
            self.state = scoring.fold(self.policy, self.state, said, at)
        reading = self.reading(at)
        return self._turn(
            Moment(
                at,
                reading,
                kind,
                counts,
                reading.score - before,
                value,
                event.data,
                event.actor,
                event.ref,
                incidents,
                lambda time: scoring.read(self.policy, state, time),
            )
        )

    def wait(self, until: float) -> list[Change]:
        """Let time pass, turning at each due in order."""
        changes: list[Change] = []
        while self.life.due is not None and self.life.due <= until:
            changes += self.time(self.life.due)
        return changes

    def time(self, at: float) -> list[Change]:
        """Turn by time alone."""
        return self._turn(Moment(at, self.reading(at), TIME, earlier=self.reading))

    def _turn(self, moment: Moment) -> list[Change]:
        calm = self.turned
        self.turned = scoring.turn(self.policy, self.life, moment)
        if calm is not None:
            # What the turn before has found out saves work, and changes nothing.
            eased = scoring.turn(self.policy, calm.life, moment, calm.calm)
            calm_after, self.eased = eased.calm, self.eased + (eased.calm.box is not None)
            assert msgspec.structs.replace(eased, calm=self.turned.calm) == self.turned
            if calm_after is calm.calm:
                assert _shown(eased) == _shown(calm)
            # What has settled is left out.
            assert set(calm_after.open) <= set(self.turned.calm.open)
            self.turned = eased
        written = scoring.encode_life(self.turned.life)
        self.life = scoring.decode_life(self.policy, written)
        assert self.life == self.turned.life, (self.life, self.turned.life)
        # 1 and 1.0 are the same, but not in writing.
        assert scoring.encode_life(self.life) == written
        self.at = moment.at
        self.dues.append((moment.at, self.turned.due))
        self.told += [(moment.at, change) for change in self.turned.changes]
        return list(self.turned.changes)

    @property
    def tier(self) -> str | None:
        return None if self.turned is None else self.turned.tier

    @property
    def badges(self) -> tuple[str, ...]:
        return () if self.turned is None else self.turned.badges

    @property
    def status(self) -> str | None:
        return None if self.turned is None else self.turned.status


def _shown(turned: Turned) -> tuple[object, ...]:
    return turned.tier, turned.badges, turned.status, turned.status_until
