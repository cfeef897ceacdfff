"""The policies in force: one per kind of subject."""

from collections.abc import Iterable, Iterator

from renown.errors import EventError, PolicyError
from renown.policy.loader import preset, preset_names
from renown.policy.nearest import expected_one_of
from renown.policy.schema import Policy

__all__ = ["Policies"]


class Policies:
    """The policies in force, looked up by the kind of subject."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        """Take one policy per kind; raise `PolicyError` when two claim the same kind."""
        self._by_kind: dict[str, Policy] = {}
        for policy in policies:
            other = self._by_kind.setdefault(policy.kind, policy)
            if other is not policy:
                raise PolicyError(
                    f"the policies `{other.name}` and `{policy.name}` are both for `{policy.kind}`",
                    code="kind_taken",
                    field="kind",
                    expected="one policy per kind",
                )

    @classmethod
    def presets(cls) -> "Policies":
        """Return all packaged policies."""
        return cls(preset(name) for name in preset_names())

    def __iter__(self) -> Iterator[Policy]:
        return iter(self._by_kind.values())

    def __len__(self) -> int:
        return len(self._by_kind)

    def __contains__(self, kind: object) -> bool:
        return kind in self._by_kind

    def put(self, policy: Policy) -> None:
        """Put a policy in the place of the one for its kind, if any, for everybody who holds these."""
        # A new dictionary: others, in other threads too, may be going through the one there is.
        self._by_kind = {**self._by_kind, policy.kind: policy}

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of subjects there are policies for."""
        return tuple(self._by_kind)

    def get(self, kind: str) -> Policy | None:
        """Return the policy of a kind, or None."""
        return self._by_kind.get(kind)

    def for_kind(self, kind: str) -> Policy:
        """Return the policy of a kind; raise `EventError` (`unknown_kind`) naming the nearest kind."""
        policy = self._by_kind.get(kind)
        if policy is None:
            raise EventError(
                f"there is no policy for subjects of the kind `{kind[:40]}`",
                code="unknown_kind",
                field="subject",
                expected=expected_one_of(kind, self._by_kind),
            )
        return policy

    def for_subject(self, key: str) -> Policy:
        """Return the policy for a `kind:id` key; raise `EventError` (`unknown_kind`) without one."""
        return self.for_kind(key.partition(":")[0])
