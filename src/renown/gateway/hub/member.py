"""A connection, as channels see it."""

from typing import Protocol

from renown.gateway.wires import Wire
from renown.protocol.codes import Disconnect, Error
from renown.protocol.effects import State

__all__ = ["Member", "Writer"]


class Writer(Protocol):
    """Writes a whole frame."""

    def __call__(self, data: bytes, /) -> None:
        """Write."""
        ...


class Member(Protocol):
    """A connection, as channels see it."""

    @property
    def paused(self) -> bool:
        """Whether it reads too slowly now."""
        ...

    @property
    def wire(self) -> Wire:
        """How it is spoken to."""
        ...

    @property
    def write(self) -> Writer:
        """Writes a whole frame, or the rest of one that its outlet did not take."""
        ...

    @property
    def outlet(self) -> int:
        """The file descriptor that frames may be written to directly: nothing waits to be sent before them.

        -1 while there is none. Whoever changes it says so to the `Spreader`, and before it is closed.
        """
        ...

    def crowded(self) -> None:
        """Called after a write while paused: end the connection when too much is unsent."""
        ...

    def found(self, channel: str, state: State | Error) -> bool:
        """Take the answer to a subscription. Return whether it stands."""
        ...

    def lost_track(self, channel: str) -> None:
        """End a subscription whose publications can no longer be had in order."""
        ...

    def close(self, why: Disconnect) -> None:
        """End the connection."""
        ...
