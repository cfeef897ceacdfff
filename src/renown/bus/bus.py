"""What a bus must promise.

A bus does two things. Within its process it hands the updates of each commit to those who listen. Between the
processes that share it, its *nodes*, it carries messages, of which it may lose some, repeat them, and bring
them in another order: what is said must be harmless then, and repaired by whoever says it.

Of the nodes it knows this much: which others are there, and which one *leads*. There is one leader at most;
it leads until it is gone, and soon after that another one does.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from renown.model import Update

__all__ = ["Bus", "Ear", "Listener"]

Listener = Callable[[Sequence[Update]], None]
"""Takes the updates of one commit. Runs on the event loop and must not block or raise."""


class Ear(Protocol):
    """What a node makes of what it hears. Called on the event loop; must not block or raise."""

    def heard(self, sender: str, message: bytes) -> None:
        """Take a message of another node, which may not have come yet, or be gone."""
        ...

    def came(self, node: str) -> None:
        """Note that another node is there: what is sent to it may arrive from now on."""
        ...

    def left(self, node: str) -> None:
        """Note that a node is gone for good: in order, or because its process has died."""
        ...

    def leading(self) -> None:
        """Note that this node leads from now on."""
        ...


class Bus(Protocol):
    """Carries updates within a process, and messages between nodes. Belongs to one event loop."""

    @property
    def node(self) -> str:
        """The name of this node, which no other one has or had."""
        ...

    @property
    def nodes(self) -> Collection[str]:
        """The other nodes that are there."""
        ...

    @property
    def leads(self) -> bool:
        """Whether this node is the leader. One that is alone leads."""
        ...

    def publish(self, updates: Sequence[Update]) -> None:
        """Hand over the updates of one commit. Called on the event loop, after the commit."""
        ...

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every update from now on; return the function that ends it."""
        ...

    async def start(self, ear: Ear) -> None:
        """Join: from now on this node is there for the others, and hears.

        Who is there already came before this returns.
        """
        ...

    async def stop(self) -> None:
        """Leave: the others are told. May be called twice, or without a start."""
        ...

    def look(self, node: str) -> None:
        """Look now whether a node is still there: if its process died the ear knows when this returns."""
        ...

    def send(self, message: bytes, to: str = "") -> None:
        """Send to one node, or to all others. Never waits; what cannot be sent now may be lost."""
        ...
