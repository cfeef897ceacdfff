"""What a backend may do to rooms and users, whatever way it asks."""

from collections import Counter
from fnmatch import fnmatchcase

import msgspec

from renown.gateway.client import Client
from renown.gateway.gateway import Gateway
from renown.protocol.access import ServerSubscription
from renown.protocol.codes import DISCONNECTS, ERRORS, UNSUBSCRIBES, Disconnect, Error
from renown.protocol.effects import History, Position, ReadHistory
from renown.protocol.replies import ClientInfo
from renown.rooms.room import Draft

__all__ = ["Operations", "Target"]


class Target(msgspec.Struct, frozen=True):
    """Which connections are meant: all of a user, or one of them."""

    user: str
    client: str = ""
    session: str = ""
    keep: tuple[str, ...] = ()
    """Client ids that are left alone."""


class Operations:
    """Acts on one process's connections, and on the rooms of all."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def publish(self, channel: str, draft: Draft, *, keep: bool = True) -> Position | Error:
        """Publish into a room; without `keep` those who watch now get it and nobody later."""
        return await self._gateway.publish(channel, draft, keep=keep)

    def subscribe(
        self,
        target: Target,
        channel: str,
        terms: ServerSubscription,
        since: Position | None,
        ttl: float | None = None,
    ) -> Error | None:
        """Subscribe open connections to a channel, for `ttl` seconds; None: for as long as they last."""
        route = self._gateway.route(channel)
        if isinstance(route, Error):
            return route
        for client in self._meant(target):
            client.subscribe(channel, terms, since, ttl)
        return None

    def unsubscribe(self, target: Target, channel: str) -> None:
        """End subscriptions; clients do not come back by themselves."""
        for client in self._meant(target):
            client.unsubscribe(channel, UNSUBSCRIBES.SERVER)

    def disconnect(self, target: Target, why: Disconnect) -> None:
        """Close connections."""
        for client in self._meant(target):
            client.close(why)

    def refresh(self, target: Target, ttl: float | None, *, expired: bool) -> None:
        """Let connections live `ttl` seconds from now, None: for ever; or end them as expired."""
        for client in self._meant(target):
            if expired:
                client.close(DISCONNECTS.EXPIRED)
            else:
                client.extend(ttl)

    def presence(self, channel: str) -> dict[str, ClientInfo] | Error:
        """Return who is in a channel."""
        route = self._gateway.route(channel)
        if isinstance(route, Error):
            return route
        return self._gateway.hub.presence(channel) if route.presence else ERRORS.NOT_AVAILABLE

    async def history(self, wanted: ReadHistory) -> History | Error:
        """Read the log of a channel."""
        route = self._gateway.route(wanted.channel)
        if isinstance(route, Error):
            return route
        return await self._gateway.history(wanted) if route.history else ERRORS.NOT_AVAILABLE

    async def forget(self, channel: str) -> Error | None:
        """Forget a room's log: its channel begins anew under another epoch."""
        return await self._gateway.forget(channel)

    def channels(self, pattern: str = "") -> dict[str, int]:
        """Return the channels that are watched in this process, with their number of subscribers."""
        watched: Counter[str] = Counter()
        for channels in (self._gateway.hub.channels, self._gateway.maps.channels):
            for name, channel in channels.items():
                if not pattern or fnmatchcase(name, pattern):
                    watched[name] += len(channel.members)
        return dict(watched)

    def _meant(self, target: Target) -> list[Client]:
        return [client for client in self._gateway.users.get(target.user, ()) if _is_meant(client, target)]


def _is_meant(client: Client, target: Target) -> bool:
    session = client.session
    if session is None or session.client in target.keep:
        return False
    if target.session and session.secret != target.session:
        return False
    return not target.client or session.client == target.client
