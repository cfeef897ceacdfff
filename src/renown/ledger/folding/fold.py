"""Applying one event to its subject: the one piece of code behind live intake and rebuild.

Pure: it takes what the subject was and a look at its past, and returns what it becomes. It never
changes its arguments, so an event that fails half-way has changed nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from renown import scoring
from renown.ledger.folding.forms import (
    NO_CONTRIBUTIONS,
    Applied,
    Counted,
    Earlier,
    End,
    Folded,
    Freed,
    Hold,
    Incoming,
    Past,
)
from renown.ledger.folding.lateness import work_in
from renown.ledger.folding.lineage import (
    changed,
    first_word,
    heirs,
    is_amendment,
    is_pending,
    is_waiting,
    never_counted,
    nothing_there,
    pending_of,
    rivals,
    said,
)
from renown.ledger.folding.living import guarded_hold, guarded_notes, guarded_weight, live_on, verdict_of
from renown.ledger.folding.steps import Step, carry_out, refuse_permanent
from renown.model import Basis, Change, Contribution, Event, timestamp
from renown.policy import Disputes, Policy
from renown.scoring import Effect, State
from renown.scoring.guards import begin_guards
from renown.scoring.life import begin_life, has_life, look

__all__ = ["Meant", "apply", "begin", "meant"]

_Said = tuple[Contribution, ...]
_NO_CHANGES: Sequence[Change] = ()


class _Turn(NamedTuple):
    """What counts of an event, before and from now on."""

    at: float
    version: int
    before: _Said
    after: _Said


def begin(policy: Policy, prior: dict[str, float], at: float) -> Folded:
    """Return a subject without events."""
    state = scoring.empty(policy)
    folded = Folded(0, state, at, scoring.score(policy, state, at, prior), prior=prior)
    if has_life(policy):
        folded.life = begin_life(policy)
    if policy.guards:
        folded.guards = begin_guards(policy)
    return folded


class _Deed(msgspec.Struct, gc=False):
    """What an event does to what counts."""

    basis: Basis
    turned: list[_Turn]
    touched: Sequence[Earlier] = ()
    """The events of before that it ends, holds or holds no more."""
    pair: str | None = None
    contributions: _Said = NO_CONTRIBUTIONS
    ends: Sequence[End] = ()
    holds: Sequence[Hold] = ()
    changes: Sequence[Change] = ()
    counts: bool = False
    """Whether the event itself counts."""
    freed: Sequence[Freed] = ()
    follow: Sequence[Event] = ()
    guarded: tuple[Event, Effect] | None = None
    """What guards are to remember of it, where that is not the event itself."""


def apply(
    policy: Policy, before: Folded, incoming: Incoming, basis: Basis, past: Past, *, whole: bool = False
) -> Applied:
    """Return what `incoming` makes of its subject; with `whole` together with its reading.

    `basis` is what lay outside the subject at that moment; the one in the result is to be recorded.

    Raises:
        EventError: `ref_not_found`, what a step has against it, or what the policy has against the event.

    """
    plain = _plainly(policy, before, incoming, basis, past, whole=whole)
    if plain is not None:
        return plain
    version, effect = before.version + 1, incoming.effect
    if effect.step is not None:
        deed = _stepped(policy, incoming, basis, past)
    elif effect.takes_back is not None:
        deed = _taken_back(policy, version, incoming, basis, past)
    else:
        waiting = before.held > 0 or before.hold_until is not None
        deed = _spoken(policy, version, incoming, basis, past, waiting=waiting)
    basis = deed.basis
    state = _folded(policy, before.state, past, deed.turned, version)
    at, prior = max(before.at, incoming.at), basis.prior
    whole = whole or before.life is not None
    reading = scoring.read(policy, state, at, prior) if whole else None
    score = scoring.score(policy, state, at, prior) if reading is None else reading.score
    folded = Folded(version, state, at, score, before.held, before.hold_until, before.life, before.guards)
    folded.prior = prior
    if deed.holds or before.held or before.hold_until is not None:
        _note_holds(folded, deed, past)
    delta = score - before.score + 0.0 if effect.told is None else effect.told
    changes = deed.changes if effect.told is None else effect.notes
    changed, passed_over = [(turn.at, turn.version) for turn in deed.turned], False
    if policy.guards or folded.life is not None:
        lived = live_on(
            policy,
            before,
            folded,
            incoming,
            basis=basis,
            reading=reading,
            delta=delta,
            counts=deed.counts,
            guarded=deed.guarded,
        )
        if incoming.at < before.at and reading is not None:
            changed.append((incoming.at, version))
            late = work_in(
                policy,
                before,
                folded,
                incoming,
                basis=basis,
                past=past,
                place=min(changed),
                reading=reading,
                judged=lived,
                fold=apply,
            )
            lived, passed_over = (lived, False) if late is None else late
        changes = [*changes, *lived]
    return Applied(
        folded,
        reading,
        delta,
        deed.pair,
        basis,
        deed.contributions,
        deed.ends,
        deed.holds,
        changes,
        min(changed, default=None),
        deed.freed,
        deed.follow,
        passed_over,
    )


def _plainly(
    policy: Policy, before: Folded, incoming: Incoming, basis: Basis, past: Past, *, whole: bool
) -> Applied | None:
    """Return what an event makes that just says something new; None for one that there is more to.

    Most events are such, and this is the short way for them.
    """
    effect, contributions = incoming.effect, incoming.effect.contributions
    if not contributions or effect.takes_back is not None or effect.blind is not None:
        return None
    pair, at, state = effect.one_per, incoming.at, before.state
    if before.held or before.hold_until is not None:
        return None
    if at < before.at and before.life is not None:
        return None
    if pair is not None and past.newest_of(pair) is not None:
        return None
    if scoring.needs_refold(policy, state, at):
        return None
    weight, changes = basis.weight, _NO_CHANGES
    if basis.verdict is not None:
        verdict = verdict_of(basis)
        if verdict.action == "hold":
            return None
        weight *= verdict.weight
        changes = guarded_notes(basis) if verdict.reasons else changes
    if weight != 1.0:
        contributions = scoring.weigh(contributions, weight)
    prior, version, life = basis.prior, before.version + 1, before.life
    state = scoring.fold(policy, state, contributions, at)
    now = before.at if before.at > at else at
    reading = scoring.read(policy, state, now, prior) if whole else None
    looked = look(policy, state, now, prior) if reading is None and life is not None else reading
    score = scoring.score(policy, state, now, prior) if looked is None else looked.score
    folded = Folded(version, state, now, score, 0, None, life, before.guards, None, prior)
    delta = score - before.score + 0.0
    if life is not None or before.guards is not None:
        lived = live_on(
            policy, before, folded, incoming, basis=basis, reading=looked, delta=delta, counts=True
        )
        if lived:
            changes = [*changes, *lived]
    return Applied(folded, reading, delta, pair, basis, contributions, (), (), changes, (at, version))


def _stepped(policy: Policy, incoming: Incoming, basis: Basis, past: Past) -> _Deed:
    step = carry_out(policy, incoming, past)
    turned = [_Turn(target.at, target.version, target.counted, after) for target, after in step.turned]
    # What was dismissed was not held any more when it is taken up again.
    again = {end.id for end in step.ends if end.at is None}
    touched = [target for target, _ in step.turned if target.id not in again]
    freed = _freed(step, past) if step.holds else ()
    return _Deed(
        basis,
        turned,
        touched,
        ends=step.ends,
        holds=step.holds,
        changes=step.changes,
        freed=freed,
        follow=step.follow,
    )


def _freed(step: Step, past: Past) -> Sequence[Freed]:
    """Return what was held since it came and is held no more.

    Amendments are not among it: what they amend has counted before.
    """
    ids = {hold.id for hold in step.holds if hold.at is None}
    return [
        Freed(said(target, past)[0].actor, target.contributions)
        for target, _ in step.turned
        if target.id in ids
        and (target.held_why or "").startswith(("blind", "guard"))
        and not (target.held_by == target.id and is_amendment(target))
    ]


def _taken_back(policy: Policy, version: int, incoming: Incoming, basis: Basis, past: Past) -> _Deed:
    taken = _targets(policy, incoming, past)
    deed = _Deed(basis, [_Turn(t.at, t.version, t.counted, NO_CONTRIBUTIONS) for t in taken], taken)
    deed.ends = [End(t.seq, t.id, t.pair, max(t.at, incoming.at), incoming.id) for t in taken]
    if incoming.effect.amends:
        target = taken[-1]
        # An amendment says anew what its target said, with its giver's weight.
        original, at = said(target, past)
        effect = scoring.amended(policy, incoming.event, original, at)
        deed.basis = _reweighed(basis, target.basis)
        deed.pair = target.pair
        weight = deed.basis.weight * guarded_weight(deed.basis)
        deed.contributions = scoring.weigh(effect.contributions, weight)
        if _is_judged(policy, incoming, effect, target):
            deed.guarded = changed(original, incoming.event), effect
        deed.changes = () if basis.verdict is None else guarded_notes(basis)
    if deed.contributions:
        deed.holds = _inherited(incoming, deed.pair, taken[-1])
        if not deed.holds and basis.verdict is not None:
            deed.holds, told = guarded_hold(incoming, deed.pair, basis)
            deed.changes = [*told, *deed.changes]
            if deed.holds:
                # What it amends counts until somebody has decided.
                deed.ends, deed.touched = (), ()
                deed.turned = [turn._replace(after=turn.before) for turn in deed.turned]
        after = _counted(deed.contributions, deed.holds)
        deed.turned.append(_Turn(incoming.at, version, NO_CONTRIBUTIONS, after))
    return deed


class Meant(NamedTuple):
    """What an amendment says, as if it arrived by itself."""

    event: Event
    effect: Effect
    weight: float
    """Its giver's."""


def meant(policy: Policy, incoming: Incoming, past: Past) -> Meant | None:
    """Return what guards judge of an amendment; None: it leaves all values alone, or is a moderator's.

    Raises:
        EventError: as `apply` does.

    """
    target = _targets(policy, incoming, past)[-1]
    original, at = said(target, past)
    effect = scoring.amended(policy, incoming.event, original, at)
    if not _is_judged(policy, incoming, effect, target):
        return None
    effect = msgspec.structs.replace(effect, takes_back=None)
    return Meant(changed(original, incoming.event), effect, target.basis.weight)


def _is_judged(policy: Policy, incoming: Incoming, effect: Effect, target: Earlier) -> bool:
    if not policy.guards or (policy.disputes or Disputes()).is_moderator(incoming.event.actor):
        return False
    values = [(each.category, each.value) for each in effect.contributions]
    return values != [(each.category, each.value) for each in target.contributions]


def _reweighed(basis: Basis, target: Basis) -> Basis:
    """Return the basis of an amendment: of what guards left of its target and of itself the lesser counts.

    Both would cost again what was paid already.
    """
    left, now = guarded_weight(target), guarded_weight(basis)
    share = left if now >= 1.0 else 1.0 if now <= left else left / now
    return Basis(target.weight * share, basis.prior, basis.facts, basis.verdict)


def _spoken(
    policy: Policy, version: int, incoming: Incoming, basis: Basis, past: Past, *, waiting: bool
) -> _Deed:
    """Return what an event does that says something; `waiting` tells whether anything at all is held."""
    effect = incoming.effect
    weight = basis.weight if basis.verdict is None else basis.weight * guarded_weight(basis)
    contributions = scoring.weigh(effect.contributions, weight)
    deed = _Deed(basis, [], (), effect.one_per, contributions, counts=True)
    place = None if deed.pair is None else past.newest_of(deed.pair)
    if place is not None and place.at <= incoming.at and not is_waiting(place):
        refuse_permanent(policy, place, incoming)
    if effect.blind is not None and not basis.met:
        deed.holds, deed.changes = _sealed(incoming, deed.pair, effect.blind)
    elif basis.verdict is not None:
        replaces = place is not None and not is_waiting(place)
        deed.holds, deed.changes = guarded_hold(incoming, deed.pair, basis, replaces=replaces)
    if deed.pair is not None and place is not None:
        _supersede(deed, deed.pair, incoming, past, waiting=waiting)
        if deed.touched:
            deed.turned = [_Turn(t.at, t.version, t.counted, NO_CONTRIBUTIONS) for t in deed.touched]
    notes = () if basis.verdict is None else guarded_notes(basis)
    if not deed.counts:
        deed.holds, deed.changes = (), notes
        return deed
    if notes:
        deed.changes = [*deed.changes, *notes]
    if deed.holds:
        deed.counts = False
        contributions = _counted(contributions, deed.holds)
    deed.turned.append(_Turn(incoming.at, version, NO_CONTRIBUTIONS, contributions))
    return deed


def _targets(policy: Policy, incoming: Incoming, past: Past) -> Sequence[Earlier]:
    reference = incoming.effect.takes_back or ""
    referred = past.referred(reference)
    found = {heir.version: heir for earlier in referred for heir in heirs(earlier, past) if heir.live}
    if policy.guards:
        for each in [each for each in found.values() if not each.held]:
            found.update((pending.version, pending) for pending in pending_of(each, past))
    live = [found[version] for version in sorted(found)]
    if not live:
        raise nothing_there(incoming, reference, referred)
    for each in live:
        refuse_permanent(policy, each, incoming)
    return live[-1:] if incoming.effect.amends else live


def _inherited(incoming: Incoming, pair: str | None, target: Earlier) -> Sequence[Hold]:
    """An amendment of what is held is held as that was, and one of what is permanent is permanent."""
    if target.held_at is None and target.held_why is None:
        return ()
    at, by, until = target.held_at, target.held_by, target.held_until
    if is_pending(target):
        by = incoming.id
    return (Hold(None, incoming.id, pair, at, by, until, target.held_share, target.held_why),)


def _sealed(incoming: Incoming, pair: str | None, blind: float) -> tuple[Sequence[Hold], Sequence[Change]]:
    until = incoming.at + blind
    hold = Hold(None, incoming.id, pair, incoming.at, incoming.id, until, 0.0, "blind")
    told = f"Nobody sees it until the other side has spoken, or until {timestamp(until)}."
    return (hold,), (Change("hold", incoming.id, None, "held", told),)


def _counted(contributions: _Said, holds: Sequence[Hold]) -> _Said:
    """Return what counts of the incoming event."""
    if not holds or holds[0].at is None:
        return contributions
    share = holds[0].share
    return scoring.weigh(contributions, share) if share else NO_CONTRIBUTIONS


def _note_holds(folded: Folded, deed: _Deed, past: Past) -> None:
    """Count what is under review, and find out which hold ends first."""
    ended = {end.id for end in deed.ends if end.at is not None}
    held = {hold.id: hold for hold in deed.holds}
    gone: list[int] = []
    for each in deed.touched:
        if each.id in ended or each.id in held:
            folded.held -= each.reviewed
            if each.held and each.held_until is not None:
                gone.append(each.version)
    now = [hold for hold in deed.holds if hold.at is not None and hold.id not in ended]
    folded.held += sum(hold.why != "blind" for hold in now)
    if gone:
        folded.hold_until = past.next_end(gone)
    ends = [hold.until for hold in now if hold.until is not None]
    if folded.hold_until is not None:
        ends.append(folded.hold_until)
    folded.hold_until = min(ends, default=None)


def _supersede(deed: _Deed, pair: str, incoming: Incoming, past: Past, *, waiting: bool) -> None:
    """Let an event take its place in a pair that has others: at once, once it is let count, or over already.

    What is held ends only what its giver has said before it and what was held like it; what counts goes on
    counting until somebody has decided. So nothing is lost by what is dismissed.
    """
    newest = past.newest_of(pair)
    place = None if newest is None or is_waiting(newest) else newest
    if place is not None and place.at > incoming.at:
        # It comes late and a later value is there: it takes its place in the chain, already over.
        deed.ends, deed.counts = _over_already(pair, incoming, past), False
        return
    over = [place] if place is not None else []
    if waiting:
        _, older = rivals(pair, incoming.at, past)
        over += older
    if deed.holds:
        over, follower = _own(pair, deed.holds[0], incoming, past) if waiting else ([], None)
        if follower is not None:
            by = first_word(follower, past).id
            deed.ends, deed.counts = [End(None, incoming.id, pair, follower.at, by)], False
            return
    deed.touched = over
    deed.ends = [End(each.seq, each.id, pair, max(each.at, incoming.at), incoming.id) for each in over]


def _own(pair: str, hold: Hold, incoming: Incoming, past: Past) -> tuple[list[Earlier], Earlier | None]:
    """Return what its giver has said before that waits, too, and what has taken the place of it already."""
    waiting = [
        each
        for each in past.live_of(pair)
        if is_waiting(each) and said(each, past)[0].actor == incoming.event.actor
    ]
    newer = [each for each in waiting if each.at > incoming.at]
    follower = min(newer, key=lambda each: (each.at, each.version), default=None)
    if follower is not None and (hold.until is None or hold.until > follower.at):
        return [], follower
    return [each for each in waiting if each.at <= incoming.at], None


def _over_already(pair: str, incoming: Incoming, past: Past) -> Sequence[End]:
    chain = past.all_of(pair)
    ids = {earlier.id for earlier in chain}
    over = [
        earlier
        for earlier in chain
        if earlier.ended_at is not None
        and earlier.at <= incoming.at < earlier.ended_at
        and earlier.ended_by in ids
    ]
    later = (each for each in chain if each.at > incoming.at and not never_counted(each))
    follower = min(later, key=lambda each: (each.at, each.version))
    # A follower that was held has replaced what was before it only when it was let count.
    ends = [each.ended_at or 0.0 for each in over if each.ended_by == follower.id]
    at = max(follower.at, *ends) if ends else follower.at
    return [
        *(End(each.seq, each.id, pair, incoming.at, incoming.id) for each in over),
        End(None, incoming.id, pair, at, follower.id),
    ]


def _folded(policy: Policy, state: State, past: Past, turned: Sequence[_Turn], newest: int) -> State:
    """Return what folding all that counts by (at, version) gives, the short way if any."""
    short: State | None = state
    for turn in turned:
        if turn.before:
            short = scoring.take_back(policy, short, turn.before, turn.at)
            if short is None:
                return _refolded(policy, past, turned)
    for turn in turned:
        if turn.after:
            old = turn.version != newest
            if scoring.needs_refold(policy, short, turn.at, old=old):
                return _refolded(policy, past, turned)
            short = scoring.fold(policy, short, turn.after, turn.at)
    return short


def _refolded(policy: Policy, past: Past, turned: Sequence[_Turn]) -> State:
    start, live = past.since(min((turn.at, turn.version) for turn in turned))
    counting = {each.version: each for each in live}
    counting.update((turn.version, Counted(turn.at, turn.version, turn.after)) for turn in turned)
    ordered = sorted(each for each in counting.values() if each.said)
    return scoring.refold(policy, [(each.said, each.at) for each in ordered], start)
