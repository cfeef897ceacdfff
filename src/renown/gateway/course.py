"""The last minutes of a gateway: a few of its counts, noted every other second."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

from renown.gateway.metrics import GatewayMetrics

__all__ = ["Course", "Sample"]

_EVERY: Final = 2.0
"""Seconds."""
_KEPT: Final = 150
"""Five minutes of samples."""


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


class Course:
    """Remembers how the counts came about, so that a page that is opened now shows the last minutes."""

    def __init__(self, metrics: GatewayMetrics, clock: Callable[[], float]) -> None:
        """Read `metrics` by `clock`, POSIX seconds."""
        self._metrics = metrics
        self._clock = clock
        self._samples: deque[Sample] = deque(maxlen=_KEPT)
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

    def note(self) -> None:
        """Take a sample now."""
        metrics = self._metrics
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
