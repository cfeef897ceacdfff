"""The realtime side of a process: ties ledger, bus, tokens and sessions together."""

import asyncio
import logging
import random
import uuid
from collections.abc import Awaitable, Callable, Container
from contextlib import suppress
from typing import Protocol

import msgspec

from renown.bus.bus import Bus
from renown.errors import RenownError
from renown.gateway.admission.limits import Addresses, Limiter, Turned
from renown.gateway.admission.origins import OriginRule
from renown.gateway.admission.permissions import Permissions
from renown.gateway.admission.tokens import Tokens
from renown.gateway.enforcement import Enforcement
from renown.gateway.hub.channels import Channels, Source
from renown.gateway.hub.delivery import Delivery
from renown.gateway.hub.hub import Hub
from renown.gateway.hub.library import Library
from renown.gateway.hub.map_reads import map_sources
from renown.gateway.hub.maps import MapTable
from renown.gateway.hub.reading import Reading
from renown.gateway.hub.rooms import RoomKeeper
from renown.gateway.hub.watched import Member
from renown.gateway.metrics import GatewayMetrics
from renown.gateway.options import GatewayOptions, TokenOptions
from renown.gateway.wheel import Timed, Wheel
from renown.ledger import RightsBook
from renown.policy import Policies
from renown.protocol.access import (
    Action,
    ConnectionClaims,
    Limits,
    Route,
    ServerSubscription,
    SubscriptionClaims,
)
from renown.protocol.codes import ERRORS, Disconnect, Error, Unsubscribed
from renown.protocol.effects import (
    Answer,
    Attach,
    Await,
    Call,
    Done,
    History,
    Position,
    Present,
    Publish,
    Question,
    ReadHistory,
    ReadPresence,
    Returned,
)
from renown.protocol.replies import ClientInfo, Push
from renown.protocol.session import Session
from renown.rooms.memory import MemoryRooms
from renown.rooms.room import Draft

__all__ = ["Client", "Gateway", "Method"]

_LOG = logging.getLogger("renown.gateway")


Method = Callable[[bytes, ConnectionClaims], Awaitable[bytes]]
"""Takes parameters and who calls, returns the result; raises `RenownError`."""


class Client(Member, Timed, Protocol):
    """A connection of any transport, as the gateway sees it."""

    @property
    def session(self) -> Session | None:
        """Its conversation, from the handshake on."""
        ...

    def unsent(self) -> int:
        """Return how many bytes wait to be sent."""
        ...

    def expired(self, now: float) -> None:
        """Do what is due."""
        ...

    def answered(self, answer: Answer | Error) -> None:
        """Take the answer to a question of the session."""
        ...

    def close(self, why: Disconnect) -> None:
        """End the connection."""
        ...

    def subscribe(self, channel: str, terms: ServerSubscription, since: Position | None) -> None:
        """Make a subscription from the server's side."""
        ...

    def unsubscribe(self, channel: str, why: Unsubscribed) -> None:
        """End a subscription from the server's side."""
        ...

    def extend(self, ttl: float | None) -> None:
        """Let the connection live `ttl` seconds from now; None: for ever."""
        ...

    def recheck(self) -> None:
        """End what would no longer be granted, after rights or tokens changed."""
        ...

    def push(self, push: Push) -> None:
        """Say something unasked."""
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
        policies: Policies | None = None,
        rights: RightsBook | None = None,
        rooms: RoomKeeper | None = None,
        dev: bool = False,
    ) -> None:
        """Without `tokens` no token is good; `anonymous` lets clients connect without one.

        Channels of kinds not among `kinds` do not exist; None: those of any kind do. The visibility of
        `policies` and what `rights` stores decide who sees what; without `rooms` these are kept in memory. In
        `dev` mode pages of this machine may connect, under names of this machine only.
        """
        self.options = options or GatewayOptions()
        self.anonymous = anonymous
        self.channels = Channels(self.options, kinds)
        self.permissions = Permissions(self.channels, policies, rights)
        self.limiter = Limiter(self.options.limits)
        self.addresses = Addresses(self.options.limits.proxies)
        self.origins = OriginRule(self.options.origins, dev=dev)
        self.epoch = ledger.id
        self.metrics = GatewayMetrics()
        self.node = uuid.uuid4().hex
        """This process, among those that share the ledger."""
        self.users: dict[str, set[Client]] = {}
        """Who is connected, by user; anonymous ones are under the empty name."""
        self.methods: dict[str, Method] = {}
        """What connected clients may call, by name."""
        self.rooms = rooms or RoomKeeper(MemoryRooms())
        self.clock: Callable[[], float] = asyncio.get_running_loop().time
        self._born = self.clock()
        self.wheel: Wheel[Client] = Wheel(self.clock())
        self.metrics.unsent = self._unsent
        self.delivery = Delivery(self.metrics)
        self.hub = Hub(ledger.id, self.options, self.delivery, self.metrics)
        sources = map_sources(ledger, self.rooms, self.options)
        self.maps = MapTable(sources, self.hub.admitted, self.metrics)
        self.hub.maps = self.maps
        self.draining = False
        self._library = Library(ledger, self.hub, self.options, self.rooms)
        self.tokens = tokens or Tokens(TokenOptions())
        self._bus = bus
        self._clients: set[Client] = set()
        self._empty = asyncio.Event()
        self._deaf: list[Callable[[], None]] = []
        self._enforcement = Enforcement(self)
        self._running: list[asyncio.Task[None]] = []
        self._limits = _limits(self.options)

    @property
    def uptime(self) -> float:
        """Seconds since the gateway was made."""
        return self.clock() - self._born

    async def start(self) -> None:
        """Begin to listen to the bus and to keep time."""
        self.hub.start(self._library)
        await self.rooms.start(self.hub.publish)
        self.tokens.start()
        self._deaf = [
            self._bus.listen(self.hub.take),
            self.permissions.listen(self._enforcement.changed),
        ]
        loop = asyncio.get_running_loop()
        self._running = [loop.create_task(self._keep_time()), loop.create_task(self._sweep())]

    async def stop(self) -> None:
        """Stop listening, reading and keeping time. Connections are not closed: see `drain`."""
        for deaf in self._deaf:
            deaf()
        self._deaf = []
        for task in self._running:
            task.cancel()
        for task in self._running:
            with suppress(asyncio.CancelledError):
                await task
        self._running = []
        await self.tokens.stop()
        await self._library.close()
        await self.maps.close()
        await self.rooms.close()
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
        return self.channels.route(channel)

    def may(self, action: Action, channel: str, who: ConnectionClaims, *, subscribed: bool) -> bool:
        """Tell whether somebody may do something in a channel without a token for it."""
        return self.permissions.may(action, channel, who, subscribed=subscribed)

    def blocked(self, claims: ConnectionClaims) -> bool:
        """Tell whether the user may not connect: blocked, or the token revoked."""
        return self.permissions.blocked(claims)

    def revoked(self, claims: SubscriptionClaims) -> bool:
        """Tell whether a good subscription token was revoked."""
        return self.permissions.revoked(claims)

    def crowded(self, user: str) -> bool:
        """Tell whether the user has as many connections as may be."""
        return self.limiter.crowded(user)

    def server_side(self, claims: ConnectionClaims) -> dict[str, ServerSubscription]:
        """Return the subscriptions the server makes: those of the token, and `user:<id>`."""
        return self.permissions.server_side(claims)

    def may_call(self, method: str, who: ConnectionClaims) -> Error | None:  # noqa: ARG002
        """Return why a method cannot be called."""
        if not self.methods:
            return ERRORS.NOT_AVAILABLE
        return None if method in self.methods else ERRORS.METHOD_NOT_FOUND

    def seen_as(self, who: ConnectionClaims, client: str) -> ClientInfo:
        """Return how others see a connection."""
        return ClientInfo(who.user, client, who.info)

    # What connections ask for

    def welcome(self, client: Client, session: str = "", node: str = "") -> Session:
        """Count a new connection and give it its session."""
        self._clients.add(client)
        self.metrics.connections += 1
        self.metrics.connected += 1
        spread = random.random()  # noqa: S311 - spreads pings, no secret
        return Session(
            str(uuid.uuid4()),
            client.wire.codec,
            self,
            self._limits,
            now=self.clock(),
            spread=spread,
            session=session,
            node=node,
        )

    def knock(self, address: str) -> Turned | None:
        """Tell whether a handshake is turned away, and how; None: it goes on."""
        if self.draining:
            return Turned(503, 1, "the server is stopping")
        return self.limiter.knock(address, self.clock())

    def clients(self) -> list[Client]:
        """Return all connections of this process."""
        return list(self._clients)

    def opened(self, client: Client) -> None:
        """Note that it is known who `client` is."""
        if client.session is not None:
            session = client.session
            self.users.setdefault(session.user, set()).add(client)
            self.limiter.signed_in(session.user)
            self.metrics.opened(client.wire, session.name, session.version, session.user, self.clock())

    def left(self, client: Client) -> None:
        """Forget a connection that is gone."""
        if client not in self._clients:
            return
        self._clients.discard(client)
        self.metrics.connections -= 1
        user = client.session.user if client.session is not None else ""
        known = self.users.get(user)
        if known is not None and client in known and client.session is not None:
            self.metrics.left(client.wire, client.session.name, client.session.version)
            self.limiter.signed_out(user)
            known.discard(client)
            if not known:
                del self.users[user]
        if not self._clients:
            self._empty.set()

    def _unsent(self) -> list[int]:
        return [client.unsent() for client in self._clients]

    def retire(self, client: Client) -> None:
        """Have `client` closed at some moment of the drain time."""
        self.draining = True
        delay = random.random() * self.options.drain_time  # noqa: S311 - spreads closes, no secret
        self.wheel.schedule(client, self.clock() + delay)

    def attach(self, client: Client, wanted: Attach) -> None:
        """Subscribe `client` to a channel; the answer goes to `client.found`."""
        address = self.channels.find(wanted.channel)
        if isinstance(address, Error):
            client.found(wanted.channel, address)
        else:
            self.hub.attach(client, address, wanted)

    def ask(self, client: Client, question: Question) -> None:
        """Have a question answered that is not about joining a channel."""
        if isinstance(question, ReadPresence):
            client.answered(Present(self.hub.presence(question.channel)))
        else:
            self._library.run(self._answer(client, question))

    async def _answer(self, client: Client, question: Question) -> None:
        try:
            answer = await self._find_answer(client, question)
        except Exception:
            _LOG.exception("cannot answer %s", type(question).__name__)
            answer = ERRORS.INTERNAL
        client.answered(answer)

    async def _find_answer(self, client: Client, question: Question) -> Answer | Error:
        match question:
            case ReadHistory():
                return await self.history(question)
            case Publish():
                draft = Draft(
                    msgspec.Raw(question.data), question.info, key=question.key, removed=question.removed
                )
                done = await self.publish(question.channel, draft)
                return done if isinstance(done, Error) else Done()
            case Call():
                return await self._call(question, client)
            case Await():
                await self.tokens.refreshed()
                return Done()
            case _:
                return ERRORS.NOT_AVAILABLE

    async def _call(self, call: Call, client: Client) -> Returned | Error:
        if client.session is None:
            return ERRORS.INTERNAL
        try:
            return Returned(await self.methods[call.method](call.data, client.session.claims))
        except RenownError as error:
            return Error(error.status, error.detail)

    # What operators and clients do to rooms

    async def publish(self, channel: str, draft: Draft, *, keep: bool = True) -> Position | Error:
        """Publish into a room; without `keep` those who watch in this process get it, and nobody later."""
        address = self.channels.find(channel)
        if isinstance(address, Error):
            return address
        if address.source not in (Source.ROOM, Source.USER):
            return ERRORS.PERMISSION_DENIED
        return await self.rooms.publish(address, draft, keep=keep)

    async def tell(self, channel: str, data: bytes) -> None:
        """Publish what the server itself says: in `alerts:` and `user:` channels."""
        address = self.channels.find(channel)
        if not isinstance(address, Error) and address.in_rooms:
            await self.rooms.publish(address, Draft(msgspec.Raw(data)))

    async def history(self, wanted: ReadHistory) -> History | Error:
        """Read the log of a stream."""
        address = self.channels.find(wanted.channel)
        if isinstance(address, Error):
            return address
        if address.in_rooms:
            return await self.rooms.history(address, wanted)
        return await self._library.history(address.name, wanted)

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
                self.maps.sweep()
            except Exception:
                _LOG.exception("the sweep over watched channels failed")


def _limits(options: GatewayOptions) -> Limits:
    return Limits(
        channels=options.channels_per_connection,
        channel_name=options.channel_name_limit,
        recovery=options.recovery_limit,
        commands=options.limits.commands,
        burst=options.limits.command_burst,
        connect=options.connect_deadline,
        ping=options.ping_interval,
        pong=options.pong_timeout,
        grace=options.expiry_grace,
    )
