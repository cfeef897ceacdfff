"""What a subject carries besides its score, and what is told of a moment."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from renown.model import Change
from renown.scoring.life.ground import Box
from renown.scoring.reading import Reading

__all__ = [
    "Alarm",
    "AlertState",
    "BadgeState",
    "Calm",
    "Happening",
    "Life",
    "Moment",
    "Standstill",
    "TierState",
    "Turned",
]


class AlertState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Where one alert stands."""

    since: float | None = None
    """Since when its condition has held without a break."""
    fired: float | None = None
    """When it fired, while it is not over."""
    last: float | None = None
    """When it last fired."""
    level: float | None = None
    """The score last seen, where the alert looks at how it moves."""
    marks: tuple[tuple[int, float], ...] = ()
    """(bucket, highest or lowest score, or how many events), ascending."""


class BadgeState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One badge."""

    has: int = 0
    """0: not given; else its level, or how many times."""
    seen: int = 0
    """Events counted for it."""


class TierState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The tier and what it takes to know when it changes."""

    tier: int = -1
    """Its place in the policy; -1: none."""
    risen: float | None = None
    """When it was last reached from below."""
    pinned: bool = False
    """It was set by an event and stays."""
    failing: float | None = None
    """Since when what it asks for has been missing."""
    since: tuple[float | None, ...] = ()
    """Per tier with `dwell_days`: since when everything has held."""
    bits: tuple[str, ...] = ()
    """Per tier with `dwell`: in which of the last weeks or days it was enough, hex, the last one lowest."""


class Standstill(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The status."""

    status: int = 0
    """Its place among the policy's."""
    since: float = 0.0
    event: float = 0.0
    """When the newest event was."""
    named: tuple[tuple[float, tuple[int, ...], int], ...] = ()
    """The newest events that name a status: (when it happened, the places of what the policy says of it, the
    status right before it), by time. So one that comes late takes its place among them."""


class Life(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a subject carries besides its score. Opaque and small; a value: turning makes a new one."""

    at: float | None = None
    """The last moment; None before the first one."""
    due: float | None = None
    """When time alone will change something next, or has something to note down."""
    tiers: TierState = TierState()
    status: Standstill = Standstill()
    badges: tuple[BadgeState, ...] = ()
    alerts: tuple[AlertState, ...] = ()


class Alarm(Protocol):
    """What a guard tells of a subject, as far as alerts look at it."""

    @property
    def guard(self) -> str:
        """The guard's name."""
        ...

    @property
    def kind(self) -> str:
        """Its kind, such as `burst`."""
        ...

    @property
    def phase(self) -> str:
        """`begins`, `goes_on` or `ends`."""
        ...

    @property
    def text(self) -> str:
        """One sentence with the figures."""
        ...


class Happening(Protocol):
    """What a life looks at in an event: the event itself has it, and a moment that tells of one."""

    @property
    def type(self) -> str:
        """Its type."""
        ...

    @property
    def value(self) -> float | None:
        """Its value."""
        ...

    @property
    def data(self) -> Mapping[str, Any] | None:
        """Its data."""
        ...

    @property
    def actor(self) -> str | None:
        """Who sent it."""
        ...

    @property
    def ref(self) -> str | None:
        """What it is about."""
        ...


class Moment(msgspec.Struct, frozen=True, gc=False):
    """One event, or the passing of time, as life looks at it."""

    at: float
    """POSIX seconds; never falls within one subject."""
    reading: Reading
    """The whole reading at `at`, after the event."""
    type: str
    """The event's type; `renown.time` when it is time that turned."""
    counts: bool = True
    """Whether the event counts: not when it was rejected or held, nor for what takes others back."""
    delta: float = 0.0
    """By how much the event changed the overall score."""
    value: float | None = None
    """The event's value."""
    data: Mapping[str, Any] | None = None
    """The event's data."""
    actor: str | None = None
    ref: str | None = None
    incidents: tuple[Alarm, ...] = ()
    """Alarms of guards."""
    earlier: Callable[[float], Reading] | None = None
    """Reads the subject as it was just before this event, at a time between its last moment and this one."""
    happened: float | None = None
    """When the event happened, where it comes late; None: at `at`."""


class Calm(msgspec.Struct, frozen=True, gc=False):
    """What is known of a life that has just been turned, so that most of it need not be looked at again.

    It says nothing that turning without it would not find out, and is not kept. As long as it is the very
    same one the life shows the same, but for when it is due.
    """

    box: Box | None
    """While the reading stays in here, tier and badges stand still, and no alert begins by a level; None: not
    known."""
    due: float | None
    """When time alone may change the tier."""
    open: tuple[int, ...]
    """The places of the alerts that are open, or about to be, but for those that stay so in there."""
    tier: str | None
    badges: tuple[str, ...]
    status: str
    status_until: float | None


class Turned(msgspec.Struct, frozen=True, gc=False):
    """What a moment makes of a life."""

    life: Life
    tier: str | None
    badges: tuple[str, ...]
    """By name; with levels or repeated `name:2`."""
    status: str
    status_until: float | None
    """When the status becomes another one by time, where that is known."""
    changes: tuple[Change, ...]
    due: float | None
    """When to turn again with `renown.time` at the latest; always after the moment."""
    calm: Calm
    """To be given to the next turn."""
