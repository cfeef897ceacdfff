"""How much a rater's word weighs."""

from collections.abc import Mapping, Sequence
from typing import Final

from renown.policy import Policy, Raters
from renown.scoring.plan import plan_of
from renown.scoring.reading import read, score
from renown.scoring.state import State, empty

__all__ = ["asks_age", "rater_weight"]

_DAY: Final = 86_400.0
_NO_MEANS: Final[Mapping[str, float]] = {}


def rater_weight(
    policy: Policy,
    actor_state: State | None,
    is_seed: bool,
    *,
    at: float = 0.0,
    prior: Mapping[str, float] = _NO_MEANS,
    tier: str | None = None,
    known_since: float | None = None,
) -> float:
    """Return the weight of what an actor says; 1 under a policy without rater weights.

    `actor_state` is the actor's own state as a subject of the same kind, None without one; `tier` the one
    it holds, where that is more than what its score and count come to now; `known_since` the time of its
    first event in the ledger. The weight is the support others have given, (P − M) / (P + M + 1), or
    the product of what tier, score and age are worth; at least the policy's floor. A seed's is 1.
    """
    raters = policy.raters
    if raters is None or is_seed:
        return 1.0
    if raters.by_support:
        plan = plan_of(policy)
        if plan.rater is None:
            return 1.0
        return (
            raters.floor
            if actor_state is None
            else max(raters.floor, plan.rater.support(actor_state.cells[0]))
        )
    weight = 1.0
    if raters.by_tier:
        held = _tier(policy, actor_state, at, prior) if tier is None else tier
        weight *= raters.by_tier.get(held or "", 0.0)
    if raters.by_score:
        own = empty(policy) if actor_state is None else actor_state
        weight *= _on_line(raters.by_score, score(policy, own, at, prior))
    if raters.by_age_days:
        weight *= _on_line(raters.by_age_days, 0.0 if known_since is None else (at - known_since) / _DAY)
    return max(raters.floor, weight)


def asks_age(raters: Raters | None) -> bool:
    """Tell whether weights depend on since when the ledger knows a rater."""
    return raters is not None and bool(raters.by_age_days)


def _tier(policy: Policy, state: State | None, at: float, prior: Mapping[str, float]) -> str | None:
    return None if state is None else read(policy, state, at, prior).tier


def _on_line(points: Sequence[tuple[float, float]], at: float) -> float:
    """Return what a line through the points is at a place; beyond its ends it is level."""
    before_at, before = points[0]
    if at <= before_at:
        return before
    for next_at, following in points[1:]:
        if at <= next_at:
            return before + (following - before) * (at - before_at) / (next_at - before_at)
        before_at, before = next_at, following
    return before
