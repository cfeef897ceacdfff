"""The past of a subject as a list in memory, for folding it anew."""

from bisect import bisect, insort
from collections.abc import Collection, Sequence
from math import inf
from typing import Final

import msgspec

from renown.ledger.folding.checkpoints import checkpoint_of
from renown.ledger.folding.forms import Applied, Counted, Earlier, Folded, Hold, Lived
from renown.ledger.folding.lineage import in_place
from renown.ledger.folding.trail import Trail
from renown.model import Event
from renown.policy import Policy
from renown.scoring import Effect, State
from renown.stores import CheckpointRow

__all__ = ["Said", "Told"]

_Several = dict[str, Earlier | list[Earlier]]
"""Most names have one event: a list for each would cost more than the events."""
_NONE: Final[tuple[Earlier, ...]] = ()


class Said(msgspec.Struct, gc=False):
    """An event with what it means."""

    id: str
    at: float
    event: Event
    effect: Effect


class Told:
    """The past as a list, beginning with what there was before: the state `start`, None for nothing.

    Without `lives` it does not tell how its subject came to be what it is.
    """

    def __init__(self, start: State | None = None, *, lives: bool = True) -> None:
        self.events: list[Earlier] = []
        """In the order in which they were added: from nothing on, by version."""
        self.marked: set[int] = set()
        """Versions of those that were ever ended or held."""
        self.newest_kept: tuple[float, int] = (-inf, 0)
        """The place of the highest checkpoint."""
        self._start = start
        self._lives = lives
        self._refs: _Several = {}
        self._pairs: _Several = {}
        self._by_id: dict[str, Earlier] = {}
        self._in_time: list[Earlier] = []
        """The events by (at, version)."""
        self._checkpoints: list[Folded] = []
        self._held: list[tuple[float, int, Earlier]] = []
        """What is held until some time, by (that time, version)."""
        self._passed_over: list[int] = []
        self._trail = Trail()

    def add(self, earlier: Earlier, ref: str | None) -> None:
        """Add an event, the newest by version."""
        self.events.append(earlier)
        in_time = self._in_time
        if not in_time or earlier.at >= in_time[-1].at:
            in_time.append(earlier)
        else:
            insort(in_time, earlier, key=_place)
        self._by_id[earlier.id] = earlier
        if ref is not None:
            _add(self._refs, ref, earlier)
        if earlier.pair is not None:
            _add(self._pairs, earlier.pair, earlier)

    def mark(self, applied: Applied) -> None:
        """Note which events of before are held, are held no more, or count no more, and who came too late."""
        for hold in applied.holds:
            self._hold(hold)
        for end in applied.ends:
            earlier = self._by_id[end.id]
            earlier.ended_at, earlier.ended_by = end.at, end.by
            if end.at is None:
                earlier.ended_version = None
                self.marked.add(earlier.version)
                continue
            earlier.ended_version = applied.folded.version
            self._forget(earlier)
        if applied.changes and any(change.kind == "late" for change in applied.changes):
            self._passed_over.append(applied.folded.version)

    def _hold(self, hold: Hold) -> None:
        earlier = self._by_id[hold.id]
        self._forget(earlier)
        hold.mark(earlier)
        if hold.at is not None and hold.until is not None:
            insort(self._held, (hold.until, earlier.version, earlier))

    def _forget(self, earlier: Earlier) -> None:
        self.marked.add(earlier.version)
        if earlier.held_until is not None:
            self._held = [each for each in self._held if each[2] is not earlier]

    def newest_of(self, pair: str) -> Earlier | None:
        """Return the live event of a pair that has its place."""
        found = self._pairs.get(pair)
        if found is None:
            return None
        return in_place(each for each in reversed(_listed(found)) if each.ended_version is None)

    def live_of(self, pair: str) -> Sequence[Earlier]:
        """Return the live events of a pair, by version."""
        return [each for each in self.all_of(pair) if each.ended_version is None]

    def all_of(self, pair: str) -> Sequence[Earlier]:
        """Return all events of a pair, by version."""
        return _listed(self._pairs.get(pair))

    def referred(self, reference: str) -> Sequence[Earlier]:
        """Return the events with that id or ref, by version."""
        found = {each.version: each for each in _listed(self._refs.get(reference))}
        if reference in self._by_id:
            named = self._by_id[reference]
            found[named.version] = named
        return [found[version] for version in sorted(found)]

    def since(self, place: tuple[float, int]) -> tuple[State | None, Sequence[Counted]]:
        """Return what counts from the nearest checkpoint on."""
        kept = self._below(place)
        at, version, start = (-inf, 0, self._start) if kept is None else (kept.at, kept.version, kept.state)
        first = bisect(self._in_time, (at, version), key=_place)
        live = [earlier for earlier in self._in_time[first:] if earlier.live]
        return start, [Counted(each.at, each.version, each.counted) for each in live]

    def lived_since(self, place: tuple[float, int], oldest: int) -> Lived | None:
        """Return the subject as of the nearest checkpoint, and its events from there on unless too many."""
        if not self._lives:
            return None
        kept = self._below(place)
        if (0 if kept is None else kept.version) + 1 < oldest:
            return Lived(kept, (), ())
        start = self._trail.below(place) or kept
        version = 0 if start is None else start.version
        passed_over = [each for each in self._passed_over if each > version]
        return Lived(start, self.events[version:], passed_over)

    def follow(self, folded: Folded, changed: tuple[float, int] | None) -> None:
        """Remember what the subject is now; `changed` is the lowest (at, version) whose count has changed."""
        self._trail.note(folded, changed)

    def _below(self, place: tuple[float, int]) -> Folded | None:
        """Return the highest checkpoint below a place."""
        for kept in reversed(self._checkpoints):
            if (kept.at, kept.version) < place:
                return kept
        return None

    def keep(self, folded: Folded, changed: tuple[float, int] | None, every: int) -> None:
        """Drop the checkpoints that hold no more, and make one where it is time for one."""
        kept = self._checkpoints
        if changed is not None:
            while kept and (kept[-1].at, kept[-1].version) >= changed:
                kept.pop()
        if folded.version % every == 0:
            kept.append(folded)
        self.newest_kept = (kept[-1].at, kept[-1].version) if kept else (-inf, 0)

    def checkpoints(self, policy: Policy, subject: str) -> list[CheckpointRow]:
        """Return the checkpoints as they are to be stored."""
        return [checkpoint_of(policy, subject, folded) for folded in self._checkpoints]

    def ending(self, until: float) -> Sequence[Earlier]:
        """Return the held events whose hold ends by then."""
        return [earlier for end, _, earlier in self._held if end <= until]

    def next_end(self, gone: Collection[int]) -> float | None:
        """Return when the first hold of the others ends."""
        return next((end for end, version, _ in self._held if version not in gone), None)


def _place(earlier: Earlier) -> tuple[float, int]:
    return earlier.at, earlier.version


def _add(several: _Several, name: str, earlier: Earlier) -> None:
    found = several.get(name)
    if found is None:
        several[name] = earlier
    elif isinstance(found, list):
        found.append(earlier)
    else:
        several[name] = [found, earlier]


def _listed(found: Earlier | list[Earlier] | None) -> Sequence[Earlier]:
    if found is None:
        return _NONE
    return found if isinstance(found, list) else (found,)
