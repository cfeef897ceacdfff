"""The past of a subject as its rows tell it."""

from collections.abc import Callable, Collection, Sequence

import msgspec

from renown.ledger.folding.checkpoints import counting_since, lived_since
from renown.ledger.folding.forms import Earlier, Lived
from renown.ledger.folding.trail import Trail
from renown.ledger.views import earlier_of
from renown.policy import Policy
from renown.scoring import State
from renown.stores import Reader

__all__ = ["StoredPast"]


class StoredPast(msgspec.Struct, gc=False, eq=False):
    """Looks the past up in the store. `flush` writes what the batch has come to and brings a reader of it.

    There is one for each event, and most events have no question: nothing is done before there is one.
    """

    _policy: Policy
    _subject: str
    _pairs: dict[tuple[str, str], Earlier | None]
    _flush: Callable[[], Reader]
    _trail: Trail | None = None

    def newest_of(self, pair: str) -> Earlier | None:
        """Return the live event of a pair, looked up for the whole batch beforehand."""
        return self._pairs.get((self._subject, pair))

    def all_of(self, pair: str) -> Sequence[Earlier]:
        """Return all events of a pair."""
        return [earlier_of(row) for row in self._flush().paired(self._subject, pair)]

    def referred(self, reference: str) -> Sequence[Earlier]:
        """Return the events with that id or ref."""
        return [earlier_of(row) for row in self._flush().referred(self._subject, reference)]

    def since(self, place: tuple[float, int]) -> tuple[State | None, Sequence[Earlier]]:
        """Return what counts from the nearest checkpoint on."""
        return counting_since(self._flush(), self._policy, self._subject, place)

    def lived_since(self, place: tuple[float, int], oldest: int) -> Lived | None:
        """Return the subject as of the nearest checkpoint, and its events from there on unless too many."""
        near = None if self._trail is None else self._trail.below(place)
        return lived_since(self._flush(), self._policy, self._subject, place, oldest=oldest, near=near)

    def ending(self, until: float) -> Sequence[Earlier]:
        """Return the held events whose hold ends by then."""
        return [earlier_of(row) for row in self._flush().ending(self._subject, until)]

    def next_end(self, gone: Collection[int]) -> float | None:
        """Return when the first hold of the others ends."""
        ends = self._flush().hold_ends(self._subject, len(gone) + 1)
        return next((end for version, end in ends if version not in gone), None)
