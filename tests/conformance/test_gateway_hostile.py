"""Clients that mean harm, or have bugs: what they send is answered, and costs nobody else anything."""

import json
from pathlib import Path

import httpx
import pytest

from renown.protocol.replies import ClientInfo
from tests.conformance.conftest import Serve
from tests.conformance.full import full
from tests.conformance.raw import Raw

ROOMS = {
    "chat": {"history_size": 100, "publish": "anyone", "presence": True, "read_history": "anyone"},
    "notes": {"history_size": 100, "map": "persistent", "publish": "anyone"},
}
HUGE = 2**53 - 1


async def test_positions_that_cannot_be_are_answered(tmp_path: Path) -> None:
    async with full(tmp_path, rooms=ROOMS) as whole, Raw.open(whole.url) as raw:
        await raw.hello()
        channels = ["chat:1", "activity:seller:1"]
        for number, channel in enumerate(channels, 10):
            since = {"offset": HUGE, "epoch": ""}
            for reverse in (False, True):
                wanted = {"channel": channel, "limit": 10, "since": since, "reverse": reverse}
                reply = await raw.ask({"id": number, "history": wanted})
                assert reply["history"].get("publications", []) == [], reply
            found = await raw.subscribe(channel, number + 10, recover=True, offset=HUGE)
            assert not found.get("recovered"), found
        for number, channel in enumerate(["notes:1", "standings:seller"], 30):
            wanted = {"channel": channel, "type": 1, "phase": 1, "recover": True, "offset": HUGE}
            reply = await raw.ask({"id": number, "subscribe": wanted})
            assert reply["error"]["code"] == 112, reply


@pytest.mark.parametrize(
    "position",
    ["9" * 5_000 + ":e", "9" * 30 + ":e", f"{HUGE}:e", f"{2**63}:e", "-1:e", "²:e", "1e3:e", ":e", "x"],
)
async def test_positions_of_polls_that_cannot_be_are_answered(served: Serve, position: str) -> None:
    async with served() as server, httpx.AsyncClient(base_url=server.http, trust_env=False) as client:
        query = {"channel": "activity:seller:1", "position": position, "wait": "0"}
        answer = await client.get("/connection/poll", params=query)
        assert answer.status_code in (200, 400), (answer.status_code, answer.text)
        body = json.dumps({"channels": {"activity:seller:1": {"offset": 10**30}}, "wait": 0})
        assert (await client.post("/connection/poll", content=body)).status_code in (200, 400)
        body = '{"channels": {"chat:\\ud800": {}}, "wait": 0}'
        answer = await client.post("/connection/poll", content=body)
        assert answer.status_code in (200, 400), (answer.status_code, answer.text)


async def test_keys_have_a_length(tmp_path: Path) -> None:
    """Clients page by cursors that hold keys: a very long one would break the map for everybody."""
    async with full(tmp_path, rooms=ROOMS) as whole, Raw.open(whole.url) as raw:
        await raw.hello()
        for key, code in (("ü" * 127, None), ("ü" * 128, 107), ("x" * 60_000, 107)):
            command = {"id": 2, "publish": {"channel": "notes:1", "type": 1, "key": key, "data": 1}}
            reply = await raw.ask(command)
            assert reply.get("error", {}).get("code") == code


async def test_the_first_commands_of_a_stream_have_a_length_however_they_come(served: Serve) -> None:
    async with (
        served(message_limit=1_000) as server,
        httpx.AsyncClient(base_url=server.http, trust_env=False) as client,
    ):
        connect = json.dumps({"id": 1, "connect": {"data": "x" * 2_000}})
        for answer in (
            await client.get("/connection/sse", params={"cf_connect": connect}),
            await client.post("/connection/sse", content=connect),
        ):
            assert answer.status_code == 413


async def test_questions_wait_while_their_answers_are_not_read(tmp_path: Path) -> None:
    """Each answer is a thousand times longer than its question: they stop when the reader does."""
    async with (
        full(tmp_path, rooms=ROOMS) as whole,
        Raw.open(whole.url, max_size=2**22, max_queue=1) as raw,
        Raw.open(whole.url) as other,
    ):
        await raw.hello()
        await raw.subscribe("chat:1")
        await other.hello()
        crowd = {f"id{number}": ClientInfo(f"user{number}", f"id{number}") for number in range(2_000)}
        whole.gateway.hub.presence = lambda channel: crowd
        numbers = range(10, 1_000)
        await raw.send(*({"id": number, "presence": {"channel": "chat:1"}} for number in numbers))
        for number in range(2, 30):
            assert (await other.ask({"id": number, "history": {"channel": "chat:1"}}))["id"] == number
        waiting = [client for client in whole.gateway.clients() if client.session and client.session.backlog]
        assert len(waiting) == 1
        assert waiting[0].unsent() < whole.gateway.options.outbound_limit
        for number in numbers:
            reply = await raw.reply()
            assert (reply["id"], len(reply["presence"]["presence"])) == (number, len(crowd))
        assert not whole.gateway.metrics.closes
