"""What is worked out once per policy."""

from functools import lru_cache

from renown.policy import Policy
from renown.scoring.effect import TIME
from renown.scoring.life.alerts import Alerts
from renown.scoring.life.badges import Badges
from renown.scoring.life.ground import Ground
from renown.scoring.life.state import Life, Standstill
from renown.scoring.life.statuses import Statuses
from renown.scoring.life.tiers import Tiers
from renown.scoring.plan import fades
from renown.scoring.reading import Glance

__all__ = ["LifePlan", "life_plan_of"]


class LifePlan:
    """The life of a policy made ready."""

    __slots__ = ("alerts", "badges", "empty", "glance", "ground", "has_life", "statuses", "stirring", "tiers")

    def __init__(self, policy: Policy) -> None:
        drifts = fades(policy)
        self.tiers = Tiers(policy, drifts=drifts)
        self.badges = Badges(policy)
        self.statuses = Statuses(policy, drifts=drifts)
        self.alerts = Alerts(policy)
        self.glance = Glance(policy, _parts(policy))
        self.ground = Ground(policy, self.tiers.limits)
        self.stirring = self.tiers.events | {TIME}
        """The types of events that do something to tiers besides what the reading does."""
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


def _parts(policy: Policy) -> set[str]:
    """Return the categories that anything of a life looks at."""
    conditions = [each for tier in policy.tiers for each in tier.also_when]
    for badge in policy.badges:
        conditions += [*badge.when, *(each for level in badge.levels for each in level.when)]
    for ripen in () if policy.status is None else policy.status.ripen:
        conditions += [*ripen.when, *ripen.unless]
    parts = {each.part for each in conditions}
    for alert in policy.alerts:
        parts |= {each.category for each in (alert.when, alert.clear) if each is not None and each.category}
    return parts


@lru_cache(maxsize=1024)
def life_plan_of(policy: Policy) -> LifePlan:
    """Return the policy's plan."""
    return LifePlan(policy)
