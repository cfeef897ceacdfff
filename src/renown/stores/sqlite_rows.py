"""Reading and writing the rows of the SQLite store."""

import sqlite3
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from itertools import chain
from math import inf
from typing import Any, Final, TypeVar

import msgspec

from renown.errors import LedgerError
from renown.stores import access_rows, held_rows, policy_rows
from renown.stores import statements as sql
from renown.stores.access_rows import KeyRow, NoticeRow, RevocationRow, RightsRow
from renown.stores.compiling import Insert
from renown.stores.held_rows import AlarmRow, DueRow, HoldRow, PileRow
from renown.stores.policy_rows import PolicyRow
from renown.stores.rows import (
    ActorRow,
    CheckpointRow,
    EndRow,
    Erased,
    EventRow,
    KindRow,
    Refolded,
    StandingRow,
)

__all__ = ["SqliteReader", "SqliteWriter"]

_Row = TypeVar("_Row")
_UNBINDABLE: Final = (UnicodeEncodeError, OverflowError)
"""What is no text or number to SQLite: there is nothing under such a name or position."""
_PLAIN: Final = (None,) * (len(EventRow._fields) - sql.PLAIN)
_LIKE: Final = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


def _json(values: Sequence[Any]) -> str:
    return msgspec.json.encode(values).decode()


def _span(kind: str | None) -> tuple[str, str]:
    """Return what lies below and above all keys of a kind, or of all kinds."""
    return ("", "~") if kind is None else (f"{kind}:", f"{kind};")


def _failed(error: sqlite3.Error) -> LedgerError:
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return LedgerError("another process holds the ledger for too long", code="ledger_busy")
    return LedgerError(f"the ledger file failed: {error}")


class SqliteReader:
    """Reads over one connection. See `store.Reader`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._data_version = -1

    def _all(
        self, make: Callable[[Iterable[Any]], _Row], statement: str, parameters: Sequence[Any] = ()
    ) -> list[_Row]:
        try:
            return [make(row) for row in self._connection.execute(statement, parameters)]
        except _UNBINDABLE:
            return []
        except sqlite3.Error as error:
            raise _failed(error) from error

    def _one(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        try:
            return self._connection.execute(statement, parameters).fetchone()
        except _UNBINDABLE:
            return None
        except sqlite3.Error as error:
            raise _failed(error) from error

    def _tuples(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except _UNBINDABLE:
            return []
        except sqlite3.Error as error:
            raise _failed(error) from error

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """Hold one read transaction."""
        if self._connection.in_transaction:
            yield
            return
        self._one("BEGIN")
        try:
            yield
        finally:
            self._one("ROLLBACK")

    def changed(self) -> bool:
        """Compare `PRAGMA data_version` with the last one."""
        (now,) = self._one("PRAGMA data_version")
        before, self._data_version = self._data_version, now
        return now != before

    def newest_seq(self) -> int:
        """Return the newest position."""
        return int(self._one(sql.NEWEST_SEQ)[0])

    def known(self, ids: Sequence[str]) -> list[tuple[str, str, int, bytes]]:
        """Look ids up."""
        return self._tuples(sql.KNOWN, (_json(ids),))

    def standings(self, subjects: Sequence[str]) -> list[StandingRow]:
        """Look standings up."""
        return self._all(StandingRow._make, sql.STANDINGS, (_json(subjects),))

    def views(self, subjects: Sequence[str]) -> list[tuple[str, int, bytes]]:
        """Look views up."""
        return self._tuples(sql.VIEWS, (_json(subjects),))

    def view(self, subject: str) -> tuple[int, bytes] | None:
        """Look one view up."""
        return self._one(sql.VIEW, (subject,))

    def kind_rows(self) -> list[KindRow]:
        """Return all kinds."""
        return self._all(KindRow._make, sql.KINDS)

    def live_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[EventRow]:
        """Look live pairs up."""
        return self._all(EventRow._make, sql.LIVE_PAIRS, (_json(pairs),))

    def paired(self, subject: str, pair: str) -> list[EventRow]:
        """Return the events of a pair."""
        return self._all(EventRow._make, sql.PAIRED, (subject, pair))

    def referred(self, subject: str, reference: str) -> list[EventRow]:
        """Return the events with that id or ref."""
        rows = self._all(EventRow._make, sql.REFERRED, (subject, reference))
        named = self.event(reference)
        if named is not None and named.subject == subject and named.ref != reference:
            rows = sorted([*rows, named], key=lambda row: row.version)
        return rows

    def live(self, subject: str) -> list[EventRow]:
        """Return the live events."""
        return self._all(EventRow._make, sql.LIVE, (subject,))

    def live_before(self, subject: str, at: float, version: int, limit: int) -> list[EventRow]:
        """Return a page of the live events, newest first."""
        return self._all(EventRow._make, sql.LIVE_BEFORE, (subject, at, version, limit))

    def live_between(
        self, subject: str, after: tuple[float, int], before: tuple[float, int]
    ) -> list[EventRow]:
        """Return a stretch of the live events."""
        return self._all(EventRow._make, sql.LIVE_BETWEEN, (subject, *after, *before))

    def checkpoint(
        self, subject: str, before: tuple[float, int], policy_version: int
    ) -> CheckpointRow | None:
        """Look a checkpoint up."""
        row = self._one(sql.CHECKPOINT, (subject, policy_version, *before))
        return None if row is None else CheckpointRow._make(row)

    def actors(self, keys: Sequence[str]) -> list[ActorRow]:
        """Look actors up."""
        return self._all(ActorRow._make, sql.ACTORS, (_json(keys),))

    def ending(self, subject: str, until: float) -> list[EventRow]:
        """Return the holds that end."""
        return self._all(EventRow._make, held_rows.ENDING, (subject, until))

    def hold_ends(self, subject: str, limit: int) -> list[tuple[int, float]]:
        """Return the ends that come first."""
        return self._tuples(held_rows.HOLD_ENDS, (subject, limit))

    def held(self, kind: str | None, subject: str | None, after: int, limit: int) -> list[EventRow]:
        """Return what is held."""
        if subject is not None:
            return self._all(EventRow._make, held_rows.HELD_OF, (after, subject, limit))
        return self._all(EventRow._make, held_rows.HELD, (after, *_span(kind), limit))

    def changing(self, subject: str, limit: int) -> list[EventRow]:
        """Return what changed something."""
        return self._all(EventRow._make, sql.CHANGING, (subject, limit))

    def changing_since(self, seq: int, limit: int) -> list[EventRow]:
        """Return what changed something after a position."""
        return self._all(EventRow._make, sql.CHANGING_SINCE, (seq, limit))

    def meta(self, name: str) -> str | None:
        """Look a name up."""
        row = self._one(sql.META, (name,))
        return None if row is None else str(row[0])

    def rights_naming(self, text: str) -> list[RightsRow]:
        """Search rights."""
        return self._all(RightsRow._make, access_rows.RIGHTS_NAMING, (msgspec.json.encode(text).decode(),))

    def held_counts(self) -> list[tuple[str, str, int]]:
        """Count what is held."""
        return self._tuples(held_rows.HELD_COUNTS)

    def held_piles(self, limit: int) -> list[PileRow]:
        """Count what is held of each subject."""
        return self._all(PileRow._make, held_rows.HELD_PILES, (limit,))

    def alarming(self, after: int, until: int) -> list[AlarmRow]:
        """Return what says something of alarms."""
        return self._all(AlarmRow._make, held_rows.ALARMING, (after, until))

    def alarming_by(self, until: float, limit: int) -> list[AlarmRow]:
        """Return what said something of alarms by a time."""
        return self._all(AlarmRow._make, held_rows.ALARMING_BY, (until, limit))

    def held_by(self, kind: str | None, until: float) -> list[str]:
        """Return whose events were held some time."""
        low, high = _span(kind)
        return [row[0] for row in self._tuples(held_rows.HELD_BY, (low, high, until))]

    def alarmed(self, kinds: Sequence[str], limit: int) -> list[tuple[str, bytes]]:
        """Return who is in alarm."""
        return self._tuples(held_rows.ALARMED, (_json(kinds), limit))

    def due(self, kinds: Sequence[str], until: float, limit: int, *, after: float = -inf) -> list[DueRow]:
        """Return who is due."""
        return self._all(DueRow._make, held_rows.DUE, (after, until, _json(kinds), limit))

    def told_lately(self, subjects: Sequence[str], after: float, but: str) -> list[str]:
        """Return whose newest event has just come."""
        return [row[0] for row in self._tuples(held_rows.TOLD_LATELY, (_json(subjects), after, but))]

    def next_due(self, kinds: Sequence[str]) -> float | None:
        """Return the earliest due."""
        row = self._one(held_rows.NEXT_DUE, (_json(kinds),))
        return None if row is None else float(row[0])

    def checkpoints(self, subject: str) -> list[CheckpointRow]:
        """Return the checkpoints of a subject."""
        return self._all(CheckpointRow._make, sql.CHECKPOINTS, (subject,))

    def event(self, event_id: str) -> EventRow | None:
        """Look one event up."""
        row = self._one(sql.EVENT, (event_id,))
        return None if row is None else EventRow._make(row)

    def ascending(self, subject: str, after: int, limit: int) -> list[EventRow]:
        """Return a page, oldest first."""
        return self._all(EventRow._make, sql.ASCENDING, (subject, after, limit))

    def descending(self, subject: str, before: int, limit: int, until: float = inf) -> list[EventRow]:
        """Return a page, newest first."""
        return self._all(EventRow._make, sql.DESCENDING, (subject, before, until, limit))

    def happened_by(self, subject: str, until: float) -> tuple[int, int]:
        """Return number and newest version of a time."""
        return self._one(sql.HAPPENED_BY, (subject, until))

    def versions(self, subject: str, versions: Sequence[int]) -> list[tuple[int, float, float]]:
        """Return chosen versions."""
        return self._tuples(sql.VERSIONS, (subject, _json(versions)))

    def since(self, seq: int, limit: int) -> list[EventRow]:
        """Return events after a position."""
        return self._all(EventRow._make, sql.SINCE, (seq, limit))

    def recent(self, limit: int) -> list[EventRow]:
        """Return the newest events."""
        return self._all(EventRow._make, sql.RECENT, (limit,))

    def at_seqs(self, seqs: Sequence[int]) -> list[EventRow]:
        """Return events at positions."""
        return self._all(EventRow._make, sql.AT_SEQS, (_json(seqs),))

    def board(self, kind: str, limit: int) -> list[bytes]:
        """Return a kind's top."""
        return [row[0] for row in self._tuples(sql.BOARD, (kind, limit))]

    def of_kind(self, kind: str, after: str, limit: int) -> list[tuple[str, int, bytes]]:
        """Return a page of a kind's standings: the keys between `kind:` and what sorts next."""
        return self._tuples(sql.OF_KIND, (max(after, f"{kind}:"), f"{kind};", limit))

    def changed_since(self, kind: str, seq: int, limit: int) -> list[tuple[str, int, bytes]]:
        """Return a kind's standings changed after a position."""
        return self._tuples(sql.CHANGED, (kind, seq, limit))

    def search(self, text: str, kind: str | None, limit: int) -> list[bytes]:
        """Search ids: those that begin with `text` first."""
        plain = text.translate(_LIKE)
        if ":" in plain:
            begins = contains = f"{plain}%"
        else:
            begins, contains = f"%:{plain}%", f"%:%{plain}%"
        rows = self._tuples(sql.SEARCH, (contains, int(kind is None), kind, begins, limit))
        return [row[0] for row in rows]

    def subjects(self, after: str, limit: int) -> list[str]:
        """Return a page of subjects."""
        return [row[0] for row in self._tuples(sql.SUBJECTS, (after, after, limit))]

    def counted(self, kind: str, newest: int) -> tuple[int, int, list[int]]:
        """Count a kind's events and subjects by an index alone."""
        span = _span(kind)
        events, subjects = self._one(sql.COUNTED, span)
        return events, subjects, [row[0] for row in self._tuples(sql.NEWEST_OF_KIND, (*span, newest))]

    def of_kind_since(self, kind: str, seq: int, limit: int) -> list[EventRow]:
        """Return a kind's events after a position."""
        return self._all(EventRow._make, sql.OF_KIND_SINCE, (seq, *_span(kind), limit))

    def largest(self, least: int) -> list[str]:
        """Return those with many events."""
        return [row[0] for row in self._tuples(sql.LARGEST, (least,))]

    def totals(self) -> tuple[int, int]:
        """Return the numbers of events and subjects."""
        return self._one(sql.TOTALS)

    def key_rows(self) -> list[KeyRow]:
        """Return all API keys."""
        return self._all(KeyRow._make, access_rows.KEYS)

    def key(self, secret_hash: str) -> KeyRow | None:
        """Look an API key up."""
        row = self._one(access_rows.KEY, (secret_hash,))
        return None if row is None else KeyRow._make(row)

    def rights(self, user: str) -> RightsRow | None:
        """Look rights up."""
        row = self._one(access_rows.RIGHTS, (user,))
        return None if row is None else RightsRow._make(row)

    def rights_holders(self, scope: str, most: int) -> list[str]:
        """Return names from both tables."""
        return [name for (name,) in self._tuples(access_rows.RIGHTS_HOLDERS, (scope, most, 0))]

    def revocation(self, scope: str, name: str) -> RevocationRow | None:
        """Look a revocation up."""
        row = self._one(access_rows.REVOCATION, (scope, name))
        return None if row is None else RevocationRow._make(row)

    def policy_rows(self) -> list[PolicyRow]:
        """Return all policies."""
        return self._all(PolicyRow._make, policy_rows.POLICIES)

    def policy_states(self) -> list[tuple[str, int, str | None]]:
        """Return the newest of each kind."""
        return self._tuples(policy_rows.POLICY_STATES)

    def subjects_between(self, after: str, until: str) -> int:
        """Count keys."""
        return int(self._one(policy_rows.DONE_SUBJECTS, (after, until))[0])

    def notice_bounds(self) -> tuple[int, int]:
        """Return the oldest and the newest id."""
        return self._one(access_rows.NOTICE_BOUNDS)

    def notices(self, after: int) -> list[NoticeRow]:
        """Return newer notices."""
        return self._all(NoticeRow._make, access_rows.NOTICES, (after,))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class SqliteWriter(SqliteReader):
    """Writes over one connection. See `store.Writer`."""

    def begin(self) -> None:
        """Take the write lock."""
        self._one("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit; with `synchronous=FULL` this returns after the WAL is on disk."""
        self._one("COMMIT")

    def rollback(self) -> None:
        """Roll back if there is something to."""
        if self._connection.in_transaction:
            self._one("ROLLBACK")

    def _many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        try:
            self._connection.executemany(statement, rows)
        except sqlite3.Error as error:
            raise _failed(error) from error

    def _insert(self, insert: Insert, rows: Sequence[Sequence[Any]]) -> None:
        """Insert many rows with few statements.

        The driver gives the interpreter up once per statement, and must get it back from whoever took it:
        with a statement per row a busy event loop would hold the writer up row by row.
        """
        try:
            start = 0
            for size in insert.sizes:
                while len(rows) - start >= size:
                    values = list(chain.from_iterable(rows[start : start + size]))
                    self._connection.execute(insert.of(size), values)
                    start += size
        except sqlite3.Error as error:
            raise _failed(error) from error

    def add_events(self, rows: Sequence[EventRow]) -> None:
        """Insert events; of those that are as they came only what is said of them."""
        full = [row for row in rows if row[sql.PLAIN :] != _PLAIN]
        plain = rows if not full else [row for row in rows if row[sql.PLAIN :] == _PLAIN]
        self._insert(sql.ADD_PLAIN_EVENTS, [row[: sql.PLAIN] for row in plain])
        self._insert(sql.ADD_EVENTS, full)

    def end_events(self, ends: Sequence[EndRow]) -> None:
        """Mark events as taken back."""
        self._many(sql.END_EVENT, ends)

    def hold_events(self, holds: Sequence[HoldRow]) -> None:
        """Mark events as held or not."""
        self._many(held_rows.HOLD_EVENT, holds)

    def put_actors(self, rows: Sequence[ActorRow]) -> None:
        """Upsert actors."""
        self._insert(sql.PUT_ACTORS, rows)

    def count_actors(self, kinds: Sequence[str], reserved: Sequence[str]) -> None:
        """Count actors within the database."""
        self._touched(sql.COUNT_ACTORS, (_json(kinds), _json(reserved)))

    def put_meta(self, name: str, value: str) -> None:
        """Upsert a value."""
        self._touched(sql.PUT_META, (name, value))

    def put_due(self, rows: Sequence[DueRow]) -> None:
        """Change dues."""
        self._many(held_rows.PUT_DUE, [(row.due, row.subject) for row in rows])

    def refold_events(self, rows: Iterable[Refolded]) -> None:
        """Rewrite what was derived from events."""
        self._many(sql.REFOLD_EVENT, rows)

    def sent_by(self, actor: str, limit: int) -> list[EventRow]:
        """Return what an actor has sent."""
        return self._all(EventRow._make, sql.SENT_BY, (actor, limit))

    def erase_events(self, rows: Iterable[Erased]) -> None:
        """Rewrite events in place, zeros where something was."""
        self._one("PRAGMA secure_delete=ON")
        self._many(sql.ERASE_EVENT, rows)

    def forget_actor(self, actor: str) -> None:
        """Delete an actor."""
        self._touched(sql.FORGET_ACTOR, (actor,))

    def scrub(self) -> None:
        """Empty the write-ahead log."""
        self._one("PRAGMA wal_checkpoint(TRUNCATE)")

    def put_standings(self, rows: Sequence[StandingRow]) -> None:
        """Upsert standings."""
        self._insert(sql.PUT_STANDINGS, rows)

    def add_checkpoints(self, rows: Sequence[CheckpointRow]) -> None:
        """Upsert checkpoints."""
        self._many(sql.ADD_CHECKPOINT, rows)

    def drop_checkpoints(self, changes: Sequence[tuple[str, float, int]]) -> None:
        """Delete checkpoints that no longer hold."""
        self._many(sql.DROP_CHECKPOINTS, changes)

    def put_kinds(self, rows: Sequence[KindRow]) -> None:
        """Upsert kinds."""
        self._many(sql.PUT_KIND, rows)

    def add_key(self, row: KeyRow) -> None:
        """Insert an API key."""
        self._many(access_rows.ADD_KEY, [row])

    def revoke_key(self, key_id: str, at: float) -> bool:
        """Revoke an API key."""
        return self._touched(access_rows.REVOKE_KEY, (at, key_id)) > 0

    def put_rights(self, user: str, body: bytes, at: float) -> None:
        """Upsert rights."""
        self._touched(access_rows.PUT_RIGHTS, (user, body, at))

    def drop_rights(self, user: str) -> bool:
        """Delete rights."""
        return self._touched(access_rows.DROP_RIGHTS, (user,)) > 0

    def put_revocation(self, row: RevocationRow) -> None:
        """Upsert a revocation."""
        self._touched(access_rows.PUT_REVOCATION, row)

    def drop_revocations(self, until: float) -> None:
        """Delete revocations that are over."""
        self._touched(access_rows.DROP_REVOCATIONS, (until,))

    def put_policy(self, row: PolicyRow) -> None:
        """Upsert a policy."""
        self._touched(policy_rows.PUT_POLICY, row)

    def mark_switched(self, kind: str, version: int, last: str | None) -> None:
        """Note how far a switch is."""
        self._touched(policy_rows.MARK_SWITCHED, (last, kind, version))

    def add_notice(self, kind: str, name: str, body: bytes, at: float) -> None:
        """Insert a notice."""
        self._touched(access_rows.ADD_NOTICE, (kind, name, body, at))

    def drop_notices(self, until: float) -> None:
        """Delete old notices."""
        self._touched(access_rows.DROP_NOTICES, (until,))

    def _touched(self, statement: str, parameters: Sequence[Any]) -> int:
        try:
            return self._connection.execute(statement, parameters).rowcount
        except sqlite3.Error as error:
            raise _failed(error) from error
