"""What `[[guards]]` may say: one struct per kind of guard. See `docs/guards.md`."""

from typing import Literal

import msgspec

__all__ = [
    "LIFETIME",
    "Action",
    "BudgetGuard",
    "BurstGuard",
    "ExitScamGuard",
    "FreshGuard",
    "Guard",
    "Guarding",
    "ReciprocityGuard",
    "RepeatGuard",
    "RetaliationGuard",
    "RingGuard",
    "SelfGuard",
    "Those",
]

Action = Literal["count", "weigh", "hold", "reject"]
"""What becomes of an event, from the mildest to the strictest."""

Those = Literal["all", "negatives", "positives", "unverified", "unverified_negatives", "unverified_positives"]
"""Which events are meant."""


class Guard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What all guards have in common."""

    name: str
    """Its name in reasons, alerts and on the radar."""
    title: str = ""
    """What people read."""
    types: tuple[str, ...] = ()
    """The event types that it looks at; all when empty."""
    on: Those = "all"
    """Which of them its action is taken on."""
    action: Action = "count"
    """`count`: flag only; `weigh`: count less; `hold` for review; `reject`: refuse."""
    weight: float = 0.5
    """Of `weigh`: what the event's weight is multiplied by."""
    hold_days: float | None = None
    """Of `hold`: after so many days the event counts after all; when absent somebody has to decide."""
    negative_below: float | None = None
    """Lower values are negative, higher ones positive; the middle of the scale when absent, 0 of points."""
    verified: str = "verified"
    """The attribute of `data` that is true of verified events."""


class BurstGuard(Guard, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="burst"):
    """Far more in some days than the subject's own past makes likely."""

    on: Those = "negatives"
    of: Those = "negatives"
    """What is counted."""
    windows: tuple[int, ...] = (1, 7, 30)
    """In how many days, ascending."""
    chance: float = 1e-3
    """It is a burst when the past makes so many or more less likely than this."""
    half_life_days: float = 90.0
    """How fast the past is forgotten."""
    usual: float = 0.01
    """Events per day of a subject nothing is known of."""
    usual_days: float = 90.0
    """How long a past must be to stand by itself."""
    least: int = 3
    """Fewer events than this are never a burst."""
    sds: float = 1.0
    """By how many standard deviations their share of all events must be higher than it used to be; with 0
    the share does not matter."""
    usual_share: float = 0.25
    """Their share of all events of a subject nothing is known of."""


class ReciprocityGuard(Guard, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="reciprocity"):
    """Too many of the subject's last raters were rated by the subject, too."""

    on: Those = "positives"
    last: int = 50
    """How many raters are looked at."""
    share: float = 0.8
    """More than this share of them is too many."""
    least: int = 10
    """With fewer raters nothing is said."""


class RingGuard(Guard, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="ring"):
    """The subject's last raters know one another, and the subject rates them back."""

    on: Those = "positives"
    last: int = 50
    """How many raters are looked at."""
    density: float = 0.45
    """From this share of all pairs among them on, in which one had rated the other, it is a ring …"""
    share: float = 0.3
    """… if at least this share of them had been rated by the subject, too."""
    least: int = 6
    """With fewer raters nothing is said: circles of friends are small."""


class FreshGuard(Guard, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="fresh"):
    """Too many of the subject's last raters are new, or the new ones count too much together."""

    days: float = 30.0
    """An actor is new until so long after its first event."""
    given: int = 3
    """And until it has sent so many events."""
    last: int = 20
    share: float = 0.5
    """More than this share of the last raters being new is too many …"""
    usual: float = 0.3
    """… if it is also more than what this subject is used to; of one nothing is known of, this share."""
    sds: float = 3.0
    """By how many standard deviations more."""
    least: int = 10
    per_day: float | None = None
    """The most that the new raters of one UTC day count together: what goes beyond is acted on."""


LIFETIME = 36_525.0
"""Days. A budget of so many holds for ever: its first period, which began with 1970, ends in 2070."""


class BudgetGuard(Guard, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="budget"):
    """More events than one actor may send about a subject, or anywhere, or than a subject may get."""

    action: Action = "hold"
    per: Literal["actor", "ref", "subject", "actor_anywhere"] = "actor"
    """`actor`: of each actor about the subject by itself; `ref`: of each order or post by itself;
    `subject`: of all together; `actor_anywhere`: of each actor about all subjects of the kind together."""
    most: int = 3
    """So many are in order."""
    days: float = 1.0
    """Within so many days; `LIFETIME` of a subject's budget: in all."""


class SelfGuard(Guard, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="self"):
    """Actor and subject are the same, or belong to the same owner."""

    action: Action = "reject"
    same: dict[str, str] = {}
    """Pairs of attributes of `data` that must not be equal, such as `actor_device = "seller_device"`."""


class RetaliationGuard(Guard, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="retaliation"):
    """The answer to a negative rating that the subject has given the actor."""

    on: Those = "negatives"
    action: Action = "weigh"
    days: float = 7.0
    """Within so many days after it."""


class ExitScamGuard(Guard, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="exit_scam"):
    """The subject has turned: its newest ratings lie far below what it has built up."""

    on: Those = "negatives"
    fast: float = 0.8
    """What a newer rating of weight 1 leaves of the older ones in the fast level."""
    slow: float = 0.98
    """The same of the slow level."""
    sds: float = 4.0
    """By how many standard deviations the fast level lies below the slow one: of those by which it wanders
    while the ratings stay as they are."""
    spread: float = 0.1
    """The least standard deviation, as a part of the scale."""
    least: int = 10
    """With fewer ratings nothing is said."""


class RepeatGuard(Guard, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="repeat"):
    """One actor rates the same subject again and again."""

    action: Action = "weigh"
    last: int = 20
    """How many of the subject's last events are looked at."""
    most: int = 2
    """So many by one actor are in order; under `weigh` each further one counts `weight` of the one before."""


Guarding = (
    BurstGuard
    | ReciprocityGuard
    | RingGuard
    | FreshGuard
    | BudgetGuard
    | SelfGuard
    | RetaliationGuard
    | ExitScamGuard
    | RepeatGuard
)
"""Everything that `[[guards]]` may be."""
