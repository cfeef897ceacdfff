"""What of a subject's events everybody may see who may read at all: what happened, not who did it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from renown.ledger import Ledger
from renown.model import Activity, Entry
from renown.scoring import Explanation, PriorLine

__all__ = ["ExplanationLine", "ExplanationPage", "activities_of", "without_persons"]

_activity = msgspec.json.Decoder(Activity)


class ExplanationLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one event adds to the score; its id, actor and data are for API keys only."""

    type: str
    at: str
    value: float
    weight: float
    """As recorded when the event was folded: the rule's times the rater's."""
    faded: float
    """What time and newer events have left of the weight."""
    share: float
    """Its part of all weight, 0 to 1; for points 1 when all of it counts."""
    points: float
    version: int
    id: str | None = None
    actor: str | None = None
    data: dict[str, Any] | None = None


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


def without_persons(page: Explanation) -> ExplanationPage:
    """Return the explanation without ids, actors and data of events."""
    bare = msgspec.convert(page, ExplanationPage, from_attributes=True)
    lines = tuple(msgspec.structs.replace(line, id=None, actor=None, data=None) for line in bare.lines)
    return msgspec.structs.replace(bare, lines=lines)


async def activities_of(ledger: Ledger, subject: str, entries: Sequence[Entry]) -> list[Activity]:
    """Return the public face of `entries`, which are neighbours and newest first."""
    if not entries:
        return []
    newest, oldest = entries[0].version, entries[-1].version
    found = await ledger.activity(subject, oldest - 1, newest - oldest + 1)
    return [_activity.decode(body) for _, body in reversed(found)]
