"""A newer value of a pair that is held: the older one counts until somebody, or time, has let it count."""

import contextlib
import random
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renown.ledger import Ledger
from renown.model import Answer, Event, Status
from renown.policy import Policies, load
from renown.stores import SqliteStore
from tests.engine.ledger_kit import Hands, applied, moment, opened, raw, running, view

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
{score}
[rules.review]
one_per = "{per}"
{more}
[disputes]
open_days = 3
[[guards]]
name = "bad"
kind = "fresh"
last = 20
share = 1
per_day = 1
on = "negatives"
action = "hold"
{hold}
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
[rules.gave]
allow_self = true
"""


def shop(per: str = "ref", hold: str = "", more: str = "", score: str = 'method = "mean"') -> Policies:
    """Return a policy under which the second bad review of a day, and all after it, are held."""
    return Policies([load(SHOP.format(per=per, hold=hold, more=more, score=score))])


@contextlib.asynccontextmanager
async def bombed(folder: Path, per: str = "ref", hold: str = "") -> AsyncGenerator[Ledger]:
    """Open a ledger with an honest five under an order, and a held one that is to replace it."""
    clock = Hands(20 * DAY)
    async with opened(SqliteStore.open, folder, shop(per, hold), clock=clock) as ledger:
        applied(await ledger.append([said("review", 0, "r1", value=5.0, ref="o1")]))
        applied(await ledger.append([said("review", 5, "spent", "buyer:x", 1.0, ref="o9")]))
        (answer,) = await ledger.append([said("review", 5, "w1", value=1.0, ref="o1")])
        assert answer.status is Status.HELD
        assert "what it would replace does" in answer.reasons[0]
        assert await score(ledger) == (3.0, 2, 1)
        yield ledger
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences


def said(
    kind: str,
    day: float,
    name: str | None = None,
    actor: str = "buyer:a",
    value: float | None = None,
    **fields: Any,
) -> Event:
    return Event(kind, "shop:1", name, actor, value, occurred_at=moment(day * DAY), **fields)


def did(kind: str, day: float, ref: str, actor: str = "moderator:mo", **data: Any) -> Event:
    return said(kind, day, None, actor, ref=ref, data=data or None)


async def score(ledger: Ledger) -> tuple[float, int, int]:
    """Return score, count and what is held."""
    standing = view(await ledger.snapshot("shop:1"))
    return standing["score"], standing["count"], standing.get("held", 0)


async def counting(ledger: Ledger) -> set[str]:
    return {line.id for line in (await ledger.explain("shop:1")).lines}


async def held(ledger: Ledger) -> set[str]:
    return {line.id for line in (await ledger.explain("shop:1")).held}


def code(answers: list[Answer]) -> str:
    assert answers[0].status is Status.REJECTED, answers
    assert answers[0].problem is not None
    return answers[0].problem.code


@pytest.mark.parametrize("per", ["ref", "actor", "actor_and_ref"])
async def test_dismissed_the_old_value_stays(per: str, tmp_path: Path) -> None:
    async with bombed(tmp_path, per) as ledger:
        assert await counting(ledger) == {"r1", "spent"}
        assert await held(ledger) == {"w1"}
        applied(await ledger.append([did("dismiss", 6, "w1")]))
        assert await score(ledger) == (3.0, 2, 0)
        (entry,) = await ledger.events("shop:1", None, 1)
        assert "`r1` stays as it was" in (entry.changes[0].why or "")
        # It still has the place of its pair.
        applied(await ledger.append([said("review", 9, "r3", value=3.0, ref="o1")]))
        assert await counting(ledger) == {"r3", "spent"}


@pytest.mark.parametrize("reference", ["w1", "o1"])
async def test_released_the_new_value_takes_the_place(reference: str, tmp_path: Path) -> None:
    async with bombed(tmp_path) as ledger:
        applied(await ledger.append([did("release", 6, reference)]))
        assert await score(ledger) == (1.0, 2, 0)
        (entry,) = await ledger.events("shop:1", None, 1)
        assert "instead of what `r1` said" in (entry.changes[0].why or "")
        then = await ledger.explain("shop:1", at=moment(5.5 * DAY).timestamp())
        assert {line.id for line in then.lines} == {"r1", "spent"}
        assert [line.id for line in then.held] == ["w1"]
        # A late one between the two counts up to the release only.
        applied(await ledger.append([said("review", 3, "late", value=2.0, ref="o1")]))
        assert await counting(ledger) == {"w1", "spent"}
        entry_of_late = await ledger.event("late")
        assert entry_of_late is not None
        assert entry_of_late.ended_by == "w1"
        assert entry_of_late.ended_at == moment(6 * DAY).timestamp()


async def test_a_dispute_by_ref_is_about_what_counts(tmp_path: Path) -> None:
    async with bombed(tmp_path) as ledger:
        applied(await ledger.append([did("dispute", 6, "o1", "shop:1")]))
        assert await held(ledger) == {"r1", "w1"}
        applied(await ledger.append([did("resolve", 7, "r1", decision="against")]))
        assert await counting(ledger) == {"r1", "spent"}
        assert await held(ledger) == {"w1"}
        # What is permanent now is replaced by nobody but a moderator.
        assert code(await ledger.append([did("release", 8, "w1", "user:somebody")])) == "permanent"
        assert code(await ledger.append([said("review", 8, value=4.0, ref="o1")])) == "permanent"
        applied(await ledger.append([did("release", 8, "w1")]))
        assert await counting(ledger) == {"w1", "spent"}


async def test_time_lets_it_take_the_place_but_of_what_is_permanent(tmp_path: Path) -> None:
    async with bombed(tmp_path / "free", hold="hold_days = 2") as ledger:
        await ledger.append([said("review", 8, "later", "buyer:y", 3.0, ref="o2")])
        assert await counting(ledger) == {"w1", "spent", "later"}
    async with bombed(tmp_path / "permanent", hold="hold_days = 2") as ledger:
        applied(await ledger.append([did("dispute", 5.5, "r1", "shop:1")]))
        applied(await ledger.append([did("resolve", 6, "r1", decision="against")]))
        await ledger.append([said("review", 8, "later", "buyer:y", 3.0, ref="o2")])
        assert await counting(ledger) == {"r1", "spent", "later"}
        assert await held(ledger) == set()


async def test_what_is_said_next_replaces_both_or_waits_with_it(tmp_path: Path) -> None:
    async with bombed(tmp_path / "counts") as ledger:
        applied(await ledger.append([said("review", 6, "r2", value=4.0, ref="o1")]))
        assert await counting(ledger) == {"r2", "spent"}
        assert await held(ledger) == set()
    async with bombed(tmp_path / "own") as ledger:
        assert (await ledger.append([said("review", 5.1, "w2", value=2.0, ref="o1")]))[
            0
        ].status is Status.HELD
        assert await counting(ledger) == {"r1", "spent"}
        assert await held(ledger) == {"w2"}
        applied(await ledger.append([did("dismiss", 6, "w2")]))
        assert await counting(ledger) == {"r1", "spent"}
    async with bombed(tmp_path / "another") as ledger:
        # Somebody else's does not push out what might be let count.
        other = said("review", 5.1, "w2", "buyer:evil", 2.0, ref="o1")
        assert (await ledger.append([other]))[0].status is Status.HELD
        assert await held(ledger) == {"w1", "w2"}
        assert code(await ledger.append([did("release", 6, "o1")])) == "ref_ambiguous"
        applied(await ledger.append([did("release", 6, "w1")]))
        assert await counting(ledger) == {"w1", "spent"}
        applied(await ledger.append([did("release", 6, "w2")]))
        assert await counting(ledger) == {"w2", "spent"}
    async with bombed(tmp_path / "newest first") as ledger:
        await ledger.append([said("review", 5.1, "w2", "buyer:evil", 2.0, ref="o1")])
        applied(await ledger.append([did("release", 6, "w2")]))
        assert await counting(ledger) == {"w2", "spent"}
        assert await held(ledger) == set()


async def test_either_is_retracted_by_itself(tmp_path: Path) -> None:
    async with bombed(tmp_path / "new") as ledger:
        applied(await ledger.append([said("retract", 6, ref="w1")]))
        assert await score(ledger) == (3.0, 2, 0)
    async with bombed(tmp_path / "old") as ledger:
        applied(await ledger.append([said("retract", 6, ref="r1")]))
        assert await score(ledger) == (1.0, 1, 1)
        applied(await ledger.append([did("release", 7, "w1")]))
        assert await counting(ledger) == {"w1", "spent"}
    async with bombed(tmp_path / "both") as ledger:
        applied(await ledger.append([said("retract", 6, ref="o1")]))
        assert await score(ledger) == (1.0, 1, 0)


async def test_what_comes_late_in_between_takes_the_place_meanwhile(tmp_path: Path) -> None:
    async with bombed(tmp_path) as ledger:
        applied(await ledger.append([said("review", 3, "late", value=4.0, ref="o1")]))
        assert await counting(ledger) == {"late", "spent"}
        assert await held(ledger) == {"w1"}
        applied(await ledger.append([did("release", 6, "w1")]))
        assert await counting(ledger) == {"w1", "spent"}


async def test_either_is_amended_by_itself(tmp_path: Path) -> None:
    async with bombed(tmp_path) as ledger:
        amended = said("amend", 6, "a", value=1.5, ref="o1")
        assert (await ledger.append([amended]))[0].status is Status.HELD
        assert await held(ledger) == {"a"}
        applied(await ledger.append([said("amend", 6, "b", value=4.0, ref="r1")]))
        assert await counting(ledger) == {"b", "spent"}
        applied(await ledger.append([did("release", 7, "w1")]))
        assert await counting(ledger) == {"a", "spent"}
        assert await score(ledger) == (1.25, 2, 0)
        applied(await ledger.append([said("amend", 8, "c", value=3.0, ref="w1")]))
        assert await score(ledger) == (2.0, 2, 0)


async def test_a_sealed_review_leaves_the_older_one_until_it_opens(tmp_path: Path) -> None:
    policies = shop("actor", more="blind = { days = 4 }")
    clock = Hands()
    async with running(SqliteStore.open, tmp_path, policies, clock) as ledger:
        await ledger.append([said("review", 0, "r1", value=5.0, ref="o1")])
        clock.minutes = 4 * DAY
        await ledger.pass_time()
        assert await counting(ledger) == {"r1"}
        await ledger.append([said("review", 4, "r2", value=2.0, ref="o1")])
        assert await counting(ledger) == {"r1"}
        clock.minutes = 9 * DAY
        await ledger.pass_time()
        assert await counting(ledger) == {"r2"}
        assert (await ledger.rebuild(check=True)).clean


async def test_a_dismissal_is_taken_back(tmp_path: Path) -> None:
    async with bombed(tmp_path / "counts") as ledger:
        applied(await ledger.append([did("dismiss", 6, "w1")]))
        applied(await ledger.append([did("release", 7, "w1", reason="it was real")]))
        assert await counting(ledger) == {"w1", "spent"}
        assert await score(ledger) == (1.0, 2, 0)
        (entry,) = await ledger.events("shop:1", None, 1)
        assert entry.changes[0].why == (
            "The review of 1 `w1` was dismissed and counts after all instead of what `r1` said: it was real."
        )
        assert code(await ledger.append([did("release", 8, "w1")])) == "not_held"
        before = await ledger.explain("shop:1", at=moment(6.5 * DAY).timestamp())
        assert {line.id for line in before.lines} == {"r1", "spent"}
    async with bombed(tmp_path / "held") as ledger:
        applied(await ledger.append([did("dismiss", 6, "w1"), did("hold", 7, "w1")]))
        assert await counting(ledger) == {"r1", "spent"}
        assert await held(ledger) == {"w1"}
        applied(
            await ledger.append([did("dismiss", 8, "w1"), did("hold", 9, "w1"), did("release", 10, "o1")])
        )
        assert await counting(ledger) == {"w1", "spent"}


async def test_what_a_moderator_has_held_comes_back_as_well(tmp_path: Path) -> None:
    async with bombed(tmp_path) as ledger:
        applied(await ledger.append([did("hold", 6, "spent", share=0.5), did("dismiss", 7, "spent")]))
        assert await counting(ledger) == {"r1"}
        applied(await ledger.append([did("hold", 8, "spent", share=0.5)]))
        assert await score(ledger) == (pytest.approx((5 + 0.5) / 1.5), 2, 2)
        applied(await ledger.append([did("dismiss", 9, "spent"), did("release", 10, "spent")]))
        assert await score(ledger) == (3.0, 2, 1)


async def test_a_dismissal_stands_where_the_place_is_taken_or_its_giver_took_it_back(tmp_path: Path) -> None:
    async with bombed(tmp_path / "taken") as ledger:
        applied(await ledger.append([did("dismiss", 6, "w1")]))
        applied(await ledger.append([said("review", 7, "r2", value=4.0, ref="o1")]))
        for kind in ("release", "hold"):
            assert code(await ledger.append([did(kind, 8, "w1")])) == "ref_not_found"
        applied(await ledger.append([said("retract", 8, ref="r2")]))
        assert code(await ledger.append([did("release", 9, "w1")])) == "ref_not_found"
    async with bombed(tmp_path / "retracted") as ledger:
        applied(await ledger.append([said("retract", 6, ref="w1")]))
        for kind in ("release", "hold"):
            assert code(await ledger.append([did(kind, 8, "w1")])) == "ref_not_found"
    async with bombed(tmp_path / "late") as ledger:
        applied(await ledger.append([did("dismiss", 6, "w1")]))
        applied(await ledger.append([said("review", 3, "late", value=4.0, ref="o1")]))
        applied(await ledger.append([did("release", 9, "w1")]))
        assert await counting(ledger) == {"w1", "spent"}
    async with bombed(tmp_path / "decided") as ledger:
        applied(await ledger.append([did("dispute", 6, "r1", "shop:1"), did("dismiss", 7, "r1")]))
        assert code(await ledger.append([did("release", 8, "r1")])) == "ref_not_found"


async def test_a_dismissed_amendment_comes_back_while_what_it_amends_is_there(tmp_path: Path) -> None:
    policies = shop("actor")
    for n, (kind, what, expected) in enumerate(
        [("release", None, {"a", "spent"}), ("hold", None, {"r1", "spent"}), ("release", "retract", None)]
    ):
        async with opened(SqliteStore.open, tmp_path / str(n), policies, clock=Hands(20 * DAY)) as ledger:
            applied(await ledger.append([said("review", 0, "r1", value=5.0, ref="o1")]))
            applied(await ledger.append([said("review", 5, "spent", "buyer:x", 1.0, ref="o9")]))
            (answer,) = await ledger.append([said("amend", 5, "a", value=1.0, ref="r1")])
            assert answer.status is Status.HELD
            applied(await ledger.append([did("dismiss", 6, "a")]))
            if what is not None:
                applied(await ledger.append([said(what, 6.5, ref="r1")]))
            again = did(kind, 7, "a")
            if expected is None:
                assert code(await ledger.append([again])) == "ref_not_found"
            else:
                applied(await ledger.append([again]))
                assert await counting(ledger) == expected
            if kind == "hold":
                applied(await ledger.append([did("release", 8, "a")]))
                assert await counting(ledger) == {"a", "spent"}
            assert (await ledger.rebuild(check=True)).clean


async def test_what_it_makes_for_others_comes_back_with_it(tmp_path: Path) -> None:
    more = 'also = [{ to = "actor", type = "gave", with_value = true }]'
    policies = Policies([*shop("ref", more=more), load(GIVER)])
    async with opened(SqliteStore.open, tmp_path, policies, clock=Hands(20 * DAY)) as ledger:

        async def given() -> int:
            return view(await ledger.snapshot("buyer:a"))["count"]

        applied(await ledger.append([said("review", 0, "r1", value=5.0, ref="o1")]))
        assert await given() == 1
        for day in (1, 2, 3):
            applied(await ledger.append([did("hold", day, "r1"), did("dismiss", day + 0.1, "r1")]))
            assert await given() == 0
            again = [did("release", day + 0.2, "r1")]
            if day == 2:
                again.insert(0, did("hold", day + 0.15, "r1"))
            applied(await ledger.append(again))
            assert await given() == 1
        assert (await ledger.rebuild(check=True)).clean


async def test_weighing_anew_changes_nothing(tmp_path: Path) -> None:
    async with bombed(tmp_path) as ledger:
        applied(await ledger.append([did("release", 6, "w1")]))
        await ledger.append([said("review", 6.1, "w2", value=2.0, ref="o1")])
        before = await score(ledger), await counting(ledger), await held(ledger)
        await ledger.reweigh(check=False)
        assert before == (await score(ledger), await counting(ledger), await held(ledger))


Sent = tuple[str, int, int, float, float]
"""(what, whose, which, day, value)"""
sent = st.tuples(
    st.sampled_from(
        ["review"] * 6
        + ["retract", "amend", "hold", "release", "dismiss", "dispute", "for", "against", "by id", "redo"]
    ),
    st.integers(1, 2),
    st.integers(1, 2),
    st.integers(0, 40).map(lambda hours: hours / 8),
    st.integers(1, 5).map(float),
)
SCORES = (
    'method = "mean"',
    'method = "fading_mean"\nprior = { value = 3, weight = 1 }',
    'method = "mean"\nwindow = { last = 3 }',
    'method = "mean"\nwindow = { days = 2 }',
)


def told(n: int, each: Sent, names: random.Random) -> Event:
    what, whose, which, day, value = each
    ref, named = f"o{which}", f"e{names.randrange(max(1, n))}"
    actor = f"buyer:{whose}"
    match what:
        case "review" | "amend":
            return said(what, day, f"e{n}", actor, value, ref=ref)
        case "retract":
            return said(what, day, f"e{n}", actor, ref=ref)
        case "for" | "against":
            return did("resolve", day, ref, decision=what)
        case "by id":
            kind = names.choice(["release", "dismiss", "amend", "retract", "dispute"])
            return said(kind, day, f"e{n}", actor, value if kind == "amend" else None, ref=named)
        case "redo":
            return did(names.choice(["release", "hold"]), day, named)
        case _:
            return did(what, day, ref)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(sent, min_size=1, max_size=30),
    st.builds(
        shop,
        st.sampled_from(["ref", "actor", "actor_and_ref"]),
        st.sampled_from(["", "hold_days = 1"]),
        st.sampled_from(["", "blind = { days = 1 }"]),
        st.sampled_from(SCORES),
    ),
    st.integers(0, 2**20),
)
async def test_any_steps_in_any_order_and_batches_are_what_a_rebuild_makes(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[Sent],
    policies: Policies,
    seed: int,
) -> None:
    """Of each pair one value counts at most, whoever has folded it and in which batches."""
    folder, dice, clock = tmp_path_factory.mktemp("successors"), random.Random(seed), Hands(DAY / 4)
    async with (
        opened(SqliteStore.open, folder, policies, clock=clock) as ledger,
        opened(SqliteStore.open, folder, policies, clock=clock) as other,
    ):
        waiting = [told(n, each, dice) for n, each in enumerate(steps)]
        while waiting:
            count = dice.randrange(1, 6)
            part, waiting = waiting[:count], waiting[count:]
            latest = max(each.occurred_at or moment(0) for each in part)
            clock.minutes = max(clock.minutes, (latest - moment(0)).total_seconds() / 60)
            await dice.choice((ledger, other)).append(part)
            if dice.random() < 0.3:
                clock.minutes += dice.randrange(1, 2_000)
                await dice.choice((ledger, other)).pass_time()
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences
        if not report.events:
            return
        beside = raw(folder)
        pairs = beside.execute(
            "SELECT pair FROM events WHERE ended_at IS NULL AND pair IS NOT NULL AND (held_at IS NULL"
            " OR NOT (held_why LIKE 'guard%' OR held_why = 'blind')) AND contributions != '[]'"
        ).fetchall()
        beside.close()
        assert len(pairs) == len(set(pairs)), pairs
        page = await ledger.explain("shop:1", limit=500)
        points = page.prior.points + sum(line.points for line in page.lines)
        assert points == pytest.approx(page.score)
