"""What people and time do to what was said: hold, release, dismiss, dispute, resolve, and holds that end.

Pure, as all of folding. A step says what counts of which events from now on, and writes a sentence about it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from renown import scoring
from renown.errors import EventError
from renown.ledger.folding.forms import NO_CONTRIBUTIONS, Earlier, End, Hold, Incoming, Past
from renown.ledger.folding.lineage import is_pending, origin_of, said, the_one
from renown.ledger.folding.living import held_why, verdict_of
from renown.model import Change, Contribution, Event, timestamp
from renown.policy import Disputes, Policy
from renown.scoring import TIME

__all__ = ["Step", "carry_out", "refuse_permanent"]

_DAY: Final = 86_400.0
_LONGEST: Final = 200
"""Characters of a person's reason that are told."""


@dataclass(slots=True, eq=False)
class Step:
    """What a step does to earlier events."""

    turned: list[tuple[Earlier, tuple[Contribution, ...]]] = field(
        default_factory=list[tuple[Earlier, tuple[Contribution, ...]]]
    )
    """Events, with what counts of them from now on."""
    ends: list[End] = field(default_factory=list[End])
    holds: list[Hold] = field(default_factory=list[Hold])
    changes: list[Change] = field(default_factory=list[Change])
    follow: list[Event] = field(default_factory=list[Event])
    """What the ledger is to take next."""

    def end(self, target: Earlier, incoming: Incoming) -> None:
        """Let `target` contribute no more, ever."""
        at = max(target.at, incoming.at)
        self.ends.append(End(target.seq, target.id, target.pair, at, incoming.id))
        self.turned.append((target, NO_CONTRIBUTIONS))

    def hold(self, target: Earlier, hold: Hold, counted: tuple[Contribution, ...]) -> None:
        """Hold `target`, or hold it no more."""
        self.holds.append(hold)
        self.turned.append((target, counted))


def carry_out(policy: Policy, incoming: Incoming, past: Past) -> Step:
    """Return what a step does.

    Raises:
        EventError: `ref_not_found`, `ref_ambiguous`, `already_held`, `not_held`, `not_disputable`,
            `dispute_window_over`, `not_disputed`, `already_decided`, `permanent`, `value_out_of_range`.

    """
    step = Step()
    name = incoming.effect.step
    if name == TIME:
        for target in past.ending(incoming.at):
            _end_of_hold(policy, step, target, incoming, past)
        return step
    if name == "resolve":
        _resolve(step, incoming, past)
        return step
    target = the_one(incoming.effect.concerns or "", incoming, past)
    match name:
        case "hold":
            _hold(step, target, incoming, past)
        case "dispute":
            _dispute(policy, step, target, incoming, past)
        case "release":
            _must_be_held(target, incoming)
            _release(step, target, incoming, past)
        case _:
            _must_be_held(target, incoming)
            _dismiss(step, target, incoming, past)
    return step


def refuse_permanent(policy: Policy, target: Earlier, incoming: Incoming) -> None:
    """Raise `EventError` (`permanent`) where only a moderator may take `target` back, and none does."""
    if not target.permanent or (policy.disputes or Disputes()).is_moderator(incoming.event.actor):
        return
    raise _permanent(target, incoming)


def _hold(step: Step, target: Earlier, incoming: Incoming, past: Past) -> None:
    _must_be_free(target, incoming)
    data = incoming.event.data or {}
    share, days = _number(data, "share", 1.0) or 0.0, _number(data, "days", 36_500.0)
    until = None if days is None else max(target.at, incoming.at) + days * _DAY
    _held(step, target, incoming, until=until, share=share, why="moderator")
    told = f"{_named(target, past)} {_counts(share)} {_to(until)}{_reason(data)}."
    step.changes.append(Change("hold", target.id, "counted", "held", told))


def _dispute(policy: Policy, step: Step, target: Earlier, incoming: Incoming, past: Past) -> None:
    disputes, (event, _) = policy.disputes, said(target, past)
    if disputes is None or (disputes.types and event.type not in disputes.types):
        raise EventError(
            f"`{event.type}` cannot be disputed here",
            code="not_disputable",
            field="ref",
            expected="an event of the types " + ", ".join(disputes.types) if disputes else None,
        )
    _must_be_free(target, incoming)
    late = incoming.at - target.at - disputes.window_days * _DAY
    if late > 0:
        raise EventError(
            f"`{target.id}` could be disputed until {timestamp(incoming.at - late)}",
            code="dispute_window_over",
            field="ref",
            expected=f"an event of the last {disputes.window_days:g} days",
        )
    until = max(target.at, incoming.at) + disputes.open_days * _DAY
    _held(step, target, incoming, until=until, share=disputes.share, why="dispute")
    told = f"{_named(target, past)} is disputed and {_counts(disputes.share)} {_to(until)}"
    told += _reason(incoming.event.data)
    step.changes.append(Change("dispute", target.id, "counted", "disputed", told + "."))


def _held(
    step: Step, target: Earlier, incoming: Incoming, *, until: float | None, share: float, why: str
) -> None:
    since = max(target.at, incoming.at)
    hold = Hold(target.seq, target.id, target.pair, since, incoming.id, until, share, why)
    step.hold(target, hold, scoring.weigh(target.contributions, share) if share else NO_CONTRIBUTIONS)


def _resolve(step: Step, incoming: Incoming, past: Past) -> None:
    reference = incoming.effect.concerns or ""
    decision = (incoming.event.data or {}).get("decision")
    if decision not in ("for", "against"):
        raise EventError(
            "the decision is missing",
            code="decision_required",
            field="data.decision",
            expected='"for" the subject: it is gone, or "against": it counts for good',
        )
    try:
        target = the_one(reference, incoming, past)
    except EventError as error:
        if error.problem_code == "ref_not_found" and past.referred(reference):
            raise _decided(reference) from None
        raise
    if target.permanent:
        if not _was_in_time(target, incoming, past):
            raise _decided(reference)
    elif not target.held or target.held_why != "dispute":
        raise EventError(
            f"`{target.id}` is not disputed",
            code="not_disputed",
            field="ref",
            expected="the id of a disputed event",
        )
    _decide(step, target, incoming, past, decision=decision)


def _was_in_time(target: Earlier, incoming: Incoming, past: Past) -> bool:
    """Tell whether a decision comes late that was made before time decided."""
    by = target.held_by or ""
    decided = next((each for each in past.referred(by) if each.id == by), None)
    return decided is not None and by.startswith(TIME) and incoming.at < decided.at


def _decide(
    step: Step, target: Earlier, incoming: Incoming, past: Past, *, decision: str, why: str = ""
) -> None:
    """Decide a dispute; `why` goes on where the sentence about it would end."""
    who = _named(target, past)
    told = why + _reason(incoming.event.data)
    if decision == "for":
        step.end(target, incoming)
        change = Change("resolve", target.id, "disputed", "for", f"{who} does not count any more{told}.")
        step.changes.append(change)
        return
    _free(step, target, incoming, "permanent")
    told = f"{who} counts again{told}."
    step.changes.append(Change("resolve", target.id, "disputed", "against", told))
    told = f"{who} cannot be disputed again."
    step.changes.append(Change("permanent", target.id, "disputed", "permanent", told))


def _release(step: Step, target: Earlier, incoming: Incoming, past: Past) -> None:
    if target.held_why == "dispute":
        _decide(step, target, incoming, past, decision="against")
        return
    if target.held_why == "blind":
        _open(step, target, incoming, f"{_named(target, past)} is open{_reason(incoming.event.data)}.")
        return
    told = f"{_named(target, past)} counts{_replacing(step, target, incoming, past)}"
    _free(step, target, incoming, None)
    told += f"{_reason(incoming.event.data)}."
    step.changes.append(Change("release", target.id, "held", "counted", told))


def _dismiss(step: Step, target: Earlier, incoming: Incoming, past: Past) -> None:
    if target.held_why == "dispute":
        _decide(step, target, incoming, past, decision="for")
        return
    stays = _staying(target, past)
    step.end(target, incoming)
    told = f"{_named(target, past)} will not count{stays}{_reason(incoming.event.data)}."
    step.changes.append(Change("dismiss", target.id, "held", "dismissed", told))


def _end_of_hold(policy: Policy, step: Step, target: Earlier, incoming: Incoming, past: Past) -> None:
    days = ((target.held_until or 0.0) - (target.held_at or 0.0)) / _DAY
    who = _named(target, past)
    if target.held_why == "dispute":
        decision = "against" if policy.disputes is None else policy.disputes.otherwise
        why = f": nobody decided within {days:g} days"
        _decide(step, target, incoming, past, decision=decision, why=why)
        return
    if target.held_why == "blind":
        _open(step, target, incoming, f"{who} is open: {days:g} days are over.")
        return
    instead = _replacing(step, target, incoming, past)
    _free(step, target, incoming, None)
    told = f"{who} counts{instead}: it was to be held for {days:g} days."
    step.changes.append(Change("release", target.id, "held", "counted", told))


def _replacing(step: Step, target: Earlier, incoming: Incoming, past: Past) -> str:
    """Let an amendment take the place of what counted until now, and tell of it."""
    origin = origin_of(target, past) if is_pending(target) else None
    if origin is None:
        return ""
    at = max(origin.at, target.at, incoming.at)
    step.ends.append(End(origin.seq, origin.id, origin.pair, at, target.id))
    step.turned.append((origin, NO_CONTRIBUTIONS))
    return f" instead of what `{origin.id}` said"


def _staying(target: Earlier, past: Past) -> str:
    origin = origin_of(target, past) if is_pending(target) else None
    return "" if origin is None else f"; `{origin.id}` stays as it was"


def _open(step: Step, target: Earlier, incoming: Incoming, told: str) -> None:
    """Open a blind review; what a guard wanted held is held from now on instead, for all to see."""
    verdict = verdict_of(target.basis)
    until = verdict.hold_until
    if verdict.action != "hold" or (until is not None and until <= incoming.at):
        _free(step, target, incoming, None)
        step.changes.append(Change("open", target.id, "held", "counted", told))
        return
    why = held_why(verdict)
    _held(step, target, incoming, until=until, share=0.0, why=why)
    step.changes.append(Change("open", target.id, "held", "held", told))
    reasons = " ".join(reason.text for reason in verdict.reasons if reason.action == "hold")
    step.changes.append(Change("hold", target.id, None, "held", f"{reasons} It does not count {_to(until)}."))


def _free(step: Step, target: Earlier, incoming: Incoming, why: str | None) -> None:
    by = None if why is None else incoming.id
    hold = Hold(target.seq, target.id, target.pair, None, by, None, None, why)
    step.hold(target, hold, target.contributions)


def _must_be_free(target: Earlier, incoming: Incoming) -> None:
    if target.permanent:
        raise _permanent(target, incoming)
    if target.held:
        raise EventError(
            f"`{target.id}` is held already ({target.held_why})",
            code="already_held",
            field="ref",
            expected="an event that is not held",
        )


def _must_be_held(target: Earlier, incoming: Incoming) -> None:
    if not target.held:
        raise EventError(
            f"there is nothing to {incoming.event.type}: `{target.id}` is not held",
            code="not_held",
            field="ref",
            expected="the id of an event that is held",
        )


def _permanent(target: Earlier, incoming: Incoming) -> EventError:
    return EventError(
        f"`{target.id}` was disputed and stands for good: no `{incoming.event.type}`",
        code="permanent",
        field="ref",
        expected="an event that was not decided on",
    )


def _decided(reference: str) -> EventError:
    return EventError(
        f"`{reference}` is decided already", code="already_decided", field="ref", expected="an open dispute"
    )


def _number(data: Mapping[str, Any], name: str, most: float) -> float | None:
    found = data.get(name)
    if found is None:
        return None
    if isinstance(found, int | float) and not isinstance(found, bool) and 0 <= found <= most:
        return float(found)
    raise EventError(
        f"`data.{name}` is {str(found)[:40]}",
        code="value_out_of_range",
        field=f"data.{name}",
        expected=f"0 to {most:g}",
    )


def _named(target: Earlier, past: Past) -> str:
    event, _ = said(target, past)
    value = "" if event.value is None else f" of {event.value:g}"
    return f"The {event.type}{value} `{target.id}`"


def _counts(share: float) -> str:
    return f"counts {share:.0%}" if share else "does not count"


def _to(until: float | None) -> str:
    return "until somebody decides" if until is None else f"until {timestamp(until)}"


def _reason(data: Mapping[str, Any] | None) -> str:
    found = (data or {}).get("reason")
    return f": {found.strip()[:_LONGEST]}" if isinstance(found, str) and found.strip() else ""
