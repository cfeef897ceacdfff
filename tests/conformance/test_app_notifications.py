"""Notifications on `user:<id>`: a backend sends them, and who was away is given them on return."""

from collections.abc import Iterator

import cent
import pytest

from tests.conformance.apps import Town, api, application
from tests.conformance.javascript import install
from tests.running import RunningServer

BOTH = pytest.mark.parametrize("protobuf", [False, True], ids=["json", "protobuf"])


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    install()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with application(tmp_path_factory.mktemp("notifications"), "") as running:
        yield running


async def notify(backend: cent.AsyncClient, user: str, *texts: str) -> None:
    for text in texts:
        await backend.publish(cent.PublishRequest(channel=f"user:{user}", data={"text": text}))


@BOTH
async def test_who_was_away_is_given_what_was_sent_meanwhile(server: RunningServer, protobuf: bool) -> None:
    user = f"ana{protobuf}"
    async with Town.run(server.websocket, protobuf=protobuf) as town, api(server) as backend:
        ana = await town.connect(user)
        assert (await ana.next("given"))["channel"] == f"user:{user}"
        await notify(backend, user, "first")
        assert (await ana.next("notice"))["data"] == {"text": "first"}
        await ana.do("leave")
        await ana.next("disconnected")
        await notify(backend, user, "second", "third ✓")
        await ana.do("return")
        await notify(backend, user, "fourth")
        heard = [await ana.next("notice") for _ in range(3)]
        assert [notice["data"]["text"] for notice in heard] == ["second", "third ✓", "fourth"]
        assert [notice["offset"] for notice in heard] == [2, 3, 4]
        assert all(notice["channel"] == f"user:{user}" for notice in heard)
        assert (await ana.next("given"))["recovered"]
        assert not ana.saw("notice")


async def test_every_device_of_a_user_gets_them_and_nobody_else(server: RunningServer) -> None:
    async with Town.run(server.websocket) as town, api(server) as backend:
        phone, laptop = [await town.connect(name, user="bo") for name in ("phone", "laptop")]
        eve = await town.connect("eve")
        await eve.do("watch", channel="user:bo")
        assert (await eve.next("unsubscribed", channel="user:bo"))["code"] == 103
        options = {"limit": 10}
        assert (await eve.ask("history", channel="user:bo", options=options))["code"] == 103
        assert (await eve.ask("publish", channel="user:bo", data="you won"))["code"] == 103
        assert (await phone.ask("publish", channel="user:bo", data="to myself"))["code"] == 103
        await notify(backend, "bo", "hello")
        for device in (phone, laptop):
            assert (await device.next("notice"))["data"] == {"text": "hello"}
        await notify(backend, "eve", "and you")
        # The first that she hears.
        assert (await eve.next("notice"))["data"] == {"text": "and you"}


async def test_a_new_device_reads_the_latest(server: RunningServer) -> None:
    async with Town.run(server.websocket) as town, api(server) as backend:
        await notify(backend, "cy", "one", "two", "three")
        cy = await town.connect("cy")
        options = {"limit": 2, "reverse": True}
        page = await cy.ask("history", channel="user:cy", options=options)
        assert (page["offset"], page["data"]) == (3, [{"text": "three"}, {"text": "two"}])


async def test_a_restart_loses_none(server: RunningServer) -> None:
    async with Town.run(server.websocket) as town:
        async with api(server) as backend:
            dana = await town.connect("dana")
            await notify(backend, "dana", "one")
            await dana.next("notice")
            await dana.do("leave")
            await dana.next("disconnected")
            await notify(backend, "dana", "two")
        server.kill()
        server.start()
        await dana.do("return")
        assert (await dana.next("notice"))["data"] == {"text": "two"}
        async with api(server) as backend:
            await notify(backend, "dana", "three")
        assert (await dana.next("notice"))["offset"] == 3
