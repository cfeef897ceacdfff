"""The full view of a subject, for its owner and whoever else may see it: the JSON of `detail:` channels."""

from typing import Final

import msgspec

from renown.gateway.hub.reading import Reading
from renown.model import Activity, Change, Entry, stamped, timestamp

__all__ = ["Confidence", "Detail", "DetailEvent", "read_detail"]

_EVENTS: Final = 10


class DetailEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event, as those see it who may see all."""

    id: str | None
    type: str
    at: str
    """When it happened."""
    delta: float
    """What it changed of the overall score."""
    score: float
    """The overall score right after it."""
    version: int
    actor: str | None = None
    value: float | None = None
    categories: dict[str, float] | None = None
    ended: str | None = None
    """When it was taken back, if it was."""
    held: str | None = None
    """Why it is under review now, if it is: `dispute`, `moderator` or `guard:<name>`."""
    held_until: str | None = None
    """When that ends by itself."""
    changes: tuple[Change, ...] = ()
    """What it did besides moving scores."""


class Confidence(msgspec.Struct, frozen=True):
    """How sure the score is: it lies within the standing's `low` and `high` with probability `level`."""

    level: float
    width: float
    """`high` less `low`."""


class Detail(msgspec.Struct, frozen=True):
    """A standing, what made it what it is, and how sure it is."""

    standing: msgspec.Raw
    events: tuple[DetailEvent, ...]
    """The newest, newest first."""
    confidence: Confidence


class _Bounds(msgspec.Struct, frozen=True):
    low: float
    high: float


_activity: Final = msgspec.json.Decoder(Activity)
_bounds: Final = msgspec.json.Decoder(_Bounds)
_encode: Final = msgspec.json.Encoder().encode


async def read_detail(ledger: Reading, subject: str) -> tuple[int, bytes]:
    """Return version and JSON of the newest detail; (0, nothing) without a standing."""
    found = await ledger.snapshots([subject])
    if subject not in found:
        return 0, b""
    version, standing = found[subject]
    # What was committed since then belongs to the next version, and is read with it.
    entries = await ledger.events(subject, version + 1, _EVENTS)
    faces = await ledger.activity(subject, max(0, version - _EVENTS), _EVENTS)
    deltas = {number: _activity.decode(face).delta for number, face in faces}
    bounds = _bounds.decode(standing)
    detail = Detail(
        msgspec.Raw(standing),
        tuple(_event(entry, deltas.get(entry.version, 0.0)) for entry in entries),
        Confidence(ledger.confidence(subject), bounds.high - bounds.low),
    )
    return version, _encode(detail)


def _event(entry: Entry, delta: float) -> DetailEvent:
    event = entry.event
    return DetailEvent(
        id=event.id,
        type=event.type,
        at=timestamp(entry.at),
        delta=delta,
        score=entry.score,
        version=entry.version,
        actor=event.actor,
        value=event.value,
        categories=event.categories,
        ended=stamped(entry.ended_at),
        held=entry.held_why if entry.held else None,
        held_until=stamped(entry.held_until) if entry.held else None,
        changes=entry.changes,
    )
