"""Two real processes on one data folder are one to their clients: official clients at each of them."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.conftest import Connect
from tests.conformance.javascript import JavaScript, install
from tests.conformance.raw import Raw
from tests.conformance.site import Site, open_site, second_process, token
from tests.conformance.streams import Streaming

SETTINGS = """
[gateway.rooms.chat]
history_size = 100
presence = true
join_leave = true
force_join_leave = true
publish = "subscribers"
[gateway.rooms.typing]
publish = "subscribers"
[gateway.rooms.passing]
history_size = 50
durable = false
publish = "subscribers"
[gateway.rooms.newest]
history_size = 1
recovery = "newest"
durable = false
[gateway.rooms.cursors]
map = "ephemeral"
durable = false
key_age = 3600.0
"""
WAYS = pytest.mark.parametrize(
    "transport, protocol", [("http_stream", "json"), ("http_stream", "protobuf"), ("sse", "json")]
)


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    install()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Site]]:
    """Two processes that live as long as the module's tests; the first one leads."""
    with open_site(tmp_path_factory.mktemp("nodes"), SETTINGS) as first, second_process(first) as second:
        yield first, Site(second, first.key)


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[tuple[Site, Site]]:
    """Two processes that a test may kill; the first one leads."""
    with open_site(tmp_path, SETTINGS) as first, second_process(first) as second:
        yield first, Site(second, first.key)


@pytest.fixture
async def js(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[JavaScript]:
    monkeypatch.setenv("NODE_OPTIONS", "--experimental-eventsource")
    async with JavaScript.run() as client:
        yield client


# Commands that come by way of the other process


@WAYS
async def test_commands_reach_the_process_that_holds_the_stream(
    js: JavaScript, connect: Connect, pair: tuple[Site, Site], transport: str, protocol: str
) -> None:
    """A client whose stream is here and whose commands all arrive there lacks nothing."""
    here, there = pair
    channel = f"chat:uplink-{transport}-{protocol}"
    ways = [{"transport": transport, "endpoint": f"{here.server.url}/connection/{transport}"}]
    options = {"protocol": protocol, "emulationEndpoint": f"{there.server.url}/emulation"}
    await js.do("connect", url=ways, options=options, token=token("ana"))
    assert (await js.next("connected"))["transport"] == transport
    await js.subscribe(channel)
    other = await connect(there.websocket, token=token("bo"))
    await other.subscribe(channel)
    await js.next("join", user="bo")
    for number in range(20):
        await js.do("publish", channel=channel, data={"n": number})
        assert (await other.next("publication"))["data"] == {"n": number}
        assert (await js.next("publication"))["data"] == {"n": number}
    await js.do("presence", channel=channel)
    assert {each["user"] for each in (await js.next("presence"))["clients"]} == {"ana", "bo"}
    await js.do("history", channel=channel, options={"limit": 100})
    assert (await js.next("history"))["offsets"] == list(range(1, 21))
    await js.do("unsubscribe", channel=channel)
    await other.next("leave", user="ana")


async def test_an_uplink_tells_of_ended_sessions_and_unknown_nodes(doomed: tuple[Site, Site]) -> None:
    here, there = doomed
    async with Streaming.open(here.server.url) as client, Streaming.open(there.server.url) as other:
        await client.hello()
        await other.hello()
        assert client.node != other.node
        command = {"id": 2, "subscribe": {"channel": "chat:a"}}
        body = {
            "session": client.session,
            "node": client.node,
            "data": '{"id":2,"subscribe":{"channel":"chat:a"}}',
        }
        assert (await other.http.post("/emulation", json=body)).status_code == 204
        assert (await client.reply())["id"] == command["id"]
        nobody = {**body, "session": "nobody"}
        assert (await other.http.post("/emulation", json=nobody)).status_code == 204
        here.server.kill()
        assert (await other.http.post("/emulation", json={**body, "node": "nowhere"})).status_code == 404
        # Until it is known that the process is gone it may be taken to be busy.
        while (answer := await other.http.post("/emulation", json=body)).status_code != 404:
            assert answer.status_code == 503


# Chat


async def test_a_chat_over_two_processes(connect: Connect, pair: tuple[Site, Site]) -> None:
    here, there = pair
    ana = await connect(here.websocket, token=token("ana", claims={"info": {"name": "Ana"}}))
    bo = await connect(there.websocket, "protobuf", token=token("bo"))
    again = await connect(there.websocket, token=token("ana"))
    await ana.subscribe("chat:lobby")
    await ana.next("join", user="ana")
    await bo.subscribe("chat:lobby")
    assert (await ana.next("join", user="bo"))["client"]
    await again.subscribe("chat:lobby")
    for client in (ana, bo):
        await client.next("join", user="ana")
        await client.do("presence", channel="chat:lobby")
        present = (await client.next("presence"))["clients"]
        assert sorted(each["user"] for each in present) == ["ana", "ana", "bo"]
        assert {"name": "Ana"} in [each.get("connInfo") for each in present]
        await client.do("stats", channel="chat:lobby")
        counted = await client.next("stats")
        assert (counted["clients"], counted["users"]) == (3, 2)
    for site in pair:
        assert len(site.room("presence", channel="chat:lobby")["presence"]) == 3
        assert site.room("presence_stats", channel="chat:lobby") == {"num_clients": 3, "num_users": 2}
    for client in (ana, bo):
        await client.subscribe("typing:lobby")
    for number in range(50):
        speaker, listener = (ana, bo) if number % 2 else (bo, ana)
        await speaker.do("publish", channel="typing:lobby", data={"typing": number})
        heard = await listener.next("publication", channel="typing:lobby")
        assert (heard["data"], heard["user"]) == ({"typing": number}, "ana" if number % 2 else "bo")
        # Who types is told it, too: once.
        assert (await speaker.next("publication", channel="typing:lobby"))["data"] == {"typing": number}
    await again.do("unsubscribe", channel="chat:lobby")
    await ana.next("leave", user="ana")
    await bo.do("disconnect")
    await ana.next("leave", user="bo")
    await ana.do("stats", channel="chat:lobby")
    counted = await ana.next("stats")
    assert (counted["clients"], counted["users"]) == (1, 1)


async def test_who_was_with_a_killed_process_is_gone_from_the_other(
    connect: Connect, doomed: tuple[Site, Site]
) -> None:
    here, there = doomed
    ana = await connect(here.websocket, token=token("ana"))
    await ana.subscribe("chat:a")
    await ana.next("join", user="ana")
    bo, cy = [await connect(there.websocket, token=token(name)) for name in ("bo", "cy")]
    for client, name in ((bo, "bo"), (cy, "cy")):
        await client.subscribe("chat:a")
        await ana.next("join", user=name)
    there.server.kill()
    left = {(await ana.next("leave"))["user"] for _ in range(2)}
    assert left == {"bo", "cy"}
    assert here.room("presence_stats", channel="chat:a") == {"num_clients": 1, "num_users": 1}
    assert len(here.room("info")["nodes"]) == 1
    # Whoever comes to a new process sees who is there already.
    there.server.start()
    dee = await connect(there.websocket, token=token("dee"))
    await dee.subscribe("chat:a")
    await ana.next("join", user="dee")
    while True:
        await dee.do("presence", channel="chat:a")
        present = {each["user"] for each in (await dee.next("presence"))["clients"]}
        if present == {"ana", "bo", "cy", "dee"}:
            break
        # They come back by themselves.
        assert {"ana", "dee"} <= present


# Rooms in memory


async def test_a_room_in_memory_has_one_order_for_all(pair: tuple[Site, Site]) -> None:
    async with Raw.open(pair[0].websocket) as here, Raw.open(pair[1].websocket) as there:
        positions: list[dict[str, Any]] = []
        for client in (here, there):
            await client.hello()
            positions.append(await client.subscribe("passing:order"))
        assert positions[0]["epoch"] == positions[1]["epoch"]
        for number in range(40):
            answer = pair[number % 2].room("publish", channel="passing:order", data=f"m{number}")
            assert answer == {"offset": number + 1, "epoch": positions[0]["epoch"]}
        for client in (here, there):
            heard = [await client.publication() for _ in range(40)]
            assert [(pub["offset"], pub["data"]) for pub in heard] == [(n + 1, f"m{n}") for n in range(40)]
        for site in pair:
            found = site.room("history", channel="passing:order", limit=3, reverse=True)
            assert [pub["offset"] for pub in found["publications"]] == [40, 39, 38]
    # A client that comes over from the other process is given what it missed.
    for site in pair:
        async with Raw.open(site.websocket) as moved:
            await moved.hello()
            position = {"recover": True, "epoch": positions[0]["epoch"], "offset": 30}
            found = await moved.subscribe("passing:order", **position)
            assert found["recovered"]
            assert [pub["offset"] for pub in found["publications"]] == list(range(31, 41))


async def test_what_is_sent_twice_is_published_once_by_whichever_process(pair: tuple[Site, Site]) -> None:
    answers = [
        site.room("publish", channel="passing:once", data="x", idempotency_key="k") for site in (*pair, *pair)
    ]
    assert answers == [answers[0]] * 4
    assert answers[0]["offset"] == 1
    async with Raw.open(pair[1].websocket) as client:
        await client.hello()
        await client.subscribe("typing:once")
        for site in (*pair, *pair):
            site.room("publish", channel="typing:once", data="once", idempotency_key="k")
        pair[0].room("publish", channel="typing:once", data="other")
        assert [(await client.publication())["data"] for _ in range(2)] == ["once", "other"]


async def test_the_newest_and_maps_in_memory_are_the_same_everywhere(pair: tuple[Site, Site]) -> None:
    async with Raw.open(pair[0].websocket) as here, Raw.open(pair[1].websocket) as there:
        for client in (here, there):
            await client.hello()
            await client.subscribe("newest:a", 2)
            await client.subscribe("cursors:a", 3, type=1, phase=2, limit=100)
        for number in range(10):
            pair[number % 2].room("publish", channel="newest:a", data=number)
            for client in (here, there):
                assert (await client.publication())["data"] == number
            pair[number % 2].room("map_publish", channel="cursors:a", key=f"k{number % 3}", data=number)
            for client in (here, there):
                pub = await client.publication()
                assert (pub["key"], pub["data"]) == (f"k{number % 3}", number)
    for site in pair:
        async with Raw.open(site.websocket) as late:
            await late.hello()
            found = await late.subscribe("newest:a", 2)
            assert [pub["data"] for pub in found["publications"]] == [9]
            state = await late.subscribe("cursors:a", 3, type=1, phase=2, limit=100)
            assert {pub["key"]: pub["data"] for pub in state["state"]} == {"k0": 9, "k1": 7, "k2": 8}


async def test_when_the_keeper_of_rooms_in_memory_dies_they_begin_anew(
    connect: Connect, doomed: tuple[Site, Site]
) -> None:
    """Who watches at the other process is told that something is lost, and goes on under another epoch."""
    keeper, other = doomed
    client = await connect(other.websocket)
    await client.subscribe("passing:a")
    first = other.room("publish", channel="passing:a", data=1)
    assert first["offset"] == 1
    await client.next("publication")
    keeper.server.kill()
    back = await client.next("subscribed", channel="passing:a")
    assert back["wasRecovering"]
    assert not back["recovered"]
    second = other.room("publish", channel="passing:a", data=2)
    assert second["offset"] == 1
    assert second["epoch"] != first["epoch"]
    assert (await client.next("publication"))["data"] == 2
    # The one that comes back asks the one that keeps them now.
    keeper.server.start()
    assert keeper.room("history", channel="passing:a", limit=10)["epoch"] == second["epoch"]
    third = keeper.room("publish", channel="passing:a", data=3)
    assert third == {"offset": 2, "epoch": second["epoch"]}
    assert (await client.next("publication"))["data"] == 3


async def test_a_forgotten_room_begins_anew_for_all(connect: Connect, pair: tuple[Site, Site]) -> None:
    here, there = pair
    for channel in ("chat:forgotten", "passing:forgotten"):
        ana = await connect(here.websocket, token=token("ana"))
        bo = await connect(there.websocket, token=token("bo"))
        for client in (ana, bo):
            await client.subscribe(channel)
        there.room("publish", channel=channel, data=1)
        for client in (ana, bo):
            await client.next("publication")
        there.room("history_remove", channel=channel)
        for client in (ana, bo):
            assert not (await client.next("subscribed", channel=channel))["recovered"]
        here.room("publish", channel=channel, data=2)
        for client in (ana, bo):
            again = await client.next("publication")
            assert (again["offset"], again["data"]) == (1, 2)


# What backends do


async def test_backends_reach_connections_of_any_process(connect: Connect, pair: tuple[Site, Site]) -> None:
    here, there = pair
    client = await connect(here.websocket, token=token("eve"))
    there.room("subscribe", user="eve", channel="chat:invited", data={"why": "invited"}, info={"as": "guest"})
    given = await client.next("server subscribed", channel="chat:invited")
    assert given["data"] == {"why": "invited"}
    (present,) = there.room("presence", channel="chat:invited")["presence"].values()
    assert (present["user"], present["chan_info"]) == ("eve", {"as": "guest"})
    there.room("publish", channel="chat:invited", data="hello")
    assert (await client.next("server publication", channel="chat:invited"))["data"] == "hello"
    there.room("publish", channel="user:eve", data={"type": "note"})
    assert (await client.next("server publication", channel="user:eve"))["data"] == {"type": "note"}
    there.room("unsubscribe", user="eve", channel="chat:invited")
    await client.next("server unsubscribed", channel="chat:invited")
    assert there.room("presence", channel="chat:invited") == {"presence": {}}


async def test_one_connection_of_any_process_is_closed(pair: tuple[Site, Site]) -> None:
    here, there = pair
    async with Raw.open(here.websocket) as one, Raw.open(here.websocket) as two:
        first = await one.hello(token("fay"))
        await two.hello(token("fay"))
        there.room(
            "disconnect", user="fay", client=first["client"], disconnect={"code": 4501, "reason": "you"}
        )
        assert await one.closed() == (4501, "you")
        there.room("refresh", user="fay", expired=True)
        assert (await two.closed())[0] == 3005


async def test_channels_and_processes_are_told_of_by_either(pair: tuple[Site, Site]) -> None:
    async with Raw.open(pair[0].websocket) as here, Raw.open(pair[1].websocket) as there:
        for client in (here, there):
            await client.hello(token("gus"))
            await client.subscribe("passing:counted")
        await here.subscribe("typing:counted", 3)
        for site in pair:
            channels = site.room("channels", pattern="*:counted")["channels"]
            assert channels == {"passing:counted": {"num_clients": 2}, "typing:counted": {"num_clients": 1}}
            nodes = site.room("info")["nodes"]
            assert len({node["uid"] for node in nodes}) == 2
            assert [node["num_clients"] >= 1 for node in nodes] == [True, True]


async def test_a_process_that_hangs_is_passed_over(doomed: tuple[Site, Site]) -> None:
    """While another process does not answer, what needs it is refused; soon it has no part in anything."""
    here, there = doomed
    assert there.server.process is not None
    there.server.process.send_signal(signal.SIGSTOP)
    try:
        async with asyncio.timeout(60):
            while "error" in (answer := await asyncio.to_thread(here.ask, "POST", "/api/info", {})):
                assert answer["error"]["code"] == 100
        assert len(answer["result"]["nodes"]) == 1
        assert here.room("publish", channel="passing:h", data=1)["offset"] == 1
    finally:
        there.server.process.send_signal(signal.SIGCONT)
    async with asyncio.timeout(60):
        while len((await asyncio.to_thread(here.room, "info"))["nodes"]) < 2:
            pass
    assert there.room("publish", channel="passing:h", data=2)["offset"] == 2
