"""Rights and revocations: stored, kept over restarts, heard of by every process on the same file."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from renown.ledger import Changes, Ledger
from renown.policy import Policies
from renown.stores import SqliteStore, Writer
from renown.stores.sqlite import FILE_NAME
from tests.engine.ledger_kit import applied, review

PRESETS = Policies.presets()


class Heard:
    """Gathers the changes that a ledger tells of."""

    def __init__(self, ledger: Ledger) -> None:
        self.all: list[Changes] = []
        self._news = asyncio.Event()
        self.stop = ledger.rights.listen(self._hear)

    def _hear(self, changes: Changes) -> None:
        self.all.append(changes)
        self._news.set()

    async def next(self) -> Changes:
        await asyncio.wait_for(self._news.wait(), 10)
        self._news.clear()
        return self.all[-1]


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = Ledger.open(tmp_path, PRESETS)
    await opened.start()
    yield opened
    await opened.close()


@pytest.fixture
async def neighbour(tmp_path: Path, ledger: Ledger) -> AsyncIterator[Ledger]:
    """Another ledger object on the same file, as another process has it."""
    del ledger
    opened = Ledger.open(tmp_path, PRESETS)
    await opened.start()
    yield opened
    await opened.close()


async def test_rights_are_kept_with_a_growing_version(ledger: Ledger) -> None:
    assert ledger.rights.of("ana").body is None
    first = await ledger.rights.put("ana", b'{"roles":["moderator"]}')
    assert (first.body, first.version) == (b'{"roles":["moderator"]}', 1)
    second = await ledger.rights.put("ana", b"{}")
    assert (second.body, second.version) == (b"{}", 2)
    assert second.updated_at >= first.updated_at
    assert await ledger.rights.drop("ana")
    assert ledger.rights.of("ana").body is None
    assert not await ledger.rights.drop("ana")


async def test_listeners_are_told_before_the_writer_goes_on(ledger: Ledger) -> None:
    heard = Heard(ledger)
    await ledger.rights.put("ana", b"{}")
    await ledger.rights.revoke_token("t-1")
    await ledger.rights.revoke_user("bo", 100.0)
    await ledger.rights.disconnect("cy", b'{"code":4500}')
    assert [one.concerns("ana", "") for one in heard.all] == [True, False, False, False]
    assert [one.concerns("", "t-1") for one in heard.all] == [False, True, False, False]
    assert [one.concerns("bo", "") for one in heard.all] == [False, False, True, False]
    assert [one.disconnect for one in heard.all] == [(), (), (), (("cy", b'{"code":4500}'),)]
    heard.stop()
    await ledger.rights.put("ana", b"{}")
    assert len(heard.all) == 4


async def test_everything_survives_a_restart(tmp_path: Path, ledger: Ledger) -> None:
    await ledger.rights.put("ana", b'{"blocked":true}')
    await ledger.rights.revoke_token("t-1")
    await ledger.rights.revoke_user("bo", 100.0)
    await ledger.close()
    again = Ledger.open(tmp_path, PRESETS)
    await again.start()
    assert again.rights.of("ana").body == b'{"blocked":true}'
    assert again.rights.token_revoked("t-1")
    assert not again.rights.token_revoked("t-2")
    assert again.rights.of("bo").issued_before == 100.0
    await again.close()


async def test_a_neighbour_forgets_what_it_remembered(ledger: Ledger, neighbour: Ledger) -> None:
    assert neighbour.rights.of("ana").body is None
    heard = Heard(neighbour)
    await ledger.rights.put("ana", b'{"roles":["x"]}')
    assert (await heard.next()).users == {"ana"}
    assert neighbour.rights.of("ana").body == b'{"roles":["x"]}'
    await ledger.rights.disconnect("ana", b"{}")
    assert (await heard.next()).disconnect == (("ana", b"{}"),)
    await ledger.rights.revoke_token("t-9")
    assert (await heard.next()).tokens == {"t-9"}
    assert neighbour.rights.token_revoked("t-9")


async def test_another_process_is_heard(tmp_path: Path, ledger: Ledger) -> None:
    heard = Heard(ledger)
    code = (
        "import asyncio, sys; from pathlib import Path; from renown.ledger import Ledger;"
        "from renown.policy import Policies;"
        "ledger = Ledger.open(Path(sys.argv[1]), Policies.presets());"
        "asyncio.run(ledger.rights.put('ana', b'{}'))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=60)  # noqa: ASYNC221 - our own code; nothing else runs here
    assert (await heard.next()).users == {"ana"}
    assert ledger.rights.of("ana").version == 1


async def test_a_revocation_never_reaches_less_far_than_before(ledger: Ledger) -> None:
    await ledger.rights.revoke_user("ana", 500.0)
    await ledger.rights.revoke_user("ana", 100.0)
    assert ledger.rights.of("ana").issued_before == 500.0


async def test_what_is_over_is_dropped_with_the_next_write(ledger: Ledger) -> None:
    await ledger.rights.revoke_token("for-good")
    await ledger.rights.revoke_token("long", keep_until=time.time() + 3600)
    await ledger.rights.revoke_token("over", keep_until=time.time() - 1)
    await ledger.rights.put("ana", b"{}")
    revoked = [ledger.rights.token_revoked(name) for name in ("for-good", "long", "over")]
    assert revoked == [True, True, False]


async def test_who_missed_notices_looks_at_everybody(tmp_path: Path, ledger: Ledger) -> None:
    assert ledger.rights.of("ana").body is None
    heard = Heard(ledger)
    # What a process finds that was stopped for longer than notices are kept.
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("INSERT INTO rights VALUES ('ana', X'7B7D', 1, 0)")
        connection.execute(
            "INSERT INTO notices (id, kind, name, body, at) VALUES (90, 'rights', 'bo', X'', 0)"
        )
    connection.close()
    changes = await heard.next()
    assert changes.everything
    assert changes.concerns("anybody", "any token")
    assert ledger.rights.of("ana").body == b"{}"


async def test_of_whom_nothing_is_stored_is_known_without_a_look_at_the_file(
    tmp_path: Path, ledger: Ledger
) -> None:
    """Nearly every user who connects is one of these."""
    await ledger.rights.put("ana", b"{}")
    await ledger.rights.revoke_user("bo", 100.0)
    await ledger.rights.revoke_token("cy")
    again = Ledger.open(tmp_path, PRESETS)
    await again.start()
    asked: list[str] = []
    again._store.near._connection.set_trace_callback(asked.append)  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue] - nothing else tells
    assert again.rights.of("cy").body is None
    assert again.rights.of("somebody").version == 0
    assert not asked
    assert again.rights.of("ana").version == 1
    assert again.rights.of("bo").issued_before == 100.0
    assert asked
    await again.close()


async def test_more_names_than_are_kept_are_looked_up(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in ("ana", "bo", "cy"):
        await ledger.rights.put(user, b"{}")
    monkeypatch.setattr("renown.ledger.rights._NAMES_KEPT", 2)
    again = Ledger.open(tmp_path, PRESETS)
    await again.start()
    assert [again.rights.of(user).version for user in ("ana", "bo", "cy", "di")] == [1, 1, 1, 0]
    await again.rights.put("di", b"{}")
    assert again.rights.of("di").version == 1
    await again.close()


async def test_rights_are_written_by_the_one_writer_before_the_events_that_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written by another connection they would look like another process: what is folded would be dropped."""
    store = SqliteStore.open(tmp_path)
    ledger = Ledger(store, Policies.presets())
    await ledger.start()
    try:

        def another() -> Writer:
            raise AssertionError("nobody but the writer's thread may write")

        monkeypatch.setattr(store, "writer", another)
        pages = [[review(page * 1_000 + i) for i in range(1_000)] for page in range(8)]
        waiting = [asyncio.create_task(ledger.append(page)) for page in pages]
        await asyncio.sleep(0)
        await ledger.rights.put("ana", b'{"owns":["seller:1"]}')
        assert not waiting[-1].done()
        assert ledger.rights.of("ana").body == b'{"owns":["seller:1"]}'
        for answers in await asyncio.gather(*waiting):
            applied(answers)
    finally:
        await ledger.close()
