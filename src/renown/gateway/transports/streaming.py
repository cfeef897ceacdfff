"""What HTTP streaming and SSE have in common: replies as one endless answer, commands by way of emulation."""

import asyncio
import logging
from collections import deque

from renown.gateway.gateway import Gateway
from renown.gateway.hub.watched import Writer
from renown.gateway.peer import Peer
from renown.gateway.transports.emulation import Sessions
from renown.gateway.transports.exchange import Exchange, Gone, TooLarge, address_of
from renown.gateway.transports.outbox import Outbox
from renown.gateway.wires import Wire
from renown.protocol.codes import DISCONNECTS, Disconnect
from renown.protocol.replies import Push, Reply

__all__ = ["Streamed", "first_commands", "stream"]

_LOG = logging.getLogger("renown.gateway")
_OVERHEAD = 64
"""Bytes that a waiting message costs beside its own."""
_LINE = 4
"""Times the message limit that may wait while a command is being done."""


async def first_commands(gateway: Gateway, exchange: Exchange) -> bytes | None:
    """Return the body of a POST; None when there is none to be had, which the client has been told."""
    options = gateway.options
    try:
        return await exchange.body(options.message_limit, options.connect_deadline)
    except Gone:
        return None
    except TooLarge:
        await exchange.answer(413, f"At most {options.message_limit} bytes are taken at once.\n")
    except TimeoutError:
        await exchange.answer(408, "The request took too long to arrive.\n")
    return None


async def stream(
    gateway: Gateway,
    sessions: Sessions,
    exchange: Exchange,
    wire: Wire,
    commands: bytes,
    *,
    content_type: bytes,
    opening: bytes = b"",
) -> None:
    """Answer with a stream: `opening`, then what the session that begins with `commands` has to say."""
    address = address_of(exchange.scope, gateway.addresses)
    turned = gateway.knock(address)
    if turned is not None:
        await exchange.turn_away(turned)
        return
    gateway.limiter.arrived(address)
    streamed = Streamed(gateway, wire)
    secret = sessions.add(streamed)
    try:
        await streamed.run(exchange, content_type, commands, secret, sessions.node, opening=opening)
    finally:
        sessions.remove(secret)
        gateway.limiter.gone(address)


class Streamed(Peer):
    """One client that listens to an endless answer."""

    __slots__ = ("_dropped", "_line", "_outbox", "_pump", "_reading", "_waiting")

    def __init__(self, gateway: Gateway, wire: Wire) -> None:
        super().__init__(gateway, wire)
        self._outbox = Outbox(gateway.options.outbound_soft_limit, full=self.pause, free=self.resume)
        self._pump: asyncio.Task[None] | None = None
        self._dropped = False
        self._reading = True
        self._line: deque[bytes] = deque()
        self._waiting = 0

    async def run(
        self,
        exchange: Exchange,
        content_type: bytes,
        commands: bytes,
        session: str,
        node: str,
        *,
        opening: bytes = b"",
    ) -> None:
        """Serve the client until it leaves or is told to."""
        self.open(session, node)
        pump = self._pump = asyncio.create_task(self._speak(exchange, content_type, opening))
        left = asyncio.create_task(exchange.gone())
        try:
            self.take(commands)
            await asyncio.wait({pump, left}, return_when=asyncio.FIRST_COMPLETED)
            if pump.done() and exchange.unread:
                await self._hang_up(exchange, left)
        finally:
            self.gone()
            self._outbox.abandon()
            for task in (pump, left):
                task.cancel()
                task.add_done_callback(_report)

    async def _hang_up(self, exchange: Exchange, left: asyncio.Task[None]) -> None:
        """See to it that nothing is kept for a client that does not read."""
        if self._dropped:
            exchange.hang_up()
            await asyncio.wait({left}, timeout=1)
        else:
            patience = self._gateway.options.close_timeout
            asyncio.get_running_loop().call_later(patience, exchange.hang_up)

    async def _speak(self, exchange: Exchange, content_type: bytes, opening: bytes) -> None:
        await exchange.begin(content_type)
        if opening:
            # In a piece of its own: some readers lose an event whose piece begins with an empty line.
            await exchange.write(opening)
        await self._outbox.pump(exchange.write)
        await exchange.end()

    # What the emulation endpoint calls

    def bring(self, message: bytes) -> bool:
        """Take a message in its turn; return False when too much waits already."""
        if self.closing:
            return True
        if self._reading and not self._line:
            self.take(message)
            return True
        if self._waiting > _LINE * self._gateway.options.message_limit:
            return False
        self._line.append(message)
        self._waiting += len(message) + _OVERHEAD
        return True

    def _catch_up(self) -> None:
        while self._reading and self._line and not self.closing:
            message = self._line.popleft()
            self._waiting -= len(message) + _OVERHEAD
            self.take(message)

    # What a peer asks of its transport

    def writer(self) -> Writer:
        """Return what writes to the client."""
        return self._outbox.write

    def unsent(self) -> int:
        """Return how many bytes wait to be sent."""
        return self._outbox.unsent

    def say_goodbye(self, why: Disconnect) -> None:
        """Push the reason and end the stream. A slow client gets nothing else: it would not read it."""
        self._line.clear()
        farewell = self.wire.codec.reply(Reply(push=Push(disconnect=why)))
        self._outbox.finish(b"".join(self.wire.frames([farewell])), hurry=why is DISCONNECTS.SLOW)

    def drop(self) -> None:
        """End the stream where it is."""
        self._dropped = True
        if self._pump is not None:
            self._pump.cancel()

    def read_on(self, wanted: bool) -> None:
        """Take what the uplink brings, or let it wait."""
        if wanted and not self._reading and self._line:
            asyncio.get_running_loop().call_soon(self._catch_up)
        self._reading = wanted


def _report(task: asyncio.Task[None]) -> None:
    """Log what failed, unless it is that the client is away."""
    if task.cancelled():
        return
    error = task.exception()
    if error is not None and not isinstance(error, OSError):
        _LOG.error("a stream failed", exc_info=error)
