"""The last minutes of the gateways on the same data: a few of their counts, noted every other second.

All processes note at the same moments, the even seconds, and tell each other: so what they noted for one
moment can be added up, whichever of them is asked, and what is told twice does no harm. What a process noted
stays when the process is gone.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from math import inf
from typing import Final

import msgspec

from renown.gateway.metrics import LATENCY_BOUNDS, GatewayMetrics

__all__ = ["Course", "Latency", "Row", "Sample", "latency_of", "quantile"]

_EVERY: Final = 2.0
"""Seconds."""
_KEPT: Final = 300.0
"""Seconds."""
_LATELY: Final = 30
"""Samples that make the last minute."""
_AGAIN: Final = 3
"""Samples that are told at a time: the last one, and some again that may have been lost."""

Row = tuple[float, int, int, int, int]
"""What one process noted: the fields of a `Sample`."""


class Sample(msgspec.Struct, frozen=True):
    """The counts of one moment."""

    at: float
    """POSIX seconds."""
    connections: int
    """Open at that moment."""
    publications: int
    """Since the sample before, as are those below."""
    deliveries: int
    left_out: int
    """States replaced by a newer one or not written to slow connections."""


class Latency(msgspec.Struct, frozen=True):
    """Seconds from commit to the write to the connections, over the last minute."""

    p50: float
    """Half of the publications were faster. Interpolated within the ranges of the metrics."""
    p99: float
    count: int
    """Publications."""


def quantile(counts: Sequence[int], share: float) -> float:
    """Return the latency that a `share` of the publications stayed under.

    `counts` are those of the ranges that end at `LATENCY_BOUNDS`. What lies in the last range, which has no
    end, counts as its beginning.
    """
    wanted = share * sum(counts)
    passed = 0
    begin = 0.0
    for end, count in zip(LATENCY_BOUNDS, counts, strict=False):
        if count and passed + count >= wanted:
            return begin + (end - begin) * (wanted - passed) / count
        passed += count
        begin = end
    return begin


def latency_of(counts: Sequence[int]) -> Latency | None:
    """Return what counts by range come to, see `quantile`; None when nothing was counted."""
    total = sum(counts)
    return Latency(quantile(counts, 0.5), quantile(counts, 0.99), total) if total else None


class Course:
    """Remembers how the counts came about, so that a page that is opened now shows the last minutes."""

    def __init__(self, metrics: GatewayMetrics, clock: Callable[[], float], node: str = "") -> None:
        """Read `metrics` by `clock`, POSIX seconds; `node` is this process among others."""
        self.noted: Callable[[], None] | None = None
        """Called after each sample."""
        self.node: Final = node
        self._metrics = metrics
        self._clock = clock
        self._rows: dict[str, dict[float, Row]] = {node: {}}
        """By process and moment."""
        self._last = -inf
        self._before = (0, 0, 0)
        self._latencies: deque[list[int]] = deque([list(metrics.latency)], maxlen=_LATELY)
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to note; call it on the event loop."""
        self._running = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Note no more."""
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
            self._running = None

    def since(self, at: float, until: float = inf) -> list[Sample]:
        """Return the samples of all processes taken after a time and not after another, oldest first."""
        sums: dict[float, list[int]] = {}
        for rows in self._rows.values():
            for moment, *counts in rows.values():
                if at < moment <= until:
                    known = sums.setdefault(moment, [0, 0, 0, 0])
                    sums[moment] = [one + other for one, other in zip(known, counts, strict=True)]
        return [Sample(moment, *sums[moment]) for moment in sorted(sums)]

    @property
    def latencies(self) -> list[int]:
        """How many publications of this process took how long in the last minute, by range."""
        return [now - before for now, before in zip(self._metrics.latency, self._latencies[0], strict=True)]

    def note(self) -> None:
        """Take a sample now, if there is none of this moment yet."""
        metrics, own = self._metrics, self._rows[self.node]
        moment = self._clock() // _EVERY * _EVERY
        if moment == self._last:
            return
        if moment < self._last:
            # The clock went back: what lies ahead now would stand in the way of all that comes.
            self._rows = {self.node: {}}
            own = self._rows[self.node]
        self._last = moment
        self._latencies.append(list(metrics.latency))
        counts = metrics.publications, metrics.deliveries, metrics.conflated + metrics.dropped
        growth = [now - before for now, before in zip(counts, self._before, strict=True)]
        self._before = counts
        own[moment] = (moment, metrics.connections, growth[0], growth[1], growth[2])
        self._forget()
        if self.noted is not None:
            self.noted()

    async def _run(self) -> None:
        while True:
            self.note()
            await asyncio.sleep(_EVERY - self._clock() % _EVERY)

    # What others noted

    @property
    def newest(self) -> tuple[Row, ...]:
        """What this process noted last."""
        return tuple(self._rows[self.node].values())[-_AGAIN:]

    def rows(self, *, whole: bool) -> dict[str, tuple[Row, ...]]:
        """Return all that this process noted; `whole`: and what is known of others."""
        nodes = self._rows if whole else (self.node,)
        return {node: tuple(self._rows[node].values()) for node in nodes}

    def take(self, node: str, rows: Iterable[Row]) -> None:
        """Take what another process noted."""
        if node != self.node:
            self._rows.setdefault(node, {}).update({row[0]: row for row in rows})

    def _forget(self) -> None:
        for node, rows in list(self._rows.items()):
            for moment in [moment for moment in rows if moment <= self._last - _KEPT]:
                del rows[moment]
            if not rows and node != self.node:
                del self._rows[node]
