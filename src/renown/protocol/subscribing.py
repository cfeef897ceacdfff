"""Who may have a channel, and on what terms: the rules of `subscribe` and `sub_refresh`.

Everything here raises `Failed` where the client may go on, and `Ended` where it may not.
"""

from collections.abc import Collection

import msgspec

from renown.protocol.access import (
    Access,
    Action,
    ConnectionClaims,
    Limits,
    Refusal,
    Route,
    SubscriptionClaims,
    TokenRefused,
)
from renown.protocol.codes import DISCONNECTS, ERRORS, Error
from renown.protocol.commands import SubRefreshRequest, SubscribeRequest
from renown.protocol.effects import Log, Newest, Position
from renown.protocol.outcomes import Ended, Failed, required
from renown.protocol.recovery import newest_result, stream_result
from renown.protocol.replies import SubscribeResult, whole_seconds

__all__ = [
    "Wish",
    "accept",
    "check",
    "is_null",
    "may_read",
    "permit",
    "renew",
    "route_of",
    "terms",
]

_REFUSE_UNRECOVERED = 2


class Wish(msgspec.Struct, frozen=True):
    """What a subscription is to be once the channel is read."""

    recover: Position | None = None
    strict: bool = False
    """Refuse rather than answer `recovered: false`."""
    claims: SubscriptionClaims | None = None


def check(request: SubscribeRequest, subscribed: Collection[str], limits: Limits) -> str:
    """Return the channel that may be asked for."""
    channel = required(request.channel)
    if request.delta not in (None, "", "fossil"):
        raise Ended(DISCONNECTS.BAD_REQUEST)
    if len(channel.encode(errors="replace")) > limits.channel_name:
        raise Failed(ERRORS.BAD_REQUEST)
    if channel in subscribed:
        raise Failed(ERRORS.ALREADY_SUBSCRIBED)
    if len(subscribed) >= limits.channels:
        raise Failed(ERRORS.LIMIT_EXCEEDED)
    return channel


def route_of(access: Access, channel: str) -> Route:
    """Return how an existing channel behaves."""
    route = access.route(channel)
    if isinstance(route, Error):
        raise Failed(route)
    return route


def may_read(access: Access, channel: str, who: ConnectionClaims) -> bool:
    """Tell whether somebody may read a channel without a token for it."""
    return not channel.startswith("$") and access.may(Action.SUBSCRIBE, channel, who, subscribed=False)


def permit(access: Access, token: str, channel: str, user: str, client: str) -> SubscriptionClaims:
    """Return what a token says that opens `channel` for this connection."""
    try:
        claims = access.subscription(token)
    except TokenRefused as refused:
        expired = refused.why is Refusal.EXPIRED
        raise Failed(ERRORS.TOKEN_EXPIRED if expired else ERRORS.PERMISSION_DENIED) from refused
    if not _is_about(claims, channel, user, client):
        raise Ended(DISCONNECTS.INVALID_TOKEN)
    return _lasting(claims)


def renew(
    access: Access, request: SubRefreshRequest, subscribed: Collection[str], user: str, client: str
) -> SubscriptionClaims:
    """Return the claims by which a subscription goes on; they name its channel."""
    if request.channel and request.channel not in subscribed:
        raise Failed(ERRORS.PERMISSION_DENIED)
    if not request.token:
        raise Failed(ERRORS.BAD_REQUEST)
    try:
        claims = access.subscription(request.token)
    except TokenRefused as refused:
        if refused.why is Refusal.EXPIRED:
            raise Failed(ERRORS.TOKEN_EXPIRED_RETRY) from refused
        raise Ended(DISCONNECTS.INVALID_TOKEN) from refused
    # centrifuge-python 0.5 leaves the channel out: the token names it.
    if not _is_about(claims, request.channel or claims.channel, user, client):
        raise Ended(DISCONNECTS.INVALID_TOKEN)
    if claims.channel not in subscribed:
        raise Failed(ERRORS.PERMISSION_DENIED)
    return _lasting(claims)


def terms(request: SubscribeRequest, claims: SubscriptionClaims | None) -> Wish:
    """Return what the client wants of a channel that it may have."""
    if request.type or request.tf is not None:
        raise Failed(ERRORS.BAD_REQUEST)
    recover = Position(request.epoch or "", request.offset or 0) if request.recover else None
    return Wish(recover, bool((request.flag or 0) & _REFUSE_UNRECOVERED), claims)


def accept(wish: Wish, found: Newest | Log) -> SubscribeResult:
    """Return the result for a channel as it was found."""
    if isinstance(found, Log):
        result = stream_result(found, wish.recover)
    else:
        result = newest_result(found, wish.recover)
    if wish.strict and result.was_recovering and not result.recovered:
        raise Failed(ERRORS.UNRECOVERABLE_POSITION)
    claims = wish.claims
    if claims is None:
        return result
    ttl = claims.ttl
    return msgspec.structs.replace(result, expires=ttl is not None, ttl=whole_seconds(ttl), data=claims.data)


def is_null(raw: msgspec.Raw) -> bool:
    """Tell whether a field is absent or null."""
    return bytes(raw) in (b"", b"null")


def _is_about(claims: SubscriptionClaims, channel: str, user: str, client: str) -> bool:
    same = claims.channel == channel and claims.user == user
    return same and claims.client in ("", client)


def _lasting(claims: SubscriptionClaims) -> SubscriptionClaims:
    if claims.ttl is not None and claims.ttl <= 0:
        raise Failed(ERRORS.EXPIRED)
    return claims
