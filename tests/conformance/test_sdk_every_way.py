"""Every command of the protocol, by the official JavaScript client: in both encodings, over every transport,
and with Renown as a server of its own and mounted in an application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conformance.hosts import hosted
from tests.conformance.javascript import JavaScript, install
from tests.conformance.site import SECRET, token
from tests.running import RunningServer

SETTINGS = f"""
policies = ["seller"]
[tokens]
secret = "{SECRET}"
[gateway.channels.standing]
interval = 0.0
[gateway.rooms.talk]
publish = "subscribers"
presence = true
join_leave = true
history_size = 20
[gateway.rooms.closed]
subscribe = "nobody"
history_size = 20
[gateway.rooms.cards]
map = "persistent"
history_size = 20
publish = "subscribers"
[gateway.rooms.papers]
history_size = 20
delta = true
[gateway.rooms.quotes]
filters = true
"""
WAYS = pytest.mark.parametrize(
    "transport, protocol",
    [
        ("websocket", "json"),
        ("websocket", "protobuf"),
        ("http_stream", "json"),
        ("http_stream", "protobuf"),
        ("sse", "json"),
    ],
)
HOSTS = pytest.mark.parametrize("host", ["alone", "mounted"])
TEXT = "All work and no play makes Jack a dull boy. " * 20


class Talk:
    """One client, and a backend beside it."""

    def __init__(self, js: JavaScript, backend: httpx.AsyncClient, base: str, name: str) -> None:
        self.js = js
        self.base = base
        self.name = name
        self._backend = backend

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """Ask as a backend; it must succeed."""
        answer = await self._backend.request(method, f"{self.base}{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def room(self, method: str, **body: object) -> Any:
        """Call the API for rooms."""
        answer = await self.ask("POST", f"/api/{method}", body)
        assert "error" not in answer, answer
        return answer["result"]

    async def done(self, command: str, answer: str, **more: Any) -> dict[str, Any]:
        """Have the client do something; return what came of it."""
        await self.js.do(command, **more)
        return await self.js.next(answer)


@pytest.fixture
async def talk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, transport: str, protocol: str
) -> AsyncIterator[Talk]:
    """Connect the client the given way to the given host; its tokens are good for a short while."""
    install()
    monkeypatch.setenv("NODE_OPTIONS", "--experimental-eventsource")
    settings = tmp_path / "renown.toml"
    settings.write_text(SETTINGS)
    async with AsyncExitStack() as stack:
        if host == "alone":
            server = RunningServer(tmp_path / "data", "--config", str(settings))
            await asyncio.to_thread(server.start)
            stack.push_async_callback(asyncio.to_thread, server.stop)
            base = server.url
        else:
            data = tmp_path / "data"
            base = (
                await stack.enter_async_context(
                    hosted("starlette", data, "websockets-sansio", settings=settings)
                )
            ).http
        backend = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=30))
        js = await stack.enter_async_context(JavaScript.run())
        endpoint = f"{base}/connection/{transport}"
        if transport == "websocket":
            endpoint = endpoint.replace("http", "ws", 1)
        options = {"protocol": protocol, "emulationEndpoint": f"{base}/emulation"}
        first = token("ana", lifetime=2, claims={"rights": {"submit": ["review@seller:*"]}})
        way = [{"transport": transport, "endpoint": endpoint}]
        await js.do("connect", url=way, options=options, token=first, refresh=True)
        assert (await js.next("connected"))["transport"] == transport
        yield Talk(js, backend, base, f"{transport}-{protocol}")


@HOSTS
@WAYS
async def test_every_command(talk: Talk) -> None:
    assert (await talk.js.next("server subscribed"))["channel"] == "user:ana"
    await _in_a_room(talk)
    await _calls(talk)
    await _map(talk)
    await _patches_and_filters(talk)
    await _what_is_refused(talk)
    await _refreshes(talk)
    assert (await talk.js.next("server publication"))["data"]["type"] == "rights"
    await talk.js.do("send", data={"to": "nobody"})
    assert (await talk.js.next("disconnected"))["code"] == 3508
    assert [seen["event"] for seen in talk.js.seen].count("connected") == 1


async def _in_a_room(talk: Talk) -> None:
    js, channel = talk.js, "talk:1"
    subscribed = await js.subscribe(channel, options={"joinLeave": True})
    assert (subscribed["recoverable"], subscribed["positioned"]) == (True, True)
    assert (await js.next("join"))["user"] == "ana"
    await js.do("publish", channel=channel, data={"text": "hé\n🏆"})
    said = await js.next("publication")
    assert (said["offset"], said["data"], said["user"]) == (1, {"text": "hé\n🏆"}, "ana")
    present = await talk.done("presence", "presence", channel=channel)
    assert [each["user"] for each in present["clients"]] == ["ana"]
    stats = await talk.done("stats", "stats", channel=channel)
    assert (stats["clients"], stats["users"]) == (1, 1)
    await talk.room("publish", channel=channel, data=2)
    assert (await js.next("publication"))["offset"] == 2
    page = await talk.done("history", "history", channel=channel, options={"limit": 10, "reverse": True})
    assert (page["offset"], page["offsets"], page["data"][0]) == (2, [2, 1], 2)
    await talk.done("unsubscribe", "unsubscribed", channel=channel)
    await talk.room("publish", channel=channel, data=3)
    assert (await js.subscribe(channel))["recovered"]
    assert (await js.next("publication"))["offset"] == 3
    await talk.done("unsubscribe", "unsubscribed", channel=channel)
    # The client counts as unsubscribed before the server does.
    async with asyncio.timeout(30):
        while (await talk.room("presence", channel=channel))["presence"]:  # noqa: ASYNC110 (asked over HTTP)
            await asyncio.sleep(0.05)


async def _calls(talk: Talk) -> None:
    js, channel = talk.js, "standing:seller:42"
    await js.subscribe(channel)
    event = {"type": "review", "subject": "seller:42", "value": 4}
    assert (await talk.done("rpc", "result", method="event.submit", data=event))["data"][
        "status"
    ] == "applied"
    if not any(seen["event"] == "publication" and seen["channel"] == channel for seen in js.seen):
        await js.next("publication", channel=channel)
    found = await talk.done("rpc", "result", method="standing.get", data={"subject": "seller:42"})
    assert found["data"] == await talk.ask("GET", "/v1/standings/seller%3A42")
    assert found["data"]["version"] == 1


async def _map(talk: Talk) -> None:
    js, channel = talk.js, "cards:1"
    await talk.room("map_publish", channel=channel, key="a", data=1)
    found = await talk.done("map", "sync", channel=channel)
    assert found["entries"] == [{"key": "a", "data": 1}]
    await js.do("set", channel=channel, key="b", data={"x": 2})
    update = await js.next("update")
    assert (update["key"], update["data"]) == ("b", {"x": 2})
    await js.do("remove", channel=channel, key="a")
    update = await js.next("update")
    assert (update["key"], update["removed"]) == ("a", True)


async def _patches_and_filters(talk: Talk) -> None:
    js = talk.js
    await js.subscribe("papers:1", options={"delta": "fossil"})
    for number in range(3):
        await talk.room("publish", channel="papers:1", data={"text": TEXT, "number": number})
        assert (await js.next("publication"))["data"] == {"text": TEXT, "number": number}
    counted = await talk.done("patches", "patches", channel="papers:1")
    assert (counted["whole"], counted["patched"]) == (1, 2)
    await js.subscribe("quotes:1", options={"tagsFilter": {"key": "price", "cmp": "gt", "val": "9.5"}})
    for price in ("9", "10"):
        await talk.room("publish", channel="quotes:1", data=price, tags={"price": price})
    assert (await js.next("publication"))["data"] == "10"


async def _what_is_refused(talk: Talk) -> None:
    for channel, code in (("nothing:1", 102), ("closed:1", 103), ("talk:é", 107)):
        ended = await talk.done("subscribe", "unsubscribed", channel=channel)
        assert (ended["channel"], ended["code"]) == (channel, code)
    await talk.js.do("forget")
    for command, channel, code in (
        ("history", "quotes:1", 108),
        ("presence", "papers:1", 108),
        ("presence", "talk:2", 103),
        ("publish", "standing:seller:42", 103),
    ):
        refused = await talk.done(command, "refused", channel=channel, data=1, options={"limit": 1})
        assert refused["code"] == code, (command, channel)
    assert (await talk.done("rpc", "refused", method="standing.drop"))["code"] == 104


async def _refreshes(talk: Talk) -> None:
    """A client asks for the next token when its refresh was answered, and tells of errors."""
    js, channel = talk.js, "closed:2"
    await js.do("subscribe", channel=channel, refresh=True)
    asked = {"connection": 0, channel: 0}
    if any(seen["event"] == "token wanted" for seen in js.seen):
        # It was asked for before, and waits for its answer still.
        await js.do("token", token=token("ana", lifetime=2))
        asked["connection"] += 1
    while asked["connection"] < 2 or asked[channel] < 3:
        about = (await js.next("token wanted")).get("channel")
        asked[about or "connection"] += 1
        await js.do("token", token=token("ana", channel=about, lifetime=2))
    assert not [seen for seen in js.seen if seen["event"] == "error"]
    await talk.room("publish", channel=channel, data="still there")
    assert (await js.next("publication", channel=channel))["data"] == "still there"
    await talk.ask("PUT", "/v1/users/ana/rights", {"roles": ["member"]})
