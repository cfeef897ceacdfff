"""Who is in a room as a map, with the official JavaScript client and byte by byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from renown.gateway.hub import map_presence, maps
from tests.conformance.conftest import Serve
from tests.conformance.javascript import JavaScript, install
from tests.conformance.keys import shared
from tests.conformance.raw import Raw
from tests.conformance.site import open_site, second_process

OPEN = {"presence": True, "see_presence": "users"}
MEMBERS = {"presence": True}
CLIENTS, USERS = 2, 3
BOTH = pytest.mark.parametrize("protobuf", [False, True], ids=["json", "protobuf"])


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    install()


@pytest.fixture
async def js() -> AsyncIterator[JavaScript]:
    async with JavaScript.run("maps.mjs") as client:
        yield client


class People:
    """Connections that come and go."""

    def __init__(self, stack: AsyncExitStack, url: str) -> None:
        self._stack = stack
        self._url = url

    async def connect(self, user: str, **claims: Any) -> tuple[Raw, str]:
        """Return a new connection and its client id."""
        raw = await self._stack.enter_async_context(Raw.open(self._url))
        found = await raw.hello(shared().issue(user, claims=claims) if user else None)
        return raw, found["client"]

    async def enter(self, user: str, channel: str = "chat:1") -> tuple[Raw, str]:
        raw, client = await self.connect(user)
        await raw.subscribe(channel)
        return raw, client


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def ask(raw: Raw, channel: str, kind: int, **more: Any) -> dict[str, Any]:
    """Ask for a map and return the reply."""
    return await raw.ask({"id": 9, "subscribe": {"channel": channel, "type": kind, "phase": 2, **more}})


async def leave(raw: Raw) -> None:
    await raw.socket.close()


@BOTH
async def test_every_client_is_a_key_with_what_is_known_of_it(
    js: JavaScript, served: Serve, stack: AsyncExitStack, protobuf: bool
) -> None:
    async with served(shared(), rooms={"chat": OPEN}) as server:
        people = People(stack, server.url)
        here: dict[str, str] = {}
        raws: dict[str, Raw] = {}
        for number in range(130):
            raw, client = await people.enter(f"u{number % 50}")
            here[client], raws[client] = f"u{number % 50}", raw
        await js.do("connect", url=server.url, protobuf=protobuf, token=shared().issue("watcher"))
        await js.next("connected")
        # More than a page holds.
        await js.do("map", channel="$clients:chat:1", kind="MapClients", options={"pageSize": 100})
        entries = (await js.next("sync"))["entries"]
        assert {entry["key"]: entry["user"] for entry in entries} == here
        assert all(entry["client"] == entry["key"] for entry in entries)
        _, client = await people.enter("late")
        update = await js.next("update")
        assert (update["key"], update["user"], update.get("removed")) == (client, "late", None)
        gone = next(iter(raws))
        await leave(raws[gone])
        update = await js.next("update")
        assert (update["key"], update["removed"]) == (gone, True)


@BOTH
async def test_every_user_is_a_key_once_and_lingers(
    js: JavaScript, served: Serve, stack: AsyncExitStack, protobuf: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (map_presence, maps):
        monkeypatch.setattr(module, "LINGER", 1.5)
    async with served(shared(), rooms={"chat": OPEN}) as server:
        people = People(stack, server.url)
        first, _ = await people.enter("ana")
        second, _ = await people.enter("ana")
        bo, _ = await people.enter("bo")
        await people.enter("")
        await js.do("connect", url=server.url, protobuf=protobuf, token=shared().issue("watcher"))
        await js.next("connected")
        await js.do("map", channel="$users:chat:1", kind="MapUsers")
        entries = (await js.next("sync"))["entries"]
        assert sorted(entry["key"] for entry in entries) == ["ana", "bo"]
        assert all(entry.get("user") is None for entry in entries)
        await leave(first)
        # Bo comes back at once, ana not.
        await leave(bo)
        await people.enter("bo")
        await leave(second)
        await people.enter("cy")
        update = await js.next("update")
        assert (update["key"], update.get("removed")) == ("cy", None)
        update = await js.next("update")
        assert (update["key"], update["removed"]) == ("ana", True)


async def test_nobody_lingers_for_longer_because_somebody_left_shortly_before(
    served: Serve, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (map_presence, maps):
        monkeypatch.setattr(module, "LINGER", 2.0)
    async with served(shared(), rooms={"chat": OPEN}) as server:
        people = People(stack, server.url)
        ana, _ = await people.enter("ana")
        bo, _ = await people.enter("bo")
        watcher, _ = await people.connect("cy")
        await ask(watcher, "$users:chat:1", USERS)
        await leave(ana)
        await asyncio.sleep(0.6)
        await leave(bo)
        left = asyncio.get_running_loop().time()
        assert await watcher.publication() == {"key": "ana", "removed": True}
        assert await watcher.publication() == {"key": "bo", "removed": True}
        # Not with the next round of two seconds after ana's.
        assert 1.9 <= asyncio.get_running_loop().time() - left < 3.1


async def test_only_subscribers_of_the_room_may_have_it_and_as_long_as_they_are(
    served: Serve, stack: AsyncExitStack
) -> None:
    async with served(shared(), rooms={"chat": MEMBERS}) as server:
        people = People(stack, server.url)
        raw, client = await people.connect("ana")
        early = await ask(raw, "$clients:chat:1", CLIENTS)
        # It may come to be: the client tries again by itself.
        assert early["error"] == {"code": 103, "message": "permission denied", "temporary": True}
        await raw.subscribe("chat:1")
        found = (await ask(raw, "$clients:chat:1", CLIENTS))["subscribe"]
        assert found["type"] == CLIENTS
        assert found["state"] == [{"info": {"user": "ana", "client": client}, "key": client}]
        assert "recoverable" not in found
        await raw.send({"id": 10, "unsubscribe": {"channel": "chat:1"}})
        assert await raw.reply() == {"id": 10, "unsubscribe": {}}
        pushed = await raw.reply()
        assert pushed["push"]["channel"] == "$clients:chat:1"
        assert pushed["push"]["unsubscribe"]["code"] == 2000


async def test_who_watches_by_a_right_goes_on(served: Serve, stack: AsyncExitStack) -> None:
    async with served(shared(), rooms={"chat": MEMBERS}) as server:
        raw, _ = await People(stack, server.url).connect("ana", rights={"subscribe": ["chat:*"]})
        assert "subscribe" in await ask(raw, "$users:chat:1", USERS)
        await raw.subscribe("chat:1")
        assert (await raw.publication())["key"] == "ana"
        assert await raw.ask({"id": 10, "unsubscribe": {"channel": "chat:1"}}) == {
            "id": 10,
            "unsubscribe": {},
        }
        assert (await raw.ask({"id": 11, "rpc": {}}))["id"] == 11


@pytest.mark.parametrize(
    "channel, kind, code",
    [
        ("$clients:chat:1", 0, 107),
        ("$clients:chat:1", 1, 107),
        ("$clients:chat:1", USERS, 107),
        ("$users:chat:1", CLIENTS, 107),
        ("$clients:silent:1", CLIENTS, 108),
        ("$clients:board:seller", CLIENTS, 108),
        ("$clients:nothing:1", CLIENTS, 102),
        ("$clients:$clients:chat:1", CLIENTS, 108),
        ("$clients:", CLIENTS, 102),
        ("$clients:host:1", CLIENTS, 103),
        ("$users:$chat:1", USERS, 103),
        ("$users:chat:1#bo", USERS, 103),
    ],
)
async def test_what_is_refused(
    served: Serve, stack: AsyncExitStack, channel: str, kind: int, code: int
) -> None:
    rooms = {"chat": OPEN, "silent": {}, "host": {"presence": True, "see_presence": "role:host"}}
    async with served(shared(), rooms=rooms) as server:
        raw, _ = await People(stack, server.url).connect("ana")
        assert (await ask(raw, channel, kind))["error"]["code"] == code
        publish = {"channel": "$clients:chat:1", "type": 1, "key": "x", "data": 1}
        assert (await raw.ask({"id": 11, "publish": publish}))["error"]["code"] == 103
        for command in ("presence", "history"):
            reply = await raw.ask({"id": 12, command: {"channel": "$clients:chat:1"}})
            assert reply["error"]["code"] == 108


async def test_whoever_watches_is_not_counted_as_present(served: Serve, stack: AsyncExitStack) -> None:
    async with served(shared(), rooms={"chat": OPEN}) as server:
        people = People(stack, server.url)
        watcher, _ = await people.connect("ana")
        found = (await ask(watcher, "$clients:chat:1", CLIENTS))["subscribe"]
        assert "state" not in found
        reply = await watcher.ask({"id": 10, "presence": {"channel": "chat:1"}})
        assert reply["presence"] == {"presence": {}}


async def test_many_who_come_at_once_are_told_together(served: Serve, stack: AsyncExitStack) -> None:
    async with served(shared(), rooms={"chat": OPEN}) as server:
        people = People(stack, server.url)
        watcher, _ = await people.connect("ana")
        await ask(watcher, "$clients:chat:1", CLIENTS)
        clients = {client for _, client in await asyncio.gather(*(people.enter(f"u{n}") for n in range(40)))}
        told: set[str] = set()
        while told != clients:
            told.add((await watcher.publication())["key"])


async def test_who_is_there_by_way_of_another_process_is_there(stack: AsyncExitStack, tmp_path: Path) -> None:
    with open_site(tmp_path, '[gateway.rooms.chat]\npresence = true\nsee_presence = "anyone"') as site:
        here = People(stack, site.websocket)
        watcher, _ = await here.connect("")
        await ask(watcher, "$clients:chat:1", CLIENTS)
        with second_process(site) as second:
            there = People(stack, second.websocket)
            far, client = await there.enter("")
            assert (await watcher.publication())["key"] == client
            await leave(far)
            assert await watcher.publication() == {"key": client, "removed": True}
