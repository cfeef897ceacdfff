"""One connection's conversation, as a state machine without I/O.

Feed it what was received and the time, and it returns what is to be done. Commands are taken strictly
in order: one that asks something of the surroundings halts those behind it until the answer is handed
in. A question is always the last effect of a call. Times are seconds of any clock that never goes back.
"""

from collections import deque
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from math import inf
from typing import Final

import msgspec

from renown.protocol import connecting, mapping, requests, subscribing
from renown.protocol.access import Access, KeysPending, Limits, ServerSubscription
from renown.protocol.caller import Caller
from renown.protocol.codec import Codec, Undecodable, Unspeakable
from renown.protocol.codes import DISCONNECTS, ERRORS, UNSUBSCRIBES, Disconnect, Error, Unsubscribed
from renown.protocol.commands import (
    ChannelRequest,
    Command,
    ConnectRequest,
    RefreshRequest,
    SubRefreshRequest,
    SubscribeRequest,
)
from renown.protocol.effects import (
    Answer,
    Await,
    Close,
    Detach,
    Effect,
    Log,
    MapPage,
    MapWish,
    Newest,
    Position,
    Question,
    Release,
    Send,
)
from renown.protocol.outcomes import Ended, Failed, expected, required
from renown.protocol.pacing import Allowance, Pace
from renown.protocol.replies import EmptyResult, Push, Reply, SubscribePush, lifetime
from renown.protocol.subscriptions import Subscription, Subscriptions
from renown.protocol.terms import Terms

__all__ = ["Session", "State"]

_TRIES: Final = 3
"""How often keys are waited for before a token counts as bad."""
_QUEUE: Final = 1024
"""Commands that may wait at least; more where more channels may be subscribed to at once."""

_ENDS: Final = {
    UNSUBSCRIBES.INSUFFICIENT_STATE: DISCONNECTS.INSUFFICIENT_STATE,
    UNSUBSCRIBES.EXPIRED: DISCONNECTS.SUBSCRIPTION_EXPIRED,
    UNSUBSCRIBES.STATE_INVALIDATED: DISCONNECTS.STATE_INVALIDATED,
}
"""How a connection ends whose subscription the server made: its client could not ask for it anew."""

Finish = Callable[[Answer | Error, float], list[Effect]]


class State(IntEnum):
    """How far a session has come."""

    NEW = 0
    OPEN = 1
    REFUSED = 2
    """The connect command got an error: any further command ends the connection."""
    CLOSED = 3


class _Pending(msgspec.Struct):
    """The question that waits for its answer, and what is done then."""

    finish: Finish
    number: int = 0
    """Of the command that asked; 0: the server itself did."""
    channel: str = ""
    """What is being attached to, if anything."""
    subscription: Subscription | None = None
    """What it is to become."""
    instead: Error | None = None
    """Set when the channel was taken away meanwhile: this counts, whatever the answer is."""


class _Made(msgspec.Struct, frozen=True):
    """A subscription that the server makes on an open connection."""

    channel: str
    said: ServerSubscription
    since: Position | None
    expires_by: float


class Session:
    """The server's side of one connection.

    `due` is when `tick` must be called next. It only changes within calls of this object.
    """

    __slots__ = (
        "_access",
        "_allowance",
        "_codec",
        "_expires_by",
        "_limits",
        "_opening",
        "_pending",
        "_ping_at",
        "_pong_by",
        "_queue",
        "_spread",
        "_subscriptions",
        "_uplink",
        "claims",
        "client",
        "due",
        "name",
        "state",
        "version",
    )

    def __init__(
        self,
        client: str,
        codec: Codec,
        access: Access,
        limits: Limits,
        *,
        now: float,
        spread: float,
        session: str = "",
        node: str = "",
    ) -> None:
        """`client` is a unique id; `spread` in [0, 1) says where in its interval the first ping falls.

        `session` and `node` are told to clients whose transport has an uplink of its own.
        """
        self.client = client
        self.claims = connecting.ANONYMOUS
        self.name = ""
        self.version = ""
        self.state = State.NEW
        self.due = now + limits.connect
        self._codec = codec
        self._access = access
        self._limits = limits
        self._spread = spread
        self._uplink = (session, node)
        self._allowance = Allowance(limits, now) if limits.commands > 0 else None
        self._queue: deque[bytes | _Made] | None = None
        self._pending: _Pending | None = None
        self._opening: connecting.Opening | None = None
        self._subscriptions = Subscriptions()
        self._ping_at = inf
        self._pong_by = inf
        self._expires_by = inf

    @property
    def user(self) -> str:
        """The user's id; empty for an anonymous one."""
        return self.claims.user

    @property
    def secret(self) -> str:
        """What finds the connection from an uplink of its own; empty where there is none."""
        return self._uplink[0]

    @property
    def channels(self) -> list[str]:
        """The channels subscribed to, or about to be."""
        names = self._subscriptions.names()
        pending = self._pending
        if pending is not None and pending.channel and pending.channel not in names:
            names.append(pending.channel)
        return names

    @property
    def backlog(self) -> int:
        """How many commands wait behind the one in progress."""
        return len(self._queue) if self._queue else 0

    def subscribed(self, channel: str) -> bool:
        """Tell whether a subscription stands."""
        return channel in self._subscriptions

    def subscription(self, channel: str) -> Subscription | None:
        """Return on what a subscription stands, or will stand once it is made; None: there is none."""
        pending = self._pending
        if pending is not None and pending.channel == channel:
            return pending.subscription
        return self._subscriptions.get(channel)

    # What comes in

    def receive(self, message: bytes, now: float) -> list[Effect]:
        """Take one message of the client."""
        if self.state is State.CLOSED:
            return []
        try:
            commands = self._codec.split(message)
        except Undecodable:
            return self.close(DISCONNECTS.BAD_REQUEST)
        for encoded in commands:
            if self._pong_by < inf and encoded == self._codec.pong:
                self._pong_by = inf
            else:
                self._enqueue(encoded)
        return self._work(now)

    def answered(self, answer: Answer | Error, now: float) -> list[Effect]:
        """Take the answer to the question asked last."""
        pending, self._pending = self._pending, None
        if pending is None or self.state is State.CLOSED:
            return []
        if pending.instead is not None:
            answer = pending.instead
        return self._careful(pending.number, partial(pending.finish, answer, now)) + self._work(now)

    def tick(self, now: float) -> list[Effect]:
        """Do what time demands: pings, deadlines, expiry."""
        if self.state is State.CLOSED or now < self.due:
            return []
        why = self._overdue(now)
        if why is not None:
            return self.close(why)
        effects: list[Effect] = []
        for channel in self._subscriptions.expired(now):
            effects += self.unsubscribe(channel, UNSUBSCRIBES.EXPIRED)
        if self.state is State.OPEN and now >= self._ping_at:
            effects.append(Send(self._codec.ping))
            self._ping_at = now + self._limits.ping
            self._pong_by = min(self._pong_by, now + self._limits.pong)
        self._update_due()
        return effects

    def _overdue(self, now: float) -> Disconnect | None:
        if self.state is not State.OPEN:
            return DISCONNECTS.STALE
        if now >= self._pong_by:
            return DISCONNECTS.NO_PONG
        if now >= self._expires_by:
            return DISCONNECTS.EXPIRED
        return DISCONNECTS.SLOW if self._subscriptions.overdue(now) else None

    # What the server wants by itself

    def push(self, push: Push) -> list[Effect]:
        """Say something unasked; before the connect reply it waits for that."""
        if self._opening is not None:
            self._opening.early.append(push)
        if self.state is not State.OPEN:
            return []
        return self._careful(0, lambda: [self._reply(Reply(push=push))])

    def subscribe(
        self,
        channel: str,
        now: float,
        said: ServerSubscription | None = None,
        *,
        since: Position | None = None,
        ttl: float | None = None,
    ) -> list[Effect]:
        """Make a subscription, from a position on if `since` is given; nothing happens where one stands.

        After `ttl` seconds and the grace it ends the connection, unless it was refreshed.
        """
        if self.state is not State.OPEN and self._opening is None:
            return []
        self._enqueue(_Made(channel, said or ServerSubscription(), since, self._deadline(ttl, now)))
        return self._work(now)

    def unsubscribe(self, channel: str, why: Unsubscribed) -> list[Effect]:
        """End a subscription from the server's side, or take it away before it stands."""
        if self.state is State.CLOSED:
            return []
        if self._pending is not None and self._pending.channel == channel:
            self._pending.instead = ERRORS.INTERNAL if why.resubscribes else ERRORS.PERMISSION_DENIED
            return []
        if self._subscriptions.lose(channel):
            return [Detach(channel)]
        dropped = self._subscriptions.drop(channel)
        if dropped is None:
            return []
        if self._opening is not None:
            self._opening.results.pop(channel, None)
            return [Detach(channel)]
        end = _ENDS.get(why) if dropped.server_side else None
        if end is not None:
            return [Detach(channel), *self.close(end)]
        self._update_due()
        return [self._reply(Reply(push=Push(channel=channel, unsubscribe=why))), Detach(channel)]

    def extend(self, ttl: float | None, now: float) -> list[Effect]:
        """Let the connection live `ttl` seconds from now, None: for ever, and tell the client."""
        if self.state is not State.OPEN:
            return []
        self._expires_by = self._deadline(ttl, now)
        self._update_due()
        return self.push(Push(refresh=lifetime(ttl)))

    def recheck(self) -> list[Effect]:
        """End the subscriptions that would no longer be granted, after rights or tokens changed."""
        effects: list[Effect] = []
        for channel in self.channels:
            subscription = self.subscription(channel)
            if subscription is not None and not subscribing.stands(self._caller, channel, subscription):
                effects += self.unsubscribe(channel, UNSUBSCRIBES.SERVER)
        return effects

    def close(self, why: Disconnect) -> list[Effect]:
        """End the connection from the server's side."""
        if self.state is State.CLOSED:
            return []
        self.lost()
        return [Close(why)]

    def lost(self) -> None:
        """Note that the connection is gone; `channels` still names what is to be left."""
        pending = self._pending
        if pending is not None and pending.channel:
            self._subscriptions.put(pending.channel, pending.subscription or Subscription())
        self.state = State.CLOSED
        self.due = inf
        self._queue = self._pending = self._opening = None

    # Commands, in order

    def _enqueue(self, what: bytes | _Made) -> None:
        if self._queue is None:
            self._queue = deque()
        self._queue.append(what)

    def _work(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        while self._queue and self._pending is None:
            what = self._queue.popleft()
            effects += self._make(what) if isinstance(what, _Made) else self._take(what, now)
        if not self._queue:
            self._queue = None
        elif len(self._queue) > max(_QUEUE, 2 * self._limits.channels):
            effects += self.close(DISCONNECTS.TOO_MANY_REQUESTS)
        self._update_due()
        return effects

    def _take(self, encoded: bytes, now: float) -> list[Effect]:
        try:
            command = self._codec.command(encoded)
        except Undecodable:
            return self.close(DISCONNECTS.BAD_REQUEST)
        number = command.id or 0
        return self._careful(number, lambda: self._paced(number, command, now))

    def _careful(self, number: int, step: Callable[[], list[Effect]]) -> list[Effect]:
        """Take a step of command `number`, whichever way it goes wrong."""
        try:
            try:
                return step()
            except Failed as failed:
                if self.state is State.NEW:
                    self.state = State.REFUSED
                return [self._error(number, failed.error)]
        except Ended as ended:
            return self.close(ended.why)
        except Unspeakable:
            return self.close(DISCONNECTS.INAPPROPRIATE_PROTOCOL)

    def _paced(self, number: int, command: Command, now: float) -> list[Effect]:
        if self._allowance is not None:
            pace = self._allowance.spend(self._limits, now)
            if pace is Pace.RELENTLESS:
                raise Ended(DISCONNECTS.TOO_MANY_REQUESTS)
            if pace is Pace.TOO_FAST and number and self.state is State.OPEN:
                raise Failed(ERRORS.TOO_MANY_REQUESTS)
        return self._try(number, command, _TRIES, now)

    def _try(self, number: int, command: Command, tries: int, now: float) -> list[Effect]:
        try:
            return self._handle(number, command, now)
        except KeysPending as pending:
            if tries:
                again = partial(self._try_again, number, command, tries - 1)
                return self._ask(Await(), _Pending(again, number))
            if command.subscribe is not None:
                raise Failed(ERRORS.PERMISSION_DENIED) from pending
            raise Ended(DISCONNECTS.INVALID_TOKEN) from pending

    def _try_again(
        self, number: int, command: Command, tries: int, answer: Answer | Error, now: float
    ) -> list[Effect]:
        if isinstance(answer, Error):
            raise Failed(answer)
        return self._try(number, command, tries, now)

    def _handle(self, number: int, command: Command, now: float) -> list[Effect]:
        if self.state is not State.OPEN:
            if command.connect is None or not number or self.state is State.REFUSED:
                raise Ended(DISCONNECTS.BAD_REQUEST)
            return self._connect(number, command.connect, now)
        if not number and command.send is None:
            return self._pong()
        if command.connect is not None:
            raise Ended(DISCONNECTS.BAD_REQUEST)
        if command.subscribe is not None:
            return self._subscribe(number, command.subscribe, now)
        if command.unsubscribe is not None:
            return self._unsubscribe(number, command.unsubscribe)
        asked = requests.ask(self._caller, command)
        if asked is not None:
            return self._ask(asked.question, _Pending(partial(self._told, number, asked), number))
        if command.refresh is not None:
            return self._refresh(number, command.refresh, now)
        if command.sub_refresh is not None:
            return self._sub_refresh(number, command.sub_refresh, now)
        raise Ended(DISCONNECTS.BAD_REQUEST)

    def _pong(self) -> list[Effect]:
        if self._pong_by == inf:
            raise Ended(DISCONNECTS.BAD_REQUEST)
        self._pong_by = inf
        return []

    def _told(
        self,
        number: int,
        asked: requests.Asked,
        answer: Answer | Error,
        now: float,  # noqa: ARG002
    ) -> list[Effect]:
        return [self._reply(asked.reply(number, answer))]

    # Connect

    def _connect(self, number: int, request: ConnectRequest, now: float) -> list[Effect]:
        self.claims = connecting.admit(self._access, request)
        self.name, self.version = (request.name or "")[:16], (request.version or "")[:64]
        waiting = connecting.wanted(self._caller, request.subs)
        self._opening = connecting.Opening(number, waiting)
        return self._open_on(self._opening, now)

    def _open_on(self, opening: connecting.Opening, now: float) -> list[Effect]:
        """Make the next server-side subscription, or open the connection when all are made."""
        if not opening.waiting:
            return self._open(opening, now)
        terms = opening.waiting.popleft()
        opening.held = True
        return self._attach(terms, partial(self._opened, opening, terms), hold=True)

    def _opened(
        self, opening: connecting.Opening, terms: Terms, answer: Answer | Error, now: float
    ) -> list[Effect]:
        effects: list[Effect] = []
        if isinstance(answer, Newest | Log):
            opening.take(terms.channel, subscribing.accept(terms, answer, self._codec))
            self._subscriptions.put(terms.channel, subscribing.held(terms, inf))
        else:
            effects.append(Detach(terms.channel))
        return effects + self._open_on(opening, now)

    def _open(self, opening: connecting.Opening, now: float) -> list[Effect]:
        self._opening = None
        self.state = State.OPEN
        self._expires_by = self._deadline(self.claims.ttl, now)
        if self._limits.ping > 0:
            self._ping_at = now + self._limits.ping * (1 + self._spread) / 2
        result = connecting.greeting(self.client, self.claims, self._limits, opening.results, self._uplink)
        replies = [Reply(opening.number, connect=result), *(Reply(push=push) for push in opening.early)]
        effects: list[Effect] = [self._reply(reply) for reply in replies]
        return [*effects, Release()] if opening.held else effects

    # Subscribe

    def _subscribe(self, number: int, request: SubscribeRequest, now: float) -> list[Effect]:
        channel = subscribing.check(request, self._subscriptions, self._limits)
        if request.type == subscribing.MAP:
            return self._read_map(number, request, channel, now)
        if self._subscriptions.snapshot(channel) is not None:
            raise Failed(ERRORS.CONCURRENT_PAGINATION)
        terms = subscribing.terms_for(self._caller, request, channel)
        return self._attach(terms, partial(self._subscribed, number, terms), number)

    def _subscribed(self, number: int, terms: Terms, answer: Answer | Error, now: float) -> list[Effect]:
        try:
            result = subscribing.accept(terms, answer, self._codec)
        except Failed as failed:
            return [self._error(number, failed.error), Detach(terms.channel)]
        ttl = terms.claims.ttl if terms.claims else None
        self._subscriptions.put(terms.channel, subscribing.held(terms, self._deadline(ttl, now)))
        return [self._reply(Reply(number, subscribe=result))]

    def _unsubscribe(self, number: int, request: ChannelRequest) -> list[Effect]:
        channel = required(request.channel)
        done = self._reply(Reply(number, unsubscribe=EmptyResult()))
        left = self._subscriptions.drop(channel) is not None or self._subscriptions.forget(channel)
        return [Detach(channel), done] if left else [done]

    # Maps

    def _read_map(self, number: int, request: SubscribeRequest, channel: str, now: float) -> list[Effect]:
        try:
            part = mapping.part(self._caller, request, channel)
        except Failed as failed:
            if failed.error is ERRORS.CONCURRENT_PAGINATION:
                raise
            return self._give_up(number, channel, failed.error)
        ttl = part.terms.claims.ttl if part.terms.claims else None
        becomes = subscribing.held(part.terms, self._deadline(ttl, now))
        return self._attach(part.terms, partial(self._paged, number, part, becomes), number, wish=part.wish)

    def _paged(
        self,
        number: int,
        part: mapping.Part,
        becomes: Subscription,
        answer: Answer | Error,
        now: float,
    ) -> list[Effect]:
        channel = part.terms.channel
        try:
            page = expected(answer, MapPage)
            result = mapping.result_of(part, page, self._codec)
        except Failed as failed:
            return self._give_up(number, channel, failed.error, attached=True)
        if page.live:
            self._subscriptions.put(channel, becomes)
        else:
            self._subscriptions.keep(channel, mapping.snapshot_of(part, page, becomes, now))
        return [self._reply(Reply(number, subscribe=result))]

    def _give_up(self, number: int, channel: str, error: Error, *, attached: bool = False) -> list[Effect]:
        """Refuse a part of a map; what was read of it before counts no more."""
        left = self._subscriptions.forget(channel) or attached
        refusal = self._error(number, error)
        return [refusal, Detach(channel)] if left else [refusal]

    # Subscriptions that the server makes

    def _make(self, made: _Made) -> list[Effect]:
        channel = made.channel
        since = made.since
        request = SubscribeRequest(
            recover=since is not None,
            epoch=since.epoch if since else None,
            offset=since.offset if since else None,
        )
        terms = subscribing.server_terms(self._caller, channel, made.said, request)
        if terms is None:
            return []
        left = self._subscriptions.forget(channel)
        asked = self._attach(terms, partial(self._made, terms, made.expires_by))
        return [Detach(channel), *asked] if left else asked

    def _made(
        self,
        terms: Terms,
        expires_by: float,
        answer: Answer | Error,
        now: float,  # noqa: ARG002
    ) -> list[Effect]:
        channel = terms.channel
        if not isinstance(answer, Newest | Log):
            return [Detach(channel)]
        result = subscribing.accept(terms, answer, self._codec)
        self._subscriptions.put(channel, subscribing.held(terms, expires_by))
        push = SubscribePush(
            recoverable=result.recoverable,
            epoch=result.epoch,
            offset=result.offset,
            positioned=result.positioned,
            data=result.data,
        )
        told = self._reply(Reply(push=Push(channel=channel, subscribe=push)))
        return [told, *(Send(self._codec.publication(channel, pub)) for pub in result.publications)]

    # Refresh

    def _refresh(self, number: int, request: RefreshRequest, now: float) -> list[Effect]:
        before, self.claims = self.claims, connecting.renew(self._access, request, self.claims)
        self._expires_by = self._deadline(self.claims.ttl, now)
        told = self._reply(Reply(number, refresh=lifetime(self.claims.ttl)))
        return [told] if self.claims.rights == before.rights else [told, *self.recheck()]

    def _sub_refresh(self, number: int, request: SubRefreshRequest, now: float) -> list[Effect]:
        claims = subscribing.renew(self._caller, request)
        before = self._subscriptions.get(claims.channel) or Subscription()
        renewed = subscribing.renewed(before, claims, self._deadline(claims.ttl, now))
        self._subscriptions.put(claims.channel, renewed)
        return [self._reply(Reply(number, sub_refresh=lifetime(claims.ttl)))]

    # Helpers

    @property
    def _caller(self) -> Caller:
        return Caller(self._access, self._limits, self._codec, self.client, self.claims, self._subscriptions)

    def _ask(self, question: Question, pending: _Pending) -> list[Effect]:
        self._pending = pending
        return [question]

    def _attach(
        self,
        terms: Terms,
        finish: Finish,
        number: int = 0,
        *,
        hold: bool = False,
        wish: MapWish | None = None,
    ) -> list[Effect]:
        pending = _Pending(finish, number, terms.channel, subscribing.held(terms, inf))
        return self._ask(terms.attach(hold=hold, wish=wish), pending)

    def _deadline(self, ttl: float | None, now: float) -> float:
        return inf if ttl is None else now + ttl + self._limits.grace

    def _update_due(self) -> None:
        if self.state is State.OPEN:
            self.due = min(self._ping_at, self._pong_by, self._expires_by, self._subscriptions.due)

    def _reply(self, reply: Reply) -> Send:
        return Send(self._codec.reply(reply))

    def _error(self, number: int, error: Error) -> Send:
        return self._reply(Reply(number, error=error))
