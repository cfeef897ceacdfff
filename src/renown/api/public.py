"""What of a subject's events everybody may see who may read at all: what happened, not who did it."""

from collections.abc import Sequence

import msgspec

from renown.ledger import Ledger
from renown.model import Activity, Entry
from renown.scoring import Explanation, PriorLine

__all__ = ["ActivityPage", "PublicExplanation", "PublicLine", "activities_of", "without_persons"]

_activity = msgspec.json.Decoder(Activity)


class ActivityPage(msgspec.Struct, frozen=True):
    """The public face of one subject's events, newest first."""

    subject: str
    events: list[Activity]
    before: int | None
    """Give it back as `before` for the next, older page; null on the last."""


class PublicLine(msgspec.Struct, frozen=True):
    """What one event adds to the score, without its id, actor and data."""

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


class PublicExplanation(msgspec.Struct, frozen=True):
    """An explanation whose lines name nobody."""

    subject: str
    category: str
    version: int
    score: float
    at: str
    prior: PriorLine
    lines: tuple[PublicLine, ...]
    points_of_older: float
    cursor: str | None


def without_persons(page: Explanation) -> PublicExplanation:
    """Return the explanation without ids, actors and data of events."""
    return msgspec.convert(page, PublicExplanation, from_attributes=True)


async def activities_of(ledger: Ledger, subject: str, entries: Sequence[Entry]) -> list[Activity]:
    """Return the public face of `entries`, which are neighbours and newest first."""
    if not entries:
        return []
    newest, oldest = entries[0].version, entries[-1].version
    found = await ledger.activity(subject, oldest - 1, newest - oldest + 1)
    return [_activity.decode(body) for _, body in reversed(found)]
