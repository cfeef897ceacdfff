"""From replies as sessions make them to Protobuf messages. Fields at their default are not touched."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from renown.protocol.codes import Disconnect, Error, Unsubscribed
from renown.protocol.replies import (
    ClientInfo,
    ConnectResult,
    EmptyResult,
    HistoryResult,
    Joined,
    Message,
    PresenceResult,
    PresenceStatsResult,
    Publication,
    Push,
    RefreshResult,
    Reply,
    RpcResult,
    SubscribePush,
    SubscribeResult,
)
from renown.protocol.wire import client_pb2 as pb

__all__ = ["fill_publication", "fill_reply"]


def fill_reply(m: pb.Reply, reply: Reply) -> None:
    """Write `reply` into an empty message. A result that is empty is present all the same."""
    if reply.id:
        m.id = reply.id
    for name, fill in _PARTS:
        part = getattr(reply, name)
        if part is not None:
            part_message = getattr(m, name)
            part_message.SetInParent()
            fill(part_message, part)


def _error(m: pb.Error, error: Error) -> None:
    m.code = error.code
    m.message = error.message
    m.temporary = error.temporary


def _empty(m: pb.UnsubscribeResult | pb.PublishResult, result: EmptyResult) -> None:
    """Nothing to write."""


def _push(m: pb.Push, push: Push) -> None:
    m.channel = push.channel
    for name, fill in _PUSHES:
        part = getattr(push, name)
        if part is not None:
            part_message = getattr(m, name)
            part_message.SetInParent()
            fill(part_message, part)


def _connect(m: pb.ConnectResult, result: ConnectResult) -> None:
    _scalars(m, result, _OF_CONNECT)
    if result.data is not None:
        m.data = bytes(result.data)
    for channel, subscription in result.subs.items():
        # Reading a key puts it there, even if nothing is written into it.
        _subscribe(m.subs[channel], subscription)


def _subscribe(m: pb.SubscribeResult, result: SubscribeResult) -> None:
    _scalars(m, result, _OF_SUBSCRIBE)
    if result.data is not None:
        m.data = bytes(result.data)
    _publications(m.publications, result.publications)
    _publications(m.state, result.state)


def _scalars(m: Any, result: Any, names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(result, name)
        if value:
            setattr(m, name, value)


def _publications(messages: Any, publications: Iterable[Publication]) -> None:
    for publication in publications:
        fill_publication(messages.add(), publication)


def fill_publication(m: pb.Publication, publication: Publication) -> None:
    """Write `publication` into an empty message."""
    p = publication
    m.data = bytes(p.data)
    if p.offset:
        m.offset = p.offset
    if p.info is not None:
        m.info.SetInParent()
        _info(m.info, p.info)
    if p.tags:
        m.tags.update(p.tags)
    if p.delta:
        m.delta = True
    if p.time:
        m.time = p.time
    if p.key:
        m.key = p.key
    if p.removed:
        m.removed = True


def _info(m: pb.ClientInfo, info: ClientInfo) -> None:
    m.user = info.user
    m.client = info.client
    if info.conn_info is not None:
        m.conn_info = bytes(info.conn_info)
    if info.chan_info is not None:
        m.chan_info = bytes(info.chan_info)


def _presence(m: pb.PresenceResult, result: PresenceResult) -> None:
    for client, info in result.presence.items():
        _info(m.presence[client], info)


def _presence_stats(m: pb.PresenceStatsResult, result: PresenceStatsResult) -> None:
    m.num_clients = result.num_clients
    m.num_users = result.num_users


def _history(m: pb.HistoryResult, result: HistoryResult) -> None:
    _publications(m.publications, result.publications)
    m.epoch = result.epoch
    m.offset = result.offset


def _rpc(m: pb.RPCResult, result: RpcResult) -> None:
    if result.data is not None:
        m.data = bytes(result.data)


def _refresh(m: pb.RefreshResult | pb.SubRefreshResult | pb.Refresh, result: RefreshResult) -> None:
    m.expires = result.expires
    m.ttl = result.ttl


def _joined(m: pb.Join | pb.Leave, joined: Joined) -> None:
    m.info.SetInParent()
    _info(m.info, joined.info)


def _ended(m: pb.Unsubscribe | pb.Disconnect, why: Unsubscribed | Disconnect) -> None:
    m.code = why.code
    m.reason = why.reason


def _message(m: pb.Message, message: Message) -> None:
    m.data = bytes(message.data)


def _subscribed(m: pb.Subscribe, push: SubscribePush) -> None:
    m.recoverable = push.recoverable
    m.epoch = push.epoch
    m.offset = push.offset
    m.positioned = push.positioned
    if push.data is not None:
        m.data = bytes(push.data)


_OF_CONNECT: Final = ("client", "version", "expires", "ttl", "ping", "pong", "session", "node", "time")
_OF_SUBSCRIBE: Final = (
    *("expires", "ttl", "recoverable", "epoch", "recovered", "offset", "positioned"),
    *("was_recovering", "delta", "type", "phase", "cursor"),
)
_Fill = Callable[[Any, Any], None]
_PARTS: Final[tuple[tuple[str, _Fill], ...]] = (
    ("error", _error),
    ("push", _push),
    ("connect", _connect),
    ("subscribe", _subscribe),
    ("unsubscribe", _empty),
    ("publish", _empty),
    ("presence", _presence),
    ("presence_stats", _presence_stats),
    ("history", _history),
    ("rpc", _rpc),
    ("refresh", _refresh),
    ("sub_refresh", _refresh),
)
_PUSHES: Final[tuple[tuple[str, _Fill], ...]] = (
    ("pub", fill_publication),
    ("join", _joined),
    ("leave", _joined),
    ("unsubscribe", _ended),
    ("message", _message),
    ("subscribe", _subscribed),
    ("disconnect", _ended),
    ("refresh", _refresh),
)
