"""Builds the parts of a server from its settings."""

import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from importlib.resources import files
from pathlib import Path

import msgspec
import structlog

from renown.api.access import Access
from renown.api.calls import methods
from renown.api.metrics import Metrics
from renown.api.services import Services
from renown.api.tokens import verifier
from renown.bus.ipc import IpcBus
from renown.errors import SettingsError
from renown.gateway import Gateway
from renown.gateway.admission.tokens import Tokens
from renown.gateway.hub.rooms import RoomKeeper
from renown.gateway.nodes.stirring import LEDGER, ROOMS, Stirring
from renown.gateway.options import GatewayOptions, TokenOptions
from renown.ledger import Ledger
from renown.rooms import MemoryRooms, SqliteRooms
from renown.server.gauges import gather, share, watch
from renown.server.logs import journal
from renown.server.policies import chosen
from renown.server.settings import Settings

__all__ = ["Parts", "Worker", "build", "token_options"]

_log = structlog.get_logger("renown")


class Parts:
    """What a running server consists of."""

    def __init__(self, services: Services, gateway: Gateway) -> None:
        self.services = services
        self.gateway = gateway


class Worker:
    """What a process must know that is one of several with a parent."""

    def __init__(self, number: int, group: str, ready: Callable[[], None]) -> None:
        """`ready` is called once it serves."""
        self.number = number
        self.group = group
        self.ready = ready


async def build(settings: Settings, stack: AsyncExitStack, worker: Worker | None = None) -> Parts:
    """Build and start everything but the listening; `stack` stops it in the opposite order.

    `worker`: which of several processes this is.

    Raises:
        SettingsError: the settings do not fit together.
        PolicyError: a policy is wrong.
        LedgerError: the ledger cannot be opened.

    """
    policies = chosen(settings)
    tokens = Tokens(token_options(settings))
    anonymous = settings.dev if settings.access.anonymous is None else settings.access.anonymous
    ledger = Ledger.open(_data_folder(settings), policies, settings.ledger)
    stack.push_async_callback(ledger.close)
    await ledger.start()
    durable = _durable_rooms(settings)
    bus = IpcBus(_bus_folder(settings))
    gateway = Gateway(
        ledger,
        bus,
        _gateway_options(settings),
        tokens,
        anonymous=anonymous,
        kinds=policies,
        policies=policies,
        rights=ledger.rights,
        alarms=ledger.alarms,
        rooms=RoomKeeper(MemoryRooms(), durable),
        dev=settings.dev,
    )
    gateway.journal = journal(settings.log)
    _look_when_stirred(gateway.stirring, ledger, durable)
    course, figures = gather(gateway, worker.number if worker is not None else 0)
    await gateway.start()
    stack.push_async_callback(gateway.stop)
    metrics = Metrics()
    ledger.on_commit(bus.publish)
    ledger.on_commit(metrics.committed)
    watch(metrics, ledger, gateway)
    if worker is not None:
        share(metrics, gateway.nodes, worker.number, worker.group)
    course.start()
    stack.push_async_callback(course.stop)
    services = Services(
        ledger=ledger,
        gateway=gateway,
        course=course,
        figures=figures,
        policies=policies,
        access=Access(
            ledger.keys.verify,
            verifier(tokens, gateway.permissions, anonymous=anonymous),
            anonymous=anonymous,
            dev=settings.dev,
        ),
        permissions=gateway.permissions,
        tokens=tokens,
        token_lifetime=settings.tokens.lifetime,
        metrics=metrics,
        limits=settings.limits,
        static=Path(str(files("renown"))) / "static",
        dev=settings.dev,
        clock=time.time,
    )
    gateway.methods.update(methods(services, gateway))
    return Parts(services, gateway)


def _look_when_stirred(stirring: Stirring, ledger: Ledger, durable: SqliteRooms | None) -> None:
    """Look into the files when another process has committed to them."""

    async def look(sweep: Callable[[], Awaitable[None]]) -> None:
        # Rights first: whoever is told of new ones may use them at once.
        ledger.rights.look()
        await sweep()

    stirring.look(LEDGER, partial(look, ledger.sweep))
    if durable is not None:
        stirring.look(ROOMS, partial(look, durable.sweep))


def token_options(settings: Settings) -> TokenOptions:
    """Return the tokens' options; in dev mode there is always a secret to sign with."""
    if not settings.dev or settings.tokens.secret is not None:
        return settings.tokens
    _log.info("client tokens are signed with a random secret that ends with this process")
    return msgspec.structs.replace(settings.tokens, secret=secrets.token_urlsafe(48))


def _gateway_options(settings: Settings) -> GatewayOptions:
    """Return the gateway's options with the origins that hold for the whole server."""
    origins = (*settings.gateway.origins, *settings.origins)
    return msgspec.structs.replace(settings.gateway, origins=origins)


def _durable_rooms(settings: Settings) -> SqliteRooms | None:
    """Return the rooms on disk; beside a ledger that is served from a single file there are none."""
    folder = _data_folder(settings)
    return None if folder.is_file() else SqliteRooms.open(folder)


def _bus_folder(settings: Settings) -> Path:
    """Return where the processes on the same data find each other: with the data."""
    data = _data_folder(settings)
    return data.with_name(f"{data.name}-bus") if data.is_file() else data / "bus"


def _data_folder(settings: Settings) -> Path:
    folder = Path(settings.data)
    if folder.is_file():
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The data folder {folder} cannot be made: {error.strerror}.", code="unusable_data", field="data"
        ) from error
    return folder
