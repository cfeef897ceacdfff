"""Which version of a kind's rules is in force: the newest in the ledger, for every process on its file."""

from typing import Final, Protocol

import structlog

from renown.errors import PolicyError
from renown.policy import Policies, Policy, load
from renown.stores import PolicyRow, Reader

__all__ = ["adopt", "newest_rows", "read_row"]

_log: Final = structlog.get_logger(__name__)


class _States(Protocol):
    def policy_states(self) -> list[tuple[str, int, str | None]]: ...

    def policy_rows(self) -> list[PolicyRow]: ...


def adopt(reader: _States, policies: Policies) -> None:
    """Take over what is newer in the ledger than what this process has; cheap when nothing is.

    A kind that this process has no policy for stays one that it does not serve. Rules that it cannot read,
    because a newer version of the software wrote them, are not taken over, and that is logged.
    """
    behind = {
        kind
        for kind, version, _ in reader.policy_states()
        if (current := policies.get(kind)) is not None and current.version < version
    }
    if not behind:
        return
    for kind, row in newest_rows(reader).items():
        policy = read_row(row) if kind in behind else None
        if policy is not None:
            policies.replace(policy)
            _log.info("a newer policy is in force", kind=kind, policy=policy.name, version=policy.version)


def newest_rows(reader: Reader | _States) -> dict[str, PolicyRow]:
    """Return the newest row of each kind."""
    return {row.kind: row for row in reader.policy_rows()}


def read_row(row: PolicyRow) -> Policy | None:
    """Return the policy of a row; None, and a line in the log, when it cannot be read."""
    try:
        return load(row.text, f"{row.kind} {row.version}")
    except PolicyError as error:
        _log.error("the ledger has a policy that cannot be read here", reason=error.detail)
        return None
