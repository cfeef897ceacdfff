"""The bus within one process: the reference implementation."""

from collections.abc import Callable, Sequence

from renown.bus.bus import Listener
from renown.model import Update

__all__ = ["MemoryBus"]


class MemoryBus:
    """Hands updates to the listeners of this process, at once and in order."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def publish(self, updates: Sequence[Update]) -> None:
        """Call every listener with `updates`."""
        for listener in tuple(self._listeners):
            listener(updates)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Register `listener`; return the function that removes it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
