"""What waits for somebody or for time: holds, alarms and dues, and their SQL."""

from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Text, bindparam, cast, func, literal_column, or_, select, update

from renown.stores.compiling import LIMIT, ONE, ZERO, compiled, each
from renown.stores.schema import events, standings

__all__ = [
    "ALARMED",
    "ALARMING",
    "ALARMING_BY",
    "DUE",
    "ENDING",
    "HELD",
    "HELD_BY",
    "HELD_COUNTS",
    "HELD_OF",
    "HELD_PILES",
    "HOLD_ENDS",
    "HOLD_EVENT",
    "NEXT_DUE",
    "PUT_DUE",
    "TOLD_LATELY",
    "AlarmRow",
    "DueRow",
    "HoldRow",
    "PileRow",
]


HoldRow = tuple[float | None, str | None, float | None, float | None, str | None, int]
"""(held_at, held_by, held_until, held_share, held_why, seq)"""


class AlarmRow(NamedTuple):
    """What an event says of alarms: in its basis those of guards, in its changes alerts."""

    seq: int
    subject: str
    version: int
    at: float
    basis: bytes
    changes: bytes | None


class PileRow(NamedTuple):
    """How much of a subject is held for one reason."""

    subject: str
    why: str
    events: int
    oldest: float
    """Since when the first of it is held, POSIX seconds."""
    newest: float


class DueRow(NamedTuple):
    """That time alone may change a subject."""

    subject: str
    due: float | None


_seq = events.c.seq
_subject = events.c.subject
_version = events.c.version
_of_subject: Final = select(events).where(_subject == bindparam("subject"))
_live: Final = events.c.ended_at.is_(None)
_kind: Final = func.substr(_subject, ONE, func.instr(_subject, literal_column("':'")) - ONE)
_HELD: Final = ("held_at", "held_by", "held_until", "held_share", "held_why")
HOLD_EVENT: Final = compiled(
    update(events)
    .values(
        {name: bindparam(name) for name in ("held_at", "held_by", "held_until", "held_share", "held_why")}
    )
    .where(_seq == bindparam("at_seq"))
)
_held: Final = events.c.held_at.is_not(None) & _live
_told: Final = _held & (events.c.held_why != literal_column("'blind'", Text()))
ENDING: Final = compiled(
    _of_subject.where(_held, events.c.held_until <= bindparam("until")).order_by(
        events.c.held_until, _version
    )
)
HOLD_ENDS: Final = compiled(
    select(_version, events.c.held_until)
    .where(_subject == bindparam("subject"), _held, events.c.held_until.is_not(None))
    .order_by(events.c.held_until)
    .limit(LIMIT)
    .offset(ZERO)
)
# The sum keeps SQLite from walking down all events: few are held, and an index names them.
_position: Final = _seq + ZERO
_page_of_held: Final = (
    select(events)
    .where(_told, _position < bindparam("before_seq"))
    .order_by(_position.desc())
    .limit(LIMIT)
    .offset(ZERO)
)
HELD: Final = compiled(_page_of_held.where(_subject > bindparam("after"), _subject < bindparam("end")))
HELD_OF: Final = compiled(_page_of_held.where(_subject == bindparam("subject")))
HELD_COUNTS: Final = compiled(
    select(_kind, events.c.held_why, func.count()).where(_told).group_by(_kind, events.c.held_why)
)
HELD_PILES: Final = compiled(
    select(_subject, events.c.held_why, func.count(), func.min(events.c.held_at), func.max(events.c.held_at))
    .where(_told)
    .group_by(_subject, events.c.held_why)
    .order_by(func.max(events.c.held_at).desc())
    .limit(LIMIT)
    .offset(ZERO)
)


def _says(column: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    return func.instr(cast(column, Text()), literal_column(f"'\"{word}\"'", Text())) > ZERO


_alarming: Final = select(_seq, _subject, _version, events.c.at, events.c.basis, events.c.changes).where(
    or_(
        _says(events.c.basis, "begins"),
        _says(events.c.basis, "goes_on"),
        _says(events.c.basis, "ends"),
        _says(events.c.changes, "alert"),
    )
)
ALARMING: Final = compiled(
    _alarming.where(_seq > bindparam("seq"), _seq <= bindparam("until_seq")).order_by(_seq)
)
ALARMING_BY: Final = compiled(
    _alarming.where(events.c.at <= bindparam("until")).order_by(_seq.desc()).limit(LIMIT).offset(ZERO)
)
HELD_BY: Final = compiled(
    select(_subject)
    .distinct()
    .where(
        events.c.changes.is_not(None),
        _subject > bindparam("after"),
        _subject < bindparam("end"),
        events.c.at <= bindparam("until"),
        or_(_says(events.c.changes, "hold"), _says(events.c.changes, "dispute")),
    )
    .order_by(_subject)
)
ALARMED: Final = compiled(
    select(standings.c.subject, standings.c.life)
    .where(
        standings.c.kind.in_(each("kinds")),
        standings.c.due.is_not(None),
        func.json_array_length(cast(standings.c.life, Text()), literal_column("'$[3][1]'", Text())) > ZERO,
    )
    .order_by(standings.c.due.desc())
    .limit(LIMIT)
    .offset(ZERO)
)
# As for positions: the index to use is that of what is due.
_kind_due: Final = standings.c.kind.concat(literal_column("''", Text()))
DUE: Final = compiled(
    select(standings.c.subject, standings.c.due)
    .where(
        standings.c.due > bindparam("after"),
        standings.c.due <= bindparam("until"),
        _kind_due.in_(each("kinds")),
    )
    .order_by(standings.c.due)
    .limit(LIMIT)
    .offset(ZERO)
)
TOLD_LATELY: Final = compiled(
    select(standings.c.subject)
    .join(events, (events.c.subject == standings.c.subject) & (events.c.version == standings.c.version))
    .where(
        standings.c.subject.in_(each("subjects")),
        events.c.received_at > bindparam("after"),
        events.c.type != bindparam("but"),
    )
)
NEXT_DUE: Final = compiled(
    select(standings.c.due)
    .where(standings.c.due.is_not(None), _kind_due.in_(each("kinds")))
    .order_by(standings.c.due)
    .limit(ONE)
    .offset(ZERO)
)
PUT_DUE: Final = compiled(
    update(standings).values(due=bindparam("due")).where(standings.c.subject == bindparam("of_subject"))
)
