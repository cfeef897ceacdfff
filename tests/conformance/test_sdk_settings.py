"""The settings files that stand for the servers of the official SDKs' own tests, with these SDKs."""

from pathlib import Path

import centrifuge
import pytest

from renown.gateway.admission.tokens import Tokens
from renown.gateway.options import TokenOptions
from tests.conformance.conftest import Connect
from tests.conformance.javascript import HERE, JavaScript
from tests.conformance.site import Site, full_key
from tests.running import RunningServer

pytestmark = pytest.mark.filterwarnings("ignore:Key size should be")  # the secret of their tests


def token(secret: str) -> str:
    return Tokens(TokenOptions(secret=secret, short_secrets=True)).issue("42")


def running(tmp_path: Path, sdk: str) -> RunningServer:
    return RunningServer(tmp_path / "data", "--config", str(HERE / f"sdk_{sdk}.toml"), dev=False)


async def test_the_server_of_the_javascript_client(connect: Connect, tmp_path: Path) -> None:
    with running(tmp_path, "javascript") as server:
        api = Site(server, full_key(server.data))
        client = await connect(server.websocket)
        await client.subscribe("index")
        await client.do("publish", channel="index", data={"n": 1})
        assert (await client.next("publication"))["data"] == {"n": 1}
        await client.do("presence", channel="index")
        assert len((await client.next("presence"))["clients"]) == 1
        await client.do("history", channel="elsewhere", options={"limit": 1})
        assert (await client.next("history"))["data"] == []
        for channel in ("recovery:1", "smallhistory:1", "delta:1"):
            assert (await client.subscribe(channel))["recoverable"]
        async with JavaScript.run() as refused:
            await refused.do("connect", url=server.websocket, token=token("another"))
            assert (await refused.next("disconnected"))["code"] == 3500
        async with JavaScript.run("maps.mjs") as maps:
            await maps.do("connect", url=server.websocket)
            await maps.next("connected")
            for namespace in ("streamless", "positioned", "smallstream", "shortttl", "mapdelta"):
                api.room("map_publish", channel=f"{namespace}:1", key="k", data={"v": 1})
                await maps.do("map", channel=f"{namespace}:1")
                assert [entry["key"] for entry in (await maps.next("sync"))["entries"]] == ["k"]
            gone = await maps.next("update", channel="shortttl:1")
            assert (gone["key"], gone["removed"]) == ("k", True)
            await maps.do("map", channel="clientkey:1")
            await maps.next("sync")
            await maps.do("publish", channel="clientkey:1", key="arbitrary", data={})
            assert (await maps.next("update", channel="clientkey:1"))["key"] not in ("", "arbitrary")
            await maps.do("map", channel="privatemap:1")
            assert (await maps.next("unsubscribed", channel="privatemap:1"))["code"] == 103


@pytest.mark.parametrize("use_protobuf", [False, True])
async def test_the_server_of_the_python_client(tmp_path: Path, use_protobuf: bool) -> None:
    data = b'{"n": 1}' if use_protobuf else {"n": 1}
    with running(tmp_path, "python") as server:
        client = centrifuge.Client(server.websocket, token=token("secret"), use_protobuf=use_protobuf)
        await client.connect()
        try:
            for channel in ("index", "smallhistory:1", "example:1"):
                subscription = client.new_subscription(channel)
                await subscription.subscribe()
                await subscription.ready(timeout=30)
                for _ in range(3):
                    await subscription.publish(data)
                kept = 2 if channel == "smallhistory:1" else 3
                assert len((await subscription.history(limit=-1)).publications) == kept
                if channel != "smallhistory:1":
                    (present,) = (await subscription.presence()).clients.values()
                    assert present.user == "42"
        finally:
            await client.disconnect()
