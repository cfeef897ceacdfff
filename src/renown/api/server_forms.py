"""What backends send to `POST /api/<method>` (specification, section 22). Unknown fields are ignored."""

import msgspec

from renown.gateway.operations import Target

__all__ = [
    "BatchRequest",
    "BroadcastRequest",
    "ChannelRequest",
    "ChannelsRequest",
    "Code",
    "Content",
    "DisconnectRequest",
    "Flag",
    "HistoryRequest",
    "MapPublishRequest",
    "MapRemoveRequest",
    "Overrides",
    "PublishRequest",
    "RefreshRequest",
    "Since",
    "SubscribeRequest",
    "UnsubscribeRequest",
    "UserRequest",
]


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What is published."""

    data: msgspec.Raw = msgspec.Raw()
    skip_history: bool | None = None
    tags: dict[str, str] | None = None
    b64data: str | None = None
    idempotency_key: str | None = None
    version: int | None = None
    version_epoch: str | None = None


class PublishRequest(Content, frozen=True, kw_only=True):
    """Publish into one channel; with a key into its map."""

    channel: str
    key: str | None = None


class BroadcastRequest(Content, frozen=True, kw_only=True):
    """Publish the same into several channels."""

    channels: list[str]


class Flag(msgspec.Struct, frozen=True):
    """One option that is changed."""

    value: bool


class Overrides(msgspec.Struct, frozen=True):
    """Options that are changed for one subscription."""

    presence: Flag | None = None
    join_leave: Flag | None = None
    force_push_join_leave: Flag | None = None
    force_positioning: Flag | None = None
    force_recovery: Flag | None = None


class Since(msgspec.Struct, frozen=True):
    """A position."""

    offset: int = 0
    epoch: str = ""


class UserRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Whose connections are meant."""

    user: str
    client: str | None = None
    session: str | None = None

    def target(self, keep: tuple[str, ...] = ()) -> Target:
        """Return the connections that are meant."""
        return Target(self.user, self.client or "", self.session or "", keep)


class SubscribeRequest(UserRequest, frozen=True, kw_only=True):
    """Subscribe a user's connections."""

    channel: str
    info: msgspec.Raw = msgspec.Raw()
    b64info: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    b64data: str | None = None
    recover_since: Since | None = None
    expire_at: float | None = None
    override: Overrides | None = None


class UnsubscribeRequest(UserRequest, frozen=True, kw_only=True):
    """End a user's subscriptions of a channel."""

    channel: str


class Code(msgspec.Struct, frozen=True):
    """How a connection is to be closed."""

    code: int = 0
    reason: str = ""


class DisconnectRequest(UserRequest, frozen=True, kw_only=True):
    """Close a user's connections."""

    whitelist: list[str] | None = None
    disconnect: Code | None = None


class RefreshRequest(UserRequest, frozen=True, kw_only=True):
    """Prolong a user's connections, or end them as expired."""

    expired: bool | None = None
    expire_at: float | None = None


class ChannelRequest(msgspec.Struct, frozen=True):
    """Name a channel."""

    channel: str


class HistoryRequest(msgspec.Struct, frozen=True):
    """Read a channel's log."""

    channel: str
    limit: int | None = None
    since: Since | None = None
    reverse: bool | None = None


class ChannelsRequest(msgspec.Struct, frozen=True):
    """List channels."""

    pattern: str | None = None


class MapPublishRequest(Content, frozen=True, kw_only=True):
    """Set a key of a map."""

    channel: str
    key: str


class MapRemoveRequest(msgspec.Struct, frozen=True):
    """Remove a key of a map."""

    channel: str
    key: str


class BatchRequest(msgspec.Struct, frozen=True):
    """Several commands, each an object with the method's name."""

    commands: list[dict[str, msgspec.Raw]]
    parallel: bool | None = None
