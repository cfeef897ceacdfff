"""What sessions go by: who somebody is, what there is, and what they may do with it."""

from collections.abc import Collection

from renown.gateway.admission.limits import Limiter
from renown.gateway.admission.permissions import Permissions
from renown.gateway.admission.tokens import Tokens
from renown.gateway.channels import Channels
from renown.protocol.access import (
    Action,
    ConnectionClaims,
    Route,
    ServerSubscription,
    SubscriptionClaims,
)
from renown.protocol.codes import ERRORS, Error
from renown.protocol.replies import ClientInfo

__all__ = ["Admission"]


class Admission:
    """The surroundings of all sessions of a process; see `protocol.access.Access`."""

    def __init__(
        self,
        tokens: Tokens,
        channels: Channels,
        permissions: Permissions,
        limiter: Limiter,
        methods: Collection[str],
        *,
        anonymous: bool,
    ) -> None:
        """`methods` are the names of what may be called, `anonymous` lets clients connect without a token."""
        self.anonymous = anonymous
        self._tokens = tokens
        self._channels = channels
        self._permissions = permissions
        self._limiter = limiter
        self._methods = methods

    def connection(self, token: str) -> ConnectionClaims:
        """Verify a connection token; raise `TokenRefused`, or `KeysPending`."""
        return self._tokens.connection(token)

    def subscription(self, token: str) -> SubscriptionClaims:
        """Verify a subscription token; raise `TokenRefused`, or `KeysPending`."""
        return self._tokens.subscription(token)

    def blocked(self, claims: ConnectionClaims) -> bool:
        """Tell whether the user may not connect: blocked, or the token revoked."""
        return self._permissions.blocked(claims)

    def revoked(self, claims: SubscriptionClaims) -> bool:
        """Tell whether a good subscription token was revoked."""
        return self._permissions.revoked(claims)

    def crowded(self, user: str) -> bool:
        """Tell whether the user has as many connections as may be."""
        return self._limiter.crowded(user)

    def server_side(self, claims: ConnectionClaims) -> dict[str, ServerSubscription]:
        """Return the subscriptions the server makes: those of the token, and `user:<id>`."""
        return self._permissions.server_side(claims)

    def route(self, channel: str) -> Route | Error:
        """Return how a channel behaves."""
        return self._channels.route(channel)

    def may(self, action: Action, channel: str, who: ConnectionClaims, *, subscribed: bool) -> bool:
        """Tell whether somebody may do something in a channel without a token for it."""
        return self._permissions.may(action, channel, who, subscribed=subscribed)

    def may_call(self, method: str) -> Error | None:
        """Return why a method cannot be called."""
        if method in self._methods:
            return None
        family = method.partition(".")[0] + "."
        known = any(name.startswith(family) for name in self._methods)
        return ERRORS.METHOD_NOT_FOUND if known else ERRORS.NOT_AVAILABLE

    def seen_as(self, who: ConnectionClaims, client: str) -> ClientInfo:
        """Return how others see a connection."""
        return ClientInfo(who.user, client, who.info)
