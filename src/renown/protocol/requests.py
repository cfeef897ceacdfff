"""Commands that only ask something: publish, presence, history and calls.

Each becomes a question to the surroundings and, once that is answered, a reply.
"""

from collections.abc import Callable

import msgspec

from renown.protocol.access import MAP, Action, Route
from renown.protocol.caller import Caller
from renown.protocol.codes import DISCONNECTS, ERRORS, Error
from renown.protocol.commands import ChannelRequest, Command, HistoryRequest, PublishRequest, RpcRequest
from renown.protocol.effects import (
    Answer,
    Call,
    Done,
    History,
    Present,
    Publish,
    Question,
    ReadHistory,
    ReadPresence,
    Returned,
)
from renown.protocol.outcomes import Ended, Failed, expected, given, required
from renown.protocol.replies import (
    EmptyResult,
    HistoryResult,
    PresenceResult,
    PresenceStatsResult,
    Reply,
    RpcResult,
)

__all__ = ["Asked", "ask"]


class Asked(msgspec.Struct, frozen=True):
    """A question, and what makes a reply of the command's id and the answer; that raises `Failed`."""

    question: Question
    reply: Callable[[int, Answer | Error], Reply]


def ask(caller: Caller, command: Command) -> Asked | None:
    """Return what a command asks; None when it is none of those here."""
    if command.publish is not None:
        return Asked(_publish(caller, command.publish), _published)
    if command.presence is not None:
        return Asked(_presence(caller, command.presence), _present)
    if command.presence_stats is not None:
        return Asked(_presence(caller, command.presence_stats), _counted)
    if command.history is not None:
        return Asked(_history(caller, command.history), _read)
    if command.rpc is not None:
        return Asked(_call(caller, command.rpc), _returned)
    if command.send is not None:
        raise Ended(DISCONNECTS.NOT_AVAILABLE)
    return None


# Publish


def _publish(caller: Caller, request: PublishRequest) -> Publish:
    channel = required(request.channel)
    route = caller.route(channel)
    data = given(request.data, json=caller.codec.json)
    kind, removed = request.type or 0, bool(request.removed)
    if kind not in (0, MAP) or (not data and not (kind == MAP and removed)):
        raise Failed(ERRORS.BAD_REQUEST)
    if not route.publish or not caller.may(Action.PUBLISH, channel):
        raise Failed(ERRORS.PERMISSION_DENIED)
    if not (route.map if kind == MAP else route.plain):
        raise Failed(ERRORS.NOT_AVAILABLE)
    info = caller.seen_in(channel)
    if kind != MAP:
        return Publish(channel, data, info)
    return Publish(channel, b"" if removed else data, info, _key(caller, route, request.key or ""), removed)


def _key(caller: Caller, route: Route, asked: str) -> str:
    """Return the key that is set, which may be the client's own only."""
    key = asked
    if route.client_key:
        key = caller.client
    elif route.user_key:
        key = caller.claims.user
        if not key or asked not in ("", key):
            raise Failed(ERRORS.PERMISSION_DENIED)
    if not key:
        raise Failed(ERRORS.BAD_REQUEST)
    return key


def _published(number: int, answer: Answer | Error) -> Reply:
    expected(answer, Done)
    return Reply(number, publish=EmptyResult())


# Presence


def _presence(caller: Caller, request: ChannelRequest) -> ReadPresence:
    channel = required(request.channel)
    route = caller.route(channel)
    if not route.presence:
        raise Failed(ERRORS.NOT_AVAILABLE)
    if not caller.may(Action.PRESENCE, channel):
        raise Failed(ERRORS.PERMISSION_DENIED)
    return ReadPresence(channel)


def _present(number: int, answer: Answer | Error) -> Reply:
    return Reply(number, presence=PresenceResult(expected(answer, Present).clients))


def _counted(number: int, answer: Answer | Error) -> Reply:
    clients = expected(answer, Present).clients
    users = {info.user for info in clients.values()}
    return Reply(number, presence_stats=PresenceStatsResult(len(clients), len(users)))


# History


def _history(caller: Caller, request: HistoryRequest) -> ReadHistory:
    channel = required(request.channel)
    route = caller.route(channel)
    if not route.history:
        raise Failed(ERRORS.NOT_AVAILABLE)
    if not caller.may(Action.HISTORY, channel):
        raise Failed(ERRORS.PERMISSION_DENIED)
    most, wanted, since = caller.limits.recovery, request.limit or 0, request.since
    limit = most if wanted < 0 else min(wanted, most)
    if since is None:
        return ReadHistory(channel, None, limit, bool(request.reverse))
    return ReadHistory(channel, since.offset or 0, limit, bool(request.reverse), since.epoch or "")


def _read(number: int, answer: Answer | Error) -> Reply:
    found = expected(answer, History)
    return Reply(number, history=HistoryResult(found.publications, found.epoch, found.top))


# Calls


def _call(caller: Caller, request: RpcRequest) -> Call:
    method = request.method or ""
    refused = caller.access.may_call(method)
    if refused is not None:
        raise Failed(refused)
    return Call(method, given(request.data, json=caller.codec.json))


def _returned(number: int, answer: Answer | Error) -> Reply:
    data = expected(answer, Returned).data
    return Reply(number, rpc=RpcResult(msgspec.Raw(data) if data else None))
