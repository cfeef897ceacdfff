"""Folding a subject anew from its raw events, through the code that folded them live."""

from bisect import bisect, insort
from collections.abc import Collection, Sequence
from math import inf
from operator import attrgetter
from typing import Final

import msgspec

from renown import scoring
from renown.errors import EventError
from renown.ledger.folding.carried import encode_carried
from renown.ledger.folding.checkpoints import EVERY
from renown.ledger.folding.fold import apply, begin
from renown.ledger.folding.forms import Applied, Earlier, Folded, Hold
from renown.ledger.folding.living import face_of
from renown.ledger.timing.outlook import due_of
from renown.ledger.views import basis_of, cause_of, encode, standing_of
from renown.model import Cause, Event
from renown.policy import Policy
from renown.scoring import Effect, State
from renown.stores import CheckpointRow, EventRow, StandingRow

__all__ = ["Replay", "replay", "standing_row"]

_event: Final = msgspec.json.Decoder(Event)
_DERIVED: Final = (
    *("version", "pair", "contributions", "score", "delta", "ended_at", "ended_by", "ended_version"),
    *("changes", "held_at", "held_by", "held_until", "held_share", "held_why"),
)
"""The columns of an event that folding makes."""
_derived: Final = attrgetter(*_DERIVED)


class Replay(msgspec.Struct):
    """What the raw events of one subject come to, with what lay outside as it was recorded."""

    rows: list[EventRow]
    """The events with everything derived made anew."""
    standing: StandingRow
    folded: Folded
    refused: dict[int, EventError]
    """By version: events the policy would not accept now. They count for nothing."""
    checkpoints: list[CheckpointRow]


class _Said(msgspec.Struct):
    id: str
    at: float
    event: Event
    effect: Effect


class _Told:
    """The past as a list."""

    def __init__(self) -> None:
        self.events: list[Earlier] = []
        self._refs: dict[str, list[Earlier]] = {}
        self._pairs: dict[str, list[Earlier]] = {}
        self._by_id: dict[str, Earlier] = {}
        self._in_time: list[Earlier] = []
        """The events by (at, version)."""
        self._checkpoints: list[tuple[float, int, State | None]] = [(-inf, 0, None)]
        self._held: list[tuple[float, int, Earlier]] = []
        """What is held until some time, by (that time, version)."""

    def add(self, earlier: Earlier, ref: str | None) -> None:
        self.events.append(earlier)
        in_time = self._in_time
        if not in_time or earlier.at >= in_time[-1].at:
            in_time.append(earlier)
        else:
            insort(in_time, earlier, key=_place)
        self._by_id[earlier.id] = earlier
        if ref is not None:
            self._refs.setdefault(ref, []).append(earlier)
        if earlier.pair is not None:
            self._pairs.setdefault(earlier.pair, []).append(earlier)

    def mark(self, applied: Applied) -> None:
        """Note which events of before are held, are held no more, or count no more."""
        for hold in applied.holds:
            self._hold(hold)
        for end in applied.ends:
            earlier = self._by_id[end.id]
            earlier.ended_at, earlier.ended_by = end.at, end.by
            earlier.ended_version = applied.folded.version
            self._forget(earlier)

    def _hold(self, hold: Hold) -> None:
        earlier = self._by_id[hold.id]
        self._forget(earlier)
        hold.mark(earlier)
        if hold.at is not None and hold.until is not None:
            insort(self._held, (hold.until, earlier.version, earlier))

    def _forget(self, earlier: Earlier) -> None:
        if earlier.held_until is not None:
            self._held = [each for each in self._held if each[2] is not earlier]

    def newest_of(self, pair: str) -> Earlier | None:
        return next((e for e in reversed(self._pairs.get(pair, ())) if e.ended_version is None), None)

    def all_of(self, pair: str) -> Sequence[Earlier]:
        return self._pairs.get(pair, ())

    def referred(self, reference: str) -> Sequence[Earlier]:
        found = {each.version: each for each in self._refs.get(reference, ())}
        if reference in self._by_id:
            named = self._by_id[reference]
            found[named.version] = named
        return [found[version] for version in sorted(found)]

    def since(self, place: tuple[float, int]) -> tuple[State | None, Sequence[Earlier]]:
        at, version, start = next(each for each in reversed(self._checkpoints) if each[:2] < place)
        first = bisect(self._in_time, (at, version), key=_place)
        return start, [earlier for earlier in self._in_time[first:] if earlier.live]

    def keep(self, folded: Folded, changed: tuple[float, int] | None) -> None:
        """Drop the checkpoints that hold no more, and make one where it is time for one."""
        if changed is not None:
            while self._checkpoints[-1][:2] >= changed:
                self._checkpoints.pop()
        if folded.version % EVERY == 0:
            self._checkpoints.append((folded.at, folded.version, folded.state))

    def checkpoints(self, policy: Policy, subject: str) -> list[CheckpointRow]:
        return [
            CheckpointRow(subject, at, version, policy.version, scoring.encode_state(state))
            for at, version, state in self._checkpoints
            if state is not None
        ]

    def ending(self, until: float) -> Sequence[Earlier]:
        return [earlier for end, _, earlier in self._held if end <= until]

    def next_end(self, gone: Collection[int]) -> float | None:
        return next((end for end, version, _ in self._held if version not in gone), None)


def _place(earlier: Earlier) -> tuple[float, int]:
    return earlier.at, earlier.version


def replay(policy: Policy, rows: Sequence[EventRow]) -> Replay:
    """Fold all events of one subject, given by version, from nothing."""
    past = _Told()
    first = rows[0]
    folded = begin(policy, basis_of(first).prior, first.at)
    start = folded
    applied: list[Applied | None] = []
    refused: dict[int, EventError] = {}
    for row in rows:
        event = _event.decode(row.body)
        try:
            said = _Said(row.id, row.at, event, scoring.interpret(policy, event, row.at))
            one = apply(policy, folded, said, basis_of(row), past)
        except EventError as error:
            refused[row.version] = error
            folded = _unmoved(folded, row)
            applied.append(None)
            past.add(
                Earlier(row.seq, row.id, row.version, row.at, None, basis_of(row), (), row.body), row.ref
            )
            continue
        folded = one.folded
        applied.append(one)
        earlier = Earlier(
            row.seq, row.id, folded.version, row.at, one.pair, one.basis, one.contributions, row.body
        )
        past.add(earlier, row.ref)
        past.mark(one)
        past.keep(folded, one.changed)
    made = [_made(*each) for each in zip(rows, applied, past.events, strict=True)]
    _carry(made, start.score, refused)
    standing = _standing(policy, made[-1], folded)
    return Replay(made, standing, folded, refused, past.checkpoints(policy, first.subject))


def _unmoved(folded: Folded, row: EventRow) -> Folded:
    return msgspec.structs.replace(folded, version=folded.version + 1, at=max(folded.at, row.at))


def _made(row: EventRow, applied: Applied | None, earlier: Earlier) -> EventRow:
    score, delta, changes = row.score, row.delta, None
    if applied is not None:
        score, delta = applied.folded.score, applied.delta
        changes = encode(applied.changes) if applied.changes else None
    # Most are made as they were; a comparison of all costs less than making a row.
    made = (
        earlier.version,
        earlier.pair,
        encode(earlier.contributions),
        score,
        delta,
        earlier.ended_at,
        earlier.ended_by,
        earlier.ended_version,
        changes,
        earlier.held_at,
        earlier.held_by,
        earlier.held_until,
        earlier.held_share,
        earlier.held_why,
    )
    return row if made == _derived(row) else row._replace(**dict(zip(_DERIVED, made, strict=True)))


def _carry(rows: list[EventRow], score: float, refused: dict[int, EventError]) -> None:
    """Give refused events the score of the event before them."""
    for i, row in enumerate(rows):
        if row.version in refused:
            rows[i] = row._replace(score=score, delta=0.0)
        score = rows[i].score


def _standing(policy: Policy, newest: EventRow, folded: Folded) -> StandingRow:
    reading = scoring.read(policy, folded.state, folded.at, basis_of(newest).prior)
    cause = cause_of(newest)
    return standing_row(policy, newest.subject, newest.seq, folded=folded, reading=reading, cause=cause)


def standing_row(
    policy: Policy, key: str, seq: int, *, folded: Folded, reading: scoring.Reading, cause: Cause
) -> StandingRow:
    """Return the row of a standing."""
    face = face_of(policy, folded, reading)
    return StandingRow(
        key,
        policy.kind,
        folded.version,
        seq,
        folded.score,
        reading.count,
        reading.provisional,
        folded.at,
        policy.name,
        policy.version,
        scoring.encode_state(folded.state),
        encode(standing_of(key, folded.version, folded.at, reading, cause, held=folded.held, face=face)),
        encode_carried(folded),
        due_of(policy, folded, folded.at),
    )
