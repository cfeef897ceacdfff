"""The words every room shares: subjects, events, contributions, standings, updates.

Times are POSIX seconds as floats inside the engine and RFC 3339 strings in UTC on the wire.
Nothing here does I/O or reads a clock.
"""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from math import floor
from typing import Any, Final

import msgspec

__all__ = [
    "KEY_PATTERN",
    "OVERALL",
    "YEAR_10000",
    "Activity",
    "Alarm",
    "Answer",
    "Basis",
    "Category",
    "Cause",
    "Change",
    "Contribution",
    "Entry",
    "Event",
    "Happening",
    "Problem",
    "Standing",
    "Status",
    "Update",
    "instant",
    "is_key",
    "kind_of",
    "stamped",
    "timestamp",
]

YEAR_10000: Final = 253_402_300_800.0
"""POSIX seconds. No time can be written from here on."""
OVERALL: Final = ""
"""The name under which the overall score is kept beside the named categories."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = tuple(f"{minute:02d}:{second:02d}." for minute in range(60) for second in range(60))
"""The end of a time of day, by the second of its hour."""
KEY_PATTERN: Final = r"[a-z][a-z0-9_-]{0,31}:[!-~]{1,128}"
"""A subject or actor key as a regular expression."""

_KEY = re.compile(KEY_PATTERN + r"\Z")


def is_key(text: str) -> bool:
    """Tell whether `text` is a subject or actor key: `kind:id`, printable ASCII without spaces."""
    return _KEY.match(text) is not None


def kind_of(key: str) -> str:
    """Return the kind of a `kind:id` key."""
    return key.partition(":")[0]


def instant(seconds: float) -> datetime:
    """Return POSIX `seconds` as an aware datetime in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=1024)
def timestamp(seconds: float) -> str:
    """Return POSIX `seconds` as an RFC 3339 string in UTC with microseconds."""
    whole = floor(seconds)
    micros = 0 if whole == seconds else round((seconds - whole) * 1e6)
    if micros == 1_000_000:
        whole, micros = whole + 1, 0
    fraction = f"{micros:06d}" if micros else "000000"
    return f"{_hour(whole // 3600)}{_SECONDS[whole % 3600]}{fraction}Z"


def stamped(seconds: float | None) -> str | None:
    """Return the `timestamp` of a time that need not be there."""
    return None if seconds is None else timestamp(seconds)


@lru_cache(maxsize=4096)
def _hour(hours: int) -> str:
    # Formatting a datetime takes longer than folding an event; its hour is mostly that of the one before.
    return (_EPOCH + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:")


class Event(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """An immutable fact told by a producer. Only `type` and `subject` are required."""

    type: str
    """What happened, e.g. `review`. `retract`, `amend`, `hold`, `release`, `dismiss`, `dispute`, `resolve`
    have a meaning of their own, `renown.…` is the ledger's."""
    subject: str
    """Whom it is about, `kind:id`."""
    id: str | None = None
    """The producer's idempotency id; the server makes one when it is absent."""
    actor: str | None = None
    """Who caused it, `kind:id`."""
    value: float | None = None
    categories: dict[str, float] | None = None
    ref: str | None = None
    """Order, contract …; for `retract` and `amend` the id or the ref of what is meant."""
    occurred_at: datetime | None = None
    """When it happened; the time of arrival when absent. A time without zone is refused."""
    data: dict[str, Any] | None = None


class Contribution(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one event adds to one category under a policy."""

    category: str
    """A category's name, or `OVERALL`."""
    value: float
    weight: float
    exempt: bool = False
    """Not counted against the daily cap of a points policy."""


class Basis(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What lay outside the subject when an event was folded, recorded so that a rebuild is exact."""

    weight: float = 1.0
    """The rater weight of the event's actor at that moment."""
    prior: dict[str, float] = {}
    """Per category the running mean of the kind, where the policy's prior is that mean."""
    facts: Any = None
    """What the guards were told of the actor, None: they asked for nothing."""
    verdict: Any = None
    """What the guards said, None: nothing."""
    met: bool = False
    """Of a blind review: that the other side had spoken already."""


class Change(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One thing that an event did besides moving scores: a tier, a badge, a status, an alert, a hold."""

    kind: str
    """`tier`, `badge`, `status`, `alert`, `hold`, `release`, `dismiss`, `dispute`, `resolve`, `permanent`;
    `flag` and `weigh` are what guards say of an event that counts, `late` that one was not worked in."""
    name: str | None = None
    """The badge, the alert or the guard; the id of the event that is held, released …"""
    before: str | None = None
    after: str | None = None
    """What it is from now on; of an alert `fired` or `cleared`; of `weigh` what is left of the weight."""
    why: str | None = None
    """One sentence for people, with the figures."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An event as the ledger keeps it."""

    seq: int
    """Position in the ledger, growing, over all subjects."""
    version: int
    """The subject's version that this event made; also the subject's event number, from 1."""
    event: Event
    """With `id` and `occurred_at` filled in."""
    at: float
    """`occurred_at` in POSIX seconds."""
    received_at: float
    basis: Basis
    contributions: tuple[Contribution, ...]
    """Empty for a retraction."""
    score: float
    """The overall score right after this event."""
    ended_at: float | None = None
    """When the contributions were taken back, by a retraction, an amendment or a newer live value."""
    ended_by: str | None = None
    """The id of the event that took them back."""
    changes: tuple[Change, ...] = ()
    """What the event did besides moving scores."""
    held_at: float | None = None
    """Since when the contributions are held, None while they are not."""
    held_by: str | None = None
    """The id of the event that holds them; its own when the guards held it on arrival."""
    held_until: float | None = None
    """When the hold ends by itself, None: when somebody decides."""
    held_share: float = 0.0
    """What share of its weight counts while it is held."""
    held_why: str | None = None
    """`dispute`, `blind`, `moderator` or `guard:<name>`; `permanent` once they are held no more for good."""

    @property
    def held(self) -> bool:
        """Whether the contributions are held now."""
        return self.held_at is not None and self.ended_at is None

    @property
    def permanent(self) -> bool:
        """Whether the contributions can be neither disputed nor, but by a moderator, taken back."""
        return self.held_at is None and self.held_why == "permanent"

    @property
    def sealed(self) -> bool:
        """Whether it is a blind review that nobody may see yet."""
        return self.held and self.held_why == "blind"


class Category(msgspec.Struct, frozen=True, gc=False):
    """One category of a standing."""

    score: float
    count: int


class Cause(msgspec.Struct, frozen=True, gc=False):
    """What made this version of a standing."""

    type: str
    delta: float
    """Change of the overall score against the version before."""


class Standing(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The public view of a standing: the JSON of `standing:` channels and of `GET /v1/standings`."""

    subject: str
    version: int
    score: float
    low: float
    high: float
    """`low` ≤ `score` ≤ `high`, the bounds at the policy's confidence."""
    count: int
    """Live contributions to the overall score."""
    categories: dict[str, Category]
    tier: str | None
    badges: tuple[str, ...]
    status: str
    provisional: bool
    """True until there is enough evidence to show a number."""
    updated_at: str
    cause: Cause | None
    held: int = 0
    """Contributions under review: disputed, or held by a guard or a person. Left out when there are none."""
    status_until: str | None = None
    """When the status will change by itself; left out when it will not."""


class Happening(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The public face of a change."""

    kind: str
    """As `Change.kind`, without alerts."""
    name: str | None = None
    """The badge."""
    before: str | None = None
    after: str | None = None
    """The tier, the status, or the level of the badge."""


class Activity(msgspec.Struct, frozen=True, gc=False):
    """The public face of one applied event: the JSON of `activity:` and `feed:` channels."""

    subject: str
    version: int
    type: str
    """`hold` of what is held unseen."""
    at: str
    score: float
    delta: float
    value: float | None = None
    changes: tuple[Happening, ...] | msgspec.UnsetType = msgspec.UNSET
    """What else it did; left out when there is nothing."""


class Alarm(msgspec.Struct, frozen=True, gc=False):
    """An alert that fired or cleared."""

    subject: str
    version: int
    """The subject's version with which it did."""
    seq: int
    at: float
    """POSIX seconds."""
    change: Change


class Update(msgspec.Struct, frozen=True, gc=False):
    """One commit's news of one subject, as handed from the ledger to the bus."""

    subject: str
    version: int
    """The newest version; `activity` may hold several versions of the same commit."""
    seq: int
    """Ledger position of the newest event."""
    standing: bytes
    """JSON of the newest `Standing`."""
    activity: Sequence[tuple[int, int, bytes]]
    """(version, seq, JSON of the `Activity`) of each event of the commit, ascending; made when looked at."""
    at: float = 0.0
    """When it was committed, POSIX seconds; 0: not known, another process did."""
    alarms: tuple[Alarm, ...] = ()
    """The alerts that fired or cleared with the events of the commit, ascending."""
    quiet: Collection[int] = ()
    """Positions of those events that are no news to who looks at many subjects: what merely faded."""


class Status(StrEnum):
    """What became of an event."""

    APPLIED = "applied"
    HELD = "held"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class Problem(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Why an event was rejected: a stable code, the field that is wrong, what was expected."""

    code: str
    detail: str
    field: str | None = None
    expected: str | None = None


class Answer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The answer to one event."""

    status: Status
    id: str | None = None
    subject: str | None = None
    version: int | None = None
    """The version the event made, on `applied` and `duplicate` alike."""
    problem: Problem | None = None
    standing: msgspec.Raw | None = None
    """The subject's newest standing, when it was asked for."""
    reasons: tuple[str, ...] = ()
    """Why it is held, one sentence each."""
