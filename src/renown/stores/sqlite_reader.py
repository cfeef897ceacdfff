"""Reading the rows of the SQLite store."""

import sqlite3
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from math import inf
from typing import Any, Final, TypeVar

import msgspec

from renown.errors import LedgerError
from renown.stores import access_rows, held_rows, policy_rows
from renown.stores import statements as sql
from renown.stores.access_rows import KeyRow, NoticeRow, RevocationRow, RightsRow
from renown.stores.held_rows import AlarmRow, DueRow, PileRow
from renown.stores.policy_rows import PolicyRow
from renown.stores.rows import (
    ActorRow,
    CheckpointRow,
    CountingRow,
    EventRow,
    KindRow,
    StandingRow,
)

__all__ = ["SqliteReader", "failed", "json_of"]

_Row = TypeVar("_Row")
_UNBINDABLE: Final = (UnicodeEncodeError, OverflowError)
"""What is no text or number to SQLite: there is nothing under such a name or position."""
_LIKE: Final = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


def json_of(values: Sequence[Any]) -> str:
    """Return values as the one parameter by which a statement takes many."""
    return msgspec.json.encode(values).decode()


def _span(kind: str | None) -> tuple[str, str]:
    """Return what lies below and above all keys of a kind, or of all kinds."""
    return ("", "~") if kind is None else (f"{kind}:", f"{kind};")


def failed(error: sqlite3.Error) -> LedgerError:
    """Return what to raise for an error of SQLite's: `ledger_busy`, or what it says."""
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
            raise failed(error) from error

    def _one(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        try:
            return self._connection.execute(statement, parameters).fetchone()
        except _UNBINDABLE:
            return None
        except sqlite3.Error as error:
            raise failed(error) from error

    def _tuples(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except _UNBINDABLE:
            return []
        except sqlite3.Error as error:
            raise failed(error) from error

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
        return self._tuples(sql.KNOWN, (json_of(ids),))

    def standings(self, subjects: Sequence[str]) -> list[StandingRow]:
        """Look standings up."""
        return self._all(StandingRow._make, sql.STANDINGS, (json_of(subjects),))

    def views(self, subjects: Sequence[str]) -> list[tuple[str, int, bytes]]:
        """Look views up."""
        return self._tuples(sql.VIEWS, (json_of(subjects),))

    def view(self, subject: str) -> tuple[int, bytes] | None:
        """Look one view up."""
        return self._one(sql.VIEW, (subject,))

    def kind_rows(self) -> list[KindRow]:
        """Return all kinds."""
        return self._all(KindRow._make, sql.KINDS)

    def live_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[EventRow]:
        """Look live pairs up."""
        return self._all(EventRow._make, sql.LIVE_PAIRS, (json_of(pairs),))

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

    def counting_between(
        self, subject: str, after: tuple[float, int], before: tuple[float, int]
    ) -> list[CountingRow]:
        """Return a stretch of the live events, as far as it takes to count them."""
        return self._all(CountingRow._make, sql.COUNTING_BETWEEN, (subject, *after, *before))

    def checkpoint(
        self, subject: str, before: tuple[float, int], policy_version: int
    ) -> CheckpointRow | None:
        """Look a checkpoint up."""
        row = self._one(sql.CHECKPOINT, (subject, policy_version, *before))
        return None if row is None else CheckpointRow._make(row)

    def actors(self, keys: Sequence[str]) -> list[ActorRow]:
        """Look actors up."""
        return self._all(ActorRow._make, sql.ACTORS, (json_of(keys),))

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
        return self._tuples(held_rows.ALARMED, (json_of(kinds), limit))

    def due(self, kinds: Sequence[str], until: float, limit: int, *, after: float = -inf) -> list[DueRow]:
        """Return who is due."""
        return self._all(DueRow._make, held_rows.DUE, (after, until, json_of(kinds), limit))

    def told_lately(self, subjects: Sequence[str], after: float, but: str) -> list[str]:
        """Return whose newest event has just come."""
        return [row[0] for row in self._tuples(held_rows.TOLD_LATELY, (json_of(subjects), after, but))]

    def next_due(self, kinds: Sequence[str]) -> float | None:
        """Return the earliest due."""
        row = self._one(held_rows.NEXT_DUE, (json_of(kinds),))
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
        return self._tuples(sql.VERSIONS, (subject, json_of(versions)))

    def since(self, seq: int, limit: int) -> list[EventRow]:
        """Return events after a position."""
        return self._all(EventRow._make, sql.SINCE, (seq, limit))

    def recent(self, limit: int) -> list[EventRow]:
        """Return the newest events."""
        return self._all(EventRow._make, sql.RECENT, (limit,))

    def at_seqs(self, seqs: Sequence[int]) -> list[EventRow]:
        """Return events at positions."""
        return self._all(EventRow._make, sql.AT_SEQS, (json_of(seqs),))

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

    def counted(self, kind: str) -> tuple[int, int]:
        """Count a kind's events and subjects by an index alone."""
        events, subjects = self._one(sql.COUNTED, _span(kind))
        return events, subjects

    def newest_of(self, kind: str, limit: int) -> list[int]:
        """Return a kind's newest positions by an index alone."""
        return [row[0] for row in self._tuples(sql.NEWEST_OF_KIND, (*_span(kind), limit))]

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
