"""A server killed again and again under official clients: durable rooms lose nothing, and repeat nothing."""

import asyncio
from pathlib import Path

import httpx

from tests.conformance.conftest import Connect
from tests.conformance.javascript import JavaScript
from tests.conformance.site import Site, open_site, token

SETTINGS = """
[gateway.rooms.chat]
history_size = 1000
[gateway.rooms.passing]
history_size = 1000
durable = false
"""
LINES = 90


async def speak(site: Site, channel: str, first: int, last: int) -> None:
    """Publish each line until it is taken, as a backend does that wants nothing lost."""
    headers = {"x-api-key": site.key}
    async with httpx.AsyncClient(headers=headers, timeout=10, trust_env=False) as http:
        for number in range(first, last):
            body = {"channel": channel, "data": number, "idempotency_key": str(number)}
            while True:
                try:
                    answer = await http.post(f"{site.server.url}/api/publish", json=body)
                    if answer.is_success and "result" in answer.json():
                        break
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.02)


async def heard(js: JavaScript, channel: str, last: int) -> list[tuple[int, int]]:
    """Return offset and line of all that came up to a line, over all connections so far."""
    while not any(seen["event"] == "publication" and seen["data"] == last for seen in js.seen):
        await js.next("publication", channel=channel)
    return [
        (seen["offset"], seen["data"])
        for seen in js.seen
        if seen["event"] == "publication" and seen["channel"] == channel
    ]


async def test_nothing_is_lost_and_nothing_comes_twice(connect: Connect, tmp_path: Path) -> None:
    channel = "chat:lobby"
    with open_site(tmp_path, SETTINGS) as site:
        clients = [await connect(site.websocket, each, token=token(each)) for each in ("json", "protobuf")]
        epochs = {(await js.subscribe(channel))["streamPosition"]["epoch"] for js in clients}
        speaking = asyncio.create_task(speak(site, channel, 1, LINES + 1))
        for part in (30, 60):
            await clients[0].next("publication", data=part)
            await asyncio.to_thread(site.server.kill)
            await asyncio.to_thread(site.server.start)
        await speaking
        for js in clients:
            assert await heard(js, channel, LINES) == [(line, line) for line in range(1, LINES + 1)]
            again = [seen for seen in js.seen if seen["event"] == "subscribed"]
            assert len(again) == 3
            assert all(seen["recovered"] for seen in again[1:])
            epochs |= {seen["streamPosition"]["epoch"] for seen in again}
        assert len(epochs) == 1


async def test_what_was_kept_in_memory_is_said_to_be_lost(connect: Connect, tmp_path: Path) -> None:
    with open_site(tmp_path, SETTINGS) as site:
        js = await connect(site.websocket, token=token("ana"))
        before = await js.subscribe("passing:lobby")
        await speak(site, "passing:lobby", 1, 4)
        await js.next("publication", data=3)
        await asyncio.to_thread(site.server.kill)
        await asyncio.to_thread(site.server.start)
        again = await js.next("subscribed")
        assert (again["wasRecovering"], again["recovered"]) == (True, False)
        assert again["streamPosition"]["epoch"] != before["streamPosition"]["epoch"]
        site.room("publish", channel="passing:lobby", data="anew")
        assert (await js.next("publication"))["offset"] == 1
