"""Proving that every standing is what its events say, and making it so."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from math import inf
from typing import Any, Final

import msgspec

from renown import scoring
from renown.errors import EventError
from renown.ledger.folding.lineage import changed
from renown.ledger.folding.living import waits
from renown.ledger.folding.replay import Replay, replay
from renown.ledger.timing.outlook import reaches
from renown.ledger.views import basis_of, changes_of, event_of
from renown.ledger.writing.cache import MAX_RECENT, Kind, Waiting
from renown.ledger.writing.guarding import knows_actors
from renown.model import kind_of
from renown.policy import Policies, Policy
from renown.policy.checks.policy import RESERVED_TYPES
from renown.scoring import KindState
from renown.stores import ActorRow, EventRow, KindRow, Reader, Refolded, StandingRow, Store, Writer

__all__ = ["Difference", "Progress", "RebuildReport", "rebuild", "see_event", "write_replay"]

_PAGE: Final = 200
_EVENTS_PAGE: Final = 5_000
_MOST_DIFFERENCES: Final = 1_000
_HOLDS: Final = b'"hold"'

Progress = Callable[[int, int], None]
"""Told (events done, events in all) now and then, in the thread that rebuilds."""


class Difference(msgspec.Struct, frozen=True):
    """One thing that is not what the events say."""

    subject: str
    """A subject's key, or a kind."""
    version: int | None
    """The event it is about; None: the standing as a whole."""
    what: str
    expected: str
    found: str


class RebuildReport(msgspec.Struct, frozen=True):
    """What a rebuild saw."""

    subjects: int
    events: int
    differences: tuple[Difference, ...]
    """At most the first 1,000."""
    rewritten: bool
    """False after a check."""

    @property
    def clean(self) -> bool:
        """Whether everything was as the events say."""
        return not self.differences


class _Work:
    def __init__(self, store: Store, policies: Policies, progress: Progress | None) -> None:
        self.store = store
        self.policies = policies
        self.progress = progress
        self.differences: list[Difference] = []
        self.subjects = 0
        self.events = 0
        with store.reader() as reader:
            self.total = reader.totals()[0]

    def differ(self, subject: str, version: int | None, what: str, expected: Any, found: Any) -> None:
        if len(self.differences) < _MOST_DIFFERENCES:
            self.differences.append(Difference(subject, version, what, _text(expected), _text(found)))

    def count(self, events: int) -> None:
        self.subjects += 1
        self.events += events
        if self.progress is not None:
            self.progress(self.events, self.total)


def rebuild(store: Store, policies: Policies, *, check: bool, progress: Progress | None) -> RebuildReport:
    """Replay every subject's raw events with what was recorded beside them, and compare to the last digit.

    Without `check` whatever differs is written anew. Subjects of kinds without a policy are left alone
    and reported. Safe while others read and write: each step is one transaction.
    """
    work = _Work(store, policies, progress)
    after = ""
    if check:
        with store.reader() as reader:
            while page := _pages(reader, after):
                for key in page:
                    with reader.snapshot():
                        _compare(work, reader, key)
                after = page[-1]
            with reader.snapshot():
                _kinds(work, reader)
    else:
        writer = store.writer()
        try:
            while page := _pages(writer, after):
                with _transaction(writer):
                    for key in page:
                        _compare(work, writer, key, writer)
                after = page[-1]
            with _transaction(writer):
                _kinds(work, writer, writer)
        finally:
            writer.close()
    return RebuildReport(work.subjects, work.events, tuple(work.differences), rewritten=not check)


def _pages(reader: Reader, after: str) -> list[str]:
    return reader.subjects(after, _PAGE)


@contextmanager
def _transaction(writer: Writer) -> Generator[None]:
    writer.begin()
    try:
        yield
        writer.commit()
    finally:
        writer.rollback()


def _compare(work: _Work, reader: Reader, key: str, writer: Writer | None = None) -> None:
    rows = reader.ascending(key, 0, -1)
    found = next(iter(reader.standings([key])), None)
    policy = work.policies.get(kind_of(key))
    work.count(len(rows))
    if policy is None:
        work.differ(key, None, "policy", f"one for the kind {kind_of(key)}", "none")
        return
    if not rows:
        work.differ(key, None, "events", "at least one", "none")
        return
    made = replay(policy, rows)
    before = len(work.differences)
    for version, error in made.refused.items():
        work.differ(key, version, "event", "one the policy accepts", error.detail)
    for each in made.changed:
        if each.stored != each.version:
            work.differ(key, each.stored, "version", each.version, each.stored)
        _differ_by(work, key, each.stored, each.found, each.made)
    if found is None:
        work.differ(key, None, "standing", "one", "none")
    else:
        # Timers that found nothing to show have put the due off.
        view = made.standing.view
        if found.due != made.standing.due and reaches(policy, made.folded, view, found.due):
            found = found._replace(due=made.standing.due)
        _differ_by(work, key, None, found, made.standing)
    if policy.version == (found.policy_version if found else 0):
        _check_checkpoints(work, reader, key, made)
    if writer is not None and len(work.differences) > before:
        write_replay(writer, made)


def _check_checkpoints(work: _Work, reader: Reader, key: str, made: Replay) -> None:
    """Compare those checkpoints that there are: a ledger from before there were any lacks some."""
    expected = {(row.at, row.version): row for row in made.checkpoints}
    for row in reader.checkpoints(key):
        if row != expected.get((row.at, row.version)):
            work.differ(key, row.version, "checkpoint", expected.get((row.at, row.version)), row)


def _differ_by(
    work: _Work,
    key: str,
    version: int | None,
    found: Refolded | StandingRow,
    expected: Refolded | StandingRow,
) -> None:
    if found == expected:
        return
    for name, old, new in zip(found._fields, found, expected, strict=True):
        if old != new:
            work.differ(key, version, name, new, old)


def write_replay(writer: Writer, made: Replay) -> None:
    """Store what a replay has made: the derived columns of those events that changed, and the standing."""
    writer.refold_events([each.made for each in made.changed])
    writer.put_standings([made.standing])
    writer.drop_checkpoints([(made.standing.subject, -inf, 0)])
    writer.add_checkpoints(made.checkpoints)


def _kinds(work: _Work, reader: Reader, writer: Writer | None = None) -> None:
    """Count the kinds and fold their priors anew from all events in order; with `writer` the actors, too.

    What is known of actors is not compared: it begins with the policy that first asks for it.
    """
    made: dict[str, Kind] = {}
    actors: dict[str, ActorRow] = {}
    seq = 0
    while rows := reader.since(seq, _EVENTS_PAGE):
        for row in rows:
            policy = work.policies.get(kind_of(row.subject))
            if policy is not None:
                kind = made.get(policy.kind) or made.setdefault(policy.kind, Kind.new(policy))
                see_event(kind, policy, row)
                if writer is not None and knows_actors(policy) and row.actor and _speaks(row.type):
                    known = actors.get(row.actor) or ActorRow(row.actor, row.at, 0)
                    actors[row.actor] = ActorRow(row.actor, min(known.first_at, row.at), known.events + 1)
        seq = rows[-1].seq
    found = {row.kind: row for row in reader.kind_rows() if work.policies.get(row.kind) is not None}
    expected = {name: kind.row() for name, kind in made.items()}
    for name in sorted({*found, *expected}):
        old, new = found.get(name), expected.get(name)
        if old != new:
            for i, what in enumerate(KindRow._fields):
                if old is None or new is None or old[i] != new[i]:
                    work.differ(name, None, what, new and new[i], old and old[i])
    if writer is not None:
        writer.put_kinds(list(expected.values()))
        writer.put_actors(list(actors.values()))


def _speaks(event_type: str) -> bool:
    return event_type not in RESERVED_TYPES and not event_type.startswith("renown.")


def see_event(kind: Kind, policy: Policy, row: EventRow) -> None:
    """Count an event for its kind, and fold it into the kind's running means."""
    kind.events += 1
    kind.subjects += row.version == 1
    kind.recent.append(row.seq)
    if len(kind.recent) > 2 * MAX_RECENT:
        del kind.recent[:-MAX_RECENT]
    if kind.state is None:
        return
    event = event_of(row)
    try:
        effect = scoring.interpret(policy, event, row.at)
    except EventError:
        return
    if not effect.speaks:
        if kind.waiting:
            _see_freed(kind, kind.state, policy, row)
    elif (effect.blind is not None or _HOLDS in row.basis) and waits(effect, basis_of(row)):
        kind.waiting[row.id] = Waiting(event, row.at, effect.contributions, row.ended_by)
    else:
        kind.state = scoring.observe(policy, kind.state, row.actor, effect.contributions)


def _see_freed(kind: Kind, state: KindState, policy: Policy, row: EventRow) -> None:
    """Observe what counts from this event on, of what was held when it came."""
    if row.type == "amend":
        amended = next((name for name, each in kind.waiting.items() if each.heir == row.id), None)
        if amended is not None:
            waiting, event = kind.waiting.pop(amended), event_of(row)
            said = scoring.amended(policy, event, waiting.event, waiting.at).contributions
            event = changed(waiting.event, event)
            kind.waiting[row.id] = Waiting(event, waiting.at, said, row.ended_by)
    for change in changes_of(row):
        if change.kind == "dismiss" and change.name is not None:
            kind.waiting.pop(change.name, None)
        if change.kind not in ("release", "open") or change.after != "counted":
            continue
        freed = kind.waiting.pop(change.name or "", None)
        if freed is not None:
            state = scoring.observe(policy, state, freed.event.actor, freed.contributions)
    kind.state = state


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "none" if value is None else str(value)
