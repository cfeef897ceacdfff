"""What the claims of client tokens say, as the protocol's structs."""

import base64
import binascii
from math import isfinite

import msgspec

from renown.protocol.access import (
    ConnectionClaims,
    Override,
    Refusal,
    Rights,
    ServerSubscription,
    SubscriptionClaims,
    TokenRefused,
)

__all__ = ["Claims", "claims_of", "connection_claims", "subscription_claims"]


class _Flag(msgspec.Struct, frozen=True):
    value: bool = False


class _Override(msgspec.Struct, frozen=True):
    presence: _Flag | None = None
    join_leave: _Flag | None = None
    force_push_join_leave: _Flag | None = None
    force_recovery: _Flag | None = None
    force_positioning: _Flag | None = None


class _Subscription(msgspec.Struct, frozen=True):
    """A value of `subs`."""

    info: msgspec.Raw = msgspec.Raw()
    b64info: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    b64data: str | None = None
    override: _Override | None = None


class Claims(msgspec.Struct, frozen=True):
    """All claims that mean something here; others are passed over."""

    sub: str | None = None
    exp: float | None = None
    nbf: float | None = None
    iat: float | None = None
    jti: str | None = None
    aud: str | list[str] | None = None
    iss: str | None = None
    channel: str | None = None
    client: str | None = None
    info: msgspec.Raw = msgspec.Raw()
    b64info: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    b64data: str | None = None
    expire_at: float | None = None
    override: _Override | None = None
    channels: list[str] | None = None
    subs: dict[str, _Subscription] | None = None
    rights: Rights | None = None


_CLAIMS = msgspec.json.Decoder(Claims)


def claims_of(payload: bytes) -> Claims:
    """Return the claims in a token's payload; raise `ValueError` when it cannot be read."""
    claims = _CLAIMS.decode(payload)
    for time in (claims.exp, claims.nbf, claims.iat, claims.expire_at):
        if time is not None and not isfinite(time):
            raise ValueError("a time is not finite")
    return claims


def connection_claims(claims: Claims, ttl: float | None) -> ConnectionClaims:
    """Return who connects, for `ttl` seconds; raise `TokenRefused` for what cannot be meant."""
    return ConnectionClaims(
        user=claims.sub or "",
        ttl=ttl,
        info=_json(claims.info, claims.b64info, "info"),
        subs=_subscriptions(claims),
        rights=claims.rights or Rights(),
        token_id=claims.jti or "",
        issued_at=claims.iat or 0.0,
    )


def subscription_claims(claims: Claims, ttl: float | None) -> SubscriptionClaims:
    """Return what may be subscribed to, for `ttl` seconds; raise `TokenRefused` for what cannot be meant."""
    return SubscriptionClaims(
        user=claims.sub or "",
        channel=claims.channel or "",
        ttl=ttl,
        client=claims.client or "",
        data=_json(claims.data, claims.b64data, "data"),
        info=_json(claims.info, claims.b64info, "info"),
        override=_override(claims.override),
        token_id=claims.jti or "",
        issued_at=claims.iat or 0.0,
    )


def _subscriptions(claims: Claims) -> dict[str, ServerSubscription]:
    """Return what the server subscribes to: `subs`, or else `channels`."""
    if claims.subs is None:
        return {channel: ServerSubscription() for channel in claims.channels or ()}
    return {
        channel: ServerSubscription(
            info=_json(each.info, each.b64info, "info"),
            data=_json(each.data, each.b64data, "data"),
            override=_override(each.override),
        )
        for channel, each in claims.subs.items()
    }


def _override(said: _Override | None) -> Override:
    if said is None:
        return Override()
    flags = {name: getattr(said, name) for name in Override.__struct_fields__}
    return Override(**{name: None if flag is None else flag.value for name, flag in flags.items()})


def _json(plain: msgspec.Raw, encoded: str | None, name: str) -> msgspec.Raw | None:
    """Return what is for clients as compact JSON; the base64 form wins."""
    try:
        text = base64.b64decode(encoded, validate=True) if encoded else bytes(plain)
        if text in (b"", b"null"):
            return None
        return msgspec.Raw(msgspec.json.encode(msgspec.json.decode(text)))
    except (binascii.Error, ValueError) as error:
        raise TokenRefused(Refusal.INVALID, f"the token's {name} is no JSON") from error
