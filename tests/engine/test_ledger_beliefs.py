"""What is believed of a whole kind: not moved by what does not count, and by what is freed from then on."""

from pathlib import Path
from typing import Any

import pytest

from renown.ledger import Ledger
from renown.model import Event, Status
from renown.policy import Policies, load
from tests.engine.ledger_kit import StoreFactory, applied, moment, view
from tests.engine.ledger_kit import opened as ledger_of
from tests.engine.test_ledger_guards import DAY, bomb, held_of, honest, opened, told


async def prior(ledger: Ledger, n: int, day: float) -> dict[str, float]:
    """Return what is believed of all products, by an event that says nothing of any."""
    await told(ledger, Event("hold", "product:3", id=f"h{n}", ref="p1001", occurred_at=moment(day * DAY)))
    await told(ledger, Event("release", "product:3", id=f"r{n}", ref="p1001", occurred_at=moment(day * DAY)))
    return (await ledger.events("product:3", None, 1))[0].basis.prior


async def clean(ledger: Ledger) -> None:
    report = await ledger.rebuild(check=True)
    assert report.clean, report.differences


async def test_what_is_held_is_not_believed_of_the_kind_until_it_counts(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with opened(make, tmp_path) as ledger:
        await honest(ledger)
        held = held_of(await told(ledger, *bomb(100, 20, 61)))
        assert len(held) >= 15
        counting = 440 + 20 - len(held)
        mean = (440 * 4.5 + (20 - len(held))) / counting
        assert (await prior(ledger, 1, 62))[""] == pytest.approx(mean, abs=1e-9)
        await clean(ledger)

        def decide(what: str, reference: str) -> Event:
            return Event(what, "product:1", actor="user:mo", ref=reference, occurred_at=moment(62 * DAY))

        applied(await told(ledger, decide("dismiss", held[0])))
        assert (await prior(ledger, 2, 62))[""] == pytest.approx(mean, abs=1e-9)
        applied(await told(ledger, decide("release", held[1])))
        once = (await prior(ledger, 3, 62))[""]
        assert once == pytest.approx((mean * counting + 1) / (counting + 1), abs=1e-9)
        # Held again, by a moderator, and released again it is no news.
        applied(await told(ledger, decide("hold", held[1]), decide("release", held[1])))
        assert (await prior(ledger, 4, 62))[""] == once
        await clean(ledger)


async def test_what_is_amended_while_it_is_held_is_believed_as_amended(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with opened(make, tmp_path) as ledger:
        await honest(ledger)
        held = held_of(await told(ledger, *bomb(100, 20, 61)))
        before = (await prior(ledger, 1, 62))[""]
        for event in (
            Event("amend", "product:1", id="a1", value=3.0, ref=held[0], occurred_at=moment(62 * DAY)),
            Event("amend", "product:1", id="a2", value=2.0, ref="a1", occurred_at=moment(62 * DAY)),
        ):
            assert (await told(ledger, event))[0].status is Status.HELD
        assert (await prior(ledger, 2, 62))[""] == before
        applied(await told(ledger, Event("release", "product:1", ref="a2", occurred_at=moment(62 * DAY))))
        counting = 440 + 20 - len(held)
        after = (before * counting + 2.0) / (counting + 1)
        assert (await prior(ledger, 3, 62))[""] == pytest.approx(after, abs=1e-9)
        await clean(ledger)


SEALED = """
name = "sealed"
kind = "stall"
version = 1
title = "Blind reviews, and the mean of all stalls"
[scale]
min = 1
max = 5
[score]
method = "bayesian_mean"
prior = { value = 2, weight = 2, running = true }
[rules.review]
one_per = "actor_and_ref"
blind = { days = 14 }
"""


async def test_a_blind_review_is_not_believed_before_it_opens(make: StoreFactory, tmp_path: Path) -> None:
    def said(n: int, value: float, minute: float, **fields: Any) -> Event:
        given = {"id": f"s{n}", "actor": f"buyer:{n}", "value": value, "occurred_at": moment(minute)}
        return Event(**{"type": "review", "subject": "stall:1", "ref": f"o{n}", **given, **fields})

    async with opened(make, tmp_path, Policies((load(SEALED),))) as ledger:
        answers = await told(ledger, said(1, 5.0, 40 * DAY))
        assert answers[0].status is Status.HELD
        assert view(await ledger.snapshot("stall:1"))["score"] == 2.0
        await clean(ledger)
        # Fourteen days later it is open, and is what is believed of all.
        answers = await told(ledger, said(2, 1.0, 54.5 * DAY))
        (newest,) = await ledger.events("stall:1", None, 1, sealed=True)
        assert newest.basis.prior == {"": 5.0}
        await clean(ledger)


async def test_what_time_frees_right_before_an_event_is_believed_with_it(
    make: StoreFactory, tmp_path: Path
) -> None:
    text = """
        name = "shop"
        kind = "shop"
        version = 1
        title = "Shop"
        scale = { min = 1, max = 5 }
        score = { method = "bayesian_mean", prior = { value = 3, weight = 2, running = true } }
        rules = { review = {} }
        guards = [{ name = "b", kind = "budget", most = 1, days = 1, action = "hold", hold_days = 2 }]
    """
    policies = Policies([load("\n".join(line.strip() for line in text.splitlines()))])

    def said(n: int, actor: str, value: float, day: float) -> Event:
        return Event("review", "shop:1", f"e{n}", f"user:{actor}", value, occurred_at=moment(day * DAY))

    async with ledger_of(make, tmp_path, policies) as ledger:
        await ledger.append([said(1, "a", 5.0, 0), said(2, "a", 1.0, 0.1)])
        applied(await ledger.append([said(3, "b", 4.0, 5)]))
        (newest,) = await ledger.events("shop:1", None, 1)
        assert newest.basis.prior == {"": pytest.approx(10 / 3)}
        await clean(ledger)
