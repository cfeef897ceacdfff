"""Maps of rooms in patches on the official JavaScript client: every copy is the truth, however made."""

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.conformance.javascript import JavaScript, install
from tests.conformance.raw import Raw
from tests.conformance.site import Site, open_site
from tests.conformance.test_sdk_maps import Copy

SETTINGS = """
[gateway.rooms.cards]
map = "persistent"
history_size = 60
delta = true
[gateway.rooms.pointers]
map = "ephemeral"
durable = false
delta = true
[gateway.rooms.strict]
map = "persistent"
history_size = 2
whole_log = true
[gateway.rooms.lenient]
map = "persistent"
history_size = 2
"""
TEXT = "A card says much that does not change from one edit to the next; é and 🏆, too. " * 4
KEYS = [f"k{number}" for number in range(12)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    install()
    with open_site(tmp_path_factory.mktemp("map_patches"), SETTINGS) as running:
        yield running


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


class Board:
    """Somebody who edits a map at random, and knows what is in it."""

    def __init__(self, site: Site, channel: str, seed: int) -> None:
        self.truth: dict[str, Any] = {}
        self.channel = channel
        self._site = site
        self._chance = random.Random(seed)
        self._edits = 0

    def edit(self, times: int) -> None:
        """Set and remove keys, in one batch."""
        commands: list[dict[str, Any]] = []
        for _ in range(times):
            self._edits += 1
            key = self._chance.choice(KEYS)
            if key in self.truth and self._chance.random() < 0.15:
                del self.truth[key]
                commands.append({"map_remove": {"channel": self.channel, "key": key}})
            else:
                self.truth[key] = {"text": TEXT, "edit": self._edits, "by": self._chance.choice("αβγ")}
                body = {"channel": self.channel, "key": key, "data": self.truth[key]}
                commands.append({"map_publish": body})
        replies = self._site.ask("POST", "/api/batch", {"commands": commands})["replies"]
        assert not [reply for reply in replies if "error" in reply]


class Mirror(Copy):
    """A copy that may hear of the end of a key whose beginning was passed over."""

    def _apply(self, update: dict[str, Any]) -> None:
        if update.get("removed"):
            self.entries.pop(update["key"], None)
        else:
            self.entries[update["key"]] = update["data"]


async def watch(stack: AsyncExitStack, site: Site, channel: str, *, protobuf: bool) -> Mirror:
    js = await stack.enter_async_context(JavaScript.run("maps.mjs"))
    await js.do("connect", url=site.websocket, protobuf=protobuf)
    await js.next("connected")
    copy = Mirror(js)
    await js.do("map", channel=channel, options={"delta": "fossil"})
    await copy.next("sync")
    return copy


@pytest.mark.parametrize("namespace", ["cards", "pointers"])
async def test_copies_that_came_early_late_and_back(
    stack: AsyncExitStack, site: Site, namespace: str
) -> None:
    board = Board(site, f"{namespace}:a", seed=11)
    board.edit(10)
    early = await watch(stack, site, board.channel, protobuf=False)
    copies = [early, await watch(stack, site, board.channel, protobuf=True)]
    for _ in range(6):
        board.edit(1)
        for copy in copies:
            await copy.until(board.truth)
    board.edit(25)
    copies.append(await watch(stack, site, board.channel, protobuf=False))
    for times in (40, 5, 100, 1):
        await early.js.do("disconnect")
        board.edit(times)
        await early.js.do("reconnect")
        board.edit(5)
        for copy in copies:
            await copy.until(board.truth)
        for _ in range(3):
            board.edit(1)
            for copy in copies:
                await copy.until(board.truth)
    for copy in copies:
        await copy.js.do("patches", channel=board.channel)
        assert (await copy.js.next("patches"))["patched"] > 10


@pytest.mark.parametrize("namespace, back", [("strict", False), ("lenient", True)])
async def test_how_far_back_a_map_can_be_returned_to(site: Site, namespace: str, back: bool) -> None:
    """With `whole_log` from within the log only; else each key that changed is told, however long ago."""
    channel = f"{namespace}:a"
    places = [site.room("map_publish", channel=channel, key=f"k{n}", data=n) for n in range(1, 7)]
    async with Raw.open(site.websocket) as raw:
        await raw.hello()

        async def returns(offset: int) -> dict[str, Any]:
            position = {"recover": True, "epoch": places[0]["epoch"], "offset": offset}
            return await raw.ask(
                {"id": 2, "subscribe": {"channel": channel, "type": 1, "phase": 1, **position}}
            )

        answer = await returns(1)
        if not back:
            assert answer["error"]["code"] == 112
            answer = await returns(4)
        found = answer["subscribe"]
        assert (found["recovered"], found["offset"]) == (True, 6)
        assert [pub["key"] for pub in found["publications"]] == [f"k{n}" for n in range(2 if back else 5, 7)]
