"""Folding a subject anew from its raw events, through the code that folded them live."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from renown import scoring
from renown.errors import EventError
from renown.ledger.folding.carried import encode_carried
from renown.ledger.folding.checkpoints import EVERY
from renown.ledger.folding.fold import apply, begin
from renown.ledger.folding.forms import NO_CONTRIBUTIONS, Applied, Earlier, Folded
from renown.ledger.folding.living import face_of, judged_basis
from renown.ledger.folding.told import Said, Told
from renown.ledger.timing.outlook import due_of
from renown.ledger.views import basis_of, cause_of, encode, standing_of
from renown.model import Basis, Cause, Event
from renown.policy import Policy
from renown.stores import CheckpointRow, EventRow, Refolded, StandingRow

__all__ = ["Changed", "More", "Replay", "replay", "standing_row"]

More = Callable[[Folded, EventRow], EventRow | None]
"""Returns what is to be folded after the newest row, when there is anything."""

_event: Final = msgspec.json.Decoder(Event)
_ENDED: Final = slice(EventRow._fields.index("ended_at"), EventRow._fields.index("ended_version") + 1)
_HELD: Final = slice(EventRow._fields.index("held_at"), EventRow._fields.index("held_why") + 1)
_NEVER: Final = (None,) * (_ENDED.stop - _ENDED.start), (None,) * (_HELD.stop - _HELD.start)
_UNMARKED: Final = dict.fromkeys(EventRow._fields[_ENDED] + EventRow._fields[_HELD])


class Changed(NamedTuple):
    """An event of which something derived is not what the raw events make of it."""

    stored: int
    """The version it has in the ledger."""
    version: int
    """The one it should have."""
    found: Refolded
    made: Refolded


class Replay(msgspec.Struct):
    """What the raw events of one subject come to, with what lay outside as it was recorded."""

    events: int
    changed: list[Changed]
    """By version. Events that are exactly as they were found are not kept."""
    newest: EventRow
    """The newest event with everything derived made anew."""
    standing: StandingRow
    folded: Folded
    refused: dict[int, EventError]
    """By version: events the policy would not accept now. They count for nothing."""
    checkpoints: list[CheckpointRow]

    def onto(self, rows: Sequence[EventRow]) -> list[EventRow]:
        """Return the rows that were folded with everything derived made anew; they keep their versions."""
        made = {each.made.seq: each.made for each in self.changed}
        return [row._replace(**made[row.seq]._asdict()) if row.seq in made else row for row in rows]


class _Look:
    """Compares events with what they were found to be, keeping no more of them than what is needed for it.

    How an event has ended and whether it is held is known when all have been folded.
    """

    def __init__(self) -> None:
        self._scores = array("d")
        self._deltas = array("d")
        self._changes: dict[int, bytes] = {}
        self._found: dict[int, tuple[int, Refolded]] = {}
        """By version: those that differ, or may."""

    def see(self, row: EventRow, earlier: Earlier, applied: Applied | None, score: float) -> None:
        """Take note of an event as it was found and of what it came to; `score` is that of after it."""
        delta, changes = 0.0, None
        if applied is not None:
            delta = applied.delta
            if applied.changes:
                changes = self._changes[earlier.version] = encode(applied.changes)
        self._scores.append(score)
        self._deltas.append(delta)
        if (
            row.score != score
            or row.delta != delta
            or row.pair != earlier.pair
            or row.contributions != encode(earlier.contributions)
            or row.changes != changes
            or row.version != earlier.version
            or row[_ENDED] != _NEVER[0]
            or row[_HELD] != _NEVER[1]
        ):
            self._found[earlier.version] = row.version, _derived(row)

    def changed(self, past: Told) -> Iterator[Changed]:
        """Yield what is not as it was found."""
        for version in sorted(self._found.keys() | past.marked):
            made = self.made(past, version)
            stored, found = self._found.get(version) or (version, made._replace(**_UNMARKED))
            if found != made or stored != version:
                yield Changed(stored, version, found, made)

    def made(self, past: Told, version: int) -> Refolded:
        """Return what an event came to."""
        earlier, i = past.events[version - 1], version - 1
        return Refolded(
            earlier.pair,
            encode(earlier.contributions),
            self._scores[i],
            self._deltas[i],
            earlier.ended_at,
            earlier.ended_by,
            earlier.ended_version,
            self._changes.get(version),
            earlier.held_at,
            earlier.held_by,
            earlier.held_until,
            earlier.held_share,
            earlier.held_why,
            earlier.seq,
        )


def replay(policy: Policy, rows: Iterable[EventRow], more: More | None = None) -> Replay:
    """Fold all events of one subject, given by version, from nothing. There is at least one.

    They are asked for one after the other, and none is kept. In the end `more` is asked until it has nothing.
    """
    past, look = Told(), _Look()
    refused: dict[int, EventError] = {}
    row = folded = None
    known, basis = b"", Basis()

    def coming() -> Iterator[EventRow]:
        yield from rows
        while more is not None and row is not None and folded is not None:
            another = more(folded, row)
            if another is None:
                return
            yield another

    for row in rows if more is None else coming():
        if row.basis != known:
            known, basis = row.basis, judged_basis(basis_of(row))
        if folded is None:
            folded = begin(policy, basis.prior, row.at)
        event = _event.decode(row.body)
        try:
            said = Said(row.id, row.at, event, scoring.interpret(policy, event, row.at))
            one = apply(policy, folded, said, basis, past)
        except EventError as error:
            folded = _unmoved(folded, row)
            refused[row.version] = error
            earlier = _earlier(row, folded.version, basis)
            past.add(earlier, row.ref)
            look.see(row, earlier, None, folded.score)
            continue
        folded = one.folded
        version = folded.version
        earlier = Earlier(row.seq, row.id, version, row.at, one.pair, one.basis, one.contributions, row.body)
        past.add(earlier, row.ref)
        if one.holds or one.ends or one.passed_over:
            past.mark(one)
        if version % EVERY == 0 or (one.changed is not None and one.changed <= past.newest_kept):
            past.keep(folded, one.changed, EVERY)
        if folded.life is not None and policy.late.tolerance_days:
            past.follow(folded, one.changed)
        look.see(row, earlier, one, folded.score)
    if row is None or folded is None:
        raise ValueError("there is no event to fold")
    made = look.made(past, folded.version)
    newest = row._replace(**made._asdict())
    return Replay(
        folded.version,
        list(look.changed(past)),
        newest,
        _standing(policy, newest, folded),
        folded,
        refused,
        past.checkpoints(policy, row.subject),
    )


def _earlier(row: EventRow, version: int, basis: Basis) -> Earlier:
    return Earlier(row.seq, row.id, version, row.at, None, basis, NO_CONTRIBUTIONS, row.body)


def _unmoved(folded: Folded, row: EventRow) -> Folded:
    return msgspec.structs.replace(folded, version=folded.version + 1, at=max(folded.at, row.at))


def _derived(row: EventRow) -> Refolded:
    return Refolded(
        row.pair,
        row.contributions,
        row.score,
        row.delta,
        row.ended_at,
        row.ended_by,
        row.ended_version,
        row.changes,
        row.held_at,
        row.held_by,
        row.held_until,
        row.held_share,
        row.held_why,
        row.seq,
    )


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
