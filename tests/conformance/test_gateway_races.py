"""What happens when things happen at once: connecting, rights, limits, stopping, forgetting."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from renown.gateway.operations import Operations
from renown.protocol.effects import Position
from renown.rooms import Draft
from tests.conformance.full import Full, full
from tests.conformance.keys import shared
from tests.conformance.raw import Raw

CHAT = {"chat": {"history_size": 300, "publish": "anyone"}}


async def said(raw: Raw) -> str:
    """Return what a connection attempt comes to: `connect`, or the close code."""
    try:
        assert "connect" in await raw.reply()
        await raw.send({"id": 9, "history": {"channel": "nothing:here"}})
        while (await raw.reply()).get("id") != 9:
            pass
    except ConnectionClosed:
        return str((await raw.closed())[0])
    return "connect"


async def test_connecting_at_once_does_not_get_past_the_limit(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        whole = await stack.enter_async_context(full(tmp_path, limits={"per_user": 2}))
        raws = [await stack.enter_async_context(Raw.open(whole.url)) for _ in range(10)]
        for raw in raws:
            await raw.send({"id": 1, "connect": {"token": shared().issue("ana")}})
        found = Counter(await asyncio.gather(*map(said, raws)))
        assert found == {"connect": 2, "3504": 8}


async def test_who_is_blocked_while_connecting_is_not_let_in(tmp_path: Path) -> None:
    async with full(tmp_path) as whole, Raw.open(whole.url) as raw:
        gateway = whole.gateway
        attach, asked = gateway.attach, asyncio.get_running_loop().create_future()
        gateway.attach = lambda client, wanted: asked.set_result((client, wanted))
        await raw.send({"id": 1, "connect": {"token": shared().issue("ana")}})
        client, wanted = await asked
        await whole.ledger.rights.put("ana", b'{"blocked":true}')
        attach(client, wanted)
        assert (await raw.closed())[0] == 3507


async def test_who_comes_while_the_server_stops_is_sent_away_too(tmp_path: Path) -> None:
    async with full(tmp_path) as whole:
        client = httpx.AsyncClient(base_url=whole.served.http, trust_env=False, timeout=30)
        begun, going = asyncio.Event(), asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield b'{"channels": {"activity:seller:1": {"offset": 0}},'
            begun.set()
            await going.wait()
            yield b'"wait": 20}'

        async with client:
            polling = asyncio.create_task(client.post("/connection/poll", content=body()))
            await begun.wait()
            # What was sent is read before what comes next.
            assert (await client.get("/connection/poll")).status_code == 400
            draining = asyncio.create_task(whole.gateway.drain())
            await asyncio.sleep(0)
            going.set()
            answer = await polling
            await draining
        assert answer.status_code in (200, 503)
        assert answer.elapsed.total_seconds() < 10


@pytest.mark.parametrize("recovery", ["stream", "newest"])
@pytest.mark.parametrize("durable", [True, False])
async def test_what_is_forgotten_is_not_told_to_anybody_any_more(
    tmp_path: Path, recovery: str, durable: bool
) -> None:
    rooms = {"chat": {"history_size": 10, "recovery": recovery, "durable": durable}}
    async with full(tmp_path, rooms=rooms) as whole, Raw.open(whole.url) as ana, Raw.open(whole.url) as bo:
        await publish(whole, "chat:1", 5)
        await ana.hello()
        epoch = (await ana.subscribe("chat:1"))["epoch"]
        assert await Operations(whole.gateway).forget("chat:1") is None
        push = (await ana.reply())["push"]
        assert push["unsubscribe"]["code"] == 2500
        await bo.hello()
        found = await bo.subscribe("chat:1")
        assert found["epoch"] != epoch
        assert found.get("offset", 0) == 0
        assert "publications" not in found


async def test_a_map_that_is_forgotten_is_read_anew(tmp_path: Path) -> None:
    rooms = {"notes": {"history_size": 10, "map": "persistent"}}
    async with full(tmp_path, rooms=rooms) as whole, Raw.open(whole.url) as ana:
        await whole.gateway.publish("notes:1", Draft(msgspec.Raw(b"1"), key="a"))
        await ana.hello()
        found = await ana.subscribe("notes:1", type=1, phase=2)
        assert [entry["key"] for entry in found["state"]] == ["a"]
        assert await Operations(whole.gateway).forget("notes:1") is None
        assert (await ana.reply())["push"]["unsubscribe"]["code"] == 2500
        assert "state" not in await ana.subscribe("notes:1", type=1, phase=2)


async def publish(whole: Full, channel: str, count: int, size: int = 1) -> None:
    for number in range(count):
        data = msgspec.Raw(msgspec.json.encode({"n": number, "text": "x" * size}))
        assert isinstance(await whole.gateway.publish(channel, Draft(data)), Position)


async def test_large_messages_that_were_missed_do_not_cost_the_connection(tmp_path: Path) -> None:
    """Three hundred are more bytes than may be unsent: a client that reads well must not be called slow."""
    async with full(tmp_path, rooms=CHAT) as whole, Raw.open(whole.url, max_size=2**26) as raw:
        await publish(whole, "chat:1", 1)
        await raw.hello()
        epoch = (await raw.subscribe("chat:1"))["epoch"]
        await raw.send({"id": 3, "unsubscribe": {"channel": "chat:1"}})
        await raw.reply()
        await publish(whole, "chat:1", 300, 60_000)
        found = await raw.subscribe("chat:1", 4, recover=True, epoch=epoch, offset=1)
        if found.get("recovered"):
            assert [pub["offset"] for pub in found["publications"]] == list(range(2, 302))
        known, read = 1, 0
        while known < 301:
            await raw.send(
                {
                    "id": 5,
                    "history": {
                        "channel": "chat:1",
                        "limit": 300,
                        "since": {"offset": known, "epoch": epoch},
                    },
                }
            )
            page = (await raw.reply())["history"]["publications"]
            assert [pub["offset"] for pub in page] == list(range(known + 1, known + 1 + len(page)))
            known, read = page[-1]["offset"], read + 1
        assert not whole.gateway.metrics.closes
