"""What is under review, and what was done to what was said."""

from collections.abc import Sequence
from typing import Final

from renown.ledger.views import changes_of, entry_of, is_sealed
from renown.model import Basis, Entry, Event, stamped, timestamp
from renown.scoring import HeldLine, StepLine
from renown.stores import EventRow, Reader

__all__ = [
    "LINES",
    "held_entries",
    "held_lines",
    "held_rows",
    "is_told_held",
    "reviewed",
    "shown_entry",
    "step_lines",
]

_FAR: Final = 2**62
LINES: Final = 50
"""Lines of each that come with an explanation."""


def held_entries(
    reader: Reader, kind: str | None, subject: str | None, before: int | None, limit: int
) -> list[Entry]:
    """Return what is under review, newest first, below a position in the ledger."""
    rows = reader.held(kind, subject, _FAR if before is None else min(before, _FAR), limit)
    return [entry_of(row) for row in rows]


def reviewed(reader: Reader) -> dict[str, dict[str, int]]:
    """Return how much is under review, per kind of subject and reason."""
    found: dict[str, dict[str, int]] = {}
    for kind, why, count in reader.held_counts():
        found.setdefault(kind, {})[why] = count
    return found


def held_rows(reader: Reader, subject: str) -> list[EventRow]:
    """Return the newest of what is under review of a subject."""
    return reader.held(None, subject, _FAR, LINES)


def is_told_held(row: EventRow) -> bool:
    """Tell whether an event is under review and may be told of; blind reviews are not."""
    return row.held_at is not None and row.ended_at is None and row.held_why != "blind"


def held_lines(rows: Sequence[EventRow]) -> tuple[HeldLine, ...]:
    """Return the first of what is under review as lines of an explanation."""
    return tuple([_held_line(entry_of(row)) for row in rows[:LINES]])


def step_lines(rows: Sequence[EventRow]) -> tuple[StepLine, ...]:
    """Return the first of events that did something besides moving scores as lines of an explanation."""
    return tuple(
        [
            StepLine(row.id, row.type, row.actor, timestamp(row.at), row.version, changes_of(row))
            for row in rows[:LINES]
            if not is_sealed(row)
        ]
    )


def shown_entry(row: EventRow, *, sealed: bool) -> Entry:
    """Return an event as the ledger keeps it; of a blind one only that, unless it may be `sealed`."""
    entry = entry_of(row)
    if sealed or not is_sealed(row):
        return entry
    return Entry(
        seq=entry.seq,
        version=entry.version,
        event=Event("hold", row.subject, occurred_at=entry.event.occurred_at),
        at=entry.at,
        received_at=entry.received_at,
        basis=Basis(),
        contributions=(),
        score=entry.score,
    )


def _held_line(entry: Entry) -> HeldLine:
    event = entry.event
    return HeldLine(
        event.id or "",
        event.type,
        event.actor,
        timestamp(entry.at),
        event.value,
        entry.version,
        entry.held_why or "",
        timestamp(entry.held_at or entry.at),
        stamped(entry.held_until),
        entry.held_share,
        next((each.why for each in entry.changes if each.kind == "hold" and each.name == event.id), None),
    )
