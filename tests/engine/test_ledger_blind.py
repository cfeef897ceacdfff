"""Blind reviews: held and unseen until the other side has spoken, or until their time has come."""

import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from renown.ledger import Ledger
from renown.ledger.timing.clock import Clock
from renown.model import Event, Status
from renown.policy import Policies, load
from tests.engine.ledger_kit import Hands, News, StoreFactory, applied, moment, running, view

DAY = 1_440.0

SIDE = """
name = "{kind}"
kind = "{kind}"
version = 1
title = "One side"
[scale]
min = 1
max = 5
[score]
method = "mean"
[rules.{rule}]
blind = {{ days = 14 }}
one_per = "actor_and_ref"
[rules.note]
"""


def sides(make: StoreFactory, folder: Path, clock: Clock) -> AbstractAsyncContextManager[Ledger]:
    both = [load(SIDE.format(kind=k, rule=r), k) for k, r in (("host", "stay"), ("guest", "visit"))]
    return running(make, folder, Policies(both), clock)


def stay(event_id: str = "of-host", minutes: float = 1, value: float = 2.0, ref: str = "s1") -> Event:
    return Event("stay", "host:h", event_id, "guest:g", value, ref=ref, occurred_at=moment(minutes))


def visit(event_id: str = "of-guest", minutes: float = 2, value: float = 4.0, ref: str = "s1") -> Event:
    return Event("visit", "guest:g", event_id, "host:h", value, ref=ref, occurred_at=moment(minutes))


async def standing(ledger: Ledger, subject: str) -> dict[str, Any]:
    return view(await ledger.snapshot(subject))


async def test_both_open_when_both_have_spoken(make: StoreFactory, tmp_path: Path) -> None:
    async with sides(make, tmp_path, Hands(60)) as ledger:
        news = News(ledger)
        (answer,) = await ledger.append([stay()])
        assert (answer.status, answer.version) == (Status.HELD, 1)
        assert answer.reasons == (
            "Nobody sees it until the other side has spoken, or until 2025-03-15T12:01:00.000000Z.",
        )
        assert (await standing(ledger, "host:h"))["count"] == 0
        applied(await ledger.append([visit()]))
        assert (await standing(ledger, "host:h"))["score"] == 2.0
        assert (await standing(ledger, "guest:g"))["score"] == 4.0
        opening = await ledger.event("renown.open/of-host")
        assert opening is not None
        assert (opening.event.type, opening.event.actor) == ("release", "renown:system")
        assert [(each.kind, each.name) for each in opening.changes] == [("open", "of-host")]
        assert [update.subject for update in news.updates] == ["host:h", "guest:g", "host:h"]
        assert not news.problems
        assert (await ledger.rebuild(check=True)).clean


async def test_nothing_of_it_shows_before(make: StoreFactory, tmp_path: Path) -> None:
    async with sides(make, tmp_path, Hands(60)) as ledger:
        news = News(ledger)
        await ledger.append([stay()])
        shown = [
            (await ledger.snapshot("host:h") or (0, b""))[1],
            *(body for _, body in await ledger.activity("host:h", 0, 10)),
            *(await ledger.recent(None, 10))[1],
            *(await ledger.recent("host", 10))[1],
            *(body for update in news.updates for _, _, body in update.activity),
            *(update.standing for update in news.updates),
            repr(await ledger.events("host:h", None, 10)).encode(),
            repr(await ledger.explain("host:h")).encode(),
            repr(await ledger.held(None, None, None, 10)).encode(),
            repr(await ledger.standing_at("host:h", moment(30).timestamp())).encode(),
        ]
        for each in shown:
            assert b"stay" not in each
            assert b"guest" not in each
            assert b"2.0" not in each
            assert b"of-host" not in each
        assert json.loads(shown[1])["type"] == "hold"
        assert "held" not in json.loads(shown[0])
        assert await ledger.held_counts() == {}
        (whole,) = await ledger.events("host:h", None, 10, sealed=True)
        assert (whole.event.actor, whole.sealed) == ("guest:g", True)
        # Nor can the one it is about do anything to it, or learn of it by trying.
        for kind in ("dispute", "hold"):
            (refused,) = await ledger.append([Event(kind, "host:h", ref="s1", occurred_at=moment(3))])
            assert refused.problem is not None
            assert refused.problem.code == "ref_not_found"


async def test_it_opens_when_its_time_has_come(make: StoreFactory, tmp_path: Path) -> None:
    clock = Hands(60)
    async with sides(make, tmp_path, clock) as ledger:
        await ledger.append([stay()])
        clock.minutes = 15 * DAY
        await ledger.pass_time()
        assert (await standing(ledger, "host:h"))["score"] == 2.0
        by_time = await ledger.event("renown.time/host:h/2025-03-15T12:01:00.000000Z")
        assert by_time is not None
        assert [(each.kind, each.name) for each in by_time.changes] == [("open", "of-host")]
        # What the other side says now has nobody to wait for.
        applied(await ledger.append([visit(minutes=14.5 * DAY)]))
        assert (await standing(ledger, "guest:g"))["score"] == 4.0
        assert (await ledger.rebuild(check=True)).clean


async def test_only_the_same_ref_and_the_other_side_open_it(make: StoreFactory, tmp_path: Path) -> None:
    async with sides(make, tmp_path, Hands(60)) as ledger:
        await ledger.append([stay(), stay("second", 2, ref="s2")])
        applied(
            await ledger.append(
                [Event("note", "guest:g", "n", "host:h", 4.0, ref="s1", occurred_at=moment(3))]
            )
        )
        assert (await standing(ledger, "host:h"))["count"] == 0
        await ledger.append([visit("other", 4, ref="s2")])
        assert (await standing(ledger, "host:h"))["count"] == 1
        assert (await ledger.rebuild(check=True)).clean


async def test_both_in_one_request_and_one_changed_before_it_opens(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with sides(make, tmp_path, Hands(60)) as ledger:
        better = Event("amend", "host:h", "better", "guest:g", 3.0, ref="of-host", occurred_at=moment(2))
        answers = await ledger.append([stay(), better, visit(minutes=3)])
        assert [each.status for each in answers] == [Status.HELD, Status.HELD, Status.APPLIED]
        assert (await standing(ledger, "host:h"))["score"] == 3.0
        assert (await standing(ledger, "guest:g"))["score"] == 4.0
        assert await ledger.event("renown.open/better") is not None
        # Taken back, it is gone for good; a new one has somebody to answer.
        applied(await ledger.append([Event("retract", "host:h", ref="s1", occurred_at=moment(4))]))
        applied(await ledger.append([stay("again", 5, 5.0)]))
        assert (await standing(ledger, "host:h"))["score"] == 5.0
        assert (await ledger.rebuild(check=True)).clean


async def test_a_blind_review_needs_somebody_and_something_in_common(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with sides(make, tmp_path, Hands(60)) as ledger:
        answers = await ledger.append(
            [
                Event("stay", "host:h", actor="guest:g", value=1.0),
                Event("stay", "host:h", ref="s1", value=1.0),
            ]
        )
        assert [each.problem.code for each in answers if each.problem] == ["ref_required", "actor_required"]


async def test_what_a_guard_wants_held_is_held_when_it_opens(make: StoreFactory, tmp_path: Path) -> None:
    guard = """
[[guards]]
name = "many"
kind = "budget"
most = 1
days = 30
action = "hold"
"""
    sides = [load(SIDE.format(kind=k, rule=r) + guard, k) for k, r in (("host", "stay"), ("guest", "visit"))]
    ledger = Ledger(make(tmp_path), Policies(sides), clock=Hands(60))
    await ledger.start()
    try:
        await ledger.append([stay(), stay("second", 2, ref="s2"), visit("back", 3, ref="s2")])
        opening = await ledger.event("renown.open/second")
        assert opening is not None
        assert [each.kind for each in opening.changes] == ["open", "hold"]
        shown = await standing(ledger, "host:h")
        assert (shown["count"], shown["held"]) == (0, 1)
        assert await ledger.held_counts() == {"host": {"guard:many": 1}}
        applied(await ledger.append([Event("release", "host:h", ref="second", occurred_at=moment(5))]))
        assert (await standing(ledger, "host:h"))["count"] == 1
        assert (await ledger.rebuild(check=True)).clean
    finally:
        await ledger.close()
