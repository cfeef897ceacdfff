"""Server-sent events, byte by byte."""

import asyncio
import json
from urllib.parse import quote

import httpx
import pytest

from renown.ledger import Ledger
from renown.model import Event
from tests.conformance.conftest import Serve
from tests.conformance.streams import Streaming, nobody_left

STANDING = "standing:seller:42"
HELLO = {"id": 1, "connect": {"name": "raw"}}
SUBSCRIBE = {"id": 2, "subscribe": {"channel": STANDING}}


async def rate(ledger: Ledger, value: float = 4.0) -> None:
    await ledger.append([Event("review", "seller:42", value=value)])


@pytest.mark.parametrize("post", [False, True])
async def test_a_conversation(served: Serve, ledger: Ledger, post: bool) -> None:
    await rate(ledger)
    async with served() as server, Streaming.open(server.http, HELLO, sse=True, post=post) as client:
        assert client.response.status_code == 200
        headers = client.response.headers
        assert headers["content-type"] == "text/event-stream"
        assert headers["x-accel-buffering"] == "no"
        assert headers["cache-control"] == "private, no-cache, no-store, must-revalidate, max-age=0"
        await client.hello()
        assert client.raw.startswith(b'\r\ndata: {"id":1,"connect":{')
        assert client.raw.endswith(b"}\n\n")
        result = (await client.ask(SUBSCRIBE))["subscribe"]
        assert [pub["data"]["version"] for pub in result["publications"]] == [1]
        await rate(ledger, 5.0)
        assert (await client.reply())["push"]["pub"]["data"]["version"] == 2


async def test_first_commands_may_be_several(served: Serve) -> None:
    async with (
        served() as server,
        Streaming.open(server.http, HELLO, SUBSCRIBE, sse=True, post=False) as client,
    ):
        await client.hello()
        assert (await client.reply())["id"] == 2


async def test_without_a_connect_command(served: Serve) -> None:
    async with served() as server, httpx.AsyncClient(base_url=server.http) as http:
        for path in ("/connection/sse", "/connection/sse?cf_connect=", "/connection/sse?other=1"):
            assert (await http.get(path)).status_code == 400
        assert (await http.put("/connection/sse")).status_code == 405
        ended = await http.get(f"/connection/sse?cf_connect={quote('no command')}")
        assert ended.text == '\r\ndata: {"push":{"disconnect":{"code":3501,"reason":"bad request"}}}\n\n'


async def test_a_client_that_leaves_is_forgotten_at_once(served: Serve) -> None:
    async with served() as server:
        async with Streaming.open(server.http, HELLO, SUBSCRIBE, sse=True, post=False) as client:
            await client.hello()
            await client.reply()
            assert server.gateway.metrics.subscriptions == 1
        await nobody_left(server)


async def test_pings_and_their_answers(served: Serve) -> None:
    async with (
        served(ping_interval=0.5, pong_timeout=0.4) as server,
        Streaming.open(server.http, HELLO, sse=True) as client,
    ):
        await client.hello()
        for _ in range(3):
            assert await client.line() == "{}"
            await client.send("{}")
        assert json.loads((await client.end())[-1])["push"]["disconnect"]["code"] == 3012


async def test_streams_are_told_to_go_before_the_server_stops(served: Serve) -> None:
    async with served() as server, Streaming.open(server.http, sse=True) as client:
        await client.hello()
        await asyncio.wait_for(server.gateway.drain(), 10)
        assert await client.end() == ['{"push":{"disconnect":{"code":3001,"reason":"shutdown"}}}']
