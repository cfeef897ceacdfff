"""Events that passed all checks which need no store: those that were sent, and those the ledger makes."""

from typing import Final

import msgspec

from renown import scoring
from renown.ledger.writing.check import body_of, new_id
from renown.model import Event, kind_of
from renown.policy import Policy

__all__ = ["SYSTEM", "Prepared", "internal", "rater_of"]

SYSTEM: Final = "renown:system"
"""The actor of what the ledger itself does."""


class Prepared(msgspec.Struct, gc=False, eq=False):
    """An event that passed all checks that need no store."""

    slot: int
    """Its place among the events of the batch; -1: the ledger made it."""
    event: Event
    id: str
    at: float
    body: bytes
    policy: Policy
    effect: scoring.Effect
    rater: str | None
    """The actor, where its own standing says how much its word weighs."""
    made: tuple["Prepared", ...] = ()
    """What it makes for others."""
    returned: tuple[str, str] | None = None
    """(subject, pair) of what the subject has said of the actor, where guards ask for that."""


def internal(event: Event, policy: Policy, effect: scoring.Effect, at: float) -> Prepared:
    """Return an event that the ledger makes itself; nobody waits for its answer."""
    rater = rater_of(policy, event, effect)
    return Prepared(-1, event, event.id or new_id(), at, body_of(event), policy, effect, rater)


def rater_of(policy: Policy, event: Event, effect: scoring.Effect) -> str | None:
    """Return the actor where its own standing says how much its word weighs."""
    if policy.raters is None or event.actor is None or not effect.speaks:
        return None
    return event.actor if kind_of(event.actor) == policy.kind else None
