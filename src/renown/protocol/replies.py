"""What the server sends: a `Reply` with the command's id, or a push.

Fields at their default are left out of the JSON; a result that is present but empty is `{}`. A field of
raw bytes holds JSON as it stands, or for clients that speak Protobuf any bytes.
"""

from math import ceil
from typing import Final

import msgspec

from renown.protocol.codes import Disconnect, Error, Unsubscribed

__all__ = [
    "EMPTY",
    "ClientInfo",
    "ConnectResult",
    "EmptyResult",
    "HistoryResult",
    "Joined",
    "Message",
    "PresenceResult",
    "PresenceStatsResult",
    "Publication",
    "Push",
    "RefreshResult",
    "Reply",
    "RpcResult",
    "SubscribePush",
    "SubscribeResult",
    "lifetime",
    "whole_seconds",
]

_LONGEST = 2**31 - 1

EMPTY: Final = msgspec.Raw()
"""No data at all, such as that of a removed key. Left out of the JSON."""


class ClientInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who is behind a publication or present in a channel: one connection of a user."""

    user: str
    client: str
    conn_info: msgspec.Raw | None = None
    """What the connection's token tells others."""
    chan_info: msgspec.Raw | None = None
    """What the subscription's token tells others."""


class Publication(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of a channel's log, or one key of a map."""

    data: msgspec.Raw = EMPTY
    info: ClientInfo | None = None
    """Set when a client published it."""
    offset: int = 0
    """0: the channel keeps no log."""
    tags: dict[str, str] | None = None
    delta: bool = False
    """Whether `data` is a patch of the publication before."""
    time: int = 0
    """Milliseconds since 1970."""
    key: str = ""
    """In maps: what it is the state of."""
    removed: bool = False
    """In maps: the key is gone; `data` is empty."""
    binary: bool = False
    """Whether `data` is no JSON, so that only Protobuf clients can be sent it. Never on the wire."""


class SubscribeResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The subscription stands, at this position; of a map, perhaps only a page of it."""

    expires: bool = False
    ttl: int = 0
    recoverable: bool = False
    epoch: str = ""
    publications: tuple[Publication, ...] = ()
    recovered: bool = False
    offset: int = 0
    positioned: bool = False
    data: msgspec.Raw | None = None
    was_recovering: bool = False
    delta: bool = False
    type: int = 0
    phase: int = 0
    cursor: str = ""
    state: tuple[Publication, ...] = ()


class ConnectResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The connection is open. `ttl`, `ping` in seconds, `time` in milliseconds since 1970."""

    client: str
    version: str
    expires: bool = False
    ttl: int = 0
    data: msgspec.Raw | None = None
    subs: dict[str, SubscribeResult] = {}
    """The subscriptions that the server made."""
    ping: int = 0
    pong: bool = False
    session: str = ""
    """On transports with an uplink of their own: the secret by which it finds the connection."""
    node: str = ""
    """On the same transports: the process that holds the connection."""
    time: int = 0


class EmptyResult(msgspec.Struct, frozen=True):
    """A result that says only that it is done."""


class PresenceResult(msgspec.Struct, frozen=True):
    """Who is present, by client id."""

    presence: dict[str, ClientInfo]


class PresenceStatsResult(msgspec.Struct, frozen=True):
    """How many are present."""

    num_clients: int
    num_users: int


class HistoryResult(msgspec.Struct, frozen=True):
    """Part of a channel's log, with its top position. All fields are always present."""

    publications: tuple[Publication, ...]
    epoch: str
    offset: int


class RpcResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a method returned."""

    data: msgspec.Raw | None = None


class RefreshResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The new lifetime, in seconds."""

    expires: bool = False
    ttl: int = 0


class Joined(msgspec.Struct, frozen=True):
    """Who came to a channel, or left it."""

    info: ClientInfo


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something the server says outside of any channel."""

    data: msgspec.Raw = EMPTY


class SubscribePush(msgspec.Struct, frozen=True, omit_defaults=True):
    """A subscription that the server made on an open connection."""

    recoverable: bool = False
    epoch: str = ""
    offset: int = 0
    positioned: bool = False
    data: msgspec.Raw | None = None


class Push(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the server says unasked, mostly about a channel."""

    channel: str = ""
    pub: Publication | None = None
    join: Joined | None = None
    leave: Joined | None = None
    unsubscribe: Unsubscribed | None = None
    message: Message | None = None
    subscribe: SubscribePush | None = None
    disconnect: Disconnect | None = None
    refresh: RefreshResult | None = None


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """One reply. Without id and push it is the server's ping."""

    id: int = 0
    error: Error | None = None
    push: Push | None = None
    connect: ConnectResult | None = None
    subscribe: SubscribeResult | None = None
    unsubscribe: EmptyResult | None = None
    publish: EmptyResult | None = None
    presence: PresenceResult | None = None
    presence_stats: PresenceStatsResult | None = None
    history: HistoryResult | None = None
    rpc: RpcResult | None = None
    refresh: RefreshResult | None = None
    sub_refresh: RefreshResult | None = None


def whole_seconds(ttl: float | None) -> int:
    """Return a lifetime as results say it: whole seconds, at least one; 0 is for ever."""
    return 0 if ttl is None else max(1, ceil(min(ttl, _LONGEST)))


def lifetime(ttl: float | None) -> RefreshResult:
    """Return the result of a refresh for `ttl` more seconds; None: for ever."""
    return RefreshResult(expires=ttl is not None, ttl=whole_seconds(ttl))
