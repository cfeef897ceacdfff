"""What is worked out once per policy."""

from functools import lru_cache

from renown.policy import COMPOSING, Policy
from renown.scoring.life.alerts import Alerts
from renown.scoring.life.badges import Badges
from renown.scoring.life.ground import Ground
from renown.scoring.life.state import Life, Standstill
from renown.scoring.life.statuses import Statuses
from renown.scoring.life.tiers import Tiers

__all__ = ["LifePlan", "life_plan_of"]


class LifePlan:
    """The life of a policy made ready."""

    __slots__ = ("alerts", "badges", "empty", "ground", "has_life", "statuses", "stirring", "tiers")

    def __init__(self, policy: Policy) -> None:
        drifts = _drifts(policy)
        self.tiers = Tiers(policy, drifts=drifts)
        self.badges = Badges(policy)
        self.statuses = Statuses(policy, drifts=drifts)
        self.alerts = Alerts(policy)
        self.ground = Ground(policy, self.tiers.limits)
        stirring = {badge.event for badge in policy.badges if badge.event is not None}
        self.stirring = frozenset(stirring.union(self.tiers.events))
        """The types of events that do something to tiers or badges besides what the reading does."""
        self.has_life = bool(self.tiers.live or policy.badges or policy.status is not None or policy.alerts)
        self.empty = Life(None, None, self.tiers.empty, Standstill(), self.badges.empty, self.alerts.empty)

    def fits(self, life: Life) -> bool:
        """Tell whether the life was made under this policy."""
        return (
            self.tiers.fits(life.tiers)
            and self.statuses.fits(life.status)
            and self.badges.fits(life.badges)
            and self.alerts.fits(life.alerts)
        )


def _drifts(policy: Policy) -> bool:
    """Tell whether scores change all the time: what fades does, a window changes at known times."""
    methods = [policy.method(name) for name in ("", *policy.categories)]
    return any(
        getattr(method, "half_life_days", None) is not None
        for method in methods
        if not isinstance(method, COMPOSING)
    )


@lru_cache(maxsize=1024)
def life_plan_of(policy: Policy) -> LifePlan:
    """Return the policy's plan."""
    return LifePlan(policy)
