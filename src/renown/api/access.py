"""Who may do what over HTTP: API keys with scopes, client tokens, anonymous reading."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from renown.errors import AuthenticationError, ForbiddenError
from renown.ledger.keys import PREFIX as KEY_PREFIX
from renown.ledger.keys import Key
from renown.model import is_key
from renown.protocol.access import ConnectionClaims, KeysPending

__all__ = [
    "EVENTS",
    "POLICIES",
    "READ",
    "ROOMS",
    "SCOPES",
    "TOKENS",
    "USERS",
    "Access",
    "Headers",
    "actor_of",
    "credential",
]

EVENTS: Final = "events"
READ: Final = "read"
TOKENS: Final = "tokens"
ROOMS: Final = "rooms"
USERS: Final = "users"
POLICIES: Final = "policies"
SCOPES: Final = (EVENTS, READ, TOKENS, ROOMS, USERS, POLICIES)
"""What an API key may be allowed: to send events, to read everything whole, to mint client tokens, to act
on rooms and connections, to say what users may, to try and switch policies."""

Headers = Iterable[tuple[bytes, bytes]]
"""Request headers as ASGI has them, names in lower case."""


class Access:
    """Decides for each request; dev mode asks nobody."""

    def __init__(
        self,
        verify_key: Callable[[str], Key | None],
        verify_token: Callable[[str], ConnectionClaims],
        *,
        anonymous: bool,
        dev: bool,
    ) -> None:
        self._verify_key = verify_key
        self._verify_token = verify_token
        self.anonymous = anonymous
        """Whether anybody may read."""
        self._dev = dev

    def check(self, headers: Headers, scope: str) -> None:
        """Return when the request may do what `scope` stands for.

        Raises:
            AuthenticationError: nothing, or nothing good, was presented.
            ForbiddenError: a good key without the scope, or a client token where a key is needed.

        """
        secret = credential(headers)
        if secret is None:
            self._check_nobody(scope)
        elif secret.startswith(KEY_PREFIX):
            self._check_key(secret, scope)
        else:
            self._check_token(secret, scope)

    def reader(self, headers: Headers) -> ConnectionClaims | None:
        """Return as whom a request reads; None: as somebody who sees everything.

        Raises:
            AuthenticationError: nothing, or nothing good, was presented.
            ForbiddenError: an API key that may not read.
            KeysPending: the key of a token is still to be fetched.

        """
        secret = credential(headers)
        if secret is None:
            self._check_nobody(READ)
            return None if self._dev else ConnectionClaims(user="")
        if secret.startswith(KEY_PREFIX):
            self._check_key(secret, READ)
            return None
        return self._verify_token(secret)

    def may_read_whole(self, headers: Headers) -> bool:
        """Tell whether a request that may read may also see who did what: actors, ids, refs, data.

        That takes an API key; a client token, or nothing where anybody may read, shows public views.
        """
        if self._dev:
            return True
        secret = credential(headers)
        if secret is None or not secret.startswith(KEY_PREFIX):
            return False
        key = self._verify_key(secret)
        return key is not None and key.allows(READ)

    def _check_nobody(self, scope: str) -> None:
        if self._dev or (scope == READ and self.anonymous):
            return
        raise AuthenticationError(
            "This needs an API key: Authorization: Bearer rk_…, or X-API-Key: rk_….",
            field="Authorization",
            expected=f"an API key with the scope {scope}",
        )

    def _check_key(self, secret: str, scope: str) -> None:
        key = self._verify_key(secret)
        if key is None:
            raise AuthenticationError("The API key is unknown or revoked.", field="Authorization")
        if not key.allows(scope):
            raise ForbiddenError(
                f"The API key lacks the scope {scope}.",
                code="missing_scope",
                field="Authorization",
                expected=f"an API key with the scope {scope}",
            )

    def _check_token(self, token: str, scope: str) -> None:
        if scope == READ:
            self._verify_token(token)
            return
        with suppress(KeysPending):  # whoever it is of: it is no API key
            self._verify_token(token)
        raise ForbiddenError(
            "A client token may only read; this needs an API key.",
            code="missing_scope",
            field="Authorization",
            expected=f"an API key with the scope {scope}",
        )


def actor_of(user: str) -> str:
    """Return the key under which a signed-in user acts: the id itself where it is one, else `user:<id>`."""
    return user if is_key(user) else f"user:{user}"


def credential(headers: Headers) -> str | None:
    """Return the API key or token a request presents, or None.

    Raises:
        AuthenticationError: the Authorization header is of another scheme.

    """
    for name, value in headers:
        if name == b"x-api-key":
            return value.decode("latin-1").strip()
        if name == b"authorization":
            scheme, _, secret = value.decode("latin-1").partition(" ")
            if scheme.lower() not in ("bearer", "apikey") or not secret.strip():
                raise AuthenticationError(
                    "The Authorization header must be of the form: Bearer <key or token>.",
                    field="Authorization",
                    expected="Bearer rk_…",
                )
            return secret.strip()
    return None
