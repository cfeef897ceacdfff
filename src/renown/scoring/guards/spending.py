"""What actors have spent of budgets that hold everywhere: so many events in a period, whoever they are about.

It is no state of a subject: it is kept with the actor, told to the guards as a fact, and recorded with the
event.
"""

from collections.abc import Mapping

from renown.model import Event
from renown.policy import Policy
from renown.scoring.effect import Effect
from renown.scoring.guards.budgets import AnywhereBudget
from renown.scoring.guards.verdicts import Facts
from renown.scoring.guards.watch import watch_of

__all__ = ["Spent", "spend", "spent"]

Spent = Mapping[str, tuple[int, int]]
"""By kind and guard: the newest period in which an actor has spent anything, and how much."""


def spent(policy: Policy, before: Spent, at: float) -> tuple[int, ...]:
    """Return how many events an actor has sent in the period of `at`, for each such guard of a policy."""
    found: list[int] = []
    for budget in watch_of(policy).anywhere:
        period, count = before.get(_key(policy, budget), (-1, 0))
        found.append(count if period == budget.period(at) else 0)
    return tuple(found)


def spend(policy: Policy, before: Spent, event: Event, effect: Effect, *, facts: Facts, at: float) -> Spent:
    """Return what is spent after one more event; one that is late counts in the newest period only."""
    watch = watch_of(policy)
    if not watch.anywhere or not effect.contributions:
        return before
    seen = watch.sighted(event, effect, facts, at)
    after = dict(before)
    for budget in watch.anywhere:
        types, key = budget.guard.types, _key(policy, budget)
        if (types and event.type not in types) or not budget.on.has(seen):
            continue
        period, count = before.get(key, (-1, 0))
        now = budget.period(at)
        if now >= period:
            after[key] = (now, count + 1 if now == period else 1)
    return after


def _key(policy: Policy, budget: AnywhereBudget) -> str:
    return f"{policy.kind}/{budget.guard.name}"
