"""Renown inside another ASGI application: HTTP API and realtime under a path of FastAPI, Starlette or Django.

Frameworks do not run the lifespan of what is mounted in them, so a `Mounted` is started and stopped by
whoever mounts it: `async with`, `lifespan`, or `beside` for applications that have none of their own.
"""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

from renown.api.app import make_app
from renown.gateway.transports.exchange import Receive, Scope, Send, path_of
from renown.server.loading import load
from renown.server.parts import Parts, build
from renown.server.settings import Settings

__all__ = ["Mounted"]

_LOOK: Final = 0.1
"""Seconds between two looks at whether the server around is stopping."""
Application = Callable[[Any, Any, Any], Awaitable[None]]


class Mounted:
    """One ASGI application with the HTTP API and all realtime transports."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is opened before it is started; until then, and once it is stopped, it answers 503."""
        self._settings = settings
        self._app: Application | None = None
        self._parts: Parts | None = None
        self._stack = AsyncExitStack()

    @classmethod
    def load(cls, file: str | Path | None = None, **values: Any) -> Self:
        """Return one with settings from a TOML file, `RENOWN_…` variables and `values`, the later winning.

        Raises:
            SettingsError: a name is unknown, a value is wrong, or the file cannot be read.

        """
        return cls(load(None if file is None else Path(file), os.environ, values).settings)

    async def __aenter__(self) -> Self:
        """Start.

        Raises:
            SettingsError: the settings do not fit together.
            PolicyError: a policy is wrong.
            LedgerError: the ledger cannot be opened.

        """
        async with AsyncExitStack() as stack:
            parts = await build(self._settings, stack)
            self._app = make_app(parts.services, self._settings.origins)
            stack.push_async_callback(self._stop_serving)
            self._parts = parts
            parts.services.ready = True
            watching = asyncio.create_task(self._watch_host())
            stack.push_async_callback(_cancel, watching)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections over the drain time, and stop."""
        await self._stack.aclose()

    @asynccontextmanager
    async def lifespan(self, app: object) -> AsyncGenerator[None]:
        """Run with an application: `FastAPI(lifespan=renown.lifespan)`."""
        _ = app
        async with self:
            yield

    async def drain(self) -> None:
        """Say "not ready" and close all connections over the drain time; new ones are refused."""
        if self._parts is not None:
            self._parts.services.ready = False
            await self._parts.gateway.drain()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection, under whatever path this is mounted."""
        if self._app is None:
            await _unavailable(scope, receive, send)
        else:
            await self._app(_unmounted(scope), receive, send)

    def beside(self, other: Application, prefix: str = "/renown") -> Application:
        """Return an application that has this under `prefix` and `other` everywhere else.

        For applications without a lifespan of their own, such as Django's: this one's is run.
        """

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await self._live(receive, send)
            elif f"{path_of(scope)}/".startswith(f"{prefix}/"):
                root = scope.get("root_path", "") + prefix
                await self({**scope, "root_path": root}, receive, send)
            else:
                await other(scope, receive, send)

        return application

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.__aenter__()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.__aexit__(None, None, None)
        await send({"type": "lifespan.shutdown.complete"})

    async def _stop_serving(self) -> None:
        await self.drain()
        self._app = self._parts = None

    async def _watch_host(self) -> None:
        """Drain when the server around is told to stop: it waits for open answers, and streams are open."""
        while not _host_stops():  # noqa: ASYNC110 (it has no event to wait for)
            await asyncio.sleep(_LOOK)
        await self.drain()


def _host_stops() -> bool:
    """Tell whether uvicorn, whose signal handler is a method of the server, has been told to stop."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return getattr(server, "should_exit", False) is True


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _unmounted(scope: Scope) -> Scope:
    """Return the scope as if the application stood at the root."""
    root: str = scope.get("root_path", "").rstrip("/")
    if not root:
        return scope
    path = path_of(scope)
    raw: bytes | None = scope.get("raw_path")
    prefix = quote(root).encode()
    if raw is not None and raw.startswith(prefix + b"/"):
        raw = raw[len(prefix) :]
    elif raw is None:
        raw = quote(path).encode()
    return {**scope, "path": path, "raw_path": raw, "root_path": ""}


async def _unavailable(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1013})
        return
    body = b"Renown is not started here.\n"
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", b"1"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
