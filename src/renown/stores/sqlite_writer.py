"""Writing the rows of the SQLite store."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

from renown.stores import access_rows, held_rows, policy_rows
from renown.stores import statements as sql
from renown.stores.access_rows import KeyRow, RevocationRow
from renown.stores.compiling import Insert
from renown.stores.held_rows import DueRow, HoldRow
from renown.stores.policy_rows import PolicyRow
from renown.stores.rows import (
    ActorRow,
    CheckpointRow,
    EndRow,
    Erased,
    EventRow,
    KindRow,
    Rebased,
    Refolded,
    StandingRow,
)
from renown.stores.sqlite_reader import SqliteReader, failed, json_of

__all__ = ["SqliteWriter"]

_PLAIN: Final = (None,) * (len(EventRow._fields) - sql.PLAIN)


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
            raise failed(error) from error

    def _insert(self, insert: Insert, rows: Sequence[Sequence[Any]]) -> None:
        """Insert many rows with few statements.

        The driver gives the interpreter up a few times per statement, and must get it back from whoever took
        it: with a statement per row a busy event loop would hold the writer up row by row.
        """
        try:
            for statement, values in insert.of(rows):
                self._connection.execute(statement, values)
        except sqlite3.Error as error:
            raise failed(error) from error

    def add_events(self, rows: Sequence[EventRow]) -> None:
        """Insert events; of those that are as they came only what is said of them."""
        plain: list[Sequence[Any]] = []
        full: list[Sequence[Any]] = []
        for row in rows:
            if row[sql.PLAIN :] == _PLAIN:
                plain.append(row[: sql.PLAIN])
            else:
                full.append(row)
        self._insert(sql.ADD_PLAIN_EVENTS, plain)
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
        self._touched(sql.COUNT_ACTORS, (json_of(kinds), json_of(reserved)))

    def put_meta(self, name: str, value: str) -> None:
        """Upsert a value."""
        self._touched(sql.PUT_META, (name, value))

    def put_due(self, rows: Sequence[DueRow]) -> None:
        """Change dues."""
        self._many(held_rows.PUT_DUE, [(row.due, row.subject) for row in rows])

    def refold_events(self, rows: Iterable[Refolded]) -> None:
        """Rewrite what was derived from events."""
        self._many(sql.REFOLD_EVENT, rows)

    def rebase_events(self, rows: Iterable[Rebased]) -> None:
        """Rewrite what is recorded beside events."""
        self._many(sql.REBASE_EVENT, rows)

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
            raise failed(error) from error
