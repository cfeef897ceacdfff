"""Storing the rules of a kind: from then on they are in force, for every process on the file."""

import time
from typing import Final

import structlog

from renown.errors import ConflictError
from renown.ledger.policies.versions import adopt, newest_rows, read_row
from renown.ledger.rebuild import see_event
from renown.ledger.writing.cache import Kind
from renown.model import kind_of
from renown.policy import Policies, Policy, alike, text_of, toml_of
from renown.scoring import needs_kind_state
from renown.stores import KindRow, PolicyRow, Reader, Store, Writer

__all__ = ["enter", "enter_all"]

_SCAN: Final = 5_000
_log: Final = structlog.get_logger(__name__)


def enter_all(store: Store, policies: Policies) -> None:
    """Enter the policies of a process that the ledger has not seen; newer ones of the ledger hold."""
    writer = store.writer()
    try:
        for policy in tuple(policies):
            row = newest_rows(writer).get(policy.kind)
            if row is None or row.version < policy.version:
                _store(writer, policy)
            elif row.version > policy.version:
                _log.warning(
                    "the ledger has a newer policy than the settings; that one holds",
                    kind=policy.kind,
                    settings=policy.version,
                    ledger=row.version,
                )
            elif not _same(row, policy):
                _log.warning(
                    "a policy changed without a new version: what was folded stays as it was until it is"
                    " rebuilt; raise its version",
                    kind=policy.kind,
                    version=policy.version,
                )
                _store(writer, policy, again=True)
        adopt(writer, policies)
    finally:
        writer.close()


def enter(store: Store, policy: Policy) -> None:
    """Enter new rules of a kind; the very rules that hold are taken without doing anything.

    Raises:
        ConflictError: `version_taken`, when the version is not above all that the kind has had.

    """
    writer = store.writer()
    try:
        row = newest_rows(writer).get(policy.kind)
        if row is None or row.version < policy.version:
            _store(writer, policy)
        elif not _same(row, policy):
            raise _version_taken(policy, row)
    finally:
        writer.close()


class _Count:
    """The counts and running means of a kind under new rules, from all its events."""

    def __init__(self, policy: Policy, *, anew: bool) -> None:
        self._policy = policy
        self._kind = Kind.new(policy) if anew and needs_kind_state(policy) else None
        self._seq = 0

    def go_on(self, reader: Reader) -> None:
        """Count what was not counted yet."""
        while self._kind is not None and (rows := reader.since(self._seq, _SCAN)):
            for row in rows:
                if kind_of(row.subject) == self._policy.kind:
                    see_event(self._kind, self._policy, row)
            self._seq = rows[-1].seq

    def rows(self, reader: Reader) -> list[KindRow]:
        """Return the row to be stored; none of a kind without events."""
        found = [row for row in reader.kind_rows() if row.kind == self._policy.kind]
        return [(self._kind or Kind.of(row, self._policy)).row() for row in found]


def _store(writer: Writer, policy: Policy, *, again: bool = False) -> None:
    """Store a policy, and with it the kind's running means under it; `again` writes over the same version.

    Raises:
        ConflictError: `version_taken`, by a process that was faster.

    """
    count = _Count(policy, anew=policy.kind in newest_rows(writer))
    # Most of it before anybody has to wait.
    count.go_on(writer)
    writer.begin()
    try:
        row = newest_rows(writer).get(policy.kind)
        if row is not None and row.version >= policy.version and not again:
            if not _same(row, policy):
                raise _version_taken(policy, row)
            return
        count.go_on(writer)
        text, kinds = text_of(policy) or toml_of(policy), count.rows(writer)
        since = time.time() if row is None or not again else row.since
        switched = "" if kinds else None
        writer.put_policy(PolicyRow(policy.kind, policy.version, policy.name, text, since, switched))
        writer.put_kinds(kinds)
        writer.commit()
    finally:
        writer.rollback()


def _same(row: PolicyRow, policy: Policy) -> bool:
    known = read_row(row)
    return known is not None and alike(known, policy)


def _version_taken(policy: Policy, row: PolicyRow) -> ConflictError:
    return ConflictError(
        f"the rules of `{policy.kind}` are at version {row.version}; other rules need a higher one",
        code="version_taken",
        field="version",
        expected=f"{row.version + 1} or more",
    )
