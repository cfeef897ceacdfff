"""The long poll: known positions in, what is newer out."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from renown.ledger import Ledger
from renown.model import Event
from tests.conformance.conftest import Serve
from tests.conformance.keys import shared
from tests.conformance.serving import Served
from tests.conformance.streams import nobody_left, until

POLL = "/connection/poll"
STANDING = "standing:seller:42"
ACTIVITY = "activity:seller:42"


async def rate(ledger: Ledger, value: float = 4.0) -> None:
    await ledger.append([Event("review", "seller:42", value=value)])


def client(server: Served, **more: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.http, timeout=60, trust_env=False, **more)


async def poll(http: httpx.AsyncClient, channels: Any, **more: Any) -> dict[str, Any]:
    answer = await http.post(POLL, json={"channels": channels, **more})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert "no-store" in answer.headers["cache-control"]
    found: dict[str, Any] = answer.json()["channels"]
    return found


def positions(found: dict[str, Any]) -> dict[str, Any]:
    return {name: {"epoch": at["epoch"], "offset": at["offset"]} for name, at in found.items()}


async def test_what_is_newer_comes_out_and_nothing_twice(served: Serve, ledger: Ledger) -> None:
    await rate(ledger)
    async with served() as server, client(server) as http:
        first = await poll(http, {STANDING: {}, ACTIVITY: {}})
        assert [pub["data"]["version"] for pub in first[STANDING]["publications"]] == [1]
        assert (first[STANDING]["epoch"], first[STANDING]["offset"]) == (ledger.id, 1)
        assert (first[ACTIVITY]["offset"], "publications" in first[ACTIVITY]) == (1, False)
        waiting = asyncio.create_task(poll(http, positions(first), wait=20))
        await until(lambda: server.gateway.metrics.subscriptions == 2)
        await rate(ledger, 5.0)
        second = await waiting
        assert any("publications" in found for found in second.values())
        seen: list[int] = [pub["offset"] for pub in second[ACTIVITY].get("publications", [])]
        for _ in range(2):
            third = await poll(http, positions(second), wait=0)
            seen += [pub["offset"] for pub in third[ACTIVITY].get("publications", [])]
            second = third
        assert (second[STANDING]["offset"], seen) == (2, [2])
        await nobody_left(server)


async def test_a_stream_gives_all_that_was_missed_in_order(served: Serve, ledger: Ledger) -> None:
    for _ in range(5):
        await rate(ledger)
    async with served() as server, client(server) as http:
        found = await poll(http, {ACTIVITY: {"epoch": ledger.id, "offset": 2}})
        assert [pub["offset"] for pub in found[ACTIVITY]["publications"]] == [3, 4, 5]
        assert (found[ACTIVITY]["recovered"], found[ACTIVITY]["offset"]) == (True, 5)
        lost = await poll(http, {ACTIVITY: {"epoch": "another", "offset": 2}})
        assert (lost[ACTIVITY]["recovered"], lost[ACTIVITY]["offset"]) == (False, 5)


async def test_without_news_it_waits_and_says_where_things_stand(served: Serve, ledger: Ledger) -> None:
    await rate(ledger)
    async with served(poll_wait=0.3) as server, client(server) as http:
        known = {STANDING: {"epoch": ledger.id, "offset": 1}}
        loop = asyncio.get_running_loop()
        begun = loop.time()
        found = await poll(http, known, wait=1000)
        assert loop.time() - begun >= 0.3
        assert found == {STANDING: {"epoch": ledger.id, "offset": 1, "recovered": True}}


async def test_a_subject_that_is_not_known_yet(served: Serve, ledger: Ledger) -> None:
    async with served() as server, client(server) as http:
        found = await poll(http, {STANDING: {}})
        assert found[STANDING] == {"epoch": ledger.id, "offset": 0}
        waiting = asyncio.create_task(poll(http, positions(found)))
        await until(lambda: server.gateway.metrics.subscriptions == 1)
        await rate(ledger)
        assert (await waiting)[STANDING]["publications"][0]["data"]["version"] == 1


async def test_the_server_pings_a_long_one_and_it_goes_on(served: Serve, ledger: Ledger) -> None:
    async with served(ping_interval=0.5, pong_timeout=0.3) as server, client(server) as http:
        known = {STANDING: {"epoch": ledger.id, "offset": 0}}
        await poll(http, known, wait=2)
        assert not server.gateway.metrics.closes


async def test_a_channel_that_cannot_be_had_is_said_so(served: Serve) -> None:
    async with served() as server, client(server) as http:
        found = await poll(http, {"nothing:here": {}}, wait=0)
        assert found["nothing:here"]["error"] == {"code": 102, "message": "unknown channel"}
        both = await poll(http, {"nothing:here": {}, STANDING: {}})
        assert ("error" in both["nothing:here"], "error" in both[STANDING]) == (True, False)


async def test_tokens(served: Serve) -> None:
    tokens = shared()
    rules = {"standing": {"subscribe": "users"}}
    async with served(tokens, anonymous=False, channels=rules) as server, client(server) as http:
        question = {"channels": {STANDING: {}}}
        nobody = await http.post(POLL, json=question)
        assert (nobody.status_code, nobody.json()["disconnect"]["code"]) == (401, 3501)
        forged = await http.post(POLL, json={**question, "token": tokens.issue("ana")[:-4] + "AAAA"})
        assert (forged.status_code, forged.json()["disconnect"]["code"]) == (401, 3500)
        expired = await http.post(POLL, json={**question, "token": tokens.issue("ana", lifetime=-5)})
        assert (expired.status_code, expired.json()["error"]["code"]) == (401, 109)
        assert "offset" in (await poll(http, {STANDING: {}}, token=tokens.issue("ana")))[STANDING]
        header = {"Authorization": f"Bearer {tokens.issue('ana')}"}
        assert (await http.post(POLL, json=question, headers=header)).status_code == 200
        assert (await http.get(POLL, params={"channel": STANDING}, headers=header)).status_code == 200
        in_address = await http.get(POLL, params={"channel": STANDING, "token": tokens.issue("ana")})
        assert in_address.status_code == 400
        assert "Authorization" in in_address.text


async def test_a_subscription_token_opens_what_is_closed(served: Serve) -> None:
    tokens = shared()
    rules = {"standing": {"subscribe": "nobody"}}
    async with served(tokens, channels=rules) as server, client(server) as http:
        denied = await poll(http, {STANDING: {}}, wait=0)
        assert denied[STANDING]["error"]["code"] == 103
        token = tokens.issue("", channel=STANDING)
        assert "offset" in (await poll(http, {STANDING: {"token": token}}))[STANDING]


async def test_in_the_query(served: Serve, ledger: Ledger) -> None:
    await rate(ledger)
    async with served() as server, client(server) as http:
        answer = await http.get(POLL, params={"channel": [STANDING, ACTIVITY]})
        assert set(answer.json()["channels"]) == {STANDING, ACTIVITY}
        known = {"channel": [STANDING, ACTIVITY], "position": [f"1:{ledger.id}", f"0:{ledger.id}"]}
        found = (await http.get(POLL, params=known)).json()["channels"]
        assert "publications" not in found[STANDING]
        assert [pub["offset"] for pub in found[ACTIVITY]["publications"]] == [1]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"channels":{}}',
        '{"channels":[]}',
        '{"channels":{"a":{"offset":-1}}}',
        '{"channels":{"a":{"offset":"1"}}}',
        '{"channels":{"a":null}}',
        '{"channels":{"a":{}},"wait":-1}',
        '{"channels":{"a":{}},"wait":NaN}',
        '{"channels":{"a":{}},"other":1}',
        b"\xff\xfe",
    ],
)
async def test_what_is_no_poll(served: Serve, body: str | bytes) -> None:
    async with served() as server, client(server) as http:
        answer = await http.post(POLL, content=body)
        assert answer.status_code == 400
        assert answer.text.endswith("\n")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "wait=1",
        "channel=a&wait=x",
        "channel=a&wait=-1",
        "channel=a&channel=b&position=1:e",
        "channel=a&position=x",
    ],
)
async def test_what_is_no_query(served: Serve, query: str) -> None:
    async with served() as server, client(server) as http:
        assert (await http.get(f"{POLL}?{query}")).status_code == 400


async def test_a_client_that_leaves_is_forgotten_at_once(served: Serve, ledger: Ledger) -> None:
    async with served() as server, client(server) as http:
        known = {STANDING: {"epoch": ledger.id, "offset": 0}}
        waiting = asyncio.create_task(http.post(POLL, json={"channels": known}))
        await until(lambda: server.gateway.metrics.subscriptions == 1)
        waiting.cancel()
        await nobody_left(server)


async def test_waiting_ones_are_answered_when_the_server_stops(served: Serve, ledger: Ledger) -> None:
    async with served() as server, client(server) as http:
        known = {STANDING: {"epoch": ledger.id, "offset": 0}}
        waiting = asyncio.create_task(poll(http, known))
        await until(lambda: server.gateway.metrics.subscriptions == 1)
        await asyncio.wait_for(server.gateway.drain(), 10)
        assert (await waiting)[STANDING]["offset"] == 0
        refused = await http.post(POLL, json={"channels": known})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")


async def test_pages_of_other_origins(served: Serve) -> None:
    async with served(origins=("https://shop.example",)) as server, client(server) as http:
        asked = {"Origin": "https://shop.example", "Access-Control-Request-Headers": "authorization"}
        preflight = await http.options(POLL, headers=asked)
        assert (preflight.status_code, preflight.headers["access-control-allow-headers"]) == (
            204,
            "authorization",
        )
        answer = await http.post(POLL, content=json.dumps({"channels": {STANDING: {}}}), headers=asked)
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        foreign = await http.post(POLL, headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403
