"""WebSocket's own pings, for clients that ask for them instead of the protocol's (section 2.1)."""

import asyncio
from collections.abc import Callable
from typing import Final

__all__ = ["FRAME_PINGS", "FramePings"]

FRAME_PINGS: Final = "cf_ws_frame_ping_pong"
"""In the URL: the client wants control frames as pings."""
_DEADLINE: Final = 10.0


class FramePings:
    """Pings one connection and notices when it does not answer. Few ask for it, so it may have a timer."""

    def __init__(self, interval: float, ping: Callable[[], None], silent: Callable[[], None]) -> None:
        """`ping` sends a ping every `interval` seconds; `silent` is called when one stays unanswered."""
        self._interval = interval
        self._ping = ping
        self._silent = silent
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(interval, self._send)

    def answered(self) -> None:
        """Note that the client answered."""
        self._timer.cancel()
        self._timer = self._loop.call_later(self._interval, self._send)

    def stop(self) -> None:
        """Ping no more."""
        self._timer.cancel()

    def _send(self) -> None:
        self._timer = self._loop.call_later(_DEADLINE, self._silent)
        self._ping()
