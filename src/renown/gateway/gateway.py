"""The realtime side of a process: ties ledger, bus, tokens and sessions together."""

import asyncio
import logging
import random
import uuid
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from renown.bus.bus import Bus
from renown.errors import RoomError
from renown.gateway.admission.admission import Admission
from renown.gateway.admission.counts import Counts
from renown.gateway.admission.limits import Addresses, Limiter, Turned
from renown.gateway.admission.origins import OriginRule
from renown.gateway.admission.permissions import Permissions
from renown.gateway.admission.tokens import Tokens
from renown.gateway.alerts import Announcement, alerts_of
from renown.gateway.answering import Answering
from renown.gateway.channels import Channels, Source
from renown.gateway.client import Client, Method
from renown.gateway.enforcement import Enforcement
from renown.gateway.hub.delivery import Delivery
from renown.gateway.hub.hub import Hub
from renown.gateway.hub.library import Library
from renown.gateway.hub.map_reads import map_sources
from renown.gateway.hub.maps import MapTable
from renown.gateway.hub.reading import Reading
from renown.gateway.hub.rooms import RoomKeeper
from renown.gateway.journal import Journal
from renown.gateway.metrics import GatewayMetrics
from renown.gateway.nodes.acts import Acts
from renown.gateway.nodes.messages import Look
from renown.gateway.nodes.mirror import Mirrors
from renown.gateway.nodes.nodes import Nodes
from renown.gateway.nodes.presence import SharedPresence
from renown.gateway.nodes.rooms import SharedRooms
from renown.gateway.nodes.stirring import LEDGER, PERSONS, ROOMS, Stirring
from renown.gateway.nodes.tallies import Tallies
from renown.gateway.nodes.telling import Telling
from renown.gateway.options import GatewayOptions, TokenOptions
from renown.gateway.owners import Owners
from renown.gateway.wheel import Wheel
from renown.ledger import AlarmBook, RightsBook
from renown.model import Update, is_key
from renown.policy import Policies
from renown.protocol.access import (
    ConnectionClaims,
    Limits,
)
from renown.protocol.codes import DISCONNECTS, ERRORS, Error
from renown.protocol.effects import (
    Attach,
    History,
    Position,
    Present,
    Question,
    ReadHistory,
    ReadPresence,
)
from renown.protocol.session import Session
from renown.rooms.memory import MemoryRooms
from renown.rooms.room import Draft

__all__ = ["Client", "Gateway", "Method"]

_LOG = logging.getLogger("renown.gateway")


class Gateway:
    """Serves the client protocol from a ledger. Make it on the event loop that will run it."""

    draining = False
    """Whether it stops: nobody is let in any more."""
    journal: Journal | None = None
    """Writes of connections into the log; None: nothing is written."""
    _deaf: Sequence[Callable[[], None]] = ()
    _running: Sequence[asyncio.Task[None]] = ()

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
        alarms: AlarmBook | None = None,
        rooms: RoomKeeper | None = None,
        dev: bool = False,
    ) -> None:
        """Without `tokens` no token is good; `anonymous` lets clients connect without one.

        Channels of kinds not among `kinds` do not exist; None: those of any kind do. The visibility of
        `policies` and what `rights` stores decide who sees what; without `rooms` these are kept in memory. In
        `dev` mode pages of this machine may connect, under names of this machine only.
        """
        self.options = options or GatewayOptions()
        self.channels = Channels(self.options, kinds)
        self.permissions = Permissions(
            self.channels, policies, rights, personal=self.options.personal_channels
        )
        self.counts: Final = Counts()
        """How many there are of what is limited, in all processes."""
        self.limiter = Limiter(self.options.limits, self.counts)
        self.addresses = Addresses(self.options.limits.proxies)
        self.origins = OriginRule(self.options.origins, dev=dev)
        self.epoch = ledger.id
        self.metrics = GatewayMetrics()
        self.node = bus.node
        """This process, among those that share the ledger."""
        self.users: dict[str, set[Client]] = {}
        """Who is connected, by user; anonymous ones are under the empty name."""
        self.methods: Final[dict[str, Method]] = {}
        """What connected clients may call, by name."""
        self.clock: Callable[[], float] = asyncio.get_running_loop().time
        self.nodes: Final = Nodes(bus, self.clock)
        """The other processes."""
        self.acts: Final = Acts(self.nodes, self.users)
        """What is done to connections of any process."""
        self.rooms = rooms or RoomKeeper(MemoryRooms())
        self.rooms.share(lambda own: SharedRooms(own, self.nodes, self._look_at_memory))
        self._born = self.clock()
        self.wheel: Wheel[Client] = Wheel(self.clock())
        self.metrics.unsent = self._unsent
        self.delivery = Delivery(self.metrics)
        self.hub = Hub(ledger.id, self.options, self.delivery, self.metrics, self.counts)
        self.maps = MapTable(
            map_sources(ledger, self.rooms, self.options, self.hub.presence, self.clock),
            self.hub.admitted,
            self.metrics,
            self.counts,
        )
        self.hub.maps = self.maps
        self._mirrors = self._mirror()
        self.stirring: Final = Stirring(self.nodes)
        """Tells other processes of commits."""
        self.rooms.committed = lambda: self.stirring.stir(ROOMS)
        self.telling: Final = Telling(
            self.nodes,
            self.hub,
            self.maps,
            metrics=self.metrics,
            users=self.users,
            uptime=lambda: self.uptime,
        )
        """What others are told of this process."""
        self._library = Library(ledger, self.hub, self.options, self.rooms)
        self.stirring.look(PERSONS, self._library.name_anew)
        self.tokens = tokens or Tokens(TokenOptions())
        self.access: Final = Admission(
            self.tokens, self.channels, self.permissions, self.limiter, self.methods, anonymous=anonymous
        )
        """What sessions go by."""
        self._bus = bus
        self._clients: set[Client] = set()
        self._empty = asyncio.Event()
        self._answering = Answering(self, self.tokens, self.methods, self.options.outbound_limit // 2)
        self._enforcement = Enforcement(self, self.permissions, self.clock)
        self._owners = Owners(self._tell_user, alerts_of(alarms, policies, self.tell_all))
        self._limits = _limits(self.options)

    def _mirror(self) -> Mirrors:
        """Hear what other processes say; return what is told to them of this one, and known of them."""
        self.nodes.hear(Look, lambda _, room: self._library.run(self._look(room.channel)))
        mirrors = Mirrors(self.nodes)
        SharedPresence(mirrors, self.hub.presences, self.channels.find)
        if self.options.limited:
            Tallies(self.nodes, mirrors, self.counts)
        return mirrors

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
            self._bus.listen(self._owners.take),
            self._bus.listen(self._committed),
            self.permissions.listen(self._enforcement.changed),
            self.permissions.listen(lambda _: self.stirring.stir(LEDGER)),
        ]
        await self._owners.start()
        await self.nodes.start()
        await self._mirrors.learn()
        loop = asyncio.get_running_loop()
        self._running = [loop.create_task(self._keep_time()), loop.create_task(self._sweep())]

    async def stop(self) -> None:
        """Stop listening, reading and keeping time. Connections are not closed: see `drain`."""
        await self.nodes.stop()
        for deaf in self._deaf:
            deaf()
        self._deaf = ()
        for task in self._running:
            task.cancel()
        for task in self._running:
            with suppress(asyncio.CancelledError):
                await task
        self._running = ()
        await self._owners.close()
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

    # What connections ask for

    def welcome(self, client: Client, session: str = "", node: str = "", *, pings: bool = True) -> Session:
        """Count a new connection and give it its session, which pings unless the transport does."""
        self._clients.add(client)
        self.metrics.connections += 1
        self.metrics.connected += 1
        spread = random.random()  # noqa: S311 - spreads pings, no secret
        return Session(
            str(uuid.uuid4()),
            client.wire.codec,
            self.access,
            self._limits if pings else msgspec.structs.replace(self._limits, ping=0.0),
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
            # Others may have come while this one was connecting.
            crowded = self.limiter.crowded(session.user)
            self.users.setdefault(session.user, set()).add(client)
            self.limiter.known(session.user, 1)
            self.metrics.opened(client.wire, session.name, session.version, session.user, self.clock())
            if self.journal is not None:
                self.journal.connected(session, client.wire)
            if crowded:
                client.close(DISCONNECTS.CONNECTION_LIMIT)
            elif self._enforcement.changed_within(self.options.connect_deadline + 1):
                # Rights may have changed since the connect command was looked at.
                self._enforcement.look_at(client)
            else:
                self.owned(session.claims)

    def owned(self, who: ConnectionClaims) -> None:
        """Look after the subjects that a connected user owns, as of now."""
        if who.user in self.users and who.user:
            mine = self.permissions.rights(who).owns
            self._owners.came(who.user, (*mine, who.user) if is_key(who.user) else mine)

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
            known.discard(client)
            self.limiter.known(user, -1)
            if not known:
                del self.users[user]
                self._owners.left(user)
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
            self._library.run(self._answering.answer(client, question))

    # What operators and clients do to rooms

    async def publish(self, channel: str, draft: Draft, *, keep: bool = True) -> Position | Error:
        """Publish into a room; without `keep` those who watch now get it, and nobody later."""
        address = self.channels.find(channel)
        if isinstance(address, Error):
            return address
        if address.source not in (Source.ROOM, Source.USER):
            return ERRORS.PERMISSION_DENIED
        return await self.rooms.publish(address, draft, keep=keep)

    async def forget(self, channel: str) -> Error | None:
        """Forget a room's log: its channel begins anew under another epoch, and who watches is told so."""
        address = self.channels.find(channel)
        if isinstance(address, Error):
            return address
        if not address.in_rooms:
            return ERRORS.PERMISSION_DENIED
        await self.rooms.of(address).forget(channel)
        self.nodes.tell(Look(channel))
        await self._look(channel)
        return None

    async def tell(self, channel: str, data: bytes, once: str = "") -> None:
        """Publish what the server itself says, in `alerts:` and `user:` channels.

        Under the same `once` it is published a single time, whichever process says it.
        """
        try:
            await self.tell_all(((channel, data, once),))
        except RoomError as error:
            _LOG.error("cannot tell what the server says: %s", error.detail)

    async def tell_all(self, news: Iterable[Announcement]) -> None:
        """Publish what the server itself says, see `tell`, together.

        Raises:
            RoomError: not all of it is kept.

        """
        drafts = (
            (self.channels.find(channel), Draft(msgspec.Raw(data), idempotency_key=once))
            for channel, data, once in news
        )
        await self.rooms.publish_many(
            (address, draft)
            for address, draft in drafts
            if not isinstance(address, Error) and address.in_rooms
        )

    async def _tell_user(self, user: str, data: bytes, once: str) -> None:
        try:
            await self.tell(f"user:{user}", data, once)
        except Exception:
            _LOG.exception("cannot tell a user about a subject")

    async def history(self, wanted: ReadHistory) -> History | Error:
        """Read the log of a stream."""
        address = self.channels.find(wanted.channel)
        if isinstance(address, Error):
            return address
        if address.in_rooms:
            return await self.rooms.history(address, wanted)
        return await self._library.history(address.name, wanted)

    # What other processes do, and are told of

    def _committed(self, updates: Sequence[Update]) -> None:
        # Of what another process has committed it is not known when.
        if updates and updates[-1].at:
            self.stirring.stir(LEDGER)

    async def _look(self, channel: str) -> None:
        self.maps.look(channel)
        await self._library.look(channel)

    async def forgotten(self) -> None:
        """Have the views that name persons read anew, in all processes: one was erased, which is no event."""
        self.stirring.stir(PERSONS)
        await self._library.name_anew()

    def _look_at_memory(self) -> None:
        """Compare all watched rooms that are kept in memory with what is kept: something may be missed."""
        for name, channel in list(self.hub.channels.items()):
            if self.rooms.passing(channel.address):
                self._library.run(self._library.look(name))
        for name, channel in list(self.maps.channels.items()):
            if self.rooms.passing(channel.address):
                self.maps.look(name)

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
