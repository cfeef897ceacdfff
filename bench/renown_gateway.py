"""The product as a contestant of the fan-out: its gateway driven at the bus, and the whole server."""

import shutil
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.contestants import PAYLOAD, Contestant, ShortSendLoop
from bench.machine import cores
from bench.native import OUT
from bench.poster import Posted, post, review
from bench.renown_server import RenownServer, protobuf_subscriber, subscriber

__all__ = ["RenownGateway", "RenownGatewayProtobuf", "RenownServe"]


class RenownGateway(Contestant):
    """The real gateway under uvicorn; see `bench/servers/renown_gateway.py`."""

    name = "Renown's gateway, JSON"
    subscriber = subscriber("activity:seller:1", stamp='"sent":')

    def command(self) -> list[str | Path]:
        folder = OUT / type(self).__name__.lower()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return [sys.executable, "-m", "bench.servers.renown_gateway", str(self.port), str(PAYLOAD), folder]


class RenownGatewayProtobuf(RenownGateway):
    """The same, to clients of the Protobuf form."""

    name = "Renown's gateway, Protobuf"
    floor = ShortSendLoop.name
    subscriber = protobuf_subscriber("activity:seller:1", stamp='"sent":')


class RenownServe(Contestant):
    """`renown serve --dev`, each publication caused by an event posted over HTTP and committed.

    So its figure holds intake, scoring and a synced commit per publication besides the deliveries.
    """

    name = "renown serve, HTTP to socket"
    subscriber = subscriber("activity:seller:1")

    def __init__(self, core: int) -> None:
        self._server = RenownServer("serve", cores=[core])
        self._server.__enter__()
        self.port = self._server.port
        self._turn = 0
        self._posting: Future[Posted] | None = None
        self._pool = ThreadPoolExecutor(1)

    def pids(self) -> list[int]:
        return self._server.pids

    def go(self, seconds: float) -> None:
        self._turn += 1
        template = review(f"turn{self._turn}", subject="seller:1")
        # One post at a time: two in one commit would share a frame, and one frame would count twice.
        self._posting = self._pool.submit(post, self.port, template, cores().driver, seconds=seconds)

    def finish(self) -> dict[str, Any]:
        assert self._posting
        posted = self._posting.result()
        return {"rounds": posted.applied, "waits": 0}

    def stop(self) -> None:
        self._pool.shutdown()
        self._server.__exit__(None, None, None)
