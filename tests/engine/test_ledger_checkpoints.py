"""Refolding begins at checkpoints, and comes to the same as from the beginning."""

import random
from pathlib import Path

import pytest

from renown.ledger.folding import checkpoints, replay
from renown.model import Event
from renown.scoring.lines import Line
from tests.engine.ledger_kit import STORES, StoreFactory, moment, opened, rating, raw, review

pytestmark = pytest.mark.parametrize("make", STORES.values(), ids=STORES.keys())


def _story(seed: int, length: int) -> list[Event]:
    """Events about a trader, a member and a seller: late ones, retractions, new values, holds."""
    drawn = random.Random(seed)
    events: list[Event] = []
    for n in range(length):
        minute = n * 3 - (drawn.randint(0, 3 * n) if drawn.random() < 0.08 else 0)
        kind = drawn.choice(("trader", "member", "seller"))
        if events and drawn.random() < 0.1:
            of = drawn.choice(events)
            type_ = drawn.choice(("retract", "retract", "hold", "release"))
            events.append(Event(type_, of.subject, id=f"e{n}", ref=of.id, occurred_at=moment(3 * n)))
        elif kind == "trader":
            value = float(drawn.randint(1, 10)) * drawn.choice((1, 1, 1, -1))
            events.append(rating(f"{drawn.randint(2, 60)}", "1", value, minute, id=f"e{n}"))
        elif kind == "member":
            voter = f"member:v{drawn.randint(1, 200)}"
            told = {"id": f"e{n}", "actor": voter, "ref": f"p{n}", "occurred_at": moment(minute)}
            events.append(Event(drawn.choice(("upvote", "downvote")), "member:1", **told))
        else:
            events.append(review(n, minutes=minute, id=f"e{n}"))
    return events


def _read(folder: Path, statement: str) -> list[int]:
    connection = raw(folder)
    try:
        return [row[0] for row in connection.execute(statement)]
    finally:
        connection.close()


def _keep_every(versions: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (checkpoints, replay):
        monkeypatch.setattr(module, "EVERY", versions)


@pytest.mark.parametrize("seed", range(4))
async def test_refolding_from_a_checkpoint_is_refolding_from_the_beginning(
    make: StoreFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    events = _story(seed, 500) + [review(n, minutes=5 * n) for n in range(500, 530)]
    async with opened(make, tmp_path / "without") as ledger:
        _keep_every(10**9, monkeypatch)
        await ledger.append(events)
        wanted = await ledger.snapshots(["trader:1", "member:1", "seller:1"])
    _keep_every(7, monkeypatch)
    async with opened(make, tmp_path / "with") as ledger:
        drawn = random.Random(seed)
        start = 0
        while start < len(events):
            size = drawn.choice((1, 5, 60))
            await ledger.append(events[start : start + size])
            start += size
        assert await ledger.snapshots(["trader:1", "member:1", "seller:1"]) == wanted
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences[:3]
        assert _read(tmp_path / "with", "SELECT version FROM checkpoints")


async def test_a_changed_event_drops_what_was_built_on_it(
    make: StoreFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _keep_every(10, monkeypatch)
    kept = "SELECT version FROM checkpoints WHERE subject = 'seller:1' ORDER BY version"
    async with opened(make, tmp_path) as ledger:
        await ledger.append([review(n) for n in range(1, 45)])
        assert _read(tmp_path, kept) == [10, 20, 30, 40]
        await ledger.append([Event("retract", "seller:1", ref="rev-seller:1-25", occurred_at=moment(45))])
        assert _read(tmp_path, kept) == [10, 20]
        await ledger.append([review(200, minutes=15.5)])
        assert _read(tmp_path, kept) == [10]
        await ledger.append([review(n) for n in range(50, 64)])
        assert _read(tmp_path, kept) == [10, 50, 60]


async def test_a_page_under_a_cap_is_the_same_with_and_without(
    make: StoreFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    votes = [
        Event("upvote", "member:1", id=f"v{n}", actor=f"member:a{n}", ref=f"p{n}", occurred_at=moment(n))
        for n in range(60)
    ]
    _keep_every(8, monkeypatch)
    async with opened(make, tmp_path) as ledger:
        await ledger.append(votes)
        whole = await ledger.explain("member:1", limit=1000)
        lines: list[Line] = []
        cursor = None
        while True:
            page = await ledger.explain("member:1", limit=9, cursor=cursor)
            lines.extend(page.lines)
            cursor = page.cursor
            so_far = page.prior.points + sum(line.points for line in lines)
            assert so_far + page.points_of_older == pytest.approx(page.score)
            if cursor is None:
                break
        assert lines == list(whole.lines)
        assert sum(line.points for line in lines) == 200
