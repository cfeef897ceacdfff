"""Checkpoints: what a subject was at one of its events, so that refolding begins there.

One is made with every 500th version of a subject. It holds for as long as nothing at or below its place, (at,
version), changes what it counts; whatever does drops it and those above.
"""

from collections.abc import Sequence
from math import inf
from typing import Final

from renown import scoring
from renown.ledger.folding.forms import Earlier, Folded, Lived
from renown.ledger.views import basis_of, changes_of, earlier_of
from renown.policy import Policy
from renown.scoring import State
from renown.scoring.life import decode_life, encode_life
from renown.stores import CheckpointRow, EventRow, Reader, Writer

__all__ = ["EVERY", "Checkpoints", "checkpoint_of", "counting_since", "lived_since", "state_before"]

EVERY: Final = 500
"""Versions of a subject from one checkpoint to the next."""

_FIRST: Final = (-inf, 0)
_FAR: Final = (inf, 2**62)
_Place = tuple[float, int]


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
    reader: Reader, policy: Policy, subject: str, place: _Place, end: _Place = _FAR
) -> tuple[State | None, list[Earlier]]:
    """Return the state of what counts below some point at or below `place`, and the live events from there.

    The state is None when that point is the very beginning. Events at or above `end` are left out.
    """
    found = reader.checkpoint(subject, place, policy.version)
    if found is None:
        return None, [earlier_of(row) for row in reader.live_between(subject, _FIRST, end)]
    rows = reader.live_between(subject, (found.at, found.version), end)
    return scoring.decode_state(policy, found.state), [earlier_of(row) for row in rows]


def state_before(reader: Reader, policy: Policy, subject: str, at: float, version: int) -> State:
    """Return the state of the live events below (at, version)."""
    place = (at, version)
    start, live = counting_since(reader, policy, subject, place, place)
    return scoring.refold(policy, ((each.counted, each.at) for each in live), start)


def lived_since(
    reader: Reader, policy: Policy, subject: str, place: _Place, *, oldest: int, near: Folded | None
) -> Lived:
    """Return the subject as of the highest checkpoint below `place`, and its events from there on.

    There are none where some version before `oldest` would be among them. Otherwise they begin at `near`, a
    later state of the subject, where there is one.
    """
    found = None if near is not None and oldest <= 1 else reader.checkpoint(subject, place, policy.version)
    if (0 if found is None else found.version) + 1 < oldest:
        return Lived(None, (), ())
    if near is not None:
        return _lived(near, reader.ascending(subject, near.version, -1))
    if found is None or found.life is None:
        return _lived(None, reader.ascending(subject, 0, -1))
    last, *rows = reader.ascending(subject, found.version - 1, -1)
    state, life = scoring.decode_state(policy, found.state), decode_life(policy, found.life)
    start = Folded(found.version, state, found.at, last.score, life=life, prior=basis_of(last).prior)
    return _lived(start, rows)


def _lived(start: Folded | None, rows: Sequence[EventRow]) -> Lived:
    passed_over = [row.version for row in rows if row.changes is not None and _is_passed_over(row)]
    return Lived(start, [earlier_of(row) for row in rows], passed_over)


def _is_passed_over(row: EventRow) -> bool:
    return any(change.kind == "late" for change in changes_of(row))


class Checkpoints:
    """What a batch makes of checkpoints, until it is stored."""

    def __init__(self) -> None:
        self._made: dict[str, list[CheckpointRow]] = {}
        self._changed: list[tuple[str, float, int]] = []

    def note(self, policy: Policy, subject: str, folded: Folded, changed: _Place | None) -> None:
        """Take note of an event that was folded; `changed` is the lowest place whose count it changed."""
        version = folded.version
        if version < EVERY:
            return
        if changed is not None and (changed[1] != version or changed[0] < folded.at):
            self._changed.append((subject, *changed))
            made = self._made.get(subject)
            if made:
                self._made[subject] = [row for row in made if (row.at, row.version) < changed]
        if version % EVERY == 0:
            self._made.setdefault(subject, []).append(checkpoint_of(policy, subject, folded))

    def store(self, writer: Writer) -> None:
        """Store it, and forget it."""
        if self._changed:
            writer.drop_checkpoints(self._changed)
            self._changed = []
        if self._made:
            writer.add_checkpoints([row for made in self._made.values() for row in made])
            self._made = {}
