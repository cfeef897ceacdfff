"""Two stories told with the presets as they are: a seller's disputes, a system's critical finding."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from renown.ledger import Ledger
from renown.model import Change, Event, Status
from renown.policy import Policies, preset
from tests.engine.ledger_kit import STORES, Hands, applied, moment, view

DAY = 1_440.0
"""Minutes."""


class Scene:
    """A ledger, a clock, and one subject that everything is about."""

    def __init__(self, ledger: Ledger, clock: Hands, subject: str) -> None:
        self.ledger, self.clock, self.subject = ledger, clock, subject

    async def send(self, minutes: float, type_: str, **fields: Any) -> list[Change]:
        """Let time pass, then send an event; return what it did besides moving the score."""
        self.clock.minutes = minutes
        await self.ledger.pass_time()
        applied(await self.ledger.append([Event(type_, self.subject, occurred_at=moment(minutes), **fields)]))
        return list((await self.ledger.events(self.subject, None, 1))[0].changes)

    async def wait(self, minutes: float) -> list[Change]:
        """Let time pass; return what it did."""
        before = (await self.ledger.events(self.subject, None, 1))[0].version
        self.clock.minutes = minutes
        await self.ledger.pass_time()
        newer = [each for each in await self.ledger.events(self.subject, None, 100) if each.version > before]
        assert {each.event.type for each in newer} <= {"renown.time"}
        return [change for entry in reversed(newer) for change in entry.changes]

    async def shown(self) -> dict[str, Any]:
        return view(await self.ledger.snapshot(self.subject))


async def scene(make: str, folder: Path, subject: str) -> AsyncGenerator[Scene]:
    clock = Hands()
    policy = preset(subject.partition(":")[0])
    ledger = Ledger(STORES[make](folder), Policies([policy]), clock=clock)
    await ledger.start()
    yield Scene(ledger, clock, subject)
    report = await ledger.rebuild(check=True)
    assert report.clean, report.differences[:5]
    await ledger.close()


@pytest.fixture(params=sorted(STORES))
async def seller(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Scene]:
    async for each in scene(request.param, tmp_path, "seller:ana"):
        yield each


@pytest.fixture(params=sorted(STORES))
async def system(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Scene]:
    async for each in scene(request.param, tmp_path, "system:gateway"):
        yield each


def said(changes: list[Change]) -> list[tuple[str, str | None, str | None]]:
    return [(change.kind, change.name, change.after) for change in changes]


async def test_a_seller_disputes_a_bad_review_and_wins(seller: Scene) -> None:
    for i in range(20):
        await seller.send(i, "review", value=5.0, actor=f"buyer:{i}", ref=f"order:{i}")
    # (20·5 + 7·3.5) / 27, but for the minutes in between.
    assert (await seller.shown())["score"] == pytest.approx(4.611111, abs=1e-4)
    changes = await seller.send(60, "review", value=1.0, actor="buyer:x", ref="order:x", id="bad")
    assert said(changes) == [("alert", "bad-review", "fired")]
    assert (await seller.shown())["score"] == pytest.approx((125.5 + 0) / 28, abs=1e-3)
    (change,) = await seller.send(90, "dispute", ref="bad", actor="seller:ana")
    assert (change.kind, change.name, change.after) == ("dispute", "bad", "disputed")
    shown = await seller.shown()
    assert (shown["held"], shown["count"]) == (1, 20)
    assert shown["score"] == pytest.approx(4.611111, abs=1e-4)
    (again,) = await seller.ledger.append([Event("dispute", "seller:ana", ref="bad")])
    assert again.status is Status.REJECTED
    changes = await seller.send(DAY, "resolve", ref="bad", actor="moderator:m", data={"decision": "for"})
    assert said(changes) == [("resolve", "bad", "for")]
    shown = await seller.shown()
    assert (shown.get("held", 0), shown["count"]) == (0, 20)
    explained = await seller.ledger.explain("seller:ana")
    assert {line.type for line in explained.lines} == {"review"}
    assert {"dispute", "resolve"} <= {step.type for step in explained.steps}


async def test_what_was_decided_against_stands_whatever_its_giver_says_next(seller: Scene) -> None:
    for i in range(4):
        await seller.send(i, "review", value=5.0, actor=f"buyer:{i}", ref=f"order:{i}")
    bad = {"actor": "buyer:x", "ref": "order:x"}
    await seller.send(60, "review", value=1.0, id="bad", **bad)
    before = (await seller.shown())["score"]
    await seller.send(90, "dispute", ref="bad", actor="seller:ana")
    await seller.send(95, "resolve", ref="bad", actor="moderator:m", data={"decision": "against"})
    for type_, value in (("retract", None), ("amend", 5.0), ("review", 5.0)):
        event = Event(
            type_, "seller:ana", actor="buyer:x", ref="order:x", value=value, occurred_at=moment(100)
        )
        (answer,) = await seller.ledger.append([event])
        assert answer.problem is not None
        assert answer.problem.code == "permanent"
    assert (await seller.shown())["score"] == pytest.approx(before, abs=1e-3)
    # An older one that comes late is over by then, as ever.
    await seller.send(30, "review", value=4.0, **bad)
    assert (await seller.shown())["score"] == pytest.approx(before, abs=1e-3)


async def test_a_late_shipment_that_nobody_decides_about_becomes_permanent(seller: Scene) -> None:
    for i in range(20):
        await seller.send(i, "review", value=5.0, actor=f"buyer:{i}", ref=f"order:{i}")
    before = (await seller.shown())["score"]
    changes = await seller.send(60, "late_shipment", ref="order:3", id="late")
    assert said(changes) == [("alert", "late-shipment", "fired")]
    late = (await seller.shown())["score"]
    assert late < before
    await seller.send(90, "dispute", ref="late", actor="seller:ana")
    assert (await seller.shown())["score"] == pytest.approx(before, abs=1e-4)
    changes = await seller.wait(15 * DAY)
    assert ("permanent", "late", "permanent") in said(changes)
    assert (await seller.shown())["score"] == pytest.approx(late, abs=1e-2)
    for again in ("dispute", "retract"):
        (answer,) = await seller.ledger.append([Event(again, "seller:ana", ref="late", actor="seller:ana")])
        assert answer.status is Status.REJECTED


async def test_a_critical_finding_drops_a_system_at_once_and_closing_it_recovers_it(system: Scene) -> None:
    assert said(await system.send(0, "scanned")) == [("tier", None, "a"), ("status", None, "monitored")]
    critical, high = {"severity": "critical"}, {"severity": "high"}
    changes = await system.send(60, "finding_opened", ref="f-1", data=critical)
    assert said(changes) == [("tier", None, "d"), ("alert", "critical-finding", "fired")]
    assert (await system.shown())["score"] == pytest.approx(67.032005, abs=1e-6)
    changes = await system.send(70, "finding_opened", ref="f-2", data=high)
    assert said(changes) == [("tier", None, "f"), ("alert", "low-score", "fired")]
    # 100·e^(−.4) again: above 60, but the alert is over only above 70.
    changes = await system.send(80, "finding_closed", ref="f-2")
    assert said(changes) == [("tier", None, "d")]
    changes = await system.send(90, "finding_closed", ref="f-1")
    assert said(changes) == [
        ("tier", None, "a"),
        ("alert", "critical-finding", "cleared"),
        ("alert", "low-score", "cleared"),
    ]
    shown = await system.shown()
    assert (shown["score"], shown["tier"], shown["status"]) == (100.0, "a", "monitored")
    assert ("alert", "stale", "fired") in said(await system.wait(31 * DAY))
