"""The real gateway under uvicorn, driven at its bus; arguments: port, payload bytes, data folder.

Everything from the bus to the socket is the product's own: hub, delivery, sessions, WebSocket, and how the
interpreter is set up. Only the updates are made here, in place of commits, each with one publication of the
`activity:` channel, which is never conflated.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from bench.servers.broadcast import payload
from renown.bus.memory import MemoryBus
from renown.gateway import Gateway
from renown.gateway.transports.websocket import protocol_class
from renown.ledger import Ledger
from renown.model import Update
from renown.policy import Policies
from renown.server.interpreter import prepare_interpreter

SUBJECT = "seller:1"


async def _nothing(_scope: object, _receive: object, send: Any) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _main(port: int, size: int, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    ledger = Ledger.open(folder, Policies.presets())
    await ledger.start()
    bus = MemoryBus()
    gateway = Gateway(ledger, bus, anonymous=True)
    await gateway.start()
    config = uvicorn.Config(
        _nothing, host="127.0.0.1", port=port, ws=protocol_class(gateway), http="httptools", lifespan="off",
        log_config=None, access_log=False, backlog=4096,
    )  # fmt: skip
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn has no event to wait for)
        await asyncio.sleep(0.01)
    prepare_interpreter()
    print(json.dumps({"event": "listening"}), flush=True)
    version = 0
    while line := await orders.readline():
        end, first, waits = time.monotonic() + float(line.split()[1]), version, 0
        channel = gateway.hub.channels[f"activity:{SUBJECT}"]
        while time.monotonic() < end:
            version += 1
            data = payload(size).encode()
            bus.publish([Update(SUBJECT, version, version, b"{}", ((version, version, data),))])
            await asyncio.sleep(0)
            while channel.paused:
                waits += 1
                await asyncio.sleep(0.001)
        print(json.dumps({"event": "done", "rounds": version - first, "waits": waits}), flush=True)
    server.should_exit = True
    server.force_exit = True
    await serving
    await gateway.stop()
    await ledger.close()


if __name__ == "__main__":
    uvloop.run(_main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
