"""Who may what: the rows of API keys, rights, revocations and the notices of their changes, and their SQL."""

from typing import Final, NamedTuple

from sqlalchemy import Float, Text, bindparam, case, cast, delete, func, literal_column, select, union, update
from sqlalchemy.dialects.sqlite import insert as upsert

from renown.stores.compiling import ONE, ZERO, compiled
from renown.stores.schema import keys, notices, revocations, rights

__all__ = [
    "ADD_KEY",
    "ADD_NOTICE",
    "DROP_NOTICES",
    "DROP_REVOCATIONS",
    "DROP_RIGHTS",
    "KEY",
    "KEYS",
    "NOTICES",
    "NOTICE_BOUNDS",
    "PUT_REVOCATION",
    "PUT_RIGHTS",
    "REVOCATION",
    "REVOKE_KEY",
    "RIGHTS",
    "RIGHTS_HOLDERS",
    "RIGHTS_NAMING",
    "KeyRow",
    "NoticeRow",
    "RevocationRow",
    "RightsRow",
]


class KeyRow(NamedTuple):
    """One row of `keys`, in the order of its columns."""

    id: str
    name: str
    hash: str
    scopes: str
    created_at: float
    revoked_at: float | None


class RightsRow(NamedTuple):
    """One row of `rights`, in the order of its columns."""

    user: str
    body: bytes
    version: int
    updated_at: float


class RevocationRow(NamedTuple):
    """One row of `revocations`, in the order of its columns."""

    scope: str
    """`token` or `user`."""
    name: str
    """The token's id, or the user's."""
    issued_before: float
    revoked_at: float
    keep_until: float | None


class NoticeRow(NamedTuple):
    """One row of `notices`, in the order of its columns."""

    id: int
    kind: str
    name: str
    body: bytes
    at: float


ADD_KEY: Final = compiled(keys.insert())
RIGHTS_NAMING: Final = compiled(
    select(rights).where(func.instr(cast(rights.c.body, Text()), bindparam("text")) > ZERO)
)
KEYS: Final = compiled(select(keys).order_by(keys.c.created_at, keys.c.id))
KEY: Final = compiled(select(keys).where(keys.c.hash == bindparam("hash")))
REVOKE_KEY: Final = compiled(
    update(keys)
    .values(revoked_at=bindparam("at"))
    .where(keys.c.id == bindparam("key"), keys.c.revoked_at.is_(None))
)
RIGHTS: Final = compiled(select(rights).where(rights.c.user == bindparam("user_id")))
_new_rights = upsert(rights).values(
    user=bindparam("user"), body=bindparam("body"), version=ONE, updated_at=bindparam("updated_at")
)
PUT_RIGHTS: Final = compiled(
    _new_rights.on_conflict_do_update(
        index_elements=[rights.c.user],
        set_={
            "body": _new_rights.excluded.body,
            "version": rights.c.version + ONE,
            "updated_at": _new_rights.excluded.updated_at,
        },
    )
)
RIGHTS_HOLDERS: Final = compiled(
    union(
        select(rights.c.user), select(revocations.c.name).where(revocations.c.scope == bindparam("in_scope"))
    ).limit(bindparam("most"))
)
DROP_RIGHTS: Final = compiled(delete(rights).where(rights.c.user == bindparam("user_id")))
REVOCATION: Final = compiled(
    select(revocations).where(
        revocations.c.scope == bindparam("in_scope"), revocations.c.name == bindparam("named")
    )
)
_revoked = upsert(revocations)
_both_end = revocations.c.keep_until.is_not(None) & _revoked.excluded.keep_until.is_not(None)
PUT_REVOCATION: Final = compiled(
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
DROP_REVOCATIONS: Final = compiled(delete(revocations).where(revocations.c.keep_until < bindparam("until")))
_oldest: Final = select(func.min(notices.c.id)).scalar_subquery()
_newest: Final = select(func.max(notices.c.id)).scalar_subquery()
# Each in a query of its own is one look at an end of the table; together they would scan it.
NOTICE_BOUNDS: Final = compiled(select(func.coalesce(_oldest, ZERO), func.coalesce(_newest, ZERO)))
NOTICES: Final = compiled(select(notices).where(notices.c.id > bindparam("after")).order_by(notices.c.id))
ADD_NOTICE: Final = compiled(
    notices.insert().values(
        kind=bindparam("kind"), name=bindparam("name"), body=bindparam("body"), at=bindparam("at")
    )
)
DROP_NOTICES: Final = compiled(delete(notices).where(notices.c.at < bindparam("until")))
