"""Tiers: what each asks for, how it is left, and when that is looked at."""

from typing import Literal

import msgspec

from renown.policy.scores.composing import Condition

__all__ = ["Cadence", "Dates", "Dwell", "Tier", "TierEvent", "TierRules"]


class Dwell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In how many of the last weeks or days the score and the count must have been enough."""

    of: int
    """How many of the last ones are looked at."""
    weeks: int | None = None
    """So many of them; looked at on Mondays at 0:00 UTC."""
    days: int | None = None
    """So many of them; looked at each day at 0:00 UTC."""

    @property
    def need(self) -> int:
        """In how many of the last `of` it must have been enough."""
        return self.weeks if self.weeks is not None else self.days or 0


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A level that is reached with a score and a number of contributions."""

    name: str
    title: str = ""
    description: str = ""
    min_score: float | None = None
    min_count: int = 0
    also_when: tuple[Condition, ...] = ()
    """What categories must be besides."""
    leave_score: float | None = None
    """Whoever has the tier keeps it down to this score; `min_score` when absent."""
    leave_count: int | None = None
    """And down to this count; `min_count` when absent."""
    leave_factor: float = 1.0
    """Whoever has the tier keeps it down to this share of everything it asks for."""
    dwell: Dwell | None = None
    """Enough in so many of the last weeks or days, in place of: enough now."""
    dwell_days: float = 0.0
    """What it asks for must have held for so long without a break before it is reached."""
    grace_days: float = 0.0
    """So long after it was reached it is not lost."""
    leave_after_days: float = 0.0
    """It is lost only after what it asks for has been missing for so long without a break."""
    manual: bool = False
    """Reached by an event of `tier_rules.on` only."""
    sticky: bool = False
    """Once reached it is never lost, but by an event of `tier_rules.on`."""

    @property
    def plain(self) -> bool:
        """Whether only score and count decide, and they anew each time."""
        return self == Tier(self.name, self.title, self.description, self.min_score, self.min_count)


class Dates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The dates at which tiers are evaluated, at 0:00 UTC: exactly one of these."""

    monthly: int | None = None
    """On this day of every month, 1 to 28."""
    quarterly: tuple[int, ...] | None = None
    """On the first of these months."""
    weeks: int | None = None
    """Every so many weeks, on Mondays."""


Cadence = Literal["event", "daily", "weekly"] | Dates


class TierEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event that sets the tier."""

    event: str
    to: str | None = None
    """The tier; when absent the tier follows the score again."""
    stays: bool = True
    """Until another such event, whatever the score does."""


class TierRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When tiers are evaluated and what holds for all of them."""

    cadence: Cadence = "event"
    """With every event, daily at 0:00 UTC, on Mondays, or on dates."""
    start: str | None = None
    """The tier a subject has from its first event on until the first evaluation that says otherwise."""
    max_step: int | None = None
    """One evaluation moves by so many tiers at most."""
    on: tuple[TierEvent, ...] = ()
