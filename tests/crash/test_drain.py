"""SIGTERM with two hundred clients of every transport: all are told to come back, the end is in order."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from renown.protocol.wire.client_pb2 import Command, ConnectRequest
from tests.running import RunningServer

EACH = 40
DRAIN = 2.0
HELLO = json.dumps({"id": 1, "connect": {"name": "drain"}})
SETTINGS = f"""
[gateway]
drain_time = {DRAIN}
[shutdown]
wait = 2.0
"""


class Crowd:
    """Clients, and when each was told what."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.connected = 0
        self.told: list[tuple[str, int, float]] = []
        self.all_in = asyncio.Event()
        self.size = 0

    def came(self) -> None:
        self.connected += 1
        if self.connected == self.size:
            self.all_in.set()

    def tell(self, transport: str, code: int) -> None:
        self.told.append((transport, code, time.monotonic()))

    async def websocket_json(self, http: httpx.AsyncClient) -> None:
        async with connect(self.server.websocket, proxy=None, ping_interval=None) as socket:
            await socket.send(HELLO)
            await self._listen("websocket json", socket)

    async def websocket_protobuf(self, http: httpx.AsyncClient) -> None:
        url = f"{self.server.websocket}?format=protobuf"
        command = Command(id=1, connect=ConnectRequest(name="drain")).SerializeToString()
        async with connect(url, proxy=None, ping_interval=None) as socket:
            await socket.send(bytes([len(command)]) + command)
            await self._listen("websocket protobuf", socket)

    async def _listen(self, name: str, socket: Any) -> None:
        await socket.recv()
        self.came()
        try:
            while True:
                await socket.recv()
        except ConnectionClosed:
            self.tell(name, socket.close_code or 0)

    async def http_stream(self, http: httpx.AsyncClient) -> None:
        async with http.stream("POST", "/connection/http_stream", content=HELLO) as response:
            await self._read("http_stream", response)

    async def sse(self, http: httpx.AsyncClient) -> None:
        async with http.stream("GET", f"/connection/sse?cf_connect={quote(HELLO)}") as response:
            await self._read("sse", response)

    async def _read(self, name: str, response: httpx.Response) -> None:
        body = b""
        async for chunk in response.aiter_raw():
            if b'"connect"' in chunk:
                self.came()
            body += chunk
        lines = [line.removeprefix(b"data: ") for line in body.splitlines() if line.strip()]
        self.tell(name, json.loads(lines[-1])["push"]["disconnect"]["code"])

    async def poll(self, http: httpx.AsyncClient) -> None:
        channel = "activity:seller:1"
        first = await http.get("/connection/poll", params={"channel": channel, "wait": "0"})
        at = first.json()["channels"][channel]
        position = f"{at['offset']}:{at['epoch']}"
        self.came()
        answer = await http.get("/connection/poll", params={"channel": channel, "position": position})
        # It is answered with what there is, or told why not: asking again is all a poll ever does.
        body = answer.json()
        assert answer.status_code == 200 or body["disconnect"]["code"] == 3001, body
        self.tell("poll", 3001)


async def test_all_are_told_to_come_back(tmp_path: Path) -> None:
    (tmp_path / "renown.toml").write_text(SETTINGS)
    server = RunningServer(tmp_path / "data", "--config", str(tmp_path / "renown.toml"))
    server.start()
    crowd = Crowd(server)
    ways: list[Callable[[httpx.AsyncClient], Coroutine[Any, Any, None]]] = [
        crowd.websocket_json,
        crowd.websocket_protobuf,
        crowd.http_stream,
        crowd.sse,
        crowd.poll,
    ]
    crowd.size = EACH * len(ways)
    limits = httpx.Limits(max_connections=None)
    process = server.process
    assert process is not None
    async with httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False, limits=limits) as http:
        running = [asyncio.create_task(way(http)) for _ in range(EACH) for way in ways]
        await crowd.all_in.wait()
        metrics = await _connections(http)
        while metrics < crowd.size:
            metrics = await _connections(http)
        process.terminate()
        ready = 200
        while ready == 200:
            ready = (await http.get("/health/ready")).status_code
        # Not ready before anybody is closed, so that load balancers send nobody here.
        assert ready == 503
        assert not crowd.told
        async with connect(server.websocket, proxy=None) as late:
            await late.send(HELLO)
            await late.recv()
            await asyncio.gather(*running)
            refused = await _refuses(server)
            while (await _receive(late)) is not None:
                pass
            assert late.close_code == 3001
    code = await asyncio.to_thread(process.wait, 30)
    assert refused
    assert code == 0
    counted = Counter((transport, told) for transport, told, _ in crowd.told)
    assert len(counted) == len(ways)
    assert set(counted.values()) == {EACH}
    assert {told for _, told in counted} == {3001}
    moments = sorted(moment for *_, moment in crowd.told)
    spread = moments[-1] - moments[0]
    assert spread > DRAIN / 4
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "stopped" in log.splitlines()[-1]


async def _connections(http: httpx.AsyncClient) -> int:
    text = (await http.get("/metrics")).text
    return int(float(text.split("\nrenown_gateway_connections ")[1].split("\n")[0]))


async def _refuses(server: RunningServer) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    except OSError:
        return True
    writer.close()
    return False


async def _receive(socket: Any) -> Any:
    try:
        return await socket.recv()
    except ConnectionClosed:
        return None
