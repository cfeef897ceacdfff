"""What is told of incidents: the lines of the abuse radar."""

from typing import Literal

import msgspec

__all__ = ["AlertLine", "IncidentLine", "Incidents", "Pile", "Point"]


class Point(msgspec.Struct, frozen=True):
    """One point of an incident's course."""

    at: str
    count: int


class IncidentLine(msgspec.Struct, frozen=True):
    """A guard in alarm about a subject, now or lately."""

    subject: str
    guard: str
    """Its name in the policy."""
    title: str
    kind: str
    """`burst`, `fresh`, `ring` …"""
    action: str
    """What the guard does about the events: `count`, `weigh`, `hold` or `reject`."""
    open: bool
    """Whether it goes on now."""
    since: str
    at: str
    """When it last sounded, or ended."""
    until: str
    """When it is over if nothing more comes."""
    count: int
    """How many were seen in the window when it last sounded."""
    expected: float | None
    """How many were to be expected there; None where the guard does not count."""
    days: float
    """Length of the window; 0 where it is one of the last so many."""
    events: int
    """How many events have kept it up."""
    held: int
    """How many of the subject's events this guard holds for review now."""
    text: str
    """One sentence with the figures."""
    per: Literal["day", "event"]
    """What the points of the course are: what came on each day, or the count at each event."""
    course: tuple[Point, ...]


class AlertLine(msgspec.Struct, frozen=True):
    """An alert that fired or cleared."""

    subject: str
    alert: str
    title: str
    severity: str
    state: Literal["fired", "cleared"]
    lasting: bool
    """Whether it goes on until it clears; others are about a moment and are over at once."""
    version: int
    at: str
    why: str


class Pile(msgspec.Struct, frozen=True):
    """How much of a subject is under review for one reason."""

    subject: str
    why: str
    count: int
    oldest: str
    newest: str


class Incidents(msgspec.Struct, frozen=True):
    """What there is to watch: incidents, what is under review, alerts."""

    incidents: tuple[IncidentLine, ...]
    """Those that go on first, then those that are over; the newest first."""
    held: tuple[Pile, ...]
    """The newest first; at most 200."""
    alerts: tuple[AlertLine, ...]
    """The newest first."""
