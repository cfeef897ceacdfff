"""The lines of an explanation."""

from typing import Any

import msgspec

from renown.model import Change, Contribution, Entry, timestamp
from renown.scoring.aggregators import Aggregator

__all__ = ["HeldLine", "Line", "PriorLine", "StepLine", "line_of"]


class Line(msgspec.Struct, frozen=True):
    """What one event adds to the score."""

    id: str
    type: str
    actor: str | None
    at: str
    value: float
    weight: float
    """As recorded when the event was folded: the rule's times the rater's, times what guards left of it."""
    faded: float
    """What time and newer events have left of the weight."""
    share: float
    """Its part of all weight, 0 to 1; for points 1 when all of it counts."""
    points: float
    version: int
    data: dict[str, Any] | None = None
    guards: tuple[Change, ...] = ()
    """What guards said of it that let it count: `flag`, or `weigh` with what that left of its weight."""


class HeldLine(msgspec.Struct, frozen=True):
    """What is under review: it adds nothing for now, or less than it would."""

    id: str
    type: str
    actor: str | None
    at: str
    value: float | None
    version: int
    why: str
    """`dispute`, `moderator` or `guard:<name>`."""
    since: str
    until: str | None
    """When that ends by itself; None: when somebody decides."""
    share: float
    """What share of its weight counts meanwhile."""
    reason: str | None = None
    """Why a guard held it, for people."""


class StepLine(msgspec.Struct, frozen=True):
    """An event that did more than move the score: to what was said, to a tier, a badge, a status."""

    id: str
    type: str
    actor: str | None
    at: str
    version: int
    changes: tuple[Change, ...]


class PriorLine(msgspec.Struct, frozen=True):
    """What the score would be without events, and what that adds to it now."""

    value: float
    weight: float
    points: float


def line_of(
    aggregator: Aggregator, entry: Entry, contribution: Contribution, counts: tuple[float, float, float]
) -> Line:
    """Return the line of one contribution; `counts` are faded weight, share and points."""
    event = entry.event
    faded, share, points = counts
    return Line(
        id=event.id or "",
        type=event.type,
        actor=event.actor,
        at=timestamp(entry.at),
        value=aggregator.shown(contribution.value),
        weight=contribution.weight,
        faded=faded,
        share=share,
        points=points,
        version=entry.version,
        data=event.data,
        guards=_said_by_guards(entry) if entry.changes else (),
    )


def _said_by_guards(entry: Entry) -> tuple[Change, ...]:
    return tuple([change for change in entry.changes if change.kind in ("flag", "weigh")])
