"""Who may have a channel, and on what terms: the rules of `subscribe` and `sub_refresh`.

Everything here raises `Failed` where the client may go on, and `Ended` where it may not, and lets
`KeysPending` through where the keys that verify a token are still to be fetched.
"""

from collections.abc import Container
from typing import Final

import msgspec

from renown.protocol import filters
from renown.protocol.access import (
    CLIENTS_MAP,
    MAP,
    USERS_MAP,
    Action,
    Limits,
    Override,
    Refusal,
    Route,
    ServerSubscription,
    Shape,
    SubscriptionClaims,
    TokenRefused,
)
from renown.protocol.caller import Caller
from renown.protocol.codec import Codec
from renown.protocol.codes import DISCONNECTS, ERRORS, Error
from renown.protocol.commands import FilterNode, SubRefreshRequest, SubscribeRequest
from renown.protocol.effects import Answer, Log, Newest, Position
from renown.protocol.outcomes import Ended, Failed, given, required
from renown.protocol.recovery import newest_result, stream_result
from renown.protocol.replies import Publication, SubscribeResult, whole_seconds
from renown.protocol.subscriptions import PLAIN, Subscription, Subscriptions
from renown.protocol.terms import Terms

__all__ = [
    "MAPS",
    "accept",
    "check",
    "held",
    "permit",
    "renew",
    "renewed",
    "server_terms",
    "spoken",
    "stands",
    "terms_for",
]

MAPS: Final = (MAP, CLIENTS_MAP, USERS_MAP)
"""The types of subscriptions to maps."""

_REFUSE_UNRECOVERED: Final = 2
_FOSSIL: Final = "fossil"
_NOTHING_SAID: Final = SubscribeRequest()


class _Form(msgspec.Struct, frozen=True):
    form: str | None = None


_FORM: Final = msgspec.json.Decoder(_Form)


def check(request: SubscribeRequest, subscriptions: Subscriptions, limits: Limits) -> str:
    """Return the channel that may be asked for."""
    channel = required(request.channel)
    if request.delta not in (None, "", _FOSSIL):
        raise Ended(DISCONNECTS.BAD_REQUEST)
    if len(channel.encode(errors="replace")) > limits.channel_name:
        raise Failed(ERRORS.BAD_REQUEST)
    if channel in subscriptions:
        raise Failed(ERRORS.ALREADY_SUBSCRIBED)
    if subscriptions.full(limits.channels) and subscriptions.snapshot(channel) is None:
        raise Failed(ERRORS.LIMIT_EXCEEDED)
    return channel


def permit(caller: Caller, token: str | None, channel: str, route: Route) -> SubscriptionClaims | None:
    """Return what the token says that opens the channel; None when it is open without one."""
    if token:
        return _by_token(caller, token, channel)
    if not caller.may_subscribe(channel, route):
        # Clients that come back ask for all their channels at once, in whatever order.
        soon = route.presence_of and caller.access.may(
            Action.SUBSCRIBE, channel, caller.claims, subscribed=True
        )
        raise Failed(ERRORS.PERMISSION_DENIED_YET if soon else ERRORS.PERMISSION_DENIED)
    return None


def _by_token(caller: Caller, token: str, channel: str) -> SubscriptionClaims:
    try:
        claims = caller.access.subscription(token)
    except TokenRefused as refused:
        expired = refused.why is Refusal.EXPIRED
        raise Failed(ERRORS.TOKEN_EXPIRED if expired else ERRORS.PERMISSION_DENIED) from refused
    if not _is_about(claims, channel, caller):
        raise Ended(DISCONNECTS.INVALID_TOKEN)
    if caller.access.revoked(claims):
        raise Failed(ERRORS.PERMISSION_DENIED)
    return _lasting(claims)


def renew(caller: Caller, request: SubRefreshRequest) -> SubscriptionClaims:
    """Return the claims by which a subscription goes on; they name its channel."""
    subscribed: Container[str] = caller.subscriptions
    if request.channel and request.channel not in subscribed:
        raise Failed(ERRORS.PERMISSION_DENIED)
    if not request.token:
        raise Failed(ERRORS.BAD_REQUEST)
    try:
        claims = caller.access.subscription(request.token)
    except TokenRefused as refused:
        if refused.why is Refusal.EXPIRED:
            raise Failed(ERRORS.TOKEN_EXPIRED_RETRY) from refused
        raise Ended(DISCONNECTS.INVALID_TOKEN) from refused
    # centrifuge-python 0.5 leaves the channel out: the token names it.
    if not _is_about(claims, request.channel or claims.channel, caller) or caller.access.revoked(claims):
        raise Ended(DISCONNECTS.INVALID_TOKEN)
    if claims.channel not in subscribed:
        raise Failed(ERRORS.PERMISSION_DENIED)
    return _lasting(claims)


def terms_for(caller: Caller, request: SubscribeRequest, channel: str) -> Terms:
    """Return on what terms a client gets the channel that it asks for."""
    route = caller.route(channel)
    claims = permit(caller, request.token, channel, route)
    _check_type(request.type or 0, route)
    wanted = _filter(request.tf, route)
    override = _NO_OVERRIDE if claims is None else claims.override
    said = ServerSubscription() if claims is None else ServerSubscription(claims.info, claims.data, override)
    found = _granted(caller, channel, route, said, request, asks=True)
    return msgspec.structs.replace(
        found,
        claims=claims,
        strict=bool((request.flag or 0) & _REFUSE_UNRECOVERED),
        filter=wanted,
        packed=_packed(request.data, route, caller.codec),
    )


def server_terms(
    caller: Caller, channel: str, said: ServerSubscription, request: SubscribeRequest | None = None
) -> Terms | None:
    """Return on what terms the server gives a channel, or None when that cannot be.

    `request` says where the client stands in it.
    """
    route = caller.access.route(channel)
    if isinstance(route, Error) or not route.plain or channel in caller.subscriptions:
        return None
    found = _granted(caller, channel, route, said, request or _NOTHING_SAID, asks=False)
    return msgspec.structs.replace(found, server_side=True)


_NO_OVERRIDE: Final = Override()


def _granted(
    caller: Caller,
    channel: str,
    route: Route,
    said: ServerSubscription,
    request: SubscribeRequest,
    *,
    asks: bool,
) -> Terms:
    """Return what both kinds of subscriptions have in common; `asks`: wishes of the client count."""
    override = said.override
    recoverable, positioned = _positions(caller, channel, route, override, request if asks else _NOTHING_SAID)
    recovering = bool(request.recover)
    shown = _either(override.presence, route.presence) or _either(override.join_leave, route.join_leave)
    return Terms(
        channel,
        route,
        recover=Position(request.epoch or "", request.offset or 0) if recovering and recoverable else None,
        recovering=recovering,
        recoverable=recoverable,
        positioned=positioned,
        delta=route.delta and request.delta == _FOSSIL and request.tf is None,
        info=caller.seen_as(said.info) if shown else None,
        joins=_joins(caller, channel, route, override, asked=asks and bool(request.join_leave)),
        chan_info=said.info,
        data=said.data,
    )


def _positions(
    caller: Caller, channel: str, route: Route, override: Override, request: SubscribeRequest
) -> tuple[bool, bool]:
    """Return whether the subscription is recoverable, and whether it is positioned."""
    if not route.logged:
        return False, False
    if _either(override.force_recovery, route.recover):
        return True, True
    positioned = bool(override.force_positioning)
    asks_recovery = bool(request.recoverable or request.recover)
    if not asks_recovery and not request.positioned:
        return False, positioned
    if not caller.may(Action.HISTORY, channel):
        return False, positioned
    return asks_recovery, True


def _joins(caller: Caller, channel: str, route: Route, override: Override, *, asked: bool) -> bool:
    if not _either(override.join_leave, route.join_leave):
        return False
    if _either(override.force_push_join_leave, route.force_join_leave):
        return True
    return asked and caller.access.may(Action.PRESENCE, channel, caller.claims, subscribed=True)


def accept(terms: Terms, found: Answer | Error) -> SubscribeResult:
    """Return the result for a channel as it was found, unless it was not.

    Publications come as this client is told them: where patches were agreed on they are text or patches
    already.
    """
    if isinstance(found, Newest):
        result = newest_result(found, terms.recover)
    elif not isinstance(found, Log):
        raise Failed(found if isinstance(found, Error) else ERRORS.INTERNAL)
    elif terms.route.shape is Shape.NEWEST:
        result = newest_result(_newest_of(found), terms.recover)
    else:
        result = stream_result(found, terms.recover)
    if terms.strict and terms.recovering and not result.recovered:
        raise Failed(ERRORS.UNRECOVERABLE_POSITION)
    if _is_as_found(terms):
        return result
    ttl = None if terms.claims is None else terms.claims.ttl
    placed = terms.positioned
    return msgspec.structs.replace(
        result,
        expires=ttl is not None,
        ttl=whole_seconds(ttl),
        recoverable=terms.recoverable,
        positioned=placed,
        epoch=result.epoch if placed else "",
        offset=result.offset if placed else 0,
        was_recovering=terms.recovering,
        data=terms.data,
        delta=terms.delta,
    )


def _is_as_found(terms: Terms) -> bool:
    """Tell whether a result needs nothing that only the terms know: so it is with most."""
    return terms.recoverable and terms.claims is None and terms.data is None and not terms.delta


def _newest_of(log: Log) -> Newest:
    newest = log.publications[-1] if log.publications else None
    return Newest(log.epoch, log.top, b"" if newest is None else bytes(newest.data), newest)


def spoken(publications: tuple[Publication, ...], terms: Terms, codec: Codec) -> tuple[Publication, ...]:
    """Return a map's entries as results say them: where patches were agreed on, data is text in JSON."""
    if not terms.delta or not codec.json:
        return publications
    return tuple(
        pub if pub.removed else msgspec.structs.replace(pub, data=msgspec.Raw(codec.text(bytes(pub.data))))
        for pub in publications
    )


def held(terms: Terms, expires_by: float) -> Subscription:
    """Return what is kept of a subscription that stands."""
    claims = terms.claims
    if claims is None:
        if not terms.server_side:
            return PLAIN
        return Subscription(expires_by, server_side=True, info=terms.chan_info)
    return Subscription(
        expires_by,
        by_token=True,
        token_id=claims.token_id,
        issued_at=claims.issued_at,
        server_side=terms.server_side,
        info=terms.chan_info,
    )


def renewed(before: Subscription, claims: SubscriptionClaims, expires_by: float) -> Subscription:
    """Return a subscription as it goes on by a newer token."""
    return msgspec.structs.replace(
        before, expires_by=expires_by, by_token=True, token_id=claims.token_id, issued_at=claims.issued_at
    )


def stands(caller: Caller, channel: str, subscription: Subscription) -> bool:
    """Tell whether a subscription that was granted would be granted again."""
    if subscription.server_side:
        return True
    if subscription.by_token:
        claims = SubscriptionClaims(
            caller.claims.user, channel, token_id=subscription.token_id, issued_at=subscription.issued_at
        )
        return not caller.access.revoked(claims)
    route = caller.access.route(channel)
    return not isinstance(route, Error) and caller.may_subscribe(channel, route)


def _check_type(kind: int, route: Route) -> None:
    if not (route.plain if kind == 0 else route.map and kind == route.map_type):
        raise Failed(ERRORS.BAD_REQUEST)


def _filter(node: FilterNode | None, route: Route) -> FilterNode | None:
    if node is None:
        return None
    if not route.filters:
        raise Failed(ERRORS.BAD_REQUEST)
    try:
        filters.check(node)
    except filters.BadFilter as error:
        raise Failed(ERRORS.BAD_REQUEST) from error
    return node


def _packed(data: msgspec.Raw, route: Route, codec: Codec) -> bool:
    """Tell whether standings are wanted in their Protobuf form."""
    said = given(data, json=codec.json)
    if not route.packed or not said:
        return False
    try:
        form = _FORM.decode(said).form
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    if form in (None, "", "json"):
        return False
    if form != "protobuf" or codec.json:
        raise Failed(ERRORS.BAD_REQUEST)
    return True


def _is_about(claims: SubscriptionClaims, channel: str, caller: Caller) -> bool:
    same = claims.channel == channel and claims.user == caller.claims.user
    return same and claims.client in ("", caller.client)


def _lasting(claims: SubscriptionClaims) -> SubscriptionClaims:
    if claims.ttl is not None and claims.ttl <= 0:
        raise Failed(ERRORS.EXPIRED)
    return claims


def _either(value: bool | None, rule: bool) -> bool:
    """Return what a token says, or where it is silent what the channel's rule says."""
    return rule if value is None else value
