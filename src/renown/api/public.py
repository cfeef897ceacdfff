"""What of a subject's events everybody may see who may read at all: what happened, not who did it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from renown.ledger import Ledger
from renown.ledger.views import happenings
from renown.model import Activity, Change, Entry, Happening
from renown.scoring import Explanation, PriorLine
from renown.scoring.life import Progress

__all__ = [
    "ExplanationLine",
    "ExplanationPage",
    "ReviewLine",
    "StepFace",
    "activities_of",
    "without_persons",
]

_activity = msgspec.json.Decoder(Activity)


class ExplanationLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one event adds to the score; its id, actor and data are for API keys only."""

    type: str
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
    id: str | None = None
    actor: str | None = None
    data: dict[str, Any] | None = None
    guards: tuple[Change, ...] = ()
    """What guards said of it; for API keys only."""


class ReviewLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is under review: for everybody what is disputed, for API keys all, with who and what it is of."""

    type: str
    at: str
    version: int
    why: str
    """`dispute`; for API keys also `moderator` and `guard:<name>`."""
    since: str
    until: str | None
    share: float
    """What share of its weight counts meanwhile."""
    value: float | None = None
    id: str | None = None
    actor: str | None = None
    reason: str | None = None


class StepFace(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event that did more than move the score; who sent it, and why, is for API keys only."""

    type: str
    at: str
    version: int
    changes: tuple[Happening, ...]
    """For API keys each with `why`."""
    id: str | None = None
    actor: str | None = None


class ExplanationPage(msgspec.Struct, frozen=True):
    """One page of an explanation: `prior.points` and the points of all pages' lines are the `score`."""

    subject: str
    category: str
    version: int
    score: float
    at: str
    prior: PriorLine
    lines: tuple[ExplanationLine, ...]
    points_of_older: float
    cursor: str | None
    held: tuple[ReviewLine, ...] = ()
    """The newest of what is under review; on the first page."""
    steps: tuple[StepFace, ...] = ()
    """The newest of what people and time did besides; on the first page."""
    tiers: Progress | None = None
    """What is missing to each tier; on the first page about the overall score, under a policy with tiers."""


def without_persons(page: Explanation) -> ExplanationPage:
    """Return the explanation without ids, actors and data of events, and without what is only suspected."""
    bare = msgspec.convert(page, ExplanationPage, from_attributes=True)
    lines = tuple(
        msgspec.structs.replace(line, id=None, actor=None, data=None, guards=()) for line in bare.lines
    )
    held = tuple(
        msgspec.structs.replace(line, id=None, actor=None, reason=None)
        for line in bare.held
        if line.why == "dispute"
    )
    steps = tuple(
        StepFace(step.type, step.at, step.version, told)
        for step in page.steps
        if (told := happenings(step.changes))
    )
    return msgspec.structs.replace(bare, lines=lines, held=held, steps=steps)


async def activities_of(ledger: Ledger, subject: str, entries: Sequence[Entry]) -> list[Activity]:
    """Return the public face of `entries`, which are neighbours and newest first."""
    if not entries:
        return []
    newest, oldest = entries[0].version, entries[-1].version
    found = await ledger.activity(subject, oldest - 1, newest - oldest + 1)
    return [_activity.decode(body) for _, body in reversed(found)]
