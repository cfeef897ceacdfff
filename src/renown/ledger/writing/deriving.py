"""The events that events make for others: named, and found again when what made them is taken back.

A made event is an ordinary event of the other subject, in the same transaction: its ref is the id of the
event that made it, its id is made of the role and that id, `renown.made/actor/vote-7`. Taking it back is an
ordinary retraction, `renown.undone/renown.made/actor/vote-7`. Nobody else may send such ids, so none is ever
in use. Older ledgers have `vote-7/actor` for the same, which anybody could send: it is taken for made when
its ref says so.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from renown import scoring
from renown.errors import EventError
from renown.ledger.folding.forms import Applied, Earlier, Incoming, Past
from renown.ledger.folding.lineage import REDONE, UNDONE, said
from renown.model import Event, instant, kind_of
from renown.policy import Policies, Policy
from renown.scoring import Derived, Effect
from renown.stores import Reader

__all__ = ["Made", "counts_at_once", "found_made", "made_by", "made_late", "redoing", "undoing"]

_MADE: Final = "renown.made"
_NAMED: Final = str.maketrans({"%": "%25", "/": "%2F"})
"""A role has no slash in an id: what comes behind it begins there."""


class _Ref(msgspec.Struct, frozen=True):
    ref: str | None = None


_ref: Final = msgspec.json.Decoder(_Ref)


class Made(msgspec.Struct, frozen=True, gc=False):
    """An event that another one makes, with what it means."""

    event: Event
    policy: Policy
    effect: Effect


def made_by(policies: Policies, maker: str, also: Iterable[Derived], at: float) -> list[Made]:
    """Return the events that the event `maker`, of the time `at`, makes.

    What would be for a kind of subject without a policy, or of a type that its policy has no rule for, is
    not made: nobody keeps count of it.

    Raises:
        EventError: one of them is refused by the policy of whom it is for.

    """
    made: list[Made] = []
    for each in also:
        event = msgspec.structs.replace(each.event, id=_made_id(maker, each.role), ref=maker)
        policy = policies.get(kind_of(event.subject))
        if policy is None or event.type not in policy.rules:
            continue
        try:
            effect = scoring.interpret(policy, event, at)
        except EventError as error:
            problem = error.problem
            raise EventError(
                f"the `{event.type}` that it makes for `{event.subject}` is refused: {problem.detail}",
                code=problem.code,
                field=problem.field,
                expected=problem.expected,
            ) from None
        # It makes nothing itself: there is one step, not a chain.
        made.append(Made(event, policy, msgspec.structs.replace(effect, also=())))
    return made


def found_made(policy: Policy, makers: Iterable[str], reader: Reader) -> dict[str, tuple[str, str]]:
    """Return id and subject of what the given events have made, by the id it would have if made now."""
    roles = dict.fromkeys(also.to for rule in policy.rules.values() for also in rule.also)
    meant = {_made_id(maker, role): (maker, f"{maker}/{role}") for maker in makers for role in roles}
    if not meant:
        return {}
    ids = [*meant, *(before for _, before in meant.values())]
    known = {row[0]: row for row in reader.known(ids)}
    found: dict[str, tuple[str, str]] = {}
    for made_id, (maker, before) in meant.items():
        if made_id in known:
            found[made_id] = made_id, known[made_id][1]
        elif before in known and _ref.decode(known[before][3]).ref == maker:
            found[made_id] = before, known[before][1]
    return found


def undoing(made_id: str, subject: str, at: float) -> Event:
    """Return the retraction of a made event."""
    return Event("retract", subject, f"{UNDONE}/{made_id}", ref=made_id, occurred_at=instant(at))


def redoing(made_id: str, subject: str, at: float) -> Event:
    """Return the event that takes up again a made one that was taken back."""
    return Event("release", subject, f"{REDONE}/{made_id}", ref=made_id, occurred_at=instant(at))


def _made_id(maker: str, role: str) -> str:
    return f"{_MADE}/{role.translate(_NAMED)}/{maker}"


def counts_at_once(applied: Applied) -> bool:
    """Tell whether an event counts from its arrival on: neither held nor late behind a newer value."""
    ended = any(end.seq is None for end in applied.ends)
    return not ended and not any(hold.seq is None and hold.at is not None for hold in applied.holds)


def made_late(
    incoming: Incoming, policy: Policy, applied: Applied, past: Past
) -> Iterator[tuple[str, tuple[Derived, ...], float]]:
    """Yield (maker, what it makes, its time) of events that count only from now on.

    Those are what an amendment says anew, and what was held when it came and is held no more.
    """
    if incoming.effect.amends and counts_at_once(applied):
        target = _event_of(applied.ends[-1].id, past)
        if target is not None:
            before, at = said(target, past)
            yield incoming.id, scoring.amended(policy, incoming.event, before, at).also, at
    for hold in applied.holds:
        target = _event_of(hold.id, past) if hold.seq is not None and hold.at is None else None
        if target is not None:
            event, at = said(target, past)
            yield hold.id, scoring.interpret(policy, event, at).also, at


def _event_of(event_id: str, past: Past) -> Earlier | None:
    return next((each for each in past.referred(event_id) if each.id == event_id), None)
