"""Amendments are judged by what they say: no guard is passed by turning a good review into a bad one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from renown.ledger import Ledger
from renown.model import Answer, Event, Status
from tests.engine.ledger_kit import StoreFactory, applied, moment, view
from tests.engine.test_ledger_guards import DAY, honest, opened, stars, told


def amend(n: int, value: float | None, day: float, **fields: Any) -> Event:
    at = moment(day * DAY)
    return Event("amend", "product:1", id=f"a{n}", ref=f"p{n}", value=value, occurred_at=at, **fields)


async def turned(ledger: Ledger, count: int = 20) -> Sequence[Answer]:
    """Let friends come with praise, bit by bit, and all turn on one day."""
    await honest(ledger)
    applied(await told(ledger, *[stars(100 + i, 5.0, 40 + i) for i in range(count)]))
    return await told(ledger, *[amend(100 + i, 1.0, 61 + i / 1000) for i in range(count)])


async def clean(ledger: Ledger) -> None:
    report = await ledger.rebuild(check=True)
    assert report.clean, report.differences


async def test_a_bomb_of_amendments_is_held_like_one_of_reviews(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        answers = await turned(ledger)
        held = [answer.id or "" for answer in answers if answer.status is Status.HELD]
        assert len(held) >= 15
        assert "negative reviews in a day" in answers[-1].reasons[0]
        now = view(await ledger.snapshot("product:1"))
        assert now["held"] == len(held)
        # Until somebody decides their praise counts.
        assert now["count"] == 60
        entry = await ledger.event(held[0])
        assert entry is not None
        assert entry.held_why == "guard:bombing"
        await clean(ledger)


async def test_a_held_amendment_is_released_or_dismissed(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        held = [answer.id or "" for answer in await turned(ledger) if answer.status is Status.HELD]
        before = view(await ledger.snapshot("product:1"))
        for type_, reference in (("release", held[0]), ("dismiss", held[1])):
            step = Event(type_, "product:1", actor="user:mo", ref=reference, occurred_at=moment(62 * DAY))
            applied(await ledger.append([step]))
        now = view(await ledger.snapshot("product:1"))
        assert (now["held"], now["count"]) == (before["held"] - 2, before["count"])
        assert now["score"] < before["score"]
        await clean(ledger)


async def test_what_says_the_same_or_better_is_not_held(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        await honest(ledger)
        # A bad one of before the bomb, that counts.
        applied(await told(ledger, stars(90, 1.0, 50), stars(91, 1.0, 50.5)))
        await told(ledger, *[stars(100 + i, 1.0, 61 + i / 1000) for i in range(20)])
        applied(await told(ledger, amend(90, None, 61.5, data={"text": "with a word more"})))
        applied(await told(ledger, amend(91, 5.0, 61.5)))
        await clean(ledger)
