"""One connection's conversation, as a state machine without I/O.

Feed it what was received and the time, and it returns what is to be done. Commands are taken strictly
in order: one that needs a read from outside halts those behind it until the answer is handed in.
Times are seconds of any clock that never goes back.
"""

from collections import deque
from enum import IntEnum
from math import ceil, inf

import msgspec

from renown.protocol import connecting, subscribing
from renown.protocol.access import Access, ConnectionClaims, Limits, Shape
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
    ReadHistory,
    Send,
)
from renown.protocol.outcomes import Ended, Failed, required
from renown.protocol.replies import (
    ConnectResult,
    EmptyResult,
    HistoryResult,
    Push,
    Reply,
    lifetime,
    whole_seconds,
)

__all__ = ["Session", "State"]


class State(IntEnum):
    """How far a session has come."""

    NEW = 0
    OPEN = 1
    REFUSED = 2
    """The connect command got an error: any further command ends the connection."""
    CLOSED = 3


class _Pending(msgspec.Struct, frozen=True):
    """The command that waits for an answer from outside."""

    id: int
    channel: str
    wish: subscribing.Wish = subscribing.Wish()
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
        "claims",
        "client",
        "due",
        "state",
    )

    def __init__(
        self, client: str, codec: Codec, access: Access, limits: Limits, *, now: float, spread: float
    ) -> None:
        """`client` is a unique id; `spread` in [0, 1) says where in its interval the first ping falls."""
        self.client = client
        self.claims = ConnectionClaims("")
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
    def user(self) -> str:
        """The user's id; empty for an anonymous one."""
        return self.claims.user

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

    def read(self, history: History | Error, now: float) -> list[Effect]:
        """Take the answer to `ReadHistory`."""
        pending = self._take_pending()
        if pending is None:
            return []
        if isinstance(history, Error):
            return [self._error(pending.id, history), *self._work(now)]
        result = HistoryResult(history.publications, history.epoch, history.top)
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
            except Ended as ended:
                return effects + self.close(ended.why)
        if not self._queue:
            self._queue = None
        return effects

    def _handle(self, command: Command, now: float) -> list[Effect]:
        number = command.id or 0
        if self.state is not State.OPEN:
            if command.connect is None or not number or self.state is State.REFUSED:
                raise Ended(DISCONNECTS.BAD_REQUEST)
            return self._connect(number, command.connect, now)
        if not number and command.send is None:
            return self._pong()
        try:
            return self._dispatch(number, command, now)
        except Failed as failed:
            return [self._error(number, failed.error)]

    def _dispatch(self, number: int, command: Command, now: float) -> list[Effect]:
        if command.connect is not None:
            raise Ended(DISCONNECTS.BAD_REQUEST)
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
            raise Failed(ERRORS.NOT_AVAILABLE)
        if command.send is not None:
            raise Ended(DISCONNECTS.NOT_AVAILABLE)
        if command.refresh is not None:
            return self._refresh(number, command.refresh, now)
        if command.sub_refresh is not None:
            return self._sub_refresh(number, command.sub_refresh, now)
        raise Ended(DISCONNECTS.BAD_REQUEST)

    def _pong(self) -> list[Effect]:
        if self._pong_by == inf:
            raise Ended(DISCONNECTS.BAD_REQUEST)
        self._pong_by = inf
        self._update_due()
        return []

    def _connect(self, number: int, request: ConnectRequest, now: float) -> list[Effect]:
        try:
            claims = connecting.admit(self._access, request)
        except Failed as failed:
            self.state = State.REFUSED
            return [self._error(number, failed.error)]
        self.claims = claims
        self._open(claims.ttl, now)
        result = ConnectResult(
            client=self.client,
            version=self._limits.version,
            expires=claims.ttl is not None,
            ttl=whole_seconds(claims.ttl),
            ping=ceil(self._limits.ping),
            pong=self._limits.ping > 0,
        )
        return [self._reply(Reply(number, connect=result))]

    def _open(self, ttl: float | None, now: float) -> None:
        self.state = State.OPEN
        self._expires_by = self._deadline(ttl, now)
        if self._limits.ping > 0:
            self._ping_at = now + self._limits.ping * (1 + self._spread) / 2
        self._update_due()

    # Subscribe

    def _subscribe(self, number: int, request: SubscribeRequest) -> list[Effect]:
        channel = subscribing.check(request, self._subscriptions, self._limits)
        route = subscribing.route_of(self._access, channel)
        claims = None
        if request.token:
            claims = subscribing.permit(self._access, request.token, channel, self.user, self.client)
        elif not subscribing.may_read(self._access, channel, self.claims):
            raise Failed(ERRORS.PERMISSION_DENIED)
        wish = subscribing.terms(request, claims)
        self._pending = _Pending(number, channel, wish)
        return [Attach(channel, wish.recover if route.shape is Shape.STREAM else None)]

    def _finish_subscribe(self, pending: _Pending, found: Newest | Log, now: float) -> list[Effect]:
        wish = pending.wish
        try:
            result = subscribing.accept(wish, found)
        except Failed as failed:
            return [self._error(pending.id, failed.error), Detach(pending.channel)]
        ttl = wish.claims.ttl if wish.claims else None
        self._subscriptions[pending.channel] = self._deadline(ttl, now)
        return [self._reply(Reply(pending.id, subscribe=result))]

    def _unsubscribe(self, number: int, request: ChannelRequest) -> list[Effect]:
        channel = required(request.channel)
        done = self._reply(Reply(number, unsubscribe=EmptyResult()))
        if self._subscriptions.pop(channel, None) is None:
            return [done]
        self._update_due()
        return [Detach(channel), done]

    # Other commands

    def _publish(self, request: PublishRequest) -> list[Effect]:
        subscribing.route_of(self._access, required(request.channel))
        if subscribing.is_null(request.data):
            raise Failed(ERRORS.BAD_REQUEST)
        raise Failed(ERRORS.PERMISSION_DENIED)

    def _presence(self, request: ChannelRequest) -> list[Effect]:
        subscribing.route_of(self._access, required(request.channel))
        raise Failed(ERRORS.NOT_AVAILABLE)

    def _history(self, number: int, request: HistoryRequest) -> list[Effect]:
        channel = required(request.channel)
        route = subscribing.route_of(self._access, channel)
        if not route.history:
            raise Failed(ERRORS.NOT_AVAILABLE)
        if channel not in self._subscriptions and not subscribing.may_read(
            self._access, channel, self.claims
        ):
            raise Failed(ERRORS.PERMISSION_DENIED)
        since = request.since
        epoch = "" if since is None else since.epoch or ""
        wanted = request.limit or 0
        limit = self._limits.recovery if wanted < 0 else min(wanted, self._limits.recovery)
        self._pending = _Pending(number, channel, attaching=False)
        after = None if since is None else since.offset or 0
        return [ReadHistory(channel, after, limit, bool(request.reverse), epoch)]

    def _refresh(self, number: int, request: RefreshRequest, now: float) -> list[Effect]:
        claims = connecting.renew(self._access, request, self.user)
        self._expires_by = self._deadline(claims.ttl, now)
        self._update_due()
        return [self._reply(Reply(number, refresh=lifetime(claims.ttl)))]

    def _sub_refresh(self, number: int, request: SubRefreshRequest, now: float) -> list[Effect]:
        claims = subscribing.renew(self._access, request, self._subscriptions, self.user, self.client)
        self._subscriptions[claims.channel] = self._deadline(claims.ttl, now)
        self._update_due()
        return [self._reply(Reply(number, sub_refresh=lifetime(claims.ttl)))]

    # Helpers

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
