"""What depends on the event loop: slow readers, closing, and the bytes in between. On both loops."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed

from renown.gateway import Gateway
from renown.ledger import Ledger
from renown.model import Event
from tests.conformance.conftest import Serve
from tests.conformance.raw import Raw


async def test_stopping_closes_with_shutdown(served: Serve) -> None:
    async with AsyncExitStack() as stack:
        async with served() as server:
            raw = await stack.enter_async_context(Raw.open(server.url))
            await raw.hello()
            ended = asyncio.create_task(raw.closed())
        assert await ended == (3001, "shutdown")


@asynccontextmanager
async def narrow(url: str) -> AsyncIterator[Raw]:
    """A client whose socket takes little before the server feels it."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", urlsplit(url).port))
        async with Raw.open(url, sock=sock, max_queue=1) as raw:
            await raw.hello()
            yield raw


def unsent(gateway: Gateway) -> int:
    """Return the most bytes that any connection has not been able to send."""
    return max((client.unsent() for client in gateway.clients()), default=0)


async def test_a_slow_reader_gets_only_the_newest(served: Serve, ledger: Ledger) -> None:
    """The reader stops while its channels go on; what it finds when it returns is the newest."""
    subjects = [f"seller:{number}" for number in range(100)]
    async with served(channels={"standing": {"interval": 0.0}}) as server, narrow(server.url) as raw:
        for number, subject in enumerate(subjects, 2):
            await raw.subscribe(f"standing:{subject}", number)
        raw.socket.transport.pause_reading()
        metrics = server.gateway.metrics
        while metrics.dropped < 2_000:
            await ledger.append([Event("review", subject, value=4.0) for subject in subjects])
            assert unsent(server.gateway) < 300_000
        versions = {name: version for name, (version, _) in (await ledger.snapshots(subjects)).items()}
        raw.socket.transport.resume_reading()
        seen: dict[str, int] = {}
        while seen != versions:
            pub = await raw.publication()
            subject = pub["data"]["subject"]
            assert pub["offset"] > seen.get(subject, 0)
            seen[subject] = pub["offset"]
        assert not metrics.closes


async def test_a_slow_reader_of_a_stream_is_closed_as_slow(served: Serve, ledger: Ledger) -> None:
    """What was queued until then still arrives, without a hole."""
    async with served(close_timeout=20.0, outbound_limit=200_000) as server, narrow(server.url) as raw:
        await raw.subscribe("activity:seller:42")
        raw.socket.transport.pause_reading()
        while 3008 not in server.gateway.metrics.closes:
            await ledger.append([Event("review", "seller:42", value=4.0) for _ in range(200)])
            assert unsent(server.gateway) < 400_000
        raw.socket.transport.resume_reading()
        offsets: list[int] = []
        with suppress(ConnectionClosed):
            while True:
                offsets.append((await raw.publication())["offset"])
        assert await raw.closed() == (3008, "slow")
        assert offsets == list(range(1, len(offsets) + 1))


async def test_the_loop_is_the_one_asked_for(request: pytest.FixtureRequest) -> None:
    name = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    assert name in request.node.name


async def test_a_message_above_the_limit_is_refused(served: Serve) -> None:
    async with served() as server, Raw.open(server.url) as raw:
        await raw.hello()
        await raw.socket.send("x" * 300_000)
        code, _ = await raw.closed()
        assert code == 1009


async def test_a_client_that_never_answers_the_close_is_dropped(served: Serve) -> None:
    async with served(close_timeout=0.3, connect_deadline=0.1) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"GET /connection/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(9) == b"\x88\x07" + (3502).to_bytes(2, "big") + b"stale"
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        assert server.gateway.metrics.connections == 0


async def test_publications_of_one_tick_share_a_frame(served: Serve, ledger: Ledger) -> None:
    async with served() as server, Raw.open(server.url) as raw:
        await raw.hello()
        for number, channel in enumerate(("standing:seller:1", "standing:seller:2", "activity:seller:1"), 2):
            await raw.subscribe(channel, number)
        await ledger.append([Event("review", f"seller:{n}", value=4.0) for n in (1, 2)])
        frame = await raw.socket.recv()
        assert isinstance(frame, str)
        assert len(frame.split("\n")) == 3
