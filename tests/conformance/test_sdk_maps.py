"""The official JavaScript client as a subscriber of maps, in JSON and in Protobuf."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from renown.gateway.hub.views import board_rows
from renown.ledger import Ledger
from renown.model import Event
from renown.policy import Policies
from renown.protocol.standing_form import unpack
from tests.conformance.conftest import Serve
from tests.conformance.javascript import JavaScript, install

MAP = "standings:seller"
BOARD = "board:seller"
BOTH = pytest.mark.parametrize("protobuf", [False, True], ids=["json", "protobuf"])


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    install()


@pytest.fixture
async def js() -> AsyncIterator[JavaScript]:
    async with JavaScript.run("maps.mjs") as client:
        yield client


class Copy:
    """What an application makes of the client's events."""

    def __init__(self, js: JavaScript) -> None:
        self.js = js
        self.entries: dict[str, Any] = {}
        self.removals = 0
        self.syncs = 0
        self.updates = 0

    async def next(self, event: str | None = None) -> dict[str, Any]:
        """Take the client's next event, or all up to the next one of a name."""
        while True:
            seen = await self.js.next()
            if seen["event"] == "sync":
                self.syncs += 1
                self.entries = {entry["key"]: entry["data"] for entry in seen["entries"]}
            elif seen["event"] == "update":
                self.updates += 1
                self._apply(seen)
            if event in (None, seen["event"]):
                return seen

    def _apply(self, update: dict[str, Any]) -> None:
        if update.get("removed"):
            self.removals += 1
            assert self.entries.pop(update["key"], None) is not None
        else:
            self.entries[update["key"]] = update["data"]

    async def until(self, truth: dict[str, Any]) -> None:
        """Return when the copy is the truth."""
        while self.entries != truth:
            await self.next()


async def rate(ledger: Ledger, *subjects: object, value: float = 4.0) -> None:
    answers = await ledger.append([Event("review", f"seller:{subject}", value=value) for subject in subjects])
    assert {answer.status for answer in answers} == {"applied"}


async def truth(ledger: Ledger) -> dict[str, Any]:
    found: dict[str, Any] = {}
    after = ""
    while True:
        _, rows = await ledger.page("seller", after, 1_000)
        found |= {subject: json.loads(view) for subject, _, view in rows}
        if len(rows) < 1_000:
            return found
        after = rows[-1][0]


@BOTH
async def test_a_thousand_keys_that_change_while_they_are_read(
    js: JavaScript, served: Serve, ledger: Ledger, protobuf: bool
) -> None:
    await rate(ledger, *range(1_000))
    copy = Copy(js)
    async with served() as server:
        await js.do("connect", url=server.url, protobuf=protobuf)
        await js.next("connected")
        await js.do("map", channel=MAP, options={"pageSize": 100})
        reading = asyncio.create_task(copy.next("sync"))
        changed = 0
        while not reading.done():
            await rate(ledger, *range(changed % 990, changed % 990 + 7), value=5.0)
            changed += 7
        assert changed > 7
        assert set(copy.entries) >= {f"seller:{n}" for n in range(1_000)}
        await rate(ledger, 3, 5, 5, 2_000)
        await ledger.sweep()
        await copy.until(await truth(ledger))
        assert (copy.syncs, copy.removals) == (1, 0)
        assert copy.updates > 0


@BOTH
async def test_who_was_away_is_given_what_changed(
    js: JavaScript, served: Serve, ledger: Ledger, protobuf: bool
) -> None:
    await rate(ledger, *range(500))
    copy = Copy(js)
    async with served() as server:
        await js.do("connect", url=server.url, protobuf=protobuf)
        await js.do("map", channel=MAP, options={"pageSize": 200})
        first = await copy.next("subscribed")
        assert (first["wasRecovering"], first["recovered"]) == (False, False)
        assert (first["recoverable"], first["positioned"]) == (True, True)
        await copy.next("sync")
        for round_ in range(3):
            await js.do("disconnect")
            await copy.next("disconnected")
            before = copy.updates
            await rate(ledger, *range(300), *range(100), f"new-{round_}")
            await js.do("reconnect")
            back = await copy.next("subscribed")
            assert (back["wasRecovering"], back["recovered"]) == (True, True)
            await copy.until(await truth(ledger))
            # Each key once, however often it changed.
            assert copy.updates - before == 301
        assert copy.syncs == 1
        await js.do("disconnect")
        await copy.next("disconnected")
        await js.do("reconnect")
        assert (await copy.next("subscribed"))["recovered"]
        await rate(ledger, 1)
        await copy.until(await truth(ledger))
        assert copy.syncs == 1


@BOTH
async def test_a_restart_is_survived_and_another_ledger_read_anew(
    js: JavaScript, served: Serve, ledger: Ledger, protobuf: bool, tmp_path: Path
) -> None:
    await rate(ledger, *range(150))
    copy = Copy(js)
    async with served() as server:
        port = server.port
        await js.do("connect", url=server.url, protobuf=protobuf)
        await js.do("map", channel=MAP)
        await copy.next("sync")
    await rate(ledger, *range(50))
    async with served(port=port):
        assert (await copy.next("subscribed"))["recovered"]
        await copy.until(await truth(ledger))
        assert copy.syncs == 1
    other = Ledger.open(tmp_path / "other", Policies.presets())
    await other.start()
    try:
        await rate(other, *range(10))
        async with served(port=port, other=other):
            await copy.next("sync")
            assert copy.entries == await truth(other)
    finally:
        await other.close()


@BOTH
async def test_a_board_is_a_map_with_removals(
    js: JavaScript, served: Serve, ledger: Ledger, protobuf: bool
) -> None:
    for _ in range(6):
        await rate(ledger, *range(8))
    copy = Copy(js)
    async with served(board_rows=5, channels={"board": {"interval": 0.0}}) as server:
        await js.do("connect", url=server.url, protobuf=protobuf)
        await js.do("map", channel=BOARD)
        first = await copy.next("subscribed")
        assert not first.get("recoverable")
        assert {entry.get("offset", 0) for entry in (await copy.next("sync"))["entries"]} == {0}
        for better in range(5, 8):
            for _ in range(6):
                await rate(ledger, better, value=5.0)
            await copy.until(await board(ledger))
        assert copy.removals >= 3
        assert len(copy.entries) == 5
        await js.do("disconnect")
        await copy.next("disconnected")
        await rate(ledger, *[4] * 12, value=5.0)
        await js.do("reconnect")
        await copy.next("sync")
        await copy.until(await board(ledger))


async def board(ledger: Ledger) -> dict[str, Any]:
    _, standings = await ledger.board("seller", 5)
    return {subject: json.loads(row) for subject, row in board_rows(standings).items()}


async def test_dashboards_get_standings_packed(js: JavaScript, served: Serve, ledger: Ledger) -> None:
    await rate(ledger, *range(250))
    copy = Copy(js)
    async with served() as server:
        await js.do("connect", url=server.url, protobuf=True)
        await js.do("map", channel=MAP, options={"data": {"form": "protobuf"}, "pageSize": 100})
        await copy.next("sync")
        await rate(ledger, 7, 8)
        await ledger.sweep()
        expected = await truth(ledger)
        while {key: unpacked(entry) for key, entry in copy.entries.items()} != expected:
            await copy.next()


def unpacked(entry: dict[str, str]) -> Any:
    return json.loads(msgspec.json.encode(unpack(base64.b64decode(entry["packed"]))))


@BOTH
@pytest.mark.parametrize("kind", ["persistent", "ephemeral"])
async def test_rooms_are_maps_that_everybody_writes(
    js: JavaScript, served: Serve, kind: str, protobuf: bool
) -> None:
    rules = {"notes": {"map": kind, "publish": "anyone", "durable": False, "history_size": 50}}
    async with served(rooms=rules) as server, JavaScript.run("maps.mjs") as other:
        mine, theirs = Copy(js), Copy(other)
        for copy in (mine, theirs):
            await copy.js.do("connect", url=server.url, protobuf=protobuf)
            await copy.js.do("map", channel="notes:1")
            subscribed = await copy.next("subscribed")
            assert bool(subscribed.get("recoverable")) == (kind == "persistent")
            await copy.next("sync")
        for number in range(300):
            await (js if number % 2 else other).do(
                "publish", channel="notes:1", key=f"k{number % 120}", data={"text": f"{number} ✓"}
            )
        for number in range(60):
            await (js if number % 2 else other).do("remove", channel="notes:1", key=f"k{number}")
        last = {f"k{number % 120}": {"text": f"{number} ✓"} for number in range(300)}
        expected = {key: data for key, data in last.items() if int(key[1:]) >= 60}
        await mine.until(expected)
        await theirs.until(expected)
        await other.do("disconnect")
        await theirs.next("disconnected")
        await js.do("publish", channel="notes:1", key="k99", data={"text": "away"})
        await js.do("remove", channel="notes:1", key="k100")
        expected["k99"] = {"text": "away"}
        del expected["k100"]
        await mine.until(expected)
        await other.do("reconnect")
        assert bool((await theirs.next("subscribed")).get("recovered")) == (kind == "persistent")
        await theirs.until(expected)
        assert theirs.syncs == (1 if kind == "persistent" else 2)


async def test_keys_of_a_room_end_when_their_time_is_over(js: JavaScript, served: Serve) -> None:
    rules = {"typing": {"map": "ephemeral", "publish": "anyone", "durable": False, "key_age": 0.3}}
    copy = Copy(js)
    async with served(rooms=rules) as server:
        await js.do("connect", url=server.url)
        await js.do("map", channel="typing:1")
        await copy.next("sync")
        await js.do("publish", channel="typing:1", key="ana", data={"typing": True})
        await copy.until({"ana": {"typing": True}})
        await copy.until({})
        assert copy.removals == 1
