"""Runs a server and stops it in order: not ready, connections closed over a while, requests, ledger."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Generator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import structlog
import uvicorn

from renown import __version__
from renown.api.app import make_app
from renown.api.services import Services
from renown.errors import SettingsError
from renown.gateway.admission.origins import is_loopback_host
from renown.gateway.options import TokenOptions
from renown.gateway.transports.http_protocol import HttpProtocol
from renown.gateway.transports.websocket import protocol_class
from renown.policy import Policies
from renown.server.interpreter import prepare_interpreter
from renown.server.listen import bind, bind_several, url_of
from renown.server.parts import Parts, Worker, build, token_options
from renown.server.policies import chosen
from renown.server.settings import Settings
from renown.server.workers import MOST, supervise

__all__ = ["Companion", "Running", "Worker", "run", "run_worker"]

_log = structlog.get_logger("renown")


class Running:
    """A server that is up, as its companions see it."""

    def __init__(self, url: str, services: Services) -> None:
        self.url = url
        """Where a browser on this machine reaches it."""
        self.services = services


Companion = Callable[[Running], Awaitable[None]]
"""Something that runs beside the server, such as the demo; cancelled before the server stops."""


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers: stopping begins with draining, which it does not know."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        """Set when it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self.up.set()

    def stop_listening(self) -> None:
        """Close the listeners; what is connected stays."""
        for each in self.servers:
            each.close()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals to the runtime."""
        yield


class _Signals:
    """SIGTERM and SIGINT: the first asks to stop, the second to hurry."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._receive)

    def watch(self, pipe: int) -> None:
        """Stop, too, when whoever holds the other end of `pipe` is gone."""
        loop = asyncio.get_running_loop()

        def look() -> None:
            if not os.read(pipe, 4_096):
                loop.remove_reader(pipe)
                self.stop.set()

        loop.add_reader(pipe, look)

    def _receive(self) -> None:
        (self.hurry if self.stop.is_set() else self.stop).set()


def run(settings: Settings, companion: Companion | None = None) -> None:
    """Run a server until SIGTERM or SIGINT; return when it has stopped in order, with all its workers.

    Raises:
        SettingsError: the settings do not fit together, or the port is taken.
        PolicyError: a policy is wrong.
        LedgerError: the ledger cannot be opened.

    """
    if settings.dev and not is_loopback_host(settings.host):
        raise SettingsError(
            f"Dev mode asks nobody for a key, so it listens on this machine only, not on {settings.host}."
            " Leave out --host, or leave out --dev and make a key with: renown key create.",
            code="dev_not_loopback",
            field="host",
            expected="127.0.0.1",
        )
    if not 1 <= settings.workers <= MOST:
        raise SettingsError(f"A server has 1 to {MOST} workers.", field="workers", expected=f"1 to {MOST}")
    if settings.workers == 1 or companion is not None:
        _run(settings, bind(settings.host, settings.port), companion)
        return
    policies = chosen(settings)
    # One secret for all, where each would make its own.
    settings = msgspec.structs.replace(settings, tokens=token_options(settings))
    listeners = bind_several(settings.host, settings.port, settings.workers)
    url = url_of(listeners[0])
    supervise(settings, listeners, lambda: _announce(settings, url, policies))
    _log.info("stopped")


def run_worker(settings: Settings, listener: socket.socket, worker: Worker) -> None:
    """Run one of several processes until it is told to stop, or its parent is gone.

    Raises:
        RenownError: as for `run`.

    """
    _run(settings, listener, None, worker)


def _run(
    settings: Settings, listener: socket.socket, companion: Companion | None, worker: Worker | None = None
) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, listener, companion, worker))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 (absent on some systems)
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def _serve(
    settings: Settings, listener: socket.socket, companion: Companion | None, worker: Worker | None
) -> None:
    signals = _Signals()
    if worker is not None:
        signals.watch(0)
    async with AsyncExitStack() as stack:
        stack.callback(listener.close)
        parts = await build(settings, stack, worker)
        server = _Uvicorn(_config(settings, parts))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await server.up.wait()
        running = Running(url_of(listener), parts.services)
        prepare_interpreter()
        parts.services.ready = True
        if worker is None:
            _announce(settings, running.url, parts.services.policies)
        else:
            _log.info("a worker is ready", worker=worker.number)
            worker.ready()
        await _until_asked(signals, running, companion)
        parts.services.ready = False
        await _drain(settings, parts, server, signals)
        server.should_exit = True
        server.force_exit = signals.hurry.is_set()
        await serving
    _log.info("stopped")


async def _until_asked(signals: _Signals, running: Running, companion: Companion | None) -> None:
    """Wait for the signal to stop; a companion that fails is one, too."""
    beside = asyncio.ensure_future(companion(running)) if companion else None
    asked = asyncio.create_task(signals.stop.wait())
    waiting: list[asyncio.Future[Any]] = [asked] if beside is None else [asked, beside]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if beside is None:
        return
    if beside.done() and beside.exception() is not None:
        _log.error("the companion of the server failed", exc_info=beside.exception())
        return
    beside.cancel()
    with suppress(asyncio.CancelledError):
        await beside


async def _drain(settings: Settings, parts: Parts, server: "_Uvicorn", signals: _Signals) -> None:
    """Accept nobody any more and close connections over a while, unless a second signal asks to hurry."""
    _log.info("stopping")

    async def gently() -> None:
        await asyncio.sleep(settings.shutdown.wait)
        server.stop_listening()
        await parts.gateway.drain()

    draining = asyncio.create_task(gently())
    hurried = asyncio.create_task(signals.hurry.wait())
    await asyncio.wait({draining, hurried}, return_when=asyncio.FIRST_COMPLETED)
    for task in (draining, hurried):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _config(settings: Settings, parts: Parts) -> uvicorn.Config:
    return uvicorn.Config(
        make_app(parts.services, settings.origins),
        http=HttpProtocol,
        ws=protocol_class(parts.gateway),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=max(1, round(settings.shutdown.timeout)),
    )


def _announce(settings: Settings, url: str, policies: Policies) -> None:
    if settings.dev:
        _log.warning(
            "dev mode: nobody is asked for a key and anybody on this machine may write; not for production"
        )
    elif not settings.access.anonymous and settings.tokens == TokenOptions():
        _log.warning("nobody can watch or read without an API key: no key for client tokens is set")
    more = {"workers": settings.workers} if settings.workers > 1 else {}
    _log.info(
        "ready",
        version=__version__,
        dashboard=f"{url}/",
        events=f"{url}/v1/events",
        websocket=f"ws{url.removeprefix('http')}{settings.gateway.path}",
        data=str(Path(settings.data)),
        policies=", ".join(policy.name for policy in policies),
        **more,
    )
