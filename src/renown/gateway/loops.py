"""Users whose clients connect again and again: something keeps their connections from standing."""

from collections import OrderedDict
from heapq import nlargest
from operator import itemgetter
from typing import Final

__all__ = ["MOST", "Loops"]

MOST: Final = 20
"""How many connections of a user within a minute are no loop yet."""
_USERS: Final = 10_000
"""Users counted at a time: who connected longest ago is forgotten first."""
_FLAGGED: Final = 100
_RETURNED: Final = 3
"""From so many connections on, what a process counts of a user is told to those who add it up."""


class Loops:
    """Counts each user's connections within a minute. Times are seconds of a clock that never goes back."""

    def __init__(self, most: int = MOST, window: float = 60.0) -> None:
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

    @property
    def returning(self) -> dict[str, int]:
        """The users who connected a few times within one window, with how often, for adding up. Bounded."""
        since = self._now - self._window
        counts = {
            user: count for user, (at, count) in self._recent.items() if at > since and count >= _RETURNED
        }
        return dict(nlargest(_FLAGGED, (counts | self.flagged).items(), key=itemgetter(1)))

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
