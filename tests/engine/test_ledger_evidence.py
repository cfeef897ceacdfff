"""The life of evidence: held, released, dismissed, disputed, decided, and permanent."""

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renown.ledger import Ledger
from renown.ledger.timing.clock import Clock
from renown.model import Answer, Change, Entry, Event, Status
from renown.policy import Policies, Policy, load
from tests.engine.ledger_kit import (
    STORES,
    T0,
    Hands,
    StoreFactory,
    applied,
    moment,
    raw,
    review,
    running,
    view,
)

DAY = 1_440.0
"""Minutes."""

SHOP = """
name = "shop"
kind = "seller"
version = 1
title = "Shop"

[scale]
min = 1
max = 5

[score]
{score}

[rules.review]
one_per = "actor_and_ref"

[rules.late]
value = 1

[rules.praise]
value = 5

[disputes]
window_days = 30
open_days = 14
share = {share}
otherwise = "{otherwise}"
types = ["review", "late"]
"""


def shop(
    score: str = 'method = "bayesian_mean"\nprior = { value = 3, weight = 2 }',
    share: float = 0.0,
    otherwise: str = "against",
) -> Policy:
    return load(SHOP.format(score=score, share=share, otherwise=otherwise), "shop")


def clocked(make: StoreFactory, folder: Path, policy: Policy, clock: Clock) -> Ledger:
    return Ledger(make(folder), Policies([policy]), clock=clock)


def step(kind: str, ref: str, minutes: float, *, event_id: str | None = None, **data: Any) -> Event:
    actor = "moderator:mo" if kind in ("hold", "release", "dismiss", "resolve") else "user:ana"
    return Event(
        kind, "seller:1", event_id, actor=actor, ref=ref, occurred_at=moment(minutes), data=data or None
    )


def code(answers: list[Answer]) -> str:
    assert answers[0].status is Status.REJECTED, answers
    assert answers[0].problem is not None
    return answers[0].problem.code


async def entry(ledger: Ledger, event_id: str) -> Entry:
    found = await ledger.event(event_id)
    assert found is not None
    return found


def kinds(changes: tuple[Change, ...]) -> list[tuple[str, str | None, str | None]]:
    return [(each.kind, each.name, each.after) for each in changes]


async def numbers(ledger: Ledger, subject: str = "seller:1") -> tuple[float, int, int]:
    """Return score, count, and how many are under review."""
    shown = view(await ledger.snapshot(subject))
    return shown["score"], shown["count"], shown.get("held", 0)


async def test_a_dispute_holds_a_review_and_the_decision_for_takes_it_away(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with running(make, tmp_path, shop()) as ledger:
        applied(await ledger.append([review(1, value=5.0)]))
        without = await numbers(ledger)
        applied(await ledger.append([review(2, value=1.0)]))
        dropped = await numbers(ledger)
        assert dropped[0] < without[0]
        # (2·3 + 5 + 1) / 4
        assert dropped == (3.0, 2, 0)
        applied(
            await ledger.append([step("dispute", "rev-seller:1-2", 10, event_id="d1", reason="not mine")])
        )
        assert await numbers(ledger) == (without[0], 1, 1)
        held = await entry(ledger, "rev-seller:1-2")
        assert held.held
        assert (held.held_by, held.held_why) == ("d1", "dispute")
        assert held.held_until == moment(10 + 14 * DAY).timestamp()
        dispute = await entry(ledger, "d1")
        assert kinds(dispute.changes) == [("dispute", "rev-seller:1-2", "disputed")]
        why = dispute.changes[0].why
        assert why == (
            "The review of 1 `rev-seller:1-2` is disputed and does not count until "
            "2025-03-15T12:10:00.000000Z: not mine."
        )
        decided = step("resolve", "rev-seller:1-2", 20, event_id="r1", decision="for")
        applied(await ledger.append([decided]))
        assert await numbers(ledger) == (without[0], 1, 0)
        gone = await entry(ledger, "rev-seller:1-2")
        assert not gone.held
        assert gone.ended_by == "r1"
        assert kinds((await entry(ledger, "r1")).changes) == [("resolve", "rev-seller:1-2", "for")]
        assert code(await ledger.append([step("resolve", "rev-seller:1-2", 30, decision="for")])) == (
            "already_decided"
        )
        assert (await ledger.rebuild(check=True)).clean


async def test_a_decision_against_makes_a_review_permanent(make: StoreFactory, tmp_path: Path) -> None:
    async with running(make, tmp_path, shop()) as ledger:
        applied(await ledger.append([review(1, value=5.0), review(2, value=1.0)]))
        before = await numbers(ledger)
        applied(await ledger.append([step("dispute", "order:2", 10, event_id="d1")]))
        # The dispute itself is a name for what it is about.
        applied(await ledger.append([step("resolve", "d1", 20, event_id="r1", decision="against")]))
        assert await numbers(ledger) == before
        stands = await entry(ledger, "rev-seller:1-2")
        assert stands.permanent
        assert kinds((await entry(ledger, "r1")).changes) == [
            ("resolve", "rev-seller:1-2", "against"),
            ("permanent", "rev-seller:1-2", "permanent"),
        ]
        for again in (
            step("dispute", "order:2", 30),
            step("hold", "order:2", 30),
            Event("retract", "seller:1", actor="buyer:2", ref="order:2"),
            Event("amend", "seller:1", actor="buyer:2", ref="order:2", value=5.0),
        ):
            assert code(await ledger.append([again])) == "permanent"
        assert (
            code(await ledger.append([step("resolve", "order:2", 30, decision="for")])) == "already_decided"
        )
        applied(await ledger.append([Event("retract", "seller:1", actor="moderator:mo", ref="order:2")]))
        assert await numbers(ledger) == (pytest.approx(11 / 3), 1, 0)
        assert (await ledger.rebuild(check=True)).clean


@pytest.mark.parametrize("otherwise,counts", [("against", 2), ("for", 1)])
async def test_a_dispute_that_nobody_decides_ends_by_itself(
    make: StoreFactory, tmp_path: Path, otherwise: str, counts: int
) -> None:
    clock = Hands(20)
    async with running(make, tmp_path, shop(otherwise=otherwise), clock) as ledger:
        applied(await ledger.append([review(1, value=5.0), review(2, value=1.0)]))
        applied(await ledger.append([step("dispute", "order:2", 10)]))
        clock.minutes = 10 + 14 * DAY - 1
        await ledger.pass_time()
        assert (await numbers(ledger))[1:] == (1, 1)
        clock.minutes += 2
        await ledger.pass_time()
        await ledger.pass_time()
        shown = view(await ledger.snapshot("seller:1"))
        assert (shown["version"], shown["count"]) == (4, counts)
        assert "held" not in shown
        assert shown["cause"]["type"] == "renown.time"
        ended = moment(10 + 14 * DAY).timestamp()
        by_time = await entry(ledger, "renown.time/seller:1/2025-03-15T12:10:00.000000Z")
        assert by_time.at == ended
        assert by_time.changes[0].why is not None
        assert "nobody decided within 14 days" in by_time.changes[0].why
        found = await entry(ledger, "rev-seller:1-2")
        assert found.permanent == (otherwise == "against")
        assert (await ledger.rebuild(check=True)).clean


async def test_a_decision_that_comes_late_holds_from_when_it_was_made(
    make: StoreFactory, tmp_path: Path
) -> None:
    clock = Hands(60)
    async with running(make, tmp_path, shop(), clock) as ledger:
        applied(await ledger.append([review(1, value=5.0), review(2, value=1.0)]))
        applied(await ledger.append([step("dispute", "order:2", 10)]))
        clock.minutes = 20 * DAY
        await ledger.pass_time()
        assert (await entry(ledger, "rev-seller:1-2")).permanent
        assert code(await ledger.append([step("resolve", "order:2", 15 * DAY, decision="for")])) == (
            "already_decided"
        )
        applied(await ledger.append([step("resolve", "order:2", 13 * DAY, decision="for")]))
        assert (await numbers(ledger))[1:] == (1, 0)
        assert (await ledger.rebuild(check=True)).clean


async def test_half_the_weight_may_count_while_a_dispute_is_open(make: StoreFactory, tmp_path: Path) -> None:
    async with running(make, tmp_path, shop(share=0.5)) as ledger:
        applied(await ledger.append([review(1, value=5.0), review(2, value=1.0)]))
        applied(await ledger.append([step("dispute", "order:2", 10)]))
        # (2·3 + 5 + ½·1) / 3½
        assert (await numbers(ledger))[0] == pytest.approx(11.5 / 3.5)
        page = await ledger.explain("seller:1")
        assert page.prior.points + sum(line.points for line in page.lines) == pytest.approx(page.score)
        assert (await ledger.rebuild(check=True)).clean


async def test_steps_that_make_no_sense_are_refused(make: StoreFactory, tmp_path: Path) -> None:
    late = Event("late", "seller:1", "late-1", ref="order:1", occurred_at=moment(1))
    praise = Event("praise", "seller:1", "praise-1", occurred_at=moment(1))
    old = Event("late", "seller:1", "old", occurred_at=moment(1 - 30 * DAY))
    async with running(make, tmp_path, shop()) as ledger:
        applied(await ledger.append([review(1), late, praise, old]))
        refused = {
            "ref_ambiguous": step("hold", "order:1", 2),
            "ref_not_found": step("hold", "order:7", 2),
            "not_held": step("release", "late-1", 2),
            "not_disputable": step("dispute", "praise-1", 2),
            "dispute_window_over": step("dispute", "old", 2),
            "not_disputed": step("resolve", "late-1", 2, decision="for"),
            "decision_required": step("resolve", "late-1", 2),
            "value_out_of_range": step("hold", "late-1", 2, days=-1),
            "ref_required": Event("hold", "seller:1"),
            "value_not_allowed": Event("hold", "seller:1", ref="late-1", value=1.0),
            "reserved_type": Event("renown.time", "seller:1"),
        }
        found = {want: code(await ledger.append([event])) for want, event in refused.items()}
        assert found == {want: want for want in refused}
        assert code(await ledger.append([step("dismiss", "late-1", 2)])) == "not_held"
        applied(await ledger.append([step("hold", "late-1", 2)]))
        assert code(await ledger.append([step("hold", "late-1", 3)])) == "already_held"
        assert code(await ledger.append([step("dispute", "late-1", 3)])) == "already_held"
        assert ledger.stats().events == 5


async def test_what_is_held_is_released_or_dismissed(make: StoreFactory, tmp_path: Path) -> None:
    async with running(make, tmp_path, shop()) as ledger:
        applied(await ledger.append([review(i, value=1.0) for i in (1, 2)]))
        before = await numbers(ledger)
        applied(await ledger.append([step("hold", f"order:{i}", 5) for i in (1, 2)]))
        assert await numbers(ledger) == (3.0, 0, 2)
        counted = await ledger.held_counts()
        assert counted == {"seller": {"moderator": 2}}
        waiting = await ledger.held("seller", None, None, 10)
        assert [each.event.id for each in waiting] == ["rev-seller:1-2", "rev-seller:1-1"]
        assert [each.event.id for each in await ledger.held(None, "seller:1", waiting[0].seq, 10)] == [
            "rev-seller:1-1"
        ]
        applied(await ledger.append([step("release", "order:1", 6), step("release", "order:2", 6)]))
        assert await numbers(ledger) == before
        applied(await ledger.append([step("hold", "order:1", 7), step("dismiss", "order:1", 8)]))
        assert await numbers(ledger) == (pytest.approx(7 / 3), 1, 0)
        assert await ledger.held(None, None, None, 10) == []
        assert (await ledger.rebuild(check=True)).clean


async def test_a_newer_value_takes_the_place_of_one_that_is_held(make: StoreFactory, tmp_path: Path) -> None:
    async with running(make, tmp_path, shop()) as ledger:
        applied(await ledger.append([review(1, value=1.0)]))
        applied(await ledger.append([step("dispute", "order:1", 5)]))
        applied(await ledger.append([review(1, id="again", value=5.0, minutes=6)]))
        assert await numbers(ledger) == (pytest.approx(11 / 3), 1, 0)
        assert code(await ledger.append([step("resolve", "rev-seller:1-1", 7, decision="for")])) == (
            "already_decided"
        )
        assert (await ledger.rebuild(check=True)).clean


async def test_an_amendment_of_what_is_held_is_held(make: StoreFactory, tmp_path: Path) -> None:
    async with running(make, tmp_path, shop()) as ledger:
        applied(await ledger.append([review(1, value=1.0), review(2, value=4.0)]))
        applied(await ledger.append([step("hold", "order:1", 5)]))
        without = await numbers(ledger)
        better = Event("amend", "seller:1", "better", ref="order:1", value=2.0, occurred_at=moment(6))
        assert (await ledger.append([better]))[0].status is Status.HELD
        assert await numbers(ledger) == without
        applied(await ledger.append([step("release", "order:1", 7)]))
        assert await numbers(ledger) == (3.0, 2, 0)
        assert (await ledger.rebuild(check=True)).clean


SCORES = (
    'method = "mean"',
    'method = "fading_mean"\nprior = { value = 3, weight = 1 }',
    'method = "last"',
    'method = "mean"\nwindow = { last = 3 }',
    'method = "bayesian_mean"\nprior = { value = 3, weight = 2 }\nhalf_life_days = 7',
    'method = "mean"\nwindow = { days = 2 }',
    'method = "max"',
)

Sent = tuple[str, int, float, float]
"""(what, which review, minutes, value or share)"""

sent = st.tuples(
    st.sampled_from(
        ["review", "retract", "amend", "hold", "release", "dismiss", "dispute", "for", "against"]
    ),
    st.integers(1, 4),
    st.integers(0, 60).map(float),
    st.integers(1, 5).map(float),
)


def told(what: str, which: int, minutes: float, value: float) -> Event:
    order = f"order:{which}"
    match what:
        case "review":
            return review(which, id=None, value=value, minutes=minutes)
        case "retract" | "amend":
            amount = value if what == "amend" else None
            return Event(what, "seller:1", ref=order, value=amount, occurred_at=moment(minutes))
        case "for" | "against":
            return step("resolve", order, minutes, decision=what)
        case "hold":
            return step("hold", order, minutes, days=value / 100, share=value / 5)
        case _:
            return step(what, order, minutes)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(sent, min_size=1, max_size=25), st.sampled_from(SCORES), st.integers(0, 2**20))
async def test_any_steps_in_any_order_and_batches_are_what_a_rebuild_makes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Sent], score: str, seed: int
) -> None:
    """Also: whoever looks at the subject afresh after every batch sees what one with a memory sees."""
    folder = tmp_path_factory.mktemp("evidence")
    dice = random.Random(seed)
    clock = Hands(0)
    ledger = clocked(STORES["sqlite"], folder, shop(score, share=0.25), clock)
    other = clocked(STORES["sqlite"], folder, shop(score, share=0.25), clock)
    await ledger.start()
    await other.start()
    try:
        waiting = [told(*each) for each in steps]
        while waiting:
            count = dice.randrange(1, 6)
            part, waiting = waiting[:count], waiting[count:]
            latest = max(each.occurred_at or T0 for each in part)
            clock.minutes = max(clock.minutes, (latest - T0) / timedelta(minutes=1))
            await dice.choice((ledger, other)).append(part)
            if dice.random() < 0.3:
                clock.minutes += dice.randrange(1, 4_000)
                await dice.choice((ledger, other)).pass_time()
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences
        beside = raw(folder)
        counted = beside.execute(
            "SELECT count(*) FROM events WHERE held_at IS NOT NULL AND ended_at IS NULL"
        ).fetchone()
        beside.close()
        if report.events:
            assert (await numbers(ledger))[2] == counted[0]
            page = await ledger.explain("seller:1", limit=500)
            points = page.prior.points + sum(line.points for line in page.lines)
            assert points == pytest.approx(page.score)
    finally:
        await ledger.close()
        await other.close()
