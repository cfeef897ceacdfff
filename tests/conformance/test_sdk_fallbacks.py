"""The official JavaScript client without WebSockets: HTTP streaming in JSON and Protobuf, and SSE."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from renown.ledger import Ledger
from renown.model import Event
from tests.conformance.conftest import Serve
from tests.conformance.javascript import JavaScript, install
from tests.conformance.keys import shared
from tests.conformance.serving import Served
from tests.conformance.streams import nobody_left, until

STANDING = "standing:seller:42"
ACTIVITY = "activity:seller:42"
WAYS = [("http_stream", "json"), ("http_stream", "protobuf"), ("sse", "json")]
ways = pytest.mark.parametrize("transport, protocol", WAYS)


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    install()


@pytest.fixture
async def js(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[JavaScript]:
    monkeypatch.setenv("NODE_OPTIONS", "--experimental-eventsource")
    async with JavaScript.run() as client:
        yield client


def connecting(server: Served, transport: str, protocol: str) -> dict[str, Any]:
    endpoint = f"{server.http}/connection/{transport}"
    options = {"protocol": protocol, "emulationEndpoint": f"{server.http}/emulation"}
    return {"url": [{"transport": transport, "endpoint": endpoint}], "options": options}


async def rate(ledger: Ledger, value: float = 4.0) -> None:
    await ledger.append([Event("review", "seller:42", value=value)])


@ways
async def test_subscribe_live_change_unsubscribe_and_leave(
    js: JavaScript, served: Serve, ledger: Ledger, transport: str, protocol: str
) -> None:
    await rate(ledger)
    async with served() as server:
        await js.do("connect", **connecting(server, transport, protocol))
        await js.do("subscribe", channel=STANDING)
        assert (await js.next("connected"))["transport"] == transport
        subscribed = await js.next("subscribed")
        assert (subscribed["recoverable"], subscribed["positioned"]) == (True, True)
        assert (await js.next("publication"))["data"]["version"] == 1
        await rate(ledger, 5.0)
        live = await js.next("publication")
        assert (live["offset"], live["data"]["version"]) == (2, 2)
        await js.do("history", channel=ACTIVITY, options={"limit": 10})
        assert (await js.next("history"))["offsets"] == [1, 2]
        await js.do("unsubscribe", channel=STANDING)
        await js.next("unsubscribed")
        await until(lambda: server.gateway.metrics.subscriptions == 0)
        await js.do("disconnect")
        await nobody_left(server)


@ways
async def test_recovery_after_the_server_was_away(
    js: JavaScript, served: Serve, ledger: Ledger, transport: str, protocol: str
) -> None:
    async with served() as server:
        port = server.port
        await js.do("connect", **connecting(server, transport, protocol))
        await js.do("subscribe", channel=ACTIVITY)
        await js.next("subscribed")
        await rate(ledger)
        assert (await js.next("publication"))["offset"] == 1
        await server.gateway.drain()
        assert (await js.next("connecting"))["code"] == 3001
    for _ in range(3):
        await rate(ledger)
    async with served(port=port):
        back = await js.next("subscribed")
        assert (back["wasRecovering"], back["recovered"]) == (True, True)
        assert [(await js.next("publication"))["offset"] for _ in range(3)] == [2, 3, 4]


@ways
async def test_pings_are_answered(
    js: JavaScript, served: Serve, ledger: Ledger, transport: str, protocol: str
) -> None:
    async with served(ping_interval=0.5, pong_timeout=0.4) as server:
        await js.do("connect", **connecting(server, transport, protocol))
        await js.do("subscribe", channel=STANDING)
        await js.next("subscribed")
        await asyncio.sleep(2.5)
        await rate(ledger)
        await js.next("publication")
        assert not server.gateway.metrics.closes
        assert [seen["event"] for seen in js.seen].count("connected") == 1


@ways
async def test_an_expired_token_is_replaced_and_a_bad_one_is_the_end(
    js: JavaScript, served: Serve, transport: str, protocol: str
) -> None:
    tokens = shared()
    async with served(tokens, anonymous=False) as server:
        how = connecting(server, transport, protocol)
        await js.do("connect", token=tokens.issue("ana", lifetime=-5), refresh=True, **how)
        await js.next("token wanted")
        await js.do("token", token=tokens.issue("ana"))
        await js.next("connected")
        await js.do("disconnect")
        await js.next("disconnected")
        await js.do("connect", token=tokens.issue("ana")[:-8] + "AAAAAAAA", **how)
        ended = await js.next("disconnected")
        assert (ended["code"], ended["reason"]) == (3500, "invalid token")


@pytest.mark.parametrize("refused, taken", [(1, "http_stream"), (2, "sse")])
async def test_the_order_of_falling_back(
    js: JavaScript, served: Serve, ledger: Ledger, refused: int, taken: str
) -> None:
    """Where WebSocket, and then HTTP streaming, are answered 404, the next of the list is taken at once."""
    async with served() as server:
        good = [
            {"transport": "websocket", "endpoint": server.url},
            {"transport": "http_stream", "endpoint": f"{server.http}/connection/http_stream"},
            {"transport": "sse", "endpoint": f"{server.http}/connection/sse"},
        ]
        bad = [{**way, "endpoint": f"{way['endpoint']}/nothing"} for way in good[:refused]]
        options = {"emulationEndpoint": f"{server.http}/emulation"}
        await js.do("connect", url=bad + good[refused:], options=options)
        await js.do("subscribe", channel=STANDING)
        assert (await js.next("connected"))["transport"] == taken
        await js.next("subscribed")
        await rate(ledger)
        await js.next("publication")
