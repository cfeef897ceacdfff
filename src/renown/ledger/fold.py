"""Applying one event to its subject: the one piece of code behind live intake and rebuild.

Pure: it takes what the subject was and a look at its past, and returns what it becomes. It never
changes its arguments, so an event that fails half-way has changed nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

from renown import scoring
from renown.ledger.forms import (
    NO_CONTRIBUTIONS,
    Applied,
    Earlier,
    End,
    Folded,
    Hold,
    Incoming,
    Past,
)
from renown.ledger.lineage import heirs, nothing_there, said
from renown.ledger.steps import carry_out, refuse_permanent
from renown.model import Basis, Change, Contribution, timestamp
from renown.policy import Policy
from renown.scoring import State

__all__ = ["apply", "begin", "score_of"]

_Said = tuple[Contribution, ...]


class _Turn(NamedTuple):
    """What counts of an event, before and from now on."""

    at: float
    version: int
    before: _Said
    after: _Said


def begin(policy: Policy, prior: dict[str, float], at: float) -> Folded:
    """Return a subject without events."""
    state = scoring.empty(policy)
    return Folded(0, state, at, score_of(policy, state, at, prior))


def score_of(policy: Policy, state: State, at: float, prior: dict[str, float]) -> float:
    """Return the overall score alone: the same number as `scoring.read` gives, at a fraction of its cost."""
    return scoring.score(policy, state, at, prior)


def apply(
    policy: Policy, before: Folded, incoming: Incoming, basis: Basis, past: Past, *, whole: bool = False
) -> Applied:
    """Return what `incoming` makes of its subject; with `whole` together with its reading.

    `basis` is what lay outside the subject at that moment; the one in the result is to be recorded.

    Raises:
        EventError: `ref_not_found`, what a step has against it, or what the policy has against the event.

    """
    version = before.version + 1
    effect = incoming.effect
    pair: str | None = None
    contributions = NO_CONTRIBUTIONS
    ends: Sequence[End] = ()
    holds: Sequence[Hold] = ()
    changes: Sequence[Change] = ()
    turned: list[_Turn] = []
    touched: Sequence[Earlier] = ()
    if effect.step is not None:
        step = carry_out(policy, incoming, past)
        ends, holds, changes = step.ends, step.holds, step.changes
        touched = [target for target, _ in step.turned]
        turned = [_Turn(target.at, target.version, target.counted, after) for target, after in step.turned]
    elif effect.takes_back is not None:
        touched = _targets(policy, incoming, past)
        pair, basis, contributions = _amended(policy, incoming, touched[-1], basis, past)
        ends = [End(t.seq, t.id, t.pair, max(t.at, incoming.at), incoming.id) for t in touched]
        turned = [_Turn(t.at, t.version, t.counted, NO_CONTRIBUTIONS) for t in touched]
        if contributions:
            holds = _inherited(incoming, pair, touched[-1])
            turned.append(_Turn(incoming.at, version, NO_CONTRIBUTIONS, _counted(contributions, holds)))
    else:
        pair = effect.one_per
        contributions = scoring.weigh(effect.contributions, basis.weight)
        counts = True
        if pair is not None:
            touched, ends, counts = _supersede(pair, incoming, past)
            turned = [_Turn(t.at, t.version, t.counted, NO_CONTRIBUTIONS) for t in touched]
        if counts:
            if effect.blind is not None and not basis.met:
                holds, changes = _sealed(incoming, pair, effect.blind)
            turned.append(_Turn(incoming.at, version, NO_CONTRIBUTIONS, _counted(contributions, holds)))
    state = _folded(policy, before.state, past, turned, version)
    at, prior = max(before.at, incoming.at), basis.prior
    reading = scoring.read(policy, state, at, prior) if whole else None
    score = score_of(policy, state, at, prior) if reading is None else reading.score
    folded = Folded(version, state, at, score, before.held, before.hold_until)
    if holds or before.held or before.hold_until is not None:
        _note_holds(folded, touched, ends, holds, past)
    delta = score - before.score + 0.0
    return Applied(folded, reading, delta, pair, basis, contributions, ends, holds, changes)


def _targets(policy: Policy, incoming: Incoming, past: Past) -> Sequence[Earlier]:
    reference = incoming.effect.takes_back or ""
    referred = past.referred(reference)
    found = {heir.version: heir for earlier in referred for heir in heirs(earlier, past) if heir.live}
    live = [found[version] for version in sorted(found)]
    if not live:
        raise nothing_there(incoming, reference, referred)
    for each in live:
        refuse_permanent(policy, each, incoming)
    return live[-1:] if incoming.effect.amends else live


def _amended(
    policy: Policy, incoming: Incoming, target: Earlier, basis: Basis, past: Past
) -> tuple[str | None, Basis, _Said]:
    """An amendment says anew what its target said, with its giver's weight; a retraction says nothing."""
    if not incoming.effect.amends:
        return None, basis, NO_CONTRIBUTIONS
    effect = scoring.amended(policy, incoming.event, *said(target, past))
    kept = Basis(target.basis.weight, basis.prior)
    return target.pair, kept, scoring.weigh(effect.contributions, kept.weight)


def _inherited(incoming: Incoming, pair: str | None, target: Earlier) -> Sequence[Hold]:
    """An amendment of what is held is held as that was, and one of what is permanent is permanent."""
    if target.held_at is None and target.held_why is None:
        return ()
    at, by, until = target.held_at, target.held_by, target.held_until
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


def _note_holds(
    folded: Folded, touched: Sequence[Earlier], ends: Sequence[End], holds: Sequence[Hold], past: Past
) -> None:
    """Count what is under review, and find out which hold ends first."""
    ended = {end.id for end in ends}
    by_id = {hold.id: hold for hold in holds}
    gone: list[int] = []
    for each in touched:
        hold = by_id.get(each.id)
        if each.id in ended or hold is not None:
            folded.held -= each.reviewed
            if each.held and each.held_until is not None:
                gone.append(each.version)
    folded.held += sum(hold.at is not None and hold.why != "blind" for hold in holds if hold.id not in ended)
    if gone:
        folded.hold_until = past.next_end(gone)
    coming = [hold.until for hold in holds if hold.until is not None and hold.id not in ended]
    if coming:
        folded.hold_until = min([*coming, *([] if folded.hold_until is None else [folded.hold_until])])


def _supersede(pair: str, incoming: Incoming, past: Past) -> tuple[Sequence[Earlier], Sequence[End], bool]:
    live = past.newest_of(pair)
    if live is None:
        return (), (), True
    if live.at <= incoming.at:
        return (live,), (End(live.seq, live.id, pair, incoming.at, incoming.id),), True
    # It comes late and a later value is there: it takes its place in the chain, already over.
    chain = past.all_of(pair)
    ids = {earlier.id for earlier in chain}
    over = [
        End(earlier.seq, earlier.id, pair, incoming.at, incoming.id)
        for earlier in chain
        if earlier.ended_at is not None
        and earlier.at <= incoming.at < earlier.ended_at
        and earlier.ended_by in ids
    ]
    follower = min((e for e in chain if e.at > incoming.at), key=lambda e: (e.at, e.version))
    return (), (*over, End(None, incoming.id, pair, follower.at, follower.id)), False


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
    counting = {each.version: (each.at, each.counted) for each in past.live()}
    counting.update((turn.version, (turn.at, turn.after)) for turn in turned)
    ordered = sorted((at, version, said) for version, (at, said) in counting.items() if said)
    return scoring.refold(policy, [(said, at) for at, _, said in ordered])
