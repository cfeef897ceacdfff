"""Each limit has its answer, and whoever keeps to the rules beside those who do not loses nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from websockets.exceptions import InvalidStatus

from renown.ledger import Ledger
from renown.model import Event
from tests.conformance.conftest import Serve
from tests.conformance.keys import shared
from tests.conformance.raw import Raw
from tests.conformance.serving import Served

CHANNEL = "activity:seller:42"
NEIGHBOUR = {"X-Forwarded-For": "198.51.100.7"}
CULPRIT = {"X-Forwarded-For": "203.0.113.9"}
PROXIES = {"proxies": ["127.0.0.0/8"]}


class Neighbour:
    """Somebody well-behaved who watches a stream."""

    def __init__(self, raw: Raw, ledger: Ledger) -> None:
        self._raw = raw
        self._ledger = ledger
        self._heard = 0

    async def hears(self, number: int = 5) -> None:
        """Check that what is said now arrives whole."""
        await self._ledger.append([Event("review", "seller:42", value=4.0) for _ in range(number)])
        offsets = [(await self._raw.publication())["offset"] for _ in range(number)]
        assert offsets == list(range(self._heard + 1, self._heard + number + 1))
        self._heard += number


@asynccontextmanager
async def beside(server: Served, ledger: Ledger) -> AsyncIterator[Neighbour]:
    async with Raw.open(server.url, additional_headers=NEIGHBOUR) as raw:
        await raw.hello(shared().issue("neighbour"))
        await raw.subscribe(CHANNEL)
        neighbour = Neighbour(raw, ledger)
        await neighbour.hears()
        yield neighbour
        await neighbour.hears()


async def knock(server: Served) -> tuple[int, str] | None:
    """Return status and Retry-After of an upgrade that is not let through; None when it is."""
    try:
        async with Raw.open(server.url, additional_headers=CULPRIT):
            return None
    except InvalidStatus as refused:
        return refused.response.status_code, refused.response.headers["Retry-After"]


async def test_connections_of_one_user(served: Serve, ledger: Ledger) -> None:
    secret = shared().issue("ana")
    async with (
        served(shared(), limits={"per_user": 2}) as server,
        beside(server, ledger) as neighbour,
        AsyncExitStack() as stack,
    ):
        there = [await stack.enter_async_context(Raw.open(server.url)) for _ in range(3)]
        for raw in there[:2]:
            await raw.hello(secret)
        for _ in range(3):
            async with Raw.open(server.url) as raw:
                await raw.send({"id": 1, "connect": {"token": secret}})
                assert await raw.closed() == (3504, "connection limit")
        await neighbour.hears()
        # Those that were there first stay, and a place that is left can be taken.
        for raw in there[:2]:
            assert "subscribe" in await raw.ask({"id": 2, "subscribe": {"channel": CHANNEL}})
        await there[0].socket.close()
        assert (await there[2].hello(secret))["client"]


async def test_connections_and_handshakes_of_one_address(served: Serve, ledger: Ledger) -> None:
    limits = PROXIES | {"per_address": 3, "handshakes_per_address": 0.01, "handshake_burst_per_address": 5}
    async with served(shared(), limits=limits) as server, beside(server, ledger) as neighbour:
        async with AsyncExitStack() as stack:
            for _ in range(3):
                await stack.enter_async_context(Raw.open(server.url, additional_headers=CULPRIT))
            assert await knock(server) == (429, "5")
            await neighbour.hears()
        # Once those are gone there are as many handshakes as the burst has left; then it takes time.
        async with asyncio.timeout(30):
            while (answer := await knock(server)) in (None, (429, "5")):
                pass
        assert answer is not None
        assert answer[0] == 429
        assert int(answer[1]) > 5
        await neighbour.hears()
        async with Raw.open(server.url, additional_headers={"X-Forwarded-For": "192.0.2.1"}) as raw:
            await raw.hello()


async def test_handshakes_of_all(served: Serve, ledger: Ledger) -> None:
    limits = {"handshakes": 0.01, "handshake_burst": 3}
    async with served(shared(), limits=limits) as server, beside(server, ledger) as neighbour:
        for _ in range(2):
            async with Raw.open(server.url):
                pass
        for _ in range(5):
            answer = await knock(server)
            assert answer is not None
            assert answer[0] == 503
            assert int(answer[1]) >= 1
        await neighbour.hears(20)


async def test_commands_of_one_connection(served: Serve, ledger: Ledger) -> None:
    limits = {"commands": 1.0, "command_burst": 10}
    async with served(shared(), limits=limits) as server, beside(server, ledger) as neighbour:
        async with Raw.open(server.url) as raw:
            await raw.hello()
            history = {"history": {"channel": CHANNEL, "limit": 1}}
            await raw.send(*[{"id": number, **history} for number in range(2, 15)])
            answers = [await raw.reply() for _ in range(13)]
            errors: list[Any] = [answer.get("error") for answer in answers]
            assert errors[:8] == [None] * 8
            assert errors[-1] == {"code": 111, "message": "too many requests", "temporary": True}
            await neighbour.hears()
            await raw.send(*[{"id": number, **history} for number in range(20, 120)])
            assert (await raw.closed())[0] == 3013
        await neighbour.hears()


async def test_who_comes_back_gets_all_channels_whatever_the_burst(served: Serve) -> None:
    channels = [f"standing:seller:{number}" for number in range(60)]
    asked = [{"id": number, "subscribe": {"channel": name}} for number, name in enumerate(channels, 2)]
    async with served(shared(), limits={"commands": 1.0, "command_burst": 2}) as server:
        for _ in range(3):
            async with Raw.open(server.url) as raw:
                await raw.hello()
                await raw.send(*asked)
                answers = [await raw.reply() for _ in asked]
                assert [answer.get("error") for answer in answers] == [None] * len(asked)


async def test_subscriptions_of_one_connection_and_of_one_channel(served: Serve, ledger: Ledger) -> None:
    rules = {"board": {"max_subscribers": 1}}
    async with (
        served(shared(), channels_per_connection=3, channels=rules) as server,
        beside(server, ledger) as neighbour,
        Raw.open(server.url) as raw,
        Raw.open(server.url) as other,
    ):
        await raw.hello()
        for number in range(2, 5):
            await raw.subscribe(f"standing:seller:{number}", number)
        refusal = {"code": 106, "message": "limit exceeded"}
        for number in range(5, 8):
            answer = await raw.ask({"id": number, "subscribe": {"channel": f"standing:seller:{number}"}})
            assert answer["error"] == refusal
        await raw.ask({"id": 8, "unsubscribe": {"channel": "standing:seller:2"}})
        await raw.subscribe("board:seller", 9)
        await other.hello()
        answer = await other.ask({"id": 2, "subscribe": {"channel": "board:seller"}})
        assert answer["error"] == refusal
        await neighbour.hears()


async def test_messages(served: Serve, ledger: Ledger) -> None:
    async with served(shared(), message_limit=4096) as server, beside(server, ledger) as neighbour:
        async with Raw.open(server.url) as raw:
            await raw.hello()
            await raw.socket.send("x" * 4097)
            assert (await raw.closed())[0] == 1009
        async with Raw.open(server.url) as raw:
            await raw.hello()
            # Not even as one of many small pieces, and before anything is kept of it.
            await raw.socket.send("y" * 100 for _ in range(50))
            assert (await raw.closed())[0] == 1009
        await neighbour.hears()
