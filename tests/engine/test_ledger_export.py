"""A ledger in one file: written while it is in use, and served again."""

import asyncio
import sqlite3
from pathlib import Path

import httpx
import pytest

from renown.errors import LedgerError
from renown.ledger import Ledger, LedgerOptions
from renown.model import Event
from renown.policy import Policies
from tests.running import RunningServer


def review(number: int) -> Event:
    return Event(
        "review", f"seller:{number % 7}", id=f"r{number}", actor=f"buyer:{number}", value=1 + number % 5
    )


async def filled(folder: Path, number: int) -> Ledger:
    ledger = Ledger.open(folder, Policies.presets(), LedgerOptions(timers=False))
    await ledger.start()
    await ledger.append([review(each) for each in range(number)])
    return ledger


async def test_an_export_holds_all_that_was_acknowledged_before_it(tmp_path: Path) -> None:
    ledger = await filled(tmp_path / "data", 100)
    try:
        more = asyncio.create_task(ledger.append([review(each) for each in range(100, 2_000)]))
        await ledger.export(tmp_path / "copy.sqlite")
        await more
        wanted = await ledger.snapshots([f"seller:{each}" for each in range(7)])
    finally:
        await ledger.close()
    copy = Ledger.open(tmp_path / "copy.sqlite", Policies.presets(), LedgerOptions(timers=False))
    try:
        assert copy.id == ledger.id
        assert 100 <= copy.stats().events <= 2_000
        assert (await copy.rebuild(check=True)).clean
        await copy.start()
        await copy.append([review(each) for each in range(2_000)])
        found = await copy.snapshots([f"seller:{each}" for each in range(7)])
        assert {name: version for name, (version, _) in found.items()} == {
            name: version for name, (version, _) in wanted.items()
        }
    finally:
        await copy.close()


async def test_secrets_stay_unless_asked_for(tmp_path: Path) -> None:
    ledger = await filled(tmp_path / "data", 1)
    try:
        _, secret = ledger.keys.create("shop", ["read"])
        await ledger.rights.put("ana", b'{"roles":["moderator"]}')
        await ledger.export(tmp_path / "bare.sqlite")
        await ledger.export(tmp_path / "whole.sqlite", secrets=True)
    finally:
        await ledger.close()
    bare = sqlite3.connect(tmp_path / "bare.sqlite")
    assert [bare.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("keys", "rights")] == [
        (0,)
    ] * 2
    bare.close()
    whole = Ledger.open(tmp_path / "whole.sqlite", Policies.presets(), LedgerOptions(timers=False))
    assert whole.keys.verify(secret) is not None
    await whole.close()


async def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "copy.sqlite").write_text("mine")
    ledger = await filled(tmp_path / "data", 1)
    try:
        with pytest.raises(LedgerError) as caught:
            await ledger.export(tmp_path / "copy.sqlite")
    finally:
        await ledger.close()
    assert caught.value.problem_code == "file_exists"
    assert (tmp_path / "copy.sqlite").read_text() == "mine"


async def test_an_exported_file_is_served(tmp_path: Path) -> None:
    ledger = await filled(tmp_path / "data", 50)
    await ledger.export(tmp_path / "copy.sqlite")
    standing = await ledger.snapshot("seller:3")
    await ledger.close()
    server = RunningServer(tmp_path / "copy.sqlite")
    server.log = tmp_path / "server.log"
    server.start()
    try:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{server.url}/v1/standings/seller:3")
        assert standing is not None
        assert answer.content == standing[1]
    finally:
        server.stop()
