"""What a policy file may say, as structs."""

from datetime import datetime
from typing import Literal

import msgspec

from renown.policy.audiences import Audience
from renown.policy.evidence.disputing import Blind, Disputes
from renown.policy.evidence.guarding import Guarding
from renown.policy.evidence.lateness import Late
from renown.policy.life.alerting import Alert, AlertLimits
from renown.policy.life.badges import Badge
from renown.policy.life.statuses import StatusName, StatusRules
from renown.policy.life.tiers import Tier, TierRules
from renown.policy.rules.deriving import Also
from renown.policy.rules.matching import Wanted, WeightCase
from renown.policy.rules.periods import Period
from renown.policy.rules.targets import Target, WeightBy
from renown.policy.scores.methods import Method
from renown.policy.scores.shapes import Shape

__all__ = [
    "Bounds",
    "CategoryPolicy",
    "Every",
    "Evidence",
    "OnePer",
    "Policy",
    "Raters",
    "Rule",
    "Scale",
    "ValueMode",
    "View",
    "Visibility",
    "WeightCase",
]

ValueMode = Literal["required", "optional", "none"]
OnePer = Literal["actor", "ref", "actor_and_ref"]
Every = Literal["day", "week", "month", "year"]
View = Literal["standing", "activity", "detail", "alerts"]
"""What there is to see of a subject."""


def _overall() -> dict[str, float | Target]:
    return {"overall": 1.0}


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The range of the score and how many decimals people are shown."""

    min: float
    max: float
    decimals: int = 2
    """For display only; the engine never rounds."""


class CategoryPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named aspect with a score of its own beside the overall one."""

    title: str = ""
    description: str = ""
    score: Method | None = None
    """Its own method; the policy's `[score]` when absent."""
    scale: Scale | None = None
    """The range of its values and score; the policy's `[scale]` when absent."""
    shape: Shape | None = None
    """What becomes of its score before it is shown."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one event type means."""

    title: str = ""
    description: str = ""
    value: float | Literal["required", "from_categories"] = "required"
    """A constant; or the event's own value; or, where that is absent, the mean of its categories."""
    min: float | None = None
    max: float | None = None
    """The range of the event's own value; the scale when absent."""
    into: dict[str, float | Target] = msgspec.field(default_factory=_overall)
    """Where the value goes and with what weight: `overall` and category names."""
    categories: Literal["none", "optional", "required"] = "none"
    """Whether the event may, or must, rate single categories."""
    weight: float = 1.0
    weights: tuple[WeightCase, ...] = ()
    """Weights by attribute: the first that matches holds instead of `weight`."""
    weight_by: WeightBy | None = None
    """A number in the event's `data` that the weight is multiplied by."""
    one_per: OnePer | None = None
    """Keep one live value per actor, per ref, or per both: a newer one takes the older back. An event
    without the actor, or without the ref where it is per ref, counts by itself."""
    every: Every | None = None
    """One live value per calendar period (UTC; weeks begin on Monday) instead of one for ever."""
    slot: str | None = None
    """Rules with the same slot share that one live value; the event's type when absent."""
    exempt: bool = False
    """Not counted against the daily cap of a points policy."""
    allow_self: bool = False
    """Accept events whose actor is their subject."""
    blind: Blind | None = None
    """Hold it, unseen, until the other side has reviewed the actor under the same ref."""
    since: datetime | None = msgspec.field(default=None, name="from")
    until: datetime | None = None
    """Events that happened before the one, or at or after the other, are taken but count for nothing."""
    when: Wanted = {}
    unless: Wanted = {}
    """Events that lack one attribute of the first, or have one of the second, count for nothing."""
    periods: tuple[Period, ...] = ()
    """What it says for events of certain times."""
    also: tuple[Also, ...] = ()
    """Events that it makes for others: for the actor, for the owner of the object."""

    @property
    def value_mode(self) -> ValueMode:
        """Whether an event of this type must, may or must not bring a value."""
        if self.value == "required":
            return "required"
        return "optional" if self.value == "from_categories" else "none"


class Raters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much a rater's word weighs: by the support it has won or by what else it is, at least `floor`."""

    floor: float = 0.05
    """The weight of a rater nobody has vouched for."""
    seeds: int = 0
    """The first so many distinct raters of the kind weigh 1, whatever others say of them."""
    by_tier: dict[str, float] = {}
    """What the word of a rater in a tier of this policy weighs."""
    by_score: tuple[tuple[float, float], ...] = ()
    """Points (score, weight) of a line: what the rater's own score makes of its word."""
    by_age_days: tuple[tuple[float, float], ...] = ()
    """Points (days, weight) of a line: since when the ledger knows the rater."""
    excluded: tuple[str, ...] = ()
    """Actors whose events are taken and count for nothing."""

    @property
    def by_support(self) -> bool:
        """Whether weights come from support, as they do unless they come from something else."""
        return not (self.by_tier or self.by_score or self.by_age_days)


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it takes before a number should be shown; until then the standing is provisional."""

    min_count: int = 0
    """Live contributions to the overall score."""
    min_weight: float = 0.0
    """Their weight together, decayed to now."""


class Bounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How sure `low` and `high` are."""

    confidence: float = 0.95


class Visibility(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may see what of the subjects of the kind, without an API key or a right of their own."""

    standing: Audience = "anyone"
    """The public standing: also boards, feeds, badges and the score over time."""
    activity: Audience = "anyone"
    """What happened, without who did it: also explanations and feeds."""
    detail: Audience = ("owner", "role:moderator")
    """The whole view: what caused the last change, what is held."""
    alerts: Audience = ("owner", "role:moderator")
    scope: Literal["none", "org", "project"] = "none"
    """Whether ids begin with `org/` or `org/project/`, and only those who belong there see anything."""

    def of(self, view: View) -> Audience:
        """Return who may see a view."""
        audience: Audience = getattr(self, view)
        return audience


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, eq=False, weakref=True):
    """The declared rules by which the events of one kind of subject become a standing.

    Compared and hashed by identity, so that what is computed once per policy can be looked up fast.
    """

    name: str
    kind: str
    version: int
    title: str
    scale: Scale
    score: Method
    rules: dict[str, Rule]
    """By event type."""
    description: str = ""
    categories: dict[str, CategoryPolicy] = {}
    shape: Shape | None = None
    """What becomes of the overall score before it is shown."""
    raters: Raters | None = None
    evidence: Evidence = Evidence()
    bounds: Bounds = Bounds()
    tiers: tuple[Tier, ...] = ()
    """From the lowest to the highest."""
    tier_rules: TierRules | None = None
    """When tiers are evaluated; with every event when absent."""
    badges: tuple[Badge, ...] = ()
    status: StatusRules | None = None
    """How statuses follow each other; everybody is `active` when absent."""
    statuses: tuple[StatusName, ...] = ()
    """What people read of statuses."""
    alerts: tuple[Alert, ...] = ()
    alert_limits: AlertLimits | None = None
    """How many of them one channel is told in a while; None: all."""
    guards: tuple[Guarding, ...] = ()
    """What looks for manipulation in arriving events."""
    visibility: Visibility = Visibility()
    disputes: Disputes | None = None
    """What may be disputed; None: nothing."""
    late: Late = Late()
    """Until when events that come late are worked in as if they had come in time."""

    def method(self, category: str) -> Method:
        """Return the method of a category, or of the overall score for `OVERALL`."""
        own = self.categories[category].score if category else None
        return own or self.score

    def shape_of(self, category: str) -> Shape | None:
        """Return the shape of a category, or of the overall score for `OVERALL`."""
        return self.categories[category].shape if category else self.shape

    def scale_of(self, category: str) -> Scale:
        """Return the scale of a category, or of the overall score for `OVERALL`."""
        own = self.categories[category].scale if category else None
        return own or self.scale
