"""The uplink of HTTP streaming and SSE, and what pages of other origins may do with the three."""

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from renown.gateway import Gateway
from renown.gateway.transports.streaming import Streamed
from renown.gateway.wires import STREAM_JSON
from renown.protocol.wire.client_pb2 import EmulationRequest
from tests.conformance.conftest import Serve
from tests.conformance.streams import Streaming, until

STANDING = "standing:seller:42"
OCTETS = {"Content-Type": "application/octet-stream"}


def request(client: Streaming, **more: Any) -> dict[str, Any]:
    return {"session": client.session, "node": client.node, "data": "{}", **more}


async def test_what_is_answered(served: Serve) -> None:
    async with served(message_limit=1000) as server, Streaming.open(server.http) as client:
        await client.hello()

        async def status(method: str = "POST", **more: Any) -> int:
            return (await client.http.request(method, "/emulation", **more)).status_code

        assert await status(json=request(client, session="x" * 32)) == 204
        assert await status(json=request(client, node="another")) == 404
        assert await status(json=request(client, session="x", node="")) == 404
        for content in ("", "no request", "[]", '{"session":1}', '{"data":{}}', b"\xff"):
            assert await status(content=content) == 400
        assert await status(content=b"\xff\xff", headers=OCTETS) == 400
        for method in ("GET", "PUT", "DELETE"):
            assert await status(method) == 405
        assert await status(json=request(client, data="x" * 1000)) == 413
        asked = {"id": 2, "subscribe": {"channel": STANDING}}
        assert await status(json=request(client, data=json.dumps(asked))) == 204
        assert (await client.reply())["id"] == 2


async def test_a_json_stream_takes_its_commands_in_either_envelope(served: Serve) -> None:
    async with served() as server, Streaming.open(server.http) as client:
        await client.hello()
        command = json.dumps({"id": 2, "subscribe": {"channel": STANDING}}).encode()
        message = EmulationRequest(node=client.node, session=client.session, data=command)
        answer = await client.http.post("/emulation", content=message.SerializeToString(), headers=OCTETS)
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await client.reply())["id"] == 2


async def test_several_commands_in_one_request_are_answered_in_order(served: Serve) -> None:
    async with served() as server, Streaming.open(server.http) as client:
        await client.hello()
        channels = [f"activity:seller:{n}" for n in range(20)]
        await client.send(*({"id": n, "subscribe": {"channel": c}} for n, c in enumerate(channels, 2)))
        assert [(await client.reply())["id"] for _ in channels] == list(range(2, 22))


async def test_requests_of_one_session_are_taken_in_the_order_they_came(served: Serve) -> None:
    """Each subscription to a stream must read the ledger: later requests overtake none of the earlier."""
    async with served() as server, Streaming.open(server.http) as client:
        await client.hello()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for number in range(2, 32):
            channel = f"activity:seller:{number % 3}"
            command = "subscribe" if number % 2 else "unsubscribe"
            data = json.dumps({"id": number, command: {"channel": channel}})
            body = json.dumps(request(client, data=data)).encode()
            head = f"POST /emulation HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
        assert [(await client.reply())["id"] for _ in range(2, 32)] == list(range(2, 32))
        assert (await reader.readline()).startswith(b"HTTP/1.1 204")
        writer.close()


class Heard(Streamed):
    """A stream whose replies are kept."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway, STREAM_JSON)
        self.heard: list[bytes] = []

    def writer(self) -> Callable[[bytes], None]:
        return self.heard.append


async def test_more_than_may_wait_is_refused_and_the_rest_is_done_in_order(served: Serve) -> None:
    async with served(message_limit=1000) as server:
        client = Heard(server.gateway)
        client.open()
        client.take(b'{"id":1,"connect":{}}')
        client.read_on(False)
        spoken = (b'{"id":%d,"history":{"channel":"nothing"}}' % n for n in itertools.count(2))
        taken = sum(1 for _ in itertools.takewhile(client.bring, spoken))
        assert 4000 // 110 <= taken <= 4000 // 100 + 1
        assert len(client.heard) == 1
        client.read_on(True)
        await until(lambda: len(client.heard) == taken + 1)
        assert [json.loads(line)["id"] for line in client.heard] == list(range(1, taken + 2))
        assert client.bring(b'{"id":99,"history":{"channel":"nothing"}}')
        client.gone()


@pytest.mark.parametrize("path", ["/connection/http_stream", "/connection/sse", "/emulation"])
async def test_pages_of_other_origins(served: Serve, path: str) -> None:
    async with (
        served(origins=("https://*.example.org",)) as server,
        httpx.AsyncClient(base_url=server.http) as http,
    ):
        origin = "https://shop.example.org"
        asked = {"Origin": origin, "Access-Control-Request-Headers": "content-type, x-own"}
        preflight = await http.options(path, headers=asked)
        assert (preflight.status_code, preflight.content) == (204, b"")
        allowed = {
            name: value
            for name, value in preflight.headers.items()
            if name.startswith("access-control") or name == "vary"
        }
        methods = "GET, POST, OPTIONS" if path.endswith("sse") else "POST, OPTIONS"
        assert allowed == {
            "access-control-allow-origin": origin,
            "access-control-allow-credentials": "true",
            "access-control-allow-headers": "content-type, x-own",
            "access-control-allow-methods": methods,
            "access-control-max-age": "300",
            "vary": "Origin",
        }
        answer = await http.post(path, content="no command", headers={"Origin": origin})
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["access-control-allow-credentials"] == "true"
        for method in ("OPTIONS", "POST"):
            foreign = await http.request(method, path, headers={"Origin": "https://evil.example"})
            assert foreign.status_code == 403
            assert "access-control-allow-origin" not in foreign.headers


async def test_in_dev_mode_only_names_of_this_machine_are_served(served: Serve) -> None:
    async with served(dev=True) as server, httpx.AsyncClient(base_url=server.http) as http:
        for path in ("/connection/http_stream", "/connection/sse", "/emulation", "/connection/poll"):
            refused = await http.post(path, headers={"Host": "rebound.example"})
            assert refused.status_code == 403
