"""What every guard is made of: a look at an event with what came before, and what it remembers after it."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import msgspec

from renown.policy.evidence.guarding import Guarding
from renown.scoring.guards.sighting import Filter, Sighting

__all__ = ["Detector", "Finding"]


class Finding(msgspec.Struct, gc=False):
    """That a guard has something to say of an event."""

    text: str
    """One sentence with the figures."""
    acts: bool = True
    """Whether the guard's action is meant for this event."""
    weight: float | None = None
    """What to multiply the event's weight by, where it is not the guard's own weight."""
    until: float | None = None
    """An alarm about the subject, over at this time if nothing more comes; None: about the event alone."""
    count: int = 0
    expected: float = 0.0
    days: float = 0.0


class Detector(ABC):
    """One guard of a policy, made ready. It keeps nothing itself: a cell per subject is handed in and out."""

    cell: ClassVar[Any]
    """The type of its cells, which msgspec can encode; None stands for a subject without any past."""
    marks: ClassVar[bool] = False
    """Whether it asks for the actor's mark."""

    def __init__(self, guard: Guarding) -> None:
        self.guard = guard
        self.kind = str(type(guard).__struct_config__.tag)
        """`burst`, `ring` …"""
        self.on = Filter(guard, guard.on)
        self._made: tuple[Any, Any, Any] = (None, None, None)
        """A cell, an event, and what comes of them: judging the event and remembering it come to the same."""

    @abstractmethod
    def look(self, cell: Any, seen: Sighting) -> Finding | None:
        """Say what is to be said of an event, given what came before it."""

    def clears(self, seen: Sighting) -> bool:
        """Tell whether an alarm is over when the guard has nothing to say of this event."""
        _ = seen
        return False

    @abstractmethod
    def add(self, cell: Any, seen: Sighting, counts: bool) -> Any:
        """Return what is remembered after the event; `counts`: it is neither held nor refused."""
