"""Feeds over a real ledger: the sweep tells what the bus lost, and nothing else; no offset is told twice."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from renown.gateway.channels import Address, Channels
from renown.gateway.hub.delivery import Delivery
from renown.gateway.hub.hub import Hub
from renown.gateway.hub.library import Library
from renown.gateway.metrics import GatewayMetrics
from renown.gateway.options import ChannelRule, ChannelRules, GatewayOptions
from renown.gateway.wires import WS_JSON
from renown.ledger import Ledger, LedgerOptions
from renown.model import Update
from renown.policy import Policies
from renown.protocol.codes import Disconnect, Error
from renown.protocol.effects import Attach, Newest, State
from tests.engine.ledger_kit import applied, review

OPTIONS = GatewayOptions(channels=ChannelRules(feed=ChannelRule(interval=0.0)), feed_changes=5)


class Reader:
    """A connection that keeps the offset and the changes of each state that it is told."""

    wire = WS_JSON
    paused = False
    outlet = -1

    def __init__(self) -> None:
        self.told: list[tuple[int | None, list[int]]] = []
        self.answered = asyncio.Event()

    def write(self, data: bytes, /) -> None:
        size = data[1]
        for line in data[2 if size < 126 else 4 if size == 126 else 10 :].split(b"\n"):
            pub = json.loads(line)["push"]["pub"]
            self.told.append((pub.get("offset"), _versions(pub["data"])))

    def found(self, channel: str, state: State | Error) -> bool:
        assert isinstance(state, Newest)
        self.told.append((state.offset, _versions(json.loads(state.data))))
        self.answered.set()
        return True

    def crowded(self) -> None:
        raise AssertionError("nothing is much here")

    def lost_track(self, channel: str) -> None:
        raise AssertionError("a feed is never given up")

    def close(self, why: Disconnect) -> None:
        raise AssertionError(why)


def _versions(feed: dict[str, Any]) -> list[int]:
    return [change["version"] for change in feed["changes"]]


class Office:
    """A ledger whose updates reach the hub through a bus that may lose them."""

    def __init__(self, ledger: Ledger) -> None:
        metrics = GatewayMetrics()
        self.ledger = ledger
        self.hub = Hub(ledger.id, OPTIONS, Delivery(metrics), metrics)
        self.library = Library(ledger, self.hub, OPTIONS)
        self.hub.start(self.library)
        self.kept: list[Sequence[Update]] = []
        self._number = 0
        ledger.on_commit(self.kept.append)

    async def change(self) -> Sequence[Update]:
        """Commit one change and return its updates, of which nobody was told."""
        self._number += 1
        applied(await self.ledger.append([review(self._number, minutes=0)]))
        await asyncio.sleep(0)
        return self.kept[-1]

    async def watch(self, channel: str) -> Reader:
        reader = Reader()
        address = Channels(OPTIONS).find(channel)
        assert isinstance(address, Address)
        self.hub.attach(reader, address, Attach(channel))
        await reader.answered.wait()
        return reader

    async def sweep(self) -> None:
        await self.library.sweep()
        # Turns are given in the next rounds of the loop.
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    ledger = Ledger.open(tmp_path, Policies.presets(), LedgerOptions(timers=False))
    await ledger.start()
    office = Office(ledger)
    yield office
    await office.library.close()
    office.hub.stop()
    await ledger.close()


@pytest.mark.parametrize("channel", ["feed:all", "feed:seller"])
async def test_a_change_that_was_never_told_comes_with_the_sweep(office: Office, channel: str) -> None:
    await office.change()
    reader = await office.watch(channel)
    await office.change()
    await office.sweep()
    assert reader.told[1:] == [(2, [2, 1])]


async def test_a_hole_between_changes_is_told_without_an_offset(office: Office) -> None:
    await office.change()
    reader = await office.watch("feed:all")
    await office.change()
    office.hub.take(await office.change())
    await asyncio.sleep(0)
    await office.sweep()
    assert reader.told[1:] == [(3, [3, 1]), (None, [3, 2, 1])]
    late = await office.watch("feed:all")
    assert late.told == [(3, [3, 2, 1])]


async def test_what_is_no_news_is_not_told(office: Office) -> None:
    await office.change()
    reader = await office.watch("feed:all")
    quiet = [msgspec.structs.replace(each, quiet=[each.seq]) for each in await office.change()]
    office.hub.take(quiet)
    office.hub.take(await office.change())
    await asyncio.sleep(0)
    assert reader.told[1:] == [(3, [3, 1])]


async def test_a_change_that_comes_after_a_newer_one_is_told_at_once(office: Office) -> None:
    await office.change()
    reader = await office.watch("feed:all")
    second, third = await office.change(), await office.change()
    office.hub.take(third)
    await asyncio.sleep(0)
    office.hub.take(second)
    assert reader.told[1:] == [(3, [3, 1]), (None, [3, 2, 1])]
    office.hub.take(second)
    await office.sweep()
    assert len(reader.told) == 3


async def test_a_reader_that_was_slow_hears_the_correction(office: Office) -> None:
    await office.change()
    reader = await office.watch("feed:all")
    await office.change()
    office.hub.take(await office.change())
    await asyncio.sleep(0)
    office.hub.pause(reader, ["feed:all"])
    await office.sweep()
    assert reader.told[1:] == [(3, [3, 1])]
    for frame in office.hub.resume(reader, ["feed:all"]):
        reader.write(frame)
    assert reader.told[2:] == [(None, [3, 2, 1])]


async def test_where_nothing_was_lost_the_sweep_says_nothing(office: Office) -> None:
    """What is read from the ledger and what updates bring are the same bytes."""
    await office.change()
    reader = await office.watch("feed:all")
    for _ in range(8):
        office.hub.take(await office.change())
        await office.sweep()
        await office.sweep()
    assert [offset for offset, _ in reader.told] == list(range(1, 10))
    assert reader.told[-1] == (9, [9, 8, 7, 6, 5])
