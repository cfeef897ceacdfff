"""Many connections that never read: they cost a bounded amount of memory, and others notice nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed

from renown.gateway import Gateway
from renown.ledger import Ledger
from renown.model import Event
from tests.conformance.conftest import Serve
from tests.conformance.raw import Raw

READERS = 100
HARD = 150_000
SOFT = 40_000
SUBJECTS = [f"seller:{number}" for number in range(100)]
MESSAGE = 65_536
"""No message of the server is larger than that."""


@asynccontextmanager
async def mute(url: str, *channels: str) -> AsyncIterator[Raw]:
    """Somebody who subscribes and then reads no more, with a socket that takes little."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", urlsplit(url).port))
        async with Raw.open(url, sock=sock, max_queue=1, close_timeout=0.1) as raw:
            await raw.hello()
            for number, channel in enumerate(channels, 2):
                await raw.subscribe(channel, number)
            raw.socket.transport.pause_reading()
            yield raw
            raw.socket.transport.abort()


def unsent(gateway: Gateway) -> list[int]:
    """Return the bytes that each connection has not been able to send."""
    return [client.unsent() for client in gateway.clients()]


async def test_streams_are_queued_up_to_a_limit_and_then_closed(served: Serve, ledger: Ledger) -> None:
    options = {"outbound_limit": HARD, "outbound_soft_limit": SOFT, "close_timeout": 0.5}
    async with served(**options) as server, AsyncExitStack() as stack:
        for _ in range(READERS):
            await stack.enter_async_context(mute(server.url, "activity:seller:42"))
        neighbour = await stack.enter_async_context(Raw.open(server.url))
        await neighbour.hello()
        await neighbour.subscribe("activity:seller:42")
        said, peak, closes = 0, 0, server.gateway.metrics.closes
        while closes[3008] < READERS:
            await ledger.append([Event("review", "seller:42", value=4.0) for _ in range(100)])
            # The neighbour has each piece before the next one is said.
            heard = [(await neighbour.publication())["offset"] for _ in range(100)]
            assert heard == list(range(said + 1, said + 101))
            said += 100
            peak = max(peak, *unsent(server.gateway))
        assert SOFT < peak <= HARD + MESSAGE
        assert set(closes) == {3008}


async def test_of_newest_states_hardly_anything_is_queued(served: Serve, ledger: Ledger) -> None:
    """Beyond the soft limit nothing more is kept than who lacks what, however often subjects change."""
    channels = [f"standing:{subject}" for subject in SUBJECTS]
    options = {"outbound_limit": HARD, "outbound_soft_limit": SOFT}
    rules = {"standing": {"interval": 0.0}}
    async with served(channels=rules, **options) as server, AsyncExitStack() as stack:
        slow = [await stack.enter_async_context(mute(server.url, *channels)) for _ in range(READERS // 5)]
        neighbour = await stack.enter_async_context(Raw.open(server.url))
        await neighbour.hello()
        for number, channel in enumerate(channels, 2):
            await neighbour.subscribe(channel, number)
        metrics, rounds = server.gateway.metrics, 0
        while metrics.dropped < 30 * len(SUBJECTS) * len(slow):
            rounds += 1
            await ledger.append([Event("review", subject, value=4.0) for subject in SUBJECTS])
            newest: dict[str, int] = {}
            while newest != dict.fromkeys(SUBJECTS, rounds):
                pub = await neighbour.publication()
                newest[pub["data"]["subject"]] = pub["offset"]
            assert max(unsent(server.gateway)) <= SOFT + MESSAGE
        assert not metrics.closes
        # Whoever reads again has the newest of everything, without a way through all that was.
        returned = slow[0]
        returned.socket.transport.resume_reading()
        newest = {}
        with suppress(ConnectionClosed):
            while newest != dict.fromkeys(SUBJECTS, rounds):
                pub = await returned.publication()
                assert pub["offset"] > newest.get(pub["data"]["subject"], 0)
                newest[pub["data"]["subject"]] = pub["offset"]
        assert newest == dict.fromkeys(SUBJECTS, rounds)
