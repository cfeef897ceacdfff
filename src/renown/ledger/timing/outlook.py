"""What time alone would make of a subject: whether anything that is shown changes, and when to look again."""

from math import inf
from typing import Final

import msgspec

from renown import scoring
from renown.ledger.folding.forms import Face, Folded
from renown.ledger.timing.fading import has_faded, midnight, next_fading
from renown.model import Standing, timestamp
from renown.policy import Policy
from renown.scoring import TIME, Reading
from renown.scoring.guards import guards_due, pass_time
from renown.scoring.life import Life, Moment, turn
from renown.scoring.life.calendar import DAY

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
    fading = midnight(at) + DAY if scoring.fades(policy) else None
    return _first(_due_of_all_else(policy, folded, at), fading)


def _due_of_all_else(policy: Policy, folded: Folded, at: float) -> float | None:
    life = None if folded.life is None else folded.life.due
    guards = None if folded.guards is None else guards_due(folded.guards)
    return _first(scoring.next_change(policy, folded.state, at), folded.hold_until, life, guards)


def outlook(
    policy: Policy,
    folded: Folded,
    view: bytes,
    at: float,
    looked: Life | None = None,
    *,
    today: float = inf,
) -> Outlook:
    """Look at a subject at `at`, where nothing but time has passed since its newest version, shown as `view`.

    `looked` is the life of an earlier look at the same version. Without it every look would make up for all
    dues since that version once more: a quiet subject that is due daily would cost more with each day.

    A score that only fades by a half-life has changed when people would read another one, from `today` on,
    the last 0:00; on days that have gone by unseen, as those of a history that comes in, it has not. Else a
    score has changed when it is not what it was just before.
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
    before, shown = scoring.read(policy, folded.state, at - _JUST_BEFORE, prior), _standing.decode(view)
    shows = _moved(before, reading) or _differs(shown, reading, face)
    if shows or (at >= today and has_faded(policy, shown, reading)):
        return Outlook(True, None)
    fading = None
    if today < inf and (fading := next_fading(policy, folded, shown, at)) is not None:
        fading = max(fading, today)
    return Outlook(False, _first(next_change, folded.hold_until, life_until, guards_until, fading), life)


def reaches(policy: Policy, folded: Folded, view: bytes, due: float | None) -> bool:
    """Tell whether `due` is what looking again and again, with nothing to show for it, comes to.

    When it is looked whether something has faded depends on when it was looked before: at 0:00 of any day
    before all else that is due.
    """
    if due == due_of(policy, folded, folded.at):
        return True
    looked, life = _due_of_all_else(policy, folded, folded.at), None
    for _ in range(_MOST_LOOKS):
        if looked == due or looked is None or (due is not None and looked > due):
            break
        look = outlook(policy, folded, view, looked, life)
        if look.shows:
            break
        looked, life = look.due, look.life
    if looked == due:
        return True
    fading = due is not None and due == midnight(due) and scoring.fades(policy)
    return fading and (looked is None or looked > (due or 0.0))


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
