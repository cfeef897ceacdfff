"""What guards are told and what they say."""

from typing import Final, Literal

import msgspec

from renown.policy.evidence.guarding import Action

__all__ = ["NOTHING", "Facts", "Incident", "Phase", "Reason", "Verdict", "Wants"]

Phase = Literal["begins", "goes_on", "ends"]


class Wants(msgspec.Struct, frozen=True):
    """Which facts the guards of a policy need; the others may be left as they are by default."""

    actors: bool = False
    """`known_since` and `given`."""
    returned: bool = False
    kin: bool = False
    weight: bool = False
    spent: bool = False

    @property
    def nothing(self) -> bool:
        """Whether they need none of them."""
        return not (self.actors or self.returned or self.kin or self.weight or self.spent)


class Facts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What lies outside the subject, as it is when the event arrives. Recorded with the event."""

    known_since: float | None = None
    """When the actor's first event in this ledger happened; None: it is new."""
    given: int = 0
    """How many events the actor has sent before."""
    returned: tuple[float, float] | None = None
    """Value and time of the live event in which the subject has rated the actor."""
    same_owner: bool = False
    """Whether actor and subject are known to belong to the same owner."""
    kin: int | None = None
    """How many of the subject's last raters have rated the actor, too, as `kin_of` tells; None: not known."""
    weight: float = 1.0
    """The rater weight of the actor."""
    spent: tuple[int, ...] = ()
    """How many events the actor has sent in the period, for each budget that holds everywhere."""


class Reason(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Why a guard speaks, for people."""

    guard: str
    """Its name."""
    text: str
    """One sentence with the figures."""
    action: Action = "count"
    """What this guard wants done."""
    weight: float | None = None
    """By what it multiplies the event's weight, where it weighs."""


class Incident(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An alarm about a subject: it begins, goes on with every event that keeps it up, and ends."""

    guard: str
    """The guard's name."""
    kind: str
    """`burst`, `ring` …"""
    phase: Phase
    since: float
    """When it began, POSIX seconds."""
    at: float
    """The time of this news."""
    count: int
    """How many were seen in the window when it last sounded."""
    expected: float
    """How many were to be expected there."""
    days: float
    """Length of the window; 0 where it is one of the last so many."""
    events: int
    """How many events have kept it up so far."""
    text: str
    """One sentence with the figures; of an end what it was about."""
    until: float
    """When it is over at the latest if nothing more comes; of an end when it was to be."""


class Verdict(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What all guards together say of one event."""

    action: Action = "count"
    """The strictest of all."""
    weight: float = 1.0
    """All that want to weigh it less, multiplied; it stays with the event also while that is held."""
    reasons: tuple[Reason, ...] = ()
    hold_until: float | None = None
    """When the hold ends by itself; None: when somebody decides."""
    incidents: tuple[Incident, ...] = ()
    """Alarms that begin, go on or end with this event."""


NOTHING: Final = Verdict()
"""What guards say of most events."""
