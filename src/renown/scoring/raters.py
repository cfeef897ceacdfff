"""How much a rater's word weighs."""

from renown.policy import Policy
from renown.scoring.plan import plan_of
from renown.scoring.state import State

__all__ = ["rater_weight"]


def rater_weight(policy: Policy, actor_state: State | None, is_seed: bool) -> float:
    """Return the weight of what an actor says; 1 under a policy without rater weights.

    `actor_state` is the actor's own state as a subject of the same kind, None without one. The weight is
    the support others have given, (P − M) / (P + M + 1), at least the policy's floor; a seed's is 1.
    """
    raters = policy.raters
    if raters is None or is_seed:
        return 1.0
    plan = plan_of(policy)
    if actor_state is None or plan.rater is None:
        return raters.floor
    return max(raters.floor, plan.rater.support(actor_state.cells[0]))
