"""From decoded Protobuf commands to the structs that sessions know."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from google.protobuf.message import Message

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


def _said(message: Message, *ignored: str) -> dict[str, Any]:
    """Return the fields that are set, by name: fields at their default count as absent."""
    said: dict[str, Any] = {}
    for field, value in message.ListFields():
        name = field.name
        if name not in ignored:
            said[name] = msgspec.Raw(value) if name == "data" else value
    return said


def _connect(m: pb.ConnectRequest) -> ConnectRequest:
    said = _said(m, "headers", "flag", "dict", "profile")
    if "subs" in said:
        said["subs"] = {channel: _subscribe(request) for channel, request in m.subs.items()}
    return ConnectRequest(**said)


def _subscribe(m: pb.SubscribeRequest) -> SubscribeRequest:
    said = _said(m)
    _check_offset(said)
    if "tf" in said:
        said["tf"] = _filter(m.tf)
    return SubscribeRequest(**said)


def _filter(m: pb.FilterNode) -> FilterNode:
    said = _said(m)
    if "vals" in said:
        said["vals"] = list(m.vals)
    if "nodes" in said:
        said["nodes"] = [_filter(node) for node in m.nodes]
    return FilterNode(**said)


def _channel(m: _Channeled) -> ChannelRequest:
    return ChannelRequest(m.channel or None)


def _publish(m: pb.PublishRequest) -> PublishRequest:
    return PublishRequest(**_said(m))


def _history(m: pb.HistoryRequest) -> HistoryRequest:
    said = _said(m)
    if "since" in said:
        since = _said(m.since)
        _check_offset(since)
        said["since"] = StreamPosition(**since)
    return HistoryRequest(**said)


def _rpc(m: pb.RPCRequest) -> RpcRequest:
    return RpcRequest(**_said(m))


def _send(m: pb.SendRequest) -> SendRequest:
    return SendRequest(**_said(m))


def _refresh(m: pb.RefreshRequest) -> RefreshRequest:
    return RefreshRequest(m.token or None)


def _sub_refresh(m: pb.SubRefreshRequest) -> SubRefreshRequest:
    return SubRefreshRequest(**_said(m, "track", "untrack"))


def _check_offset(said: dict[str, Any]) -> None:
    if said.get("offset", 0) >= _OFFSETS:
        raise Undecodable("an offset is out of range")


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
