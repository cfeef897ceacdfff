"""Gateways over a bus that loses, repeats and reorders what they say: in the end all of them are right."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from itertools import count
from typing import Any

import msgspec
import pytest

from renown.bus.memory import MemoryBus, MemoryNetwork
from renown.gateway import Gateway
from renown.gateway.admission.counts import ADDRESS
from renown.gateway.nodes.messages import Count, Counted, Describe
from renown.gateway.nodes.nodes import Nodes, Unanswered
from renown.gateway.options import ConnectionLimits, GatewayOptions, RoomRule
from renown.ledger import Ledger
from renown.protocol.codes import Error
from renown.rooms.room import Draft
from tests.conformance.raw import Raw
from tests.conformance.serving import Served, serve

OPTIONS = GatewayOptions(
    rooms={
        "chat": RoomRule(presence=True, join_leave=True, force_join_leave=True),
        "log": RoomRule(history_size=1_000, durable=False),
    },
    limits=ConnectionLimits(per_user=10_000, per_address=10_000),
    drain_time=0.0,
    close_timeout=1.0,
    recovery_limit=1_000,
    # A last publication that is lost is found by the sweep, and the question may be lost, too.
    sweep_interval=2.0,
)
SEEDS = pytest.mark.parametrize("seed", range(3))


class Trouble(MemoryNetwork):
    """Loses a share of the messages, says a share twice, and brings a share after what was said later."""

    def __init__(self, seed: int, share: float = 0.2) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.share = share
        self.lost = self.repeated = self.late = 0

    def deliver(self, sender: str, to: str, message: bytes) -> None:
        if self.random.random() < self.share:
            self.lost += 1
            return
        if self.random.random() < self.share:
            self.repeated += 1
            super().deliver(sender, to, message)
        if self.random.random() < self.share:
            self.late += 1
            delay = self.random.random() * 0.05
            asyncio.get_running_loop().call_later(delay, self._hand_over, sender, to, message)
        else:
            super().deliver(sender, to, message)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 (what is waited for has no events)
            await asyncio.sleep(0.02)


class Town:
    """Several gateways in trouble."""

    def __init__(self, ledger: Ledger, network: Trouble, stack: AsyncExitStack) -> None:
        self.network = network
        self.servers: list[Served] = []
        self._ledger = ledger
        self._stack = stack

    async def grow(self) -> Served:
        gateway = Gateway(self._ledger, MemoryBus(self.network), OPTIONS, anonymous=True)
        self.servers.append(await self._stack.enter_async_context(serve(gateway)))
        return self.servers[-1]


@pytest.fixture
async def town(ledger: Ledger, request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        town = Town(ledger, Trouble(request.node.callspec.params["seed"]), stack)
        for _ in range(3):
            await town.grow()
        yield town


@SEEDS
async def test_who_is_present_is_the_same_everywhere_in_the_end(town: Town, seed: int) -> None:
    """Clients come and go at all gateways; then each gateway knows who stayed, and nobody else."""
    chance = random.Random(seed)
    async with AsyncExitStack() as stack:
        here: dict[str, AsyncExitStack] = {}
        for _ in range(120):
            if here and chance.random() < 0.4:
                await here.pop(chance.choice(sorted(here))).aclose()
                continue
            own = AsyncExitStack()
            stack.push_async_exit(own)
            client = await own.enter_async_context(Raw.open(chance.choice(town.servers).url, max_queue=None))
            name = (await client.hello())["client"]
            await client.subscribe("chat:a")
            here[name] = own
        for server in (*town.servers, await town.grow()):
            await until(lambda server=server: server.gateway.hub.presence("chat:a").keys() == here.keys())
        assert min(town.network.lost, town.network.repeated, town.network.late) > 10
        # So is how many they are: what the limits go by.
        for server in town.servers:
            elsewhere = len(here) - len(_local(server.gateway))
            await until(lambda server=server, number=elsewhere: _elsewhere(server.gateway) == number)
        # Of a gateway that goes nobody is left.
        gone = town.servers[1].gateway
        its = {name for name, info in gone.hub.presence("chat:a").items() if info in _local(gone)}
        await gone.nodes.stop()
        for server in (town.servers[0], town.servers[2], town.servers[3]):
            await until(
                lambda server=server: server.gateway.hub.presence("chat:a").keys() == here.keys() - its
            )
            left = len(here) - len(its) - len(_local(server.gateway))
            await until(lambda server=server, number=left: _elsewhere(server.gateway) == number)


def _local(gateway: Gateway) -> list[object]:
    return list(gateway.hub.presences.here().get("chat:a", ()))


def _elsewhere(gateway: Gateway) -> int:
    """Return how many connections a gateway counts with the others: all come from this machine."""
    return sum(count for (what, _), count in gateway.counts.far.items() if what == ADDRESS)


async def subscribed(client: Raw, channel: str) -> None:
    """Subscribe as SDKs do: again where the error says that it is temporary, as when a question got lost."""
    while True:
        reply = await client.ask({"id": 2, "subscribe": {"channel": channel}})
        if "subscribe" in reply:
            return
        assert reply["error"].get("temporary"), reply


@SEEDS
async def test_nobody_misses_a_publication_or_gets_one_twice(town: Town, seed: int) -> None:
    """Published at whichever gateway, a room in memory has one order, and every watcher gets all of it."""
    async with AsyncExitStack() as stack:
        watchers: list[Raw] = []
        for server in town.servers * 2:
            client = await stack.enter_async_context(Raw.open(server.url))
            await client.hello()
            await client.subscribe("log:a")
            watchers.append(client)

        async def publish(number: int) -> None:
            draft = Draft(msgspec.Raw(b"%d" % number), idempotency_key=str(number))
            gateway = town.servers[number % 3].gateway
            while isinstance(await gateway.publish("log:a", draft), Error):
                # Not answered: said again until it is.
                pass

        # All at once: who does not answer pings meanwhile is sent away.
        async with asyncio.timeout(120), asyncio.TaskGroup() as group:
            following = [group.create_task(_follow(client, "log:a", 100)) for client in watchers]
            for number in range(100):
                group.create_task(publish(number))
        all_heard = [each.result() for each in following]
        assert [[pub["offset"] for pub in heard] for heard in all_heard] == [[*range(1, 101)]] * 6
        orders = [[pub["data"] for pub in heard] for heard in all_heard]
        assert orders == [orders[0]] * len(orders)
        assert sorted(orders[0]) == list(range(100))
        assert min(town.network.lost, town.network.repeated, town.network.late) > 10


async def _follow(client: Raw, channel: str, number: int) -> list[dict[str, Any]]:
    """Return so many publications, as an SDK gets them: it comes back with its position when sent away."""
    heard: list[dict[str, Any]] = []
    while len(heard) < number:
        reply = await client.reply()
        push = reply.get("push", {})
        if not reply:
            await client.send({})
        elif "pub" in push:
            heard.append(push["pub"])
        elif "unsubscribe" in push or "error" in reply:
            assert push.get("unsubscribe", {}).get("code") == 2500 or reply["error"]["temporary"]
            position = {"recover": True, "offset": heard[-1]["offset"] if heard else 0}
            await client.send({"id": 9, "subscribe": {"channel": channel, **position}})
        elif "subscribe" in reply:
            assert reply["subscribe"]["recovered"]
            heard += reply["subscribe"].get("publications", [])
    return heard


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@SEEDS
async def test_what_is_asked_is_done_once_however_often_it_is_said(seed: int) -> None:
    network = Trouble(seed, 0.3)
    one, two = Nodes(MemoryBus(network), Clock()), Nodes(MemoryBus(network), Clock())
    done: list[str] = []

    async def answer(_node: str, question: Count) -> Counted:
        done.append(question.pattern)
        return Counted({question.pattern: len(done)})

    two.answer(Count, answer)
    await one.start()
    await two.start()
    asked = [asyncio.create_task(one.ask(two.name, Count(str(number)))) for number in range(60)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    good = [each for each in answers if isinstance(each, Counted)]
    assert len(good) > 40
    assert len(set(done)) == len(done)
    assert all(isinstance(each, Counted | Unanswered) for each in answers)
    await one.stop()
    await two.stop()


async def test_a_silent_node_has_no_part_until_it_speaks_again() -> None:
    network, clock = MemoryNetwork(), Clock()
    one, other = Nodes(MemoryBus(network), clock), MemoryBus(network)
    moves: list[str] = []

    class Watcher:
        def came(self, node: str) -> None:
            moves.append("came")

        def left(self, node: str) -> None:
            moves.append("left")

        def led(self) -> None:
            moves.append("led")

    class Deaf:
        def heard(self, sender: str, message: bytes) -> None: ...
        def came(self, node: str) -> None: ...
        def left(self, node: str) -> None: ...
        def leading(self) -> None: ...

    one.watch(Watcher())
    await one.start()
    await other.start(Deaf())
    assert moves == ["led", "came"]
    assert one.others == [other.node]
    clock.now = 60.0
    await until(lambda: moves == ["led", "came", "left"])
    assert one.others == []
    assert await one.ask_all(Describe()) == {}
    speaking = count(1)
    other.send(msgspec.msgpack.encode([next(speaking), 0, 0, ["Alive", False]]), one.name)
    await until(lambda: moves == ["led", "came", "left", "came"])
    other.send(b"no message at all", one.name)
    other.send(msgspec.msgpack.encode([next(speaking), 0, 0, ["Unheard"]]), one.name)
    with pytest.raises(Unanswered):
        await one.ask(other.node, Describe())
    asking = asyncio.create_task(one.ask(other.node, Describe()))
    await asyncio.sleep(0)
    await other.stop()
    with pytest.raises(Unanswered):
        await asking
    assert moves[-1] == "left"
    assert one.alone
    await one.stop()
