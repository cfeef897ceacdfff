"""What guards are told of an arriving event, and what becomes of it."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from renown import scoring
from renown.errors import EventError
from renown.ledger.folding.forms import Earlier
from renown.model import OVERALL, Event, kind_of
from renown.policy import Policy
from renown.scoring import Effect
from renown.scoring.guards import Facts, Guards, Spending, Spent, Verdict, kin_of, spent, wants
from renown.stores import ActorRow

__all__ = ["asks_of_others", "facts_about", "knows_actors", "refused", "returned_pair", "spent_by"]

_NO_FACTS = Facts()
_spent = msgspec.json.Decoder(dict[str, Spending])


def returned_pair(policy: Policy, event: Event, at: float) -> tuple[str, str] | None:
    """Return (subject, pair) of the event in which the subject has rated the actor, if there can be one."""
    actor = event.actor
    if actor is None or kind_of(actor) != policy.kind or not wants(policy).returned:
        return None
    pair = scoring.returned_pair(policy, event, at)
    return None if pair is None else (actor, pair)


def facts_about(
    policy: Policy,
    event: Event,
    *,
    known: ActorRow | None,
    returned: Earlier | None,
    guards: Guards | None,
    of_actor: Guards | None,
    weight: float,
    at: float,
) -> Facts:
    """Return what the guards of a policy are told."""
    wanted = wants(policy)
    if wanted.nothing and (event.data is None or not _same_owner(event.actor, event.data)):
        return _NO_FACTS
    return Facts(
        None if known is None else known.first_at,
        0 if known is None else known.events,
        _returned(returned),
        _same_owner(event.actor, event.data),
        kin_of(policy, guards, of_actor, event.actor) if wanted.kin and guards is not None else None,
        weight if wanted.weight else 1.0,
        spent(policy, spent_by(known), at) if wanted.spent else (),
    )


def refused(event: Event, effect: Effect, verdict: Verdict) -> EventError | None:
    """Return the error of an event that a guard refuses."""
    if verdict.action != "reject" or not effect.speaks:
        return None
    told: Iterable[str] = [reason.text for reason in verdict.reasons if reason.action == "reject"]
    return EventError(
        " ".join(told) or f"a guard refuses this `{event.type}`",
        code="guarded",
        field="actor",
        expected="an event that no guard of the policy refuses",
    )


def spent_by(known: ActorRow | None) -> Spent:
    """Return what an actor has spent of budgets that hold everywhere."""
    return {} if known is None or known.spent is None else _spent.decode(known.spent)


def _returned(earlier: Earlier | None) -> tuple[float, float] | None:
    # What nobody may see yet must not show in what becomes of others either.
    if earlier is None or not earlier.live or (earlier.held and earlier.held_why == "blind"):
        return None
    value = next((c.value for c in earlier.contributions if c.category == OVERALL), None)
    return None if value is None else (value, earlier.at)


def _same_owner(actor: str | None, data: Mapping[str, Any] | None) -> bool:
    if actor is None or not data:
        return False
    owner = data.get("owner")
    return owner is not None and owner in (actor, data.get("actor_owner"))


@lru_cache(maxsize=1024)
def asks_of_others(policy: Policy) -> bool:
    """Tell whether guards or weights of the policy ask for anything but the event and its subject."""
    return knows_actors(policy) or (bool(policy.guards) and not wants(policy).nothing)


@lru_cache(maxsize=1024)
def knows_actors(policy: Policy) -> bool:
    """Tell whether anything of the policy asks since when an actor is known, and how much it has said."""
    return (bool(policy.guards) and wants(policy).actors) or scoring.asks_age(policy.raters)
