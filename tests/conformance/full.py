"""A gateway with policies, rights and durable rooms behind it as in the real server, in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from renown.bus.memory import MemoryBus
from renown.gateway import Gateway
from renown.gateway.hub.rooms import RoomKeeper
from renown.gateway.options import GatewayOptions
from renown.ledger import Ledger
from renown.policy import Policies
from renown.rooms import MemoryRooms, SqliteRooms
from tests.conformance.keys import shared
from tests.conformance.serving import Served, serve

__all__ = ["Full", "full"]


class Full:
    """What is served, and what stands behind it."""

    def __init__(self, ledger: Ledger, served: Served) -> None:
        self.ledger = ledger
        self.served = served
        self.gateway = served.gateway
        self.url = served.url


@asynccontextmanager
async def full(
    folder: Path, policies: Policies | None = None, *, anonymous: bool = True, **options: object
) -> AsyncIterator[Full]:
    """Serve a new ledger in `folder`; tokens are signed with `keys.SECRET`."""
    loaded = policies or Policies.presets()
    ledger = Ledger.open(folder / "data", loaded)
    await ledger.start()
    bus = MemoryBus()
    ledger.on_commit(bus.publish)
    chosen = msgspec.convert({"drain_time": 0.0, "close_timeout": 1.0, **options}, GatewayOptions)
    rooms = RoomKeeper(MemoryRooms(), SqliteRooms.open(folder / "data"))
    gateway = Gateway(
        ledger,
        bus,
        chosen,
        shared(),
        anonymous=anonymous,
        kinds=loaded.kinds,
        policies=loaded,
        rights=ledger.rights,
        rooms=rooms,
    )
    try:
        async with serve(gateway) as served:
            yield Full(ledger, served)
    finally:
        await ledger.close()
