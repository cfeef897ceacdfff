"""Jitter: what reaches clients that are cut off again and again, on a server that is killed twice.

Two hundred clients of several kinds follow one stream room and a standing each, through a proxy that cuts
each off for 2 s every 4 to 8 s (`servers/cutting.py`). Twenty publications per second go into the room, four
events per second change standings; every one is repeated until it is acknowledged. The server is killed with
`kill -9` twice and started again on the same data. Socket.IO goes through the same at the same time: the
same proxy with the same schedule, its server killed at the same moments.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx

from bench.child import Child, free_port
from bench.contestants import HERE, install, node
from bench.native import OUT
from bench.options import Options
from bench.renown_server import RenownServer
from bench.report import Goal, Report, Table

__all__ = ["Got", "in_order", "run"]

SECONDS, RATE, EVENTS = 60.0, 20, 4
SETTLE = 25.0
"""Seconds after the last publication; the longest that official clients wait is 20 s."""
SEED = 7
STREAM = "log:1"
SUBJECTS = [f"seller:{n}" for n in range(10)]
SWARMS = (
    ("centrifuge, JSON", 40),
    ("centrifuge, JSON", 35),
    ("centrifuge, Protobuf", 45),
    ("centrifuge-python, JSON", 20),
    ("centrifuge-python, Protobuf", 20),
    ("live", 30),
    ("widget", 10),
)
CLIENTS = sum(count for _, count in SWARMS)
COLUMNS = (
    "",
    "clients",
    "newest standing",
    "publications in order",
    "missing",
    "repeated or late",
    "whole streams",
)
CONFIG = "[gateway]\nrecovery_limit = 2000\n[gateway.rooms.log]\nhistory_size = 10000\n"


def in_order(got: Iterable[int]) -> tuple[int, int]:
    """How many of a client's publications came in order for the first time, and how many did not."""
    newest = good = wrong = 0
    for number in got:
        if number > newest:
            newest = number
            good += 1
        else:
            wrong += 1
    return good, wrong


@dataclass(frozen=True)
class Got:
    """What clients of one kind ended with."""

    clients: int
    newest: int
    """Clients that hold the newest standing of their subject."""
    expected: int
    """Publications that were to reach them."""
    good: int
    """Those that did: in order, once."""
    wrong: int
    """Repeated, or late."""
    whole: int
    """Clients that got all of them, in order, once."""

    @classmethod
    def of(cls, clients: Sequence[dict[str, Any]], last: int, versions: dict[str, int]) -> "Got":
        """Count; `last` is the number of the last publication, from 1 on."""
        streams = [in_order(client["stream"]) for client in clients if "stream" in client]
        return cls(
            len(clients),
            sum(client["version"] == versions[client["subject"]] for client in clients),
            last * len(streams),
            sum(good for good, _ in streams),
            sum(wrong for _, wrong in streams),
            sum(good == last and not wrong for good, wrong in streams),
        )

    def row(self, name: str) -> tuple[str, ...]:
        """Return a row of the table."""
        whole = f"{self.good / self.expected:.3%}" if self.expected else ""
        return (
            name,
            f"{self.clients}",
            f"{self.newest / self.clients:.1%}",
            whole,
            f"{self.expected - self.good:,}" if self.expected else "",
            f"{self.wrong:,}" if self.expected else "",
            f"{self.whole}" if self.expected else "",
        )


class _Server(Protocol):
    port: int

    def restart(self) -> None:
        """Kill with -9, start again, return when it listens."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


class _Renown:
    def __init__(self) -> None:
        self._server = RenownServer("jitter", config=CONFIG)
        self._server.__enter__()
        self.port = self._server.port

    def restart(self) -> None:
        self._server.kill()
        self._server.start()

    def stop(self) -> None:
        self._server.terminate()


class _SocketIO:
    def __init__(self, mode: str) -> None:
        self.port = free_port()
        self._mode = mode
        self._child = self._start()

    def _start(self) -> Child:
        command = [node(), HERE / "servers" / "jitter.mjs", str(self.port), self._mode]
        child = Child(command, log=OUT / f"jitter_{self._mode}.log")
        child.hear()
        return child

    def restart(self) -> None:
        self._child.process.kill()
        self._child.stop()
        self._child = self._start()

    def stop(self) -> None:
        self._child.stop()


class _World:
    """A server, its proxy, its clients and its backend."""

    def __init__(self, name: str, server: _Server, swarms: Sequence[tuple[str, int]]) -> None:
        self.name = name
        self.server = server
        self._url = f"http://127.0.0.1:{server.port}"
        self.published = self.retries = self.cuts = 0
        self._proxy = Child(
            [sys.executable, "-m", "bench.servers.cutting", str(server.port), str(CLIENTS), str(SEED)],
            log=OUT / "jitter_proxy.log",
        )
        ports = self._proxy.hear()["ports"]
        self._swarms = list[Child]()
        self.versions = dict.fromkeys(SUBJECTS, 0)
        asyncio.run(self._begin())
        first = 0
        for kind, count in swarms:
            self._swarms.append(_swarm(kind, ports[first : first + count], first))
            first += count
        try:
            for swarm in self._swarms:
                swarm.hear()
        except RuntimeError:
            self.stop()
            raise

    async def _begin(self) -> None:
        """Give every subject a standing."""
        async with httpx.AsyncClient(base_url=self._url) as http:
            for subject in SUBJECTS:
                path, body = self._event(subject, 0)
                await self._insist(http, path, body | {"id": f"first-{subject}"})
                self.versions[subject] += 1

    def cut(self) -> None:
        """Begin to cut clients off."""
        self._proxy.ask("start")

    def calm(self) -> None:
        """Cut nobody off any more."""
        self.cuts = self._proxy.ask("stop")["cuts"]

    def clients(self) -> list[dict[str, Any]]:
        """What all clients have got."""
        return [client for swarm in self._swarms for client in swarm.ask("report")["clients"]]

    def stop(self) -> None:
        """End everything."""
        for each in (*self._swarms, self._proxy):
            each.stop()
        self.server.stop()

    async def publish(self, until: float) -> None:
        """Publish into the stream room, one after another."""
        async with httpx.AsyncClient(base_url=self._url, timeout=2.0) as http:
            began, number = time.monotonic(), 0
            while (now := time.monotonic()) < until:
                number += 1
                await asyncio.sleep(max(0.0, began + number / RATE - now))
                await self._insist(http, *self._publication(number))
                self.published = number

    async def change(self, until: float) -> None:
        """Change standings, in turn."""
        async with httpx.AsyncClient(base_url=self._url, timeout=2.0) as http:
            began, number = time.monotonic(), 0
            while (now := time.monotonic()) < until:
                number += 1
                await asyncio.sleep(max(0.0, began + number / EVENTS - now))
                subject = SUBJECTS[number % len(SUBJECTS)]
                await self._insist(http, *self._event(subject, number))
                self.versions[subject] += 1

    async def _insist(self, http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
        while True:
            try:
                answer = await http.post(path, json=body)
                if answer.status_code == 200 and "error" not in answer.json():
                    return
            except httpx.HTTPError:
                pass
            self.retries += 1
            await asyncio.sleep(0.1)

    def _publication(self, number: int) -> tuple[str, dict[str, Any]]:
        said = {"n": number, "fill": "x" * 100}
        if isinstance(self.server, _SocketIO):
            return "/", said
        return "/api/publish", {"channel": STREAM, "data": said, "idempotency_key": str(number)}

    def _event(self, subject: str, number: int) -> tuple[str, dict[str, Any]]:
        if isinstance(self.server, _SocketIO):
            return "/", {"subject": subject, "version": self.versions[subject] + 1, "score": 0.7}
        event = {"type": "review", "subject": subject, "actor": f"buyer:{number}", "value": 1 + number % 5}
        return "/v1/events", {"id": f"event-{number}", **event}


def _swarm(kind: str, ports: Sequence[int], first: int) -> Child:
    task = {
        "kind": kind,
        "urls": [f"http://127.0.0.1:{port}" for port in ports],
        "subjects": SUBJECTS,
        "stream": STREAM,
        "first": first,
    }
    python: list[str | Path] = [sys.executable, "-m", "bench.clients.python_swarm"]
    script: list[str | Path] = [node(), "--no-warnings", HERE / "clients" / "swarm.mjs"]
    command = python if kind.startswith("centrifuge-python") else script
    return Child([*command, json.dumps(task)], log=OUT / "jitter_swarm.log")


async def _run(worlds: Sequence[_World], seconds: float) -> None:
    until = time.monotonic() + seconds
    for world in worlds:
        world.cut()
    work = [make(until) for world in worlds for make in (world.publish, world.change)]
    working = asyncio.gather(*work)
    for _ in range(2):
        await asyncio.sleep(seconds / 3)
        await asyncio.gather(*(asyncio.to_thread(world.server.restart) for world in worlds))
    await working
    for world in worlds:
        world.calm()
    await asyncio.sleep(SETTLE)


def _worlds() -> Iterator[_World]:
    sockets = [("Socket.IO", 50)] * 4
    yield _World("Renown", _Renown(), SWARMS)
    yield _World("Socket.IO, as it comes", _SocketIO("default"), sockets)
    yield _World("Socket.IO, connection state recovery", _SocketIO("recovery"), sockets)


def run(options: Options) -> Report:
    """Let the three run at the same time; `--seconds` below 30 are raised."""
    report = Report("jitter", "Jitter")
    install()
    seconds = max(30.0, options.seconds) if options.seconds != Options.seconds else SECONDS
    worlds = list[_World]()
    rows = list[tuple[str, ...]]()
    try:
        for world in _worlds():
            worlds.append(world)
        asyncio.run(_run(worlds, seconds))
        for world in worlds:
            clients = world.clients()
            whole = Got.of(clients, world.published, world.versions)
            rows.append(whole.row(f"**{world.name}**"))
            kinds = dict.fromkeys(client["kind"] for client in clients)
            if len(kinds) > 1:
                for kind in kinds:
                    of_kind = [client for client in clients if client["kind"] == kind]
                    rows.append(Got.of(of_kind, world.published, world.versions).row(kind))
            report.raw[world.name] = asdict(whole) | {"cuts": world.cuts, "published": world.published}
            if world is worlds[0]:
                newest, good = whole.newest / whole.clients, (whole.good - whole.wrong) / whole.expected
                report.goals += [
                    Goal("Clients that end with the newest standing", 100 * newest, 100, "%", at_most=False),
                    Goal("Publications in order, no gap, no repeat", 100 * good, 100, "%", at_most=False),
                ]
            report.notes.append(
                f"{world.name}: {world.published:,} publications and {sum(world.versions.values()):,} events "
                f"acknowledged, {world.retries:,} attempts repeated, {world.cuts:,} cuts."
            )
    finally:
        for world in worlds:
            world.stop()
    report.tables.append(Table(f"{CLIENTS} clients over {seconds:.0f} s, server killed twice", COLUMNS, rows))
    report.notes += [
        "Every client is cut off for 2 s every 4 to 8 s: half of the cuts reset its connections, half "
        "swallow all in both directions first. The three run at the same time under the same schedule.",
        "Socket.IO's clients and server are used as their manual begins: joined to a room on each new "
        "connection, no storage of the application's own. What an application adds can do better.",
    ]
    return report
