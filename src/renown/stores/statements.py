"""The SQL of events, standings, kinds and actors."""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Float,
    Integer,
    Text,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from renown.scoring import TIME
from renown.stores.compiling import LIMIT, ONE, ZERO, Insert, compiled, each, replacing
from renown.stores.schema import actors, checkpoints, events, kinds, meta, standings

__all__ = [
    "ACTORS",
    "ADD_CHECKPOINT",
    "ADD_EVENTS",
    "ADD_PLAIN_EVENTS",
    "ASCENDING",
    "AT_SEQS",
    "BOARD",
    "CHANGED",
    "CHANGING",
    "CHANGING_SINCE",
    "CHECKPOINT",
    "CHECKPOINTS",
    "COUNTED",
    "COUNTING_BETWEEN",
    "COUNT_ACTORS",
    "DESCENDING",
    "DROP_CHECKPOINTS",
    "END_EVENT",
    "ERASE_EVENT",
    "EVENT",
    "FORGET_ACTOR",
    "HAPPENED_BY",
    "KINDS",
    "KNOWN",
    "LARGEST",
    "LIVE",
    "LIVE_BEFORE",
    "LIVE_PAIRS",
    "META",
    "NEWEST_OF_KIND",
    "NEWEST_SEQ",
    "OF_KIND",
    "OF_KIND_SINCE",
    "PAIRED",
    "PLAIN",
    "PUT_ACTORS",
    "PUT_KIND",
    "PUT_META",
    "PUT_STANDINGS",
    "REBASE_EVENT",
    "RECENT",
    "REFERRED",
    "REFOLD_EVENT",
    "SEARCH",
    "SENT_BY",
    "SINCE",
    "STANDINGS",
    "SUBJECTS",
    "TOTALS",
    "VERSIONS",
    "VIEW",
    "VIEWS",
]


_seq = events.c.seq
_subject = events.c.subject
_version = events.c.version
ADD_EVENTS: Final = Insert(compiled(events.insert()))
PLAIN: Final = list(events.c.keys()).index("ended_at")
"""How many of an event's columns are filled in for those that did nothing besides and are as they came."""
ADD_PLAIN_EVENTS: Final = Insert(
    compiled(events.insert().values({name: bindparam(name) for name in events.c.keys()[:PLAIN]}))
)
PUT_ACTORS: Final = Insert(replacing(actors))
PUT_STANDINGS: Final = Insert(replacing(standings))
PUT_KIND: Final = replacing(kinds)
END_EVENT: Final = compiled(
    update(events)
    .values(
        ended_at=bindparam("ended_at"),
        ended_by=bindparam("ended_by"),
        ended_version=bindparam("ended_version"),
    )
    .where(_seq == bindparam("at_seq"))
)
REFOLD_EVENT: Final = compiled(
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
REBASE_EVENT: Final = compiled(
    update(events).values(basis=bindparam("new_basis")).where(_seq == bindparam("at_seq"))
)
SENT_BY: Final = compiled(
    select(events).where(events.c.actor == bindparam("actor")).order_by(_seq).limit(LIMIT).offset(ZERO)
)
ERASE_EVENT: Final = compiled(
    update(events)
    .values(actor=bindparam("new_actor"), pair=bindparam("new_pair"), body=bindparam("new_body"))
    .where(_seq == bindparam("at_seq"))
)
FORGET_ACTOR: Final = compiled(delete(actors).where(actors.c.actor == bindparam("of_actor")))
NEWEST_SEQ: Final = compiled(select(func.coalesce(func.max(_seq), ZERO)))
EVENT: Final = compiled(select(events).where(events.c.id == bindparam("id")))
KNOWN: Final = compiled(
    select(events.c.id, _subject, _version, events.c.body).where(events.c.id.in_(each("ids")))
)
STANDINGS: Final = compiled(select(standings).where(standings.c.subject.in_(each("subjects"))))
VIEWS: Final = compiled(
    select(standings.c.subject, standings.c.version, standings.c.view).where(
        standings.c.subject.in_(each("subjects"))
    )
)
VIEW: Final = compiled(
    select(standings.c.version, standings.c.view).where(standings.c.subject == bindparam("subject"))
)
KINDS: Final = compiled(select(kinds).order_by(kinds.c.kind))
_of_subject: Final = select(events).where(_subject == bindparam("subject"))
_live: Final = events.c.ended_at.is_(None)
ACTORS: Final = compiled(select(actors).where(actors.c.actor.in_(each("keys"))))
CHANGING: Final = compiled(
    _of_subject.where(events.c.changes.is_not(None)).order_by(_version.desc()).limit(LIMIT).offset(ZERO)
)
CHANGING_SINCE: Final = compiled(
    select(events)
    .where(_seq > bindparam("seq"), events.c.changes.is_not(None))
    .order_by(_seq)
    .limit(LIMIT)
    .offset(ZERO)
)
META: Final = compiled(select(meta.c.value).where(meta.c.name == bindparam("of_name")))
PUT_META: Final = replacing(meta)
_kind: Final = func.substr(_subject, ONE, func.instr(_subject, literal_column("':'")) - ONE)
PAIRED: Final = compiled(_of_subject.where(events.c.pair == bindparam("pair")).order_by(_version))
# Ordered by a sum, or SQLite would read all of the subject in order rather than sort the few.
REFERRED: Final = compiled(_of_subject.where(events.c.ref == bindparam("ref")).order_by(_version + ZERO))
LIVE: Final = compiled(_of_subject.where(_live).order_by(events.c.at, _version))
_place: Final = tuple_(events.c.at, _version)


def _bound(at: str, version: str) -> ColumnElement[Any]:
    return tuple_(bindparam(at, type_=Float()), bindparam(version, type_=Integer()))


LIVE_BEFORE: Final = compiled(
    _of_subject.where(
        _live,
        _place < _bound("at", "before"),
    )
    .order_by(events.c.at.desc(), _version.desc())
    .limit(LIMIT)
    .offset(ZERO)
)
COUNTING_BETWEEN: Final = compiled(
    select(_seq, _version, events.c.at, events.c.contributions, events.c.held_at, events.c.held_share)
    .where(
        _subject == bindparam("subject"),
        _live,
        _place > _bound("after_at", "after"),
        _place < _bound("before_at", "before"),
    )
    .order_by(events.c.at, _version)
)
_kept: Final = tuple_(checkpoints.c.at, checkpoints.c.version)
CHECKPOINT: Final = compiled(
    select(checkpoints)
    .where(
        checkpoints.c.subject == bindparam("subject"),
        checkpoints.c.policy_version == bindparam("policy_version"),
        _kept < _bound("before_at", "before"),
    )
    .order_by(checkpoints.c.at.desc(), checkpoints.c.version.desc())
    .limit(ONE)
    .offset(ZERO)
)
CHECKPOINTS: Final = compiled(
    select(checkpoints)
    .where(checkpoints.c.subject == bindparam("subject"))
    .order_by(checkpoints.c.at, checkpoints.c.version)
)
ADD_CHECKPOINT: Final = replacing(checkpoints)
DROP_CHECKPOINTS: Final = compiled(
    delete(checkpoints).where(
        checkpoints.c.subject == bindparam("of"), _kept >= _bound("from_at", "from_version")
    )
)
ASCENDING: Final = compiled(
    _of_subject.where(_version > bindparam("after")).order_by(_version).limit(LIMIT).offset(ZERO)
)
DESCENDING: Final = compiled(
    _of_subject.where(_version < bindparam("before"), events.c.at <= bindparam("until"))
    .order_by(_version.desc())
    .limit(LIMIT)
    .offset(ZERO)
)
HAPPENED_BY: Final = compiled(
    select(func.count(), func.coalesce(func.max(_version), ZERO)).where(
        _subject == bindparam("subject"), events.c.at <= bindparam("until")
    )
)
VERSIONS: Final = compiled(
    select(_version, events.c.at, events.c.score)
    .where(_subject == bindparam("subject"), _version.in_(each("versions")))
    .order_by(_version)
)
SINCE: Final = compiled(
    select(events).where(_seq > bindparam("seq")).order_by(_seq).limit(LIMIT).offset(ZERO)
)
_news: Final = events.c.changes.is_not(None) | (events.c.type != literal_column(f"'{TIME}'", Text()))
RECENT: Final = compiled(select(events).where(_news).order_by(_seq.desc()).limit(LIMIT).offset(ZERO))
AT_SEQS: Final = compiled(select(events).where(_seq.in_(each("seqs"))).order_by(_seq.desc()))
_pairs: Final = func.json_each(bindparam("pairs")).table_valued("value", name="wanted")
LIVE_PAIRS: Final = compiled(
    select(events)
    .select_from(_pairs)
    .join(
        events,
        (_subject == func.json_extract(_pairs.c.value, literal_column("'$[0]'")))
        & (events.c.pair == func.json_extract(_pairs.c.value, literal_column("'$[1]'")))
        & _live,
    )
)
BOARD: Final = compiled(
    select(standings.c.view)
    .where(standings.c.kind == bindparam("kind"), standings.c.provisional.is_(False))
    .order_by(standings.c.score.desc(), standings.c["count"].desc(), standings.c.subject)
    .limit(LIMIT)
    .offset(ZERO)
)
OF_KIND: Final = compiled(
    select(standings.c.subject, standings.c.seq, standings.c.view)
    .where(standings.c.subject > bindparam("after"), standings.c.subject < bindparam("end"))
    .order_by(standings.c.subject)
    .limit(LIMIT)
    .offset(ZERO)
)
CHANGED: Final = compiled(
    select(standings.c.subject, standings.c.seq, standings.c.view)
    .where(standings.c.kind == bindparam("kind"), standings.c.seq > bindparam("after"))
    .order_by(standings.c.seq)
    .limit(LIMIT)
    .offset(ZERO)
)
SEARCH: Final = compiled(
    select(standings.c.view)
    .where(
        standings.c.subject.like(bindparam("contains"), escape="\\"),
        or_(bindparam("any_kind") == ONE, standings.c.kind == bindparam("kind")),
    )
    .order_by(
        case((standings.c.subject.like(bindparam("begins"), escape="\\"), ZERO), else_=ONE),
        standings.c.subject,
    )
    .limit(LIMIT)
    .offset(ZERO)
)
SUBJECTS: Final = compiled(
    union(
        select(standings.c.subject).where(standings.c.subject > bindparam("after")),
        select(_subject).where(_subject > bindparam("after")),
    )
    .order_by("subject")
    .limit(LIMIT)
    .offset(ZERO)
)
TOTALS: Final = compiled(
    select(func.coalesce(func.sum(kinds.c.events), ZERO), func.coalesce(func.sum(kinds.c.subjects), ZERO))
)
LARGEST: Final = compiled(
    select(standings.c.subject)
    .where(standings.c.version >= bindparam("least"))
    .order_by(standings.c.version.desc())
)
_within: Final = _subject > bindparam("after"), _subject < bindparam("end")
COUNTED: Final = compiled(
    select(func.count(), func.coalesce(func.sum(case((_version == ONE, ONE), else_=ZERO)), ZERO)).where(
        *_within
    )
)
# The sum keeps SQLite from walking down all events: few are held, and an index names them.
_position: Final = _seq + ZERO
NEWEST_OF_KIND: Final = compiled(
    select(_seq).where(*_within).order_by(_position.desc()).limit(LIMIT).offset(ZERO)
)
_as_text: Final = _subject.concat(literal_column("''", Text()))
"""Keeps SQLite from sorting all events of a kind, where they are wanted in order of their positions."""
OF_KIND_SINCE: Final = compiled(
    select(events)
    .where(_seq > bindparam("seq"), _as_text > bindparam("after"), _as_text < bindparam("end"))
    .order_by(_seq)
    .limit(LIMIT)
    .offset(ZERO)
)
_counted: Final = (
    select(events.c.actor, func.min(events.c.at), func.count())
    .where(
        events.c.actor > literal_column("''", Text()),
        _kind.in_(each("kinds")),
        events.c.type.not_in(each("reserved")),
        func.substr(events.c.type, ONE, literal_column("7", Integer()))
        != literal_column("'renown.'", Text()),
    )
    .group_by(events.c.actor)
)
_new_actors: Final = upsert(actors).from_select(["actor", "first_at", "events"], _counted)
COUNT_ACTORS: Final = compiled(
    _new_actors.on_conflict_do_update(
        index_elements=[actors.c.actor],
        set_={name: _new_actors.excluded[name] for name in ("first_at", "events")},
    )
)
