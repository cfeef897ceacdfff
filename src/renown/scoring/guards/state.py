"""What guards remember of one subject."""

from typing import Any, Final

import msgspec

__all__ = ["NO_GUARDS", "Guards", "Open"]


class Open(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An alarm that goes on."""

    place: int
    """The guard's place in the policy."""
    since: float
    until: float
    """When it is over if nothing more comes."""
    count: int
    expected: float
    days: float
    events: int
    """How many events have kept it up."""
    text: str


class Guards(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the guards of a policy remember of one subject: a value, each event makes a new one."""

    cells: tuple[Any, ...]
    """One per guard, None before its first event."""
    open: tuple[Open, ...] = ()
    """Alarms that go on; mostly none."""
    newest: float = 0.0
    """When the newest event happened that they have looked at, POSIX seconds."""


NO_GUARDS: Final = Guards(())
"""Of every subject under a policy without guards."""
