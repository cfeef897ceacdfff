"""The statements of a rooms file: written in SQLAlchemy Core, compiled to SQL once."""

from typing import Any, Final

from sqlalchemy import (
    ClauseElement,
    Index,
    Integer,
    Text,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.schema import CreateIndex, CreateTable, Table

from renown.rooms.schema import answers, entries, lives, log, meta, metadata, salts

__all__ = [
    "ADD_LIFE",
    "ADD_LOG",
    "ANSWER",
    "ANY_DUE",
    "ASCENDING",
    "CHANNELS",
    "CREATE",
    "CUT_ANSWERS",
    "CUT_ENTRIES",
    "CUT_LOG",
    "DESCENDING",
    "DROP_ENTRY",
    "DROP_LIFE",
    "DUE_ENTRIES",
    "DUE_LIVES",
    "END_LIFE",
    "ENTRY",
    "FORGOT",
    "HAS_ENTRIES",
    "LIFE",
    "META",
    "NEWEST_AFTER",
    "OLDEST",
    "PAGE",
    "POSITION",
    "PUT_ANSWER",
    "PUT_ENTRY",
    "PUT_LIFE",
    "PUT_META",
    "PUT_SALT",
    "SALT",
    "SINCE",
]

_DIALECT: Final = sqlite.dialect(paramstyle="qmark")
_LIMIT: Final = bindparam("limit", type_=Integer())
_NONE: Final = literal_column("0", Integer())


def _sql(statement: ClauseElement) -> str:
    """Return the SQL of `statement`; its parameters are bound in the order in which they are written."""
    return str(statement.compile(dialect=_DIALECT))


def _replace(table: Table) -> str:
    statement = upsert(table)
    keep = {column.name for column in table.primary_key}
    new = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keep}
    return _sql(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=new))


def _is(column: Any, name: str) -> Any:
    return column == bindparam(name, type_=column.type)


_indexes: Final = [index for table in metadata.sorted_tables for index in table.indexes]


def _by_name(index: Index) -> str:
    return str(index.name)


CREATE: Final = [
    *(_sql(CreateTable(table)) for table in metadata.sorted_tables),
    *(_sql(CreateIndex(index)) for index in sorted(_indexes, key=_by_name)),
]

META: Final = _sql(select(meta.c.value).where(_is(meta.c.name, "name")))
PUT_META: Final = _replace(meta)
SALT: Final = _sql(select(salts.c.salt).where(_is(salts.c.bucket, "bucket")))
PUT_SALT: Final = _replace(salts)

LIFE: Final = _sql(select(lives).where(_is(lives.c.channel, "channel"), lives.c.ended.is_(False)))
_EPOCH: Final = select(lives.c.epoch).where(_is(lives.c.channel, "channel"), lives.c.ended.is_(False))
_TOP: Final = select(lives.c.top).where(_is(lives.c.channel, "again"), lives.c.ended.is_(False))
_SALT: Final = select(salts.c.salt).where(_is(salts.c.bucket, "bucket"))
POSITION: Final = _sql(select(_EPOCH.scalar_subquery(), _TOP.scalar_subquery(), _SALT.scalar_subquery()))
"""Epoch and top of a channel's life, and the salt that the epoch of one without a life is made with."""
ADD_LIFE: Final = _sql(
    lives.insert().values({c.name: bindparam(c.name) for c in lives.columns if c.name != "life"})
)
PUT_LIFE: Final = _sql(
    update(lives)
    .values(
        {
            name: bindparam("new_" + name)
            for name in ("top", "touched", "size", "age", "version", "version_epoch", "due")
        }
    )
    .where(_is(lives.c.life, "at_life"))
)
END_LIFE: Final = _sql(
    update(lives).values(ended=True, due=bindparam("new_due")).where(_is(lives.c.life, "at_life"))
)
FORGOT: Final = _sql(
    update(lives)
    .values(forgotten=func.max(lives.c.forgotten, bindparam("offset", type_=Integer())))
    .where(_is(lives.c.life, "at_life"))
)
DROP_LIFE: Final = _sql(delete(lives).where(_is(lives.c.life, "life")))
CHANNELS: Final = _sql(
    select(lives.c.channel).where(lives.c.ended.is_(False), lives.c.top > _NONE).order_by(lives.c.channel)
)
DUE_LIVES: Final = _sql(
    select(lives).where(lives.c.due <= bindparam("now")).order_by(lives.c.due).limit(_LIMIT).offset(_NONE)
)

ADD_LOG: Final = _sql(log.insert())
_logged: Final = and_(
    _is(log.c.life, "life"), log.c.offset > bindparam("after"), log.c.time > bindparam("since")
)
_publication: Final = (log.c.offset, log.c.time, log.c.body)
ASCENDING: Final = _sql(
    select(*_publication).where(_logged).order_by(log.c.offset).limit(_LIMIT).offset(_NONE)
)
DESCENDING: Final = _sql(
    select(*_publication)
    .where(_logged, log.c.offset < bindparam("before"))
    .order_by(log.c.offset.desc())
    .limit(_LIMIT)
    .offset(_NONE)
)
SINCE: Final = _sql(
    select(log.c.seq, lives.c.channel, lives.c.epoch, *_publication)
    .join_from(log, lives, log.c.life == lives.c.life)
    .where(log.c.seq > bindparam("seq"))
    .order_by(log.c.seq)
    .limit(_LIMIT)
    .offset(_NONE)
)
OLDEST: Final = _sql(
    select(log.c.offset, log.c.time)
    .where(_is(log.c.life, "life"))
    .order_by(log.c.offset)
    .limit(_LIMIT)
    .offset(_NONE)
)
CUT_LOG: Final = _sql(
    delete(log).where(_is(log.c.life, "life"), log.c.offset <= bindparam("offset", type_=Integer()))
)

ENTRY: Final = _sql(
    select(entries.c.removed, entries.c.version, entries.c.version_epoch).where(
        _is(entries.c.life, "life"), _is(entries.c.key, "key")
    )
)
PUT_ENTRY: Final = _replace(entries)
_kept: Final = (entries.c.offset, entries.c.time, entries.c.body)
PAGE: Final = _sql(
    select(*_kept)
    .where(
        _is(entries.c.life, "life"),
        entries.c.key > bindparam("behind", type_=Text()),
        entries.c.removed.is_(False),
    )
    .order_by(entries.c.key)
    .limit(_LIMIT)
    .offset(_NONE)
)
NEWEST_AFTER: Final = _sql(
    select(*_kept)
    .where(_is(entries.c.life, "life"), entries.c.offset > bindparam("after"))
    .order_by(entries.c.offset)
    .limit(_LIMIT)
    .offset(_NONE)
)
HAS_ENTRIES: Final = _sql(
    select(entries.c.life).where(_is(entries.c.life, "life")).limit(_LIMIT).offset(_NONE)
)
DROP_ENTRY: Final = _sql(delete(entries).where(_is(entries.c.life, "life"), _is(entries.c.key, "key")))
CUT_ENTRIES: Final = _sql(
    delete(entries).where(
        _is(entries.c.life, "life"),
        entries.c.key.in_(
            select(entries.c.key).where(_is(entries.c.life, "life_too")).limit(_LIMIT).offset(_NONE)
        ),
    )
)
DUE_ENTRIES: Final = _sql(
    select(lives.c.channel, lives.c.ended, entries.c.life, entries.c.key, entries.c.offset, entries.c.removed)
    .join_from(entries, lives, entries.c.life == lives.c.life)
    .where(entries.c.ends <= bindparam("now"))
    .order_by(entries.c.ends)
    .limit(_LIMIT)
    .offset(_NONE)
)

ANSWER: Final = _sql(
    select(answers.c.epoch, answers.c.offset).where(
        _is(answers.c.channel, "channel"), _is(answers.c.key, "key"), answers.c.ends > bindparam("now")
    )
)
PUT_ANSWER: Final = _replace(answers)
CUT_ANSWERS: Final = _sql(
    delete(answers).where(
        tuple_(answers.c.channel, answers.c.key).in_(
            select(answers.c.channel, answers.c.key)
            .where(answers.c.ends <= bindparam("now"))
            .order_by(answers.c.ends)
            .limit(_LIMIT)
            .offset(_NONE)
        )
    )
)
ANY_DUE: Final = _sql(
    select(
        select(lives.c.life).where(lives.c.due <= bindparam("a")).exists()
        | select(entries.c.life).where(entries.c.ends <= bindparam("b")).exists()
        | select(answers.c.key).where(answers.c.ends <= bindparam("c")).exists()
    )
)
