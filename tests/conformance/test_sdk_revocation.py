"""Rights that change, tokens that are revoked and users that are sent away, seen by official JavaScript
clients of two processes on the same data. Each must hold within a second: what is waited for here is the
change itself, by a client that was connected before.
"""

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.conftest import Connect
from tests.conformance.javascript import JavaScript
from tests.conformance.site import Site, open_site, second_process, token
from tests.running import RunningServer

SETTINGS = """
[gateway.rooms.team]
history_size = 50
subscribe = "role:member"
publish = "role:member"
"""
MEMBER = {"roles": ["member"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("revocation"), SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def neighbour(site: Site) -> Iterator[RunningServer]:
    with second_process(site) as running:
        yield running


async def everywhere(connect: Connect, site: Site, other: RunningServer, secret: str) -> list[JavaScript]:
    """Return clients with one token: at the site by JSON, at the other process by Protobuf."""
    return [
        await connect(site.websocket, "json", token=secret),
        await connect(other.websocket, "protobuf", token=secret),
    ]


def claim(secret: str, name: str) -> Any:
    part = secret.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))[name]


async def test_rights_taken_and_given_back(connect: Connect, site: Site, neighbour: RunningServer) -> None:
    site.ask("PUT", "/v1/users/ana/rights", MEMBER)
    watchers = await everywhere(connect, site, neighbour, token("ana"))
    watchers.append(await connect(neighbour.websocket, token=token("bo", claims={"rights": MEMBER})))
    for js in watchers:
        await js.subscribe("team:a")
    site.ask("PUT", "/v1/users/ana/rights", {})
    for js in watchers[:2]:
        gone = {(await js.next())["event"] for _ in range(2)}
        assert gone == {"unsubscribed", "server publication"}
        await js.do("publish", channel="team:a", data="still here")
        assert (await js.next("refused"))["code"] == 103
    site.room("publish", channel="team:a", data="among us")
    assert (await watchers[2].next("publication"))["data"] == "among us"
    site.ask("PUT", "/v1/users/ana/rights", MEMBER)
    for js in watchers[:2]:
        await js.next("server publication", channel="user:ana")
        await js.subscribe("team:a")
        assert not [seen for seen in js.seen if seen.get("data") == "still here"]
        assert [seen["event"] for seen in js.seen].count("connected") == 1


async def test_a_revoked_token_ends_its_connections_for_good(
    connect: Connect, site: Site, neighbour: RunningServer
) -> None:
    first, second = token("cy"), token("cy")
    doomed = await everywhere(connect, site, neighbour, first)
    kept = await everywhere(connect, site, neighbour, second)
    site.ask("POST", "/v1/tokens/revoke", {"token_id": claim(first, "jti")})
    for js in doomed:
        assert (await js.next("disconnected"))["code"] == 3500
    for js in kept:
        await js.subscribe("standing:seller:1")
    site.ask("POST", "/v1/tokens/revoke", {"user": "cy"})
    for js in kept:
        assert (await js.next("disconnected"))["code"] == 3500
    await asyncio.sleep(0.01)
    await everywhere(connect, site, neighbour, token("cy"))


async def test_who_is_sent_away_comes_back_or_not_as_the_code_says(
    connect: Connect, site: Site, neighbour: RunningServer
) -> None:
    there = await everywhere(connect, site, neighbour, token("dee"))
    site.ask("POST", "/v1/users/dee/disconnect", {"code": 4100, "reason": "take a break"})
    for js in there:
        seen = await js.next("connecting")
        assert (seen["code"], seen["reason"]) == (4100, "take a break")
        await js.next("connected")
    site.ask("POST", "/v1/users/dee/disconnect")
    for js in there:
        assert (await js.next("disconnected"))["code"] == 3503


async def test_who_is_blocked_is_out_and_stays_out(
    connect: Connect, site: Site, neighbour: RunningServer
) -> None:
    there = await everywhere(connect, site, neighbour, token("eve"))
    bystanders = await everywhere(connect, site, neighbour, token("fay"))
    site.ask("PUT", "/v1/users/eve/rights", {"blocked": True})
    for js in there:
        assert (await js.next("disconnected"))["code"] == 3507
        await js.do("reconnect")
        assert (await js.next("disconnected"))["code"] == 3507
    for js in bystanders:
        await js.subscribe("standing:seller:1")
