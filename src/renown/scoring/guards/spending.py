"""What actors have spent of budgets that hold everywhere: so many events in a period, whoever they are about.

It is no state of a subject: it is kept with the actor, told to the guards as a fact, and recorded with the
event.
"""

from collections.abc import Mapping

from renown.model import Event
from renown.policy import Policy
from renown.scoring.effect import Effect
from renown.scoring.guards.budgets import AnywhereBudget, Spending
from renown.scoring.guards.verdicts import Facts
from renown.scoring.guards.watch import watch_of

__all__ = ["Spending", "Spent", "spend", "spent"]

Spent = Mapping[str, Spending]
"""By kind and guard what an actor has spent."""


def spent(policy: Policy, before: Spent, at: float) -> tuple[int, ...]:
    """Return how many events an actor has sent in the period of `at`, for each such guard of a policy."""
    return tuple([budget.spent(before.get(_key(policy, budget)), at) for budget in watch_of(policy).anywhere])


def spend(policy: Policy, before: Spent, event: Event, effect: Effect, *, facts: Facts, at: float) -> Spent:
    """Return what is spent after one more event."""
    watch = watch_of(policy)
    if not watch.anywhere or not effect.contributions:
        return before
    seen = watch.sighted(event, effect, facts, at)
    after = dict(before)
    for budget in watch.anywhere:
        types, key = budget.guard.types, _key(policy, budget)
        if (types and event.type not in types) or not budget.on.has(seen):
            continue
        after[key] = budget.spend(before.get(key), at)
    return after


def _key(policy: Policy, budget: AnywhereBudget) -> str:
    return f"{policy.kind}/{budget.guard.name}"
