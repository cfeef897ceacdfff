"""Alerts: what people are told of at once, and when it is over."""

from typing import Literal

import msgspec

from renown.policy.rules.matching import Wanted

__all__ = ["Alert", "AlertLimits", "AlertWhen", "Clear", "EventMatch", "Move", "Rate"]

Severity = Literal["info", "warning", "critical"]


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many points within so many days."""

    points: float
    within_days: float


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many events of a type within so many days."""

    event: str
    count: int
    within_days: float


class EventMatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A single event: of this type, with such a value and such `data`."""

    type: str
    at_most: float | None = None
    at_least: float | None = None
    data: Wanted = {}


class AlertWhen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the alert is about: exactly one of these, where `category` and `min_count` only narrow it."""

    score_below: float | None = None
    score_above: float | None = None
    drop: Move | None = None
    """The score has fallen so far from its highest within the time."""
    rise: Move | None = None
    """The score has risen so far from its lowest within the time."""
    rate: Rate | None = None
    event: EventMatch | None = None
    tier_lost: bool = False
    """The tier has become a lower one."""
    status: str | None = None
    """The status is this one."""
    incident: str | None = None
    """A guard of this name has raised an alarm."""
    category: str | None = None
    """The category whose score is meant; the overall one when absent."""
    min_count: int = 0
    """Only with so many contributions."""


class Clear(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ends an alert: whichever of these comes first."""

    score_above: float | None = None
    """The score is at least this."""
    score_below: float | None = None
    """The score is at most this."""
    category: str | None = None
    """The category whose score is meant; that of `when` when absent."""
    event: str | None = None
    """An event of this type."""
    after_days: float | None = None


class Alert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something people should be told of as it happens."""

    name: str
    when: AlertWhen
    title: str = ""
    description: str = ""
    severity: Severity = "warning"
    clear: Clear | None = None
    """When it is over. When absent: as soon as `when` no longer holds; what is about a single moment
    is then told and over at once."""
    for_minutes: float = 0.0
    """It must have held so long without a break."""
    debounce_minutes: float = 0.0
    """Not again within so long."""
    to: tuple[Literal["owner", "alerts"], ...] = ("owner", "alerts")
    """Who is told: the subject's owner on `user:`, watchers on `alerts:`."""

    @property
    def lasts(self) -> bool:
        """Whether it stays open once it has fired, and is cleared: not when it is over at once."""
        when = self.when
        return self.clear is not None or (when.event is None and not when.tier_lost)


class AlertLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many alerts whoever watches is told in a while; of the rest only how many there were."""

    most: int
    minutes: float = 60.0
    """In so many minutes, counted from 1970."""
    always: tuple[Severity, ...] = ("critical",)
    """Alerts of these severities are told whatever else was, and not counted."""
