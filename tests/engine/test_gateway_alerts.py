"""Alerts on `alerts:` and `user:`: once, by whoever hears of them, and after a death in between, too."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from renown.bus.memory import MemoryBus, MemoryNetwork
from renown.errors import RoomError
from renown.gateway.alerts import Announcement, alerts_of
from renown.gateway.gateway import Gateway
from renown.ledger import Ledger
from renown.model import Event
from renown.policy import Policies, load
from renown.protocol.codes import Error
from renown.protocol.effects import ReadHistory
from tests.engine.ledger_kit import applied, moment

SYSTEMS = """
name = "system"
kind = "system"
version = 1
title = "System"
[scale]
min = 0
max = 100
[score]
method = "last"
start = 100
[rules.checked]
[[alerts]]
name = "low"
title = "Low score"
severity = "critical"
when = { score_below = 60 }
clear = { score_above = 70 }
[[alerts]]
name = "quiet"
when = { score_below = 60 }
to = ["alerts"]
"""


def policies() -> Policies:
    return Policies([load(SYSTEMS, "systems")])


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Ledger]:
    ledger = Ledger.open(folder, policies())
    await ledger.start()
    try:
        yield ledger
    finally:
        await ledger.close()


@contextlib.asynccontextmanager
async def serving(ledger: Ledger, network: MemoryNetwork | None = None) -> AsyncIterator[Gateway]:
    bus = MemoryBus(network)
    ledger.on_commit(bus.publish)
    gateway = Gateway(ledger, bus, policies=policies(), rights=ledger.rights, alarms=ledger.alarms)
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()


def checked(score: float, minutes: float) -> Event:
    return Event("checked", "system:api", f"c{minutes}", value=score, occurred_at=moment(minutes))


async def told(gateway: Gateway, channel: str, count: int) -> list[dict[str, Any]]:
    """Return what a channel has said once that is so much."""
    async with asyncio.timeout(20):
        while True:
            found = await gateway.history(ReadHistory(channel, None, 1_000, reverse=False))
            assert not isinstance(found, Error)
            if len(found.publications) >= count:
                return [json.loads(bytes(each.data)) for each in found.publications]
            await asyncio.sleep(0.01)


async def test_an_alert_is_told_to_channels_and_owners_when_it_fires_and_clears(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger, serving(ledger) as gateway:
        await ledger.rights.put("ana", b'{"owns":["system:api"]}')
        applied(await ledger.append([checked(90, 0), checked(50, 1), checked(65, 2), checked(80, 3)]))
        both = await told(gateway, "alerts:system", 4)
        assert [(each["alert"], each["state"], each["version"]) for each in both] == [
            ("low", "fired", 2),
            ("quiet", "fired", 2),
            ("quiet", "cleared", 3),
            ("low", "cleared", 4),
        ]
        assert both[0] | {"why": ""} == {
            "type": "alert",
            "alert": "low",
            "title": "Low score",
            "severity": "critical",
            "state": "fired",
            "subject": "system:api",
            "version": 2,
            "at": "2025-03-01T12:01:00.000000Z",
            "why": "",
        }
        assert "60" in both[0]["why"]
        assert await told(gateway, "alerts:system:api", 4) == both
        assert await told(gateway, "alerts:all", 4) == both
        low = [each for each in both if each["alert"] == "low"]
        assert await told(gateway, "user:ana", 2) == low
        assert await told(gateway, "user:system:api", 2) == low


async def test_what_a_process_died_with_is_told_after_the_next_start(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        async with serving(ledger) as gateway:
            applied(await ledger.append([checked(90, 0), checked(50, 1)]))
            await told(gateway, "alerts:system", 2)
        # Nobody tells what happens now.
        applied(await ledger.append([checked(95, 2), checked(40, 3)]))
    async with opened(tmp_path) as ledger, serving(ledger) as gateway:
        found = await told(gateway, "alerts:system", 4)
        assert [(each["state"], each["version"]) for each in found] == [
            ("cleared", 3),
            ("cleared", 3),
            ("fired", 4),
            ("fired", 4),
        ]


async def test_two_processes_that_share_rooms_tell_it_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two, serving(one) as gateway:
        beside = alerts_of(two.alarms, policies(), gateway.tell_all)
        assert beside is not None
        two.on_commit(beside.take)
        await beside.start(lambda _: ())
        try:
            applied(await one.append([checked(90, 0), checked(50, 1)]))
            await two.sweep()
            applied(await two.append([checked(95, 2)]))
            await one.sweep()
            await told(gateway, "alerts:system", 4)
            # What would have been said twice would have been by the time the next is.
            applied(await two.append([checked(30, 3)]))
            await one.sweep()
            versions = [each["version"] for each in await told(gateway, "alerts:all", 6)]
            assert versions == [2, 2, 3, 3, 4, 4]
        finally:
            await beside.close()


async def test_who_does_not_keep_the_rooms_has_alerts_kept_by_who_does(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with (
        opened(tmp_path) as one,
        opened(tmp_path) as two,
        serving(one, network) as keeping,
        serving(two, network) as asking,
    ):
        assert keeping.nodes.leads
        applied(await two.append([checked(90, 0), checked(50, 1), checked(95, 2)]))
        found = await told(asking, "alerts:all", 4)
        assert [(each["alert"], each["version"]) for each in found] == [
            ("low", 2),
            ("quiet", 2),
            ("low", 3),
            ("quiet", 3),
        ]
        await one.sweep()
        await two.append([checked(40, 3)])
        await one.sweep()
        both = await told(keeping, "alerts:all", 6)
        assert both[:4] == found
        assert [each["version"] for each in both[4:]] == [4, 4]


async def test_many_alerts_are_told_in_their_order(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger, serving(ledger) as gateway:
        for i in range(3):
            scores = [checked(50 if k % 2 else 90, i * 100 + k) for k in range(100)]
            applied(await ledger.append(scores))
        found = await told(gateway, "alerts:all", 598)
        versions = [each["version"] for each in found]
        assert versions == sorted(versions)
        assert [each["state"] for each in found[:6]] == [
            "fired",
            "fired",
            "cleared",
            "cleared",
            "fired",
            "fired",
        ]


async def test_alerts_that_come_together_are_told_together_until_they_are_kept(tmp_path: Path) -> None:
    """Each waits for the disk: one after the other they would take as many writes as there are."""
    tries = list[Sequence[Announcement]]()
    kept = asyncio.Event()

    async def tell(news: Sequence[Announcement]) -> None:
        tries.append(news)
        if len(tries) == 1:
            raise RoomError("too much is waiting", code="rooms_busy")
        kept.set()

    async with opened(tmp_path) as ledger:
        alerts = alerts_of(ledger.alarms, policies(), tell)
        assert alerts is not None
        ledger.on_commit(alerts.take)
        await alerts.start(lambda _: ())
        try:
            applied(await ledger.append([checked(90, 0), checked(50, 1)]))
            async with asyncio.timeout(20):
                await kept.wait()
        finally:
            await alerts.close()
    everybody = ["alerts:system:api", "alerts:system", "alerts:all"]
    assert [channel for channel, _, _ in tries[0]] == [*everybody, "user:system:api", *everybody]
    assert [json.loads(data)["alert"] for _, data, _ in tries[0]] == ["low"] * 4 + ["quiet"] * 3
    assert tries == [tries[0]] * 2
