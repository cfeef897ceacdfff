"""The bus within one process: the reference implementation."""

import asyncio
import uuid
from collections.abc import Callable, Collection, Sequence

from renown.bus.bus import Ear, Listener
from renown.model import Update

__all__ = ["MemoryBus", "MemoryNetwork"]


class MemoryNetwork:
    """What several buses of one event loop share."""

    def __init__(self) -> None:
        self.joined: dict[str, tuple[MemoryBus, Ear]] = {}
        """By node, in the order in which they came: the first one leads."""

    def join(self, bus: "MemoryBus", ear: Ear) -> None:
        """Let a bus be a node."""
        others = list(self.joined.items())
        self.joined[bus.node] = bus, ear
        for node, (_, other) in others:
            other.came(bus.node)
            ear.came(node)
        if not others:
            ear.leading()

    def leave(self, bus: "MemoryBus") -> None:
        """Let a bus be a node no more."""
        if bus.node not in self.joined:
            return
        led = bus.leads
        del self.joined[bus.node]
        for _, ear in list(self.joined.values()):
            ear.left(bus.node)
        if led and self.joined:
            next(iter(self.joined.values()))[1].leading()

    def deliver(self, sender: str, to: str, message: bytes) -> None:
        """Bring a message, once the current tick is over."""
        asyncio.get_running_loop().call_soon(self._hand_over, sender, to, message)

    def _hand_over(self, sender: str, to: str, message: bytes) -> None:
        if to in self.joined:
            self.joined[to][1].heard(sender, message)


class MemoryBus:
    """Hands updates to the listeners of this process, at once and in order."""

    def __init__(self, network: MemoryNetwork | None = None) -> None:
        """Without `network` it is alone."""
        self.node = uuid.uuid4().hex
        """The name of this node."""
        self._network = network or MemoryNetwork()
        self._listeners: list[Listener] = []

    @property
    def nodes(self) -> Collection[str]:
        """The other nodes that are there."""
        return [node for node in self._network.joined if node != self.node]

    @property
    def leads(self) -> bool:
        """Whether this node came before all others."""
        return next(iter(self._network.joined), self.node) == self.node

    def publish(self, updates: Sequence[Update]) -> None:
        """Call every listener with `updates`."""
        for listener in tuple(self._listeners):
            listener(updates)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Register `listener`; return the function that removes it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def start(self, ear: Ear) -> None:
        """Join the network."""
        self._network.join(self, ear)

    async def stop(self) -> None:
        """Leave the network."""
        self._network.leave(self)

    def look(self, node: str) -> None:
        """Look whether a node is still there: one that is gone has said so."""
        if node not in self._network.joined and self.node in self._network.joined:
            self._network.joined[self.node][1].left(node)

    def send(self, message: bytes, to: str = "") -> None:
        """Send to one node, or to all others."""
        for node in [to] if to else self.nodes:
            self._network.deliver(self.node, node, message)
