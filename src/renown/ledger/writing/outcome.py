"""What a batch has come to: rows for the store, standings, news and answers' grounds."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from renown import scoring
from renown.ledger.folding.checkpoints import Checkpoints
from renown.ledger.folding.forms import Applied
from renown.ledger.folding.replay import standing_row
from renown.ledger.folding.trail import Trail
from renown.ledger.views import Faces, alarms_of, basis_json, cause_of, encode, is_news
from renown.ledger.writing.cache import Cache, Subject
from renown.ledger.writing.prepared import Prepared
from renown.model import Alarm, Basis, Update
from renown.scoring.guards import Spent
from renown.stores import ActorRow, DueRow, EndRow, EventRow, HoldRow, KindRow, StandingRow, Writer

__all__ = ["PLAIN", "Outcome", "Work"]

PLAIN: Final = Basis()
"""The basis of an event about which nothing outside the subject is to be recorded."""
_PLAIN_JSON: Final = basis_json(PLAIN)
_NO_HOLD: Final = (None, None, None, None, None)


class Work(NamedTuple):
    """What a folded batch wants stored, and what is to be said once it is."""

    events: Sequence[EventRow]
    ends: Sequence[EndRow]
    holds: Sequence[HoldRow]
    standings: Sequence[StandingRow]
    kinds: Sequence[KindRow]
    actors: Sequence[ActorRow]
    dues: Sequence[DueRow]
    """Of subjects to which nothing else happened."""
    checkpoints: Checkpoints
    newest_seq: int
    updates: Sequence[Update]
    """One per subject, in order of their newest event."""

    @property
    def due(self) -> float | None:
        """When the first of its subjects is due."""
        return min([row.due for row in (*self.standings, *self.dues) if row.due is not None], default=None)

    def store(self, writer: Writer) -> None:
        """Write all of it within the writer's transaction."""
        if self.events:
            writer.add_events(self.events)
        if self.ends:
            writer.end_events(self.ends)
        if self.holds:
            writer.hold_events(self.holds)
        self.checkpoints.store(writer)
        if self.standings:
            writer.put_standings(self.standings)
            writer.put_kinds(self.kinds)
        if self.actors:
            writer.put_actors(self.actors)
        if self.dues:
            writer.put_due(self.dues)


class _Touched(msgspec.Struct, gc=False, eq=False):
    """A subject that changed in this batch, by what was applied last."""

    subject: Subject
    applied: Applied
    rows: list[EventRow]
    alarms: tuple[Alarm, ...] = ()
    quiet: tuple[int, ...] = ()
    """Positions of what is no news."""


class Outcome:
    """Collects what the events of a batch make, one after the other."""

    def __init__(self, cache: Cache, now: float) -> None:
        self._cache = cache
        self._now = now
        self._touched: dict[str, _Touched] = {}
        self._rows: list[EventRow] = []
        self._actors: dict[str, ActorRow] = {}
        self.ends: dict[int, EndRow] = {}
        """By position the ends that are not written yet."""
        self.holds: dict[int, HoldRow] = {}
        """By position the holds that are not written yet."""
        self.checkpoints = Checkpoints()
        """What is not written yet."""
        self.seq = 0
        """The position of the newest event."""

    def has(self, subject: str) -> bool:
        """Tell whether anything happened to a subject."""
        return subject in self._touched

    def rows_of(self, subject: str) -> Sequence[EventRow]:
        """Return the events of a subject that are not written yet, by version."""
        touched = self._touched.get(subject)
        if touched is None or not self._rows:
            return ()
        first = self._rows[0].seq
        return [row for row in touched.rows if row.seq >= first]

    def row(self, prepared: Prepared, applied: Applied) -> EventRow:
        """Return the row of an event that is applied."""
        event, folded = prepared.event, applied.folded
        own = next((end for end in applied.ends if end.seq is None), None) if applied.ends else None
        hold = next((each for each in applied.holds if each.seq is None), None) if applied.holds else None
        # `_make` takes the columns as one tuple: as so many arguments they would cost half as much again.
        columns = (
            self.seq + 1,
            prepared.id,
            event.subject,
            folded.version,
            event.type,
            event.actor,
            applied.pair,
            event.ref,
            event.value,
            prepared.at,
            self._now,
            prepared.body,
            _PLAIN_JSON if applied.basis is PLAIN else basis_json(applied.basis),
            encode(applied.contributions),
            folded.score,
            applied.delta,
            None if own is None else own.at,
            None if own is None else own.by,
            None if own is None else folded.version,
            encode(applied.changes) if applied.changes else None,
        )
        marks = _NO_HOLD if hold is None else (hold.at, hold.by, hold.until, hold.share, hold.why)
        return EventRow._make(columns + marks)

    def record(self, subject: Subject, applied: Applied, row: EventRow) -> None:
        """Take in an event that is applied. Nothing here may fail."""
        key = row.subject
        self.seq = row.seq
        subject.folded = applied.folded
        subject.seq = row.seq
        touched = self._touched.pop(key, None)
        if touched is None:
            self._cache.subjects[key] = subject
            touched = _Touched(subject, applied, [row])
        else:
            touched.applied = applied
            touched.rows.append(row)
        # Put last again, so that updates are in the order of their newest event.
        self._touched[key] = touched
        if row.changes is not None:
            touched.alarms += alarms_of(row, applied.changes)
        elif not is_news(row):
            touched.quiet += (row.seq,)
        self._rows.append(row)
        self.checkpoints.note(subject.policy, key, applied.folded, applied.changed)
        if applied.folded.life is not None and subject.policy.late.tolerance_days:
            if subject.trail is None:
                subject.trail = Trail()
            subject.trail.note(applied.folded, applied.changed)
        for end in applied.ends:
            if end.seq is not None:
                version = None if end.at is None else row.version
                self.ends[end.seq] = (end.at, end.by, version, end.seq)
        for hold in applied.holds:
            if hold.seq is not None:
                held = hold.at, hold.by, hold.until, hold.share, hold.why, hold.seq
                self.holds[hold.seq] = held

    def count(self, actor: str, at: float) -> None:
        """Count an event of an actor."""
        known = self._cache.actors.get(actor)
        if known is None:
            row = ActorRow(actor, at, 1)
        else:
            row = ActorRow(actor, min(known.first_at, at), known.events + 1, known.spent)
        self._cache.actors[actor] = self._actors[actor] = row

    def spend(self, actor: str, spent: Spent) -> None:
        """Note what an actor that was counted has spent."""
        row = self._actors[actor]._replace(spent=encode(spent))
        self._cache.actors[actor] = self._actors[actor] = row

    def flush(self, writer: Writer) -> None:
        """Write the events so far, and forget them."""
        if self._rows:
            writer.add_events(self._rows)
            self._rows = []
        if self.ends:
            writer.end_events(list(self.ends.values()))
            self.ends = {}
        if self.holds:
            writer.hold_events(list(self.holds.values()))
            self.holds = {}
        self.checkpoints.store(writer)
        self.checkpoints = Checkpoints()

    def view(self, key: str) -> bytes:
        """Return the standing of a subject to which something happened, as it will be shown."""
        return _standing(key, self._touched[key]).view

    def work(self) -> Work:
        """Return what is left to be stored and to be told."""
        cache = self._cache
        rows: list[StandingRow] = []
        updates: list[Update] = []
        for key, touched in self._touched.items():
            subject, row = touched.subject, _standing(key, touched)
            subject.view = row.view
            rows.append(row)
            if subject.trail is not None:
                cache.follow(subject.trail, len(touched.rows))
            faces = Faces(touched.rows)
            updates.append(
                Update(key, row.version, row.seq, row.view, faces, 0.0, touched.alarms, touched.quiet)
            )
        changed = {touched.subject.policy.kind for touched in self._touched.values()}
        cache.newest_seq = self.seq
        return Work(
            events=self._rows,
            ends=list(self.ends.values()),
            holds=list(self.holds.values()),
            standings=rows,
            kinds=[cache.kinds[name].row() for name in changed],
            actors=list(self._actors.values()),
            dues=(),
            checkpoints=self.checkpoints,
            newest_seq=self.seq,
            updates=updates,
        )


def _standing(key: str, touched: _Touched) -> StandingRow:
    subject, applied = touched.subject, touched.applied
    folded, policy = subject.folded, subject.policy
    reading = applied.reading or scoring.read(policy, folded.state, folded.at, applied.basis.prior)
    cause = cause_of(touched.rows[-1])
    return standing_row(policy, key, subject.seq, folded=folded, reading=reading, cause=cause)
