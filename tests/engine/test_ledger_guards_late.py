"""Backdated events in a real ledger: telling of long ago gets past no budget, fresh share or burst."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from renown.ledger import Ledger
from renown.model import Answer, Event, Status
from renown.policy import Policies, load
from renown.stores import SqliteStore
from tests.engine.ledger_kit import moment, opened, raw, view

DAY = 1_440.0
HOLDS, REJECTS = 'action = "hold"', 'action = "reject"'
POLICY = """
name = "post"
kind = "post"
version = 1
title = "Post"
[scale]
min = 0
max = 100
[score]
method = "points"
[rules.vote]
value = 1
[[guards]]
name = "three"
GUARD
"""
GUARDS = {
    "subject": f'kind = "budget"\nper = "subject"\nmost = 3\n{REJECTS}',
    "actor": f'kind = "budget"\nper = "actor"\nmost = 3\n{REJECTS}',
    "ref": f'kind = "budget"\nper = "ref"\nmost = 3\n{REJECTS}',
    "anywhere": f'kind = "budget"\nper = "actor_anywhere"\nmost = 3\n{REJECTS}',
    "fresh": f'kind = "fresh"\nper_day = 3\nshare = 1\n{REJECTS}',
}


def policies(guard: str) -> Policies:
    return Policies([load(POLICY.replace("GUARD", GUARDS[guard]))])


def votes(guard: str, name: str, day: float, count: int) -> list[Event]:
    """Return votes of one day: of one actor, under one ref, about one post, as far as the guard needs."""
    about = (lambda i: f"post:{name}-{i}") if guard == "anywhere" else (lambda _: "post:1")
    sent_by = (
        (lambda i: f"new:{name}-{i}") if guard in ("fresh", "subject", "ref") else (lambda _: "user:ana")
    )
    return [
        Event("vote", about(i), f"{name}-{i}", sent_by(i), ref="order:1", occurred_at=moment(day * DAY + i))
        for i in range(count)
    ]


def taken(answers: Sequence[Answer]) -> int:
    return sum(each.status is Status.APPLIED for each in answers)


async def sent(ledger: Ledger, guard: str, *told: tuple[str, float, int]) -> list[int]:
    return [taken(await ledger.append(votes(guard, *each))) for each in told]


@pytest.mark.parametrize("guard", GUARDS)
async def test_a_day_has_one_budget_however_late_it_is_told_of(tmp_path: Path, guard: str) -> None:
    sliding = guard in ("actor", "ref")
    async with opened(SqliteStore.open, tmp_path, policies(guard)) as ledger:
        assert await sent(ledger, guard, ("a", 0, 6), ("b", 1.2, 1)) == [3, 1]
        # What slides has no days: it counts them with the newest, of which one has come.
        assert await sent(ledger, guard, ("c", 0.1, 10)) == [2 if sliding else 0]
        assert await sent(ledger, guard, ("d", 2.4, 1)) == [1]
        assert await sent(ledger, guard, ("e", 0.1, 10)) == [2 if sliding else 0]
        assert await sent(ledger, guard, ("f", 1.2, 10)) == [0 if sliding else 2]
        assert await sent(ledger, guard, ("g", -40, 10)) == [0 if sliding else 2]
        assert await sent(ledger, guard, ("h", 2.4, 10)) == [0]
    async with opened(SqliteStore.open, tmp_path, policies(guard)) as ledger:
        # After a restart nothing is forgotten, and a rebuild remembers the same.
        assert (
            await sent(ledger, guard, ("i", 0.1, 3), ("j", 1.2, 3), ("k", -40, 3), ("l", 2.4, 3)) == [0] * 4
        )
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences
        await ledger.rebuild(check=False)
        assert (
            await sent(ledger, guard, ("m", 0.1, 3), ("n", 1.2, 3), ("o", -40, 3), ("p", 2.4, 3)) == [0] * 4
        )
        assert await sent(ledger, guard, ("q", 3.5, 4)) == [3]


def stars(subject: str, n: int, value: float, day: float, verified: bool) -> Event:
    return Event(
        "review",
        subject,
        f"{subject}-{n}",
        f"user:{subject[-1]}{n}",
        value,
        ref=f"order:{n}",
        data={"verified": verified},
        occurred_at=moment(day * DAY + n),
    )


async def test_a_bomb_is_held_whatever_day_it_tells_of(tmp_path: Path) -> None:
    async with opened(SqliteStore.open, tmp_path) as ledger:
        held: dict[float, int] = {}
        for name, back in (("a", 0.0), ("b", 5.0), ("c", 45.0), ("d", 20.0)):
            subject = f"product:{name}"
            honest = [stars(subject, i, 3.0 + i % 3, i * 2, verified=True) for i in range(100)]
            assert taken(await ledger.append(honest)) == 100
            before = view(await ledger.snapshot(subject))["score"]
            bomb = [stars(subject, 100 + i, 1.0, 198.5 - back, verified=False) for i in range(30)]
            said = Counter([each.status for each in await ledger.append(bomb)])
            held[back] = said[Status.HELD]
            assert before - view(await ledger.snapshot(subject))["score"] < 0.2
        assert held[0.0] == held[45.0] == held[20.0] >= 27
        assert held[5.0] >= 25
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences


async def test_what_an_older_version_remembered_is_folded_anew(tmp_path: Path) -> None:
    """Subjects remembered one period only, actors what they had spent in one: both as it was written then."""
    for guard in ("subject", "fresh", "anywhere"):
        folder = tmp_path / guard
        folder.mkdir()
        async with opened(SqliteStore.open, folder, policies(guard)) as ledger:
            assert await sent(ledger, guard, ("a", 0, 3), ("b", 1, 2)) == [3, 2]
        with raw(folder) as file:
            older(file)
        async with opened(SqliteStore.open, folder, policies(guard)) as ledger:
            late = 3 if guard == "anywhere" else 0
            assert await sent(ledger, guard, ("c", 1.1, 3), ("d", 0.1, 9)) == [1, late]
            if guard == "anywhere":
                # Posts that nothing has happened to since are as they were.
                assert not (await ledger.rebuild(check=True)).clean
                await ledger.rebuild(check=False)
            report = await ledger.rebuild(check=True)
            assert report.clean, report.differences


def older(file: sqlite3.Connection) -> None:
    """Take out of a file what was not kept before: the periods before the newest, and the newest time."""
    for subject, life in file.execute("SELECT subject, life FROM standings").fetchall():
        held, until, lived, guards, prior = msgspec.json.decode(life)
        cells, going, _ = guards
        guards = [[cell if cell is None else cell[:-1] for cell in cells], going]
        data = msgspec.json.encode((held, until, lived, guards, prior))
        file.execute("UPDATE standings SET life = ? WHERE subject = ?", (data, subject))
    for actor, told in file.execute("SELECT actor, spent FROM actors").fetchall():
        if told is not None:
            data = msgspec.json.encode({name: each[:2] for name, each in msgspec.json.decode(told).items()})
            file.execute("UPDATE actors SET spent = ? WHERE actor = ?", (data, actor))
