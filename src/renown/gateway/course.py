"""The last minutes of a gateway: a few of its counts, noted every other second."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from renown.gateway.metrics import LATENCY_BOUNDS, GatewayMetrics

__all__ = ["Course", "Latency", "Sample", "quantile"]

_EVERY: Final = 2.0
"""Seconds."""
_KEPT: Final = 150
"""Five minutes of samples."""
_LATELY: Final = 30
"""Samples that make the last minute."""


class Sample(msgspec.Struct, frozen=True):
    """The counts of one moment."""

    at: float
    """POSIX seconds."""
    connections: int
    """Open at that moment."""
    publications: int
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


class Course:
    """Remembers how the counts came about, so that a page that is opened now shows the last minutes."""

    def __init__(self, metrics: GatewayMetrics, clock: Callable[[], float]) -> None:
        """Read `metrics` by `clock`, POSIX seconds."""
        self._metrics = metrics
        self._clock = clock
        self._samples: deque[Sample] = deque(maxlen=_KEPT)
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

    def since(self, at: float) -> list[Sample]:
        """Return the samples taken after a time, oldest first."""
        return [sample for sample in self._samples if sample.at > at]

    def latency(self) -> Latency | None:
        """Return how fast publications were written in the last minute; None when there were none."""
        counts = [now - before for now, before in zip(self._metrics.latency, self._latencies[0], strict=True)]
        total = sum(counts)
        return Latency(quantile(counts, 0.5), quantile(counts, 0.99), total) if total else None

    def note(self) -> None:
        """Take a sample now."""
        metrics = self._metrics
        self._latencies.append(list(metrics.latency))
        self._samples.append(
            Sample(
                self._clock(),
                metrics.connections,
                metrics.publications,
                metrics.deliveries,
                metrics.conflated + metrics.dropped,
            )
        )

    async def _run(self) -> None:
        while True:
            self.note()
            await asyncio.sleep(_EVERY)
