"""The statements of a rooms file: written in SQLAlchemy Core, compiled to SQL once."""

from typing import Any, Final

from sqlalchemy import (
    Index,
    Integer,
    Text,
    and_,
    bindparam,
    delete,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.schema import CreateIndex, CreateTable

from renown.rooms.finding import Find
from renown.rooms.schema import answers, entries, lives, log, meta, metadata, salts
from renown.stores.compiling import LIMIT, ZERO, Insert, compiled, replacing

__all__ = [
    "ADD_LOG",
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
    "FIND_ANSWERS",
    "FIND_ENTRIES",
    "FIND_LIVES",
    "FIND_SALTS",
    "FORGOT",
    "HAS_ENTRIES",
    "META",
    "NEWEST_AFTER",
    "NEWEST_LIFE",
    "OLDEST",
    "PAGE",
    "POSITION",
    "PUT_ANSWERS",
    "PUT_ENTRIES",
    "PUT_LIVES",
    "PUT_META",
    "PUT_SALT",
    "SINCE",
]


def _is(column: Any, name: str) -> Any:
    return column == bindparam(name, type_=column.type)


_indexes: Final = [index for table in metadata.sorted_tables for index in table.indexes]


def _by_name(index: Index) -> str:
    return str(index.name)


CREATE: Final = [
    *(compiled(CreateTable(table)) for table in metadata.sorted_tables),
    *(compiled(CreateIndex(index)) for index in sorted(_indexes, key=_by_name)),
]

META: Final = compiled(select(meta.c.value).where(_is(meta.c.name, "name")))
PUT_META: Final = replacing(meta)
FIND_SALTS: Final = Find(select(salts), salts.c.bucket)
PUT_SALT: Final = replacing(salts)

FIND_LIVES: Final = Find(select(lives), lives.c.channel, only=lives.c.ended.is_(False))
NEWEST_LIFE: Final = compiled(select(func.coalesce(func.max(lives.c.life), ZERO)))
_EPOCH: Final = select(lives.c.epoch).where(_is(lives.c.channel, "channel"), lives.c.ended.is_(False))
_TOP: Final = select(lives.c.top).where(_is(lives.c.channel, "again"), lives.c.ended.is_(False))
_SALT: Final = select(salts.c.salt).where(_is(salts.c.bucket, "bucket"))
POSITION: Final = compiled(select(_EPOCH.scalar_subquery(), _TOP.scalar_subquery(), _SALT.scalar_subquery()))
"""Epoch and top of a channel's life, and the salt that the epoch of one without a life is made with."""
_a_life: Final = upsert(lives)
_changing: Final = ("top", "touched", "size", "age", "version", "version_epoch", "due")
PUT_LIVES: Final = Insert(
    compiled(
        _a_life.on_conflict_do_update(
            index_elements=[lives.c.life], set_={name: _a_life.excluded[name] for name in _changing}
        )
    )
)
"""Adds lives; of those that are there it changes what publications change."""
END_LIFE: Final = compiled(
    update(lives).values(ended=True, due=bindparam("new_due")).where(_is(lives.c.life, "at_life"))
)
FORGOT: Final = compiled(
    update(lives)
    .values(forgotten=func.max(lives.c.forgotten, bindparam("offset", type_=Integer())))
    .where(_is(lives.c.life, "at_life"))
)
DROP_LIFE: Final = compiled(delete(lives).where(_is(lives.c.life, "life")))
CHANNELS: Final = compiled(
    select(lives.c.channel).where(lives.c.ended.is_(False), lives.c.top > ZERO).order_by(lives.c.channel)
)
DUE_LIVES: Final = compiled(
    select(lives).where(lives.c.due <= bindparam("now")).order_by(lives.c.due).limit(LIMIT).offset(ZERO)
)

ADD_LOG: Final = Insert(compiled(log.insert()))
_logged: Final = and_(
    _is(log.c.life, "life"), log.c.offset > bindparam("after"), log.c.time > bindparam("since")
)
_publication: Final = (log.c.offset, log.c.time, log.c.body)
ASCENDING: Final = compiled(
    select(*_publication).where(_logged).order_by(log.c.offset).limit(LIMIT).offset(ZERO)
)
DESCENDING: Final = compiled(
    select(*_publication)
    .where(_logged, log.c.offset < bindparam("before"))
    .order_by(log.c.offset.desc())
    .limit(LIMIT)
    .offset(ZERO)
)
SINCE: Final = compiled(
    select(log.c.seq, lives.c.channel, lives.c.epoch, *_publication)
    .join_from(log, lives, log.c.life == lives.c.life)
    .where(log.c.seq > bindparam("seq"))
    .order_by(log.c.seq)
    .limit(LIMIT)
    .offset(ZERO)
)
OLDEST: Final = compiled(
    select(log.c.offset, log.c.time)
    .where(_is(log.c.life, "life"))
    .order_by(log.c.offset)
    .limit(LIMIT)
    .offset(ZERO)
)
CUT_LOG: Final = compiled(
    delete(log).where(_is(log.c.life, "life"), log.c.offset <= bindparam("offset", type_=Integer()))
)

FIND_ENTRIES: Final = Find(
    select(entries.c.life, entries.c.key, entries.c.removed, entries.c.version, entries.c.version_epoch),
    entries.c.life,
    entries.c.key,
)
PUT_ENTRIES: Final = Insert(replacing(entries))
_kept: Final = (entries.c.offset, entries.c.time, entries.c.body)
PAGE: Final = compiled(
    select(*_kept)
    .where(
        _is(entries.c.life, "life"),
        entries.c.key > bindparam("behind", type_=Text()),
        entries.c.removed.is_(False),
    )
    .order_by(entries.c.key)
    .limit(LIMIT)
    .offset(ZERO)
)
NEWEST_AFTER: Final = compiled(
    select(*_kept)
    .where(_is(entries.c.life, "life"), entries.c.offset > bindparam("after"))
    .order_by(entries.c.offset)
    .limit(LIMIT)
    .offset(ZERO)
)
HAS_ENTRIES: Final = compiled(
    select(entries.c.life).where(_is(entries.c.life, "life")).limit(LIMIT).offset(ZERO)
)
DROP_ENTRY: Final = compiled(delete(entries).where(_is(entries.c.life, "life"), _is(entries.c.key, "key")))
CUT_ENTRIES: Final = compiled(
    delete(entries).where(
        _is(entries.c.life, "life"),
        entries.c.key.in_(
            select(entries.c.key).where(_is(entries.c.life, "life_too")).limit(LIMIT).offset(ZERO)
        ),
    )
)
DUE_ENTRIES: Final = compiled(
    select(lives.c.channel, lives.c.ended, entries.c.life, entries.c.key, entries.c.offset, entries.c.removed)
    .join_from(entries, lives, entries.c.life == lives.c.life)
    .where(entries.c.ends <= bindparam("now"))
    .order_by(entries.c.ends, entries.c.offset)
    .limit(LIMIT)
    .offset(ZERO)
)

FIND_ANSWERS: Final = Find(
    select(answers.c.channel, answers.c.key, answers.c.epoch, answers.c.offset),
    answers.c.channel,
    answers.c.key,
    only=answers.c.ends > bindparam("now"),
)
PUT_ANSWERS: Final = Insert(replacing(answers))
CUT_ANSWERS: Final = compiled(
    delete(answers).where(
        tuple_(answers.c.channel, answers.c.key).in_(
            select(answers.c.channel, answers.c.key)
            .where(answers.c.ends <= bindparam("now"))
            .order_by(answers.c.ends)
            .limit(LIMIT)
            .offset(ZERO)
        )
    )
)
ANY_DUE: Final = compiled(
    select(
        select(lives.c.life).where(lives.c.due <= bindparam("a")).exists()
        | select(entries.c.life).where(entries.c.ends <= bindparam("b")).exists()
        | select(answers.c.key).where(answers.c.ends <= bindparam("c")).exists()
    )
)
