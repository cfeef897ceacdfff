"""From readings and rows to the public structs and their JSON."""

from collections.abc import Iterator, Sequence
from typing import Final, overload

import msgspec

from renown.ledger.folding.forms import Counted, Earlier, Face, left_of
from renown.model import (
    Activity,
    Alarm,
    Basis,
    Cause,
    Change,
    Contribution,
    Entry,
    Event,
    Happening,
    Standing,
    Update,
    instant,
    stamped,
    timestamp,
)
from renown.scoring import TIME, Reading
from renown.stores import CountingRow, EventRow, Reader

__all__ = [
    "Faces",
    "activity_json",
    "alarms_of",
    "basis_json",
    "basis_of",
    "cause_of",
    "changes_of",
    "contributions_of",
    "counted_of",
    "counting_entry_of",
    "earlier_of",
    "encode",
    "entry_of",
    "event_of",
    "happenings",
    "is_news",
    "is_sealed",
    "standing_of",
    "updates_of",
]

_ALERT: Final = b'"alert"'
_UNTOLD: Final = ("alert", "flag", "weigh", "late")
"""Changes that are not for everybody: who is warned, of what somebody is suspected, what was not done."""
encode: Final = msgspec.json.Encoder().encode
_event: Final = msgspec.json.Decoder(Event)
_basis: Final = msgspec.json.Decoder(Basis)
_changes: Final = msgspec.json.Decoder(tuple[Change, ...])
_contributions: Final = msgspec.json.Decoder(tuple[Contribution, ...])


def standing_of(
    subject: str,
    version: int,
    at: float,
    reading: Reading,
    cause: Cause | None,
    *,
    held: int = 0,
    face: Face | None = None,
) -> Standing:
    """Return the public view of a reading made for the time `at`, with what its life shows if it has one."""
    return Standing(
        subject,
        version,
        reading.score,
        reading.low,
        reading.high,
        reading.count,
        reading.categories,
        reading.tier if face is None else face.tier,
        () if face is None else face.badges,
        "active" if face is None else face.status,
        reading.provisional,
        timestamp(at),
        cause,
        held,
        None if face is None else stamped(face.status_until),
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


def counted_of(row: CountingRow) -> Counted:
    """Return what counts of a live event."""
    said = _contributions.decode(row.contributions)
    return Counted(row.at, row.version, left_of(said, row.held_at, row.held_share))


def changes_of(row: EventRow) -> tuple[Change, ...]:
    """Return what the event did besides moving scores."""
    return () if row.changes is None else _changes.decode(row.changes)


def basis_json(basis: Basis) -> bytes:
    """Return the JSON of a basis, as short as it can be."""
    if basis.facts is None and basis.verdict is None and not basis.met:
        return encode((basis.weight, basis.prior))
    return encode(basis)


def is_sealed(row: EventRow) -> bool:
    """Tell whether it is a blind review that nobody may see yet."""
    return row.held_why == "blind" and row.held_at is not None and row.ended_at is None


def cause_of(row: EventRow) -> Cause:
    """Return what made a version, as everybody may see it."""
    return Cause("hold" if is_sealed(row) else row.type, row.delta)


def basis_of(row: EventRow) -> Basis:
    """Return the recorded basis."""
    return _basis.decode(row.basis)


def earlier_of(row: EventRow) -> Earlier:
    """Return the row as an earlier event."""
    return Earlier(
        row.seq,
        row.id,
        row.version,
        row.at,
        row.pair,
        basis_of(row),
        contributions_of(row),
        row.body,
        row.ended_at,
        row.ended_by,
        row.ended_version,
        row.held_at,
        row.held_by,
        row.held_until,
        row.held_share,
        row.held_why,
    )


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
        changes=changes_of(row),
        held_at=row.held_at,
        held_by=row.held_by,
        held_until=row.held_until,
        held_share=row.held_share or 0.0,
        held_why=row.held_why,
    )


def counting_entry_of(row: EventRow) -> Entry:
    """Return the event with what counts of it alone: of what is held nothing, or its share."""
    entry = entry_of(row)
    if row.held_at is None:
        return entry
    return msgspec.structs.replace(entry, contributions=earlier_of(row).counted)


def activity_json(row: EventRow) -> bytes:
    """Return the JSON of an event's public face; of a blind review only that something is held."""
    at = timestamp(row.at)
    if row.held_at is None:
        value = row.value
    elif is_sealed(row):
        return encode(Activity(row.subject, row.version, "hold", at, row.score, row.delta))
    else:
        # What is held for abuse is not spread by telling of it.
        hidden = row.ended_at is None and row.held_why != "dispute"
        value = None if hidden else row.value
    told: tuple[Happening, ...] | msgspec.UnsetType = msgspec.UNSET
    if row.changes is not None:
        told = happenings(changes_of(row)) or msgspec.UNSET
    return encode(Activity(row.subject, row.version, row.type, at, row.score, row.delta, value, told))


class Faces(Sequence[tuple[int, int, bytes]]):
    """(version, seq, JSON of the `Activity`) of events of one subject, given by their rows.

    Most often nobody watches: nothing is made before somebody looks.
    """

    __slots__ = ("_made", "_rows")

    def __init__(self, rows: Sequence[EventRow]) -> None:
        self._rows = rows
        self._made: list[tuple[int, int, bytes]] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[int, int, bytes]]:
        return iter(self._all())

    @overload
    def __getitem__(self, index: int) -> tuple[int, int, bytes]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[int, int, bytes]]: ...

    def __getitem__(self, index: int | slice) -> tuple[int, int, bytes] | Sequence[tuple[int, int, bytes]]:
        return self._all()[index]

    def _all(self) -> list[tuple[int, int, bytes]]:
        if self._made is None:
            self._made = [(row.version, row.seq, activity_json(row)) for row in self._rows]
        return self._made


def is_news(row: EventRow) -> bool:
    """Tell whether an event says something to people who look at many subjects.

    What merely faded, or left its window, does not: whoever looks at a day's news would see little else.
    """
    return row.changes is not None or row.type != TIME


def happenings(changes: Sequence[Change]) -> tuple[Happening, ...]:
    """Return what everybody may know of changes."""
    return tuple([_face(change) for change in changes if change.kind not in _UNTOLD])


def _face(change: Change) -> Happening:
    """Return what everybody may know of a change: of single events no ids, and no reasons."""
    name = change.name if change.kind == "badge" else None
    return Happening(change.kind, name, change.before, change.after)


def alarms_of(row: EventRow, changes: Sequence[Change] | None = None) -> tuple[Alarm, ...]:
    """Return the alerts that fired or cleared with an event; `changes` are its, where they are at hand."""
    if row.changes is None or _ALERT not in row.changes:
        return ()
    changes = changes_of(row) if changes is None else changes
    found = [change for change in changes if change.kind == "alert"]
    return tuple([Alarm(row.subject, row.version, row.seq, row.at, change) for change in found])


def updates_of(reader: Reader, rows: Sequence[EventRow]) -> list[Update]:
    """Return one update per subject of `rows`, which ascend by `seq`, in order of the newest event."""
    activity: dict[str, list[EventRow]] = {}
    alarms: dict[str, tuple[Alarm, ...]] = {}
    for row in rows:
        entries = activity.pop(row.subject, [])
        entries.append(row)
        activity[row.subject] = entries
        if row.changes is not None:
            alarms[row.subject] = alarms.get(row.subject, ()) + alarms_of(row)
    views = {subject: (version, view) for subject, version, view in reader.views(list(activity))}
    return [
        Update(
            subject,
            views[subject][0],
            entries[-1].seq,
            views[subject][1],
            Faces(entries),
            alarms=alarms.get(subject, ()),
            quiet=tuple([row.seq for row in entries if not is_news(row)]),
        )
        for subject, entries in activity.items()
        if subject in views
    ]
