"""The WebSocket transport: a protocol class for `uvicorn.Config(ws=...)`.

`websockets` parses and answers frames without doing I/O. What is common bypasses it: plain messages are taken
at once, and publications are prepared frames that go straight to the transport, or past it. Only what an
open connection needs is kept, since there may be very many of them.
"""

import asyncio
import logging
import os
from http import HTTPStatus
from typing import Any, cast

from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN, SERVER
from websockets.protocol import Protocol as Frames

from renown.gateway.admission.limits import Turned
from renown.gateway.gateway import Gateway
from renown.gateway.hub.member import Writer
from renown.gateway.peer import Peer, nowhere
from renown.gateway.transports.frame_pings import FramePings
from renown.gateway.transports.handshake import Handshake
from renown.gateway.transports.plain_frames import plain_messages
from renown.gateway.transports.upgrade import (
    Head,
    Verdict,
    Wanted,
    is_plain_upgrade,
    judge,
    read_head,
    upgrade_response,
)
from renown.gateway.wires import WS_JSON
from renown.protocol.codes import DISCONNECTS, Disconnect

__all__ = ["Connection", "protocol_class"]

_LOG = logging.getLogger("renown.gateway")
# Its own logger, never enabled for debugging: `websockets` asks once per connection and then logs
# every frame.
_FRAMES_LOG = logging.getLogger("renown.gateway.wires")
_FRAMES_LOG.setLevel(logging.WARNING)


def protocol_class(gateway: Gateway) -> type["Connection"]:
    """Return the class that serves `gateway`'s WebSocket connections under uvicorn."""

    class GatewayConnection(Connection):
        __slots__ = ()

        def __init__(self, *, server_state: ServerState, **_given: object) -> None:
            # Of what uvicorn gives protocols only this is of use here.
            super().__init__(gateway, cast(set[Any], server_state.connections))

    return GatewayConnection


def _socket_of(transport: asyncio.Transport) -> int:
    """Return what may be written to past a transport that holds nothing back; -1 if nothing may."""
    if os.name != "posix" or transport.get_extra_info("sslcontext") is not None:
        return -1
    return transport.get_extra_info("socket").fileno()


class Connection(Peer, asyncio.Protocol):
    """One client over WebSocket."""

    __slots__ = (
        "_address",
        "_connections",
        "_fragments",
        "_frames",
        "_pings",
        "_reading",
        "_socket",
        "_transport",
    )

    def __init__(self, gateway: Gateway, connections: set[Any]) -> None:
        super().__init__(gateway, WS_JSON)
        self._address = ""
        """Whom the connection counts for, while it is counted."""
        self._connections = connections
        self._frames: Frames | None = None
        """What parses frames, once there were others than plain ones, and makes the close frame; before that
        a handshake which could not be answered at once."""
        self._fragments: bytearray | None = None
        self._pings: FramePings | None = None
        """Set when the client asked for WebSocket's own pings."""
        self._reading = True
        self._socket = -1
        """Takes frames directly while nothing waits in the transport; -1: never, as with TLS."""
        self._transport: asyncio.Transport | None = None

    # What uvicorn and the event loop call

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the socket."""
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the network."""
        if self.session is None:
            self._shake_hands(data)
            return
        if self._frames is None:
            messages = plain_messages(data, self._gateway.options.message_limit)
            if messages is not None:
                for message in messages:
                    self.take(message)
                return
        frames = self._parser()
        frames.receive_data(data)
        events = frames.events_received()
        self._flush_frames()
        for event in events:
            if isinstance(event, Frame):
                self._take_frame(event)

    def eof_received(self) -> bool:
        """Note that the client sends no more; the transport closes itself."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave everything behind."""
        _ = exc
        self._connections.discard(self)
        if self._address:
            self._gateway.limiter.gone(self._address)
        if self._pings is not None:
            self._pings.stop()
        self.gone()
        self._transport = None

    def pause_writing(self) -> None:
        """Note that the socket is full."""
        self.pause()

    def resume_writing(self) -> None:
        """Note that the socket takes more."""
        self.resume()

    def shutdown(self) -> None:
        """Close soon: called by uvicorn for every connection when it stops."""
        if self.session is not None:
            super().shutdown()
        elif self._transport is not None:
            self._transport.close()

    # What every connection must have

    def writer(self) -> Writer:
        """Return what writes to the transport, and tells when its socket may be written to directly."""
        if self._transport is None:
            return nowhere
        return self._transport.write if self._socket < 0 else self._write

    def _write(self, data: bytes, /) -> None:
        transport = self._transport
        if transport is None:
            return
        transport.write(data)
        waits = self.closing or self._held is not None or transport.get_write_buffer_size()
        self.write_directly(-1 if waits else self._socket)

    def unsent(self) -> int:
        """Return how many bytes wait in the transport."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def read_on(self, wanted: bool) -> None:
        """Read no further while commands wait for one that needs an answer."""
        if self._reading == wanted or self._transport is None or self.closing:
            return
        self._reading = wanted
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def say_goodbye(self, why: Disconnect) -> None:
        """Send the close frame; its answer is waited for."""
        frames = self._parser()
        if frames.state is OPEN:
            frames.send_close(why.code, why.reason)
        self._flush_frames()
        if not self._reading and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()

    def drop(self) -> None:
        """Abort the socket."""
        if self._transport is not None:
            self._transport.abort()

    # Handshake

    def greet(self, data: bytes, head: Head) -> None:
        """Answer a whole handshake: bytes of a plain upgrade, and what they say."""
        transport = self._transport
        if transport is not None and not self._accept_at_once(data, head, transport):
            self._shake_hands_fully(data, transport)

    def _shake_hands(self, data: bytes) -> None:
        """Take bytes of the handshake; a whole and plain one is answered without `websockets`."""
        transport = self._transport
        if transport is None:
            return
        head = None if self._frames is not None else read_head(data)
        if head is not None and is_plain_upgrade(head[1]):
            self.greet(data, head)
        else:
            self._shake_hands_fully(data, transport)

    def _shake_hands_fully(self, data: bytes, transport: asyncio.Transport) -> None:
        handshake = self._frames
        if handshake is None:
            handshake = self._frames = Handshake(
                max_size=self._gateway.options.message_limit, logger=_FRAMES_LOG
            )
        handshake.receive_data(data)
        for event in handshake.events_received():
            if isinstance(event, Request) and isinstance(handshake, Handshake):
                self._answer(handshake, event, transport)
                if self.session is not None:
                    return
        self._flush_frames()

    def _accept_at_once(self, data: bytes, head: Head, transport: asyncio.Transport) -> bool:
        target, fields = head
        options = self._gateway.options
        offered = fields.get("sec-websocket-protocol", "")
        wanted = Wanted(target, fields.get("host", ""), fields.get("origin"), offered)
        verdict = judge(wanted, options.path, self._gateway.origins)
        if verdict.status != HTTPStatus.SWITCHING_PROTOCOLS:
            return False
        turned = self._turned(transport, fields.get("x-forwarded-for", ""))
        if turned is not None:
            handshake = self._frames = Handshake(max_size=options.message_limit, logger=_FRAMES_LOG)
            handshake.receive_data(data)
            handshake.events_received()
            handshake.send_response(handshake.turn_away(turned))
            self._flush_frames()
            return True
        self._open(transport, upgrade_response(fields["sec-websocket-key"], verdict.subprotocol), verdict)
        return True

    def _answer(self, handshake: Handshake, request: Request, transport: asyncio.Transport) -> None:
        response = handshake.answer(request, self._gateway.options.path, self._gateway.origins)
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            turned = self._turned(transport, ",".join(request.headers.get_all("X-Forwarded-For")))
            if turned is None:
                handshake.send_response(response)
                self._open(transport, b"".join(handshake.data_to_send()), handshake.verdict)
                return
            response = handshake.turn_away(turned)
        handshake.send_response(response)

    def _turned(self, transport: asyncio.Transport, forwarded: str) -> Turned | None:
        """Count a good handshake, or return how it is turned away: it may be one too many."""
        peer: tuple[str, int] | None = transport.get_extra_info("peername")
        address = self._gateway.addresses.of(peer[0] if peer else "", {"x-forwarded-for": forwarded})
        turned = self._gateway.knock(address)
        if turned is None:
            self._address = address
            self._gateway.limiter.arrived(address)
        return turned

    def _open(self, transport: asyncio.Transport, response: bytes, verdict: Verdict) -> None:
        options = self._gateway.options
        transport.set_write_buffer_limits(high=options.outbound_soft_limit)
        transport.write(response)
        self._socket = _socket_of(transport)
        self.wire = verdict.wire
        # The handshake's parser holds the request and its headers for ever.
        self._frames = None
        self.open(pings=not verdict.frame_pings)
        if verdict.frame_pings and options.ping_interval > 0:
            self._pings = FramePings(options.ping_interval, self._ping, self._unanswered)
        if verdict.first_frame:
            self.write(self.wire.frames([self.wire.codec.ping])[0])

    # Frames

    def _parser(self) -> Frames:
        """Return what parses frames: until it is needed nothing has to be remembered."""
        if self._frames is None:
            limit = self._gateway.options.message_limit
            self._frames = Frames(SERVER, state=OPEN, max_size=limit, logger=_FRAMES_LOG)
        return self._frames

    def _ping(self) -> None:
        if not self.closing:
            self._parser().send_ping(b"")
            self._flush_frames()

    def _unanswered(self) -> None:
        self.close(DISCONNECTS.NO_PONG)

    def _take_frame(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            if frame.fin:
                self.take(bytes(frame.data))
            else:
                self._fragments = bytearray(frame.data)
        elif frame.opcode is Opcode.CONT and self._fragments is not None:
            self._fragments += frame.data
            if frame.fin:
                message, self._fragments = bytes(self._fragments), None
                self.take(message)
        elif frame.opcode is Opcode.PONG and self._pings is not None:
            self._pings.answered()

    def _flush_frames(self) -> None:
        """Send what the frame parser wants sent; its empty bytes mean: close."""
        transport, frames = self._transport, self._frames
        if transport is None or frames is None:
            return
        for data in frames.data_to_send():
            if data:
                self._write(data)
            else:
                self._end_socket(transport, frames)
        self.crowded()

    def _end_socket(self, transport: asyncio.Transport, frames: Frames) -> None:
        """Close the socket once all is sent, or at last when the close timeout is over."""
        sent = frames.close_sent
        if self.session is None or sent is None or frames.close_rcvd is not None:
            transport.close()
        else:
            # The frame parser failed. Closing with unread input would reset the connection and could
            # take the close frame away from the client: only say that nothing follows.
            self._gateway.metrics.closes[sent.code] += 1
            self.note_end(Disconnect(sent.code, sent.reason))
            if transport.can_write_eof():
                transport.write_eof()
            else:
                transport.close()
        if self.session is not None:
            self.finish()
