"""The official JavaScript client with a filter over the tags of a map: keys come and go with their tags."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from renown.gateway import Gateway
from renown.protocol.codes import Error
from renown.rooms.room import Draft
from tests.conformance.conftest import Serve
from tests.conformance.javascript import JavaScript, install
from tests.conformance.test_sdk_maps import Copy

ROOM = {"map": "persistent", "history_size": 1_000, "filters": True}
OPTIONS: dict[str, Any] = {"tagsFilter": {"key": "team", "cmp": "eq", "val": "red"}, "pageSize": 100}
BOTH = pytest.mark.parametrize("protobuf", [False, True], ids=["json", "protobuf"])


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    install()


@pytest.fixture
async def js() -> AsyncIterator[JavaScript]:
    async with JavaScript.run("maps.mjs") as client:
        yield client


async def put(gateway: Gateway, key: str, team: str, number: int = 0) -> None:
    draft = Draft(msgspec.Raw(b'{"n":%d}' % number), key=key, tags={"team": team})
    assert not isinstance(await gateway.publish("player:1", draft), Error)


@BOTH
async def test_keys_go_when_their_tags_pass_no_longer_and_come_back(
    js: JavaScript, served: Serve, protobuf: bool
) -> None:
    copy = Copy(js)
    async with served(rooms={"player": ROOM}) as server:
        gateway = server.gateway
        for number in range(250):
            await put(gateway, f"p{number:03}", "red" if number % 2 else "blue", number)
        await js.do("connect", url=server.url, protobuf=protobuf)
        await js.next("connected")
        await js.do("map", channel="player:1", options=OPTIONS)
        await copy.next("sync")
        red = {f"p{number:03}": {"n": number} for number in range(1, 250, 2)}
        assert copy.entries == red
        await put(gateway, "p001", "blue")
        assert (await copy.next("update"))["removed"]
        await put(gateway, "p003", "red", 1_000)
        await put(gateway, "p001", "red", 1_001)
        await copy.until(red | {"p003": {"n": 1_000}, "p001": {"n": 1_001}})
        # While it is away one goes, one comes, and what never passed changes.
        await js.do("disconnect")
        await js.next("disconnected")
        await put(gateway, "p005", "blue")
        await put(gateway, "p100", "red", 2)
        await js.do("reconnect")
        wanted = red | {"p003": {"n": 1_000}, "p001": {"n": 1_001}, "p100": {"n": 2}}
        del wanted["p005"]
        await copy.until(wanted)
        assert copy.syncs == 1
