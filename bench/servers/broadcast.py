"""`websockets.broadcast` on uvloop: `python -m bench.servers.broadcast PORT PAYLOAD_BYTES`."""

import asyncio
import json
import sys
import time

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

__all__ = ["payload"]

MOST_BUFFERED = 32_768
"""Bytes waiting for one subscriber above which the broadcast pauses."""


def payload(size: int) -> str:
    """A JSON message of `size` bytes that says when it was made."""
    head = f'{{"sent":{time.monotonic_ns()},"fill":"'
    return head + "x" * (size - len(head) - 2) + '"}'


async def _hold(connection: ServerConnection) -> None:
    await connection.wait_closed()


async def _main(port: int, size: int) -> None:
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    async with serve(_hold, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4096) as server:
        print(json.dumps({"event": "listening"}), flush=True)
        while line := await orders.readline():
            seconds = float(line.split()[1])
            end, rounds, waits = time.monotonic() + seconds, 0, 0
            connections = set(server.connections)
            sample = next(iter(connections)).transport
            while time.monotonic() < end:
                broadcast(connections, payload(size))
                rounds += 1
                await asyncio.sleep(0)
                while sample.get_write_buffer_size() > MOST_BUFFERED:
                    waits += 1
                    await asyncio.sleep(0.001)
            print(json.dumps({"event": "done", "rounds": rounds, "waits": waits}), flush=True)


if __name__ == "__main__":
    uvloop.run(_main(int(sys.argv[1]), int(sys.argv[2])))
