"""The gateway's settings, with their defaults. Times in seconds, sizes in bytes."""

from enum import Enum

import msgspec

__all__ = ["ChannelRule", "ChannelRules", "GatewayOptions", "KeyOptions", "TokenOptions", "Who"]


class Who(Enum):
    """Who may subscribe to the channels of a namespace without a subscription token."""

    ANYONE = "anyone"
    USERS = "users"
    """Connections whose token names a user."""
    NOBODY = "nobody"
    """Only with a subscription token."""


class ChannelRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the channels of one namespace deliver."""

    interval: float = 0.5
    """Least time between two publications of one channel; 0 sends every change. Ignored by streams."""
    subscribe: Who = Who.ANYONE
    """Who may subscribe without a subscription token: `anyone`, `users` or `nobody`."""


class ChannelRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The delivery rule of each namespace."""

    standing: ChannelRule = ChannelRule()
    board: ChannelRule = ChannelRule()
    activity: ChannelRule = ChannelRule(interval=0.0)
    feed: ChannelRule = ChannelRule()


class KeyOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys that verify tokens, and what the tokens must say. Any mix of keys may be set."""

    secret: str | None = None
    """Shared secret for HS256, HS384 and HS512; at least 32 bytes."""
    previous_secret: str | None = None
    """The secret before the last rotation: verifies, never signs."""
    public_key_file: str | None = None
    """A PEM file with one RSA, EC or Ed25519 public key."""
    jwks_file: str | None = None
    """A JSON Web Key Set of public keys; a token's `kid` picks among them."""
    audience: str | None = None
    """The `aud` that tokens must carry."""
    issuer: str | None = None
    """The `iss` that tokens must carry."""


class TokenOptions(KeyOptions, frozen=True, forbid_unknown_fields=True):
    """Client tokens. These keys verify connection tokens, and sign the tokens Renown issues."""

    subscription: KeyOptions | None = None
    """Other keys for subscription tokens; the same keys when absent."""
    lifetime: float = 3600.0
    """How long an issued token is good when its request does not say."""


class GatewayOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The realtime side."""

    path: str = "/connection/websocket"
    origins: tuple[str, ...] = ()
    """Browser origins that may connect besides the server's own host, e.g. `https://*.example.org`.
    `*` stands for any characters. Clients that send no Origin header are not browsers and may."""
    channels: ChannelRules = ChannelRules()
    board_rows: int = 20
    feed_changes: int = 20
    """Newest changes that a feed holds."""
    connect_deadline: float = 10.0
    """Time for a client to send its connect command."""
    ping_interval: float = 25.0
    """0 turns pings off."""
    pong_timeout: float = 8.0
    expiry_grace: float = 25.0
    """How long an expired connection or subscription may still be refreshed."""
    close_timeout: float = 5.0
    """Time for a client to answer a close frame."""
    message_limit: int = 65_536
    """Largest message a client may send."""
    outbound_limit: int = 1_048_576
    """Unsent bytes of one connection beyond which it is closed as slow."""
    outbound_soft_limit: int = 65_536
    """Unsent bytes beyond which newest-state channels keep only the newest for a connection."""
    channels_per_connection: int = 128
    channel_name_limit: int = 255
    recovery_limit: int = 300
    """Publications in one recovery or history answer."""
    sweep_interval: float = 40.0
    """How often watched channels are compared with the ledger."""
    drain_time: float = 2.0
    """Over how long connections are closed when the server stops."""
