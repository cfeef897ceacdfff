"""The statements of the SQLite store: written in SQLAlchemy Core, compiled to SQL once.

Running a Core statement costs 50–150 µs each time, ten times what SQLite itself takes for a lookup
and more than a whole event may cost on the way in. So Core serves for what it is good at, checked
names and one schema for all dialects, and the SQL made from it goes straight to the driver.
"""

from typing import Any, Final

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Float,
    Integer,
    Select,
    Text,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.schema import Table

from renown.stores.schema import (
    actors,
    checkpoints,
    events,
    keys,
    kinds,
    meta,
    notices,
    revocations,
    rights,
    standings,
)

__all__ = [
    "ACTORS",
    "ADD_CHECKPOINT",
    "ADD_EVENTS",
    "ADD_KEY",
    "ADD_NOTICE",
    "ADD_PLAIN_EVENTS",
    "ALARMED",
    "ALARMING",
    "ALARMING_BY",
    "ASCENDING",
    "AT_SEQS",
    "BOARD",
    "CHANGED",
    "CHANGING",
    "CHANGING_SINCE",
    "CHECKPOINT",
    "CHECKPOINTS",
    "COUNTED",
    "COUNT_ACTORS",
    "DESCENDING",
    "DROP_CHECKPOINTS",
    "DROP_NOTICES",
    "DROP_REVOCATIONS",
    "DROP_RIGHTS",
    "DUE",
    "ENDING",
    "END_EVENT",
    "ERASE_EVENT",
    "EVENT",
    "FORGET_ACTOR",
    "HAPPENED_BY",
    "HELD",
    "HELD_BY",
    "HELD_COUNTS",
    "HELD_OF",
    "HELD_PILES",
    "HOLD_ENDS",
    "HOLD_EVENT",
    "KEY",
    "KEYS",
    "KINDS",
    "KNOWN",
    "LARGEST",
    "LIVE",
    "LIVE_BEFORE",
    "LIVE_BETWEEN",
    "LIVE_PAIRS",
    "META",
    "NEWEST_OF_KIND",
    "NEWEST_SEQ",
    "NEXT_DUE",
    "NOTICES",
    "NOTICE_BOUNDS",
    "OF_KIND_SINCE",
    "PAIRED",
    "PLAIN",
    "PUT_ACTORS",
    "PUT_DUE",
    "PUT_KIND",
    "PUT_META",
    "PUT_REVOCATION",
    "PUT_RIGHTS",
    "PUT_STANDINGS",
    "RECENT",
    "REFERRED",
    "REFOLD_EVENT",
    "REVOCATION",
    "REVOKE_KEY",
    "RIGHTS",
    "RIGHTS_HOLDERS",
    "RIGHTS_NAMING",
    "SEARCH",
    "SENT_BY",
    "SINCE",
    "STANDINGS",
    "SUBJECTS",
    "TOTALS",
    "VERSIONS",
    "VIEW",
    "VIEWS",
    "Insert",
]

_DIALECT: Final = sqlite.dialect(paramstyle="qmark")
_ZERO: Final = literal_column("0", Integer())
_ONE: Final = literal_column("1", Integer())


def _sql(statement: ClauseElement) -> str:
    """Return the SQL of `statement`; its parameters are bound in the order in which they are written."""
    return str(statement.compile(dialect=_DIALECT))


def _replace(table: Table) -> str:
    statement = upsert(table)
    keep = {column.name for column in table.primary_key}
    new = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keep}
    return _sql(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=new))


def _each(name: str) -> Select[Any]:
    """The values of a JSON list given as one parameter: an `IN` of any length, compiled once."""
    return select(func.json_each(bindparam(name)).table_valued("value").c.value)


class Insert:
    """An insert of one row, made into one of many rows."""

    sizes: Final = (512, 256, 128, 64, 32, 16, 8, 4, 2, 1)
    """Numbers of rows in one statement: few, so that each is compiled by SQLite once."""

    def __init__(self, statement: str) -> None:
        head, values, row_on = statement.partition(" VALUES ")
        row, end, tail = row_on.partition(")")
        self._sql = {n: head + values + ", ".join([row + end] * n) + tail for n in self.sizes}

    def of(self, rows: int) -> str:
        """Return the SQL for one of `sizes`; its parameters are bound row after row."""
        return self._sql[rows]


_seq = events.c.seq
_subject = events.c.subject
_version = events.c.version
_limit: Final = bindparam("limit", type_=Integer())

ADD_EVENTS: Final = Insert(_sql(events.insert()))
PLAIN: Final = list(events.c.keys()).index("ended_at")
"""How many of an event's columns are filled in for those that did nothing besides and are as they came."""
ADD_PLAIN_EVENTS: Final = Insert(
    _sql(events.insert().values({name: bindparam(name) for name in events.c.keys()[:PLAIN]}))
)
ADD_KEY: Final = _sql(keys.insert())
PUT_ACTORS: Final = Insert(_replace(actors))
PUT_STANDINGS: Final = Insert(_replace(standings))
PUT_KIND: Final = _replace(kinds)
END_EVENT: Final = _sql(
    update(events)
    .values(
        ended_at=bindparam("ended_at"),
        ended_by=bindparam("ended_by"),
        ended_version=bindparam("ended_version"),
    )
    .where(_seq == bindparam("at_seq"))
)
_HELD: Final = ("held_at", "held_by", "held_until", "held_share", "held_why")
HOLD_EVENT: Final = _sql(
    update(events)
    .values(
        {name: bindparam(name) for name in ("held_at", "held_by", "held_until", "held_share", "held_why")}
    )
    .where(_seq == bindparam("at_seq"))
)
REFOLD_EVENT: Final = _sql(
    update(events)
    .values(
        pair=bindparam("pair"),
        contributions=bindparam("contributions"),
        score=bindparam("score"),
        delta=bindparam("delta"),
        ended_at=bindparam("ended_at"),
        ended_by=bindparam("ended_by"),
        ended_version=bindparam("ended_version"),
        changes=bindparam("changes"),
        held_at=bindparam("held_at"),
        held_by=bindparam("held_by"),
        held_until=bindparam("held_until"),
        held_share=bindparam("held_share"),
        held_why=bindparam("held_why"),
    )
    .where(_seq == bindparam("at_seq"))
)

SENT_BY: Final = _sql(
    select(events).where(events.c.actor == bindparam("actor")).order_by(_seq).limit(_limit).offset(_ZERO)
)
ERASE_EVENT: Final = _sql(
    update(events)
    .values(actor=bindparam("new_actor"), pair=bindparam("new_pair"), body=bindparam("new_body"))
    .where(_seq == bindparam("at_seq"))
)
FORGET_ACTOR: Final = _sql(delete(actors).where(actors.c.actor == bindparam("of_actor")))

NEWEST_SEQ: Final = _sql(select(func.coalesce(func.max(_seq), _ZERO)))
EVENT: Final = _sql(select(events).where(events.c.id == bindparam("id")))
KNOWN: Final = _sql(
    select(events.c.id, _subject, _version, events.c.body).where(events.c.id.in_(_each("ids")))
)
STANDINGS: Final = _sql(select(standings).where(standings.c.subject.in_(_each("subjects"))))
VIEWS: Final = _sql(
    select(standings.c.subject, standings.c.version, standings.c.view).where(
        standings.c.subject.in_(_each("subjects"))
    )
)
VIEW: Final = _sql(
    select(standings.c.version, standings.c.view).where(standings.c.subject == bindparam("subject"))
)
KINDS: Final = _sql(select(kinds).order_by(kinds.c.kind))

_of_subject: Final = select(events).where(_subject == bindparam("subject"))
_live: Final = events.c.ended_at.is_(None)

ACTORS: Final = _sql(select(actors).where(actors.c.actor.in_(_each("keys"))))
_held: Final = events.c.held_at.is_not(None) & _live
_told: Final = _held & (events.c.held_why != literal_column("'blind'", Text()))
ENDING: Final = _sql(
    _of_subject.where(_held, events.c.held_until <= bindparam("until")).order_by(
        events.c.held_until, _version
    )
)
HOLD_ENDS: Final = _sql(
    select(_version, events.c.held_until)
    .where(_subject == bindparam("subject"), _held, events.c.held_until.is_not(None))
    .order_by(events.c.held_until)
    .limit(_limit)
    .offset(_ZERO)
)
# The sum keeps SQLite from walking down all events: few are held, and an index names them.
_position: Final = _seq + _ZERO
_page_of_held: Final = (
    select(events)
    .where(_told, _position < bindparam("before_seq"))
    .order_by(_position.desc())
    .limit(_limit)
    .offset(_ZERO)
)
HELD: Final = _sql(_page_of_held.where(_subject > bindparam("after"), _subject < bindparam("end")))
HELD_OF: Final = _sql(_page_of_held.where(_subject == bindparam("subject")))
CHANGING: Final = _sql(
    _of_subject.where(events.c.changes.is_not(None)).order_by(_version.desc()).limit(_limit).offset(_ZERO)
)
CHANGING_SINCE: Final = _sql(
    select(events)
    .where(_seq > bindparam("seq"), events.c.changes.is_not(None))
    .order_by(_seq)
    .limit(_limit)
    .offset(_ZERO)
)
META: Final = _sql(select(meta.c.value).where(meta.c.name == bindparam("of_name")))
PUT_META: Final = _replace(meta)
RIGHTS_NAMING: Final = _sql(
    select(rights).where(func.instr(cast(rights.c.body, Text()), bindparam("text")) > _ZERO)
)
_kind: Final = func.substr(_subject, _ONE, func.instr(_subject, literal_column("':'")) - _ONE)
HELD_COUNTS: Final = _sql(
    select(_kind, events.c.held_why, func.count()).where(_told).group_by(_kind, events.c.held_why)
)
HELD_PILES: Final = _sql(
    select(_subject, events.c.held_why, func.count(), func.min(events.c.held_at), func.max(events.c.held_at))
    .where(_told)
    .group_by(_subject, events.c.held_why)
    .order_by(func.max(events.c.held_at).desc())
    .limit(_limit)
    .offset(_ZERO)
)


def _says(column: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    return func.instr(cast(column, Text()), literal_column(f"'\"{word}\"'", Text())) > _ZERO


_alarming: Final = select(_seq, _subject, _version, events.c.at, events.c.basis, events.c.changes).where(
    or_(
        _says(events.c.basis, "begins"),
        _says(events.c.basis, "goes_on"),
        _says(events.c.basis, "ends"),
        _says(events.c.changes, "alert"),
    )
)
ALARMING: Final = _sql(
    _alarming.where(_seq > bindparam("seq"), _seq <= bindparam("until_seq")).order_by(_seq)
)
ALARMING_BY: Final = _sql(
    _alarming.where(events.c.at <= bindparam("until")).order_by(_seq.desc()).limit(_limit).offset(_ZERO)
)
HELD_BY: Final = _sql(
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
ALARMED: Final = _sql(
    select(standings.c.subject, standings.c.life)
    .where(
        standings.c.kind.in_(_each("kinds")),
        standings.c.due.is_not(None),
        func.json_array_length(cast(standings.c.life, Text()), literal_column("'$[3][1]'", Text())) > _ZERO,
    )
    .order_by(standings.c.due.desc())
    .limit(_limit)
    .offset(_ZERO)
)
# As for positions: the index to use is that of what is due.
_kind_due: Final = standings.c.kind.concat(literal_column("''", Text()))
DUE: Final = _sql(
    select(standings.c.subject, standings.c.due)
    .where(standings.c.due <= bindparam("until"), _kind_due.in_(_each("kinds")))
    .order_by(standings.c.due)
    .limit(_limit)
    .offset(_ZERO)
)
NEXT_DUE: Final = _sql(
    select(standings.c.due)
    .where(standings.c.due.is_not(None), _kind_due.in_(_each("kinds")))
    .order_by(standings.c.due)
    .limit(_ONE)
    .offset(_ZERO)
)
PUT_DUE: Final = _sql(
    update(standings).values(due=bindparam("due")).where(standings.c.subject == bindparam("of_subject"))
)

PAIRED: Final = _sql(_of_subject.where(events.c.pair == bindparam("pair")).order_by(_version))
# Ordered by a sum, or SQLite would read all of the subject in order rather than sort the few.
REFERRED: Final = _sql(_of_subject.where(events.c.ref == bindparam("ref")).order_by(_version + _ZERO))
LIVE: Final = _sql(_of_subject.where(_live).order_by(events.c.at, _version))
_place: Final = tuple_(events.c.at, _version)


def _bound(at: str, version: str) -> ColumnElement[Any]:
    return tuple_(bindparam(at, type_=Float()), bindparam(version, type_=Integer()))


LIVE_BEFORE: Final = _sql(
    _of_subject.where(
        _live,
        _place < _bound("at", "before"),
    )
    .order_by(events.c.at.desc(), _version.desc())
    .limit(_limit)
    .offset(_ZERO)
)
LIVE_BETWEEN: Final = _sql(
    _of_subject.where(
        _live, _place > _bound("after_at", "after"), _place < _bound("before_at", "before")
    ).order_by(events.c.at, _version)
)
_kept: Final = tuple_(checkpoints.c.at, checkpoints.c.version)
CHECKPOINT: Final = _sql(
    select(checkpoints)
    .where(
        checkpoints.c.subject == bindparam("subject"),
        checkpoints.c.policy_version == bindparam("policy_version"),
        _kept < _bound("before_at", "before"),
    )
    .order_by(checkpoints.c.at.desc(), checkpoints.c.version.desc())
    .limit(_ONE)
    .offset(_ZERO)
)
CHECKPOINTS: Final = _sql(
    select(checkpoints)
    .where(checkpoints.c.subject == bindparam("subject"))
    .order_by(checkpoints.c.at, checkpoints.c.version)
)
ADD_CHECKPOINT: Final = _replace(checkpoints)
DROP_CHECKPOINTS: Final = _sql(
    delete(checkpoints).where(
        checkpoints.c.subject == bindparam("of"), _kept >= _bound("from_at", "from_version")
    )
)
ASCENDING: Final = _sql(
    _of_subject.where(_version > bindparam("after")).order_by(_version).limit(_limit).offset(_ZERO)
)
DESCENDING: Final = _sql(
    _of_subject.where(_version < bindparam("before"), events.c.at <= bindparam("until"))
    .order_by(_version.desc())
    .limit(_limit)
    .offset(_ZERO)
)
HAPPENED_BY: Final = _sql(
    select(func.count(), func.coalesce(func.max(_version), _ZERO)).where(
        _subject == bindparam("subject"), events.c.at <= bindparam("until")
    )
)
VERSIONS: Final = _sql(
    select(_version, events.c.at, events.c.score)
    .where(_subject == bindparam("subject"), _version.in_(_each("versions")))
    .order_by(_version)
)
SINCE: Final = _sql(select(events).where(_seq > bindparam("seq")).order_by(_seq).limit(_limit).offset(_ZERO))
RECENT: Final = _sql(select(events).order_by(_seq.desc()).limit(_limit).offset(_ZERO))
AT_SEQS: Final = _sql(select(events).where(_seq.in_(_each("seqs"))).order_by(_seq.desc()))

_pairs: Final = func.json_each(bindparam("pairs")).table_valued("value", name="wanted")
LIVE_PAIRS: Final = _sql(
    select(events)
    .select_from(_pairs)
    .join(
        events,
        (_subject == func.json_extract(_pairs.c.value, literal_column("'$[0]'")))
        & (events.c.pair == func.json_extract(_pairs.c.value, literal_column("'$[1]'")))
        & _live,
    )
)

BOARD: Final = _sql(
    select(standings.c.view)
    .where(standings.c.kind == bindparam("kind"), standings.c.provisional.is_(False))
    .order_by(standings.c.score.desc(), standings.c["count"].desc(), standings.c.subject)
    .limit(_limit)
    .offset(_ZERO)
)
OF_KIND: Final = _sql(
    select(standings.c.subject, standings.c.seq, standings.c.view)
    .where(standings.c.subject > bindparam("after"), standings.c.subject < bindparam("end"))
    .order_by(standings.c.subject)
    .limit(_limit)
    .offset(_ZERO)
)
CHANGED: Final = _sql(
    select(standings.c.subject, standings.c.seq, standings.c.view)
    .where(standings.c.kind == bindparam("kind"), standings.c.seq > bindparam("after"))
    .order_by(standings.c.seq)
    .limit(_limit)
    .offset(_ZERO)
)
SEARCH: Final = _sql(
    select(standings.c.view)
    .where(
        standings.c.subject.like(bindparam("contains"), escape="\\"),
        or_(bindparam("any_kind") == _ONE, standings.c.kind == bindparam("kind")),
    )
    .order_by(
        case((standings.c.subject.like(bindparam("begins"), escape="\\"), _ZERO), else_=_ONE),
        standings.c.subject,
    )
    .limit(_limit)
    .offset(_ZERO)
)
SUBJECTS: Final = _sql(
    union(
        select(standings.c.subject).where(standings.c.subject > bindparam("after")),
        select(_subject).where(_subject > bindparam("after")),
    )
    .order_by("subject")
    .limit(_limit)
    .offset(_ZERO)
)
TOTALS: Final = _sql(
    select(func.coalesce(func.sum(kinds.c.events), _ZERO), func.coalesce(func.sum(kinds.c.subjects), _ZERO))
)
LARGEST: Final = _sql(
    select(standings.c.subject)
    .where(standings.c.version >= bindparam("least"))
    .order_by(standings.c.version.desc())
)
_within: Final = _subject > bindparam("after"), _subject < bindparam("end")
COUNTED: Final = _sql(
    select(func.count(), func.coalesce(func.sum(case((_version == _ONE, _ONE), else_=_ZERO)), _ZERO)).where(
        *_within
    )
)
NEWEST_OF_KIND: Final = _sql(
    select(_seq).where(*_within).order_by(_position.desc()).limit(_limit).offset(_ZERO)
)
_as_text: Final = _subject.concat(literal_column("''", Text()))
"""Keeps SQLite from sorting all events of a kind, where they are wanted in order of their positions."""
OF_KIND_SINCE: Final = _sql(
    select(events)
    .where(_seq > bindparam("seq"), _as_text > bindparam("after"), _as_text < bindparam("end"))
    .order_by(_seq)
    .limit(_limit)
    .offset(_ZERO)
)
_counted: Final = (
    select(events.c.actor, func.min(events.c.at), func.count())
    .where(
        events.c.actor > literal_column("''", Text()),
        _kind.in_(_each("kinds")),
        events.c.type.not_in(_each("reserved")),
        func.substr(events.c.type, _ONE, literal_column("7", Integer()))
        != literal_column("'renown.'", Text()),
    )
    .group_by(events.c.actor)
)
_new_actors: Final = upsert(actors).from_select(["actor", "first_at", "events"], _counted)
COUNT_ACTORS: Final = _sql(
    _new_actors.on_conflict_do_update(
        index_elements=[actors.c.actor],
        set_={name: _new_actors.excluded[name] for name in ("first_at", "events")},
    )
)
KEYS: Final = _sql(select(keys).order_by(keys.c.created_at, keys.c.id))
KEY: Final = _sql(select(keys).where(keys.c.hash == bindparam("hash")))
REVOKE_KEY: Final = _sql(
    update(keys)
    .values(revoked_at=bindparam("at"))
    .where(keys.c.id == bindparam("key"), keys.c.revoked_at.is_(None))
)

RIGHTS: Final = _sql(select(rights).where(rights.c.user == bindparam("user_id")))
_new_rights = upsert(rights).values(
    user=bindparam("user"), body=bindparam("body"), version=_ONE, updated_at=bindparam("updated_at")
)
PUT_RIGHTS: Final = _sql(
    _new_rights.on_conflict_do_update(
        index_elements=[rights.c.user],
        set_={
            "body": _new_rights.excluded.body,
            "version": rights.c.version + _ONE,
            "updated_at": _new_rights.excluded.updated_at,
        },
    )
)
RIGHTS_HOLDERS: Final = _sql(
    union(
        select(rights.c.user), select(revocations.c.name).where(revocations.c.scope == bindparam("in_scope"))
    ).limit(bindparam("most"))
)
DROP_RIGHTS: Final = _sql(delete(rights).where(rights.c.user == bindparam("user_id")))

REVOCATION: Final = _sql(
    select(revocations).where(
        revocations.c.scope == bindparam("in_scope"), revocations.c.name == bindparam("named")
    )
)
_revoked = upsert(revocations)
_both_end = revocations.c.keep_until.is_not(None) & _revoked.excluded.keep_until.is_not(None)
PUT_REVOCATION: Final = _sql(
    _revoked.on_conflict_do_update(
        index_elements=[revocations.c.scope, revocations.c.name],
        set_={
            "issued_before": func.max(revocations.c.issued_before, _revoked.excluded.issued_before),
            "revoked_at": _revoked.excluded.revoked_at,
            "keep_until": case(
                (_both_end, func.max(revocations.c.keep_until, _revoked.excluded.keep_until)),
                else_=literal_column("NULL", Float()),
            ),
        },
    )
)
DROP_REVOCATIONS: Final = _sql(delete(revocations).where(revocations.c.keep_until < bindparam("until")))

_oldest: Final = select(func.min(notices.c.id)).scalar_subquery()
_newest: Final = select(func.max(notices.c.id)).scalar_subquery()
# Each in a query of its own is one look at an end of the table; together they would scan it.
NOTICE_BOUNDS: Final = _sql(select(func.coalesce(_oldest, _ZERO), func.coalesce(_newest, _ZERO)))
NOTICES: Final = _sql(select(notices).where(notices.c.id > bindparam("after")).order_by(notices.c.id))
ADD_NOTICE: Final = _sql(
    notices.insert().values(
        kind=bindparam("kind"), name=bindparam("name"), body=bindparam("body"), at=bindparam("at")
    )
)
DROP_NOTICES: Final = _sql(delete(notices).where(notices.c.at < bindparam("until")))
