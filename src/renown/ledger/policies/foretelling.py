"""What a switch would do to one subject now: the rows that it would add, for a replay to fold.

A subject that shows something else under other rules, as of its newest event, is told of the switch when it
happens: by an event of that moment, before which holds that are over by then end.
"""

from typing import Final

import msgspec

from renown import scoring
from renown.ledger.folding.forms import Folded
from renown.ledger.folding.living import face_of
from renown.ledger.policies.switched import shown
from renown.ledger.views import basis_json, basis_of, cause_of, encode, standing_of
from renown.ledger.writing.prepared import internal
from renown.model import Basis, Event, Standing, instant, timestamp
from renown.policy import Policy
from renown.stores import EventRow

__all__ = ["Foretelling"]

_standing: Final = msgspec.json.Decoder(Standing)
_NOTHING: Final = {
    "actor": None,
    "pair": None,
    "ref": None,
    "value": None,
    "contributions": b"[]",
    "score": 0.0,
    "delta": 0.0,
    "ended_at": None,
    "ended_by": None,
    "ended_version": None,
    "changes": None,
    "held_at": None,
    "held_by": None,
    "held_until": None,
    "held_share": None,
    "held_why": None,
}


class Foretelling:
    """Called by a replay for what else is to be folded, each time it has folded all there was."""

    def __init__(self, policy: Policy, before: Standing, *, now: float, prior: dict[str, float]) -> None:
        """`before` is what is shown, `prior` what is believed of the kind at the moment `now`."""
        self._policy = policy
        self._before = before
        self._now = now
        self._prior = prior
        self._differs: bool | None = None
        self._ended: float | None = None
        self._told = False

    def __call__(self, folded: Folded, newest: EventRow) -> EventRow | None:
        """Return the next row; None when there is none."""
        if self._differs is None:
            self._differs = shown(self._before) != shown(self._as_of(folded, newest))
        if not self._differs or self._told:
            return None
        end = folded.hold_until
        if end is not None and end <= self._now and end != self._ended:
            self._ended = end
            event = self._event(scoring.TIME, timestamp(end), end)
            return self._row(folded, newest, event, end, folded.prior)
        self._told = True
        at = max(self._now, folded.at)
        event = self._event(scoring.POLICY, str(self._policy.version), at)
        return self._row(folded, newest, event, at, self._prior)

    def _event(self, kind: str, name: str, at: float) -> Event:
        key = self._before.subject
        return Event(kind, key, f"{kind}/{key}/{name}", occurred_at=instant(at))

    def _as_of(self, folded: Folded, newest: EventRow) -> Standing:
        """Return what is shown as of the newest event."""
        reading = scoring.read(self._policy, folded.state, folded.at, basis_of(newest).prior)
        face, cause = face_of(self._policy, folded, reading), cause_of(newest)
        key, version = self._before.subject, folded.version
        told = standing_of(key, version, folded.at, reading, cause, held=folded.held, face=face)
        return _standing.decode(encode(told))

    def _row(
        self, folded: Folded, newest: EventRow, event: Event, at: float, prior: dict[str, float]
    ) -> EventRow:
        prepared = internal(event, self._policy, scoring.interpret(self._policy, event, at), at)
        return newest._replace(
            seq=newest.seq + 1,
            id=prepared.id,
            version=folded.version + 1,
            type=event.type,
            at=at,
            body=prepared.body,
            basis=basis_json(Basis(1.0, prior)),
            **_NOTHING,
        )
