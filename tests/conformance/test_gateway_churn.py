"""Clients that come and go at any moment: nothing is kept of them, and whoever stays misses nothing."""

import asyncio
from contextlib import suppress
from pathlib import Path
from random import Random

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from renown.model import Event
from renown.rooms import Draft
from tests.conformance.full import Full, full
from tests.conformance.keys import shared
from tests.conformance.raw import Raw
from tests.conformance.streams import nobody_left

ROOMS = {
    "chat": {
        "history_size": 300,
        "publish": "anyone",
        "presence": True,
        "join_leave": True,
        "max_subscribers": 900,
    },
    "typing": {"publish": "anyone", "presence": True, "force_join_leave": True, "join_leave": True},
    "newest": {"history_size": 1, "recovery": "newest", "durable": False},
    "notes": {"map": "persistent", "history_size": 50, "publish": "anyone", "presence": True},
    "cursors": {
        "map": "ephemeral",
        "durable": False,
        "client_key": True,
        "key_age": 0.5,
        "publish": "anyone",
    },
}
CHANNELS = [
    *("chat:1", "typing:1", "newest:1", "standing:seller:1", "activity:seller:1", "board:seller", "feed:all"),
    *("detail:seller:1", "alerts:seller:1", "nothing:1", "chat:1#nobody", "$chat:1"),
]
MAPS = ["notes:1", "cursors:1", "standings:seller", "board:seller"]
VISITORS = 150
PUBLICATIONS = 200


async def visit(whole: Full, seed: int) -> None:
    """Come, do things in any order without waiting for answers, and leave by whatever door."""
    chance = Random(seed)
    async with Raw.open(whole.url) as raw:
        token = {"token": shared().issue(f"user{seed % 20}")} if chance.random() < 0.7 else {}
        commands: list[dict[str, object]] = [{"id": 1, "connect": token}]
        for number in range(2, chance.randrange(3, 14)):
            channel = chance.choice(CHANNELS)
            plain = {"channel": channel, "recover": chance.random() < 0.3, "join_leave": True}
            of_map = {"channel": chance.choice(MAPS), "type": 1, "phase": 2}
            command = chance.choice(
                ["subscribe", "subscribe", "map", "unsubscribe", "presence", "history", "set"]
            )
            request = {
                "map": {"subscribe": of_map},
                "set": {"publish": {"channel": "notes:1", "type": 1, "key": f"k{seed % 9}", "data": number}},
                "subscribe": {"subscribe": plain},
            }.get(command, {command: {"channel": channel}})
            commands.append({"id": number, **request})
        with suppress(ConnectionClosed):
            for command in commands:
                await raw.send(command)
                if chance.random() < 0.3:
                    await raw.reply()
        if chance.random() < 0.5:
            raw.socket.transport.abort()


async def test_nothing_is_kept_of_those_who_are_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with full(tmp_path, rooms=ROOMS, limits={"per_user": 900, "per_address": 900}) as whole:
        async with Raw.open(whole.url) as stayer:
            await stayer.hello()
            await stayer.subscribe("chat:1")
            assert len(whole.gateway.counts.here) == 2, "an address and a channel that has a limit"

            async def speak() -> None:
                for number in range(PUBLICATIONS):
                    draft = Draft(msgspec.Raw(str(number).encode()))
                    for room in ("chat:1", "typing:1", "newest:1"):
                        await whole.gateway.publish(room, draft)
                    if number % 10 == 0:
                        await whole.ledger.append([Event("review", "seller:1", value=4.0)])
                        await whole.ledger.rights.put(f"user{number % 20}", b'{"owns":["seller:1"]}')

            await asyncio.gather(speak(), *(visit(whole, seed) for seed in range(VISITORS)))
            heard: list[tuple[int, int]] = []
            while len(heard) < PUBLICATIONS:
                pub = (await stayer.reply()).get("push", {}).get("pub")
                if pub is not None:
                    heard.append((pub["offset"], pub["data"]))
            assert heard == [(number + 1, number) for number in range(PUBLICATIONS)]
        await nobody_left(whole.served)
        gateway = whole.gateway
        kept = {
            "channels": gateway.hub.channels,
            "maps": gateway.maps.channels,
            "maps by kind": gateway.maps._of_kinds,
            "presences": gateway.hub.presences._channels,
            "users": gateway.users,
            "owners": gateway._owners._owners,
            "owning users": gateway._owners._users,
            "counts": gateway.counts.here,
            "clients": gateway.clients(),
        }
        assert {name: len(what) for name, what in kept.items() if what} == {}
        assert gateway.metrics.channels == 0
        assert len(gateway.wheel) == 0
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
