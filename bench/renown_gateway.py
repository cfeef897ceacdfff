"""The product as a contestant of the fan-out: its gateway, driven at the bus."""

import shutil
import sys
from pathlib import Path

from bench.contestants import PAYLOAD, Contestant
from bench.native import OUT
from bench.renown_server import subscriber

__all__ = ["RenownGateway"]


class RenownGateway(Contestant):
    """The real gateway under uvicorn; see `bench/servers/renown_gateway.py`."""

    name = "Renown's gateway"
    subscriber = subscriber("activity:seller:1", stamp='"sent":')

    def command(self) -> list[str | Path]:
        folder = OUT / "gateway"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return [sys.executable, "-m", "bench.servers.renown_gateway", str(self.port), str(PAYLOAD), folder]
