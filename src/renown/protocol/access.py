"""What a session asks of its surroundings: who somebody is, and what a channel is.

The answers come from outside; the session only applies the protocol's rules to them.
"""

from enum import Enum
from typing import Final, Protocol

import msgspec

from renown.protocol.codes import Error
from renown.protocol.replies import ClientInfo

__all__ = [
    "CLIENTS_MAP",
    "MAP",
    "USERS_MAP",
    "Access",
    "Action",
    "ConnectionClaims",
    "KeysPending",
    "Limits",
    "Override",
    "Refusal",
    "Rights",
    "Route",
    "ServerSubscription",
    "Shape",
    "SubscriptionClaims",
    "TokenRefused",
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


class KeysPending(Exception):
    """The token names a key that has to be fetched first; ask again after `Await`."""


class Rights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a user may beyond what everybody may: from a token, or as stored, which then replaces it.

    Patterns are channel names or subject keys in which `*` stands for any characters.
    """

    roles: tuple[str, ...] = ()
    owns: tuple[str, ...] = ()
    """Subjects that are the user's own, as patterns."""
    subscribe: tuple[str, ...] = ()
    """Channels that may be subscribed to, their history read and their presence seen, as patterns."""
    publish: tuple[str, ...] = ()
    """Rooms that may be published into, as patterns."""
    submit: tuple[str, ...] = ()
    """Events that may be submitted, as patterns of `type@subject`, such as `review@seller:*`."""
    orgs: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    """Each `org/project`."""
    blocked: bool = False
    """Whether the user may not connect at all."""


class Override(msgspec.Struct, frozen=True):
    """What a token changes of a channel's rule, for one subscription; None: nothing."""

    presence: bool | None = None
    join_leave: bool | None = None
    force_push_join_leave: bool | None = None
    force_recovery: bool | None = None
    force_positioning: bool | None = None


class ServerSubscription(msgspec.Struct, frozen=True):
    """A subscription that the server makes as the connection opens."""

    info: msgspec.Raw | None = None
    data: msgspec.Raw | None = None
    override: Override = Override()


class ConnectionClaims(msgspec.Struct, frozen=True):
    """Who connects, as a connection token says."""

    user: str
    """"" is an anonymous user."""
    ttl: float | None = None
    """Seconds until the connection must be refreshed; None: never."""
    info: msgspec.Raw | None = None
    """What others see of the connection."""
    subs: dict[str, ServerSubscription] = {}
    rights: Rights = Rights()
    token_id: str = ""
    """`jti`: by which the token may be revoked."""
    issued_at: float = 0.0
    """`iat`, POSIX seconds; 0: not said."""


class SubscriptionClaims(msgspec.Struct, frozen=True):
    """What a subscription token says."""

    user: str
    channel: str
    ttl: float | None = None
    client: str = ""
    data: msgspec.Raw | None = None
    """Handed to the client with the subscription."""
    info: msgspec.Raw | None = None
    """What others see of the subscription."""
    override: Override = Override()
    token_id: str = ""
    issued_at: float = 0.0


class Action(Enum):
    """What may be allowed in a channel."""

    SUBSCRIBE = "subscribe"
    PUBLISH = "publish"
    PRESENCE = "presence"
    HISTORY = "history"


class Shape(Enum):
    """What a channel's publications are to its watchers."""

    NEWEST = "newest"
    """Only the newest counts, and every subscriber gets it."""
    STREAM = "stream"
    """Every one counts, in order."""


MAP: Final = 1
"""The type of a subscription to a map."""
CLIENTS_MAP: Final = 2
"""The type of one to which clients are in a channel."""
USERS_MAP: Final = 3
"""The type of one to which users are."""


class Route(msgspec.Struct, frozen=True):
    """How a channel behaves. What is off here is off for everybody."""

    shape: Shape
    plain: bool = True
    """Whether it can be had as a stream or newest state (type 0)."""
    map: bool = False
    """Whether it can be had as a map."""
    map_type: int = MAP
    """The type of such a subscription."""
    presence_of: str = ""
    """The channel whose presence it is: who has that, and may see who is there, may have this."""
    logged: bool = True
    """Whether it keeps positions to recover from."""
    recover: bool = True
    """Whether each subscription is recoverable and positioned, asked for or not."""
    history: bool = False
    """Whether `history` can be asked."""
    presence: bool = False
    join_leave: bool = False
    """Whether who joins and leaves is told to those who ask for it."""
    force_join_leave: bool = False
    """Whether it is told to those who do not ask, too."""
    publish: bool = False
    """Whether clients may publish at all: the ledger's own channels speak only for the ledger."""
    client_key: bool = False
    """Whether a client may set one key of the map only: its own client id."""
    user_key: bool = False
    """Likewise its user's id."""
    delta: bool = False
    filters: bool = False
    packed: bool = False
    """Whether there is a Protobuf form of what it carries."""


class Limits(msgspec.Struct, frozen=True):
    """Numbers a session keeps to. Times in seconds."""

    channels: int = 128
    server_channels: int = 128
    """Subscriptions that the server makes for a connection."""
    channel_name: int = 255
    """Bytes."""
    recovery: int = 300
    """Publications in one recovery or history answer."""
    commands: float = 0.0
    """Commands a second that a connection may send for long; 0: any number."""
    burst: int = 100
    """Commands that it may send at once."""
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

    def connection(self, token: str) -> ConnectionClaims:
        """Verify a connection token; raise `TokenRefused`, or `KeysPending`."""
        ...

    def subscription(self, token: str) -> SubscriptionClaims:
        """Verify a subscription token; raise `TokenRefused`, or `KeysPending`."""
        ...

    def blocked(self, claims: ConnectionClaims) -> bool:
        """Tell whether the user may not connect: blocked, or the token revoked."""
        ...

    def revoked(self, claims: SubscriptionClaims) -> bool:
        """Tell whether a good subscription token was revoked."""
        ...

    def crowded(self, user: str) -> bool:
        """Tell whether the user has as many connections as may be."""
        ...

    def server_side(self, claims: ConnectionClaims) -> dict[str, ServerSubscription]:
        """Return the subscriptions the server makes: those of the token, and `user:<id>`."""
        ...

    def route(self, channel: str) -> Route | Error:
        """Return how a channel behaves, or the error that says why there is no such channel."""
        ...

    def may(self, action: Action, channel: str, who: ConnectionClaims, *, subscribed: bool) -> bool:
        """Tell whether somebody may do something in an existing channel without a token for it.

        `subscribed`: whether they have the channel, by whatever way, or the one whose presence it is.
        """
        ...

    def may_call(self, method: str) -> Error | None:
        """Return why a method cannot be called, or None: 108 where nothing of that family is, else 104.

        `standing.` is the family of `standing.get`.
        """
        ...

    def seen_as(self, who: ConnectionClaims, client: str) -> ClientInfo:
        """Return how others see a connection."""
        ...
