"""What a bus must promise.

A bus carries updates from the process that committed them to every process with watchers. It may
lose, repeat or reorder them: versions make that harmless, and the ledger's sweep repairs loss.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from renown.model import Update

__all__ = ["Bus", "Listener"]

Listener = Callable[[Sequence[Update]], None]
"""Takes the updates of one commit. Runs on the event loop and must not block or raise."""


class Bus(Protocol):
    """Carries updates between processes."""

    def publish(self, updates: Sequence[Update]) -> None:
        """Hand over the updates of one commit. Called on the event loop, after the commit."""
        ...

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every update from now on; return the function that ends it."""
        ...
