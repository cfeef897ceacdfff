"""Which kind of channel an address is watched as."""

from renown.gateway.channels import Address, Source
from renown.gateway.hub.room_channels import LooseChannel, NewestRoom, StreamRoom
from renown.gateway.hub.views import BoardChannel, DetailChannel, FeedChannel
from renown.gateway.hub.watched import NewestChannel, StreamChannel, WatchedChannel
from renown.gateway.options import GatewayOptions, RoomRule

__all__ = ["make"]


def make(address: Address, epoch: str, options: GatewayOptions) -> WatchedChannel:
    """Return the channel of an address; `epoch` is that of the ledger's channels."""
    rule = address.rule
    if isinstance(rule, RoomRule):
        return _make_room(address, rule)
    match address.source:
        case Source.BOARD:
            return BoardChannel(address, rule.interval, epoch)
        case Source.FEED:
            return FeedChannel(address, rule.interval, epoch, options.feed_changes)
        case Source.ACTIVITY:
            return StreamChannel(address, 0.0, epoch)
        case Source.DETAIL:
            return DetailChannel(address, rule.interval, epoch)
        case _:
            return NewestChannel(address, rule.interval, epoch)


def _make_room(address: Address, rule: RoomRule) -> WatchedChannel:
    if not rule.history_size:
        channel = LooseChannel(address, 0.0, "")
        channel.loaded = True
        return channel
    if address.stream:
        return StreamRoom(address, 0.0, "")
    return NewestRoom(address, rule.interval, "")
