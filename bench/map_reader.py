"""A subscriber of one map, as a process of its own: `python -m bench.map_reader PORT CHANNEL RECORD`.

It says `{"ready": keys}` once it is live, answers every line on stdin with what it has seen, and at its end
leaves a line `subject version nanoseconds` for every change that arrived.
"""

import asyncio
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

__all__: list[str] = []

_STATE = re.compile(r'"subject":"([^"]+)","version":(\d+)')


class Reader:
    """Pages through the map, then follows it."""

    def __init__(self, socket: ClientConnection, channel: str) -> None:
        self._socket = socket
        self._channel = channel
        self.keys: set[str] = set()
        self.arrived: list[tuple[str, int, int]] = []
        self.bytes = 0
        self.frames = 0

    async def read_state(self) -> None:
        """Ask for page after page until the map is live."""
        await self._socket.send(json.dumps({"id": 1, "connect": {}}))
        await self._socket.recv()
        wish: dict[str, Any] = {"channel": self._channel, "type": 1, "phase": 2, "limit": 1000}
        while True:
            await self._socket.send(json.dumps({"id": 2, "subscribe": wish}))
            page = json.loads(await self._socket.recv())["subscribe"]
            self.keys |= {entry["key"] for entry in page.get("state", [])}
            if not page.get("phase"):
                return
            wish |= {"cursor": page["cursor"], "epoch": page["epoch"], "offset": page["offset"]}

    async def follow(self) -> None:
        """Note what arrives, until the connection ends."""
        async for frame in self._socket:
            now = time.monotonic_ns()
            text = frame if isinstance(frame, str) else frame.decode()
            if text == "{}":
                await self._socket.send("{}")
                continue
            self.frames += 1
            self.bytes += len(text)
            self.arrived += [(key, int(version), now) for key, version in _STATE.findall(text)]


async def _run(port: str, channel: str) -> list[tuple[str, int, int]]:
    url = f"ws://127.0.0.1:{port}/connection/websocket"
    async with connect(url, max_size=None, compression=None, proxy=None, ping_interval=None) as socket:
        reader = Reader(socket, channel)
        await reader.read_state()
        print(json.dumps({"ready": len(reader.keys)}), flush=True)
        following = asyncio.create_task(reader.follow())
        while await asyncio.to_thread(sys.stdin.readline):
            seen = {"publications": len(reader.arrived), "frames": reader.frames, "bytes": reader.bytes}
            print(json.dumps(seen | {"closed": following.done()}), flush=True)
    await following
    return reader.arrived


if __name__ == "__main__":
    lines = (f"{key} {version} {at}\n" for key, version, at in asyncio.run(_run(*sys.argv[1:3])))
    Path(sys.argv[3]).write_text("".join(lines))
