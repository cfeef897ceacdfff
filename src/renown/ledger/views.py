"""From readings and rows to the public structs and their JSON."""

from collections.abc import Sequence
from typing import Final

import msgspec

from renown.model import (
    Activity,
    Basis,
    Cause,
    Contribution,
    Entry,
    Event,
    Standing,
    Update,
    instant,
    timestamp,
)
from renown.scoring import Reading
from renown.stores import EventRow, Reader

__all__ = [
    "activity_json",
    "basis_of",
    "contributions_of",
    "encode",
    "entry_of",
    "event_of",
    "standing_of",
    "updates_of",
]

encode: Final = msgspec.json.Encoder().encode
_event: Final = msgspec.json.Decoder(Event)
_basis: Final = msgspec.json.Decoder(Basis)
_contributions: Final = msgspec.json.Decoder(tuple[Contribution, ...])


def standing_of(subject: str, version: int, at: float, reading: Reading, cause: Cause | None) -> Standing:
    """Return the public view of a reading made for the time `at`."""
    return Standing(
        subject,
        version,
        reading.score,
        reading.low,
        reading.high,
        reading.count,
        reading.categories,
        reading.tier,
        (),
        "active",
        reading.provisional,
        timestamp(at),
        cause,
    )


def event_of(row: EventRow) -> Event:
    """Return the event with what the server filled in."""
    event = _event.decode(row.body)
    if event.id is None or event.occurred_at is None:
        return msgspec.structs.replace(event, id=row.id, occurred_at=event.occurred_at or instant(row.at))
    return event


def contributions_of(row: EventRow) -> tuple[Contribution, ...]:
    """Return the recorded contributions."""
    return _contributions.decode(row.contributions)


def basis_of(row: EventRow) -> Basis:
    """Return the recorded basis."""
    return _basis.decode(row.basis)


def entry_of(row: EventRow) -> Entry:
    """Return the event as the ledger keeps it."""
    return Entry(
        seq=row.seq,
        version=row.version,
        event=event_of(row),
        at=row.at,
        received_at=row.received_at,
        basis=basis_of(row),
        contributions=contributions_of(row),
        score=row.score,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )


def activity_json(row: EventRow) -> bytes:
    """Return the JSON of an event's public face."""
    return encode(
        Activity(row.subject, row.version, row.type, timestamp(row.at), row.score, row.delta, row.value)
    )


def updates_of(reader: Reader, rows: Sequence[EventRow]) -> list[Update]:
    """Return one update per subject of `rows`, which ascend by `seq`, in order of the newest event."""
    activity: dict[str, list[tuple[int, int, bytes]]] = {}
    for row in rows:
        entries = activity.pop(row.subject, [])
        entries.append((row.version, row.seq, activity_json(row)))
        activity[row.subject] = entries
    views = {subject: (version, view) for subject, version, view in reader.views(list(activity))}
    return [
        Update(subject, views[subject][0], entries[-1][1], views[subject][1], tuple(entries))
        for subject, entries in activity.items()
        if subject in views
    ]
