"""A connection of any transport: it runs its session and is a member of channels.

A transport brings the bytes in through `take` and says how they go out; what they mean is decided by the
session, and what is to be done about it is done here.
"""

import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec

from renown.gateway.hub.member import Writer
from renown.gateway.wheel import NOT_SCHEDULED
from renown.gateway.wires import Wire
from renown.protocol.access import ServerSubscription
from renown.protocol.codec import Unspeakable
from renown.protocol.codes import DISCONNECTS, UNSUBSCRIBES, Disconnect, Error, Unsubscribed
from renown.protocol.effects import (
    Answer,
    Attach,
    Await,
    Call,
    Close,
    Detach,
    Effect,
    Position,
    Publish,
    ReadHistory,
    ReadPresence,
    Release,
    Send,
    State,
)
from renown.protocol.replies import Push, Reply
from renown.protocol.session import Session
from renown.protocol.session import State as Stage

if TYPE_CHECKING:
    from renown.gateway.gateway import Gateway

__all__ = ["Peer", "nowhere"]

_LOG = logging.getLogger("renown.gateway")
_ENOUGH = 65_536
"""Bytes of replies that are written before more commands are taken."""
P = ParamSpec("P")


def nowhere(frame: bytes) -> None:
    """Write nothing: the client is gone."""


class Peer(ABC):
    """One client. Transports derive from it and fill in what is said to be theirs."""

    __slots__ = (
        "_doing",
        "_gateway",
        "_held",
        "_known",
        "_since",
        "closing",
        "outlet",
        "paused",
        "retiring",
        "session",
        "wheel_slot",
        "wire",
        "write",
    )

    def __init__(self, gateway: "Gateway", wire: Wire) -> None:
        self._doing: deque[Effect] | None = None
        self._gateway = gateway
        self._held: list[bytes] | None = None
        self._known = False
        self._since = -1.0
        self.closing = False
        self.outlet = -1
        self.retiring = False
        self.session: Session | None = None
        self.paused = False
        self.wheel_slot = NOT_SCHEDULED
        self.wire = wire
        self.write: Writer = nowhere
        """Writes a frame, where there is no `outlet`."""

    # What a transport fills in

    @abstractmethod
    def writer(self) -> Writer:
        """Return what `write` is while nothing is held back."""
        ...

    @abstractmethod
    def unsent(self) -> int:
        """Return how many bytes wait to be sent."""
        ...

    @abstractmethod
    def say_goodbye(self, why: Disconnect) -> None:
        """Tell the client that the connection ends, and end it. `closing` is set already."""
        ...

    @abstractmethod
    def drop(self) -> None:
        """End the connection at once: the client did not answer the goodbye."""
        ...

    @abstractmethod
    def read_on(self, wanted: bool) -> None:
        """Read from the client, or leave what it sends unread for now."""
        ...

    # What a transport calls

    def open(self, session: str = "", node: str = "", *, pings: bool = True) -> None:
        """Begin: the handshake is done. `session` and `node` tell the client where its uplink goes.

        Without `pings` the transport has pings of its own.
        """
        self.write = self.writer()
        self.session = self._gateway.welcome(self, session, node, pings=pings)
        self._gateway.wheel.schedule(self, self.session.due)
        if self._gateway.journal is not None:
            self._since = self._gateway.clock()
        if self._gateway.draining:
            # Let in before the server began to stop.
            self.shutdown()

    def take(self, message: bytes) -> None:
        """Take one message of the client."""
        session = self.session
        if session is None or self.closing:
            return
        self._gateway.metrics.messages += 1
        self._perform(self._asked(session.receive, message, self._gateway.clock()))

    def pause(self) -> None:
        """Note that the client reads too slowly: only the newest is kept for it, and its commands wait."""
        self.paused = True
        if self.session is not None:
            self.session.halted = True
            self._gateway.hub.pause(self, self.session.channels)

    def resume(self) -> None:
        """Note that the client has caught up, and give it the newest of what it missed."""
        self.paused = False
        if self.session is None or self.closing:
            return
        for frame in self._gateway.hub.resume(self, self.session.channels):
            self.write(frame)
        if not self.paused:
            self._perform(self._asked(self.session.go_on, self._gateway.clock()))

    def write_directly(self, outlet: int) -> None:
        """Have frames written to a file descriptor; -1: by `write` again."""
        if outlet != self.outlet:
            self.outlet = outlet
            self._gateway.delivery.spreader.changed()

    def gone(self) -> None:
        """Leave everything behind: the client is away, whoever ended it."""
        self._gateway.wheel.cancel(self)
        self.write_directly(-1)
        self.write = nowhere
        self.note_end(DISCONNECTS.CONNECTION_CLOSED, by_server=False)
        self._leave()
        if self.session is not None:
            self._gateway.left(self)

    # What the gateway calls

    def shutdown(self) -> None:
        """Close soon."""
        if not self.closing and self.session is not None:
            self.retiring = True
            self._gateway.retire(self)

    def expired(self, now: float) -> None:
        """Do what is due: a ping, a deadline, the end of a connection that does not close."""
        session = self.session
        if session is None:
            return
        if self.closing:
            self.drop()
        elif self.retiring:
            self.close(DISCONNECTS.SHUTDOWN)
        else:
            self._perform(self._asked(session.tick, now))

    def answered(self, answer: Answer | Error) -> None:
        """Hand the session the answer to its question."""
        session = self.session
        if session is not None and not self.closing:
            self._perform(self._asked(session.answered, answer, self._gateway.clock()))

    def close(self, why: Disconnect) -> None:
        """End the connection from the server's side."""
        if self.session is not None:
            self._perform(self.session.close(why))

    def unsubscribe(self, channel: str, why: Unsubscribed) -> None:
        """End one subscription from the server's side."""
        if self.session is not None:
            self._perform(self.session.unsubscribe(channel, why))

    def subscribe(
        self, channel: str, terms: ServerSubscription, since: Position | None, ttl: float | None
    ) -> None:
        """Make a subscription from the server's side, for `ttl` seconds if given."""
        session = self.session
        if session is not None:
            now = self._gateway.clock()
            self._perform(self._asked(session.subscribe, channel, now, terms, since=since, ttl=ttl))

    def extend(self, ttl: float | None) -> None:
        """Let the connection live `ttl` seconds from now; None: for ever."""
        if self.session is not None:
            self._perform(self._asked(self.session.extend, ttl, self._gateway.clock()))

    def recheck(self) -> None:
        """End what would no longer be granted, after rights or tokens changed."""
        if self.session is not None:
            self._perform(self._asked(self.session.recheck))

    def push(self, push: Push) -> None:
        """Say something unasked."""
        if self.session is not None:
            self._perform(self._asked(self.session.push, push))

    # What the hub calls

    def found(self, channel: str, state: State | Error) -> bool:
        """Answer a subscription; return whether it stands."""
        self.answered(state)
        session = self.session
        return session is not None and session.state is not Stage.CLOSED and session.subscribed(channel)

    def lost_track(self, channel: str) -> None:
        """End a subscription whose publications can no longer be had in order."""
        self.unsubscribe(channel, UNSUBSCRIBES.INSUFFICIENT_STATE)

    def crowded(self) -> None:
        """End the connection when too much is unsent."""
        if not self.closing and self.unsent() > self._gateway.options.outbound_limit:
            self.close(DISCONNECTS.SLOW)

    # Effects

    def _asked(self, ask: Callable[P, list[Effect]], *args: P.args, **kwargs: P.kwargs) -> list[Effect]:
        """Ask the session; what must not happen ends this connection and no other."""
        try:
            return ask(*args, **kwargs)
        except Unspeakable:
            why = DISCONNECTS.INAPPROPRIATE_PROTOCOL
        except Exception:
            _LOG.exception("a command could not be handled")
            why = DISCONNECTS.SERVER_ERROR
        return self.session.close(why) if self.session is not None else []

    def _perform(self, effects: list[Effect]) -> None:
        """Carry out effects in order. Those of an answer that comes at once follow what is under way."""
        if self._doing is not None:
            self._doing.extend(effects)
            return
        self._doing = deque(effects)
        try:
            self._reply(self._carry_out(self._doing))
        finally:
            self._doing = None
        session = self.session
        if session is not None and not self.closing:
            self._keep_up(session)

    def _carry_out(self, doing: deque[Effect]) -> list[bytes]:
        """Return the replies that are left to be sent, so that those of one message share frames."""
        replies: list[bytes] = []
        size = 0
        while doing:
            effect = doing.popleft()
            match effect:
                case Send():
                    replies.append(effect.reply)
                    size += len(effect.reply)
                    if size > _ENOUGH:
                        # Whether the client reads them decides whether more is asked for it.
                        self._reply(replies)
                        replies, size = [], 0
                    if effect.outcome is not None:
                        self._count(effect.outcome, effect.channel)
                case Attach():
                    if effect.hold and self._held is None:
                        self._hold()
                    self._gateway.attach(self, effect)
                case Release():
                    replies = self._release(replies)
                case Detach():
                    self._gateway.hub.detach(self, effect.channel)
                case Close():
                    self._reply(replies)
                    replies = []
                    self._end(effect.why)
                case ReadHistory() | ReadPresence() | Publish() | Call() | Await():
                    self._gateway.ask(self, effect)
        return replies

    def _count(self, outcome: Reply, channel: str) -> None:
        session, journal = self.session, self._gateway.journal
        refused = session is not None and session.state is Stage.REFUSED
        self._gateway.metrics.replied(outcome, connected=not refused)
        if journal is not None and session is not None:
            journal.replied(session, self.wire, outcome, channel)

    def _keep_up(self, session: Session) -> None:
        if not self._known and session.state is Stage.OPEN:
            self._known = True
            self._gateway.opened(self)
        if not self.retiring:
            self._gateway.wheel.schedule(self, session.due)
        self.read_on(not session.backlog)

    def _reply(self, replies: list[bytes]) -> None:
        if not replies or self.closing:
            return
        write = self.write if self._held is None else self.writer()
        for frame in self.wire.frames(replies):
            write(frame)
        if self.paused:
            self.crowded()

    def _hold(self) -> None:
        """Keep back what channels publish: nothing may come before the connect reply."""
        self._held = []
        self.write_directly(-1)
        self.write = self._held.append

    def _release(self, replies: list[bytes]) -> list[bytes]:
        """Send what was held back after `replies`; return those that need not be sent yet."""
        held, self._held = self._held, None
        self.write = self.writer()
        if not held:
            return replies
        self._reply(replies)
        for frame in held:
            self.write(frame)
        return []

    def _end(self, why: Disconnect) -> None:
        if self.closing:
            return
        self._gateway.metrics.closed(why, connected=self._known)
        self.note_end(why)
        self.finish()
        self.say_goodbye(why)

    def note_end(self, why: Disconnect, *, by_server: bool = True) -> None:
        """Note in the log that the connection has ended, the first time that this is said."""
        journal = self._gateway.journal
        if journal is not None and self.session is not None and self._since >= 0:
            seconds = self._gateway.clock() - self._since
            self._since = -1.0
            journal.closed(self.session, self.wire, why, seconds, by_server=by_server)

    def finish(self) -> None:
        """Leave all channels and give the connection until the close timeout to be gone."""
        self.closing = True
        self.write_directly(-1)
        self._leave()
        self._gateway.wheel.schedule(self, self._gateway.clock() + self._gateway.options.close_timeout)

    def _leave(self) -> None:
        session = self.session
        if session is not None:
            for channel in session.channels:
                self._gateway.hub.detach(self, channel)
            session.lost()
