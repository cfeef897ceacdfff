"""Builds the parts of a server, runs them, and stops them in order."""

import asyncio
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from importlib.resources import files
from pathlib import Path

import msgspec
import structlog
import uvicorn

from renown import __version__
from renown.api.access import Access
from renown.api.app import make_app
from renown.api.metrics import Metrics
from renown.api.services import Services
from renown.api.tokens import verifier
from renown.bus.memory import MemoryBus
from renown.errors import SettingsError
from renown.gateway import Gateway
from renown.gateway.options import GatewayOptions
from renown.gateway.tokens import Tokens
from renown.gateway.websocket import protocol_class
from renown.ledger import Ledger
from renown.server.gauges import watch
from renown.server.listen import bind, is_loopback, url_of
from renown.server.policies import chosen
from renown.server.settings import Settings

__all__ = ["Companion", "Running", "run"]

_log = structlog.get_logger("renown")
_DEV_ORIGINS = tuple(
    f"{scheme}://{host}{port}"
    for scheme in ("http", "https")
    for host in ("localhost", "127.0.0.1", "[::1]")
    for port in ("", ":*")
)


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers: stopping begins with draining, which it does not know."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Leave the signals to the runtime."""
        yield


class Running:
    """A server that is up, as its companions see it."""

    def __init__(self, url: str, services: Services) -> None:
        self.url = url
        self.services = services
        self.stopping = asyncio.Event()
        """Set when the server is asked to stop."""


Companion = Callable[[Running], Awaitable[None]]
"""Something that runs beside the server, such as the demo; ended before the server stops."""


def run(settings: Settings, companion: Companion | None = None) -> None:
    """Run a server until SIGTERM or SIGINT; return when it has stopped in order.

    Raises:
        SettingsError: the settings do not fit together, or the port is taken.
        PolicyError: a policy is wrong.
        LedgerError: the ledger cannot be opened.

    """
    if settings.dev and not is_loopback(settings.host):
        raise SettingsError(
            f"Dev mode asks nobody for a key, so it listens on this machine only, not on {settings.host}."
            " Leave out --host, or leave out --dev and make a key with: renown key create.",
            code="dev_not_loopback",
            field="host",
            expected="127.0.0.1",
        )
    listener = bind(settings.host, settings.port)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, listener, companion))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 (absent on some systems)
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def _serve(settings: Settings, listener: socket.socket, companion: Companion | None) -> None:
    async with AsyncExitStack() as stack:
        stack.callback(listener.close)
        policies = chosen(settings)
        anonymous = settings.dev if settings.access.anonymous is None else settings.access.anonymous
        tokens = Tokens(settings.tokens)
        ledger = Ledger.open(_data_folder(settings), policies, settings.ledger)
        stack.push_async_callback(ledger.close)
        await ledger.start()
        bus = MemoryBus()
        ledger.on_commit(bus.publish)
        gateway = Gateway(ledger, bus, _gateway_options(settings), tokens, anonymous=anonymous)
        await gateway.start()
        stack.push_async_callback(gateway.stop)
        metrics = Metrics()
        services = Services(
            ledger=ledger,
            policies=policies,
            access=Access(ledger.keys.verify, verifier(tokens), anonymous=anonymous, dev=settings.dev),
            tokens=tokens,
            token_lifetime=settings.tokens.lifetime,
            metrics=metrics,
            limits=settings.limits,
            static=Path(str(files("renown"))) / "static",
            dev=settings.dev,
            clock=time.time,
        )
        watch(metrics, ledger, gateway)
        running = Running(url_of(listener), services)
        server = _Uvicorn(_config(settings, services, gateway))
        await _until_stopped(settings, server, listener, running, gateway, companion)
    _log.info("stopped")


async def _until_stopped(
    settings: Settings,
    server: uvicorn.Server,
    listener: socket.socket,
    running: Running,
    gateway: Gateway,
    companion: Companion | None,
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    _on_signals(server, running)
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    running.services.ready = True
    _announce(settings, running)
    beside = asyncio.create_task(_beside(companion, running)) if companion else None
    stopped = asyncio.create_task(running.stopping.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    running.services.ready = False
    if beside is not None:
        beside.cancel()
        with suppress(asyncio.CancelledError):
            await beside
    if not serving.done():
        _log.info("stopping", connections="closing over a while")
        await asyncio.sleep(settings.shutdown.wait)
        await gateway.drain()
        server.should_exit = True
    await serving


async def _beside(companion: Companion, running: Running) -> None:
    """Run the companion; when it fails, the server stops and the failure is told."""
    try:
        await companion(running)
    except Exception:
        _log.exception("the companion failed")
        running.stopping.set()


def _on_signals(server: uvicorn.Server, running: Running) -> None:
    def stop() -> None:
        if running.stopping.is_set():
            server.force_exit = True
            server.should_exit = True
        running.stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def _config(settings: Settings, services: Services, gateway: Gateway) -> uvicorn.Config:
    return uvicorn.Config(
        make_app(services, settings.origins),
        http="httptools",
        ws=protocol_class(gateway),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=max(1, round(settings.shutdown.timeout)),
    )


def _gateway_options(settings: Settings) -> GatewayOptions:
    origins = (*settings.gateway.origins, *settings.origins, *(_DEV_ORIGINS if settings.dev else ()))
    return msgspec.structs.replace(settings.gateway, origins=origins)


def _data_folder(settings: Settings) -> Path:
    folder = Path(settings.data)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The data folder {folder} cannot be made: {error.strerror}.", code="unusable_data", field="data"
        ) from error
    return folder


def _announce(settings: Settings, running: Running) -> None:
    services = running.services
    url = running.url
    if settings.dev:
        _log.warning(
            "dev mode: no keys are asked for and anybody on this machine may write; not for production"
        )
    if services.tokens.can_issue is False and not settings.dev and not services.access.anonymous:
        _log.warning("nobody can watch: neither tokens nor access.anonymous are set")
    _log.info(
        "ready",
        version=__version__,
        dashboard=f"{url}/",
        events=f"{url}/v1/events",
        websocket=f"ws{url.removeprefix('http')}{settings.gateway.path}",
        data=str(Path(settings.data)),
        policies=", ".join(policy.name for policy in services.policies),
    )
