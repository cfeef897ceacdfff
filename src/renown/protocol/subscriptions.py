"""What one connection is subscribed to, and the maps it is still reading."""

from math import inf
from typing import Final

import msgspec

from renown.protocol.terms import Terms

__all__ = ["PLAIN", "Snapshot", "Subscription", "Subscriptions"]


class Subscription(msgspec.Struct, frozen=True, gc=False):
    """On what a subscription stands: enough to ask again whether it may."""

    expires_by: float = inf
    by_token: bool = False
    """Whether a token opened it; else it stands by the user's rights, or the server made it."""
    token_id: str = ""
    issued_at: float = 0.0
    server_side: bool = False
    """Whether the server made it."""
    info: msgspec.Raw | None = None
    """What the token tells others of it."""


PLAIN: Final = Subscription()
"""One that stands by the user's rights. There are very many of these, so they are all this one."""


class Snapshot(msgspec.Struct, frozen=True):
    """A map that the client has read a part of."""

    terms: Terms
    subscription: Subscription
    epoch: str
    offset: int
    """Where the first page froze."""
    finish_by: float
    catching_up: bool = False
    """Whether the state was read to its end, and only what changed since is missing."""
    lost: bool = False
    """Whether its changes can no longer be had in order."""


class Subscriptions:
    """The table. `due` is when the first entry has to be looked at."""

    __slots__ = ("_snapshots", "_standing", "due")

    def __init__(self) -> None:
        self._standing: dict[str, Subscription] = {}
        self._snapshots: dict[str, Snapshot] | None = None
        self.due = inf

    def __contains__(self, channel: object) -> bool:
        return channel in self._standing

    def __len__(self) -> int:
        return len(self._standing) + len(self._snapshots or ())

    def names(self) -> list[str]:
        """Return all channels, those of unfinished snapshots included."""
        return [*self._standing, *(self._snapshots or ())]

    def get(self, channel: str) -> Subscription | None:
        """Return a subscription; of an unfinished snapshot what it will become."""
        found = self._standing.get(channel)
        if found is None and (snapshot := self.snapshot(channel)) is not None:
            return snapshot.subscription
        return found

    def full(self, limit: int) -> bool:
        """Tell whether the client itself made as many as `limit`."""
        if len(self) < limit:
            return False
        made = sum(subscription.server_side for subscription in self._standing.values())
        return len(self) - made >= limit

    def put(self, channel: str, subscription: Subscription) -> None:
        """Let a subscription stand."""
        before = self._standing.get(channel)
        self.forget(channel)
        self._standing[channel] = subscription
        if before is not None and before.expires_by < inf:
            self._look()
        elif subscription.expires_by < self.due:
            self.due = subscription.expires_by

    def drop(self, channel: str) -> Subscription | None:
        """End a subscription, and return it if it stood."""
        dropped = self._standing.pop(channel, None)
        if dropped is not None and dropped.expires_by < inf:
            self._look()
        return dropped

    def expired(self, now: float) -> list[str]:
        """Return the subscriptions whose time is over."""
        return [name for name, held in self._standing.items() if now >= held.expires_by]

    # Snapshots

    def snapshot(self, channel: str) -> Snapshot | None:
        """Return what is known of a map that is being read."""
        return None if self._snapshots is None else self._snapshots.get(channel)

    def keep(self, channel: str, snapshot: Snapshot) -> None:
        """Note how far a map was read."""
        if self._snapshots is None:
            self._snapshots = {}
        self._snapshots[channel] = snapshot
        self._look()

    def forget(self, channel: str) -> bool:
        """Give a snapshot up; return whether there was one."""
        if self._snapshots is None or self._snapshots.pop(channel, None) is None:
            return False
        self._snapshots = self._snapshots or None
        self._look()
        return True

    def lose(self, channel: str) -> bool:
        """Note that a snapshot's changes cannot be had in order any more; return whether there is one."""
        snapshot = self.snapshot(channel)
        if snapshot is not None:
            self.keep(channel, msgspec.structs.replace(snapshot, lost=True))
        return snapshot is not None

    def overdue(self, now: float) -> bool:
        """Tell whether a snapshot was not read to its end in time."""
        return any(now >= snapshot.finish_by for snapshot in (self._snapshots or {}).values())

    def _look(self) -> None:
        standing = min((held.expires_by for held in self._standing.values()), default=inf)
        snapshots = min((held.finish_by for held in (self._snapshots or {}).values()), default=inf)
        self.due = min(standing, snapshots)
