"""Stores and rooms of every implementation, for the tests that ask the same of each."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from renown.rooms import MemoryRooms, SqliteRooms
from tests.engine.ledger_kit import STORES, StoreFactory
from tests.engine.rooms_kit import AnyRooms, Clock, Heard


@pytest.fixture(params=sorted(STORES))
def make(request: pytest.FixtureRequest) -> StoreFactory:
    return STORES[request.param]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
async def rooms(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncGenerator[AnyRooms]:
    kept = MemoryRooms(clock=clock) if request.param == "memory" else SqliteRooms.open(tmp_path, clock=clock)
    await kept.start()
    yield kept
    await kept.close()


@pytest.fixture
def heard(rooms: AnyRooms) -> Heard:
    listener = Heard()
    rooms.listen(listener)
    return listener
