"""Under which rules a subject is to be folded, also while newer ones are on their way to it."""

from renown.ledger.policies.versions import newest_rows, read_row
from renown.model import kind_of
from renown.policy import Policies, Policy
from renown.stores import PolicyRow, Reader, StandingRow

__all__ = ["Rules"]


class Rules:
    """The rules of all kinds, and those that kinds have had."""

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self._read: dict[tuple[str, int, str], Policy | None] = {}

    def of(self, reader: Reader, key: str, standing: StandingRow | None) -> tuple[Policy | None, bool]:
        """Return a subject's rules, and whether newer ones are still on their way to it.

        While a switch runs, a subject that it has not reached stands on older rules; so does every one while
        the settings have newer rules than the ledger, which takes them over when it is started.
        """
        policy = self.policies.get(kind_of(key))
        if policy is None or standing is None or standing.policy_version == policy.version:
            return policy, False
        newest = newest_rows(reader).get(policy.kind)
        if newest is None:
            return policy, False
        if standing.policy_version == newest.version:
            return self._older(newest) or policy, newest.version < policy.version
        if newest.switched is not None and key > newest.switched:
            for row in reader.policy_rows():
                if (row.kind, row.version) == (policy.kind, standing.policy_version):
                    older = self._older(row)
                    return older or policy, older is not None
        return self._in_force(policy, newest), False

    def of_kind(self, reader: Reader, kind: str) -> Policy | None:
        """Return the rules under which a kind's counts and running means are kept."""
        policy = self.policies.get(kind)
        newest = None if policy is None else newest_rows(reader).get(kind)
        return policy if policy is None or newest is None else self._in_force(policy, newest)

    def _in_force(self, policy: Policy, newest: PolicyRow) -> Policy:
        """Return the ledger's newest rules; those of this process if they are of the same version."""
        return policy if newest.version == policy.version else self._older(newest) or policy

    def _older(self, row: PolicyRow) -> Policy | None:
        name = row.kind, row.version, row.text
        if name not in self._read:
            self._read[name] = read_row(row)
        return self._read[name]
