"""Which event a reference means now: itself, or the amendments that have taken its place."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from renown.errors import EventError
from renown.ledger.folding.forms import Earlier, Incoming, Past
from renown.model import Event
from renown.policy import STEPS, Policy

__all__ = [
    "REDONE",
    "UNDONE",
    "changed",
    "dismissed",
    "first_word",
    "heirs",
    "in_place",
    "is_amendment",
    "is_pending",
    "is_waiting",
    "never_counted",
    "nothing_there",
    "origin_of",
    "pending_of",
    "rivals",
    "said",
    "said_blindly",
    "the_one",
]

_event: Final = msgspec.json.Decoder(Event)
UNDONE: Final = "renown.undone"
"""How the id of what takes back an event begins that another has made."""
REDONE: Final = "renown.redone"
"""How the id of what takes it up again begins."""
_OPENING: Final = ("release", "dismiss")


def heirs(earlier: Earlier, past: Past) -> Iterator[Earlier]:
    """Yield an event and the amendments that have taken its place, one after the other."""
    heir: Earlier | None = earlier
    while heir is not None:
        yield heir
        by = heir.ended_by
        follower = None if by is None else next((e for e in past.referred(by) if e.id == by), None)
        heir = follower if follower is not None and _event.decode(follower.body).type == "amend" else None


def said(target: Earlier, past: Past) -> tuple[Event, float]:
    """Return what `target` says, and when that happened.

    An amendment says what it amended with its own changes, of that one's time.
    """
    return _said(target, past, (target.id,))


def _said(target: Earlier, past: Past, by: tuple[str, ...]) -> tuple[Event, float]:
    event = _event.decode(target.body)
    if event.type != "amend" or event.ref is None:
        return event, target.at
    ended = (e for e in past.referred(event.ref) if e.ended_by in by and e.id not in by)
    origin = next(ended, None) or origin_of(target, past)
    if origin is None:
        return event, target.at
    before, at = _said(origin, past, (*by, origin.id))
    return changed(before, event), at


def is_pending(earlier: Earlier) -> bool:
    """Tell whether it is an amendment that guards have held on arrival: until then counts what it amends."""
    return earlier.held and _has_waited(earlier)


def _has_waited(earlier: Earlier) -> bool:
    by_guards = earlier.held_by == earlier.id and (earlier.held_why or "").startswith("guard")
    return by_guards and earlier.held_at is not None and is_amendment(earlier)


def never_counted(earlier: Earlier) -> bool:
    """Tell whether it was held when it came, by a guard or as a blind review, and was not let count since."""
    why = earlier.held_why or ""
    return earlier.held_at is not None and (why == "blind" or why.startswith("guard"))


def is_waiting(earlier: Earlier) -> bool:
    """Tell whether a live event of a pair has not taken its place yet: what it would replace counts."""
    return earlier.ended_version is None and never_counted(earlier)


def in_place(live: Iterable[Earlier]) -> Earlier | None:
    """Return which of the live events of a pair has its place; what waits for it only if no other is there.

    They are given newest first.
    """
    waiting = None
    for each in live:
        if not is_waiting(each):
            return each
        waiting = waiting or each
    return waiting


def rivals(
    pair: str, at: float, past: Past, *, but: str | None = None
) -> tuple[Earlier | None, list[Earlier]]:
    """Return what has the place of a pair, and what waits for it that a value of the time `at` is to replace.

    That are the older values, and the amendments of what has the place. `but` is the id of that value.
    """
    live = [each for each in past.live_of(pair) if each.id != but]
    place = next((each for each in live if not is_waiting(each)), None)
    return place, [each for each in live if is_waiting(each) and (each.at <= at or is_pending(each))]


def first_word(target: Earlier, past: Past) -> Earlier:
    """Return what was said first of what `target` amends while that was held; mostly `target` itself."""
    if is_pending(target) or not is_amendment(target):
        return target
    reference = _event.decode(target.body).ref or ""
    before = next((each for each in past.referred(reference) if each.ended_by == target.id), None)
    return target if before is None else first_word(before, past)


def origin_of(pending: Earlier, past: Past) -> Earlier | None:
    """Return what counts in the place of a pending amendment, None where that is gone."""
    reference = _event.decode(pending.body).ref or ""
    referred = past.referred(reference)
    replaced = next((each for each in referred if each.ended_by == pending.id), None)
    if replaced is not None:
        return origin_of(replaced, past) if _has_waited(replaced) else None
    found = [heir for each in referred for heir in heirs(each, past) if heir.live and not is_pending(heir)]
    before = [each for each in found if each.version < pending.version]
    return max(before, key=lambda each: each.version, default=None)


def pending_of(origin: Earlier, past: Past) -> list[Earlier]:
    """Return the pending amendments of what counts, by version."""
    names = dict.fromkeys(_names(origin, past))
    heired = [heir for name in names for each in past.referred(name) for heir in heirs(each, past)]
    pending = {each.version: each for each in heired if is_pending(each)}
    return [each for _, each in sorted(pending.items()) if _is_of(each, origin, past)]


def _is_of(pending: Earlier, origin: Earlier, past: Past) -> bool:
    found = origin_of(pending, past)
    return found is not None and found.id == origin.id


def _names(earlier: Earlier, past: Past) -> Iterator[str]:
    """Yield by what an event, and those that it has taken the place of, can be meant."""
    each: Earlier | None = earlier
    while each is not None:
        yield each.id
        event, by = _event.decode(each.body), each.id
        if event.ref is None:
            return
        yield event.ref
        amends = event.type == "amend"
        each = next((e for e in past.referred(event.ref) if e.ended_by == by), None) if amends else None


def is_amendment(earlier: Earlier) -> bool:
    """Tell whether an event amends another."""
    return _event.decode(earlier.body).type == "amend"


def changed(before: Event, event: Event) -> Event:
    """Return what an event says once it is amended by another."""
    data = before.data if event.data is None else {**(before.data or {}), **event.data}
    return msgspec.structs.replace(
        before,
        value=before.value if event.value is None else event.value,
        categories=before.categories if event.categories is None else event.categories,
        data=data,
    )


def said_blindly(policy: Policy, past: Past, *, by: str, ref: str) -> Iterator[Earlier]:
    """Yield the live blind reviews that `by` has given under `ref`."""
    for earlier in past.referred(ref):
        event = _event.decode(earlier.body)
        rule = policy.rules.get(event.type)
        if rule is not None and rule.blind is not None and (event.actor, event.ref) == (by, ref):
            heir = list(heirs(earlier, past))[-1]
            if heir.live:
                yield heir


def the_one(reference: str, incoming: Incoming, past: Past) -> Earlier:
    """Return the one live event that a step is about.

    An id names itself, and a dispute or a hold what that was about; a ref is good as long as one live event
    has it.

    Raises:
        EventError: there is none (`ref_not_found`), or more than one (`ref_ambiguous`).

    """
    referred = past.referred(reference)
    named = [each for each in referred if each.id == reference]
    for each in named:
        event = _event.decode(each.body)
        if event.type in STEPS and event.ref and event.ref != reference:
            return the_one(event.ref, incoming, past)
    live = {heir.version: heir for each in named or referred for heir in heirs(each, past) if heir.live}
    live = _one_way(live, reference, past, opens=incoming.effect.step in _OPENING)
    if incoming.effect.step not in _OPENING:
        # Nobody may learn of a blind review by trying.
        sealed = [version for version, each in live.items() if each.held and each.held_why == "blind"]
        for version in sealed:
            del live[version]
        referred = () if sealed else referred
    if not live:
        raise nothing_there(incoming, reference, referred)
    return _only(live, reference, incoming)


def dismissed(reference: str, incoming: Incoming, past: Past) -> Earlier | None:
    """Return the one event that `reference` means, was dismissed, and could still have its place.

    That is over where a newer value took it, what it amends is gone, or a dispute was decided so.

    Raises:
        EventError: it means more than one (`ref_ambiguous`).

    """
    referred = past.referred(reference)
    named = [each for each in referred if each.id == reference]
    for each in named:
        event = _event.decode(each.body)
        if event.type in STEPS and event.ref and event.ref != reference:
            return dismissed(event.ref, incoming, past)
    last = [list(heirs(each, past))[-1] for each in named or referred]
    found = {each.version: each for each in last if _can_return(each, incoming, past)}
    return _only(found, reference, incoming) if found else None


def _can_return(earlier: Earlier, incoming: Incoming, past: Past) -> bool:
    if earlier.ended_by is None or not earlier.contributions or earlier.held_why == "dispute":
        return False
    ended = next((each for each in past.referred(earlier.ended_by) if each.id == earlier.ended_by), None)
    if ended is None:
        return False
    own = incoming.id.startswith(f"{REDONE}/") and ended.id.startswith(f"{UNDONE}/")
    if not own and _event.decode(ended.body).type != "dismiss":
        return False
    if _has_waited(earlier) and origin_of(earlier, past) is None:
        return False
    if earlier.pair is None:
        return True
    place = earlier.at, earlier.version
    return not any(
        (each.at, each.version) > place and each.ended_by != earlier.id and not never_counted(each)
        for each in past.all_of(earlier.pair)
    )


def _only(found: dict[int, Earlier], reference: str, incoming: Incoming) -> Earlier:
    if len(found) > 1:
        raise EventError(
            f"`{reference}` means {len(found)} events; `{incoming.event.type}` is about one",
            code="ref_ambiguous",
            field="ref",
            expected="the id of one of them",
        )
    return next(iter(found.values()))


def _one_way(live: dict[int, Earlier], reference: str, past: Past, *, opens: bool) -> dict[int, Earlier]:
    """Tell what counts from what waits for its place: that is what is released and dismissed."""
    waiting = {each.pair for each in live.values() if is_waiting(each)} - {None}
    placed = {each.pair for each in live.values() if not is_waiting(each)} - {None}
    if not opens:
        return {
            at: each
            for at, each in live.items()
            if each.id == reference or not (is_pending(each) or (each.pair in placed and is_waiting(each)))
        }
    live = {at: each for at, each in live.items() if each.pair not in waiting or is_waiting(each)}
    for each in [each for each in live.values() if not each.held]:
        pending = pending_of(each, past)
        if pending:
            del live[each.version]
            live.update((other.version, other) for other in pending)
    return live


def nothing_there(incoming: Incoming, reference: str, referred: Sequence[Earlier]) -> EventError:
    """Return the error that there is nothing to do something to."""
    why = "was taken back already" if referred else "is not known for this subject"
    return EventError(
        f"there is nothing to {incoming.event.type}: `{reference}` {why}",
        code="ref_not_found",
        field="ref",
        expected="the id or the ref of a live event of the same subject",
    )
