"""What a store must promise.

A store keeps the rows of one ledger. Any number of processes may have it open and any of them may
write; the store serialises their transactions.

- What `Writer.commit` has returned from is on stable storage and is never lost.
- Between `Writer.begin` and `commit` nobody else writes, and what the writer reads is the newest
  committed state plus its own writes. `rollback`, or the death of the process, leaves no trace.
- `seq` grows in the order of commits: a reader that has seen `n` sees nothing new at or below `n`.
- A reader sees only committed states, and within `Reader.snapshot` one and the same.
- Readers never wait for the writer, nor the writer for readers.
- Failures of the engine are raised as `LedgerError`.

The store knows nothing of policies: states, views and bodies are bytes to it.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from math import inf
from pathlib import Path
from typing import Protocol

from renown.stores.access_rows import KeyRow, NoticeRow, RevocationRow, RightsRow
from renown.stores.held_rows import AlarmRow, DueRow, HoldRow, PileRow
from renown.stores.policy_rows import PolicyRow
from renown.stores.rows import (
    ActorRow,
    CheckpointRow,
    CountingRow,
    EndRow,
    Erased,
    EventRow,
    KindRow,
    Rebased,
    Refolded,
    StandingRow,
)

__all__ = ["Reader", "Store", "Writer"]


class Reader(Protocol):
    """Reads committed rows. For one thread at a time."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Let all reads within see one and the same committed state."""
        ...

    def changed(self) -> bool:
        """Tell, at next to no cost, whether another connection committed since the last ask."""
        ...

    def newest_seq(self) -> int:
        """Return the `seq` of the newest event, 0 before the first."""
        ...

    def known(self, ids: Sequence[str]) -> list[tuple[str, str, int, bytes]]:
        """Return (id, subject, version, body) of those events that exist."""
        ...

    def standings(self, subjects: Sequence[str]) -> list[StandingRow]:
        """Return the rows of those subjects that exist."""
        ...

    def views(self, subjects: Sequence[str]) -> list[tuple[str, int, bytes]]:
        """Return (subject, version, view) of those subjects that exist."""
        ...

    def view(self, subject: str) -> tuple[int, bytes] | None:
        """Return (version, view) of one subject."""
        ...

    def kind_rows(self) -> list[KindRow]:
        """Return all kinds in order of name."""
        ...

    def live_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[EventRow]:
        """Return the live events with these (subject, pair)."""
        ...

    def paired(self, subject: str, pair: str) -> list[EventRow]:
        """Return all events of the pair, ended ones too, ascending."""
        ...

    def referred(self, subject: str, reference: str) -> list[EventRow]:
        """Return the subject's events whose id or ref is `reference`, ascending."""
        ...

    def live(self, subject: str) -> list[EventRow]:
        """Return the subject's events that were not taken back, by (at, version)."""
        ...

    def live_before(self, subject: str, at: float, version: int, limit: int) -> list[EventRow]:
        """Return the live events below (at, version), newest first."""
        ...

    def counting_between(
        self, subject: str, after: tuple[float, int], before: tuple[float, int]
    ) -> list[CountingRow]:
        """Return what counts of the live events above one (at, version) and below another, in that order."""
        ...

    def checkpoint(
        self, subject: str, before: tuple[float, int], policy_version: int
    ) -> CheckpointRow | None:
        """Return the highest checkpoint below (at, version) that was made under a version of the policy."""
        ...

    def actors(self, keys: Sequence[str]) -> list[ActorRow]:
        """Return the rows of those actors that are known."""
        ...

    def ending(self, subject: str, until: float) -> list[EventRow]:
        """Return the subject's held events whose hold ends by `until`, by (its end, version)."""
        ...

    def hold_ends(self, subject: str, limit: int) -> list[tuple[int, float]]:
        """Return (version, end) of the subject's holds that end first."""
        ...

    def held(self, kind: str | None, subject: str | None, after: int, limit: int) -> list[EventRow]:
        """Return held events with a `seq` below `after`, newest first; blind ones are left out."""
        ...

    def changing(self, subject: str, limit: int) -> list[EventRow]:
        """Return the subject's events that did something besides moving scores, newest first."""
        ...

    def changing_since(self, seq: int, limit: int) -> list[EventRow]:
        """Return events after `seq` that did something besides moving scores, oldest first."""
        ...

    def meta(self, name: str) -> str | None:
        """Return what is kept under a name."""
        ...

    def rights_naming(self, text: str) -> list[RightsRow]:
        """Return the rights whose body has `text` as a JSON string somewhere."""
        ...

    def held_counts(self) -> list[tuple[str, str, int]]:
        """Return (kind, why, how many) of what is held; blind ones are left out."""
        ...

    def held_piles(self, limit: int) -> list[PileRow]:
        """Return how much is held per subject and reason, the newest first; blind ones are left out."""
        ...

    def alarming(self, after: int, until: int) -> list[AlarmRow]:
        """Return the events above `after` up to `until`, by `seq`, that say something of alarms."""
        ...

    def alarming_by(self, until: float, limit: int) -> list[AlarmRow]:
        """Return the events that happened by `until` and say something of alarms, newest `seq` first."""
        ...

    def held_by(self, kind: str | None, until: float) -> list[str]:
        """Return the subjects, by key, of whom an event by `until` has held or disputed something."""
        ...

    def alarmed(self, kinds: Sequence[str], limit: int) -> list[tuple[str, bytes]]:
        """Return (subject, `life`) of standings of these kinds of whose subjects guards are in alarm."""
        ...

    def due(self, kinds: Sequence[str], until: float, limit: int, *, after: float = -inf) -> list[DueRow]:
        """Return the subjects of these kinds that are due after `after`, by `until`; the earliest first."""
        ...

    def told_lately(self, subjects: Sequence[str], after: float, but: str) -> list[str]:
        """Return those of the subjects whose newest event arrived after `after` and is not of type `but`."""
        ...

    def next_due(self, kinds: Sequence[str]) -> float | None:
        """Return when the first subject of these kinds is due."""
        ...

    def checkpoints(self, subject: str) -> list[CheckpointRow]:
        """Return the subject's checkpoints by (at, version)."""
        ...

    def event(self, event_id: str) -> EventRow | None:
        """Return one event."""
        ...

    def ascending(self, subject: str, after: int, limit: int) -> list[EventRow]:
        """Return events with a version above `after`, oldest first; all when `limit` is -1."""
        ...

    def descending(self, subject: str, before: int, limit: int, until: float = inf) -> list[EventRow]:
        """Return events with a version below `before` that happened by `until`, newest first."""
        ...

    def happened_by(self, subject: str, until: float) -> tuple[int, int]:
        """Return how many of the subject's events happened by `until`, and their newest version (or 0)."""
        ...

    def versions(self, subject: str, versions: Sequence[int]) -> list[tuple[int, float, float]]:
        """Return (version, at, score) of these versions, ascending."""
        ...

    def since(self, seq: int, limit: int) -> list[EventRow]:
        """Return events after `seq` over all subjects, oldest first."""
        ...

    def recent(self, limit: int) -> list[EventRow]:
        """Return the newest events over all subjects, newest first.

        Left out is what time does to scores alone: what fades, and what leaves its window.
        """
        ...

    def at_seqs(self, seqs: Sequence[int]) -> list[EventRow]:
        """Return the events at these positions, newest first."""
        ...

    def board(self, kind: str, limit: int) -> list[bytes]:
        """Return the views with the highest scores of a kind, without provisional ones."""
        ...

    def of_kind(self, kind: str, after: str, limit: int) -> list[tuple[str, int, bytes]]:
        """Return (subject, seq, view) of a kind's standings with a key above `after`, in order of key."""
        ...

    def changed_since(self, kind: str, seq: int, limit: int) -> list[tuple[str, int, bytes]]:
        """Return (subject, seq, view) of a kind's standings that changed last after `seq`, oldest first."""
        ...

    def search(self, text: str, kind: str | None, limit: int) -> list[bytes]:
        """Return views of subjects whose id begins with or else contains `text`, in either case."""
        ...

    def subjects(self, after: str, limit: int) -> list[str]:
        """Return subject keys above `after` that have events, in order."""
        ...

    def counted(self, kind: str) -> tuple[int, int]:
        """Return how many events and subjects a kind has."""
        ...

    def newest_of(self, kind: str, limit: int) -> list[int]:
        """Return the newest positions of a kind's events, newest first."""
        ...

    def of_kind_since(self, kind: str, seq: int, limit: int) -> list[EventRow]:
        """Return a kind's events after `seq`, oldest first."""
        ...

    def largest(self, least: int) -> list[str]:
        """Return the subjects with so many versions or more, those with most first."""
        ...

    def totals(self) -> tuple[int, int]:
        """Return the numbers of events and of subjects."""
        ...

    def key_rows(self) -> list[KeyRow]:
        """Return all API keys, oldest first."""
        ...

    def key(self, secret_hash: str) -> KeyRow | None:
        """Return the API key with this hash of its secret."""
        ...

    def rights(self, user: str) -> RightsRow | None:
        """Return the rights of a user."""
        ...

    def rights_holders(self, scope: str, most: int) -> list[str]:
        """Return users who have rights or whose name is revoked in `scope`, `most` of them at most."""
        ...

    def revocation(self, scope: str, name: str) -> RevocationRow | None:
        """Return what was revoked under that name."""
        ...

    def policy_rows(self) -> list[PolicyRow]:
        """Return all policies that kinds have had, by kind and version."""
        ...

    def policy_states(self) -> list[tuple[str, int, str | None]]:
        """Return (kind, version, switched) of the newest policy of each kind that has had one."""
        ...

    def subjects_between(self, after: str, until: str) -> int:
        """Return how many subjects have a key above `after` and not above `until`."""
        ...

    def notice_bounds(self) -> tuple[int, int]:
        """Return the ids of the oldest and the newest notice kept, 0 when there are none."""
        ...

    def notices(self, after: int) -> list[NoticeRow]:
        """Return the notices with an id above `after`, oldest first."""
        ...


class Writer(Reader, Protocol):
    """Reads and writes within transactions. For one thread at a time."""

    def begin(self) -> None:
        """Begin a transaction; wait for other processes' to end.

        Raises:
            LedgerError: another process held on for longer than the busy timeout.

        """
        ...

    def commit(self) -> None:
        """Make the transaction durable."""
        ...

    def rollback(self) -> None:
        """Forget the transaction; harmless when there is none."""
        ...

    def add_events(self, rows: Sequence[EventRow]) -> None:
        """Insert events."""
        ...

    def end_events(self, ends: Sequence[EndRow]) -> None:
        """Mark events as taken back."""
        ...

    def hold_events(self, holds: Sequence[HoldRow]) -> None:
        """Mark events as held, or as held no more."""
        ...

    def put_actors(self, rows: Sequence[ActorRow]) -> None:
        """Insert or replace actors."""
        ...

    def count_actors(self, kinds: Sequence[str], reserved: Sequence[str]) -> None:
        """Count anew what actors have sent to subjects of these kinds, but for events of `reserved` types."""
        ...

    def put_meta(self, name: str, value: str) -> None:
        """Keep something under a name."""
        ...

    def put_due(self, rows: Sequence[DueRow]) -> None:
        """Change when subjects are due, and nothing else of them."""
        ...

    def refold_events(self, rows: Iterable[Refolded]) -> None:
        """Write anew what is derived from the events at `seq`."""
        ...

    def rebase_events(self, rows: Iterable[Rebased]) -> None:
        """Write anew what is recorded beside the events at `seq`: what lay outside their subjects then."""
        ...

    def sent_by(self, actor: str, limit: int) -> list[EventRow]:
        """Return the oldest events that an actor has sent, over all subjects. Looks at every event."""
        ...

    def erase_events(self, rows: Iterable[Erased]) -> None:
        """Overwrite who sent events and what they say, so that nothing of it is left on the disk."""
        ...

    def forget_actor(self, actor: str) -> None:
        """Delete what is known of an actor."""
        ...

    def scrub(self) -> None:
        """Drop what journals still hold of what was overwritten; as far as nobody reads it now."""
        ...

    def put_standings(self, rows: Sequence[StandingRow]) -> None:
        """Insert or replace standings."""
        ...

    def add_checkpoints(self, rows: Sequence[CheckpointRow]) -> None:
        """Insert or replace checkpoints."""
        ...

    def drop_checkpoints(self, changes: Sequence[tuple[str, float, int]]) -> None:
        """Delete, for each (subject, at, version), the subject's checkpoints that are not below it."""
        ...

    def put_kinds(self, rows: Sequence[KindRow]) -> None:
        """Insert or replace kinds."""
        ...

    def add_key(self, row: KeyRow) -> None:
        """Insert an API key."""
        ...

    def revoke_key(self, key_id: str, at: float) -> bool:
        """Mark a key as revoked; tell whether there was a live one of that id."""
        ...

    def put_rights(self, user: str, body: bytes, at: float) -> None:
        """Insert or replace a user's rights; the version grows by one."""
        ...

    def drop_rights(self, user: str) -> bool:
        """Delete a user's rights; tell whether there were any."""
        ...

    def put_revocation(self, row: RevocationRow) -> None:
        """Insert a revocation, or widen the one of that name: it never reaches less far than before."""
        ...

    def drop_revocations(self, until: float) -> None:
        """Delete the revocations that need not be kept beyond `until`."""
        ...

    def put_policy(self, row: PolicyRow) -> None:
        """Insert or replace a policy."""
        ...

    def mark_switched(self, kind: str, version: int, last: str | None) -> None:
        """Say how far the switch to a policy has come: the last subject done, None once all are."""
        ...

    def add_notice(self, kind: str, name: str, body: bytes, at: float) -> None:
        """Insert a notice under the next id."""
        ...

    def drop_notices(self, until: float) -> None:
        """Delete the notices of before `until`."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class Store(Protocol):
    """One opened ledger store."""

    @property
    def ledger_id(self) -> str:
        """The random id made with the store; it stays the same for its whole life."""
        ...

    @property
    def file(self) -> Path:
        """By what another process of this machine opens the same store."""
        ...

    @property
    def near(self) -> Reader:
        """The reader of the thread that opened the store, for reads that take microseconds."""
        ...

    def reader(self) -> AbstractContextManager[Reader]:
        """Borrow a reader for a longer read; any thread may."""
        ...

    def writer(self) -> Writer:
        """Open a writer with its own connection."""
        ...

    def scratch(self) -> AbstractContextManager[Writer]:
        """Lend an empty store beside this one, which nobody else sees and of which nothing is left over.

        Nothing in it outlives the process, and it must not be rolled back.
        """
        ...

    def export(self, file: Path, *, secrets: bool) -> None:
        """Write all that is committed into a new file, which `open` takes; raise `LedgerError`."""
        ...

    def close(self) -> None:
        """Close all readers. Writers are closed by whoever opened them."""
        ...
