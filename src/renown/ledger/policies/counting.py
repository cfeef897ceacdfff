"""The counts and running means of a kind under other rules than before."""

from collections.abc import Callable
from typing import Final

from renown.ledger.rebuild import see_event
from renown.ledger.writing.cache import Kind
from renown.policy import Policy
from renown.scoring import needs_kind_state
from renown.stores import KindRow, Reader

__all__ = ["KindCount", "may_wait"]

_SCAN: Final = 5_000
_HOLDS: Final = b'"hold"'


class KindCount:
    """The counts and running means of a kind, from all its events; without `anew` those that are stored."""

    def __init__(self, policy: Policy, *, anew: bool) -> None:
        self._policy = policy
        self._kind = Kind.new(policy) if anew and needs_kind_state(policy) else None
        self._seq = 0

    def go_on(self, reader: Reader, check_on: Callable[[], None] | None = None) -> None:
        """Count what was not counted yet; what `check_on` raises, called now and then, ends it."""
        while self._kind is not None and (rows := reader.of_kind_since(self._policy.kind, self._seq, _SCAN)):
            for row in rows:
                see_event(self._kind, self._policy, row)
            self._seq = rows[-1].seq
            if check_on is not None:
                check_on()

    def prior(self, reader: Reader) -> dict[str, float]:
        """Return what is believed of a subject of the kind before anything is said of it."""
        if self._kind is not None and self._kind.state is not None:
            return self._kind.state.prior()
        found = next((row for row in reader.kind_rows() if row.kind == self._policy.kind), None)
        return (Kind.new(self._policy) if found is None else Kind.of(found, self._policy)).prior

    def rows(self, reader: Reader) -> list[KindRow]:
        """Return the row to be stored; none of a kind without events."""
        found = [row for row in reader.kind_rows() if row.kind == self._policy.kind]
        return [(self._kind or Kind.of(row, self._policy)).row() for row in found]


def may_wait(reader: Reader, policy: Policy) -> bool:
    """Tell whether an event may have said nothing of its kind before others let it count.

    When it did is told by what its subject was folded to.
    """
    if not needs_kind_state(policy):
        return False
    if any(rule.blind is not None for rule in policy.rules.values()):
        return True
    seq = 0
    while rows := reader.of_kind_since(policy.kind, seq, _SCAN):
        if any(_HOLDS in row.basis for row in rows):
            return True
        seq = rows[-1].seq
    return False
