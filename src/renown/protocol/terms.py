"""On what terms a channel is had."""

import msgspec

from renown.protocol.access import Route, SubscriptionClaims
from renown.protocol.commands import FilterNode
from renown.protocol.effects import Attach, MapWish, Position
from renown.protocol.replies import ClientInfo

__all__ = ["Terms"]


class Terms(msgspec.Struct, frozen=True):
    """What a subscription is to be once the channel is read."""

    channel: str
    route: Route
    claims: SubscriptionClaims | None = None
    recover: Position | None = None
    """Whence to recover; only set when recovery is granted."""
    recovering: bool = False
    """Whether the client wants to recover, be it granted or not."""
    strict: bool = False
    """Refuse rather than answer `recovered: false`."""
    recoverable: bool = False
    positioned: bool = False
    delta: bool = False
    filter: FilterNode | None = None
    packed: bool = False
    info: ClientInfo | None = None
    joins: bool = False
    chan_info: msgspec.Raw | None = None
    data: msgspec.Raw | None = None
    server_side: bool = False

    def attach(self, *, hold: bool = False, wish: MapWish | None = None) -> Attach:
        """Return the question that makes the subscription."""
        return Attach(
            self.channel,
            self.recover,
            wish,
            self.delta,
            self.filter,
            self.packed,
            self.info,
            self.joins,
            hold,
        )
