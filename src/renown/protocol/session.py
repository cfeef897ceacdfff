"""One connection's conversation, as a state machine without I/O.

Feed it what was received and the time, and it returns what is to be done. Commands are taken strictly
in order: one that needs a read from outside halts those behind it until the answer is handed in.
Times are seconds of any clock that never goes back.
"""

from collections import deque
from enum import IntEnum
from math import ceil, inf

import msgspec

from renown.protocol.access import Access, Limits, Refusal, Route, SubscriptionClaims, TokenRefused, Who
from renown.protocol.codec import Codec, Undecodable
from renown.protocol.codes import DISCONNECTS, ERRORS, UNSUBSCRIBES, Disconnect, Error, Unsubscribed
from renown.protocol.commands import (
    ChannelRequest,
    Command,
    ConnectRequest,
    HistoryRequest,
    PublishRequest,
    RefreshRequest,
    SubRefreshRequest,
    SubscribeRequest,
)
from renown.protocol.effects import (
    Attach,
    Close,
    Detach,
    Effect,
    History,
    Log,
    Newest,
    Position,
    ReadHistory,
    Send,
)
from renown.protocol.recovery import newest_result, publications, stream_result
from renown.protocol.replies import (
    ConnectResult,
    EmptyResult,
    HistoryResult,
    Push,
    RefreshResult,
    Reply,
    SubscribeResult,
)

__all__ = ["Session", "State"]

_REFUSE_UNRECOVERED = 2
_LONGEST = 2**31 - 1


class State(IntEnum):
    """How far a session has come."""

    NEW = 0
    OPEN = 1
    REFUSED = 2
    """The connect command got an error: any further command ends the connection."""
    CLOSED = 3


class _Ended(Exception):
    """Ends the connection from anywhere within a command."""

    def __init__(self, why: Disconnect) -> None:
        super().__init__(why.reason)
        self.why = why


class _Failed(Exception):
    """Answers the command with an error."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.message)
        self.error = error


class _Pending(msgspec.Struct, frozen=True):
    """The command that waits for an answer from outside."""

    id: int
    channel: str
    recover: Position | None = None
    strict: bool = False
    """Refuse rather than answer `recovered: false`."""
    claims: SubscriptionClaims | None = None
    attaching: bool = True


class Session:
    """The server's side of one connection.

    `due` is when `tick` must be called next. It only changes within calls of this object.
    """

    __slots__ = (
        "_access",
        "_codec",
        "_expires_by",
        "_limits",
        "_pending",
        "_ping_at",
        "_pong_by",
        "_queue",
        "_spread",
        "_subscriptions",
        "client",
        "due",
        "state",
        "user",
    )

    def __init__(
        self, client: str, codec: Codec, access: Access, limits: Limits, *, now: float, spread: float
    ) -> None:
        """`client` is a unique id; `spread` in [0, 1) says where in its interval the first ping falls."""
        self.client = client
        self.user = ""
        self.state = State.NEW
        self.due = now + limits.connect
        self._codec = codec
        self._access = access
        self._limits = limits
        self._spread = spread
        self._queue: deque[bytes] | None = None
        self._pending: _Pending | None = None
        self._subscriptions: dict[str, float] = {}
        self._ping_at = inf
        self._pong_by = inf
        self._expires_by = inf

    @property
    def channels(self) -> list[str]:
        """The channels subscribed to."""
        return list(self._subscriptions)

    @property
    def backlog(self) -> int:
        """How many commands wait behind the one in progress."""
        return len(self._queue) if self._queue else 0

    def subscribed(self, channel: str) -> bool:
        """Tell whether a subscription stands."""
        return channel in self._subscriptions

    # What comes in

    def receive(self, message: bytes, now: float) -> list[Effect]:
        """Take one message of the client."""
        if self.state is State.CLOSED:
            return []
        try:
            commands = self._codec.split(message)
        except Undecodable:
            return self.close(DISCONNECTS.BAD_REQUEST)
        if self._queue is None:
            self._queue = deque(commands)
        else:
            self._queue.extend(commands)
        return self._work(now)

    def attached(self, found: Newest | Log, now: float) -> list[Effect]:
        """Take the answer to `Attach`."""
        pending = self._take_pending()
        if pending is None:
            return []
        effects = self._finish_subscribe(pending, found, now)
        self._update_due()
        return effects + self._work(now)

    def read(self, history: History, now: float) -> list[Effect]:
        """Take the answer to `ReadHistory`."""
        pending = self._take_pending()
        if pending is None:
            return []
        result = HistoryResult(publications(history.publications), history.epoch, history.top)
        return [self._reply(Reply(pending.id, history=result)), *self._work(now)]

    def failed(self, now: float) -> list[Effect]:
        """Say that the answer to `Attach` or `ReadHistory` cannot be had."""
        pending = self._take_pending()
        if pending is None:
            return []
        effects: list[Effect] = [self._error(pending.id, ERRORS.INTERNAL)]
        if pending.attaching:
            effects.append(Detach(pending.channel))
        return effects + self._work(now)

    def tick(self, now: float) -> list[Effect]:
        """Do what time demands: pings, deadlines, expiry."""
        if self.state is State.CLOSED or now < self.due:
            return []
        if self.state is not State.OPEN:
            return self.close(DISCONNECTS.STALE)
        if now >= self._pong_by:
            return self.close(DISCONNECTS.NO_PONG)
        if now >= self._expires_by:
            return self.close(DISCONNECTS.EXPIRED)
        effects = self._expire_subscriptions(now)
        if now >= self._ping_at:
            effects.append(Send(self._codec.ping))
            self._ping_at = now + self._limits.ping
            self._pong_by = now + self._limits.pong
        self._update_due()
        return effects

    def unsubscribe(self, channel: str, why: Unsubscribed) -> list[Effect]:
        """End a subscription from the server's side."""
        if self.state is not State.OPEN or self._subscriptions.pop(channel, None) is None:
            return []
        self._update_due()
        push = Push(channel=channel, unsubscribe=why)
        return [self._reply(Reply(push=push)), Detach(channel)]

    def close(self, why: Disconnect) -> list[Effect]:
        """End the connection from the server's side."""
        if self.state is State.CLOSED:
            return []
        self.lost()
        return [Close(why)]

    def lost(self) -> None:
        """Note that the connection is gone; `channels` still names what is to be left."""
        self.state = State.CLOSED
        self.due = inf
        self._queue = None
        self._pending = None

    # Commands, in order

    def _work(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        while self._queue and self._pending is None:
            encoded = self._queue.popleft()
            try:
                effects += self._handle(self._codec.command(encoded), now)
            except Undecodable:
                return effects + self.close(DISCONNECTS.BAD_REQUEST)
            except _Ended as ended:
                return effects + self.close(ended.why)
        if not self._queue:
            self._queue = None
        return effects

    def _handle(self, command: Command, now: float) -> list[Effect]:
        number = command.id or 0
        if self.state is not State.OPEN:
            if command.connect is None or not number or self.state is State.REFUSED:
                raise _Ended(DISCONNECTS.BAD_REQUEST)
            return self._connect(number, command.connect, now)
        if not number and command.send is None:
            return self._pong()
        try:
            return self._dispatch(number, command, now)
        except _Failed as failed:
            return [self._error(number, failed.error)]

    def _dispatch(self, number: int, command: Command, now: float) -> list[Effect]:
        if command.connect is not None:
            raise _Ended(DISCONNECTS.BAD_REQUEST)
        if command.subscribe is not None:
            return self._subscribe(number, command.subscribe)
        if command.unsubscribe is not None:
            return self._unsubscribe(number, command.unsubscribe)
        if command.publish is not None:
            return self._publish(command.publish)
        if command.presence is not None or command.presence_stats is not None:
            return self._presence(command.presence or command.presence_stats or ChannelRequest())
        if command.history is not None:
            return self._history(number, command.history)
        if command.rpc is not None:
            raise _Failed(ERRORS.NOT_AVAILABLE)
        if command.send is not None:
            raise _Ended(DISCONNECTS.NOT_AVAILABLE)
        if command.refresh is not None:
            return self._refresh(number, command.refresh, now)
        if command.sub_refresh is not None:
            return self._sub_refresh(number, command.sub_refresh, now)
        raise _Ended(DISCONNECTS.BAD_REQUEST)

    def _pong(self) -> list[Effect]:
        if self._pong_by == inf:
            raise _Ended(DISCONNECTS.BAD_REQUEST)
        self._pong_by = inf
        self._update_due()
        return []

    def _connect(self, number: int, request: ConnectRequest, now: float) -> list[Effect]:
        ttl = None
        if request.token:
            try:
                claims = self._access.connection(request.token)
            except TokenRefused as refused:
                if refused.why is Refusal.EXPIRED:
                    return self._refuse(number, ERRORS.TOKEN_EXPIRED)
                raise _Ended(DISCONNECTS.INVALID_TOKEN) from refused
            if not claims.user and not self._access.anonymous:
                raise _Ended(DISCONNECTS.PERMISSION_DENIED)
            if claims.ttl is not None and claims.ttl <= 0:
                return self._refuse(number, ERRORS.EXPIRED)
            self.user, ttl = claims.user, claims.ttl
        elif not self._access.anonymous:
            raise _Ended(DISCONNECTS.BAD_REQUEST)
        self._open(ttl, now)
        result = ConnectResult(
            client=self.client,
            version=self._limits.version,
            expires=ttl is not None,
            ttl=_whole(ttl),
            ping=ceil(self._limits.ping),
            pong=self._limits.ping > 0,
        )
        return [self._reply(Reply(number, connect=result))]

    def _refuse(self, number: int, error: Error) -> list[Effect]:
        self.state = State.REFUSED
        return [self._error(number, error)]

    def _open(self, ttl: float | None, now: float) -> None:
        self.state = State.OPEN
        self._expires_by = self._deadline(ttl, now)
        if self._limits.ping > 0:
            self._ping_at = now + self._limits.ping * (1 + self._spread) / 2
        self._update_due()

    # Subscribe

    def _subscribe(self, number: int, request: SubscribeRequest) -> list[Effect]:
        channel = _required(request.channel)
        if request.delta not in (None, "", "fossil"):
            raise _Ended(DISCONNECTS.BAD_REQUEST)
        if len(channel.encode(errors="replace")) > self._limits.channel_name:
            raise _Failed(ERRORS.BAD_REQUEST)
        if channel in self._subscriptions:
            raise _Failed(ERRORS.ALREADY_SUBSCRIBED)
        if len(self._subscriptions) >= self._limits.channels:
            raise _Failed(ERRORS.LIMIT_EXCEEDED)
        route = self._route(channel)
        claims = self._subscription_claims(channel, request.token, route)
        if request.type or not _is_null(request.tf):
            raise _Failed(ERRORS.BAD_REQUEST)
        recover = Position(request.epoch or "", request.offset or 0) if request.recover else None
        strict = bool((request.flag or 0) & _REFUSE_UNRECOVERED)
        self._pending = _Pending(number, channel, recover, strict, claims)
        return [Attach(channel, route.stream, recover if route.stream else None)]

    def _subscription_claims(
        self, channel: str, token: str | None, route: Route
    ) -> SubscriptionClaims | None:
        if not token:
            if not self._may_read(channel, route):
                raise _Failed(ERRORS.PERMISSION_DENIED)
            return None
        try:
            claims = self._access.subscription(token)
        except TokenRefused as refused:
            expired = refused.why is Refusal.EXPIRED
            raise _Failed(ERRORS.TOKEN_EXPIRED if expired else ERRORS.PERMISSION_DENIED) from refused
        if not self._is_about(claims, channel):
            raise _Ended(DISCONNECTS.INVALID_TOKEN)
        if claims.ttl is not None and claims.ttl <= 0:
            raise _Failed(ERRORS.EXPIRED)
        return claims

    def _is_about(self, claims: SubscriptionClaims, channel: str) -> bool:
        same = claims.channel == channel and claims.user == self.user
        return same and claims.client in ("", self.client)

    def _may_read(self, channel: str, route: Route) -> bool:
        if channel.startswith("$"):
            return False
        if "#" in channel:
            return bool(self.user) and self.user in channel.rpartition("#")[2].split(",")
        return route.subscribe is Who.ANYONE or (route.subscribe is Who.USERS and bool(self.user))

    def _finish_subscribe(self, pending: _Pending, found: Newest | Log, now: float) -> list[Effect]:
        if isinstance(found, Log):
            result = stream_result(found, pending.recover)
        else:
            result = newest_result(found, pending.recover)
        if pending.strict and result.was_recovering and not result.recovered:
            return [self._error(pending.id, ERRORS.UNRECOVERABLE_POSITION), Detach(pending.channel)]
        claims = pending.claims
        ttl = claims.ttl if claims else None
        self._subscriptions[pending.channel] = self._deadline(ttl, now)
        return [self._reply(Reply(pending.id, subscribe=_with_claims(result, claims)))]

    def _unsubscribe(self, number: int, request: ChannelRequest) -> list[Effect]:
        channel = _required(request.channel)
        done = self._reply(Reply(number, unsubscribe=EmptyResult()))
        if self._subscriptions.pop(channel, None) is None:
            return [done]
        self._update_due()
        return [Detach(channel), done]

    # Other commands

    def _publish(self, request: PublishRequest) -> list[Effect]:
        self._route(_required(request.channel))
        if _is_null(request.data):
            raise _Failed(ERRORS.BAD_REQUEST)
        raise _Failed(ERRORS.PERMISSION_DENIED)

    def _presence(self, request: ChannelRequest) -> list[Effect]:
        self._route(_required(request.channel))
        raise _Failed(ERRORS.NOT_AVAILABLE)

    def _history(self, number: int, request: HistoryRequest) -> list[Effect]:
        channel = _required(request.channel)
        route = self._route(channel)
        if not route.stream:
            raise _Failed(ERRORS.NOT_AVAILABLE)
        if channel not in self._subscriptions and not self._may_read(channel, route):
            raise _Failed(ERRORS.PERMISSION_DENIED)
        since = request.since
        if since is not None and since.epoch and since.epoch != self._access.epoch:
            raise _Failed(ERRORS.UNRECOVERABLE_POSITION)
        wanted = request.limit or 0
        limit = self._limits.recovery if wanted < 0 else min(wanted, self._limits.recovery)
        self._pending = _Pending(number, channel, attaching=False)
        after = None if since is None else since.offset or 0
        return [ReadHistory(channel, after, limit, bool(request.reverse))]

    def _refresh(self, number: int, request: RefreshRequest, now: float) -> list[Effect]:
        if not request.token:
            raise _Ended(DISCONNECTS.BAD_REQUEST)
        try:
            claims = self._access.connection(request.token)
        except TokenRefused as refused:
            expired = refused.why is Refusal.EXPIRED
            raise _Ended(DISCONNECTS.EXPIRED if expired else DISCONNECTS.INVALID_TOKEN) from refused
        if claims.user != self.user:
            raise _Ended(DISCONNECTS.INVALID_TOKEN)
        if claims.ttl is not None and claims.ttl <= 0:
            raise _Failed(ERRORS.EXPIRED)
        self._expires_by = self._deadline(claims.ttl, now)
        self._update_due()
        return [self._reply(Reply(number, refresh=_lifetime(claims.ttl)))]

    def _sub_refresh(self, number: int, request: SubRefreshRequest, now: float) -> list[Effect]:
        if request.channel and request.channel not in self._subscriptions:
            raise _Failed(ERRORS.PERMISSION_DENIED)
        if not request.token:
            raise _Failed(ERRORS.BAD_REQUEST)
        try:
            claims = self._access.subscription(request.token)
        except TokenRefused as refused:
            if refused.why is Refusal.EXPIRED:
                raise _Failed(ERRORS.TOKEN_EXPIRED_RETRY) from refused
            raise _Ended(DISCONNECTS.INVALID_TOKEN) from refused
        # centrifuge-python 0.5 leaves the channel out: the token names it.
        channel = request.channel or claims.channel
        if not self._is_about(claims, channel):
            raise _Ended(DISCONNECTS.INVALID_TOKEN)
        if channel not in self._subscriptions:
            raise _Failed(ERRORS.PERMISSION_DENIED)
        if claims.ttl is not None and claims.ttl <= 0:
            raise _Failed(ERRORS.EXPIRED)
        self._subscriptions[channel] = self._deadline(claims.ttl, now)
        self._update_due()
        return [self._reply(Reply(number, sub_refresh=_lifetime(claims.ttl)))]

    # Helpers

    def _route(self, channel: str) -> Route:
        route = self._access.route(channel)
        if isinstance(route, Error):
            raise _Failed(route)
        return route

    def _expire_subscriptions(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        for channel in [name for name, by in self._subscriptions.items() if now >= by]:
            effects += self.unsubscribe(channel, UNSUBSCRIBES.EXPIRED)
        return effects

    def _deadline(self, ttl: float | None, now: float) -> float:
        return inf if ttl is None else now + ttl + self._limits.grace

    def _update_due(self) -> None:
        if self.state is State.OPEN:
            first = min(self._subscriptions.values(), default=inf)
            self.due = min(self._ping_at, self._pong_by, self._expires_by, first)

    def _take_pending(self) -> _Pending | None:
        pending, self._pending = self._pending, None
        return pending

    def _reply(self, reply: Reply) -> Send:
        return Send(self._codec.reply(reply))

    def _error(self, number: int, error: Error) -> Send:
        return self._reply(Reply(number, error=error))


def _required(channel: str | None) -> str:
    if not channel:
        raise _Ended(DISCONNECTS.BAD_REQUEST)
    return channel


def _is_null(raw: msgspec.Raw) -> bool:
    return bytes(raw) in (b"", b"null")


def _whole(ttl: float | None) -> int:
    return 0 if ttl is None else max(1, ceil(min(ttl, _LONGEST)))


def _lifetime(ttl: float | None) -> RefreshResult:
    return RefreshResult(expires=ttl is not None, ttl=_whole(ttl))


def _with_claims(result: SubscribeResult, claims: SubscriptionClaims | None) -> SubscribeResult:
    if claims is None:
        return result
    ttl = claims.ttl
    return msgspec.structs.replace(result, expires=ttl is not None, ttl=_whole(ttl), data=claims.data)
