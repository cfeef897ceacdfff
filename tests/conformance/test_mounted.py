"""Renown mounted in applications of other frameworks, over the WebSocket implementations they come with."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from centrifuge import Client, PublicationContext, SubscriptionEventHandler
from websockets.exceptions import InvalidStatus

from tests.conformance.hosts import Hosted, hosted, mounted
from tests.conformance.javascript import JavaScript, install
from tests.conformance.raw import Raw
from tests.conformance.streams import Streaming

STANDING = "standing:seller:42"
FRAMEWORKS = ["fastapi", "starlette", "django"]
implementations = pytest.mark.parametrize(
    "ws",
    [
        "websockets-sansio",
        "websockets",
        "wsproto",
    ],
)
"""What uvicorn can do WebSockets with."""


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    install()


@pytest.fixture
async def js(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[JavaScript]:
    monkeypatch.setenv("NODE_OPTIONS", "--experimental-eventsource")
    async with JavaScript.run() as client:
        yield client


async def rate(server: Hosted, number: int) -> None:
    event = {"id": f"e{number}", "type": "review", "subject": "seller:42", "value": 4.0}
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        answer = await http.post("/v1/events", json=event)
        assert answer.status_code == 200, answer.text


class Versions(SubscriptionEventHandler):
    def __init__(self) -> None:
        self.seen: asyncio.Queue[int] = asyncio.Queue()

    async def on_publication(self, ctx: PublicationContext) -> None:
        data = ctx.pub.data
        self.seen.put_nowait((json.loads(data) if isinstance(data, bytes) else data)["version"])


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_every_official_way_in_every_framework(js: JavaScript, tmp_path: Path, framework: str) -> None:
    async with hosted(framework, tmp_path, "websockets-sansio") as server:
        async with httpx.AsyncClient(trust_env=False) as http:
            assert framework in (await http.get(f"{server.origin}/own")).text
            assert (await http.get(f"{server.http}/v1/standings/seller:42")).status_code == 404
            await rate(server, 1)
            encoded = await http.get(f"{server.http}/v1/standings/seller%3A42")
            assert encoded.json()["version"] == 1
        number = 1
        ways: list[tuple[str, str, str]] = [
            ("websocket", server.url, "json"),
            ("websocket", server.url, "protobuf"),
            ("http_stream", f"{server.http}/connection/http_stream", "json"),
            ("http_stream", f"{server.http}/connection/http_stream", "protobuf"),
            ("sse", f"{server.http}/connection/sse", "json"),
        ]
        for transport, endpoint, protocol in ways:
            options = {"protocol": protocol, "emulationEndpoint": f"{server.http}/emulation"}
            await js.do("connect", url=[{"transport": transport, "endpoint": endpoint}], options=options)
            await js.do("subscribe", channel=STANDING)
            assert (await js.next("connected"))["transport"] == transport
            await js.next("subscribed")
            assert (await js.next("publication"))["data"]["version"] == number
            number += 1
            await rate(server, number)
            assert (await js.next("publication"))["data"]["version"] == number
            await js.do("disconnect")
            await js.do("forget")
            await js.next("disconnected")
        assert await server.stop() == []


@pytest.mark.parametrize("use_protobuf", [False, True])
@implementations
async def test_the_official_python_client(tmp_path: Path, ws: str, use_protobuf: bool) -> None:
    async with hosted("starlette", tmp_path, ws) as server:
        await rate(server, 1)
        versions = Versions()
        client = Client(server.url, use_protobuf=use_protobuf)
        await client.connect()
        subscription = client.new_subscription(STANDING, events=versions)
        await subscription.subscribe()
        assert await asyncio.wait_for(versions.seen.get(), 30) == 1
        await rate(server, 2)
        assert await asyncio.wait_for(versions.seen.get(), 30) == 2
        await client.disconnect()


@implementations
async def test_subprotocols_and_what_is_not_let_in(tmp_path: Path, ws: str) -> None:
    async with hosted("starlette", tmp_path, ws) as server:
        for offered, chosen in (
            (None, None),
            (["unknown"], None),
            (["unknown", "centrifuge-json"], "centrifuge-json"),
            (["centrifuge-json", "centrifuge-protobuf"], "centrifuge-json"),
        ):
            async with Raw.open(server.url, subprotocols=offered) as raw:
                assert raw.socket.subprotocol == chosen
                assert (await raw.hello())["version"]
        for known in (
            {"subprotocols": ["centrifuge-protobuf"]},
            {"query": "cf_protocol=protobuf"},
            {"query": "format=protobuf"},
        ):
            query = known.pop("query", "")
            async with Raw.open(f"{server.url}?{query}", **known) as raw:
                await raw.socket.send(b"\x04\x08\x01\x22\x00")
                message = await raw.socket.recv()
                assert isinstance(message, bytes)
                assert message[1:4] == b"\x08\x01\x2a"
        for origin, path in (("https://evil.example", ""), (None, "/nothing")):
            with pytest.raises(InvalidStatus) as refused:
                async with Raw.open(server.url + path, origin=origin):
                    pass
            assert refused.value.response.status_code == (403 if origin else 404)


@implementations
async def test_closes_limits_and_the_first_frame(tmp_path: Path, ws: str) -> None:
    async with hosted("starlette", tmp_path, ws) as server:
        async with Raw.open(server.url) as raw:
            await raw.send("no command")
            assert await raw.closed() == (3501, "bad request")
        async with Raw.open(server.url) as raw:
            await raw.hello()
            await raw.send("x" * 65_537)
            assert (await raw.closed())[0] == 1009
        async with Raw.open(f"{server.url}?first_frame=1") as raw:
            assert await raw.line() == "{}"
            assert (await raw.hello())["version"]
        async with Raw.open(f"{server.url}?first_frame=1&format=protobuf") as raw:
            assert await raw.socket.recv() == b"\x00"
        async with Raw.open(server.url) as raw:
            await raw.send({"id": 1, "connect": {}}, {"id": 2, "subscribe": {"channel": STANDING}})
            assert (await raw.reply())["id"] == 1
            assert (await raw.reply())["id"] == 2


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_the_server_stops_in_order_with_every_kind_of_client_connected(
    tmp_path: Path, framework: str
) -> None:
    """Frameworks know nothing of open streams: without being told to go they would hold the server up."""
    async with (
        hosted(framework, tmp_path, "websockets-sansio") as server,
        Streaming.open(server.http) as stream,
        Streaming.open(server.http, sse=True, post=False) as events,
        Raw.open(server.url) as raw,
    ):
        for client in (stream, events, raw):
            await client.hello()
        assert await server.stop() == []
        for client in (stream, events):
            assert await client.end() == ['{"push":{"disconnect":{"code":3001,"reason":"shutdown"}}}']
        assert (await raw.closed())[0] in (1012, 3001)


async def test_a_client_that_leaves_is_forgotten_at_once(tmp_path: Path) -> None:
    async with hosted("fastapi", tmp_path) as server:

        async def metric(name: str) -> float:
            async with httpx.AsyncClient(trust_env=False) as http:
                text = (await http.get(f"{server.http}/metrics")).text
            return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))

        async with Streaming.open(server.http) as stream, Raw.open(server.url) as raw:
            await stream.hello()
            await raw.hello()
            assert await metric("renown_gateway_connections") == 2
            raw.socket.transport.abort()
        async with asyncio.timeout(30):
            while await metric("renown_gateway_connections"):  # noqa: ASYNC110 (asked over HTTP)
                await asyncio.sleep(0.05)


async def test_a_poll(tmp_path: Path) -> None:
    async with hosted("django", tmp_path) as server, httpx.AsyncClient(trust_env=False) as http:
        await rate(server, 1)
        answer = await http.get(f"{server.http}/connection/poll", params={"channel": STANDING})
        found: dict[str, Any] = answer.json()["channels"][STANDING]
        assert found["publications"][0]["data"]["version"] == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_what_is_said_before_it_is_started() -> None:
    transport = httpx.ASGITransport(app=mounted())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        answer = await http.get("/v1/info")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
