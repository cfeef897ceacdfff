"""`renown serve --workers`: several processes on one port, one server to everybody."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.conformance.conftest import Connect
from tests.conformance.javascript import JavaScript, install
from tests.conformance.raw import Raw
from tests.conformance.site import SECRET, Site, full_key, token
from tests.conformance.streams import Streaming, until
from tests.running import RunningServer, free_port

SETTINGS = f"""
policies = ["seller"]
workers = 3
[access]
anonymous = true
[tokens]
secret = "{SECRET}"
[gateway.rooms.chat]
history_size = 100
presence = true
join_leave = true
force_join_leave = true
publish = "subscribers"
[gateway.rooms.typing]
publish = "subscribers"
[gateway.rooms.passing]
history_size = 50
durable = false
publish = "subscribers"
"""


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    install()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from serving(tmp_path_factory.mktemp("workers"))


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[Site]:
    yield from serving(tmp_path)


def serving(folder: Path) -> Iterator[Site]:
    (folder / "renown.toml").write_text(SETTINGS)
    with RunningServer(folder / "data", "--config", str(folder / "renown.toml"), dev=False) as server:
        yield Site(server, full_key(server.data))


@pytest.fixture
async def js(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[JavaScript]:
    monkeypatch.setenv("NODE_OPTIONS", "--experimental-eventsource")
    async with JavaScript.run() as client:
        yield client


def workers(site: Site) -> list[int]:
    """Return the processes of the workers."""
    assert site.server.process is not None
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(site.server.process.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(pid) for pid in found.stdout.split()]


async def test_connections_are_divided_among_the_workers(site: Site) -> None:
    assert len(workers(site)) == 3
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(Streaming.open(site.server.url)) for _ in range(40)]
        nodes = Counter([(await stream.hello())["node"] for stream in streams])
        assert len(nodes) == 3
        told = {node["uid"]: node["num_clients"] for node in site.room("info")["nodes"]}
        assert {node: told[node] for node in nodes} == dict(nodes)


@pytest.mark.parametrize("transport", ["http_stream", "sse"])
async def test_commands_arrive_whichever_worker_takes_them(
    js: JavaScript, connect: Connect, site: Site, transport: str
) -> None:
    """Each command is a request of its own, and the system gives it to any of the workers."""
    channel = f"chat:{transport}"
    ways = [{"transport": transport, "endpoint": f"{site.server.url}/connection/{transport}"}]
    options = {"emulationEndpoint": f"{site.server.url}/emulation"}
    await js.do("connect", url=ways, options=options, token=token("ana"))
    await js.next("connected")
    await js.subscribe(channel)
    others = [await connect(site.websocket, token=token(f"u{number}")) for number in range(4)]
    for other in others:
        await other.subscribe(channel)
        await other.subscribe("passing:a")
        await other.subscribe("typing:a")
    for number in range(15):
        await js.do("publish", channel=channel, data=number)
        for client in (js, *others):
            assert (await client.next("publication", channel=channel))["data"] == number
    for name in ("passing:a", "typing:a"):
        for number, speaker in enumerate(others):
            await speaker.do("publish", channel=name, data={"from": number})
            for client in others:
                heard = await client.next("publication", channel=name)
                assert (heard["data"], heard["user"]) == ({"from": number}, f"u{number}")
    await js.do("stats", channel=channel)
    assert (await js.next("stats"))["clients"] == 5


async def test_standings_reach_the_watchers_of_every_worker(site: Site) -> None:
    async with AsyncExitStack() as stack:
        watchers = [await stack.enter_async_context(Raw.open(site.websocket)) for _ in range(12)]
        for watcher in watchers:
            await watcher.hello()
            await watcher.subscribe("activity:seller:42")
        versions = [site.rate() for _ in range(10)]
        for watcher in watchers:
            assert [(await watcher.publication())["offset"] for _ in versions] == versions


async def test_metrics_are_those_of_all_workers(site: Site) -> None:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Raw.open(site.websocket)) for _ in range(20)]
        for client in clients:
            await client.hello()
        async with httpx.AsyncClient(base_url=site.server.url) as http:
            text = (await http.get("/metrics")).text
        found = re.findall(r'^renown_gateway_clients\{.*?worker="(\d)".*\} (\S+)$', text, re.MULTILINE)
        by_worker: Counter[str] = Counter()
        for worker, number in found:
            by_worker[worker] += int(float(number))
        assert by_worker.keys() == {"1", "2", "3"}
        assert by_worker.total() == 20
        assert text.count("# TYPE renown_gateway_clients gauge") == 1


async def test_the_figures_are_those_of_all_workers(site: Site) -> None:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Raw.open(site.websocket)) for _ in range(20)]
        for client in clients:
            await client.hello()
        told = site.ask("GET", "/v1/gateway")
        assert [each["worker"] for each in told["nodes"]] == [1, 2, 3]
        assert {each["pid"] for each in told["nodes"]} == set(workers(site))
        assert sum(each["connections"] for each in told["nodes"]) == 20
        assert sum(each["count"] for each in told["connections"]) == 20
        assert sum(each["leads"] for each in told["nodes"]) == 1


async def test_a_worker_that_is_killed_is_replaced(doomed: Site) -> None:
    """Whoever was with it comes back; to the others it is as if those had left, and come again."""
    before = workers(doomed)
    async with AsyncExitStack() as stack:
        clients: list[Raw] = []
        for number in range(24):
            client = await stack.enter_async_context(Raw.open(doomed.websocket, max_queue=None))
            await client.hello(token(f"u{number}"))
            await client.subscribe("chat:a")
            clients.append(client)
        assert doomed.room("presence_stats", channel="chat:a")["num_clients"] == 24
        os.kill(before[0], signal.SIGKILL)
        ended = await asyncio.gather(*(_ended(client) for client in clients))
        lost = sum(ended)
        assert 0 < lost < 24
        await until(lambda: set(workers(doomed)) != set(before) and len(workers(doomed)) == 3)
        await until(lambda: len(doomed.room("info")["nodes"]) == 3)
        assert doomed.room("presence_stats", channel="chat:a")["num_clients"] == 24 - lost
        doomed.room("publish", channel="chat:a", data="still here")


async def _ended(client: Raw) -> bool:
    """Tell whether the server ends a connection within some seconds."""
    try:
        await asyncio.wait_for(client.closed(), 3)
    except TimeoutError:
        return False
    return True


async def test_all_stop_in_order(doomed: Site) -> None:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Raw.open(doomed.websocket)) for _ in range(12)]
        for client in clients:
            await client.hello()
        assert await asyncio.to_thread(doomed.server.stop) == 0
        assert [await client.closed() for client in clients] == [(3001, "shutdown")] * 12
    log = doomed.server.log.read_text()
    assert log.count('"stopped"') == 4
    assert "error" not in log


async def test_no_worker_outlives_its_parent(doomed: Site) -> None:
    found = workers(doomed)
    doomed.server.kill()
    await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in found))


def test_what_is_wrong_is_said_by_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "renown.cli", "serve", "--workers", "2", "--dev"]
    data = tmp_path / "data"
    data.mkdir()
    (data / "ledger.sqlite").write_text("this is no ledger")
    (data / "renown.sqlite").write_text("this is no ledger")
    bad = subprocess.run(
        [*command, "--data", str(data), "--port", "0"], capture_output=True, text=True, check=False
    )
    assert bad.returncode == 1
    assert "error:" in bad.stderr
    with RunningServer(tmp_path / "one") as server:
        port = ["--data", str(tmp_path / "two"), "--port", str(server.port)]
        taken = subprocess.run([*command, *port], capture_output=True, text=True, check=False)
    assert taken.returncode == 2
    assert "is taken by another program" in taken.stderr
    many = subprocess.run(
        [*command[:-3], "--data", str(tmp_path / "two"), "--port", str(free_port())],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "RENOWN_WORKERS": "100"},
    )
    assert many.returncode == 2
    assert "1 to 64 workers" in many.stderr


async def test_nobody_misses_anything_while_workers_are_killed(connect: Connect, doomed: Site) -> None:
    """Official clients go from worker to worker; what a backend got an answer for reaches all, in order."""
    clients = [
        await connect(doomed.websocket, "protobuf" if number % 2 else "json", token=token(f"u{number}"))
        for number in range(6)
    ]
    for client in clients:
        await client.subscribe("chat:a")
    headers = {"authorization": f"Bearer {doomed.key}"}
    async with httpx.AsyncClient(base_url=doomed.server.url, headers=headers) as http:

        async def say(number: int) -> int:
            body = {"channel": "chat:a", "data": number, "idempotency_key": str(number)}
            while True:
                try:
                    answer = (await http.post("/api/publish", json=body, timeout=5)).json()
                except httpx.TransportError:
                    continue
                if "result" in answer:
                    return int(answer["result"]["offset"])

        for number in range(1, 91):
            if number in (20, 50):
                os.kill(workers(doomed)[0], signal.SIGKILL)
            assert await say(number) == number
    for client in clients:
        heard = [await client.next("publication", channel="chat:a") for _ in range(90)]
        assert [(each["offset"], each["data"]) for each in heard] == [(n, n) for n in range(1, 91)]
        assert not [seen for seen in client.seen if seen.get("wasRecovering") and not seen["recovered"]]
