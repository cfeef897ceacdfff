"""Users whose clients connect again and again: something keeps their connections from standing."""

from collections import OrderedDict
from typing import Final

__all__ = ["Loops"]

_USERS: Final = 10_000
"""Users counted at a time: who connected longest ago is forgotten first."""
_FLAGGED: Final = 100


class Loops:
    """Counts each user's connections within a minute. Times are seconds of a clock that never goes back."""

    def __init__(self, most: int = 20, window: float = 60.0) -> None:
        """`most`: how many connections within `window` are no loop yet."""
        self._most = most
        self._window = window
        self._recent: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """Since when, and how many."""
        self._flagged: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._now = 0.0

    @property
    def flagged(self) -> dict[str, int]:
        """The users in a loop, latest last, with how often they connected within one window. Bounded."""
        since = self._now - self._window
        return {user: count for user, (at, count) in self._flagged.items() if at > since}

    def connected(self, user: str, now: float) -> bool:
        """Count a connection of `user`; return whether with it a loop begins. Nobody is nobody's loop."""
        self._now = now
        if not user:
            return False
        began, count = self._recent.pop(user, (now, 0))
        if now - began > self._window:
            began, count = now, 0
        self._recent[user] = (began, count + 1)
        if len(self._recent) > _USERS:
            self._recent.popitem(last=False)
        if count < self._most:
            return False
        self._flagged.pop(user, None)
        self._flagged[user] = (now, count + 1)
        if len(self._flagged) > _FLAGGED:
            self._flagged.popitem(last=False)
        return count == self._most
