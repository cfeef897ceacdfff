"""Rebuilding in several processes: the same to the byte as in one, and whole or not at all when one dies."""

import asyncio
import os
import signal
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from renown.errors import LedgerError
from renown.ledger import Ledger, LedgerOptions, Reached, RebuildReport
from renown.ledger.rebuilding import crew, tasks, working
from renown.model import Event
from renown.policy import Policies, Policy
from renown.stores import SqliteStore
from tests.engine.ledger_kit import StoreFactory, applied, opened, raw, review
from tests.engine.test_ledger_laws import WORLDS, Stopped, drawn_events
from tests.engine.test_ledger_rebuild import TAMPERINGS, mixture

TABLES = {
    "events": "seq",
    "standings": "subject",
    "kinds": "kind",
    "actors": "actor",
    "checkpoints": "subject, version",
}
SPOIL = (
    "UPDATE events SET pair = 'x' || version, contributions = '[]', score = 0, delta = 0, changes = NULL,"
    " ended_at = 7, ended_by = 'x', ended_version = 1, held_at = NULL, held_until = NULL, held_why = NULL",
    "UPDATE standings SET score = 0, state = '[]', view = '{}', life = NULL, due = 5, count = 0",
    "UPDATE kinds SET events = 0, subjects = 0, recent = '[]'",
    "UPDATE actors SET first_at = 0, events = 0",
)


@pytest.fixture(autouse=True)
def _small_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renown.ledger.rebuild._WORTH", 0)
    monkeypatch.setattr(tasks, "_EVENTS", 40)
    monkeypatch.setattr(tasks, "_LARGE", 100)


def _contents(folder: Path) -> dict[str, list[Any]]:
    connection = raw(folder)
    try:
        orders = TABLES.items()
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()
            for table, order in orders
        }
    finally:
        connection.close()


def _groups() -> list[list[Policy]]:
    """Return all policies in as few groups as can be, of each kind one."""
    groups: list[dict[str, Policy]] = []
    for policy in WORLDS.values():
        free = next((group for group in groups if policy.kind not in group), None)
        if free is None:
            groups.append(free := {})
        free[policy.kind] = policy
    return [list(group.values()) for group in groups]


@pytest.mark.parametrize("group", range(len(_groups())))
async def test_under_every_policy_what_was_spoilt_is_made_as_it_was_to_the_byte(
    tmp_path: Path, group: int
) -> None:
    policies = _groups()[group]
    ledger = Ledger(
        SqliteStore.open(tmp_path), Policies(policies), LedgerOptions(timers=False), clock=Stopped()
    )
    await ledger.start()
    try:
        for policy in policies:
            events = drawn_events(policy, 5)
            for start in range(0, len(events), 9):
                await ledger.append(events[start : start + 9])
        await ledger.rebuild(check=False)
        before = _contents(tmp_path)
        spoiling = raw(tmp_path)
        for statement in SPOIL:
            spoiling.execute(statement)
        spoiling.close()
        found = await ledger.rebuild(check=True, processes=2)
        assert not found.clean
        assert _contents(tmp_path) != before
        repaired = await ledger.rebuild(check=False, processes=2)
        assert repaired.differences == found.differences
        assert _contents(tmp_path) == before
        assert (await ledger.rebuild(check=True, processes=2)).clean
    finally:
        await ledger.close()


async def test_several_processes_tell_what_one_tells(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        await ledger.append(mixture(3, 400))
        await ledger.append([review(i, subject=f"seller:{i % 7 + 5}") for i in range(900)])
        beside = raw(tmp_path)
        for name in ("recorded score", "contribution", "seeds", "state"):
            beside.execute(TAMPERINGS[name])
        beside.close()
        told: list[Reached] = []
        one = await ledger.rebuild(check=True)
        several = await ledger.rebuild(check=True, processes=3, progress=told.append)
        assert several == one
        assert {each.what for each in one.differences} >= {"score", "contributions", "state"}
        subjects = ledger.stats().subjects
        assert told[-1] == Reached(one.events, one.events, subjects, subjects, 3)
        done = [(each.events, each.subjects) for each in told]
        assert done == sorted(done)


async def test_events_that_come_in_meanwhile_are_safe(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(i, subject=f"seller:{i % 30}") for i in range(1500)]))
        beside = raw(tmp_path)
        beside.execute("UPDATE events SET score = score + 1 WHERE version > 3")
        beside.close()

        async def more() -> None:
            for i in range(1500, 1800):
                applied(await ledger.append([review(i, subject=f"seller:{i % 30}")]))

        writing = asyncio.create_task(more())
        assert not (await ledger.rebuild(check=False, processes=3)).clean
        await writing
        report = await ledger.rebuild(check=True, processes=2)
        assert report.clean, report.differences[:3]


def _children() -> list[int]:
    """Return the processes of a rebuild that this one has started."""
    mine: list[int] = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, parent = status.parent.name, int(status.read_text().rpartition(")")[2].split()[1])
            command = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"renown.ledger.rebuilding.worker" in command:
            mine.append(int(name))
    return mine


async def test_a_process_that_dies_ends_the_rebuild_and_leaves_every_subject_whole(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(i, subject=f"seller:{i % 40}") for i in range(4000)]))
        beside = raw(tmp_path)
        beside.execute("UPDATE events SET score = score + 1")
        beside.close()
        killed: list[int] = []

        def kill(_: Reached) -> None:
            if not killed:
                killed.extend(_children()[:1])
                os.kill(killed[0], signal.SIGKILL)

        with pytest.raises(LedgerError) as died:
            await ledger.rebuild(check=False, processes=2, progress=kill)
        assert died.value.problem_code == "rebuild_died"
        assert "by signal 9" in died.value.detail
        assert not _children(), "nobody goes on alone"
        connection = raw(tmp_path)
        # Each is as it was spoilt, or as it should be: by one in all of its versions, or by nothing in any.
        right = _right(tmp_path)
        for subject in {row[0] for row in connection.execute("SELECT DISTINCT subject FROM events")}:
            scores = connection.execute(
                "SELECT score FROM events WHERE subject = ? ORDER BY version", (subject,)
            ).fetchall()
            off = {round(score - wanted, 9) for (score,), wanted in zip(scores, right[subject], strict=True)}
            assert off in ({0.0}, {1.0})
        connection.close()
        await ledger.rebuild(check=False, processes=2)
        assert (await ledger.rebuild(check=True, processes=2)).clean


def _right(folder: Path) -> dict[str, list[float]]:
    """Return the scores of all events as a rebuild of a copy makes them."""
    with sqlite3.connect(folder / "ledger.sqlite") as source, sqlite3.connect(folder / "copy.sqlite") as copy:
        source.backup(copy)
    store = SqliteStore.open(folder / "copy.sqlite")
    try:
        for task in tasks.subject_tasks(store.near, large_first=False):
            working.work_on(store, Policies.presets(), task, lambda _, __: None, check=False)
        scores: dict[str, list[float]] = {}
        for row in store.near.since(0, 10_000):
            scores.setdefault(row.subject, []).append(row.score)
        return scores
    finally:
        store.close()


async def test_a_rebuild_that_nobody_waits_for_stops(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(i, subject=f"seller:{i % 40}") for i in range(4000)]))
        for processes in (1, 2):
            began = threading.Event()
            running: asyncio.Task[RebuildReport] = asyncio.create_task(
                ledger.rebuild(check=True, processes=processes, progress=lambda _, began=began: began.set())
            )
            await asyncio.to_thread(began.wait)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert not _children()
        assert (await ledger.rebuild(check=True, processes=2)).clean


async def test_a_process_that_cannot_begin_says_why(
    make: StoreFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([Event("review", "seller:1", value=4.0)]))
        monkeypatch.setattr(crew, "text_of", lambda _: "name = 'no policy'")
        with pytest.raises(LedgerError) as failed:
            await ledger.rebuild(check=True, processes=2)
        assert "missing" in failed.value.detail or "required" in failed.value.detail, failed.value.detail
