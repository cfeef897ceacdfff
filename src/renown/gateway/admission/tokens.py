"""Client tokens: JWTs that say who connects and what they may subscribe to.

A token is verified only with a key of the family its algorithm needs, so a public key can never
be taken for a shared secret, and `none` is no algorithm at all.
"""

import base64
import binascii
import time
import warnings
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any, Final

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey

from renown.errors import SettingsError
from renown.gateway.options import KeyOptions, TokenOptions
from renown.protocol.access import ConnectionClaims, Refusal, SubscriptionClaims, TokenRefused

__all__ = ["Tokens"]

_LEAST_SECRET: Final = 32
_HMAC: Final = ("HS256", "HS384", "HS512")
_RSA: Final = ("RS256", "RS384", "RS512")
_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_LONGEST_TOKEN: Final = 16_384


class _Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str | None = None


class _Claims(msgspec.Struct, frozen=True):
    sub: str | None = None
    exp: float | None = None
    nbf: float | None = None
    aud: str | list[str] | None = None
    iss: str | None = None
    channel: str | None = None
    client: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    b64data: str | None = None
    expire_at: float | None = None


_HEADER = msgspec.json.Decoder(_Header)
_CLAIMS = msgspec.json.Decoder(_Claims)


class Tokens:
    """Verifies connection and subscription tokens, and issues them when there is a secret."""

    def __init__(self, options: TokenOptions, clock: Callable[[], float] = time.time) -> None:
        """Read the key files; raise `SettingsError` for one that cannot be used."""
        self._options = options
        self._clock = clock
        self._connection = _Verifier(options, "tokens")
        subscription = options.subscription
        self._subscription = (
            self._connection if subscription is None else _Verifier(subscription, "tokens.subscription")
        )

    @property
    def can_issue(self) -> bool:
        """Whether there is a secret to sign with."""
        return self._options.secret is not None

    def connection(self, token: str) -> ConnectionClaims:
        """Verify a connection token; raise `TokenRefused`."""
        claims = self._verify(self._connection, token)
        if claims.channel is not None:
            raise TokenRefused(Refusal.INVALID, "a subscription token does not open connections")
        return ConnectionClaims(claims.sub or "", self._ttl(claims))

    def subscription(self, token: str) -> SubscriptionClaims:
        """Verify a subscription token; raise `TokenRefused`."""
        claims = self._verify(self._subscription, token)
        if not claims.channel:
            raise TokenRefused(Refusal.INVALID, "the token names no channel")
        return SubscriptionClaims(
            claims.sub or "", claims.channel, self._ttl(claims), claims.client or "", _data(claims)
        )

    def issue(self, user: str, *, channel: str | None = None, lifetime: float | None = None) -> str:
        """Return a signed token for `user` ("" is anonymous), for one channel when it is named.

        Raises `SettingsError` without a secret to sign with.
        """
        keys = self._options
        if channel is not None and keys.subscription is not None:
            keys = keys.subscription
        if keys.secret is None:
            raise SettingsError("there is no secret to sign tokens with", field="tokens.secret")
        now = self._clock()
        claims: dict[str, Any] = {"sub": user, "iat": int(now)}
        claims["exp"] = int(now + (self._options.lifetime if lifetime is None else lifetime))
        optional = {"channel": channel, "aud": keys.audience, "iss": keys.issuer}
        claims |= {name: value for name, value in optional.items() if value is not None}
        return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(keys.secret), algorithms=["HS256"])

    def _verify(self, verifier: "_Verifier", token: str) -> _Claims:
        claims = verifier.claims(token)
        now = self._clock()
        if claims.exp is not None and claims.exp <= now:
            raise TokenRefused(Refusal.EXPIRED, "the token has expired")
        if claims.nbf is not None and claims.nbf > now:
            raise TokenRefused(Refusal.EXPIRED, "the token is not valid yet")
        return claims

    def _ttl(self, claims: _Claims) -> float | None:
        until = claims.exp if claims.expire_at is None else claims.expire_at
        if until is None or until == 0:
            return None
        return until - self._clock()


class _Verifier:
    """One set of keys."""

    def __init__(self, options: KeyOptions, field: str) -> None:
        self._keys: dict[str, list[Key]] = {}
        self._options = options
        for name in ("secret", "previous_secret"):
            self._add_secret(getattr(options, name), f"{field}.{name}")
        if options.public_key_file is not None:
            self._add(_public_key(options.public_key_file, f"{field}.public_key_file"))
        if options.jwks_file is not None:
            for key in _key_set(options.jwks_file, f"{field}.jwks_file"):
                self._add(key)

    def claims(self, token: str) -> _Claims:
        """Return the claims of a token with a good signature, audience and issuer."""
        claims = self._decode(token)
        wanted = self._options
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud or []
        if wanted.audience is not None and wanted.audience not in audiences:
            raise TokenRefused(Refusal.INVALID, "the token is for another audience")
        if wanted.issuer is not None and claims.iss != wanted.issuer:
            raise TokenRefused(Refusal.INVALID, "the token is from another issuer")
        return claims

    def _decode(self, token: str) -> _Claims:
        header = _header(token)
        for key in self._keys.get(header.alg, ()):
            if header.kid is not None and key.kid is not None and header.kid != key.kid:
                continue
            try:
                claims = _CLAIMS.decode(_payload(token, key, header.alg))
            except (JoseError, ValueError):
                continue
            if all(isfinite(t) for t in (claims.exp, claims.nbf, claims.expire_at) if t is not None):
                return claims
        raise TokenRefused(Refusal.INVALID, "no configured key verifies the token")

    def _add_secret(self, secret: str | None, field: str) -> None:
        if secret is None:
            return
        if len(secret.encode()) < _LEAST_SECRET:
            raise SettingsError("the secret is too short", field=field, expected="32 bytes or more")
        try:
            key = OctKey.import_key(secret)
        except ValueError as error:
            raise SettingsError(f"the secret cannot be used: {error}", field=field) from error
        for algorithm in _HMAC:
            self._keys.setdefault(algorithm, []).append(key)

    def _add(self, key: Key) -> None:
        for algorithm in _algorithms(key):
            self._keys.setdefault(algorithm, []).append(key)


def _payload(token: str, key: Key, algorithm: str) -> bytes:
    if algorithm != "EdDSA":
        return jws.deserialize_compact(token, key, algorithms=[algorithm]).payload or b""
    # joserfc warns of this name, which RFC 9864 replaces by `Ed25519`; providers still use it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return jws.deserialize_compact(token, key, algorithms=[algorithm]).payload or b""


def _algorithms(key: Key) -> tuple[str, ...]:
    """Return what a public key may verify; its own `alg` narrows that."""
    if isinstance(key, RSAKey):
        possible = _RSA
    elif isinstance(key, ECKey):
        possible = (_CURVES[key.curve_name],) if key.curve_name in _CURVES else ()
    elif isinstance(key, OKPKey):
        possible = ("EdDSA", "Ed25519") if key.curve_name == "Ed25519" else ()
    else:
        possible = ()
    return tuple(name for name in possible if key.alg in (None, name))


def _header(token: str) -> _Header:
    if len(token) > _LONGEST_TOKEN or token.count(".") != 2:
        raise TokenRefused(Refusal.INVALID, "not a token")
    encoded = token.partition(".")[0]
    try:
        return _HEADER.decode(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError as error:
        raise TokenRefused(Refusal.INVALID, "the token's header cannot be read") from error


def _data(claims: _Claims) -> msgspec.Raw | None:
    """Return the data for the client as compact JSON; `b64data` wins."""
    try:
        encoded = base64.b64decode(claims.b64data, validate=True) if claims.b64data else bytes(claims.data)
        if encoded in (b"", b"null"):
            return None
        return msgspec.Raw(msgspec.json.encode(msgspec.json.decode(encoded)))
    except (binascii.Error, ValueError) as error:
        raise TokenRefused(Refusal.INVALID, "the token's data is no JSON") from error


def _read(path: str, field: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}", field=field) from error


def _public_key(path: str, field: str) -> Key:
    text = _read(path, field)
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            return kind.import_key(text)
        except (JoseError, ValueError, TypeError):
            continue
    raise SettingsError(f"{path} holds no public key", field=field, expected="PEM: RSA, EC or Ed25519")


def _key_set(path: str, field: str) -> list[Key]:
    try:
        keys = KeySet.import_key_set(msgspec.json.decode(_read(path, field))).keys
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise SettingsError(f"{path} holds no key set: {error}", field=field, expected="a JWKS") from error
    return [key for key in keys if not isinstance(key, OctKey)]
