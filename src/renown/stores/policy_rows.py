"""The rows of `policies`: which rules a kind of subject has had, and how far a switch of its subjects is."""

from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert as upsert

from renown.stores.compiling import compiled
from renown.stores.schema import policies, standings

__all__ = ["DONE_SUBJECTS", "MARK_SWITCHED", "POLICIES", "POLICY_STATES", "PUT_POLICY", "PolicyRow"]


class PolicyRow(NamedTuple):
    """One row of `policies`, in the order of its columns."""

    kind: str
    version: int
    name: str
    text: str
    """TOML."""
    since: float
    """POSIX seconds."""
    switched: str | None
    """The last subject done, by key; empty at the start of a switch, None once all are."""


POLICIES: Final = compiled(select(policies).order_by(policies.c.kind, policies.c.version))
_newest = select(policies.c.kind, func.max(policies.c.version)).group_by(policies.c.kind)
POLICY_STATES: Final = compiled(
    select(policies.c.kind, policies.c.version, policies.c.switched)
    .where(tuple_(policies.c.kind, policies.c.version).in_(_newest))
    .order_by(policies.c.kind)
)
_new = upsert(policies).values({column.name: bindparam(column.name) for column in policies.columns})
PUT_POLICY: Final = compiled(
    _new.on_conflict_do_update(
        index_elements=[policies.c.kind, policies.c.version],
        set_={name: _new.excluded[name] for name in ("name", "text", "since", "switched")},
    )
)
MARK_SWITCHED: Final = compiled(
    update(policies)
    .values(switched=bindparam("last"))
    .where(policies.c.kind == bindparam("of_kind"), policies.c.version == bindparam("of_version"))
)
DONE_SUBJECTS: Final = compiled(
    select(func.count()).where(
        standings.c.subject > bindparam("after"), standings.c.subject <= bindparam("until")
    )
)
