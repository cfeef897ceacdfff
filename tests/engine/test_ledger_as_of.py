"""Every read as of a past time tells what a ledger would that had got no more than the events until then."""

import random
from datetime import timedelta
from pathlib import Path

import pytest

from renown.errors import NotFoundError, RenownError
from renown.ledger.reading import as_of
from renown.model import Event
from tests.engine.ledger_kit import STORES, StoreFactory, moment, opened, rating, review

pytestmark = pytest.mark.parametrize("make", STORES.values(), ids=STORES.keys())
SUBJECTS = ("seller:1", "seller:2", "trader:1", "member:1")


def _events(seed: int) -> list[Event]:
    """Events about four subjects, out of order, some taken back, each at a minute of its own."""
    drawn = random.Random(seed)
    minutes = drawn.sample(range(1, 400), 60)
    events: list[Event] = []
    for n, minute in enumerate(minutes):
        about = drawn.choice(SUBJECTS)
        if about.startswith("seller"):
            event = review(
                n, subject=about, value=float(drawn.randint(1, 5)), actor=f"buyer:{n % 9}", ref=f"o{n % 11}"
            )
        elif about == "trader:1":
            event = rating(f"{drawn.randint(2, 9)}", "1", float(drawn.randint(-10, 10)), minute)
        else:
            event = Event("upvote", about, actor=f"member:v{n}", ref=f"p{n}")
        event = _at(event, f"e{n}", minute)
        events.append(event)
        if drawn.random() < 0.2:
            gone = Event("retract", event.subject, ref=event.id)
            events.append(_at(gone, f"g{n}", minute + drawn.randint(0, 90)))
    return events


def _at(event: Event, name: str, minute: int) -> Event:
    return Event(
        event.type, event.subject, id=name, actor=event.actor, value=event.value, ref=event.ref,
        categories=event.categories, occurred_at=moment(minute),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
async def test_the_past_is_as_if_nothing_later_had_been_told(
    make: StoreFactory, tmp_path: Path, seed: int
) -> None:
    events = _events(seed)
    then = moment(random.Random(seed).randint(60, 300))
    until = [event for event in events if event.occurred_at is not None and event.occurred_at <= then]
    at = then.timestamp()
    async with (
        opened(make, tmp_path / "all") as whole,
        opened(make, tmp_path / "until") as early,
    ):
        await whole.append(events)
        await early.append(until)
        for subject in SUBJECTS:
            found, expected = await whole.standing_at(subject, at), await early.standing_at(subject, at)
            assert (found is None) == (expected is None)
            if found is None or expected is None:
                continue
            # Versions are those of the whole ledger, and what the kind is like was known in its order.
            assert (found.count, found.tier) == (expected.count, expected.tier)
            if not subject.startswith("trader"):
                assert (found.score, found.low, found.high) == (expected.score, expected.low, expected.high)
                assert found.categories == expected.categories
            page, other = await whole.explain(subject, at=at), await early.explain(subject, at=at)
            assert [line.id for line in page.lines] == [line.id for line in other.lines]
            assert page.prior.points + sum(line.points for line in page.lines) == pytest.approx(page.score)
            assert page.score == found.score
            told = await whole.events(subject, None, 1000, at)
            assert [each.event.id for each in told] == [
                each.event.id for each in await early.events(subject, None, 1000)
            ]
            points = await whole.history(subject, 1000, at)
            if not subject.startswith("trader"):
                earlier = await early.history(subject, 1000)
                assert [point.score for point in points] == [point.score for point in earlier]
            assert len(points) == len(told)
            assert max(point.at for point in points) <= at
        board = await whole.board_at("seller", at, 10)
        assert [each.subject for each in board] == [
            each.subject for each in await early.board_at("seller", at, 10)
        ]
        assert [await whole.standing_at(each.subject, at) for each in board] == board


async def test_before_the_first_event_there_is_nothing(make: StoreFactory, tmp_path: Path) -> None:
    before = (moment(0) - timedelta(days=1)).timestamp()
    async with opened(make, tmp_path) as ledger:
        await ledger.append([review(1)])
        assert await ledger.standing_at("seller:1", before) is None
        assert await ledger.events("seller:1", None, 10, before) == []
        assert await ledger.history("seller:1", 10, before) == []
        assert await ledger.board_at("seller", before, 10) == []
        with pytest.raises(NotFoundError, match="had no standing"):
            await ledger.explain("seller:1", at=before)


async def test_a_board_of_the_past_is_not_made_of_any_number_of_events(
    make: StoreFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(as_of, "MOST_EVENTS", 10)
    async with opened(make, tmp_path) as ledger:
        await ledger.append([review(n, subject=f"seller:{n % 3}") for n in range(11)])
        with pytest.raises(RenownError, match="at most 10 events"):
            await ledger.board_at("seller", moment(10_000).timestamp(), 10)


async def test_no_answer_about_many_subjects_of_the_past_is_made_of_any_number_of_events(
    make: StoreFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(as_of, "MOST_EVENTS", 10)
    at = moment(10_000).timestamp()
    async with opened(make, tmp_path) as ledger:
        await ledger.append([review(n, subject=f"seller:{n % 3}") for n in range(11)])
        await ledger.append([Event("hold", "seller:1", ref="rev-seller:1-1", occurred_at=moment(60))])
        assert (await ledger.reviews_at(None, None, None, 10, at)).counts == {"seller": {"moderator": 1}}
        assert len(await ledger.search_at("", None, 2, at)) == 2
        await ledger.append([Event("hold", "seller:2", ref="rev-seller:2-2", occurred_at=moment(61))])
        assert len(await ledger.search_at("2", None, 2, at)) == 1
        two = await ledger.standings_at(["seller:0", "seller:9", "seller:1"], at)
        assert two == [await ledger.standing_at(name, at) for name in ("seller:0", "seller:1")]
        monkeypatch.setattr(as_of, "MOST_EVENTS", 8)
        for ask in (
            lambda: ledger.search_at("", None, 10, at),
            lambda: ledger.standings_at(["seller:0", "seller:1", "seller:2"], at),
            lambda: ledger.reviews_at("seller", None, None, 10, at),
            lambda: ledger.incidents.look_back(None, None, 10, at),
        ):
            with pytest.raises(RenownError, match="at most 8 events") as refused:
                await ask()
            assert (refused.value.problem_code, refused.value.field) == ("past_too_large", "at")


async def test_what_was_done_to_events_later_is_not_told_of_then(make: StoreFactory, tmp_path: Path) -> None:
    """The newest version may be of a late event of long before: it says nothing of what lies between."""
    async with opened(make, tmp_path) as ledger:
        await ledger.append([review(1, value=4.0), review(2, value=4.0)])
        await ledger.append([Event("hold", "seller:1", ref="rev-seller:1-1", occurred_at=moment(20))])
        await ledger.append([Event("retract", "seller:1", ref="rev-seller:1-2", occurred_at=moment(30))])
        await ledger.append([review(3, minutes=3)])
        for minutes, ids, held, ended in (
            (10, ["3", "2", "1"], [], []),
            (25, ["3", None, "2", "1"], ["1"], []),
            (35, ["3", None, None, "2", "1"], ["1"], ["2"]),
        ):
            told = await ledger.events("seller:1", None, 10, moment(minutes).timestamp())
            found = [(each.event.id or "").removeprefix("rev-seller:1-") for each in told]
            assert [name if name in "123" else None for name in found] == ids
            assert [name for name, each in zip(found, told, strict=True) if each.held] == held
            assert [name for name, each in zip(found, told, strict=True) if each.ended_at] == ended
        page = await ledger.explain("seller:1", at=moment(25).timestamp())
        assert [line.id for line in page.held] == ["rev-seller:1-1"]
        assert page.steps[0].type == "hold"
        before = await ledger.explain("seller:1", at=moment(10).timestamp())
        assert before.held == ()
        assert "hold" not in {step.type for step in before.steps}
