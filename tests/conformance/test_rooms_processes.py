"""Rooms served by two processes on one data folder, one of which is killed while it is published into."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from renown.ledger import Ledger
from renown.policy import Policies
from tests.conformance.raw import Raw
from tests.running import RunningServer

SETTINGS = """
[gateway.rooms.chat]
history_size = 500
[gateway.rooms.passing]
history_size = 50
durable = false
"""


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[RunningServer, RunningServer]]:
    (tmp_path / "renown.toml").write_text(SETTINGS)
    settings = ("--config", str(tmp_path / "renown.toml"))
    with (
        RunningServer(tmp_path / "data", *settings) as first,
        RunningServer(tmp_path / "data", *settings) as second,
    ):
        yield first, second


class Backend:
    """Publishes over the server API."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def say(self, channel: str, text: str, *, again: bool = False) -> int:
        """Publish and return the offset; with `again` until somebody says that it was taken."""
        body = {"channel": channel, "data": text, "idempotency_key": text}
        while True:
            try:
                answer = (await self._client.post("/api/publish", json=body)).json()
                return int(answer["result"]["offset"])
            except httpx.TransportError:
                if not again:
                    raise
                await asyncio.sleep(0.05)


@pytest.fixture
async def apis(
    servers: tuple[RunningServer, RunningServer], tmp_path: Path
) -> AsyncIterator[tuple[Backend, Backend]]:
    ledger = Ledger.open(tmp_path / "data", Policies.presets())
    headers = {"X-API-Key": ledger.keys.create("test", ["rooms"])[1]}
    await ledger.close()
    first, second = (httpx.AsyncClient(base_url=server.url, headers=headers) for server in servers)
    async with first, second:
        yield Backend(first), Backend(second)


async def test_whoever_watches_here_gets_what_was_published_there(
    servers: tuple[RunningServer, RunningServer], apis: tuple[Backend, Backend]
) -> None:
    async with Raw.open(servers[0].websocket) as here, Raw.open(servers[1].websocket) as there:
        for client in (here, there):
            await client.hello()
            subscribed = await client.subscribe("chat:a")
            assert subscribed["recoverable"]
        for n in range(40):
            assert await apis[n % 2].say("chat:a", f"m{n}") == n + 1
        for client in (here, there):
            heard = [await client.publication() for _ in range(40)]
            assert [(pub["offset"], pub["data"]) for pub in heard] == [(n + 1, f"m{n}") for n in range(40)]


async def test_a_killed_process_takes_nothing_with_it(
    servers: tuple[RunningServer, RunningServer], apis: tuple[Backend, Backend]
) -> None:
    """Backends say each thing until they hear it was taken; watchers go over to the other process."""
    doomed, other = servers
    async with Raw.open(doomed.websocket) as client, Raw.open(other.websocket) as stayed:
        for each in (client, stayed):
            await each.hello()
        position = await client.subscribe("chat:a")
        await stayed.subscribe("chat:a")
        offset = 0

        async def talk(name: str) -> list[int]:
            return [await apis[0].say("chat:a", f"{name}{n}", again=True) for n in range(40)]

        talking = [asyncio.create_task(talk(name)) for name in "abcd"]
        for _ in range(20):
            offset = (await client.publication())["offset"]
        doomed.kill()
        async with Raw.open(other.websocket) as moved:
            await moved.hello()
            found = await moved.subscribe("chat:a", recover=True, epoch=position["epoch"], offset=offset)
            assert found["recovered"]
            heard = [pub["offset"] for pub in found.get("publications", [])]
            await asyncio.to_thread(doomed.start)
            answers = sorted(offset for each in await asyncio.gather(*talking) for offset in each)
            # Each got a place of its own, and there is no place that nobody got.
            assert answers == list(range(1, 161))
            while not heard or heard[-1] < 160:
                heard.append((await moved.publication())["offset"])
            assert heard == list(range(offset + 1, 161))
            assert [(await stayed.publication())["offset"] for _ in range(160)] == list(range(1, 161))
    async with Raw.open(doomed.websocket) as back:
        await back.hello()
        found = await back.subscribe("chat:a", recover=True, epoch=position["epoch"], offset=offset)
        assert found["recovered"]
        assert [pub["offset"] for pub in found["publications"]] == list(range(offset + 1, 161))


async def test_what_was_kept_in_memory_is_said_to_be_lost(
    servers: tuple[RunningServer, RunningServer], apis: tuple[Backend, Backend]
) -> None:
    server, api = servers[0], apis[0]
    async with Raw.open(server.websocket) as client:
        await client.hello()
        position = await client.subscribe("passing:a")
        await api.say("passing:a", "1")
        assert (await client.publication())["offset"] == 1
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    async with Raw.open(server.websocket) as client:
        await client.hello()
        found = await client.subscribe("passing:a", recover=True, epoch=position["epoch"], offset=1)
        assert found["was_recovering"]
        assert not found.get("recovered")
        assert found["epoch"] != position["epoch"]
