"""Fan-out to many: sockets are written to directly, and nobody loses, repeats or overhears anything."""

import asyncio
import datetime
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from uvicorn.server import ServerState

from renown.gateway import Gateway
from renown.gateway.transports.websocket import Connection, protocol_class
from renown.ledger import Ledger
from renown.model import Event
from tests.conformance.conftest import Serve
from tests.conformance.raw import Raw
from tests.conformance.test_gateway_loops import narrow, unsent

MANY = 20
ROOM = "activity:seller:42"


def connections(gateway: Gateway) -> list[Connection]:
    return [client for client in gateway.clients() if isinstance(client, Connection)]


async def say(ledger: Ledger, count: int, subject: str = "seller:42") -> None:
    await ledger.append([Event("review", subject, value=4.0) for _ in range(count)])


async def heard(raw: Raw, count: int) -> list[int]:
    return [(await raw.publication())["offset"] for _ in range(count)]


async def watching(stack: AsyncExitStack, url: str, channel: str = ROOM) -> Raw:
    raw = await stack.enter_async_context(Raw.open(url))
    await raw.hello()
    await raw.subscribe(channel)
    return raw


def take_little(gateway: Gateway) -> None:
    """Give all connections small sockets, which are full soon."""
    for client in connections(gateway):
        transport = client._transport  # pyright: ignore[reportPrivateUsage] - its socket is nobody else's
        assert transport is not None
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)


async def test_readers_fast_and_slow_all_get_a_stream_whole(served: Serve, ledger: Ledger) -> None:
    """Some sockets fill up in the middle of a frame. What follows must wait behind its rest."""
    options = {"outbound_limit": 2**30, "outbound_soft_limit": 30_000, "ping_interval": 0.0}
    async with served(**options) as server, AsyncExitStack() as stack:
        slow = [await stack.enter_async_context(narrow(server.url)) for _ in range(6)]
        for raw in slow:
            await raw.subscribe(ROOM)
            raw.socket.transport.pause_reading()
        take_little(server.gateway)
        fast = [await watching(stack, server.url) for _ in range(MANY)]
        said, turns, outlets = 0, 0, set[bool]()
        while unsent(server.gateway) < 60_000:
            turns += 1
            # One at a time and many at once: whole frames fit, or a part of one.
            for count in (1, 1, 20):
                await say(ledger, count)
                for raw in fast:
                    assert await heard(raw, count) == list(range(said + 1, said + count + 1))
                said += count
            outlets |= {client.outlet >= 0 for client in connections(server.gateway)}
            if turns % 4 == 0:
                # They read for a while: their transports run empty, and their sockets are used again.
                for raw in slow[:3]:
                    raw.socket.transport.resume_reading()
        assert outlets == {True, False}
        for raw in slow:
            raw.socket.transport.resume_reading()
            assert await heard(raw, said) == list(range(1, said + 1))
        await say(ledger, 1)
        for raw in fast + slow:
            assert await heard(raw, 1) == [said + 1]
        assert not server.gateway.metrics.closes


async def test_who_comes_next_hears_nothing_that_was_meant_for_who_is_gone(
    served: Serve, ledger: Ledger
) -> None:
    """The kernel gives a new connection the descriptor of one that has just ended."""
    async with served() as server, AsyncExitStack() as stack:
        staying = [await watching(stack, server.url) for _ in range(MANY)]
        said, others = 0, 0
        for _ in range(8):
            async with AsyncExitStack() as passing:
                leaving = [await watching(passing, server.url) for _ in range(10)]
                await say(ledger, 1)
                for raw in leaving[::2]:
                    raw.socket.transport.abort()
                await say(ledger, 2)
            coming = [await watching(stack, server.url, "activity:seller:7") for _ in range(10)]
            await asyncio.gather(say(ledger, 2), say(ledger, 3, "seller:7"))
            for raw in staying:
                assert await heard(raw, 5) == list(range(said + 1, said + 6))
            for raw in coming:
                assert await heard(raw, 3) == list(range(others + 1, others + 4))
            said, others = said + 5, others + 3
            for raw in coming:
                raw.socket.transport.abort()


async def test_what_a_command_asks_for_comes_before_what_is_said_after_it(
    served: Serve, ledger: Ledger
) -> None:
    async with served() as server, AsyncExitStack() as stack:
        readers = [await watching(stack, server.url) for _ in range(MANY)]
        for number, raw in enumerate(readers, 3):
            await raw.send({"id": number, "subscribe": {"channel": "standing:seller:42"}})
        for raw in readers:
            assert "subscribe" in await raw.reply()
        await say(ledger, 1)
        for raw in readers:
            channels = {(await raw.reply())["push"]["channel"] for _ in range(2)}
            assert channels == {ROOM, "standing:seller:42"}


@asynccontextmanager
async def encrypted(gateway: Gateway, folder: Path) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """Serve a gateway's WebSockets over TLS; give the address and what trusts it."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    both = folder / "both.pem"
    both.write_bytes(key.private_bytes(pem, *plain) + certificate.public_bytes(pem))
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(both)
    theirs = ssl.create_default_context(cadata=certificate.public_bytes(pem).decode())
    kind = cast(Callable[..., Connection], protocol_class(gateway))
    state = ServerState()
    config = uvicorn.Config("", log_config=None)
    server = await asyncio.get_running_loop().create_server(
        lambda: kind(config=config, server_state=state, app_state={}), "127.0.0.1", 0, ssl=ours
    )
    yield f"wss://localhost:{server.sockets[0].getsockname()[1]}/connection/websocket", theirs
    server.close()


async def test_over_tls_nothing_is_written_past_the_transport(
    served: Serve, ledger: Ledger, tmp_path: Path
) -> None:
    async with (
        served() as server,
        encrypted(server.gateway, tmp_path) as (url, trust),
        AsyncExitStack() as stack,
    ):
        plain = [await watching(stack, server.url) for _ in range(MANY)]
        for _ in range(20):
            raw = await stack.enter_async_context(Raw.open(url, ssl=trust))
            await raw.hello()
            await raw.subscribe(ROOM)
            plain.append(raw)
        for turn in range(5):
            await say(ledger, 3)
            for raw in plain:
                assert await heard(raw, 3) == list(range(3 * turn + 1, 3 * turn + 4))
        assert sum(client.outlet < 0 for client in connections(server.gateway)) == 20


@pytest.mark.parametrize("first", [b"", b"GET /connection/websocket HTTP/1.1\r\nHost: x\r\n"])
async def test_who_has_not_said_enough_keeps_no_server_from_stopping(served: Serve, first: bytes) -> None:
    async with served() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(first)
        await asyncio.sleep(0.05)
        assert len(server.sockets) == 1
    assert await reader.read() == b""
    assert not server.sockets
    writer.close()


async def test_a_handshake_in_two_pieces_is_put_together(served: Serve) -> None:
    head = (
        b"GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    async with served() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for piece in (head[:60], head[60:]):
            writer.write(piece)
            await asyncio.sleep(0.05)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        writer.close()
