"""An amendment that a guard holds: what it amends counts until somebody has decided."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from renown.ledger import Ledger
from renown.model import Event, Status
from renown.policy import Policies, load
from renown.stores import SqliteStore
from tests.engine.ledger_kit import applied, moment, opened, view

DAY = 1_440.0
SHOP = """
name = "shop"
kind = "shop"
version = 1
title = "Shop"
[scale]
min = 1
max = 5
[score]
method = "mean"
[rules.review]
one_per = "actor"
also = [{ to = "actor", type = "reviewed", with_value = true }]
[disputes]
[[guards]]
name = "twice"
kind = "budget"
most = 1
days = 1
action = "hold"
HOLD
"""
GIVER = """
name = "buyer"
kind = "buyer"
version = 1
title = "Buyer"
[scale]
min = 1
max = 5
[score]
method = "mean"
[rules.reviewed]
allow_self = true
"""


@contextlib.asynccontextmanager
async def shop(folder: Path, hold: str = "") -> AsyncGenerator[Ledger]:
    """Open a ledger with one review of 5 by ana, which she has made one of 1 within the day."""
    policies = Policies([load(SHOP.replace("HOLD", hold)), load(GIVER)])
    async with opened(SqliteStore.open, folder, policies) as ledger:
        applied(await ledger.append([said("review", 0, "r1", "buyer:ana", 5.0)]))
        applied(await ledger.append([said("review", 0, "r2", "buyer:bob", 3.0)]))
        (answer,) = await ledger.append([said("amend", 0.1, "a1", "buyer:ana", 1.0, ref="r1")])
        assert answer.status is Status.HELD
        assert "what it amends does" in answer.reasons[0]
        yield ledger
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences


def said(
    kind: str, day: float, name: str, actor: str = "user:mo", value: float | None = None, **fields: Any
) -> Event:
    return Event(kind, "shop:1", name, actor, value, occurred_at=moment(day * DAY), **fields)


async def score(ledger: Ledger) -> tuple[float, int, int]:
    """Return score, count and what is held."""
    standing = view(await ledger.snapshot("shop:1"))
    return standing["score"], standing["count"], standing.get("held", 0)


async def given(ledger: Ledger) -> float:
    return view(await ledger.snapshot("buyer:ana"))["score"]


async def test_the_old_value_counts_until_a_release_puts_the_new_one_in_its_place(
    tmp_path: Path,
) -> None:
    async with shop(tmp_path) as ledger:
        assert await score(ledger) == (4.0, 2, 1)
        assert await given(ledger) == 5.0
        page = await ledger.explain("shop:1")
        assert [line.id for line in page.lines] == ["r2", "r1"]
        assert [line.id for line in page.held] == ["a1"]
        applied(await ledger.append([said("release", 1, "x", ref="a1")]))
        assert await score(ledger) == (2.0, 2, 0)
        assert await given(ledger) == 1.0
        (entry,) = [each for each in await ledger.events("shop:1", None, 9) if each.event.id == "x"]
        assert "instead of what `r1` said" in (entry.changes[0].why or "")
        # It is the buyer's live review from now on.
        applied(await ledger.append([said("review", 9, "r3", "buyer:ana", 4.0)]))
        assert await score(ledger) == (3.5, 2, 0)


async def test_dismissed_the_old_value_stays(tmp_path: Path) -> None:
    async with shop(tmp_path) as ledger:
        applied(await ledger.append([said("dismiss", 1, "x", ref="r1")]))
        assert await score(ledger) == (4.0, 2, 0)
        assert await given(ledger) == 5.0
        (entry,) = [each for each in await ledger.events("shop:1", None, 9) if each.event.id == "x"]
        assert "`r1` stays as it was" in (entry.changes[0].why or "")
        applied(await ledger.append([said("review", 9, "r3", "buyer:ana", 4.0)]))
        assert await score(ledger) == (3.5, 2, 0)


async def test_when_its_days_are_over_the_new_value_counts(tmp_path: Path) -> None:
    async with shop(tmp_path, "hold_days = 2") as ledger:
        await ledger.append([said("review", 3, "r4", "buyer:cyd", 3.0)])
        assert await score(ledger) == (7 / 3, 3, 0)


async def test_with_what_it_amends_the_amendment_goes(tmp_path: Path) -> None:
    async with shop(tmp_path / "retracted") as ledger:
        applied(await ledger.append([said("retract", 1, "x", ref="r1")]))
        assert await score(ledger) == (3.0, 1, 0)
    async with shop(tmp_path / "replaced") as ledger:
        applied(await ledger.append([said("review", 2, "r3", "buyer:ana", 2.0)]))
        assert await score(ledger) == (2.5, 2, 0)
    async with shop(tmp_path / "withdrawn") as ledger:
        applied(await ledger.append([said("retract", 1, "x", ref="a1")]))
        assert await score(ledger) == (4.0, 2, 0)


async def test_a_second_amendment_takes_the_place_of_the_first_and_waits_like_it(tmp_path: Path) -> None:
    for n, reference in enumerate(("r1", "a1")):
        async with shop(tmp_path / str(n)) as ledger:
            (answer,) = await ledger.append([said("amend", 0.2, "a2", "buyer:ana", 2.0, ref=reference)])
            assert answer.status is Status.HELD
            assert await score(ledger) == (4.0, 2, 1)
            applied(await ledger.append([said("release", 1, "x", ref="a2")]))
            assert await score(ledger) == (2.5, 2, 0)
            assert await given(ledger) == 2.0


async def test_what_counts_can_be_disputed_meanwhile(tmp_path: Path) -> None:
    async with shop(tmp_path) as ledger:
        applied(await ledger.append([said("dispute", 1, "d", ref="r1")]))
        assert await score(ledger) == (3.0, 1, 2)
        applied(await ledger.append([said("resolve", 2, "s", ref="r1", data={"decision": "against"})]))
        assert await score(ledger) == (4.0, 2, 1)
