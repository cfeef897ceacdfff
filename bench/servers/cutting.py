"""A proxy that cuts its clients off: `python -m bench.servers.cutting TARGET_PORT CLIENTS SEED`.

Every client has a port of its own; all are told in the first line. From `start` on each is left alone for
4 to 8 s and then cut off for 2 s, again and again until `stop`. Half of the cuts end the connections at once;
in the other half they stay and swallow everything both ways, until the 2 s are over and they are reset. Who
connects while cut off is refused.
"""

import asyncio
import json
import random
import sys
from contextlib import suppress

import uvloop

__all__ = ["CUT", "Line", "schedule"]

CUT = 2.0
CALM = (4.0, 8.0)


def schedule(seed: int, client: int) -> random.Random:
    """The dice of one client: the same in every proxy of the same seed."""
    return random.Random(seed * 100_003 + client)


class Line:
    """The way of one client through the proxy."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._open = set[asyncio.StreamWriter]()
        self.cut_off = False
        self.cuts = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it, or a cut does."""
        if self.cut_off:
            writer.transport.abort()
            return
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, forth)
        self._open.update(pair)
        ways = [asyncio.create_task(self._pass(*way)) for way in ((reader, forth), (back, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        self._open.difference_update(pair)
        for each in pair:
            each.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if self.cut_off:
                    continue
                writer.write(data)
                await writer.drain()

    async def cut(self, *, silently: bool) -> None:
        """Cut the client off for a while."""
        self.cuts += 1
        self.cut_off = True
        if not silently:
            self._abort()
        try:
            await asyncio.sleep(CUT)
        finally:
            self._abort()
            self.cut_off = False

    def _abort(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()


async def _cut_again_and_again(line: Line, dice: random.Random) -> None:
    while True:
        await asyncio.sleep(dice.uniform(*CALM))
        await line.cut(silently=dice.random() < 0.5)


async def _main(target: int, clients: int, seed: int) -> None:
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    lines = [Line(target) for _ in range(clients)]
    servers = [await asyncio.start_server(line.serve, "127.0.0.1", 0) for line in lines]
    print(json.dumps({"ports": [server.sockets[0].getsockname()[1] for server in servers]}), flush=True)
    cutting = list[asyncio.Task[None]]()
    while order := (await orders.readline()).decode().strip():
        if order == "start":
            cutting = [
                asyncio.create_task(_cut_again_and_again(line, schedule(seed, number)))
                for number, line in enumerate(lines)
            ]
        else:
            for task in cutting:
                task.cancel()
        print(json.dumps({"cuts": sum(line.cuts for line in lines)}), flush=True)


if __name__ == "__main__":
    uvloop.run(_main(*map(int, sys.argv[1:4])))
