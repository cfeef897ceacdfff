"""From decoded Protobuf commands to the structs that sessions know."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from renown.protocol.commands import (
    ChannelRequest,
    Command,
    ConnectRequest,
    FilterNode,
    HistoryRequest,
    PublishRequest,
    RefreshRequest,
    RpcRequest,
    SendRequest,
    StreamPosition,
    SubRefreshRequest,
    SubscribeRequest,
)
from renown.protocol.raw import Undecodable
from renown.protocol.wire import client_pb2 as pb

__all__ = ["command_of"]

_OFFSETS: Final = 2**53
_Channeled = pb.UnsubscribeRequest | pb.PresenceRequest | pb.PresenceStatsRequest


def command_of(message: pb.Command) -> Command:
    """Return `message` as a struct; what it does not set stays None.

    Raises:
        Undecodable: an offset is out of range.

    """
    requests: dict[str, Any] = {}
    for field, value in message.ListFields():
        convert = _REQUESTS.get(field.name)
        if convert is not None:
            requests[field.name] = convert(value)
    return Command(id=message.id or None, **requests)


def _connect(m: pb.ConnectRequest) -> ConnectRequest:
    return ConnectRequest(
        token=m.token or None,
        data=msgspec.Raw(m.data),
        name=m.name or None,
        version=m.version or None,
        subs={channel: _subscribe(request) for channel, request in m.subs.items()} or None,
    )


def _subscribe(m: pb.SubscribeRequest) -> SubscribeRequest:
    return SubscribeRequest(
        channel=m.channel or None,
        token=m.token or None,
        recover=m.recover or None,
        epoch=m.epoch or None,
        offset=_offset(m.offset),
        data=msgspec.Raw(m.data),
        positioned=m.positioned or None,
        recoverable=m.recoverable or None,
        join_leave=m.join_leave or None,
        delta=m.delta or None,
        tf=_filter(m.tf) if m.HasField("tf") else None,
        flag=m.flag or None,
        type=m.type or None,
        phase=m.phase or None,
        cursor=m.cursor or None,
        limit=m.limit or None,
        asc=m.asc or None,
    )


def _filter(m: pb.FilterNode) -> FilterNode:
    return FilterNode(
        op=m.op or None,
        key=m.key or None,
        cmp=m.cmp or None,
        val=m.val or None,
        vals=list(m.vals) or None,
        nodes=[_filter(node) for node in m.nodes] or None,
    )


def _channel(m: _Channeled) -> ChannelRequest:
    return ChannelRequest(m.channel or None)


def _publish(m: pb.PublishRequest) -> PublishRequest:
    return PublishRequest(
        channel=m.channel or None,
        data=msgspec.Raw(m.data),
        type=m.type or None,
        key=m.key or None,
        removed=m.removed or None,
    )


def _history(m: pb.HistoryRequest) -> HistoryRequest:
    since = StreamPosition(_offset(m.since.offset), m.since.epoch or None) if m.HasField("since") else None
    return HistoryRequest(
        channel=m.channel or None, limit=m.limit or None, since=since, reverse=m.reverse or None
    )


def _rpc(m: pb.RPCRequest) -> RpcRequest:
    return RpcRequest(method=m.method or None, data=msgspec.Raw(m.data))


def _send(m: pb.SendRequest) -> SendRequest:
    return SendRequest(msgspec.Raw(m.data))


def _refresh(m: pb.RefreshRequest) -> RefreshRequest:
    return RefreshRequest(m.token or None)


def _sub_refresh(m: pb.SubRefreshRequest) -> SubRefreshRequest:
    return SubRefreshRequest(m.channel or None, m.token or None, m.type or None)


def _offset(number: int) -> int | None:
    if number >= _OFFSETS:
        raise Undecodable("an offset is out of range")
    return number or None


_REQUESTS: Final[dict[str, Callable[[Any], msgspec.Struct]]] = {
    "connect": _connect,
    "subscribe": _subscribe,
    "unsubscribe": _channel,
    "publish": _publish,
    "presence": _channel,
    "presence_stats": _channel,
    "history": _history,
    "rpc": _rpc,
    "send": _send,
    "refresh": _refresh,
    "sub_refresh": _sub_refresh,
}
