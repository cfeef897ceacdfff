"""The realtime side of a process: ties ledger, bus, tokens and sessions together."""

import asyncio
import logging
import random
import uuid
from collections.abc import Callable, Container
from contextlib import suppress
from typing import Protocol

from renown.bus.bus import Bus
from renown.gateway.admission.origins import OriginRule
from renown.gateway.admission.tokens import Tokens
from renown.gateway.hub.channels import Channels
from renown.gateway.hub.delivery import Delivery
from renown.gateway.hub.hub import Hub
from renown.gateway.hub.library import Library
from renown.gateway.hub.reading import Reading
from renown.gateway.hub.watched import Member
from renown.gateway.metrics import GatewayMetrics
from renown.gateway.options import GatewayOptions, TokenOptions
from renown.gateway.wheel import Timed, Wheel
from renown.protocol.access import (
    Action,
    ConnectionClaims,
    Limits,
    Route,
    ServerSubscription,
    SubscriptionClaims,
)
from renown.protocol.codec import JSON, Codec
from renown.protocol.codes import ERRORS, Error
from renown.protocol.effects import Attach, History, ReadHistory
from renown.protocol.replies import ClientInfo
from renown.protocol.session import Session

__all__ = ["Client", "Gateway"]

_LOG = logging.getLogger("renown.gateway")


class Client(Member, Timed, Protocol):
    """A connection of any transport, as the gateway sees it."""

    def expired(self, now: float) -> None:
        """Do what is due."""
        ...

    def history_read(self, history: History | Error | None) -> None:
        """Answer a history command; None: it cannot be read now."""
        ...

    def shutdown(self) -> None:
        """Close soon."""
        ...


class Gateway:
    """Serves the client protocol from a ledger. Make it on the event loop that will run it."""

    def __init__(
        self,
        ledger: Reading,
        bus: Bus,
        options: GatewayOptions | None = None,
        tokens: Tokens | None = None,
        *,
        anonymous: bool = False,
        kinds: Container[str] | None = None,
        dev: bool = False,
    ) -> None:
        """Without `tokens` no token is good; `anonymous` lets clients connect without one.

        Channels of kinds not among `kinds` do not exist; None: those of any kind do. In `dev` mode pages of
        this machine may connect, under names of this machine only.
        """
        self.options = options or GatewayOptions()
        self.anonymous = anonymous
        self._channels = Channels(self.options, kinds)
        self.origins = OriginRule(self.options.origins, dev=dev)
        self.epoch = ledger.id
        self.metrics = GatewayMetrics()
        self.codec: Codec = JSON
        self.clock: Callable[[], float] = asyncio.get_running_loop().time
        self.wheel: Wheel[Client] = Wheel(self.clock())
        self.delivery = Delivery(self.codec, self.metrics)
        self.hub = Hub(ledger.id, self.options, self.delivery, self.metrics)
        self.draining = False
        self._library = Library(ledger, self.hub, self.options)
        self.tokens = tokens or Tokens(TokenOptions())
        self._bus = bus
        self._clients: set[Client] = set()
        self._empty = asyncio.Event()
        self._deaf: Callable[[], None] | None = None
        self._running: list[asyncio.Task[None]] = []
        self._limits = _limits(self.options)

    async def start(self) -> None:
        """Begin to listen to the bus and to keep time."""
        self.hub.start(self._library)
        self._deaf = self._bus.listen(self.hub.take)
        loop = asyncio.get_running_loop()
        self._running = [loop.create_task(self._keep_time()), loop.create_task(self._sweep())]

    async def stop(self) -> None:
        """Stop listening, reading and keeping time. Connections are not closed: see `drain`."""
        if self._deaf is not None:
            self._deaf()
            self._deaf = None
        for task in self._running:
            task.cancel()
        for task in self._running:
            with suppress(asyncio.CancelledError):
                await task
        self._running = []
        await self._library.close()
        self.hub.stop()

    async def drain(self) -> None:
        """Refuse new connections and close all others with `shutdown`, spread over the drain time."""
        self.draining = True
        for client in list(self._clients):
            client.shutdown()
        self._empty.clear()
        if self._clients:
            await self._empty.wait()

    # Access, as sessions ask for it

    def connection(self, token: str) -> ConnectionClaims:
        """Verify a connection token; raise `TokenRefused`."""
        return self.tokens.connection(token)

    def subscription(self, token: str) -> SubscriptionClaims:
        """Verify a subscription token; raise `TokenRefused`."""
        return self.tokens.subscription(token)

    def route(self, channel: str) -> Route | Error:
        """Return how a channel behaves."""
        return self._channels.route(channel)

    def may(self, action: Action, channel: str, who: ConnectionClaims, *, subscribed: bool) -> bool:  # noqa: ARG002
        """Tell whether somebody may do something in a channel without a token for it."""
        address = self._channels.find(channel)
        if isinstance(address, Error):
            return False
        allowed = address.rule.subscribe
        return allowed == "anyone" or (allowed == "users" and bool(who.user))

    def blocked(self, claims: ConnectionClaims) -> bool:
        """Tell whether the user may not connect."""
        return claims.rights.blocked

    def revoked(self, claims: SubscriptionClaims) -> bool:  # noqa: ARG002
        """Tell whether a good subscription token was revoked."""
        return False

    def crowded(self, user: str) -> bool:  # noqa: ARG002
        """Tell whether the user has as many connections as may be."""
        return False

    def server_side(self, claims: ConnectionClaims) -> dict[str, ServerSubscription]:
        """Return the subscriptions the server makes."""
        return claims.subs

    def may_call(self, method: str, who: ConnectionClaims) -> Error | None:  # noqa: ARG002
        """Return why a method cannot be called."""
        return ERRORS.NOT_AVAILABLE

    def seen_as(self, who: ConnectionClaims, client: str) -> ClientInfo:
        """Return how others see a connection."""
        return ClientInfo(who.user, client, who.info)

    # What connections ask for

    def welcome(self, client: Client) -> Session:
        """Count a new connection and give it its session."""
        self._clients.add(client)
        self.metrics.connections += 1
        self.metrics.connected += 1
        spread = random.random()  # noqa: S311 - spreads pings, no secret
        return Session(str(uuid.uuid4()), self.codec, self, self._limits, now=self.clock(), spread=spread)

    def left(self, client: Client) -> None:
        """Forget a connection that is gone."""
        if client in self._clients:
            self._clients.discard(client)
            self.metrics.connections -= 1
            if not self._clients:
                self._empty.set()

    def retire(self, client: Client) -> None:
        """Have `client` closed at some moment of the drain time."""
        self.draining = True
        delay = random.random() * self.options.drain_time  # noqa: S311 - spreads closes, no secret
        self.wheel.schedule(client, self.clock() + delay)

    def attach(self, client: Client, wanted: Attach) -> None:
        """Subscribe `client` to a channel; the answer goes to `client.found`."""
        address = self._channels.find(wanted.channel)
        if isinstance(address, Error):
            client.found(wanted.channel, None)
        else:
            self.hub.attach(client, address, wanted.recover)

    def read_history(self, client: Client, wanted: ReadHistory) -> None:
        """Read a stream's log; the answer goes to `client.history_read`."""
        self._library.run(self._read_history(client, wanted))

    async def _read_history(self, client: Client, wanted: ReadHistory) -> None:
        address = self._channels.find(wanted.channel)
        history = None
        if not isinstance(address, Error):
            try:
                history = await self._library.history(address.name, wanted)
            except Exception:
                _LOG.exception("cannot read the history of %s", wanted.channel)
        client.history_read(history)

    # Time

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(self.wheel.resolution)
            now = self.clock()
            for client in self.wheel.advance(now):
                try:
                    client.expired(now)
                except Exception:
                    _LOG.exception("a connection's deadline could not be handled")

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self.options.sweep_interval)
            try:
                await self._library.sweep()
            except Exception:
                _LOG.exception("the sweep over watched channels failed")


def _limits(options: GatewayOptions) -> Limits:
    return Limits(
        channels=options.channels_per_connection,
        channel_name=options.channel_name_limit,
        recovery=options.recovery_limit,
        connect=options.connect_deadline,
        ping=options.ping_interval,
        pong=options.pong_timeout,
        grace=options.expiry_grace,
    )
