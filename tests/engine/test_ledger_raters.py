"""The word of an actor weighs by what the ledger knows of it: tier, score, age."""

from pathlib import Path

import pytest

from renown.model import Event
from renown.policy import Policies, load
from tests.engine.ledger_kit import StoreFactory, applied, moment, opened

HEAD = """
name = "user"
kind = "user"
version = 1
title = "User"
[scale]
min = 1
max = 5
[score]
method = "mean"
[rules.review]
[[tiers]]
name = "newcomer"
[[tiers]]
name = "trusted"
min_count = 2
{more}
[raters]
floor = 0.01
{raters}
"""
DAY = 24 * 60


def review(giver: str, taker: str, value: float, days: float) -> Event:
    return Event(
        "review",
        f"user:{taker}",
        id=f"{giver}-{taker}-{days:g}",
        actor=f"user:{giver}",
        value=value,
        occurred_at=moment(days * DAY),
    )


async def weights(make: StoreFactory, folder: Path, text: str, batches: list[list[Event]]) -> list[float]:
    """Return the weight of every event, however they were batched, after a rebuild found nothing."""
    policies = Policies([load(text)])
    found: list[float] = []
    async with opened(make, folder, policies) as ledger:
        for batch in batches:
            applied(await ledger.append(batch))
            for event in batch:
                entry = await ledger.event(event.id or "")
                assert entry is not None
                found.append(entry.basis.weight)
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences[:5]
    return found


@pytest.mark.parametrize("together", [False, True])
async def test_by_tier_and_score(make: StoreFactory, tmp_path: Path, together: bool) -> None:
    raters = "by_tier = { newcomer = 0.5, trusted = 1 }\nby_score = [[1, 0.2], [5, 1]]"
    text = HEAD.format(raters=raters, more="")
    events = [
        review("nobody", "a", 5, 1),
        review("a", "b", 4, 2),
        review("x", "a", 3, 3),
        review("a", "c", 4, 4),
    ]
    batches = [events] if together else [[event] for event in events]
    found = await weights(make, tmp_path, text, batches)
    # Nobody is in no tier; a is a newcomer at 5, then trusted at 5 and 3 with equal weights: 4.
    assert found == pytest.approx([0.01, 0.5, 0.01, 0.8])


async def test_the_tier_that_is_held_weighs(make: StoreFactory, tmp_path: Path) -> None:
    more = """
[[tiers]]
name = "star"
min_count = 1
min_score = 4
leave_score = 2
"""
    raters = "by_tier = { newcomer = 0.1, trusted = 0.2, star = 1 }"
    text = HEAD.format(raters=raters, more=more)
    events = [
        review("x", "a", 5, 1),
        review("y", "a", 1, 2),
        review("a", "b", 4, 3),
    ]
    found = await weights(make, tmp_path, text, [[each] for each in events])
    assert found[2] == 1, "a score of 3 would not make a star, and does not unmake one"


@pytest.mark.parametrize("together", [False, True])
async def test_by_age_in_the_ledger(make: StoreFactory, tmp_path: Path, together: bool) -> None:
    text = HEAD.format(raters="by_age_days = [[0, 0.1], [10, 1]]", more="")
    events = [
        review("a", "b", 5, 0),
        review("a", "c", 5, 5),
        review("a", "d", 5, 50),
        review("z", "d", 5, 50),
    ]
    batches = [events] if together else [[event] for event in events]
    found = await weights(make, tmp_path, text, batches)
    assert found == pytest.approx([0.1, 0.55, 1, 0.1])
