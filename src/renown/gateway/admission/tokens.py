"""Client tokens: JWTs that say who connects and what they may subscribe to.

A token is verified only with a key of the family its algorithm needs, so a public key can never
be taken for a shared secret, and `none` is no algorithm at all.
"""

import asyncio
import base64
import binascii
import contextlib
import hmac
import secrets
import time
import warnings
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import msgspec
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

from renown.errors import SettingsError
from renown.gateway.admission.claims import Claims, claims_of, connection_claims, subscription_claims
from renown.gateway.admission.key_sets import (
    FetchedKeys,
    FixedKeys,
    KeySource,
    WatchedKeys,
    key_set_file,
    public_key_file,
)
from renown.gateway.options import KeyOptions, TokenOptions
from renown.protocol.access import (
    ConnectionClaims,
    KeysPending,
    Refusal,
    SubscriptionClaims,
    TokenRefused,
)

__all__ = ["LONGEST_TOKEN", "Tokens"]

_LEAST_SECRET: Final = 32
_HMAC: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_RSA: Final = ("RS256", "RS384", "RS512")
_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_EDWARDS: Final = ("EdDSA", "Ed25519")
_PUBLIC: Final = frozenset((*_RSA, *_CURVES.values(), *_EDWARDS))
LONGEST_TOKEN: Final = 16_384
"""Characters of a token beyond which it is not even looked at."""


class _Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str | None = None
    crit: msgspec.Raw | None = None
    b64: msgspec.Raw | None = None


_HEADER = msgspec.json.Decoder(_Header)
_ALPHABET: Final = bytes.maketrans(b"-_+/=", b"+/\0\0\0")
_LAST: Final = (b"AEIMQUYcgkosw048", b"AQgw")
"""With which characters text of 4n + 3 and of 4n + 2 may end: the bits beyond the last byte are zero."""


class Tokens:
    """Verifies connection and subscription tokens, and issues them when there is a secret."""

    def __init__(self, options: TokenOptions, clock: Callable[[], float] = time.time) -> None:
        """Read the key files; raise `SettingsError` for one that cannot be used."""
        self._options = options
        self._clock = clock
        self._connection = _Verifier(options, "tokens", clock)
        subscription = options.subscription
        self._subscription = (
            self._connection
            if subscription is None
            else _Verifier(subscription, "tokens.subscription", clock)
        )

    @property
    def can_issue(self) -> bool:
        """Whether there is a secret to sign with."""
        return self._options.secret is not None

    def start(self) -> None:
        """Begin to fetch key sets, if there are any to fetch. Needs a running event loop."""
        for fetched in self._fetched():
            fetched.start()

    async def stop(self) -> None:
        """Fetch no more."""
        for fetched in self._fetched():
            await fetched.stop()

    async def refreshed(self, timeout: float = 1.0) -> bool:  # noqa: ASYNC109 - part of the promise
        """Wait until the keys asked for were fetched; tell whether they were.

        Not when that failed or takes longer than `timeout` seconds: whether a token is good is unknown then,
        and it should be tried again later.
        """
        waits = [fetched.fetched() for fetched in self._fetched()]
        try:
            async with asyncio.timeout(timeout):
                return all(await asyncio.gather(*waits))
        except TimeoutError:
            return False

    def connection(self, token: str) -> ConnectionClaims:
        """Verify a connection token.

        Raises:
            TokenRefused: it is not good.
            KeysPending: it names a key that is being fetched, or cannot be fetched now: see `refreshed`.

        """
        claims = self._verify(self._connection, token)
        if claims.channel is not None:
            raise TokenRefused(Refusal.INVALID, "a subscription token does not open connections")
        return connection_claims(claims, self._ttl(claims))

    def subscription(self, token: str) -> SubscriptionClaims:
        """Verify a subscription token; raise `TokenRefused` or `KeysPending`."""
        claims = self._verify(self._subscription, token)
        if not claims.channel:
            raise TokenRefused(Refusal.INVALID, "the token names no channel")
        return subscription_claims(claims, self._ttl(claims))

    def issue(
        self,
        user: str,
        *,
        channel: str | None = None,
        lifetime: float | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a signed token for `user` ("" is anonymous), for one channel when it is named.

        `claims` are further ones, such as `info`, `channels` and `rights`; those that are None are left out.

        Raises `SettingsError` without a secret to sign with.
        """
        keys = self._options
        if channel is not None and keys.subscription is not None:
            keys = keys.subscription
        if keys.secret is None:
            raise SettingsError("there is no secret to sign tokens with", field="tokens.secret")
        now = self._clock()
        # To the millisecond, so that a revocation knows what was issued before it from what comes after.
        said: dict[str, Any] = {"sub": user, "iat": round(now, 3), "jti": secrets.token_urlsafe(12)}
        said["exp"] = int(now + (self._options.lifetime if lifetime is None else lifetime))
        optional = {**(claims or {}), "channel": channel, "aud": keys.audience, "iss": keys.issuer}
        said |= {name: value for name, value in optional.items() if value is not None}
        return jwt.encode({"alg": "HS256"}, said, OctKey.import_key(keys.secret), algorithms=["HS256"])

    def _fetched(self) -> list[FetchedKeys]:
        verifiers = dict.fromkeys((self._connection, self._subscription))
        return [verifier.fetched for verifier in verifiers if verifier.fetched is not None]

    def _verify(self, verifier: "_Verifier", token: str) -> Claims:
        claims = verifier.claims(token)
        now = self._clock()
        if claims.exp is not None and claims.exp <= now:
            raise TokenRefused(Refusal.EXPIRED, "the token has expired")
        if claims.nbf is not None and claims.nbf > now:
            raise TokenRefused(Refusal.EXPIRED, "the token is not valid yet")
        return claims

    def _ttl(self, claims: Claims) -> float | None:
        until = claims.exp if claims.expire_at is None else claims.expire_at
        if until is None or until == 0:
            return None
        return until - self._clock()


class _Verifier:
    """One set of keys."""

    def __init__(self, options: KeyOptions, field: str, clock: Callable[[], float]) -> None:
        self._options = options
        self.fetched = (
            None if options.jwks_url is None else FetchedKeys(options.jwks_url, f"{field}.jwks_url")
        )
        self._sources = _sources(options, field, clock)
        if self.fetched is not None:
            self._sources.append(self.fetched)
        self._seen: list[list[Key]] = []
        self._keys: dict[str, list[Key]] = {}

    def claims(self, token: str) -> Claims:
        """Return the claims of a token with a good signature, audience and issuer."""
        claims = self._decode(token)
        wanted = self._options
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud or []
        if wanted.audience is not None and wanted.audience not in audiences:
            raise TokenRefused(Refusal.INVALID, "the token is for another audience")
        if wanted.issuer is not None and claims.iss != wanted.issuer:
            raise TokenRefused(Refusal.INVALID, "the token is from another issuer")
        return claims

    def _decode(self, token: str) -> Claims:
        header = _header(token)
        for key in self._table().get(header.alg, ()):
            if header.kid is not None and key.kid is not None and header.kid != key.kid:
                continue
            try:
                payload = _payload(token, key, header)
            except (JoseError, ValueError):
                continue
            try:
                return claims_of(payload)
            except ValueError as error:
                raise TokenRefused(Refusal.INVALID, f"the claims cannot be read: {error}") from error
        if self._may_be_fetched(header):
            raise KeysPending
        raise TokenRefused(Refusal.INVALID, "no configured key verifies the token")

    def _may_be_fetched(self, header: _Header) -> bool:
        """Tell whether fetching keys may bring the one that the token names."""
        fetched = self.fetched
        if fetched is None or header.alg not in _PUBLIC:
            return False
        known = fetched.keys()
        named = header.kid is not None and all(key.kid != header.kid for key in known)
        return (named or not known) and fetched.want(header.kid or "")

    def _table(self) -> dict[str, list[Key]]:
        """Return the keys by algorithm, put together anew when a source has others."""
        lists = [source.keys() for source in self._sources]
        if len(lists) != len(self._seen) or any(a is not b for a, b in zip(lists, self._seen, strict=True)):
            self._seen = lists
            self._keys = {}
            for key in chain.from_iterable(lists):
                for algorithm in _algorithms(key):
                    self._keys.setdefault(algorithm, []).append(key)
        return self._keys


def _sources(options: KeyOptions, field: str, clock: Callable[[], float]) -> list[KeySource]:
    sources: list[KeySource] = []
    if options.secret is not None:
        sources.append(
            FixedKeys([_secret(options.secret, f"{field}.secret", short=options.short_secrets)], None, clock)
        )
    until = _moment(options.previous_valid_until, f"{field}.previous_valid_until")
    if options.previous_secret is not None:
        key = _secret(options.previous_secret, f"{field}.previous_secret", short=options.short_secrets)
        sources.append(FixedKeys([key], until, clock))
    if options.public_key_file is not None:
        sources.append(WatchedKeys(options.public_key_file, f"{field}.public_key_file", public_key_file))
    if options.jwks_file is not None:
        sources.append(WatchedKeys(options.jwks_file, f"{field}.jwks_file", key_set_file))
    return sources


def _secret(secret: str, field: str, *, short: bool) -> Key:
    if len(secret.encode()) < _LEAST_SECRET and not short:
        raise SettingsError("the secret is too short", field=field, expected="32 bytes or more")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            return OctKey.import_key(secret)
    except ValueError as error:
        raise SettingsError(f"the secret cannot be used: {error}", field=field) from error


def _moment(text: str | None, field: str) -> float | None:
    """Return a time of the settings as POSIX seconds."""
    if text is None:
        return None
    with contextlib.suppress(ValueError):
        return float(text)
    try:
        when = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        when = None
    if when is None or when.tzinfo is None:
        raise SettingsError(
            f"{text!r} is no time", field=field, expected="RFC 3339 with a zone, or POSIX seconds"
        )
    return when.timestamp()


def _payload(token: str, key: Key, header: _Header) -> bytes:
    algorithm = header.alg
    if algorithm in _HMAC and isinstance(key, OctKey) and header.crit is None and header.b64 is None:
        return _shared(token, key, algorithm)
    if algorithm != "EdDSA":
        return jws.deserialize_compact(token, key, algorithms=[algorithm]).payload or b""
    # joserfc warns of this name, which RFC 9864 replaces by `Ed25519`; providers still use it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return jws.deserialize_compact(token, key, algorithms=[algorithm]).payload or b""


def _shared(token: str, key: OctKey, algorithm: str) -> bytes:
    """Return the payload of a token signed with a shared secret: the checks of RFC 7515, section 5.2."""
    signed, _, signature = token.encode("ascii").rpartition(b".")
    mac = _mac(key.raw_value, _HMAC[algorithm]).copy()
    mac.update(signed)
    if not hmac.compare_digest(mac.digest(), _unpacked(signature)):
        raise BadSignatureError
    return _unpacked(signed.partition(b".")[2])


@lru_cache(maxsize=16)
def _mac(secret: bytes, digest: str) -> hmac.HMAC:
    """Return what a secret's codes begin with: to prepare that takes longer than to go on from there."""
    return hmac.new(secret, digestmod=digest)


def _unpacked(text: bytes) -> bytes:
    """Return what base64url without padding says (RFC 7515, section 2); raise `ValueError` for other text."""
    lacking = -len(text) % 4
    if lacking == 3 or (lacking and text[-1] not in _LAST[lacking - 1]):
        raise ValueError("this is not the base64url of anything")
    return binascii.a2b_base64(text.translate(_ALPHABET) + b"=" * lacking, strict_mode=True)


def _algorithms(key: Key) -> tuple[str, ...]:
    """Return what a key may verify; the `alg` of a public one narrows that."""
    if isinstance(key, OctKey):
        return tuple(_HMAC)
    if isinstance(key, RSAKey):
        possible = _RSA
    elif isinstance(key, ECKey):
        possible = (_CURVES[key.curve_name],) if key.curve_name in _CURVES else ()
    else:
        possible = _EDWARDS if key.curve_name == "Ed25519" else ()
    return tuple(name for name in possible if key.alg in (None, name))


def _header(token: str) -> _Header:
    if len(token) > LONGEST_TOKEN or token.count(".") != 2:
        raise TokenRefused(Refusal.INVALID, "not a token")
    try:
        return _read_header(token.partition(".")[0])
    except ValueError as error:
        raise TokenRefused(Refusal.INVALID, "the token's header cannot be read") from error


@lru_cache(maxsize=64)
def _read_header(encoded: str) -> _Header:
    """Return what a header says: that of all tokens of an issuer is the same."""
    return _HEADER.decode(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
