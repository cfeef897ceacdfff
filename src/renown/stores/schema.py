"""The tables of a ledger, for every dialect."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

__all__ = [
    "actors",
    "checkpoints",
    "events",
    "keys",
    "kinds",
    "meta",
    "metadata",
    "notices",
    "policies",
    "revocations",
    "rights",
    "standings",
]

metadata: Final = MetaData()

_SEQ = BigInteger().with_variant(Integer(), "sqlite")

events: Final = Table(
    "events",
    metadata,
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("actor", Text),
    Column("pair", Text),
    Column("ref", Text),
    Column("value", Float),
    Column("at", Float, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("basis", LargeBinary, nullable=False),
    Column("contributions", LargeBinary, nullable=False),
    Column("score", Float, nullable=False),
    Column("delta", Float, nullable=False),
    Column("ended_at", Float),
    Column("ended_by", Text),
    Column("ended_version", Integer),
    Column("changes", LargeBinary),
    Column("held_at", Float),
    Column("held_by", Text),
    Column("held_until", Float),
    Column("held_share", Float),
    Column("held_why", Text),
)
"""Append-only. `body` is the event as sent; only the `ended_…` and `held_…` columns are written later."""

Index("events_id", events.c.id, unique=True)
Index("events_subject", events.c.subject, events.c.version, unique=True)
Index(
    "events_live_pair",
    events.c.subject,
    events.c.pair,
    sqlite_where=events.c.pair.is_not(None) & events.c.ended_at.is_(None),
    postgresql_where=events.c.pair.is_not(None) & events.c.ended_at.is_(None),
)
Index(
    "events_ref",
    events.c.subject,
    events.c.ref,
    sqlite_where=events.c.ref.is_not(None),
    postgresql_where=events.c.ref.is_not(None),
)
Index(
    "events_changing",
    events.c.subject,
    events.c.version,
    sqlite_where=events.c.changes.is_not(None),
    postgresql_where=events.c.changes.is_not(None),
)
Index("events_time", events.c.subject, events.c.at, events.c.version)
Index(
    "events_held",
    events.c.held_at,
    sqlite_where=events.c.held_at.is_not(None) & events.c.ended_at.is_(None),
    postgresql_where=events.c.held_at.is_not(None) & events.c.ended_at.is_(None),
)
Index(
    "events_held_until",
    events.c.subject,
    events.c.held_until,
    sqlite_where=events.c.held_at.is_not(None) & events.c.ended_at.is_(None),
    postgresql_where=events.c.held_at.is_not(None) & events.c.ended_at.is_(None),
)

standings: Final = Table(
    "standings",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("seq", _SEQ, nullable=False),
    Column("score", Float, nullable=False),
    Column("count", Integer, nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("policy", Text, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("view", LargeBinary, nullable=False),
    Column("life", LargeBinary),
    Column("due", Float),
)
"""One row per subject: the state folded from its events and the JSON of its public view. `life` is what it
carries besides (tiers held, alerts, guards …); at `due` time alone may change something."""

Index(
    "standings_board",
    standings.c.kind,
    standings.c.score.desc(),
    standings.c["count"].desc(),
    standings.c.subject,
    sqlite_where=standings.c.provisional.is_(False),
    postgresql_where=standings.c.provisional.is_(False),
)
Index("standings_changes", standings.c.kind, standings.c.seq)
Index(
    "standings_due",
    standings.c.due,
    sqlite_where=standings.c.due.is_not(None),
    postgresql_where=standings.c.due.is_not(None),
)

kinds: Final = Table(
    "kinds",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subjects", Integer, nullable=False),
    Column("events", Integer, nullable=False),
    Column("recent", LargeBinary, nullable=False),
    Column("state", LargeBinary),
)
"""One row per kind of subject: counts, the positions of its newest events, the running prior."""

actors: Final = Table(
    "actors",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("first_at", Float, nullable=False),
    Column("events", Integer, nullable=False),
    Column("spent", LargeBinary),
)
"""Since when the ledger knows an actor, how many events it has sent and what it has spent, if guards ask."""

policies: Final = Table(
    "policies",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("since", Float, nullable=False),
    Column("switched", Text),
)
"""The policies a kind has had, as TOML. `switched` is how far a switch of its subjects has come: the last key
done, None once all are."""

checkpoints: Final = Table(
    "checkpoints",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("at", Float, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("policy_version", Integer, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("life", LargeBinary),
)
"""What the live events of a subject up to one of them, by (at, version), come to: where refolding begins."""

meta: Final = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

keys: Final = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("revoked_at", Float),
)
"""API keys; of the secret only its SHA-256 is kept."""

rights: Final = Table(
    "rights",
    metadata,
    Column("user", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", Float, nullable=False),
)
"""What single users may beyond what everybody may, as JSON: it holds instead of what tokens say."""

revocations: Final = Table(
    "revocations",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("issued_before", Float, nullable=False),
    Column("revoked_at", Float, nullable=False),
    Column("keep_until", Float),
)
"""Client tokens that are no good any more: `token` and its id, or `user` and all issued before a time.
From `keep_until` on nothing that it is about can be good anyway."""

Index(
    "revocations_keep",
    revocations.c.keep_until,
    sqlite_where=revocations.c.keep_until.is_not(None),
    postgresql_where=revocations.c.keep_until.is_not(None),
)

notices: Final = Table(
    "notices",
    metadata,
    Column("id", _SEQ, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", Float, nullable=False),
    sqlite_autoincrement=True,
)
"""What every process must hear soon: rights changed, tokens revoked, users to disconnect. Kept for a while;
ids are never used twice."""
