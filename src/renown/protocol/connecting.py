"""Who may connect, and for how long: the rules of `connect` and `refresh`.

Everything here raises `Failed` where the client may go on, and `Ended` where it may not, and lets
`KeysPending` through where the keys that verify a token are still to be fetched.
"""

from collections import deque
from math import ceil
from typing import Final

import msgspec

from renown.protocol.access import Access, ConnectionClaims, Limits, Refusal, SubscriptionClaims, TokenRefused
from renown.protocol.caller import Caller
from renown.protocol.codes import DISCONNECTS, ERRORS
from renown.protocol.commands import ConnectRequest, RefreshRequest, SubscribeRequest
from renown.protocol.outcomes import Ended, Failed
from renown.protocol.replies import ConnectResult, Push, SubscribeResult, whole_seconds
from renown.protocol.subscribing import server_terms
from renown.protocol.terms import Terms

__all__ = ["ANONYMOUS", "Opening", "admit", "greeting", "renew", "wanted"]

ANONYMOUS: Final = ConnectionClaims("")
"""Nobody in particular."""


class Opening:
    """A connect command whose server-side subscriptions are being made."""

    __slots__ = ("early", "held", "number", "results", "waiting")

    def __init__(self, number: int, waiting: deque[Terms]) -> None:
        self.number = number
        self.waiting = waiting
        self.results: dict[str, SubscribeResult] = {}
        self.held = False
        """Whether anything was asked to be held back."""
        self.early: list[Push] = []
        """What is to be said right after the connect reply."""

    def take(self, channel: str, result: SubscribeResult) -> None:
        """Note that a subscription was made.

        Clients read the publications of a result only when it is recovered: others follow as pushes.
        """
        if not result.recovered:
            self.early += [Push(channel=channel, pub=pub) for pub in result.publications]
            result = msgspec.structs.replace(result, publications=())
        self.results[channel] = result

    def leave(self, channel: str) -> None:
        """Note that a subscription was taken away again."""
        self.results.pop(channel, None)
        self.early = [push for push in self.early if push.channel != channel]


def admit(access: Access, request: ConnectRequest) -> ConnectionClaims:
    """Return who connects."""
    if not request.token:
        if not access.anonymous:
            raise Ended(DISCONNECTS.BAD_REQUEST)
        return _welcome(access, ANONYMOUS)
    try:
        claims = access.connection(request.token)
    except TokenRefused as refused:
        if refused.why is Refusal.EXPIRED:
            raise Failed(ERRORS.TOKEN_EXPIRED) from refused
        raise Ended(DISCONNECTS.INVALID_TOKEN) from refused
    if not claims.user and not access.anonymous:
        raise Ended(DISCONNECTS.PERMISSION_DENIED)
    if claims.ttl is not None and claims.ttl <= 0:
        raise Failed(ERRORS.EXPIRED)
    return _welcome(access, claims)


def _welcome(access: Access, claims: ConnectionClaims) -> ConnectionClaims:
    _check_blocked(access, claims)
    if access.crowded(claims.user):
        raise Ended(DISCONNECTS.CONNECTION_LIMIT)
    return claims


def _check_blocked(access: Access, claims: ConnectionClaims) -> None:
    if not access.blocked(claims):
        return
    token = SubscriptionClaims(claims.user, "", token_id=claims.token_id, issued_at=claims.issued_at)
    raise Ended(DISCONNECTS.INVALID_TOKEN if access.revoked(token) else DISCONNECTS.PERMISSION_DENIED)


def wanted(caller: Caller, subs: dict[str, SubscribeRequest] | None) -> deque[Terms]:
    """Return the subscriptions to make as the connection opens.

    `subs` says where the client stands in those it had. Channels that do not exist are left out.
    """
    made = caller.access.server_side(caller.claims)
    if len(made) > caller.limits.server_channels:
        raise Ended(DISCONNECTS.CHANNEL_LIMIT)
    asked = subs or {}
    terms = (server_terms(caller, channel, said, asked.get(channel)) for channel, said in made.items())
    return deque(found for found in terms if found is not None)


def greeting(
    client: str,
    claims: ConnectionClaims,
    limits: Limits,
    subs: dict[str, SubscribeResult],
    uplink: tuple[str, str],
) -> ConnectResult:
    """Return the answer to a connect command; `uplink` is the session's secret and the node, or empty."""
    return ConnectResult(
        client=client,
        version=limits.version,
        expires=claims.ttl is not None,
        ttl=whole_seconds(claims.ttl),
        subs=subs,
        ping=ceil(limits.ping),
        pong=limits.ping > 0,
        session=uplink[0],
        node=uplink[1],
    )


def renew(access: Access, request: RefreshRequest, before: ConnectionClaims) -> ConnectionClaims:
    """Return the claims by which a connection goes on."""
    if not request.token:
        raise Ended(DISCONNECTS.BAD_REQUEST)
    try:
        claims = access.connection(request.token)
    except TokenRefused as refused:
        expired = refused.why is Refusal.EXPIRED
        raise Ended(DISCONNECTS.EXPIRED if expired else DISCONNECTS.INVALID_TOKEN) from refused
    if claims.user != before.user:
        raise Ended(DISCONNECTS.INVALID_TOKEN)
    _check_blocked(access, claims)
    if claims.ttl is not None and claims.ttl <= 0:
        raise Failed(ERRORS.EXPIRED)
    if access.server_side(claims).keys() != access.server_side(before).keys():
        raise Ended(DISCONNECTS.INSUFFICIENT_STATE)
    return claims
