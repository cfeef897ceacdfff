"""The past of a subject as its rows tell it."""

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from renown.ledger.folding.checkpoints import Rows, counting_since, lived_since
from renown.ledger.folding.forms import Counted, Earlier, Lived
from renown.ledger.folding.trail import Trail
from renown.ledger.views import earlier_of
from renown.policy import Policy
from renown.scoring import State
from renown.stores import EventRow, Reader

__all__ = ["Recall", "StoredPast", "Unwritten"]


class Unwritten(Rows, Protocol):
    """What can be asked without anything being written for it."""

    def paired(self, subject: str, pair: str) -> list[EventRow]:
        """Return all events of the pair, ended ones too, ascending."""
        ...

    def referred(self, subject: str, reference: str) -> list[EventRow]:
        """Return the subject's events whose id or ref is `reference`, ascending."""
        ...

    def live_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[EventRow]:
        """Return the live events with these (subject, pair)."""
        ...


class Recall(Protocol):
    """Who knows all that was folded before."""

    def flush(self) -> Reader:
        """Write what the batch has come to; return a reader that sees it and all before."""
        ...

    def unwritten(self) -> Unwritten:
        """Return what sees as much, with nothing written; to be asked at once."""
        ...


class StoredPast(msgspec.Struct, gc=False, eq=False):
    """Looks the past up in the store and in what is about to be stored.

    There is one for each event, and most events have no question: nothing is done before there is one.
    """

    _policy: Policy
    _subject: str
    _pairs: dict[tuple[str, str], Earlier | None]
    _recall: Recall
    _trail: Trail | None = None

    def newest_of(self, pair: str) -> Earlier | None:
        """Return the live event of a pair that has its place, looked up for the whole batch beforehand."""
        return self._pairs.get((self._subject, pair))

    def live_of(self, pair: str) -> Sequence[Earlier]:
        """Return the live events of a pair, by version."""
        rows = self._recall.unwritten().live_pairs([(self._subject, pair)])
        return sorted(map(earlier_of, rows), key=lambda each: each.version)

    def all_of(self, pair: str) -> Sequence[Earlier]:
        """Return all events of a pair."""
        return [earlier_of(row) for row in self._recall.unwritten().paired(self._subject, pair)]

    def referred(self, reference: str) -> Sequence[Earlier]:
        """Return the events with that id or ref."""
        return [earlier_of(row) for row in self._recall.unwritten().referred(self._subject, reference)]

    def since(self, place: tuple[float, int]) -> tuple[State | None, Sequence[Counted]]:
        """Return what counts from the nearest checkpoint on."""
        return counting_since(self._recall.unwritten(), self._policy, self._subject, place)

    def lived_since(self, place: tuple[float, int], oldest: int) -> Lived | None:
        """Return the subject as of the nearest checkpoint, and its events from there on unless too many."""
        near = None if self._trail is None else self._trail.below(place)
        rows = self._recall.unwritten()
        return lived_since(rows, self._policy, self._subject, place, oldest=oldest, near=near)

    def ending(self, until: float) -> Sequence[Earlier]:
        """Return the held events whose hold ends by then."""
        return [earlier_of(row) for row in self._recall.flush().ending(self._subject, until)]

    def next_end(self, gone: Collection[int]) -> float | None:
        """Return when the first hold of the others ends."""
        ends = self._recall.flush().hold_ends(self._subject, len(gone) + 1)
        return next((end for version, end in ends if version not in gone), None)
