"""Taking back: retraction, amendment, one live value, late events, and looks at past times."""

import random
from pathlib import Path

import pytest

from renown.model import Answer, Event, Status
from tests.engine.ledger_kit import (
    StoreFactory,
    applied,
    moment,
    opened,
    rating,
    raw,
    review,
    view,
)


def code(answer: Answer) -> str:
    assert answer.status is Status.REJECTED
    assert answer.problem is not None
    return answer.problem.code


def state(folder: Path, subject: str) -> bytes:
    beside = raw(folder)
    (found,) = beside.execute("SELECT state FROM standings WHERE subject = ?", (subject,)).fetchone()
    beside.close()
    return found


@pytest.mark.parametrize("reference", ["rev-seller:1-2", "order:2"])
async def test_a_retraction_takes_back_by_id_or_ref(
    make: StoreFactory, tmp_path: Path, reference: str
) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(1), review(3)]))
        without = state(tmp_path, "seller:1")
        applied(await ledger.append([review(2, minutes=2)]))
        gone = Event("retract", "seller:1", id="gone", ref=reference, occurred_at=moment(10))
        assert applied(await ledger.append([gone])) == [4]
        assert state(tmp_path, "seller:1") == without
        entry = await ledger.event("rev-seller:1-2")
        assert entry is not None
        assert (entry.ended_by, entry.ended_at) == ("gone", moment(10).timestamp())
        twice = await ledger.append([Event("retract", "seller:1", ref=reference)])
        assert code(twice[0]) == "ref_not_found"
        again = await ledger.append([gone])
        assert (again[0].status, again[0].version) == (Status.DUPLICATE, 4)
        assert (await ledger.rebuild(check=True)).clean


async def test_a_retraction_in_the_same_batch_finds_what_was_just_sent(
    make: StoreFactory, tmp_path: Path
) -> None:
    gone = Event("retract", "seller:1", ref="order:1")
    async with opened(make, tmp_path) as ledger:
        assert applied(await ledger.append([review(1), gone, review(2)])) == [1, 2, 3]
        assert view(await ledger.snapshot("seller:1"))["count"] == 1
        assert (await ledger.rebuild(check=True)).clean


async def test_a_retraction_reaches_only_its_own_subject(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(1), review(1, subject="seller:2")]))
        refused = await ledger.append([Event("retract", "seller:2", ref="rev-seller:1-1")])
        assert code(refused[0]) == "ref_not_found"
        unknown = await ledger.append([Event("retract", "seller:nobody", ref="order:1")])
        assert code(unknown[0]) == "ref_not_found"
        assert await ledger.snapshot("seller:nobody") is None


async def test_an_amendment_takes_the_place_of_what_it_amends(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path / "a") as ledger, opened(make, tmp_path / "b") as plain:
        first = review(1, value=1.0, categories={"delivery": 2.0})
        better = Event("amend", "seller:1", ref="order:1", value=5.0, occurred_at=moment(1))
        assert applied(await ledger.append([first, better])) == [1, 2]
        applied(await plain.append([review(1, value=5.0, categories={"delivery": 2.0})]))
        assert state(tmp_path / "a", "seller:1") == state(tmp_path / "b", "seller:1")
        again = Event("amend", "seller:1", ref="rev-seller:1-1", categories={"delivery": 4.0}, value=4.0)
        applied(await ledger.append([again]))
        standing = view(await ledger.snapshot("seller:1"))
        assert (standing["count"], standing["version"]) == (1, 3)
        assert standing["categories"]["delivery"]["count"] == 1
        applied(await ledger.append([Event("retract", "seller:1", ref="rev-seller:1-1")]))
        assert view(await ledger.snapshot("seller:1"))["count"] == 0
        assert (await ledger.rebuild(check=True)).clean


async def test_an_amendment_out_of_range_changes_nothing(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(1)]))
        before = await ledger.snapshot("seller:1")
        refused = await ledger.append([Event("amend", "seller:1", ref="order:1", value=50.0)])
        assert code(refused[0]) == "value_out_of_range"
        assert await ledger.snapshot("seller:1") == before


async def test_one_live_value_per_pair(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path / "a") as ledger, opened(make, tmp_path / "b") as plain:
        versions = applied(
            await ledger.append(
                [rating("a", "b", 1, 0, id="r1"), rating("c", "b", 3, 1), rating("a", "b", 9, 2)]
            )
        )
        versions += applied(await ledger.append([rating("a", "b", -5, 3, id="r4"), rating("a", "b", 7, 4)]))
        assert versions == [1, 2, 3, 4, 5]
        assert view(await ledger.snapshot("trader:b"))["count"] == 2
        applied(await plain.append([rating("c", "b", 3, 1), rating("a", "b", 7, 4)]))
        assert state(tmp_path / "a", "trader:b") == state(tmp_path / "b", "trader:b")
        old = await ledger.event("r4")
        assert old is not None
        assert old.ended_at == moment(4).timestamp()
        applied(await ledger.append([rating("a", "b", 2, 5)]))
        assert (await ledger.rebuild(check=True)).clean


async def test_a_value_that_comes_late_does_not_replace_a_later_one(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([rating("a", "b", 1, 0, id="t0"), rating("a", "b", 9, 20, id="t20")]))
        before = state(tmp_path, "trader:b")
        assert applied(await ledger.append([rating("a", "b", -9, 10, id="t10")])) == [3]
        assert state(tmp_path, "trader:b") == before
        ends = {}
        for name in ("t0", "t10", "t20"):
            entry = await ledger.event(name)
            assert entry is not None
            ends[name] = (entry.ended_at, entry.ended_by)
        assert ends == {
            "t0": (moment(10).timestamp(), "t10"),
            "t10": (moment(20).timestamp(), "t20"),
            "t20": (None, None),
        }
        then = await ledger.standing_at("trader:b", moment(15).timestamp())
        assert then is not None
        assert then.count == 1
        assert then.score < 0
        assert (await ledger.rebuild(check=True)).clean


@pytest.mark.parametrize("kind", ["seller", "trader", "member"])
async def test_late_events_give_what_order_would_have_given(
    make: StoreFactory, tmp_path: Path, kind: str
) -> None:
    if kind == "seller":
        events = [review(i, subject="seller:x") for i in range(60)]
    elif kind == "trader":
        # Fewer givers than there are seeds: whose word weighs what must not hang on who came first.
        events = [rating(f"g{i % 18}", "x", float(i % 19 - 9), i * 700) for i in range(60)]
    else:
        events = [
            Event(
                "upvote" if i % 3 else "downvote",
                "member:x",
                actor=f"member:{i}",
                ref=f"post:{i}",
                occurred_at=moment(i * 25),
            )
            for i in range(60)
        ]
    mixed = events.copy()
    random.Random(3).shuffle(mixed)
    async with opened(make, tmp_path / "a") as ordered, opened(make, tmp_path / "b") as late:
        applied(await ordered.append(events))
        for i in range(0, 60, 7):
            applied(await late.append(mixed[i : i + 7]))
        seen = view(await ordered.snapshot(f"{kind}:x"))
        other = view(await late.snapshot(f"{kind}:x"))
        assert seen["version"] == other["version"] == 60
        assert (seen["count"], seen["updated_at"]) == (other["count"], other["updated_at"])
        assert (await late.rebuild(check=True)).clean
        assert state(tmp_path / "a", f"{kind}:x") == state(tmp_path / "b", f"{kind}:x")
        assert seen["score"] == other["score"]


async def test_a_look_at_a_past_time_sees_what_counted_then(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(1), review(2), review(3)]))
        three = view(await ledger.snapshot("seller:1"))
        applied(await ledger.append([Event("retract", "seller:1", ref="order:2", occurred_at=moment(10))]))
        four = view(await ledger.snapshot("seller:1"))
        at_three = await ledger.standing_at("seller:1", moment(3).timestamp())
        at_four = await ledger.standing_at("seller:1", moment(10).timestamp())
        assert at_three is not None
        assert at_four is not None
        assert (at_three.score, at_three.version, at_three.count) == (three["score"], 3, 3)
        assert (at_four.score, at_four.version, at_four.count) == (four["score"], 4, 2)
        assert await ledger.standing_at("seller:1", moment(0).timestamp()) is None
        assert await ledger.standing_at("seller:unknown", moment(10).timestamp()) is None


@pytest.mark.parametrize("category", ["", "delivery"])
async def test_an_explanation_adds_up_over_its_pages(
    make: StoreFactory, tmp_path: Path, category: str
) -> None:
    events = [review(i, categories={"delivery": float(1 + i % 5)}) for i in range(50)]
    events += [Event("retract", "seller:1", ref=f"order:{i}") for i in (3, 30)]
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append(events))
        cursor, points, lines, pages = None, 0.0, 0, 0
        while True:
            page = await ledger.explain("seller:1", category, 7, cursor)
            points += sum(line.points for line in page.lines)
            lines += len(page.lines)
            pages += 1
            cursor = page.cursor
            if cursor is None:
                break
        standing = view(await ledger.snapshot("seller:1"))
        shown = standing["categories"][category]["score"] if category else standing["score"]
        assert page.score == pytest.approx(shown, abs=1e-12)
        assert page.prior.points + points == pytest.approx(page.score, abs=1e-9)
        assert (lines, pages) == (48, 7)
