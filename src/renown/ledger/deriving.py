"""The events that events make for others: named, and found again when what made them is taken back.

A made event is an ordinary event of the other subject, in the same transaction: its id is that of the event
that made it, a slash and the role (`vote-7/actor`), and its ref is that event's id. Taking it back is an
ordinary retraction, `vote-7/actor/undone`.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from renown import scoring
from renown.errors import EventError
from renown.model import Event, instant, kind_of
from renown.policy import Policies, Policy
from renown.scoring import Derived, Effect

__all__ = ["Made", "made_by", "made_ids", "undoing"]

_UNDONE: Final = "undone"


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
        event = msgspec.structs.replace(each.event, id=f"{maker}/{each.role}", ref=maker)
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


def made_ids(policy: Policy, makers: Iterable[str]) -> list[str]:
    """Return the ids of all events that the given ones may have made."""
    roles = dict.fromkeys(also.to for rule in policy.rules.values() for also in rule.also)
    return [f"{maker}/{role}" for maker in makers for role in roles]


def undoing(made_id: str, subject: str, at: float) -> Event:
    """Return the retraction of a made event."""
    return Event("retract", subject, f"{made_id}/{_UNDONE}", ref=made_id, occurred_at=instant(at))
