"""Applications of other frameworks with Renown mounted in them, and uvicorn as their users start it."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from renown.server.mounting import Mounted

__all__ = ["Hosted", "django", "fastapi", "hosted", "mounted", "starlette"]

PREFIX = "/reputation"
SETTINGS = "TEST_SETTINGS"
"""Names the settings file, if there is one."""


def mounted() -> "Mounted":
    """Return what is mounted, in dev mode, with its data and its settings where the environment says."""
    from renown.server.mounting import Mounted

    return Mounted.load(os.environ.get(SETTINGS), dev=True)


def fastapi() -> Any:
    """Return a FastAPI application that runs Renown within its lifespan."""
    from fastapi import FastAPI

    renown = mounted()
    app = FastAPI(lifespan=renown.lifespan)
    app.mount(PREFIX, renown)

    @app.get("/own")
    async def own() -> str:
        return "fastapi"

    return app


def starlette() -> Any:
    """Return a Starlette application, likewise."""
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    renown = mounted()

    async def own(request: Any) -> PlainTextResponse:
        return PlainTextResponse("starlette")

    return Starlette(routes=[Route("/own", own), Mount(PREFIX, renown)], lifespan=renown.lifespan)


def django() -> Any:
    """Return a Django application with Renown beside it."""
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.http import HttpResponse
    from django.urls import path

    urls = [path("own", lambda request: HttpResponse(b"django"))]
    settings.configure(ROOT_URLCONF=tuple(urls), ALLOWED_HOSTS=["*"], SECRET_KEY="a test's")
    return mounted().beside(get_asgi_application(), PREFIX)


class Hosted:
    """A running application."""

    def __init__(
        self, process: asyncio.subprocess.Process, port: int, lines: list[str], reading: asyncio.Task[None]
    ) -> None:
        self.process = process
        self.port = port
        self.lines = lines
        """What uvicorn said so far."""
        self.reading = reading

    @property
    def origin(self) -> str:
        """Where the application is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def http(self) -> str:
        """Where Renown is within it."""
        return f"{self.origin}{PREFIX}"

    @property
    def url(self) -> str:
        """Where its WebSocket is."""
        return f"ws://127.0.0.1:{self.port}{PREFIX}/connection/websocket"

    async def stop(self) -> list[str]:
        """SIGTERM; return what is left of its log that tells of trouble, or that it did not end in order."""
        self.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(self.process.wait(), 60)
        await self.reading
        if not self.lines[-1].startswith("INFO:     Finished server process"):
            return self.lines[-5:]
        return [line for line in self.lines if "ERROR" in line or "Traceback" in line]


@asynccontextmanager
async def hosted(
    framework: str, data: Path, ws: str = "auto", *more: str, settings: Path | None = None
) -> AsyncIterator[Hosted]:
    """Run uvicorn with an application until the block ends; `settings`: a file with Renown's."""
    command = [
        "-m",
        "uvicorn",
        "--factory",
        f"tests.conformance.hosts:{framework}",
        "--port",
        "0",
        "--ws",
        ws,
    ]
    environment = {**os.environ, "RENOWN_DATA": str(data), "PYTHONWARNINGS": "default"}
    if settings is not None:
        environment[SETTINGS] = str(settings)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        *more,
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
        env=environment,
    )
    assert process.stderr is not None
    lines: list[str] = []
    port = 0
    async with asyncio.timeout(60):
        while not port:
            line = (await process.stderr.readline()).decode()
            assert line, "".join(lines)
            lines.append(line)
            running = re.search(r"running on http://127\.0\.0\.1:(\d+)", line)
            port = int(running[1]) if running else 0
    reading = asyncio.create_task(_collect(process.stderr, lines))
    server = Hosted(process, port, lines, reading)
    try:
        yield server
    finally:
        if process.returncode is None:
            await server.stop()


async def _collect(stream: asyncio.StreamReader, lines: list[str]) -> None:
    while line := await stream.readline():
        lines.append(line.decode())
