"""What a backend may do to rooms and users, whatever way it asks."""

from collections import Counter

from renown.gateway.gateway import Gateway
from renown.gateway.nodes.messages import (
    Count,
    Describe,
    Described,
    Disconnecting,
    Refreshing,
    Subscribing,
    Target,
    Unsubscribing,
)
from renown.gateway.nodes.nodes import Unanswered
from renown.protocol.access import ServerSubscription
from renown.protocol.codes import ERRORS, Disconnect, Error
from renown.protocol.effects import History, Position, ReadHistory
from renown.protocol.replies import ClientInfo
from renown.rooms.room import Draft

__all__ = ["Operations", "Target"]


class Operations:
    """Acts on the connections and rooms of all processes on the same data."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def publish(self, channel: str, draft: Draft, *, keep: bool = True) -> Position | Error:
        """Publish into a room; without `keep` those who watch now get it and nobody later."""
        return await self._gateway.publish(channel, draft, keep=keep)

    async def subscribe(
        self,
        target: Target,
        channel: str,
        terms: ServerSubscription,
        since: Position | None,
        ttl: float | None = None,
    ) -> Error | None:
        """Subscribe open connections to a channel, for `ttl` seconds; None: for as long as they last."""
        route = self._gateway.access.route(channel)
        if isinstance(route, Error):
            return route
        return await self._gateway.acts.do(target, Subscribing.on(channel, terms, since, ttl))

    async def unsubscribe(self, target: Target, channel: str) -> Error | None:
        """End subscriptions; clients do not come back by themselves."""
        return await self._gateway.acts.do(target, Unsubscribing(channel))

    async def disconnect(self, target: Target, why: Disconnect) -> Error | None:
        """Close connections."""
        return await self._gateway.acts.do(target, Disconnecting(why.code, why.reason))

    async def refresh(self, target: Target, ttl: float | None, *, expired: bool) -> Error | None:
        """Let connections live `ttl` seconds from now, None: for ever; or end them as expired."""
        return await self._gateway.acts.do(target, Refreshing(ttl, expired))

    def presence(self, channel: str) -> dict[str, ClientInfo] | Error:
        """Return who is in a channel."""
        route = self._gateway.access.route(channel)
        if isinstance(route, Error):
            return route
        return self._gateway.hub.presence(channel) if route.presence else ERRORS.NOT_AVAILABLE

    async def history(self, wanted: ReadHistory) -> History | Error:
        """Read the log of a channel."""
        route = self._gateway.access.route(wanted.channel)
        if isinstance(route, Error):
            return route
        return await self._gateway.history(wanted) if route.history else ERRORS.NOT_AVAILABLE

    async def forget(self, channel: str) -> Error | None:
        """Forget a room's log: its channel begins anew under another epoch."""
        return await self._gateway.forget(channel)

    def channels(self, pattern: str = "") -> dict[str, int]:
        """Return the channels that are watched in this process, with their number of subscribers."""
        return self._gateway.telling.watched(pattern)

    async def all_channels(self, pattern: str = "") -> dict[str, int] | Error:
        """Return the channels that are watched in any process, with their number of subscribers."""
        watched = Counter(self.channels(pattern))
        try:
            for counted in (await self._gateway.nodes.ask_all(Count(pattern))).values():
                watched.update(counted.channels)
        except Unanswered:
            return ERRORS.INTERNAL
        return dict(watched)

    async def describe(self) -> dict[str, Described] | Error:
        """Tell how each process does, by node; this one comes first."""
        try:
            others = await self._gateway.nodes.ask_all(Describe())
        except Unanswered:
            return ERRORS.INTERNAL
        return {self._gateway.node: self._gateway.telling.describe()} | others
