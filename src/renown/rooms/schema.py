"""The tables of a rooms file."""

from typing import Final

from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text

__all__ = ["VERSION", "answers", "entries", "lives", "log", "meta", "metadata", "salts"]

VERSION: Final = "1"
"""Of these tables; written into each file."""

metadata: Final = MetaData()

lives: Final = Table(
    "lives",
    metadata,
    Column("life", Integer, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("ended", Boolean, nullable=False),
    Column("top", Integer, nullable=False),
    Column("touched", Float, nullable=False),
    Column("size", Integer, nullable=False),
    Column("age", Float, nullable=False),
    Column("version", Integer, nullable=False),
    Column("version_epoch", Text, nullable=False),
    Column("forgotten", Integer, nullable=False),
    Column("due", Float, nullable=False),
)
"""One row per life of a channel's log. `forgotten`: greatest offset of a removal that is not known any more;
`due`: when it is next looked at for what has had its time."""

Index("lives_channel", lives.c.channel, unique=True, sqlite_where=lives.c.ended.is_(False))
Index("lives_due", lives.c.due)

log: Final = Table(
    "log",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("life", Integer, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("time", Float, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Publications in the order of their commits over all channels. Rows stay a little longer than their channel
keeps them, for other processes to find."""

Index("log_life", log.c.life, log.c.offset, unique=True)

entries: Final = Table(
    "entries",
    metadata,
    Column("life", Integer, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("offset", Integer, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("ends", Float),
    Column("version", Integer, nullable=False),
    Column("version_epoch", Text, nullable=False),
    Column("time", Float, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Maps: the newest publication of each key. A removed key stays until it `ends`."""

Index("entries_offset", entries.c.life, entries.c.offset)
Index("entries_ends", entries.c.ends, sqlite_where=entries.c.ends.is_not(None))

answers: Final = Table(
    "answers",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("epoch", Text, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("ends", Float, nullable=False),
)
"""What was answered to idempotency keys."""

Index("answers_ends", answers.c.ends)

salts: Final = Table(
    "salts",
    metadata,
    Column("bucket", Integer, primary_key=True),
    Column("salt", Text, nullable=False),
)
"""See `epochs`."""

meta: Final = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""`schema`: the version of the tables; `secret`: see `epochs`; `seq`: the newest position in the log."""
