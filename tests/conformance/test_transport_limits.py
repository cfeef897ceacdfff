"""Limits on addresses hold for every transport, and count each connection once."""

import httpx
import pytest

from tests.conformance.conftest import Serve
from tests.conformance.streams import Streaming, nobody_left

POLL = {"channels": {"standing:seller:42": {}}}
FORWARDED = {"proxies": ["127.0.0.0/8"]}


async def test_connections_of_one_address(served: Serve) -> None:
    limits = {"per_address": 2, **FORWARDED}
    headers = {"X-Forwarded-For": "203.0.113.7"}
    async with served(limits=limits) as server, httpx.AsyncClient(base_url=server.http) as http:
        async with Streaming.open(server.http, headers=headers) as one:
            await one.hello()
            async with Streaming.open(server.http, sse=True, headers=headers) as two:
                await two.hello()
                for path in ("/connection/http_stream", "/connection/sse", "/connection/poll"):
                    third = await http.post(path, json=POLL, headers=headers)
                    assert (third.status_code, third.headers["retry-after"]) == (429, "5")
                other = await http.post(
                    "/connection/poll", json=POLL, headers={"X-Forwarded-For": "203.0.113.8"}
                )
                assert other.status_code == 200
        await nobody_left(server)
        for _ in range(3):
            answer = await http.post("/connection/poll", json=POLL, headers=headers)
            assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/connection/http_stream", "/connection/sse", "/connection/poll"])
async def test_the_pace_of_one_address(served: Serve, path: str) -> None:
    limits = {"handshakes_per_address": 0.01, "handshake_burst_per_address": 2, **FORWARDED}
    async with served(limits=limits) as server, httpx.AsyncClient(base_url=server.http) as http:
        statuses = [(await http.post(path, content="no command")).status_code for _ in range(4)]
        assert statuses[2:] == [429, 429]
        made_up = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
        assert (await http.post(path, content="no command", headers=made_up)).status_code != 429
