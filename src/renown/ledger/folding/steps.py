"""What people and time do to what was said: hold, release, dismiss, dispute, resolve, and holds that end.

Pure, as all of folding. A step says what counts of which events from now on, and writes a sentence about it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from renown import scoring
from renown.errors import EventError
from renown.ledger.folding.forms import NO_CONTRIBUTIONS, Earlier, End, Hold, Incoming, Past
from renown.ledger.folding.lineage import (
    dismissed,
    first_word,
    is_pending,
    is_waiting,
    never_counted,
    origin_of,
    rivals,
    said,
    the_one,
)
from renown.ledger.folding.living import held_why, verdict_of
from renown.model import Change, Contribution, Event, timestamp
from renown.policy import Disputes, Policy
from renown.scoring import TIME

__all__ = ["Step", "carry_out", "refuse_permanent"]

_DAY: Final = 86_400.0
_OWN: Final = "renown."
"""How the ids of events begin that the ledger makes itself."""
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
        self.replace(target, incoming, target.at, incoming.id)

    def replace(self, target: Earlier, incoming: Incoming, at: float, by: str) -> None:
        """Let what `by` says, which is of the time `at`, be there instead of `target` from now on."""
        self.holds = [hold for hold in self.holds if hold.id != target.id]
        self.turned = [each for each in self.turned if each[0].id != target.id]
        self.ends.append(End(target.seq, target.id, target.pair, max(target.at, at, incoming.at), by))
        self.turned.append((target, NO_CONTRIBUTIONS))

    def restore(self, target: Earlier, hold: Hold, counted: tuple[Contribution, ...]) -> None:
        """Take up again what was dismissed: held, or not."""
        self.ends.append(End(target.seq, target.id, target.pair, None, None))
        self.hold(target, hold, counted)

    def has_ended(self, target: Earlier) -> bool:
        """Tell whether this very step has let `target` contribute no more."""
        return any(end.id == target.id and end.at is not None for end in self.ends)

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
        for target in _in_order(past.ending(incoming.at)):
            if not step.has_ended(target):
                _end_of_hold(policy, step, target, incoming, past)
        return step
    if name == "resolve":
        _resolve(step, incoming, past)
        return step
    reference = incoming.effect.concerns or ""
    try:
        target = the_one(reference, incoming, past)
    except EventError as error:
        if error.problem_code != "ref_not_found" or name not in ("hold", "release"):
            raise
        gone = dismissed(reference, incoming, past)
        if gone is None:
            raise
        _take_up(policy, step, gone, incoming, past)
        return step
    match name:
        case "hold":
            _hold(step, target, incoming, past)
        case "dispute":
            _dispute(policy, step, target, incoming, past)
        case "release":
            _must_be_held(target, incoming)
            _release(policy, step, target, incoming, past)
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


def _release(policy: Policy, step: Step, target: Earlier, incoming: Incoming, past: Past) -> None:
    if target.held_why == "dispute":
        _decide(step, target, incoming, past, decision="against")
        return
    if target.held_why == "blind":
        told = f"{_named(target, past)} is open{_reason(incoming.event.data)}."
        _open(policy, step, target, incoming, past, told=told)
        return
    instead = _replacing(policy, step, target, incoming, past)
    if instead is None:
        return
    told = f"{_named(target, past)} counts{instead}"
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


def _take_up(policy: Policy, step: Step, gone: Earlier, incoming: Incoming, past: Past) -> None:
    """Undo a dismissal: what was dismissed counts, or is under review once more."""
    never, data, who = never_counted(gone), incoming.event.data or {}, _named(gone, past)
    # Nothing of it has counted since.
    target = msgspec.structs.replace(
        gone,
        ended_at=None,
        ended_by=None,
        ended_version=None,
        held_at=gone.at if gone.held_at is None else gone.held_at,
        held_share=0.0,
    )
    holds = incoming.effect.step == "hold"
    instead = "" if holds and never else _replacing(policy, step, target, incoming, past, enters=True)
    if instead is None:
        return
    if not holds:
        hold = Hold(target.seq, target.id, target.pair, None, None)
        step.restore(target, hold, target.contributions)
        told = f"{who} was dismissed and counts after all{instead}{_reason(data)}."
        step.changes.append(Change("release", target.id, "dismissed", "counted", told))
        return
    share, days = _number(data, "share", 1.0) or 0.0, _number(data, "days", 36_500.0)
    since = max(target.at, incoming.at)
    until, by, why = None if days is None else since + days * _DAY, incoming.id, "moderator"
    if never:
        # It stays what waits for the place of what counts.
        share, by, why = 0.0, target.held_by, target.held_why
        until = target.held_until if why == "blind" else until
    counted = scoring.weigh(target.contributions, share) if share else NO_CONTRIBUTIONS
    hold = Hold(target.seq, target.id, target.pair, since, by, until, share, why)
    step.restore(target, hold, counted)
    told = f"{who} was dismissed, is under review again and {_counts(share)} {_to(until)}{_reason(data)}."
    step.changes.append(Change("hold", target.id, "dismissed", "held", told))


def _end_of_hold(policy: Policy, step: Step, target: Earlier, incoming: Incoming, past: Past) -> None:
    days = ((target.held_until or 0.0) - (target.held_at or 0.0)) / _DAY
    who = _named(target, past)
    if target.held_why == "dispute":
        decision = "against" if policy.disputes is None else policy.disputes.otherwise
        why = f": nobody decided within {days:g} days"
        _decide(step, target, incoming, past, decision=decision, why=why)
        return
    if target.held_why == "blind":
        told = f"{who} is open: {days:g} days are over."
        _open(policy, step, target, incoming, past, told=told)
        return
    instead = _replacing(policy, step, target, incoming, past)
    if instead is None:
        return
    _free(step, target, incoming, None)
    told = f"{who} counts{instead}: it was to be held for {days:g} days."
    step.changes.append(Change("release", target.id, "held", "counted", told))


def _in_order(targets: Sequence[Earlier]) -> Sequence[Earlier]:
    """Put first, of what of one pair is to count at the same moment, the newest: it is there instead."""
    pairs = [target.pair for target in targets if target.pair is not None]
    if len(pairs) == len(set(pairs)):
        return targets
    return sorted(targets, key=lambda target: (-target.at, -target.version))


def _replacing(
    policy: Policy, step: Step, target: Earlier, incoming: Incoming, past: Past, *, enters: bool = False
) -> str | None:
    """Let what waited take the place of what counted until now, and tell of it.

    Without a person to let it, it cannot where that is permanent: it will not count, which is told; None.
    With `enters` it comes into its place again, whatever it was held for.

    Raises:
        EventError: it is permanent, and only a moderator may take it back.

    """
    origin, others = _replaced(target, past, enters=enters)
    if origin is None or step.has_ended(origin):
        origin = None
    elif origin.permanent or any(each.id == origin.id and each.why == "permanent" for each in step.holds):
        if incoming.id.startswith(_OWN):
            step.end(target, incoming)
            told = f"{_named(target, past)} will not count: `{origin.id}` was disputed and stands for good."
            step.changes.append(Change("dismiss", target.id, "held", "dismissed", told))
            return None
        refuse_permanent(policy, origin, incoming)
    by = first_word(target, past).id
    for each in others if origin is None else (origin, *others):
        if not step.has_ended(each):
            step.replace(each, incoming, target.at, by)
    return "" if origin is None else f" instead of what `{origin.id}` said"


def _replaced(
    target: Earlier, past: Past, *, enters: bool = False
) -> tuple[Earlier | None, Sequence[Earlier]]:
    """Return what counts in the place of what waits, and what waits for it, too, and goes with that."""
    if not is_waiting(target) and not enters:
        return None, ()
    if target.pair is not None:
        return rivals(target.pair, target.at, past, but=target.id)
    return (origin_of(target, past) if is_pending(target) else None), ()


def _staying(target: Earlier, past: Past) -> str:
    origin, _ = _replaced(target, past)
    return "" if origin is None else f"; `{origin.id}` stays as it was"


def _open(policy: Policy, step: Step, target: Earlier, incoming: Incoming, past: Past, *, told: str) -> None:
    """Open a blind review; what a guard wanted held is held from now on instead, for all to see."""
    verdict = verdict_of(target.basis)
    until = verdict.hold_until
    if verdict.action != "hold" or (until is not None and until <= incoming.at):
        instead = _replacing(policy, step, target, incoming, past)
        if instead is None:
            return
        if instead:
            told += f" It counts{instead}."
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
