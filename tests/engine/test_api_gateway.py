"""`GET /v1/gateway`: what it counts, and who is told."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from tests.running import RunningServer, cli_key

SETTINGS = """
policies = ["seller"]

[tokens]
secret = "0123456789abcdef0123456789abcdef"

[access]
anonymous = true
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with RunningServer(tmp_path / "data") as running:
        yield running


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "renown.toml").write_text(SETTINGS)
    with RunningServer(folder, "--config", str(folder / "renown.toml"), dev=False) as running:
        yield running


def _view(server: RunningServer, **options: Any) -> dict[str, Any]:
    answer = httpx.get(f"{server.url}/v1/gateway", **options)
    answer.raise_for_status()
    return answer.json()


async def _say(socket: websockets.ClientConnection, **command: Any) -> dict[str, Any]:
    await socket.send(json.dumps(command))
    while True:
        for line in str(await socket.recv()).splitlines():
            reply = json.loads(line)
            if reply.get("id") == command["id"]:
                return reply


async def test_it_counts_clients_subscriptions_outcomes_and_closes(server: RunningServer) -> None:
    async with (
        websockets.connect(server.websocket) as one,
        websockets.connect(server.websocket) as other,
    ):
        for socket in (one, other):
            await _say(socket, id=1, connect={"name": "js", "version": "5.8.0"})
            await _say(socket, id=2, subscribe={"channel": "standing:seller:1"})
        assert "error" in await _say(one, id=3, subscribe={"channel": "nonsense:1"})
        event = {"type": "review", "subject": "seller:1", "value": 5}
        async with httpx.AsyncClient() as client:
            (await client.post(f"{server.url}/v1/events", json=event)).raise_for_status()
        assert '"push"' in str(await one.recv())
        assert '"push"' in str(await other.recv())

        view = await asyncio.to_thread(_view, server)
        assert view["connections"] == [
            {"transport": "websocket", "protocol": "json", "sdk": "js", "version": "5.8.0", "count": 2}
        ]
        (standing,) = [each for each in view["namespaces"] if each["namespace"] == "standing"]
        assert (standing["subscriptions"], standing["publications"]) == (2, 1)
        assert view["outcomes"]["connect"] == {"ok": 2}
        assert view["outcomes"]["subscribe"] == {"new": 2}
        assert view["outcomes"]["errors"] == {"102 unknown channel": 1}
        assert (view["totals"]["opened"], view["totals"]["deliveries"]) == (2, 2)
        assert view["latency"]["count"] == 1
        assert 0 < view["latency"]["p50"] <= view["latency"]["p99"]
        assert view["queues"] == {"waiting": 0, "slow": 0, "total": 0, "largest": 0}
        assert view["loops"] == []
        assert view["closes"] == []

    async with websockets.connect(server.websocket) as bad:
        await bad.send("no command")
        await bad.wait_closed()
    view = await asyncio.to_thread(_view, server)
    assert view["closes"] == [{"code": 3501, "reason": "bad request", "count": 1}]
    assert view["outcomes"]["connect"] == {"ok": 2, "3501 bad request": 1}
    assert view["connections"] == []


async def test_a_user_who_connects_again_and_again_is_named(server: RunningServer) -> None:
    made = await asyncio.to_thread(httpx.post, f"{server.url}/v1/tokens", json={"user": "ana"}, timeout=20)
    token = made.json()["token"]
    for _ in range(25):
        async with websockets.connect(server.websocket) as socket:
            await _say(socket, id=1, connect={"token": token})
    view = await asyncio.to_thread(_view, server)
    (loop,) = view["loops"]
    assert loop["user"] == "ana"
    assert loop["connects"] > 20
    # Once for a loop, not once for each connection of it.
    log = server.log.read_text()
    assert log.count("the user 'ana' connects again and again, last by websocket json") == 1


def test_samples_are_sent_once(server: RunningServer) -> None:
    first = _view(server)
    assert first["samples"]
    assert first["samples"][0]["connections"] == 0
    last = first["samples"][-1]["at"]
    assert all(sample["at"] > last for sample in _view(server, params={"since": last})["samples"])
    wrong = httpx.get(f"{server.url}/v1/gateway", params={"since": "yesterday"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_parameter")


def test_it_is_for_api_keys_that_may_read(guarded: RunningServer) -> None:
    path = f"{guarded.url}/v1/gateway"
    assert httpx.get(f"{guarded.url}/v1/info").status_code == 200, "anybody may read standings here"
    nobody = httpx.get(path)
    assert (nobody.status_code, nobody.json()["code"]) == (403, "missing_scope")
    reader = cli_key(guarded.data, "read", "tokens")
    token = httpx.post(
        f"{guarded.url}/v1/tokens", json={"user": "ana"}, headers={"x-api-key": reader}, timeout=20
    )
    bearer = {"authorization": f"Bearer {token.json()['token']}"}
    assert httpx.get(path, headers=bearer).status_code == 403
    writer = cli_key(guarded.data, "events")
    assert httpx.get(path, headers={"x-api-key": writer}).status_code == 403
    assert httpx.get(path, headers={"x-api-key": reader}).status_code == 200
