"""The WebSocket transport: a protocol class for `uvicorn.Config(ws=...)`.

`websockets` parses and answers frames without doing I/O; what is sent often, publications, bypasses
it: prepared frames go straight to the socket's transport. After the handshake only what an open
connection needs is kept, since there may be very many of them.
"""

import asyncio
import logging
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN, SERVER
from websockets.protocol import Protocol as Frames

from renown.gateway.gateway import Gateway
from renown.gateway.hub.watched import Writer
from renown.gateway.transports.handshake import Handshake
from renown.gateway.transports.wires import text_frame
from renown.gateway.wheel import NOT_SCHEDULED
from renown.protocol.codes import DISCONNECTS, UNSUBSCRIBES, Disconnect, Error
from renown.protocol.effects import (
    Attach,
    Await,
    Call,
    Close,
    Detach,
    Effect,
    History,
    Log,
    Newest,
    Publish,
    ReadHistory,
    ReadPresence,
    Release,
    Send,
)
from renown.protocol.session import Session, State

__all__ = ["Connection", "protocol_class"]

_LOG = logging.getLogger("renown.gateway")
# Its own logger, never enabled for debugging: `websockets` asks once per connection and then logs
# every frame.
_FRAMES_LOG = logging.getLogger("renown.gateway.transports.wires")
_FRAMES_LOG.setLevel(logging.WARNING)


def protocol_class(gateway: Gateway) -> type["Connection"]:
    """Return the class that serves `gateway`'s WebSocket connections under uvicorn."""

    class GatewayConnection(Connection):
        __slots__ = ()

        def __init__(
            self,
            config: Config,  # noqa: ARG002
            server_state: ServerState,
            app_state: dict[str, Any],  # noqa: ARG002 - the signature uvicorn calls
            _loop: asyncio.AbstractEventLoop | None = None,
        ) -> None:
            super().__init__(gateway, cast(set[Any], server_state.connections))

    return GatewayConnection


class Connection(asyncio.Protocol):
    """One client over WebSocket: runs its session and is a member of its channels."""

    __slots__ = (
        "_closing",
        "_connections",
        "_fragments",
        "_frames",
        "_gateway",
        "_reading",
        "_retiring",
        "_transport",
        "paused",
        "session",
        "wheel_slot",
        "write",
    )

    def __init__(self, gateway: Gateway, connections: set[Any]) -> None:
        self._gateway = gateway
        self._connections = connections
        self._frames: Frames = Handshake(max_size=gateway.options.message_limit, logger=_FRAMES_LOG)
        self._fragments: bytearray | None = None
        self._closing = False
        self._retiring = False
        self._reading = True
        self._transport: asyncio.Transport | None = None
        self.session: Session | None = None
        self.paused = False
        self.wheel_slot = NOT_SCHEDULED
        self.write: Writer = _nowhere
        """Writes a frame: the transport's own method, so that nothing stands between."""

    # What uvicorn and the event loop call

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the socket."""
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the network."""
        frames = self._frames
        frames.receive_data(data)
        if self.session is None:
            self._shake_hands()
            return
        events = frames.events_received()
        self._flush_frames()
        for event in events:
            if isinstance(event, Frame):
                self._take_frame(event)

    def eof_received(self) -> bool:
        """Note that the client sends no more; the transport closes itself."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the loop's signature
        """Leave everything behind."""
        self._connections.discard(self)
        self._gateway.wheel.cancel(self)
        self.write = _nowhere
        if self.session is not None:
            self._leave()
            self._gateway.left(self)
        self._transport = None

    def pause_writing(self) -> None:
        """Note that the client reads too slowly: from now on only the newest is kept for it."""
        self.paused = True
        if self.session is not None:
            self._gateway.hub.pause(self, self.session.channels)

    def resume_writing(self) -> None:
        """Note that the client has caught up, and give it the newest of what it missed."""
        self.paused = False
        if self.session is None or self._closing:
            return
        missed = self._gateway.hub.resume(self, self.session.channels)
        if missed:
            self._gateway.metrics.deliveries += len(missed)
            for frame in self._gateway.delivery.frames(missed):
                self.write(frame)

    def shutdown(self) -> None:
        """Close soon: called by uvicorn for every connection when it stops."""
        if self.session is None:
            if self._transport is not None:
                self._transport.close()
        elif not self._closing:
            self._retiring = True
            self._gateway.retire(self)

    # What the wheel calls

    def expired(self, now: float) -> None:
        """Do what is due: a ping, a deadline, the end of a connection that does not close."""
        session = self.session
        if session is None or self._transport is None:
            return
        if self._closing:
            self._transport.abort()
        elif self._retiring:
            self.close(DISCONNECTS.SHUTDOWN)
        else:
            self._perform(session.tick(now))

    # What the hub and the library call

    def found(self, channel: str, state: Newest | Log | None) -> bool:
        """Answer a subscription; return whether it stands."""
        session = self.session
        if session is None:
            return False
        now = self._gateway.clock()
        self._perform(session.failed(now) if state is None else session.attached(state, now))
        return session.state is State.OPEN and session.subscribed(channel)

    def lost_track(self, channel: str) -> None:
        """End a subscription whose publications can no longer be had in order."""
        if self.session is not None:
            self._perform(self.session.unsubscribe(channel, UNSUBSCRIBES.INSUFFICIENT_STATE))

    def history_read(self, history: History | Error | None) -> None:
        """Answer a history command; None: it cannot be read now."""
        if self.session is not None:
            now = self._gateway.clock()
            self._perform(self.session.failed(now) if history is None else self.session.read(history, now))

    def crowded(self) -> None:
        """End the connection when too much is unsent."""
        transport = self._transport
        if transport is None or self._closing:
            return
        if transport.get_write_buffer_size() > self._gateway.options.outbound_limit:
            self.close(DISCONNECTS.SLOW)

    def close(self, why: Disconnect) -> None:
        """End the connection from the server's side."""
        if self.session is not None:
            self._perform(self.session.close(why))

    # Handshake

    def _shake_hands(self) -> None:
        handshake, transport = self._frames, self._transport
        if not isinstance(handshake, Handshake) or transport is None:
            return
        for event in handshake.events_received():
            if isinstance(event, Request):
                response = handshake.answer(event, self._gateway.options.path, self._gateway.origins)
                if self._gateway.draining and response.status_code == 101:
                    response = handshake.reject(503, "The server is stopping.\n")
                handshake.send_response(response)
                if response.status_code == 101:
                    self._open(handshake, transport)
                    return
        self._flush_frames()

    def _open(self, handshake: Handshake, transport: asyncio.Transport) -> None:
        options = self._gateway.options
        transport.set_write_buffer_limits(high=options.outbound_soft_limit)
        transport.write(b"".join(handshake.data_to_send()))
        # The handshake's parser holds the request and its headers for ever: begin anew without it.
        self._frames = Frames(SERVER, state=OPEN, max_size=options.message_limit, logger=_FRAMES_LOG)
        self.write = transport.write
        self.session = self._gateway.welcome(self)
        self._gateway.wheel.schedule(self, self.session.due)

    # Frames

    def _take_frame(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            if frame.fin:
                self._take_message(bytes(frame.data))
            else:
                self._fragments = bytearray(frame.data)
        elif frame.opcode is Opcode.CONT and self._fragments is not None:
            self._fragments += frame.data
            if frame.fin:
                message, self._fragments = bytes(self._fragments), None
                self._take_message(message)

    def _take_message(self, message: bytes) -> None:
        session = self.session
        if session is None or self._closing:
            return
        self._gateway.metrics.messages += 1
        try:
            effects = session.receive(message, self._gateway.clock())
        except Exception:
            _LOG.exception("a command could not be handled")
            effects = session.close(DISCONNECTS.SERVER_ERROR)
        self._perform(effects)
        self._throttle(session)

    def _throttle(self, session: Session) -> None:
        """Read no further while commands wait for one that needs the ledger."""
        transport = self._transport
        if transport is None or self._closing or self._reading == (not session.backlog):
            return
        self._reading = not self._reading
        if self._reading:
            transport.resume_reading()
        else:
            transport.pause_reading()

    def _flush_frames(self) -> None:
        """Send what the frame parser wants sent; its empty bytes mean: close."""
        transport = self._transport
        if transport is None:
            return
        for data in self._frames.data_to_send():
            if data:
                transport.write(data)
            else:
                self._end(transport)
        self.crowded()

    def _end(self, transport: asyncio.Transport) -> None:
        """Close the socket once all is sent, or at last when the close timeout is over."""
        sent = self._frames.close_sent
        if self.session is None or sent is None or self._frames.close_rcvd is not None:
            transport.close()
        else:
            # The frame parser failed. Closing with unread input would reset the connection and could
            # take the close frame away from the client: only say that nothing follows.
            self._gateway.metrics.closes[sent.code] += 1
            if transport.can_write_eof():
                transport.write_eof()
            else:
                transport.close()
        self._finish()

    def _finish(self) -> None:
        """Leave all channels and give the connection until the close timeout to be gone."""
        if self.session is None:
            return
        self._closing = True
        self._leave()
        self._gateway.wheel.schedule(self, self._gateway.clock() + self._gateway.options.close_timeout)

    # Effects

    def _perform(self, effects: list[Effect]) -> None:
        gateway = self._gateway
        replies: list[bytes] = []
        for effect in effects:
            match effect:
                case Send():
                    replies.append(effect.reply)
                case Detach():
                    gateway.hub.detach(self, effect.channel)
                case Attach():
                    self._reply(replies)
                    replies = []
                    gateway.attach(self, effect)
                case ReadHistory():
                    gateway.read_history(self, effect)
                case Release() | ReadPresence() | Publish() | Call() | Await():
                    raise NotImplementedError(effect)
                case Close():
                    self._reply(replies)
                    replies = []
                    self._say_goodbye(effect.why)
        self._reply(replies)
        session = self.session
        if session is not None and not self._closing and not self._retiring:
            gateway.wheel.schedule(self, session.due)
            self._throttle(session)

    def _reply(self, replies: list[bytes]) -> None:
        if not replies or self._closing:
            return
        self.write(text_frame(self._gateway.codec.join(replies)))
        if self.paused:
            self.crowded()

    def _say_goodbye(self, why: Disconnect) -> None:
        if self._closing:
            return
        self._gateway.metrics.closes[why.code] += 1
        self._finish()
        if self._frames.state is OPEN:
            self._frames.send_close(why.code, why.reason)
        self._flush_frames()
        if not self._reading and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()

    def _leave(self) -> None:
        session = self.session
        if session is not None:
            for channel in session.channels:
                self._gateway.hub.detach(self, channel)
            session.lost()


def _nowhere(frame: bytes) -> None:
    """Write nothing: the socket is gone."""
