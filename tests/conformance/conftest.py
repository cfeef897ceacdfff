"""What the conformance tests share: a real ledger, a gateway served by uvicorn, a raw client."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import uvloop

from renown.bus.memory import MemoryBus
from renown.gateway import Gateway
from renown.gateway.admission.tokens import Tokens
from renown.gateway.options import GatewayOptions
from renown.ledger import Ledger
from renown.policy import Policies
from tests.conformance.javascript import JavaScript, install
from tests.conformance.raw import Raw
from tests.conformance.serving import Served, serve


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run what depends on the event loop on both loops that are supported."""
    plain: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    return plain | ({"uvloop": uvloop.new_event_loop} if item.path.stem.endswith("_loops") else {})


Serve = Callable[..., AbstractAsyncContextManager[Served]]

Connect = Callable[..., Awaitable[JavaScript]]


@pytest.fixture(autouse=True)
def without_leftovers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let go of the sockets that the official Python libraries leave open when their server goes away.

    Else they are warned of in some later test, which has nothing to do with them.
    """
    yield
    if {"centrifuge", "cent"} & set(vars(request.module)) or hasattr(request.module, "Client"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Return what connects an official JavaScript client, in a process of its own, to an address."""
    install()
    async with AsyncExitStack() as stack:

        async def connecting(url: str, protocol: str = "json", **more: object) -> JavaScript:
            js = await stack.enter_async_context(JavaScript.run())
            await js.do("connect", url=url, options={"protocol": protocol}, **more)
            await js.next("connected")
            return js

        yield connecting


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    ledger = Ledger.open(tmp_path / "data", Policies.presets())
    await ledger.start()
    yield ledger
    await ledger.close()


@pytest.fixture
def served(ledger: Ledger) -> Serve:
    """Return a context manager that serves `ledger`, or another one, with given options."""

    @asynccontextmanager
    async def serving(
        tokens: Tokens | None = None,
        *,
        anonymous: bool = True,
        dev: bool = False,
        port: int = 0,
        other: Ledger | None = None,
        **options: object,
    ) -> AsyncIterator[Served]:
        source = other or ledger
        bus = MemoryBus()
        source.on_commit(bus.publish)
        chosen = msgspec.convert({"drain_time": 0.0, "close_timeout": 1.0, **options}, GatewayOptions)
        kinds = Policies.presets().kinds
        gateway = Gateway(source, bus, chosen, tokens, anonymous=anonymous, kinds=kinds, dev=dev)
        async with serve(gateway, port) as server:
            yield server

    return serving


@pytest.fixture
async def client(served: Serve) -> AsyncIterator[Raw]:
    """A raw client, connected anonymously to a gateway with default rules."""
    async with served() as server, Raw.open(server.url) as raw:
        await raw.hello()
        yield raw
