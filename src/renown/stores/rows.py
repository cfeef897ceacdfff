"""The rows of events, standings, kinds, actors and checkpoints, in the order of their columns."""

from typing import NamedTuple

__all__ = [
    "ActorRow",
    "CheckpointRow",
    "CountingRow",
    "EndRow",
    "Erased",
    "EventRow",
    "KindRow",
    "Rebased",
    "Refolded",
    "StandingRow",
]


class EventRow(NamedTuple):
    """One row of `events`, in the order of its columns."""

    seq: int
    id: str
    subject: str
    version: int
    type: str
    actor: str | None
    pair: str | None
    """What at most one live event of the subject may have (one value per actor, per order …)."""
    ref: str | None
    value: float | None
    at: float
    received_at: float
    body: bytes
    basis: bytes
    contributions: bytes
    score: float
    delta: float
    ended_at: float | None
    ended_by: str | None
    ended_version: int | None
    changes: bytes | None = None
    """JSON of what it did besides moving scores, None for nothing."""
    held_at: float | None = None
    held_by: str | None = None
    held_until: float | None = None
    held_share: float | None = None
    held_why: str | None = None


class CountingRow(NamedTuple):
    """What of a live event is needed to count it."""

    seq: int
    version: int
    at: float
    contributions: bytes
    held_at: float | None
    held_share: float | None


EndRow = tuple[float | None, str | None, int | None, int]
"""(ended_at, ended_by, ended_version, seq)"""


class Refolded(NamedTuple):
    """What is derived from the event at `seq`."""

    pair: str | None
    contributions: bytes
    score: float
    delta: float
    ended_at: float | None
    ended_by: str | None
    ended_version: int | None
    changes: bytes | None
    held_at: float | None
    held_by: str | None
    held_until: float | None
    held_share: float | None
    held_why: str | None
    seq: int


class ActorRow(NamedTuple):
    """One row of `actors`, in the order of its columns."""

    actor: str
    first_at: float
    events: int
    spent: bytes | None = None
    """What it has spent of budgets that hold wherever it speaks, JSON."""


Erased = tuple[str, str | None, bytes, int]
"""(actor, pair, body, seq)"""


Rebased = tuple[bytes, int]
"""(basis, seq)"""


class StandingRow(NamedTuple):
    """One row of `standings`, in the order of its columns."""

    subject: str
    kind: str
    version: int
    seq: int
    score: float
    live_count: int
    provisional: bool
    updated_at: float
    policy: str
    policy_version: int
    state: bytes
    view: bytes
    life: bytes | None = None
    """What the subject carries besides its state, None for nothing."""
    due: float | None = None
    """When time alone may change something."""


class KindRow(NamedTuple):
    """One row of `kinds`, in the order of its columns."""

    kind: str
    subjects: int
    events: int
    recent: bytes
    """JSON list of the `seq` of the newest events, newest first."""
    state: bytes | None


class CheckpointRow(NamedTuple):
    """One row of `checkpoints`, in the order of its columns."""

    subject: str
    at: float
    version: int
    """(at, version) of the last live event that is in it."""
    policy_version: int
    state: bytes
    life: bytes | None = None
    """Tier, badges, status and alerts of then, where the policy has them."""
