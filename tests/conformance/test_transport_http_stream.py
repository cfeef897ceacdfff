"""HTTP streaming, byte by byte."""

import asyncio
import json
import socket

import httpx
import pytest

from renown.ledger import Ledger
from renown.model import Event
from renown.protocol.wire.client_pb2 import Command, ConnectRequest, SubscribeRequest
from tests.conformance.conftest import Serve
from tests.conformance.streams import Binary, Streaming, nobody_left, until

STANDING = "standing:seller:42"
HELLO = {"id": 1, "connect": {"name": "raw"}}


async def rate(ledger: Ledger, value: float = 4.0) -> None:
    await ledger.append([Event("review", "seller:42", value=value)])


def subscribe(channel: str = STANDING, number: int = 2) -> dict[str, object]:
    return {"id": number, "subscribe": {"channel": channel}}


async def test_a_conversation(served: Serve, ledger: Ledger) -> None:
    await rate(ledger)
    async with served() as server, Streaming.open(server.http) as client:
        assert client.response.status_code == 200
        headers = client.response.headers
        assert headers["x-accel-buffering"] == "no"
        assert headers["cache-control"] == "private, no-cache, no-store, must-revalidate, max-age=0"
        assert headers["pragma"] == "no-cache"
        hello = await client.hello()
        assert (hello["ping"], hello["pong"], hello["node"]) == (25, True, server.gateway.node)
        assert len(hello["session"]) * 6 >= 122
        result = (await client.ask(subscribe()))["subscribe"]
        assert [pub["data"]["version"] for pub in result["publications"]] == [1]
        await rate(ledger, 5.0)
        assert (await client.reply())["push"]["pub"]["data"]["version"] == 2
        assert (await client.ask({"id": 3, "unsubscribe": {"channel": STANDING}})) == {
            "id": 3,
            "unsubscribe": {},
        }
        assert b"\n\n" not in client.raw
        assert client.raw.endswith(b"}\n")
        assert not client.raw.startswith(b"\n")


async def test_first_commands_may_be_several(served: Serve) -> None:
    async with served() as server, Streaming.open(server.http, HELLO, subscribe()) as client:
        await client.hello()
        assert (await client.reply())["id"] == 2


async def test_protobuf_by_content_type(served: Serve, ledger: Ledger) -> None:
    await rate(ledger)
    first = Command(id=1, connect=ConnectRequest(name="raw"))
    async with served() as server, Binary.open(server.http, first) as client:
        assert (await client.hello()).id == 1
        wanted = Command(id=2, subscribe=SubscribeRequest(channel=STANDING))
        assert (await client.send(wanted)).status_code == 204
        reply = await client.reply()
        assert [json.loads(pub.data)["version"] for pub in reply.subscribe.publications] == [1]
        await rate(ledger, 5.0)
        assert json.loads((await client.reply()).push.pub.data)["version"] == 2


async def test_a_client_that_leaves_is_forgotten_at_once(served: Serve) -> None:
    async with served() as server:
        async with Streaming.open(server.http, HELLO, subscribe()) as client:
            await client.hello()
            await client.reply()
            assert (server.gateway.metrics.connections, server.gateway.metrics.subscriptions) == (1, 1)
        await nobody_left(server)


async def test_what_cannot_be_understood_ends_the_stream_with_a_push(served: Serve) -> None:
    async with served() as server, Streaming.open(server.http) as client:
        await client.hello()
        assert (await client.send("no command")).status_code == 204
        assert await client.end() == ['{"push":{"disconnect":{"code":3501,"reason":"bad request"}}}']
        assert (await client.send({"id": 2, "subscribe": {"channel": STANDING}})).status_code == 204
        await nobody_left(server)


@pytest.mark.parametrize("body", ["", "{}", '{"id":1,"subscribe":{"channel":"x"}}', "\n\n"])
async def test_a_first_command_that_is_not_connect(served: Serve, body: str) -> None:
    async with served() as server, httpx.AsyncClient(base_url=server.http) as http:
        answer = await http.post("/connection/http_stream", content=body)
        assert answer.text == '{"push":{"disconnect":{"code":3501,"reason":"bad request"}}}\n'


async def test_a_refused_token_is_told_in_the_stream(served: Serve) -> None:
    async with served(anonymous=False) as server, httpx.AsyncClient(base_url=server.http) as http:
        answer = await http.post("/connection/http_stream", json={"id": 1, "connect": {"token": "x.y.z"}})
        assert json.loads(answer.text)["push"]["disconnect"]["code"] == 3500


async def test_pings_are_lines_and_an_unanswered_one_ends_the_stream(served: Serve) -> None:
    async with (
        served(ping_interval=0.5, pong_timeout=0.4) as server,
        Streaming.open(server.http) as client,
    ):
        await client.hello()
        assert await client.line() == "{}"
        await client.send("{}")
        assert await client.end() == ["{}", '{"push":{"disconnect":{"code":3012,"reason":"no pong"}}}']


async def test_streams_are_told_to_go_before_the_server_stops(served: Serve) -> None:
    async with served() as server, Streaming.open(server.http) as client:
        await client.hello()
        await asyncio.wait_for(server.gateway.drain(), 10)
        assert await client.end() == ['{"push":{"disconnect":{"code":3001,"reason":"shutdown"}}}']
        refused = await client.http.post("/connection/http_stream", json=HELLO)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")


async def test_methods_and_sizes(served: Serve) -> None:
    async with served(message_limit=1000) as server, httpx.AsyncClient(base_url=server.http) as http:
        refused = await http.get("/connection/http_stream")
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST, OPTIONS")
        assert (await http.post("/connection/http_stream", content=b"x" * 1001)).status_code == 413

        async def endless():
            for _ in range(100):
                yield b"x" * 100

        assert (await http.post("/connection/http_stream", content=endless())).status_code == 413
        assert (await http.get("/connection/nothing")).status_code == 404


async def test_a_body_that_never_comes(served: Serve) -> None:
    async with served(connect_deadline=0.2) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /connection/http_stream HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        writer.close()


async def test_a_client_that_never_reads_costs_little_and_is_hung_up_on(
    served: Serve, ledger: Ledger, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of a stream everything is queued, up to the limit; then it ends, read or not."""
    async with served(outbound_limit=100_000, close_timeout=0.5, channels={}) as server:
        with socket.socket() as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.connect(("127.0.0.1", server.port))
            first = "\n".join(
                json.dumps(command)
                for command in (HELLO, subscribe("activity:seller:42"), subscribe("activity:seller:43", 3))
            ).encode()
            lazy.sendall(
                b"POST /connection/http_stream HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"
                % (len(first), first)
            )
            await until(lambda: server.gateway.metrics.subscriptions == 2)
            note = {"note": "x" * 1000}
            while server.gateway.metrics.closes[3008] == 0:
                await ledger.append(
                    [Event("review", "seller:42", value=4.0, ref=f"r{n}", data=note) for n in range(500)]
                )
                await asyncio.sleep(0.01)
            await nobody_left(server)
            await until(lambda: not server.sockets)
            assert capfd.readouterr().err == ""
