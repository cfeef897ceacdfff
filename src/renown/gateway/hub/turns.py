"""Who speaks when: channels with news take turns on the event loop."""

import asyncio
from collections.abc import Callable

from renown.gateway.hub.conflation import Pacer
from renown.gateway.hub.watched import WatchedChannel

__all__ = ["Turns"]


class Turns:
    """Gives turns: channels due in the same tick speak together, each no more often than it may."""

    def __init__(self, speak: Callable[[list[WatchedChannel]], None]) -> None:
        """`speak` is called with the channels whose turn it is."""
        self._speak = speak
        self._pacer: Pacer[WatchedChannel] = Pacer()
        self._ready: list[WatchedChannel] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._loop = asyncio.get_running_loop()
        self._clock: Callable[[], float] = self._loop.time

    def stop(self) -> None:
        """Give no more turns to those who wait."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def wanted(self, channel: WatchedChannel) -> None:
        """Note that `channel` has news: it gets one turn, at once or when its interval is over."""
        if self._pacer.wants(channel, self._clock()):
            self._soon(channel)
        elif self._pacer.next is not None:
            self._set_timer(self._pacer.next)

    def _soon(self, channel: WatchedChannel) -> None:
        if not self._ready:
            self._loop.call_soon(self._now)
        self._ready.append(channel)

    def _now(self) -> None:
        now = self._clock()
        ready, self._ready = self._ready, []
        for channel in ready:
            self._pacer.spoke(channel, now)
        self._speak([channel for channel in ready if not channel.abandoned])

    def _set_timer(self, when: float) -> None:
        if self._timer is not None:
            if self._timer_at <= when:
                return
            self._timer.cancel()
        self._timer_at = when
        self._timer = self._loop.call_at(when, self._due)

    def _due(self) -> None:
        self._timer = None
        for channel in self._pacer.due(max(self._clock(), self._timer_at)):
            self._soon(channel)
        if self._pacer.next is not None:
            self._set_timer(self._pacer.next)
