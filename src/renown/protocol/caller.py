"""Who sends a command, with all that decides what they get."""

import msgspec

from renown.protocol.access import Access, Action, ConnectionClaims, Limits, Route
from renown.protocol.codec import Codec
from renown.protocol.codes import Error
from renown.protocol.outcomes import Failed
from renown.protocol.replies import ClientInfo
from renown.protocol.subscriptions import Subscriptions

__all__ = ["Caller"]


class Caller(msgspec.Struct, frozen=True, gc=False):
    """One client, as the rules of commands see it."""

    access: Access
    limits: Limits
    codec: Codec
    client: str
    claims: ConnectionClaims
    subscriptions: Subscriptions

    def route(self, channel: str) -> Route:
        """Return how an existing channel behaves; raise `Failed` for any other."""
        route = self.access.route(channel)
        if isinstance(route, Error):
            raise Failed(route)
        return route

    def may_subscribe(self, channel: str, route: Route) -> bool:
        """Tell whether the channel may be had without a token for it."""
        # A subscriber of a channel may be let see who is there.
        subscribed = bool(route.presence_of) and route.presence_of in self.subscriptions
        return self.access.may(Action.SUBSCRIBE, channel, self.claims, subscribed=subscribed)

    def may(self, action: Action, channel: str) -> bool:
        """Tell whether something may be done in the channel by whoever has it, or has it not."""
        return self.access.may(action, channel, self.claims, subscribed=channel in self.subscriptions)

    def seen_as(self, chan_info: msgspec.Raw | None) -> ClientInfo:
        """Return how others see the connection in a channel."""
        info = self.access.seen_as(self.claims, self.client)
        if chan_info is None:
            return info
        return ClientInfo(info.user, info.client, info.conn_info, chan_info)

    def seen_in(self, channel: str) -> ClientInfo:
        """Return how others see the connection in a channel, by the subscription it has there."""
        subscription = self.subscriptions.get(channel)
        return self.seen_as(None if subscription is None else subscription.info)
