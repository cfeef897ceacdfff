"""Storing the rules of a kind: from then on they are in force, for every process on the file."""

import time
from collections.abc import Iterable
from typing import Final

import structlog

from renown.errors import ConflictError
from renown.ledger.policies.counting import KindCount
from renown.ledger.policies.versions import adopt, newest_rows, read_row
from renown.policy import Policies, Policy, alike, text_of, toml_of
from renown.stores import PolicyRow, Store, Writer

__all__ = ["enter", "enter_all"]

_log: Final = structlog.get_logger(__name__)


def enter_all(store: Store, policies: Policies, given: Iterable[Policy]) -> None:
    """Enter those policies `given` to a process that the ledger has not seen; newer ones of the ledger hold.

    `policies` are what is in force in it.
    """
    writer = store.writer()
    try:
        for policy in given:
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


def _store(writer: Writer, policy: Policy, *, again: bool = False) -> None:
    """Store a policy, and with it the kind's running means under it; `again` writes over the same version.

    Raises:
        ConflictError: `version_taken`, by a process that was faster.

    """
    count = KindCount(policy, anew=policy.kind in newest_rows(writer))
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
