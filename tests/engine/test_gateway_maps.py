"""Maps over a real ledger: whatever changes while somebody pages, pauses or comes back, nothing is missed."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from renown.gateway.channels import Address, Channels
from renown.gateway.hub.map_parts import MapSource
from renown.gateway.hub.map_reads import BoardMap, LedgerMap, RoomMap
from renown.gateway.hub.maps import MapTable
from renown.gateway.metrics import GatewayMetrics
from renown.gateway.options import GatewayOptions
from renown.gateway.wires import WS_JSON
from renown.ledger import Ledger, LedgerOptions
from renown.policy import Policies
from renown.protocol.codes import ERRORS, Disconnect, Error
from renown.protocol.effects import Attach, MapPage, MapWish, Position, State
from renown.rooms.memory import MemoryRooms
from renown.rooms.room import Draft, Retention
from tests.engine.ledger_kit import applied, review

SUBJECTS = 5_000
MAP = "standings:seller"
BOARD = "board:seller"


class Watcher:
    """A client as the official SDK is one: pages, catches up, follows, comes back with its position."""

    def __init__(self, table: MapTable, address: Address, limit: int = 1000) -> None:
        self.table = table
        self.address = address
        self.limit = limit
        self.outlet = -1
        self.paused = False
        self.wire = WS_JSON
        self.known: dict[str, Any] = {}
        self.epoch = ""
        self.offset = 0
        self.live = False
        self.ended = False
        """Whether the server took the subscription away."""
        self.pages = 0
        self.error: Error | None = None
        self.unread = 0
        self.most_unread = 2**40
        self._answer = asyncio.Event()
        self._page: MapPage | None = None

    # What the table calls

    def write(self, data: bytes, /) -> None:
        self.unread += len(data)
        if self.unread > self.most_unread and not self.paused:
            self.pause()
        assert self.live
        for push in _pushes(data):
            self._apply(push["pub"])
            if "offset" in push["pub"]:
                assert push["pub"]["offset"] > self.offset
                self.offset = push["pub"]["offset"]

    def found(self, channel: str, state: State | Error) -> bool:
        assert channel == self.address.channel
        self._answer.set()
        if isinstance(state, Error):
            self.error = state
            return False
        assert isinstance(state, MapPage)
        self._page = state
        self.pages += 1
        for entry in (*state.state, *state.publications):
            self._apply(
                {"key": entry.key, "removed": entry.removed, "data": json.loads(bytes(entry.data or b"0"))}
            )
        self.epoch, self.offset, self.live = state.epoch, state.offset, state.live
        return state.live

    def lost_track(self, channel: str) -> None:
        self.live = False
        self.ended = True
        self.table.detach(self, channel)

    def crowded(self) -> None:
        raise AssertionError

    def close(self, why: Disconnect) -> None:
        raise AssertionError(why)

    def _apply(self, entry: dict[str, Any]) -> None:
        if entry.get("removed"):
            self.known.pop(entry["key"], None)
        else:
            before = self.known.get(entry["key"], {"version": 0})
            assert entry["data"]["version"] >= before["version"]
            self.known[entry["key"]] = entry["data"]

    # What the test does

    async def ask(self, wish: MapWish, recover: Position | None = None) -> MapPage | None:
        self._answer.clear()
        self._page = self.error = None
        self.table.attach(self, self.address, Attach(self.address.channel, recover, wish))
        await self._answer.wait()
        return self._page

    async def subscribe(self, between: Callable[[], Any] = lambda: None) -> None:
        """Page through the state until live."""
        self.known.clear()
        cursor, recover = "", None
        while True:
            page = await self.ask(MapWish(2, cursor, self.limit), recover)
            assert page is not None, self.error
            if page.live:
                return
            assert page.cursor
            cursor, recover = page.cursor, Position(page.epoch, page.offset)
            await maybe(between())

    async def come_back(self) -> None:
        """Ask for what changed since."""
        page = await self.ask(MapWish(1, "", self.limit), Position(self.epoch, self.offset))
        assert page is not None, self.error
        assert page.live

    def leave(self) -> None:
        self.live = False
        self.paused = False
        self.unread = 0
        self.table.detach(self, self.address.channel)

    def pause(self) -> None:
        self.paused = True
        self.table.pause(self, [self.address.channel])

    def resume(self) -> None:
        self.paused = False
        self.unread = 0
        assert self.table.resume(self, [self.address.channel]) == []


async def maybe(done: Any) -> None:
    if asyncio.iscoroutine(done):
        await done


def _pushes(frame: bytes) -> list[dict[str, Any]]:
    size = frame[1]
    start = 2 if size < 126 else 4 if size == 126 else 10
    return [json.loads(line)["push"] for line in frame[start:].split(b"\n")]


class Market:
    """The real ledger, a table of maps over it, and subjects that change."""

    def __init__(self, ledger: Ledger, table: MapTable, channels: Channels) -> None:
        self.ledger = ledger
        self.table = table
        self._channels = channels
        self._number = 0
        self.random = Random(1)

    def watcher(self, channel: str = MAP, limit: int = 1000) -> Watcher:
        address = self._channels.find(channel)
        assert isinstance(address, Address)
        return Watcher(self.table, address, limit)

    async def change(self, count: int, among: int = SUBJECTS) -> None:
        """Let as many events happen to random subjects, in one commit."""
        self._number += count
        numbers = range(self._number - count, self._number)
        subjects = [f"seller:{self.random.randrange(among)}" for _ in numbers]
        applied(
            await self.ledger.append(
                [review(n, subject=subject, minutes=0) for n, subject in zip(numbers, subjects, strict=True)]
            )
        )

    async def truth(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        after = ""
        while True:
            _, rows = await self.ledger.page("seller", after, 1000)
            found |= {subject: json.loads(view) for subject, _, view in rows}
            if len(rows) < 1000:
                return found
            after = rows[-1][0]

    async def board(self) -> dict[str, Any]:
        _, rows = await self.ledger.board("seller", 20)
        return {row["subject"]: rank for rank, row in enumerate(map(json.loads, rows), 1)}

    async def settled(self) -> None:
        """Return when the table has nothing more to say."""
        await self.ledger.sweep()
        while self.table._tasks:
            await asyncio.gather(*self.table._tasks)


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Market]:
    ledger = Ledger.open(tmp_path, Policies.presets(), LedgerOptions(timers=False))
    await ledger.start()
    options = {"channels": {"standings": {"interval": 0.001}, "board": {"interval": 0.001}}}
    channels = Channels(msgspec.convert(options, GatewayOptions))

    def source(address: Address) -> MapSource:
        if address.channel == BOARD:
            return BoardMap(ledger, address.name, 20)
        return LedgerMap(ledger, address.name, 65_536)

    table = MapTable(source, lambda *_: None, GatewayMetrics())
    ledger.on_commit(table.take)
    try:
        yield Market(ledger, table, channels)
    finally:
        await table.close()
        await ledger.close()


async def test_a_snapshot_of_thousands_under_constant_change_ends_true(market: Market) -> None:
    await market.change(2 * SUBJECTS)
    watcher = market.watcher()
    await watcher.subscribe(lambda: market.change(market.random.randrange(400)))
    assert watcher.pages > 5
    for _ in range(20):
        await market.change(market.random.randrange(300))
        if market.random.random() < 0.5:
            await asyncio.sleep(0)
    await market.settled()
    truth = await market.truth()
    assert len(truth) > 4_000
    assert watcher.known == truth
    assert not watcher.ended


@pytest.mark.parametrize("seed", range(6))
async def test_whoever_leaves_pauses_and_returns_ends_with_the_truth(market: Market, seed: int) -> None:
    random = market.random = Random(seed)
    await market.change(300, among=400)
    watchers = [market.watcher(limit=random.choice((100, 150, 1000))) for _ in range(5)]
    jobs: dict[Watcher, asyncio.Task[None]] = {}
    for _ in range(150):
        await market.change(random.randrange(1, 60), among=400)
        watcher = random.choice(watchers)
        job = jobs.get(watcher)
        if job is not None and not job.done():
            if random.random() < 0.2:
                job.cancel()
                watcher.leave()
                watcher.offset = 0
        elif watcher.live:
            random.choice((watcher.leave, watcher.pause, watcher.resume, watcher.resume))()
        elif watcher.offset:
            jobs[watcher] = asyncio.create_task(watcher.come_back())
        else:
            jobs[watcher] = asyncio.create_task(watcher.subscribe(lambda: market.change(3, among=400)))
        for _ in range(random.randrange(4)):
            await asyncio.sleep(0)
    await asyncio.gather(*jobs.values(), return_exceptions=True)
    for watcher in watchers:
        if not watcher.live:
            await (watcher.come_back() if watcher.offset else watcher.subscribe())
        watcher.resume()
    await market.settled()
    truth = await market.truth()
    for watcher in watchers:
        assert not watcher.ended
        assert watcher.known == truth
    for watcher in watchers:
        watcher.leave()
    assert not market.table.channels


async def test_a_slow_member_costs_nobody_anything_and_gets_all(market: Market) -> None:
    await market.change(500, among=500)
    slow, quick = market.watcher(), market.watcher()
    slow.most_unread = 20_000
    await slow.subscribe()
    await quick.subscribe()
    for _ in range(10):
        await market.change(400, among=500)
        await market.settled()
        assert quick.known == await market.truth()
    assert slow.paused
    held = slow.unread
    assert held < 200_000
    while slow.paused:
        slow.resume()
        await market.settled()
        assert slow.unread < 200_000
    assert slow.known == quick.known == await market.truth()


async def test_a_position_of_another_ledger_or_of_the_future_is_refused(market: Market) -> None:
    await market.change(10)
    watcher = market.watcher()
    await watcher.subscribe()
    epoch, offset = watcher.epoch, watcher.offset
    watcher.leave()
    for position in (Position("another", offset), Position(epoch, offset + 1), Position(epoch, 2**63 + 5)):
        assert await watcher.ask(MapWish(1, "", 100), position) is None
        assert watcher.error == ERRORS.UNRECOVERABLE_POSITION
    await market.change(300)
    page = await watcher.ask(MapWish(2, "", 100))
    assert page is not None
    assert page.cursor
    assert await watcher.ask(MapWish(2, page.cursor, 100), Position("another", page.offset)) is None
    assert watcher.error == ERRORS.UNRECOVERABLE_POSITION
    for cursor in ("x", "5", ".a", "5.\ud800"):
        assert await watcher.ask(MapWish(2, cursor, 100)) is None
        assert watcher.error == ERRORS.BAD_REQUEST
    assert not market.table.channels


async def test_a_board_is_a_map_of_its_places_with_removals(market: Market) -> None:
    await market.change(100, among=60)
    watcher, slow = market.watcher(BOARD), market.watcher(BOARD)
    await watcher.subscribe()
    await slow.subscribe()
    assert watcher.pages == 1
    seen = set(watcher.known)
    for number in range(60):
        await market.change(30, among=60)
        if number % 7 == 0:
            slow.pause()
        await asyncio.sleep(0.002)
        if number % 7 == 5:
            slow.resume()
        seen |= set(watcher.known)
    slow.resume()
    await market.settled()
    truth = await market.board()
    assert len(truth) == 20 < len(seen)
    for each in (watcher, slow):
        assert {subject: row["rank"] for subject, row in each.known.items()} == truth
        assert not each.ended
    assert await market.watcher(BOARD).ask(MapWish(1, "", 100), Position(watcher.epoch, 5)) is None


@pytest.mark.parametrize("mode", ["persistent", "ephemeral"])
async def test_a_rooms_map_ends_with_the_truth_and_begins_anew_when_forgotten(mode: str) -> None:
    options = msgspec.convert({"rooms": {"n": {"map": mode, "history_size": 20}}}, GatewayOptions)
    address = Channels(options).find("n:1")
    assert isinstance(address, Address)
    rooms, keep, random = MemoryRooms(), Retention(20), Random(4)
    persistent = mode == "persistent"
    table = MapTable(
        lambda each: RoomMap(rooms, each.channel, 2_000, persistent=persistent),
        lambda *_: None,
        GatewayMetrics(),
    )
    rooms.listen(lambda channel, *_: table.published(channel))
    truth: dict[str, Any] = {}
    versions = count(1)

    async def change(times: int) -> None:
        for _ in range(times):
            key = f"k{random.randrange(300)}"
            before = truth.pop(key, None)
            if before is not None and random.random() < 0.3:
                await rooms.publish("n:1", Draft(key=key, removed=True), keep)
                continue
            truth[key] = {"version": next(versions)}
            await rooms.publish("n:1", Draft(msgspec.Raw(msgspec.json.encode(truth[key])), key=key), keep)

    async def settled() -> None:
        while table._tasks:
            await asyncio.gather(*table._tasks)

    await change(1_000)
    watchers = [Watcher(table, address, 100) for _ in range(3)]
    for watcher in watchers:
        await watcher.subscribe(lambda: change(30))
    assert all(watcher.pages > 1 for watcher in watchers)
    for number in range(60):
        await change(random.randrange(20))
        watcher = random.choice(watchers)
        watcher.pause() if number % 3 else watcher.resume()
        for _ in range(random.randrange(5)):
            await asyncio.sleep(0)
    for watcher in watchers:
        watcher.resume()
    await settled()
    assert all(watcher.known == truth and not watcher.ended for watcher in watchers)
    assert all(bool(watcher.offset) == persistent for watcher in watchers)

    await rooms.forget("n:1")
    truth.clear()
    first, *others = watchers
    first.leave()
    await first.subscribe()
    assert all(watcher.ended for watcher in others)
    await change(5)
    await settled()
    assert first.known == truth
    assert not first.ended
    await table.close()
