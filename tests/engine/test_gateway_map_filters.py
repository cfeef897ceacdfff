"""Maps under filters and patches: whatever happens, every copy is what its filter lets pass of the truth."""

import asyncio
import json
from random import Random

import msgspec
import pytest

from renown.gateway.channels import Address, Channels
from renown.gateway.hub import maps
from renown.gateway.hub.map_parts import MapSource
from renown.gateway.hub.map_reads import RoomMap
from renown.gateway.hub.maps import MapTable
from renown.gateway.metrics import GatewayMetrics
from renown.gateway.options import GatewayOptions
from renown.gateway.wires import WS_JSON
from renown.protocol.codes import ERRORS, Disconnect, Error
from renown.protocol.commands import FilterNode
from renown.protocol.effects import Attach, MapPage, MapWish, Position, State
from renown.protocol.filters import passes
from renown.protocol.fossil import apply
from renown.protocol.replies import Publication
from renown.rooms.memory import MemoryRooms
from renown.rooms.room import Draft, Retention

CHANNEL = "map:1"
RED = FilterNode(key="team", cmp="eq", val="red")
NOT_BLUE = FilterNode(key="team", cmp="neq", val="blue")
TEAMS = (None, {"team": "red"}, {"team": "red", "x": "1"}, {"team": "blue"})


class Copy:
    """A client as the official SDK is one, with a filter or with patches."""

    wire = WS_JSON
    outlet = -1

    def __init__(self, table: MapTable, address: Address, *, tags: FilterNode | None, delta: bool) -> None:
        self.table = table
        self.address = address
        self.tags = tags
        self.delta = delta
        self.paused = False
        self.known: dict[str, bytes] = {}
        self.position = Position("", 0)
        self.live = False
        self.error: Error | None = None
        self.needless = 0
        """Removals of what was not there."""
        self._answer = asyncio.Event()
        self._page: MapPage | None = None

    def write(self, data: bytes, /) -> None:
        assert self.live
        size = data[1]
        for line in data[2 if size < 126 else 4 if size == 126 else 10 :].split(b"\n"):
            push = msgspec.json.decode(line, type=dict[str, dict[str, msgspec.Raw]])["push"]
            pub = msgspec.json.decode(push["pub"], type=Publication)
            if pub.offset:
                assert pub.offset > self.position.offset
                self.position = Position(self.position.epoch, pub.offset)
            self._apply(pub, spoken=self.delta)

    def found(self, channel: str, state: State | Error) -> bool:
        self._answer.set()
        if isinstance(state, Error):
            self.error = state
            return False
        assert isinstance(state, MapPage)
        self._page = state
        for entry in (*state.state, *state.publications):
            self._apply(entry)
        self.position, self.live = Position(state.epoch, state.offset), state.live
        return state.live

    def _apply(self, pub: Publication, *, spoken: bool = False) -> None:
        if pub.removed:
            self.needless += self.known.pop(pub.key, None) is None
            return
        data = bytes(pub.data)
        if spoken:
            data = msgspec.json.decode(data, type=str).encode()
        self.known[pub.key] = apply(self.known[pub.key], data) if pub.delta else data

    def lost_track(self, channel: str) -> None:
        raise AssertionError("everything is kept")

    def crowded(self) -> None:
        return

    def close(self, why: Disconnect) -> None:
        raise AssertionError(why)

    # What the test does

    async def _ask(self, wish: MapWish, recover: Position | None) -> MapPage | None:
        self._answer.clear()
        self._page = self.error = None
        wanted = Attach(CHANNEL, recover, wish, filter=self.tags, delta=self.delta)
        self.table.attach(self, self.address, wanted)
        await self._answer.wait()
        return self._page

    async def subscribe(self, world: "World") -> None:
        """Page through the state until live, while things go on."""
        self.known.clear()
        cursor, recover = "", None
        while True:
            page = await self._ask(MapWish(2, cursor, 3), recover)
            assert page is not None, self.error
            if page.live:
                return
            cursor, recover = page.cursor, recover or Position(page.epoch, page.offset)
            await world.change(world.random.randrange(3))

    async def come_back(self) -> bool:
        """Ask for what changed since; return whether that could be had."""
        page = await self._ask(MapWish(1, "", 3), self.position)
        return page is not None

    def leave(self) -> None:
        self.live = self.paused = False
        self.table.detach(self, CHANNEL)

    def pause(self) -> None:
        self.paused = True
        self.table.pause(self, [CHANNEL])

    def resume(self) -> None:
        self.paused = False
        self.table.resume(self, [CHANNEL])


class World:
    """A map that changes, and who follows it."""

    def __init__(self, mode: str, random: Random) -> None:
        self.random = random
        options = {"rooms": {"map": {"map": mode, "history_size": 1_000, "filters": True, "delta": True}}}
        address = Channels(msgspec.convert(options, GatewayOptions)).find(CHANNEL)
        assert isinstance(address, Address)
        self.address = address
        self.persistent = mode == "persistent"
        self.rooms = MemoryRooms()
        self.table = MapTable(self._source, lambda *_: None, GatewayMetrics())
        self.rooms.listen(lambda channel, *_: self.table.published(channel))
        self.truth: dict[str, tuple[dict[str, str] | None, bytes]] = {}

    def _source(self, address: Address) -> MapSource:
        return RoomMap(self.rooms, CHANNEL, 100_000, persistent=self.persistent)

    def copy(self, tags: FilterNode | None = None, *, delta: bool = False) -> Copy:
        return Copy(self.table, self.address, tags=tags, delta=delta)

    async def put(self, key: str, team: str | None) -> None:
        tags = None if team is None else {"team": team}
        await self._put(key, tags)

    async def _put(self, key: str, tags: dict[str, str] | None) -> None:
        text = f"a text that is long enough for patches, about {key}: {self.random.randrange(1_000)}"
        data = json.dumps(text).encode()
        self.truth[key] = tags, data
        await self._publish(Draft(msgspec.Raw(data), tags=tags, key=key))

    async def remove(self, key: str) -> None:
        self.truth.pop(key, None)
        await self._publish(Draft(key=key, removed=True))

    async def _publish(self, draft: Draft) -> None:
        await self.rooms.publish(CHANNEL, draft, Retention(1_000 if self.persistent else 0))

    async def change(self, count: int) -> None:
        for _ in range(count):
            key = f"k{self.random.randrange(8)}"
            if self.random.random() < 0.15:
                await self.remove(key)
            else:
                await self._put(key, self.random.choice(TEAMS))

    def seen_by(self, copy: Copy) -> dict[str, bytes]:
        return {
            key: data
            for key, (tags, data) in self.truth.items()
            if copy.tags is None or passes(copy.tags, tags)
        }

    async def settled(self) -> None:
        """Return when the table has nothing more to say."""
        while tasks := self.table._tasks:  # pyright: ignore[reportPrivateUsage] - nothing else tells
            await asyncio.gather(*tasks)


MODES = pytest.mark.parametrize("mode", ["persistent", "ephemeral"])


@MODES
async def test_a_key_that_passes_no_longer_is_removed_and_comes_back(mode: str) -> None:
    world = World(mode, Random(1))
    await world.put("a", "red")
    await world.put("b", "blue")
    copy = world.copy(RED)
    await copy.subscribe(world)
    assert set(copy.known) == {"a"}
    await world.put("a", "blue")
    await world.settled()
    assert copy.known == {}
    await world.put("a", "red")
    await world.settled()
    assert copy.known == world.seen_by(copy) != {}
    # What it never had it does not hear of.
    for _ in range(3):
        await world.put("b", "blue")
        await world.put("b", None)
        await world.settled()
    await world.remove("b")
    await world.settled()
    assert copy.needless == 0


async def test_whoever_was_away_is_told_what_passes_no_longer() -> None:
    world = World("persistent", Random(1))
    for key in "abc":
        await world.put(key, "red")
    copy = world.copy(RED)
    await copy.subscribe(world)
    copy.leave()
    await world.put("a", "blue")
    await world.put("d", "red")
    assert await copy.come_back()
    assert copy.known == world.seen_by(copy)
    assert set(copy.known) == {"b", "c", "d"}


@MODES
async def test_a_key_that_stops_to_pass_between_two_pages(mode: str) -> None:
    world = World(mode, Random(1))
    for number in range(6):
        await world.put(f"k{number}", "red")
    copy = world.copy(RED)
    page = await copy._ask(MapWish(2, "", 3), None)  # pyright: ignore[reportPrivateUsage] - one page only
    assert page is not None
    assert set(copy.known) == {"k0", "k1", "k2"}
    await world.put("k1", "blue")
    await world.put("k5", "blue")
    frozen = Position(page.epoch, page.offset)
    page = await copy._ask(MapWish(2, page.cursor, 100), frozen)  # pyright: ignore[reportPrivateUsage] - and its next
    assert page is not None
    assert page.live
    assert copy.known == world.seen_by(copy)


@pytest.mark.parametrize("seed", range(60))
@MODES
async def test_whatever_happens_all_end_with_what_they_want_of_the_truth(
    mode: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps, "_CHUNK", 3)
    random = Random(seed)
    world = World(mode, random)
    await world.change(5)
    copies = [
        world.copy(),
        world.copy(RED),
        world.copy(NOT_BLUE),
        *(world.copy(delta=True) for _ in range(2)),
    ]
    for _ in range(60):
        copy = random.choice(copies)
        match random.choice(("change", "change", "change", "come", "come", "go", "pause", "resume", "turn")):
            case "change":
                await world.change(random.randrange(1, 9))
            case "come" if not copy.live:
                known = bool(copy.position.epoch) and not copy.delta and world.persistent
                if not (known and random.random() < 0.7 and await copy.come_back()):
                    await copy.subscribe(world)
            case "go" if copy.live:
                copy.leave()
            case "pause" if copy.live:
                copy.pause()
            case "resume" if copy.live:
                copy.resume()
            case _:
                for _ in range(random.randrange(6)):
                    await asyncio.sleep(0)
    for copy in copies:
        if copy.live:
            copy.resume()
        else:
            await copy.subscribe(world)
    await world.settled()
    for copy in copies:
        assert copy.error in (None, ERRORS.UNRECOVERABLE_POSITION)
        assert copy.known == world.seen_by(copy)
    for copy in copies:
        copy.leave()
    assert world.table.channels == {}
    await world.table.close()
