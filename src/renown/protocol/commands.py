"""What clients send: one `Command` with one request in it.

Every field may be absent or null, and unknown fields are ignored: the official SDKs of all ages do
both. Numbers keep the ranges of the protocol's integer types.
"""

from typing import Annotated

import msgspec

__all__ = [
    "ChannelRequest",
    "Command",
    "ConnectRequest",
    "FilterNode",
    "HistoryRequest",
    "PublishRequest",
    "RefreshRequest",
    "RpcRequest",
    "SendRequest",
    "StreamPosition",
    "SubRefreshRequest",
    "SubscribeRequest",
]

U32 = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
# Offsets stay below 2**53, so that every client can count them.
U64 = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
I32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
I64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class StreamPosition(msgspec.Struct, frozen=True, gc=False):
    """A place in a channel's log."""

    offset: U64 | None = None
    epoch: str | None = None


class ConnectRequest(msgspec.Struct, frozen=True):
    """The first command of a connection."""

    token: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    name: str | None = None
    """The SDK's name, e.g. `js`."""
    version: str | None = None
    subs: dict[str, "SubscribeRequest"] | None = None
    """Where the client stands in the channels that the server subscribed it to."""


class SubscribeRequest(msgspec.Struct, frozen=True):
    """Ask for a channel, perhaps from a position on."""

    channel: str | None = None
    token: str | None = None
    recover: bool | None = None
    epoch: str | None = None
    offset: U64 | None = None
    data: msgspec.Raw = msgspec.Raw()
    positioned: bool | None = None
    recoverable: bool | None = None
    join_leave: bool | None = None
    delta: str | None = None
    tf: "FilterNode | None" = None
    """Only publications whose tags pass are wanted."""
    flag: I64 | None = None
    """Bit 0: knows numeric channel ids. Bit 1: refuse rather than answer `recovered: false`."""
    type: I32 | None = None
    """0: a stream, or the newest state; 1: a map. The rest is for maps."""
    phase: I32 | None = None
    """2: a page of the state; 1: what changed since; 0: live."""
    cursor: str | None = None
    limit: I32 | None = None
    asc: bool | None = None


class FilterNode(msgspec.Struct, frozen=True):
    """A filter over tags: a comparison when `op` is empty, else `and`, `or` or `not` over `nodes`."""

    op: str | None = None
    key: str | None = None
    cmp: str | None = None
    val: str | None = None
    vals: list[str] | None = None
    nodes: "list[FilterNode] | None" = None


class ChannelRequest(msgspec.Struct, frozen=True, gc=False):
    """A request that names only a channel: unsubscribe, presence, presence_stats."""

    channel: str | None = None


class PublishRequest(msgspec.Struct, frozen=True):
    """Publish into a channel."""

    channel: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    type: I32 | None = None
    """0: into a stream; 1: a key of a map."""
    key: str | None = None
    removed: bool | None = None


class HistoryRequest(msgspec.Struct, frozen=True):
    """Read a channel's log."""

    channel: str | None = None
    limit: I32 | None = None
    since: StreamPosition | None = None
    reverse: bool | None = None


class RpcRequest(msgspec.Struct, frozen=True):
    """Call a method of the server."""

    method: str | None = None
    data: msgspec.Raw = msgspec.Raw()


class SendRequest(msgspec.Struct, frozen=True):
    """A message that wants no answer."""

    data: msgspec.Raw = msgspec.Raw()


class RefreshRequest(msgspec.Struct, frozen=True, gc=False):
    """A newer connection token."""

    token: str | None = None


class SubRefreshRequest(msgspec.Struct, frozen=True, gc=False):
    """A newer subscription token."""

    channel: str | None = None
    token: str | None = None
    type: I32 | None = None


class Command(msgspec.Struct, frozen=True):
    """One command; where several requests are set the first non-null one counts."""

    id: U32 | None = None
    connect: ConnectRequest | None = None
    subscribe: SubscribeRequest | None = None
    unsubscribe: ChannelRequest | None = None
    publish: PublishRequest | None = None
    presence: ChannelRequest | None = None
    presence_stats: ChannelRequest | None = None
    history: HistoryRequest | None = None
    rpc: RpcRequest | None = None
    send: SendRequest | None = None
    refresh: RefreshRequest | None = None
    sub_refresh: SubRefreshRequest | None = None

    @property
    def sends(self) -> bool:
        """Whether it is a `send`, the one command that needs no id."""
        before = (self.connect, self.subscribe, self.unsubscribe, self.publish)
        asked = (self.presence, self.presence_stats, self.history, self.rpc)
        return self.send is not None and all(each is None for each in before + asked)
