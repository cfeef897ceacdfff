"""`renown watch` on a room: it goes on where it stopped, whatever it was told in between."""

import asyncio
import os
import subprocess
from pathlib import Path

import cent

from tests.conformance.apps import api, application, token
from tests.conformance.javascript import BIN
from tests.running import RunningServer

SETTINGS = """
[gateway.rooms.chat]
history_size = 100
subscribe = "users"
"""
ROOM = "chat:lobby"


async def test_nothing_is_printed_twice_or_left_out(tmp_path: Path) -> None:
    with application(tmp_path, SETTINGS) as server:
        process = await asyncio.create_subprocess_exec(
            *[BIN / "renown", "watch", ROOM, "--token", token("ana"), "--url", server.url, "--count", "6"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            printed = await _through_two_deaths(server, process)
            assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
    assert [line.decode().split()[-1] for line in printed] == ["1", "2", "3", "4", "5", "6"]


async def _through_two_deaths(server: RunningServer, process: asyncio.subprocess.Process) -> list[bytes]:
    assert process.stdout is not None
    async with api(server) as backend:
        while not (await backend.channels(cent.ChannelsRequest())).channels:  # noqa: ASYNC110 (no event tells)
            await asyncio.sleep(0.05)
        await backend.publish(cent.PublishRequest(channel=ROOM, data=1))
        # Not kept: it has no place among the others.
        await backend.publish(cent.PublishRequest(channel=ROOM, data=2, skip_history=True))
        printed = [await process.stdout.readline() for _ in range(2)]
    for number in (3, 5):
        server.kill()
        server.start()
        async with api(server) as backend:
            for more in (number, number + 1):
                await backend.publish(cent.PublishRequest(channel=ROOM, data=more))
        printed += [await process.stdout.readline() for _ in range(2)]
    return printed
