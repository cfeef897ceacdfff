"""Checkpoints: what a subject was at one of its events, so that refolding begins there.

One is made with every 500th version of a subject. It holds for as long as nothing at or below its place, (at,
version), changes what it counts; whatever does drops it and those above.
"""

from collections.abc import Sequence
from math import inf
from typing import Final, Protocol

from renown import scoring
from renown.ledger.folding.forms import Counted, Folded, Lived
from renown.ledger.views import basis_of, changes_of, counted_of, earlier_of
from renown.policy import Policy
from renown.scoring import State
from renown.scoring.life import decode_life, encode_life
from renown.stores import CheckpointRow, CountingRow, EventRow, Writer

__all__ = ["EVERY", "Checkpoints", "Rows", "checkpoint_of", "counting_since", "lived_since", "state_before"]

EVERY: Final = 500
"""Versions of a subject from one checkpoint to the next."""

_FIRST: Final = (-inf, 0)
_FAR: Final = (inf, 2**62)
_Place = tuple[float, int]


class Rows(Protocol):
    """Of what a store can be asked what refolding asks."""

    def checkpoint(self, subject: str, before: _Place, policy_version: int) -> CheckpointRow | None:
        """Return the highest checkpoint below (at, version) that was made under a version of the policy."""
        ...

    def counting_between(self, subject: str, after: _Place, before: _Place) -> list[CountingRow]:
        """Return what counts of the live events above one (at, version) and below another, in that order."""
        ...

    def ascending(self, subject: str, after: int, limit: int) -> list[EventRow]:
        """Return events with a version above `after`, oldest first; all when `limit` is -1."""
        ...


def checkpoint_of(policy: Policy, subject: str, folded: Folded) -> CheckpointRow:
    """Return a subject's state as a checkpoint: no event of it lies above (latest time, newest version)."""
    return CheckpointRow(
        subject,
        folded.at,
        folded.version,
        policy.version,
        scoring.encode_state(folded.state),
        None if folded.life is None else encode_life(folded.life),
    )


def counting_since(
    rows: Rows, policy: Policy, subject: str, place: _Place, end: _Place = _FAR
) -> tuple[State | None, list[Counted]]:
    """Return the state of what counts below some point at or below `place`, and what counts from there on.

    The state is None when that point is the very beginning. Events at or above `end` are left out.
    """
    found = rows.checkpoint(subject, place, policy.version)
    first = _FIRST if found is None else (found.at, found.version)
    counted = [counted_of(row) for row in rows.counting_between(subject, first, end)]
    return None if found is None else scoring.decode_state(policy, found.state), counted


def state_before(rows: Rows, policy: Policy, subject: str, at: float, version: int) -> State:
    """Return the state of the live events below (at, version)."""
    place = (at, version)
    start, live = counting_since(rows, policy, subject, place, place)
    return scoring.refold(policy, ((each.said, each.at) for each in live), start)


def lived_since(
    rows: Rows, policy: Policy, subject: str, place: _Place, *, oldest: int, near: Folded | None
) -> Lived:
    """Return the subject as of the highest checkpoint below `place`, and its events from there on.

    There are none where some version before `oldest` would be among them. Otherwise they begin at `near`, a
    later state of the subject, where there is one.
    """
    found = None if near is not None and oldest <= 1 else rows.checkpoint(subject, place, policy.version)
    if (0 if found is None else found.version) + 1 < oldest:
        return Lived(None, (), ())
    if near is not None:
        return _lived(near, rows.ascending(subject, near.version, -1))
    if found is None or found.life is None:
        return _lived(None, rows.ascending(subject, 0, -1))
    last, *later = rows.ascending(subject, found.version - 1, -1)
    state, life = scoring.decode_state(policy, found.state), decode_life(policy, found.life)
    start = Folded(found.version, state, found.at, last.score, life=life, prior=basis_of(last).prior)
    return _lived(start, later)


def _lived(start: Folded | None, rows: Sequence[EventRow]) -> Lived:
    passed_over = [row.version for row in rows if row.changes is not None and _is_passed_over(row)]
    return Lived(start, [earlier_of(row) for row in rows], passed_over)


def _is_passed_over(row: EventRow) -> bool:
    return any(change.kind == "late" for change in changes_of(row))


class Checkpoints:
    """What a batch makes of checkpoints."""

    def __init__(self) -> None:
        self._made: dict[str, list[CheckpointRow]] = {}
        """By (at, version), those only that still hold."""
        self._changed: dict[str, _Place] = {}
        """The lowest place of each subject whose count has changed."""

    def note(self, policy: Policy, subject: str, folded: Folded, changed: _Place | None) -> None:
        """Take note of an event that was folded; `changed` is the lowest place whose count it changed."""
        version = folded.version
        if version < EVERY:
            return
        if changed is not None and (changed[1] != version or changed[0] < folded.at):
            self._changed[subject] = min(changed, self._changed.get(subject, changed))
            made = self._made.get(subject)
            if made:
                self._made[subject] = [row for row in made if (row.at, row.version) < changed]
        if version % EVERY == 0:
            self._made.setdefault(subject, []).append(checkpoint_of(policy, subject, folded))

    def made_below(self, subject: str, place: _Place, policy_version: int) -> CheckpointRow | None:
        """Return the highest one made below a place under a version of the policy."""
        made = reversed(self._made.get(subject, ()))
        fits = (row for row in made if (row.at, row.version) < place and row.policy_version == policy_version)
        return next(fits, None)

    def changed_below(self, subject: str, place: _Place) -> _Place:
        """Return up to where checkpoints of before hold: the lowest place that changed, or `place`."""
        return min(place, self._changed.get(subject, place))

    def store(self, writer: Writer) -> None:
        """Store it."""
        if self._changed:
            writer.drop_checkpoints([(subject, *place) for subject, place in self._changed.items()])
        if self._made:
            writer.add_checkpoints([row for made in self._made.values() for row in made])
