"""What folding takes and gives: events of before, the event that comes, what a subject was and becomes."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from renown import scoring
from renown.model import Basis, Change, Contribution, Event
from renown.scoring import Effect, Reading, State
from renown.scoring.guards import Guards
from renown.scoring.life import Calm, Life

__all__ = [
    "NO_CONTRIBUTIONS",
    "Applied",
    "Counted",
    "Earlier",
    "End",
    "Face",
    "Folded",
    "Freed",
    "Hold",
    "Incoming",
    "Lived",
    "Past",
    "left_of",
]

NO_CONTRIBUTIONS: Final[tuple[Contribution, ...]] = ()


def left_of(
    contributions: tuple[Contribution, ...], held_at: float | None, held_share: float | None
) -> tuple[Contribution, ...]:
    """Return what counts of a live event: all, or the share that is left of what is held."""
    if held_at is None:
        return contributions
    return scoring.weigh(contributions, held_share) if held_share else NO_CONTRIBUTIONS


class Counted(NamedTuple):
    """What counts of a live event, in order of (at, version)."""

    at: float
    version: int
    said: tuple[Contribution, ...]


class Earlier(msgspec.Struct, gc=False, eq=False):
    """An event the subject already has."""

    seq: int
    id: str
    version: int
    at: float
    pair: str | None
    basis: Basis
    contributions: tuple[Contribution, ...]
    body: bytes
    ended_at: float | None = None
    ended_by: str | None = None
    ended_version: int | None = None
    held_at: float | None = None
    held_by: str | None = None
    held_until: float | None = None
    held_share: float | None = None
    held_why: str | None = None

    @property
    def live(self) -> bool:
        """Whether it contributes now, or would if it were not held."""
        return self.ended_version is None and bool(self.contributions)

    @property
    def held(self) -> bool:
        """Whether it is held now."""
        return self.held_at is not None and self.ended_version is None

    @property
    def reviewed(self) -> bool:
        """Whether it is under review, and that is no secret."""
        return self.held and self.held_why != "blind"

    @property
    def permanent(self) -> bool:
        """Whether it can be neither disputed nor, but by a moderator, taken back."""
        return self.held_at is None and self.held_why == "permanent"

    @property
    def counted(self) -> tuple[Contribution, ...]:
        """What counts of it while it is live: all, or the share that is left of what is held."""
        return left_of(self.contributions, self.held_at, self.held_share)


class Past(Protocol):
    """What an event may need to know of the earlier events of its subject."""

    def newest_of(self, pair: str) -> Earlier | None:
        """Return the live event of a pair that has its place, or the newest that waits for it if none has."""
        ...

    def live_of(self, pair: str) -> Sequence[Earlier]:
        """Return the live events of a pair, by version: what has its place and what waits for it."""
        ...

    def all_of(self, pair: str) -> Sequence[Earlier]:
        """Return all events of a pair, ended ones too, by version."""
        ...

    def referred(self, reference: str) -> Sequence[Earlier]:
        """Return the events whose id or ref is `reference`, by version."""
        ...

    def since(self, place: tuple[float, int]) -> tuple[State | None, Sequence[Counted]]:
        """Return the state of what counts below some point, and what counts from there on.

        The point lies at or below `place`, (at, version); the state is None when it is the very beginning.
        """
        ...

    def lived_since(self, place: tuple[float, int], oldest: int) -> "Lived | None":
        """Return the subject as of a checkpoint below `place`, (at, version), and its events from there on.

        There are no events where some version before `oldest` would be among them; and None comes back where
        the past is itself being worked through in order.
        """
        ...

    def ending(self, until: float) -> Sequence[Earlier]:
        """Return the held events whose hold ends by `until`, by (its end, version)."""
        ...

    def next_end(self, gone: Collection[int]) -> float | None:
        """Return when the first hold ends by itself, those of the versions `gone` aside."""
        ...


class Incoming(Protocol):
    """An event that passed the checks, with what it means."""

    @property
    def id(self) -> str:
        """The producer's id or the one made for it."""
        ...

    @property
    def at(self) -> float:
        """When it happened, POSIX seconds."""
        ...

    @property
    def event(self) -> Event:
        """The event as sent."""
        ...

    @property
    def effect(self) -> Effect:
        """What it means under the policy."""
        ...


class Face(msgspec.Struct, frozen=True, gc=False):
    """What a life shows of itself in a standing."""

    tier: str | None
    badges: tuple[str, ...]
    status: str
    status_until: float | None
    due: float | None
    """When time may change something of it."""


class Folded(msgspec.Struct, gc=False, eq=False):
    """What the events of a subject have come to."""

    version: int
    state: State
    at: float
    """The latest time any of its events has: the time for which it is read."""
    score: float
    held: int = 0
    """How many live contributions are under review; blind reviews are not told."""
    hold_until: float | None = None
    """When the first hold ends by itself."""
    life: Life | None = None
    """Tier, badges, status and alerts, where the policy has more of them than plain tiers."""
    guards: Guards | None = None
    """What guards remember, where the policy has some."""
    face: Face | None = None
    """What the life shows, once it has been turned."""
    prior: dict[str, float] = {}
    """The running means with which it was read."""
    calm: Calm | None = None
    """What is known of the life since it was turned; not kept."""


class Lived(msgspec.Struct, gc=False, eq=False):
    """How a subject came to be what it is, as far back as is needed."""

    start: Folded | None
    """None: the very beginning."""
    events: Sequence[Earlier]
    """All from there on, by version; none: they are too many."""
    passed_over: Collection[int]
    """The versions of those that came late and were not worked in, although they might have been."""


class Applied(msgspec.Struct, gc=False, eq=False):
    """What one event makes of its subject."""

    folded: Folded
    reading: Reading | None
    """The whole reading, where it was asked for."""
    delta: float
    pair: str | None
    basis: Basis
    contributions: tuple[Contribution, ...]
    ends: Sequence["End"]
    """What it takes back; the event itself, too, when a later value was there before it."""
    holds: Sequence["Hold"] = ()
    """What is held, or held no more, from now on; the event itself, too."""
    changes: Sequence[Change] = ()
    changed: tuple[float, int] | None = None
    """The lowest (at, version) of the events of which other things count now than before."""
    freed: Sequence["Freed"] = ()
    """What counts from now on for the first time, of what was held when it came."""
    follow: Sequence[Event] = ()
    """What the ledger is to take next, because of this event."""
    passed_over: bool = False
    """It came late, in time to be worked in, and was not: there was too much to fold anew."""


class Freed(msgspec.Struct, frozen=True, gc=False):
    """What somebody has said that did not count until now."""

    actor: str | None
    contributions: tuple[Contribution, ...]


class End(msgspec.Struct, frozen=True, gc=False):
    """That an event stops to contribute; or does so again, where what has ended it was undone."""

    seq: int | None
    """None means the incoming event itself."""
    id: str
    pair: str | None
    at: float | None
    """Since when; None: not any more."""
    by: str | None


class Hold(msgspec.Struct, frozen=True, gc=False):
    """That an event is held, or held no more."""

    seq: int | None
    """None means the incoming event itself."""
    id: str
    pair: str | None
    at: float | None
    """Since when; None: not any more."""
    by: str | None
    until: float | None = None
    share: float | None = None
    why: str | None = None

    def mark(self, earlier: Earlier) -> None:
        """Write it on an event of before."""
        earlier.held_at, earlier.held_by, earlier.held_until = self.at, self.by, self.until
        earlier.held_share, earlier.held_why = self.share, self.why
