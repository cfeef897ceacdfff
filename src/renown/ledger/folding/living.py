"""What an event makes of a subject's life and of what its guards remember."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from renown import scoring
from renown.ledger.folding.forms import Face, Folded, Hold, Incoming
from renown.model import Basis, Change, Event, timestamp
from renown.policy import Policy
from renown.scoring import TIME, Effect, Reading, State
from renown.scoring.guards import NOTHING, Facts, Incident, Verdict, pass_time, seen
from renown.scoring.life import Moment, Turned, ease, look, turn

__all__ = [
    "face_at",
    "face_in",
    "face_of",
    "facts_of",
    "guarded_hold",
    "guarded_notes",
    "guarded_weight",
    "held_why",
    "judged_basis",
    "live_on",
    "turned_at",
    "verdict_of",
    "waits",
]

_NO_FACTS = Facts()


def verdict_of(basis: Basis) -> Verdict:
    """Return what the guards said, as it was recorded."""
    verdict: Any = basis.verdict
    if verdict is None:
        return NOTHING
    return verdict if isinstance(verdict, Verdict) else msgspec.convert(verdict, Verdict)


def facts_of(basis: Basis) -> Facts:
    """Return what the guards were told, as it was recorded."""
    facts: Any = basis.facts
    if facts is None:
        return _NO_FACTS
    return facts if isinstance(facts, Facts) else msgspec.convert(facts, Facts)


def judged_basis(basis: Basis) -> Basis:
    """Return the basis with facts and verdict made out, for one that is looked at often."""
    if basis.facts is None and basis.verdict is None:
        return basis
    verdict = None if basis.verdict is None else verdict_of(basis)
    facts = None if basis.facts is None else facts_of(basis)
    return Basis(basis.weight, basis.prior, facts, verdict, basis.met)


def guarded_weight(basis: Basis) -> float:
    """Return by what the guards multiply an event's weight."""
    return 1.0 if basis.verdict is None else verdict_of(basis).weight


def held_why(verdict: Verdict) -> str:
    """Return what is marked on an event that a guard holds."""
    told = [reason for reason in verdict.reasons if reason.action == "hold"]
    return f"guard:{told[0].guard}" if told else "guard"


def waits(effect: Effect, basis: Basis) -> bool:
    """Tell whether what an event says is held on arrival: until then nothing is believed because of it."""
    if effect.blind is not None and not basis.met:
        return True
    return basis.verdict is not None and verdict_of(basis).action == "hold"


def guarded_hold(
    incoming: Incoming, pair: str | None, basis: Basis, *, replaces: bool = False
) -> tuple[Sequence[Hold], Sequence[Change]]:
    """Return the hold that the guards put on an arriving event, if they do.

    `replaces` tells whether it would take the place of an older value, which counts meanwhile.
    """
    verdict = verdict_of(basis)
    if verdict.action != "hold":
        return (), ()
    told = [reason for reason in verdict.reasons if reason.action == "hold"]
    why, until = held_why(verdict), verdict.hold_until
    hold = Hold(None, incoming.id, pair, incoming.at, incoming.id, until, 0.0, why)
    end = "until somebody decides" if until is None else f"until {timestamp(until)}"
    meanwhile = "; what it amends does" if incoming.effect.amends else ""
    if replaces:
        meanwhile = "; what it would replace does"
    sentence = " ".join([*(reason.text for reason in told), f"It does not count {end}{meanwhile}."])
    return (hold,), (Change("hold", incoming.id, None, "held", sentence),)


def guarded_notes(basis: Basis) -> Sequence[Change]:
    """Return what is told of an event that guards flag or weigh less: the guard, and its sentence."""
    notes: list[Change] = []
    verdict = verdict_of(basis)
    for reason in verdict.reasons:
        if reason.action == "count":
            notes.append(Change("flag", reason.guard, why=reason.text))
        elif reason.action == "weigh":
            weight = verdict.weight if reason.weight is None else reason.weight
            left = f"{100 * weight:.3g} %" if weight else "nothing"
            told = f"{reason.text} Its weight is cut to {left}."
            notes.append(Change("weigh", reason.guard, "1", f"{weight:.3g}", told))
    return notes


def live_on(
    policy: Policy,
    before: Folded,
    folded: Folded,
    incoming: Incoming,
    *,
    basis: Basis,
    reading: Reading | None,
    delta: float,
    counts: bool,
    guarded: tuple[Event, Effect] | None = None,
) -> Sequence[Change]:
    """Turn guards and life of `folded` by one event, with what a life looks at; return what changed.

    `guarded` is what guards are to remember of it, where that is not the event itself.
    """
    event, effect = incoming.event, incoming.effect
    incidents: tuple[Incident, ...] = ()
    if folded.guards is not None:
        if effect.step == TIME:
            folded.guards, incidents = pass_time(policy, folded.guards, incoming.at)
        else:
            facts = _NO_FACTS if basis.facts is None else facts_of(basis)
            verdict = NOTHING if basis.verdict is None else verdict_of(basis)
            said, meaning = guarded or (event, effect)
            folded.guards = seen(
                policy, folded.guards, said, meaning, facts=facts, at=incoming.at, verdict=verdict
            )
            incidents = verdict.incidents
    if folded.life is None or reading is None:
        return ()
    at, calm = folded.at, before.calm
    happened = None if incoming.at == at else incoming.at
    if calm is not None:
        eased = ease(
            policy,
            folded.life,
            calm,
            event,
            at=at,
            reading=reading,
            counts=counts,
            delta=delta,
            incidents=incidents,
            happened=happened,
        )
        if eased is not None:
            life, known, changes = eased
            folded.life, folded.calm, face = life, known, before.face
            if face is None or known is not calm or face.due != life.due:
                face = Face(known.tier, known.badges, known.status, known.status_until, life.due)
            folded.face = face
            return changes
    moment = Moment(
        at,
        reading,
        event.type,
        counts,
        delta,
        event.value,
        event.data,
        event.actor,
        event.ref,
        incidents,
        _reader(policy, before.state, basis.prior),
        happened,
    )
    turned = turn(policy, folded.life, moment)
    folded.life, folded.face, folded.calm = turned.life, face_in(turned), turned.calm
    return turned.changes


def _reader(policy: Policy, state: State, prior: dict[str, float]) -> Callable[[float], Reading]:
    """Return what reads a state at a time, as far as a life looks at it."""
    return lambda at: look(policy, state, at, prior)


def face_of(policy: Policy, folded: Folded, reading: Reading) -> Face | None:
    """Return what the life of a subject shows, None for one without a life."""
    if folded.life is None:
        return None
    return folded.face or face_in(turn(policy, folded.life, Moment(folded.at, reading, TIME)))


def face_at(
    policy: Policy, folded: Folded, reading: Reading, at: float, prior: dict[str, float]
) -> Face | None:
    """Return what the life of a subject shows at a time after its newest event."""
    turned = turned_at(policy, folded, reading, at, prior)
    return None if turned is None else face_in(turned)


def turned_at(
    policy: Policy, folded: Folded, reading: Reading, at: float, prior: dict[str, float]
) -> Turned | None:
    """Return the life of a subject turned to a time after its newest event, None for one without a life."""
    if folded.life is None:
        return None

    def earlier(moment: float) -> Reading:
        return scoring.read(policy, folded.state, moment, prior)

    moment = Moment(max(at, folded.at), reading, TIME, counts=False, earlier=earlier)
    return turn(policy, folded.life, moment)


def face_in(turned: Turned) -> Face:
    """Return what a turned life shows."""
    return Face(turned.tier, turned.badges, turned.status, turned.status_until, turned.due)
