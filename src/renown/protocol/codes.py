"""The closed tables of codes: errors in replies, disconnects, unsubscribes.

The number alone tells a client whether to come back: see `Disconnect.reconnects` and
`Unsubscribed.resubscribes`. Whatever else lists these codes is made from here.
"""

from typing import Final

import msgspec

from renown.protocol.raw import is_json

__all__ = [
    "DISCONNECTS",
    "ERRORS",
    "UNSUBSCRIBES",
    "Disconnect",
    "Error",
    "Unsubscribed",
    "disconnect",
]


class Error(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error in a reply; `temporary` tells the client to try again by itself."""

    code: int
    message: str
    temporary: bool = False


class Disconnect(msgspec.Struct, frozen=True):
    """Why the server ends a connection: the close code and its reason, in plain words."""

    code: int
    reason: str

    @property
    def reconnects(self) -> bool:
        """Tell whether clients connect again by themselves after this code."""
        return not (3500 <= self.code <= 3999 or 4500 <= self.code <= 4999)


_LONGEST_REASON: Final = 123
"""Bytes of a reason in a close frame."""


def disconnect(code: int, reason: str) -> Disconnect:
    """Return a disconnect in a backend's words, such that it can be said.

    What does not fit into a close frame is cut off. A reason that is JSON would be taken by clients for
    advice of an old kind, not for a text, so it becomes one.
    """
    said = _cut(reason)
    if not said or is_json(said.encode()):
        said = _cut(f"disconnected: {reason}" if reason else "disconnected")
    return Disconnect(code, said)


def _cut(text: str) -> str:
    return text.encode(errors="replace")[:_LONGEST_REASON].decode(errors="ignore")


class Unsubscribed(msgspec.Struct, frozen=True):
    """Why the server ends one subscription."""

    code: int
    reason: str

    @property
    def resubscribes(self) -> bool:
        """Tell whether clients subscribe again by themselves after this code."""
        return self.code >= 2500


class _Errors:
    """Every error a reply can carry."""

    INTERNAL = Error(100, "internal server error", temporary=True)
    UNAUTHORIZED = Error(101, "unauthorized")
    UNKNOWN_CHANNEL = Error(102, "unknown channel")
    PERMISSION_DENIED = Error(103, "permission denied")
    METHOD_NOT_FOUND = Error(104, "method not found")
    ALREADY_SUBSCRIBED = Error(105, "already subscribed")
    LIMIT_EXCEEDED = Error(106, "limit exceeded")
    BAD_REQUEST = Error(107, "bad request")
    NOT_AVAILABLE = Error(108, "not available")
    TOKEN_EXPIRED = Error(109, "token expired")
    EXPIRED = Error(110, "expired")
    TOO_MANY_REQUESTS = Error(111, "too many requests", temporary=True)
    UNRECOVERABLE_POSITION = Error(112, "unrecoverable position")
    CONCURRENT_PAGINATION = Error(113, "concurrent pagination", temporary=True)

    PERMISSION_DENIED_YET = Error(103, "permission denied", temporary=True)
    """For who is in a channel: the client must have that channel first, and asks again."""
    TOKEN_EXPIRED_RETRY = Error(109, "token expired", temporary=True)
    """For `sub_refresh`: the client asks for a newer token within the grace period."""


class _Disconnects:
    """Every code the server closes a connection with."""

    CONNECTION_CLOSED = Disconnect(3000, "connection closed")
    SHUTDOWN = Disconnect(3001, "shutdown")
    SERVER_ERROR = Disconnect(3004, "internal server error")
    EXPIRED = Disconnect(3005, "connection expired")
    SUBSCRIPTION_EXPIRED = Disconnect(3006, "subscription expired")
    SLOW = Disconnect(3008, "slow")
    WRITE_ERROR = Disconnect(3009, "write error")
    INSUFFICIENT_STATE = Disconnect(3010, "insufficient state")
    FORCE_RECONNECT = Disconnect(3011, "force reconnect")
    NO_PONG = Disconnect(3012, "no pong")
    TOO_MANY_REQUESTS = Disconnect(3013, "too many requests")
    STATE_INVALIDATED = Disconnect(3014, "state invalidated")
    INVALID_TOKEN = Disconnect(3500, "invalid token")
    BAD_REQUEST = Disconnect(3501, "bad request")
    STALE = Disconnect(3502, "stale")
    FORCE_DISCONNECT = Disconnect(3503, "force disconnect")
    CONNECTION_LIMIT = Disconnect(3504, "connection limit")
    CHANNEL_LIMIT = Disconnect(3505, "channel limit")
    INAPPROPRIATE_PROTOCOL = Disconnect(3506, "inappropriate protocol")
    PERMISSION_DENIED = Disconnect(3507, "permission denied")
    NOT_AVAILABLE = Disconnect(3508, "not available")
    TOO_MANY_ERRORS = Disconnect(3509, "too many errors")


class _Unsubscribes:
    """Every code the server ends a subscription with."""

    SERVER = Unsubscribed(2000, "server unsubscribe")
    INSUFFICIENT_STATE = Unsubscribed(2500, "insufficient state")
    EXPIRED = Unsubscribed(2501, "subscription expired")
    STATE_INVALIDATED = Unsubscribed(2502, "state invalidated")


ERRORS: Final = _Errors
DISCONNECTS: Final = _Disconnects
UNSUBSCRIBES: Final = _Unsubscribes
