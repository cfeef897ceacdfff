"""A chat on rooms: messages that stay, who is there, typing signs, read receipts."""

from collections.abc import Iterator
from pathlib import Path

import cent
import pytest

from tests.conformance.apps import Town, api, application
from tests.conformance.javascript import install
from tests.running import RunningServer

SETTINGS = """
[gateway.rooms.chat]
history_size = 200
presence = true
join_leave = true
subscribe = "users"
publish = "subscribers"

[gateway.rooms.typing]
subscribe = "users"
publish = "subscribers"

[gateway.rooms.receipts]
map = "persistent"
history_size = 100
user_key = true
subscribe = "users"
publish = "subscribers"
"""
ROOM = "chat:lobby"
FORMS = pytest.mark.parametrize("protobuf", [False, True], ids=["json", "protobuf"])


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    install()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with application(tmp_path_factory.mktemp("chat"), SETTINGS) as running:
        yield running


@pytest.fixture
def room(request: pytest.FixtureRequest) -> str:
    """A room that no other test uses."""
    return f"chat:{request.node.name}".replace(" ", "")


@FORMS
async def test_messages_reach_all_in_one_order_and_stay(tmp_path: Path, protobuf: bool) -> None:
    with application(tmp_path, SETTINGS) as server:
        async with Town.run(server.websocket, protobuf=protobuf) as town:
            ana, bo = await town.connect("ana"), await town.connect("bo")
            await ana.watch(ROOM)
            await bo.watch(ROOM)
            for number in range(10):
                await (bo if number % 2 else ana).ask("publish", channel=ROOM, data={"text": f"{number} ✓"})
            for person in (ana, bo):
                for number in range(10):
                    message = await person.next("publication", channel=ROOM)
                    assert (message["offset"], message["data"]) == (number + 1, {"text": f"{number} ✓"})
                    author = bo if number % 2 else ana
                    assert (message["user"], message["client"]) == (author.name, author.client)
            server.kill()
            await ana.next("connecting")
            server.start()
            for person in (ana, bo):
                back = await person.next("subscribed", channel=ROOM)
                assert (back["wasRecovering"], back["recovered"]) == (True, True)
            await ana.ask("publish", channel=ROOM, data={"text": "again"})
            assert (await bo.next("publication"))["offset"] == 11
            cy = await town.connect("cy")
            await cy.watch(ROOM)
            page = await cy.ask("history", channel=ROOM, options={"limit": 3, "reverse": True})
            assert page["offset"] == 11
            assert page["data"] == [{"text": "again"}, {"text": "9 ✓"}, {"text": "8 ✓"}]


async def test_who_was_away_reads_what_was_said_meanwhile(server: RunningServer, room: str) -> None:
    async with Town.run(server.websocket) as town:
        ana, bo = await town.connect("ana"), await town.connect("bo")
        await ana.watch(room)
        await bo.watch(room)
        await ana.ask("publish", channel=room, data="before")
        assert (await bo.next("publication"))["data"] == "before"
        await bo.do("leave")
        await bo.next("disconnected")
        for number in range(5):
            await ana.ask("publish", channel=room, data=number)
        await bo.do("return")
        assert (await bo.next("subscribed", channel=room))["recovered"]
        await ana.ask("publish", channel=room, data="after")
        heard = [await bo.next("publication") for _ in range(6)]
        assert [message["data"] for message in heard] == [0, 1, 2, 3, 4, "after"]
        assert [message["offset"] for message in heard] == [2, 3, 4, 5, 6, 7]
        assert not bo.saw("publication")


@FORMS
async def test_everybody_knows_who_is_there(server: RunningServer, room: str, protobuf: bool) -> None:
    async with Town.run(server.websocket, protobuf=protobuf) as town:
        ana, bo = await town.connect("ana"), await town.connect("bo")
        await ana.watch(room, joinLeave=True)
        assert (await ana.next("join"))["user"] == "ana"
        assert (await bo.ask("presence", channel=room))["code"] == 103
        await bo.watch(room)
        assert (await ana.next("join"))["user"] == "bo"
        assert (await bo.ask("presence", channel=room))["users"] == ["ana", "bo"]
        await bo.do("unwatch", channel=room)
        assert (await ana.next("leave"))["user"] == "bo"
        cy = await town.connect("cy")
        await cy.watch(room)
        assert (await ana.next("join"))["user"] == "cy"
        await cy.do("leave")
        assert (await ana.next("leave"))["user"] == "cy"
        assert (await ana.ask("presence", channel=room))["users"] == ["ana"]
        # Bo did not ask to be told.
        assert not bo.saw("join")


async def test_only_members_speak(server: RunningServer, room: str) -> None:
    async with Town.run(server.websocket) as town, api(server) as backend:
        ana, eve = await town.connect("ana"), await town.connect("eve")
        await ana.watch(room)
        assert (await eve.ask("publish", channel=room, data="let me in"))["code"] == 103
        assert (await eve.ask("history", channel=room, options={"limit": 1}))["code"] == 103
        await backend.publish(cent.PublishRequest(channel=room, data="from the backend"))
        assert (await ana.next("publication"))["data"] == "from the backend"
        assert not eve.saw("publication")


@FORMS
async def test_typing_signs_are_for_who_is_there_now(
    server: RunningServer, room: str, protobuf: bool
) -> None:
    sign = room.replace("chat", "typing")
    async with Town.run(server.websocket, protobuf=protobuf) as town:
        ana, bo, cy = [await town.connect(name) for name in ("ana", "bo", "cy")]
        await ana.watch(sign)
        await bo.watch(sign)
        await ana.ask("publish", channel=sign, data={"typing": True})
        seen = await bo.next("publication")
        assert (seen["user"], seen["data"], seen.get("offset")) == ("ana", {"typing": True}, None)
        assert (await cy.ask("publish", channel=sign, data={"typing": True}))["code"] == 103
        await cy.watch(sign)
        assert (await cy.ask("history", channel=sign, options={"limit": 1}))["code"] == 108
        await bo.ask("publish", channel=sign, data={"typing": False})
        # The first that somebody hears who came later.
        assert (await cy.next("publication"))["data"] == {"typing": False}


@FORMS
async def test_read_receipts_are_each_users_own(tmp_path: Path, protobuf: bool) -> None:
    receipts = "receipts:lobby"
    with application(tmp_path, SETTINGS) as server:
        async with Town.run(server.websocket, protobuf=protobuf) as town:
            ana, bo = await town.connect("ana"), await town.connect("bo")
            phone = await town.connect("phone", user="ana")
            for person in (ana, bo, phone):
                assert await person.map(receipts) == {}
            await ana.ask("set", channel=receipts, key="ana", data={"read": 3})
            for person in (ana, bo, phone):
                update = await person.next("update")
                assert (update["key"], update["data"], update["user"]) == ("ana", {"read": 3}, "ana")
            assert (await bo.ask("set", channel=receipts, key="ana", data={"read": 99}))["code"] == 103
            assert (await bo.ask("unset", channel=receipts, key="ana"))["code"] == 103
            await bo.ask("set", channel=receipts, key="bo", data={"read": 4})
            await phone.ask("set", channel=receipts, key="ana", data={"read": 5})
            assert (await bo.next("update", key="ana"))["data"] == {"read": 5}
            server.kill()
            await ana.next("connecting")
            server.start()
            cy = await town.connect("cy")
            assert await cy.map(receipts) == {"ana": {"read": 5}, "bo": {"read": 4}}
            await bo.next("connected")
            await bo.next("subscribed", wasRecovering=True)
            await bo.ask("unset", channel=receipts, key="bo")
            assert (await cy.next("update", key="bo"))["removed"]


async def test_nobody_has_no_key(tmp_path: Path) -> None:
    rules = SETTINGS.replace('subscribe = "users"', 'subscribe = "anyone"')
    with application(tmp_path, f"{rules}\n[access]\nanonymous = true\n") as server:
        async with Town.run(server.websocket) as town:
            guest = await town.connect("guest", user="")
            assert await guest.map("receipts:lobby") == {}
            for key in ("guest", guest.client):
                assert (await guest.ask("set", channel="receipts:lobby", key=key, data=1))["code"] == 103
