"""What a session asks of its surroundings: who somebody is, and what a channel is.

The answers come from outside; the session only applies the protocol's rules to them.
"""

from enum import Enum
from typing import Protocol

import msgspec

from renown.protocol.codes import Error

__all__ = [
    "Access",
    "ConnectionClaims",
    "Limits",
    "Refusal",
    "Route",
    "SubscriptionClaims",
    "TokenRefused",
    "Who",
]


class Refusal(Enum):
    """Why a token is refused."""

    EXPIRED = "expired"
    INVALID = "invalid"


class TokenRefused(Exception):
    """A token is not good; `why` decides between a retry and the end."""

    def __init__(self, why: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.why = why


class ConnectionClaims(msgspec.Struct, frozen=True):
    """What a connection token says."""

    user: str
    """"" is an anonymous user."""
    ttl: float | None = None
    """Seconds until the connection must be refreshed; None: never."""


class SubscriptionClaims(msgspec.Struct, frozen=True):
    """What a subscription token says."""

    user: str
    channel: str
    ttl: float | None = None
    client: str = ""
    data: msgspec.Raw | None = None
    """JSON handed to the client with the subscription."""


class Who(Enum):
    """Who may subscribe to the channels of a namespace without a subscription token."""

    ANYONE = "anyone"
    USERS = "users"
    """Connections whose token names a user."""
    NOBODY = "nobody"
    """Only with a subscription token."""


class Route(msgspec.Struct, frozen=True):
    """How the channels of one namespace behave."""

    stream: bool
    """True: every publication counts and is recovered in order. False: only the newest counts."""
    subscribe: Who = Who.ANYONE


class Limits(msgspec.Struct, frozen=True):
    """Numbers a session keeps to. Times in seconds."""

    channels: int = 128
    channel_name: int = 255
    """Bytes."""
    recovery: int = 300
    """Publications in one recovery or history answer."""
    connect: float = 10.0
    ping: float = 25.0
    """0 turns pings off."""
    pong: float = 8.0
    grace: float = 25.0
    """How long past its lifetime an unrefreshed connection or subscription is kept."""
    version: str = "renown"
    """What the connect reply says the server is."""


class Access(Protocol):
    """The surroundings of a session."""

    anonymous: bool
    """Whether a client may connect without a token, or as nobody."""
    epoch: str
    """The epoch of all streams."""

    def connection(self, token: str) -> ConnectionClaims:
        """Verify a connection token; raise `TokenRefused`."""
        ...

    def subscription(self, token: str) -> SubscriptionClaims:
        """Verify a subscription token; raise `TokenRefused`."""
        ...

    def route(self, channel: str) -> Route | Error:
        """Return how a channel behaves, or the error that says why there is no such channel."""
        ...
