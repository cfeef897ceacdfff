"""Which version of a kind's rules is in force: the newest in the ledger, for every process on its file."""

from typing import Final, Protocol
from weakref import WeakKeyDictionary

import structlog

from renown.errors import PolicyError
from renown.policy import Policies, Policy, load
from renown.stores import KindRow, PolicyRow, Reader

__all__ = ["adopt", "newest_rows", "read_row"]

_log: Final = structlog.get_logger(__name__)
_unread: Final[WeakKeyDictionary[Policies, set[tuple[str, int]]]] = WeakKeyDictionary()
"""What could not be read, by kind and version: not tried again with each commit of another process."""


class _States(Protocol):
    def policy_states(self) -> list[tuple[str, int, str | None]]: ...

    def policy_rows(self) -> list[PolicyRow]: ...

    def kind_rows(self) -> list[KindRow]: ...


def adopt(reader: _States, policies: Policies) -> None:
    """Take over what the ledger has and this process has not: newer rules, and kinds; cheap when nothing is.

    A kind that this process was started without is one of its own as soon as the ledger has an event of it.
    One without any stays unknown: settings of before named it, or nobody has used it yet. Rules that cannot
    be read, because a newer version of the software wrote them, are not taken over, and that is logged once.
    """
    unread = _unread.setdefault(policies, set())
    behind = {
        (kind, version)
        for kind, version, _ in reader.policy_states()
        if ((current := policies.get(kind)) is None or current.version < version)
        and (kind, version) not in unread
    }
    if any(kind not in policies for kind, _ in behind):
        lived = {row.kind for row in reader.kind_rows() if row.events}
        behind = {each for each in behind if each[0] in policies or each[0] in lived}
    if not behind:
        return
    for row in newest_rows(reader).values():
        if (row.kind, row.version) in behind:
            policy = read_row(row)
            if policy is None:
                unread.add((row.kind, row.version))
            else:
                _take_over(policies, policy)


def _take_over(policies: Policies, policy: Policy) -> None:
    known = policy.kind in policies
    policies.put(policy)
    what = "a newer policy is in force" if known else "a kind of the ledger is known that no setting names"
    _log.info(what, kind=policy.kind, policy=policy.name, version=policy.version)


def newest_rows(reader: Reader | _States) -> dict[str, PolicyRow]:
    """Return the newest row of each kind."""
    return {row.kind: row for row in reader.policy_rows()}


def read_row(row: PolicyRow) -> Policy | None:
    """Return the policy of a row; None, and a line in the log, when it cannot be read."""
    try:
        policy = load(row.text, f"{row.kind} {row.version}")
    except PolicyError as error:
        _log.error("the ledger has a policy that cannot be read here", reason=error.detail)
        return None
    if (policy.kind, policy.version) != (row.kind, row.version):
        _log.error(
            "the ledger has a policy that is for something else than it says",
            kind=row.kind,
            version=row.version,
        )
        return None
    return policy
