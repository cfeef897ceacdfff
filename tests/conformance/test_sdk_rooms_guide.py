"""docs/rooms.md, done as it says: its settings, its client and its backend against the real server."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conformance.javascript import BIN, HERE, install, node
from tests.running import RunningServer

PAGE = (Path(__file__).parents[2] / "docs" / "rooms.md").read_text()


def block(language: str, holding: str = "") -> str:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return next(text for text in found if holding in text)


class Guide:
    """A folder in which somebody does what the page says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "renown.toml"
        self.config.write_text(block("toml") + block("toml", "shown"))
        self.server = RunningServer(folder / "data", "--config", str(self.config), dev=False)
        install()
        (folder / "node_modules").symlink_to(HERE / "node_modules")

    def renown(self, command: str) -> str:
        """Run a line of the page; return the last word that it prints."""
        line = next(line for line in block("sh").splitlines() if line.startswith(command))
        words = line.partition("#")[0].split()[1:]
        words[words.index("renown.toml")] = str(self.config)
        environment = {**os.environ, "RENOWN_DATA": str(self.server.data)}
        done = subprocess.run(
            [BIN / "renown", *words], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.split()[-1]

    @asynccontextmanager
    async def running(self, language: str, **environment: str) -> AsyncIterator[asyncio.StreamReader]:
        """Run the client or the backend; yield what it prints."""
        source = block(language).replace("localhost:8000", f"127.0.0.1:{self.server.port}")
        path = self.folder / ("client.mjs" if language == "js" else "backend.py")
        path.write_text(source)
        async with self.started([node() if language == "js" else sys.executable, path], **environment) as out:
            yield out

    @asynccontextmanager
    async def started(
        self, command: list[str | Path], **environment: str
    ) -> AsyncIterator[asyncio.StreamReader]:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        )
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


@pytest.fixture
def guide(tmp_path: Path) -> Guide:
    return Guide(tmp_path)


async def lines(out: asyncio.StreamReader, until: str) -> list[str]:
    """Return what is printed up to a line."""
    found: list[str] = []
    while not found or found[-1] != until:
        line = (await out.readline()).decode()
        assert line, found
        found.append(line.rstrip("\n"))
    return found


async def test_the_guide_leads_where_it_says(guide: Guide) -> None:
    with guide.server as server:
        key, token = guide.renown("renown key create"), guide.renown("renown token")
        watch = [BIN / "renown", "watch", "chat:lobby", "--token", token, "--url", server.url]
        async with guide.running("js", TOKEN=token) as ana:
            seen = await lines(ana, "ana has read up to 1")
            assert {"ana came", "ana says hello", "here: ana", "said so far: 1", "receipts: 0"} <= set(seen)
            async with guide.started([*watch, "--count", "1"]) as terminal:
                await lines(ana, "ana came")
                async with guide.running("python", KEY=key) as backend:
                    told = await lines(backend, "said so far: 2")
                    assert told[0] == "here: ['ana']"
                assert (await terminal.read()).decode().split("  ")[1].strip() == '{"text": "welcome"}'
            heard = await lines(ana, "ana left")
            assert "the backend says welcome" in heard


def test_the_page_says_what_the_server_does() -> None:
    """The figures in the text are those of the settings."""
    from renown.gateway.options import GatewayOptions
    from renown.rooms.room import LONGEST_KEY

    options = GatewayOptions()
    assert f"{options.outbound_limit // 2 // 1024} KiB" in PAGE
    assert f"up to {options.recovery_limit} messages" in PAGE
    assert f"| a key | {LONGEST_KEY} bytes |" in PAGE
    assert f"{options.channels_per_connection} subscriptions" in PAGE
