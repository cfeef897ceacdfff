"""What a conversation with one client is made of, and what the server may do in it by itself."""

from collections import deque
from collections.abc import Callable
from enum import IntEnum
from math import inf
from typing import Final

import msgspec

from renown.protocol import connecting, subscribing
from renown.protocol.access import Access, Limits, ServerSubscription
from renown.protocol.caller import Caller
from renown.protocol.codec import Codec, Unspeakable
from renown.protocol.codes import DISCONNECTS, ERRORS, UNSUBSCRIBES, Disconnect, Error, Unsubscribed
from renown.protocol.effects import (
    Answer,
    Close,
    Detach,
    Effect,
    MapWish,
    Position,
    Question,
    Send,
)
from renown.protocol.outcomes import Ended, Failed
from renown.protocol.pacing import Allowance
from renown.protocol.replies import Push, Reply, lifetime
from renown.protocol.subscriptions import Subscription, Subscriptions
from renown.protocol.terms import Terms

__all__ = ["Conversation", "Finish", "Made", "Pending", "State"]

_ENDS: Final = {
    UNSUBSCRIBES.INSUFFICIENT_STATE: DISCONNECTS.INSUFFICIENT_STATE,
    UNSUBSCRIBES.EXPIRED: DISCONNECTS.SUBSCRIPTION_EXPIRED,
    UNSUBSCRIBES.STATE_INVALIDATED: DISCONNECTS.STATE_INVALIDATED,
}
"""How a connection ends whose subscription the server made: its client could not ask for it anew."""

_NO_UPLINK: Final = ("", "")

Finish = Callable[[Answer | Error, float], list[Effect]]


class State(IntEnum):
    """How far a session has come."""

    NEW = 0
    OPEN = 1
    REFUSED = 2
    """The connect command got an error: any further command ends the connection."""
    CLOSED = 3


class Pending(msgspec.Struct):
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


class Made(msgspec.Struct, frozen=True):
    """A subscription that the server makes on an open connection."""

    channel: str
    said: ServerSubscription
    since: Position | None
    expires_by: float


class Conversation:
    """The state of one connection, how it is told of, and what does not wait for commands."""

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
        "halted",
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
        self.halted = False
        """Whether commands wait, since the client does not read the answers to those before."""
        self._codec = codec
        self._access = access
        self._limits = limits
        self._spread = spread
        self._uplink = (session, node) if session or node else _NO_UPLINK
        self._allowance = Allowance(limits, now) if limits.commands > 0 else None
        self._queue: deque[bytes | Made] | None = None
        self._pending: Pending | None = None
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
        """The channels subscribed to, or about to be; of a lost connection those to be left."""
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

    # What the server does by itself

    def push(self, push: Push) -> list[Effect]:
        """Say something unasked; before the connect reply it waits for that."""
        if self._opening is not None:
            self._opening.early.append(push)
        if self.state is not State.OPEN:
            return []
        return self._careful(0, lambda: [self._reply(Reply(push=push))])

    def unsubscribe(self, channel: str, why: Unsubscribed) -> list[Effect]:
        """End a subscription from the server's side, or take it away before it stands."""
        if self.state is State.CLOSED:
            return []
        self._unmake(channel)
        if self._pending is not None and self._pending.channel == channel:
            self._pending.instead = ERRORS.INTERNAL if why.resubscribes else ERRORS.PERMISSION_DENIED
            return []
        if self._subscriptions.lose(channel):
            return [Detach(channel)]
        dropped = self._subscriptions.drop(channel)
        if dropped is None:
            return []
        end = _ENDS.get(why) if dropped.server_side else None
        if end is not None:
            return [Detach(channel), *self.close(end)]
        if self._opening is not None:
            self._opening.leave(channel)
            return [Detach(channel)]
        self._update_due()
        told = self._reply(Reply(push=Push(channel=channel, unsubscribe=why)))
        return [told, Detach(channel), *self._end_watching(channel, why)]

    def _end_watching(self, channel: str, why: Unsubscribed) -> list[Effect]:
        """End what the client had of a channel's presence, if only its subscribers may have that."""
        effects: list[Effect] = []
        for name in [name for name in self.channels if name.endswith(channel)]:
            route, held = self._access.route(name), self.subscription(name)
            if isinstance(route, Error) or route.presence_of != channel or held is None:
                continue
            if not subscribing.stands(self._caller, name, held):
                effects += self.unsubscribe(name, why)
        return effects

    def extend(self, ttl: float | None, now: float) -> list[Effect]:
        """Let the connection live `ttl` seconds from now, None: for ever, and tell the client."""
        if self.state is not State.OPEN:
            return []
        self._expires_by = self._deadline(ttl, now)
        self._update_due()
        return self.push(Push(refresh=lifetime(ttl)))

    def _unmake(self, channel: str) -> None:
        """Forget what the server was about to make of a channel."""
        for what in [x for x in self._queue or () if isinstance(x, Made) and x.channel == channel]:
            if self._queue is not None:
                self._queue.remove(what)

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

    # Helpers

    @property
    def _caller(self) -> Caller:
        return Caller(self._access, self._limits, self._codec, self.client, self.claims, self._subscriptions)

    def _ask(self, question: Question, pending: Pending) -> list[Effect]:
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
        pending = Pending(finish, number, terms.channel, subscribing.held(terms, inf))
        return self._ask(terms.attach(hold=hold, wish=wish), pending)

    def _deadline(self, ttl: float | None, now: float) -> float:
        return inf if ttl is None else now + ttl + self._limits.grace

    def _update_due(self) -> None:
        if self.state is State.OPEN:
            self.due = min(self._ping_at, self._pong_by, self._expires_by, self._subscriptions.due)

    def _reply(self, reply: Reply, channel: str = "") -> Send:
        counts = reply.error or reply.connect or reply.subscribe
        return Send(self._codec.reply(reply), reply if counts is not None else None, channel)

    def _error(self, number: int, error: Error) -> Send:
        return self._reply(Reply(number, error=error))

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
