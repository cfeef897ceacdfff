"""What the processes have counted of their realtime side, added up."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, cast

import msgspec

from renown.gateway.metrics import GatewayMetrics
from renown.gateway.nodes.messages import Figures, Process, TellFigures
from renown.gateway.nodes.nodes import Nodes, Unanswered

__all__ = ["Gathering", "Seen", "figures_of", "together"]

_PATIENCE: Final = 0.4
"""Seconds that the figures of others are waited for; whose come later have those that came before."""


class Seen(msgspec.Struct, frozen=True):
    """A process, as of its last figures."""

    node: str
    process: Process
    age: float
    """Seconds since they were told; 0 for this process."""


class Gathering:
    """Gathers the figures of all processes when somebody wants them: while nobody does it costs nothing."""

    def __init__(self, nodes: Nodes, own: Callable[[], Process], clock: Callable[[], float]) -> None:
        """`own` tells how this process does; `clock` counts seconds and never goes back."""
        self._nodes = nodes
        self._own = own
        self._clock = clock
        self._known: dict[str, tuple[Process, float]] = {}
        self._asked: dict[str, asyncio.Event] = {}
        nodes.watch(self)
        nodes.answer(TellFigures, self._tell)

    async def gather(self) -> list[Seen]:
        """Return how each process does, this one first; of whom does not answer soon, its last figures."""
        others = self._nodes.others
        for node in others:
            if node not in self._asked:
                self._asked[node] = asyncio.Event()
                self._nodes.run(self._ask(node))
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                for asked in [self._asked[node] for node in others]:
                    await asked.wait()
        now = self._clock()
        seen = [
            Seen(node, process, now - at)
            for node, (process, at) in sorted(self._known.items())
            if node in self._nodes.others
        ]
        return [Seen(self._nodes.name, self._own(), 0.0), *seen]

    async def _ask(self, node: str) -> None:
        try:
            answer = await self._nodes.ask(node, TellFigures())
            if isinstance(answer, Process) and node in self._nodes.others:
                self._known[node] = answer, self._clock()
        except Unanswered:
            # Its last figures are told, with their age, until it is gone.
            return
        finally:
            self._asked.pop(node).set()

    async def _tell(self, _node: str, _question: TellFigures) -> Process:
        return self._own()

    def came(self, node: str) -> None:
        """Nothing to note: it is asked when somebody wants to know."""

    def left(self, node: str) -> None:
        """Forget a node."""
        self._known.pop(node, None)

    def led(self) -> None:
        """Nothing to note: who leads is looked up."""


def figures_of(metrics: GatewayMetrics, latencies: list[int], slow: int) -> Figures:
    """Return the figures of this process.

    Args:
        metrics: What it counts.
        latencies: How many publications took how long in the last minute, by range.
        slow: Connections that read too slowly now.

    """
    unsent = [waiting for waiting in metrics.unsent() if waiting]
    standing, published = metrics.subscriptions_in, metrics.publications_in
    return Figures(
        connections=metrics.connections,
        opened=metrics.connected,
        messages=metrics.messages,
        publications=metrics.publications,
        deliveries=metrics.deliveries,
        conflated=metrics.conflated,
        dropped=metrics.dropped,
        clients=dict(metrics.clients),
        namespaces={name: (standing[name], published[name]) for name in {*standing, *published}},
        closes=dict(metrics.closes),
        connects=dict(metrics.connects),
        subscribes=dict(metrics.subscribes),
        errors=dict(metrics.errors),
        waiting=len(unsent),
        slow=slow,
        unsent=sum(unsent),
        largest=max(unsent, default=0),
        latencies=tuple(latencies),
        returning=metrics.loops.returning,
    )


def together(one: Figures, *others: Figures) -> Figures:
    """Return what the figures of several processes come to."""
    sums = {name: getattr(one, name) for name in one.__struct_fields__}
    for figures in others:
        sums = {name: _plus(value, getattr(figures, name)) for name, value in sums.items()}
    sums["largest"] = max(figures.largest for figures in (one, *others))
    return Figures(**sums)


def _plus(one: Any, other: Any) -> Any:
    """Return the sum of two numbers, or of what is counted under each key, or at each place."""
    if isinstance(one, Mapping):
        counts, more = cast("Mapping[Any, Any]", one), cast("Mapping[Any, Any]", other)
        both = {key: _plus(counts[key], more[key]) for key in counts.keys() & more.keys()}
        return {**counts, **more, **both}
    if isinstance(one, tuple):
        pairs = zip(cast("tuple[Any, ...]", one), cast("tuple[Any, ...]", other), strict=True)
        return tuple(_plus(a, b) for a, b in pairs)
    return one + other
