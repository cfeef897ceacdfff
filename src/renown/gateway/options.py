"""The gateway's settings, with their defaults. Times in seconds, sizes in bytes."""

from enum import Enum
from typing import Literal

import msgspec

__all__ = [
    "Audience",
    "ChannelRule",
    "ChannelRules",
    "ConnectionLimits",
    "GatewayOptions",
    "KeyOptions",
    "MapMode",
    "Recovery",
    "RoomRule",
    "Scope",
    "Shown",
    "TokenOptions",
]


Audience = str | tuple[str, ...]
"""Who may do something: `anyone`, `users` (connections that name a user), `subscribers` (of the channel),
`owner` (of the subject, or the user a room is named after), `role:<name>`, `nobody`; one, or a list of
which one suffices."""


class Recovery(Enum):
    """What a client that was away is given."""

    STREAM = "stream"
    """All that it missed, in order."""
    NEWEST = "newest"
    """The newest publication."""


class MapMode(Enum):
    """Whether the channels of a namespace can be had as maps."""

    OFF = "off"
    EPHEMERAL = "ephemeral"
    """Only the state is kept: who was away reads it anew."""
    PERSISTENT = "persistent"
    """Changes are logged: who was away gets those."""


class Scope(Enum):
    """Whom names are divided among: the first part of a name, up to `/`, is the org, the second a project."""

    NONE = "none"
    ORG = "org"
    PROJECT = "project"


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a viewer should see; `GET /v1/channels` tells it to whoever draws."""

    slow: Literal["keep", "dim"] = "dim"
    """While the connection is in doubt: the last state as it is, or dimmed."""
    offline: Literal["keep", "as_of", "hide"] = "as_of"
    """Without a connection: the last state, the last state with its time, or nothing."""
    reconnecting: Literal["keep", "as_of", "hide"] = "keep"
    """Likewise while it is being made anew."""
    tabs: Literal["each", "shared"] = "each"
    """With several tabs open: a connection for each, or one that they share."""


class ChannelRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the channels of one namespace deliver, and who may watch them."""

    interval: float = 0.5
    """Least time between two publications of one channel; 0 sends every change. Ignored by streams."""
    subscribe: Audience = "anyone"
    """Who may subscribe without a subscription token. For subjects the policy must allow it, too."""
    max_subscribers: int = 0
    """Most subscribers of one channel, in all processes together; 0: any number."""
    delta: bool = False
    """Whether publications may be sent as patches to clients that ask for it."""
    shown: Shown = Shown()


class RoomRule(ChannelRule, frozen=True, forbid_unknown_fields=True):
    """How rooms of one namespace behave: channels that carry what people and backends publish."""

    interval: float = 0.0
    """Least time between two publications of one channel whose `recovery` is `newest`; 0 sends every one."""
    history_size: int = 0
    """Publications that are kept; 0 keeps none, and nothing can be recovered."""
    history_age: float = 0.0
    """How long they are kept; 0: until there are too many."""
    recovery: Recovery = Recovery.STREAM
    """What a client that was away is given: `stream` or `newest`."""
    durable: bool = True
    """Whether what is kept survives the process that keeps it."""
    map: MapMode = MapMode.OFF
    """Whether publications have keys and the newest of each key is kept: `off`, `ephemeral`, `persistent`."""
    key_age: float = 0.0
    """How long a key of a map lives without a newer publication; 0: for ever."""
    whole_log: bool = False
    """Whether whoever returns to a map from further back than `history_size` reads it anew; else they are
    given the newest of each key that changed."""
    client_key: bool = False
    """Whether a client may set one key of a map only: its own client id."""
    user_key: bool = False
    """Likewise its user's id: it is one for all connections of a user, and anonymous ones have none."""
    presence: bool = False
    """Whether it is known who is in a channel."""
    join_leave: bool = False
    """Whether those who ask are told who joins and leaves."""
    force_join_leave: bool = False
    """Whether those who do not ask are told, too."""
    force_recovery: bool = True
    """Whether every subscription can recover, asked for or not."""
    filters: bool = False
    """Whether subscribers may filter by tags."""
    publish: Audience = "nobody"
    """Who may publish. Backends with an API key always may."""
    see_presence: Audience = "subscribers"
    """Who may ask who is present."""
    read_history: Audience = "subscribers"
    """Who may read what was kept, and recover."""
    scope: Scope = Scope.NONE
    """Whether names begin with an `org/` or `org/project/` that the user must belong to."""
    pattern: str = ""
    """A regular expression that names after the namespace must match; empty: any printable ASCII."""


class ChannelRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The namespaces that speak for the ledger. Nobody can publish into them."""

    standing: ChannelRule = ChannelRule()
    standings: ChannelRule = ChannelRule()
    board: ChannelRule = ChannelRule()
    activity: ChannelRule = ChannelRule(interval=0.0)
    feed: ChannelRule = ChannelRule()
    detail: ChannelRule = ChannelRule()
    alerts: RoomRule = RoomRule(history_size=1000, history_age=30 * 86_400.0)
    user: RoomRule = RoomRule(history_size=100, history_age=30 * 86_400.0, subscribe="owner")


class KeyOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys that verify tokens, and what the tokens must say. Any mix of keys may be set."""

    secret: str | None = None
    """Shared secret for HS256, HS384 and HS512; at least 32 bytes."""
    short_secrets: bool = False
    """Whether shorter secrets are taken, which can be guessed: for test servers only."""
    previous_secret: str | None = None
    """The secret before the last rotation: verifies, never signs."""
    previous_valid_until: str | None = None
    """Until when the previous secret verifies: an RFC 3339 time or POSIX seconds; for good when absent."""
    public_key_file: str | None = None
    """A PEM file with one RSA, EC or Ed25519 public key. Read again when it changes."""
    jwks_file: str | None = None
    """A JSON Web Key Set of public keys; a token's `kid` picks among them. Read again when it changes."""
    jwks_url: str | None = None
    """Where a JSON Web Key Set of public keys is fetched from, and again when it is old or a token names a
    key that is not in it."""
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


class ConnectionLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much one user or address may ask for. In each, 0 is any number."""

    per_user: int = 0
    """Connections of one user, in all processes together; the next is closed with 3504."""
    per_address: int = 0
    """Connections from one address (IPv6: one /64), in all processes together; the next is answered 429."""
    handshakes_per_address: float = 0.0
    """Handshakes a second that one address may make for long; beyond it they are answered 429."""
    handshake_burst_per_address: int = 20
    """Handshakes that an address may make at once."""
    handshakes: float = 0.0
    """Handshakes a second from all addresses together; beyond it they are answered 503."""
    handshake_burst: int = 500
    """Handshakes that all may make at once."""
    commands: float = 0.0
    """Commands a second that a connection may send for long. Beyond it they are answered with error 111."""
    command_burst: int = 100
    """Commands that a connection may send at once; as many as it has subscriptions if those are more. Its
    first subscriptions, up to `channels_per_connection`, do not count, nor does ending one: whoever comes
    back gets all that they had."""
    proxies: tuple[str, ...] = ()
    """Addresses or networks of reverse proxies, such as `10.0.0.0/8`, whose `X-Forwarded-For` is believed:
    without them all clients behind a proxy are one address."""


class GatewayOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The realtime side."""

    path: str = "/connection/websocket"
    http_stream_path: str = "/connection/http_stream"
    """Where the HTTP streaming transport is."""
    sse_path: str = "/connection/sse"
    """Where the server-sent events transport is."""
    emulation_path: str = "/emulation"
    """Where clients of these two send their commands."""
    poll_path: str = "/connection/poll"
    """Where clients that can do nothing else ask for what is newer than they know."""
    poll_wait: float = 25.0
    """Longest time that such a question waits for news."""
    origins: tuple[str, ...] = ()
    """Browser origins that may connect besides the server's own host, e.g. `https://*.example.org`.
    `*` stands for any characters. Clients that send no Origin header are not browsers and may."""
    channels: ChannelRules = ChannelRules()
    rooms: dict[str, RoomRule] = {}
    """The operator's own namespaces: channels `<namespace>:<name>`."""
    without_namespace: RoomRule | None = None
    """How channels without a namespace behave; by default there are none."""
    personal_channels: tuple[str, ...] = ("user:{user}",)
    """Channels that every signed-in user is subscribed to on connecting; `{user}` stands for the id."""
    limits: ConnectionLimits = ConnectionLimits()
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

    @property
    def limited(self) -> bool:
        """Whether there are limits on how many there may be of something, in all processes together."""
        channels = (getattr(self.channels, name) for name in self.channels.__struct_fields__)
        rules: list[ChannelRule | None] = [*channels, *self.rooms.values(), self.without_namespace]
        limits = self.limits
        return bool(limits.per_user or limits.per_address) or any(
            rule is not None and rule.max_subscribers for rule in rules
        )
