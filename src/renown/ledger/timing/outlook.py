"""What time alone would make of a subject: whether anything that is shown changes, and when to look again."""

from typing import Final

import msgspec

from renown import scoring
from renown.ledger.folding.forms import Face, Folded
from renown.model import Standing, timestamp
from renown.policy import Policy
from renown.scoring import TIME, Reading
from renown.scoring.guards import guards_due, pass_time
from renown.scoring.life import Life, Moment, turn

__all__ = ["Outlook", "due_of", "outlook", "reaches"]

_JUST_BEFORE: Final = 1e-3
"""Seconds. What fades does so by nothing in so short a time; what leaves a window is gone."""
_SAME: Final = 1e-7
"""Scores that differ by less, as a share of their size, are the same."""
_MOST_LOOKS: Final = 10_000
_standing: Final = msgspec.json.Decoder(Standing)


class Outlook(msgspec.Struct, frozen=True):
    """A subject at a time."""

    shows: bool
    """Whether something that people see has changed."""
    due: float | None
    """When to look again if not."""
    life: Life | None = None
    """What the life has come to by then, if nothing has changed: where the next look may begin."""


def due_of(policy: Policy, folded: Folded, at: float) -> float | None:
    """Return when time alone may change something next, after `at`, as far as that is known now."""
    life = None if folded.life is None else folded.life.due
    guards = None if folded.guards is None else guards_due(folded.guards)
    return _first(scoring.next_change(policy, folded.state, at), folded.hold_until, life, guards)


def outlook(policy: Policy, folded: Folded, view: bytes, at: float, looked: Life | None = None) -> Outlook:
    """Look at a subject at `at`, where nothing but time has passed since its newest version, shown as `view`.

    `looked` is the life of an earlier look at the same version. Without it every look would make up for all
    dues since that version once more: a quiet subject that is due daily would cost more with each day.

    A score that only fades by a half-life has not changed; it has when it is not what it was just before.
    Of times before the newest event only what is over by then can be asked: holds and alarms.
    """
    at = max(at, folded.at)
    if folded.hold_until is not None and folded.hold_until <= at:
        return Outlook(True, None)
    prior = folded.prior
    reading = scoring.read(policy, folded.state, at, prior)
    next_change = scoring.next_change(policy, folded.state, at)
    guards_until, incidents = None, ()
    if folded.guards is not None:
        guards, incidents = pass_time(policy, folded.guards, at)
        guards_until = guards_due(guards)
    life = folded.life if looked is None else looked
    face, life_until = None, None
    if life is not None:

        def earlier(moment: float) -> Reading:
            return scoring.read(policy, folded.state, moment, prior)

        moment = Moment(at, reading, TIME, counts=False, incidents=incidents, earlier=earlier)
        turned = turn(policy, life, moment)
        if turned.changes:
            return Outlook(True, None)
        face = Face(turned.tier, turned.badges, turned.status, turned.status_until, turned.due)
        life, life_until = turned.life, turned.due
    before = scoring.read(policy, folded.state, at - _JUST_BEFORE, prior)
    shows = _moved(before, reading) or _differs(_standing.decode(view), reading, face)
    return Outlook(shows, _first(next_change, folded.hold_until, life_until, guards_until), life)


def reaches(policy: Policy, folded: Folded, view: bytes, due: float | None) -> bool:
    """Tell whether `due` is what looking again and again, with nothing to show for it, comes to."""
    looked, life = due_of(policy, folded, folded.at), None
    for _ in range(_MOST_LOOKS):
        if looked == due or looked is None or (due is not None and looked > due):
            break
        look = outlook(policy, folded, view, looked, life)
        if look.shows:
            break
        looked, life = look.due, look.life
    return looked == due


def _first(*times: float | None) -> float | None:
    first: float | None = None
    for time in times:
        if time is not None and (first is None or time < first):
            first = time
    return first


def _moved(before: Reading, after: Reading) -> bool:
    """Tell whether a score jumped, rather than faded."""
    if _apart(before.score, after.score) or before.count != after.count:
        return True
    return any(
        _apart(before.categories[name].score, category.score)
        or before.categories[name].count != category.count
        for name, category in after.categories.items()
    )


def _apart(one: float, other: float) -> bool:
    return abs(one - other) > _SAME * max(1.0, abs(one), abs(other))


def _differs(shown: Standing, reading: Reading, face: Face | None) -> bool:
    """Tell whether what is not a score differs from what is shown."""
    if shown.provisional != reading.provisional or shown.count != reading.count:
        return True
    if any(shown.categories[name].count != each.count for name, each in reading.categories.items()):
        return True
    if face is None:
        return shown.tier != reading.tier
    until = None if face.status_until is None else timestamp(face.status_until)
    return (shown.tier, shown.badges, shown.status, shown.status_until) != (
        face.tier,
        face.badges,
        face.status,
        until,
    )
