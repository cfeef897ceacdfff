"""Guards in a real ledger: what the presets hold, weigh less and refuse, and what becomes of it."""

from contextlib import AbstractAsyncContextManager
from itertools import pairwise
from pathlib import Path
from typing import Any

from renown.ledger import Ledger
from renown.model import Answer, Event, Status
from renown.policy import Policies, load, preset_text
from tests.engine.ledger_kit import Hands, StoreFactory, applied, moment, opened, rating, review, view

DAY = 24 * 60.0
"""Minutes."""


def afterwards(
    make: StoreFactory, folder: Path, policies: Policies | None = None
) -> AbstractAsyncContextManager[Ledger]:
    """Open a ledger right after everything that is told here: alarms of years ago would end as they begin."""
    return opened(make, folder, policies, clock=Hands(63 * DAY))


def stars(n: int, value: float, day: float, *, verified: bool = False, **fields: Any) -> Event:
    """A review of one product by its own buyer."""
    given: dict[str, Any] = {
        "id": f"p{n}",
        "actor": f"buyer:{n}",
        "value": value,
        "occurred_at": moment(day * DAY),
        "data": {"verified": verified},
    }
    every: dict[str, Any] = {"type": "review", "subject": "product:1", **given, **fields}
    return Event(**every)


async def told(ledger: Ledger, *events: Event) -> list[Answer]:
    """Send events one by one, as they would come."""
    return [answer for event in events for answer in await ledger.append([event])]


async def honest(ledger: Ledger) -> dict[str, Any]:
    """Forty verified reviews over two months, of four or five stars; return the standing.

    Other products have enough for the mean of all, which is believed beforehand, to stay where it is.
    """
    others = [stars(1000 + i, 4.0 + i % 2, 0, verified=True, subject=f"product:{i + 2}") for i in range(400)]
    applied(await ledger.append(others))
    applied(await told(ledger, *[stars(i, 4.0 + i % 2, i * 1.5, verified=True) for i in range(40)]))
    return view(await ledger.snapshot("product:1"))


def bomb(first: int, count: int, day: float) -> list[Event]:
    return [stars(first + i, 1.0, day + i / 1000) for i in range(count)]


def held_of(answers: list[Answer]) -> list[str]:
    return [answer.id or "" for answer in answers if answer.status is Status.HELD]


async def test_a_bomb_is_held_and_leaves_the_score_alone(make: StoreFactory, tmp_path: Path) -> None:
    async with afterwards(make, tmp_path) as ledger:
        before = await honest(ledger)
        answers = await told(ledger, *bomb(100, 20, 61))
        held = held_of(answers)
        assert len(held) >= 15
        assert held == [f"p{n}" for n in range(120 - len(held), 120)]
        assert [answer.version for answer in answers] == list(range(41, 61))
        now = view(await ledger.snapshot("product:1"))
        assert now["held"] == len(held)
        assert now["count"] == 40 + 20 - len(held)
        assert before["score"] - 0.1 < now["score"] < before["score"]
        # A verified one counts all the same, and so does praise.
        applied(await told(ledger, stars(200, 1.0, 61.5, verified=True), stars(201, 5.0, 61.5)))
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences


async def test_what_is_held_says_why_with_figures(make: StoreFactory, tmp_path: Path) -> None:
    async with afterwards(make, tmp_path) as ledger:
        await honest(ledger)
        await told(ledger, *bomb(100, 8, 61))
        newest = (await ledger.held("product", None, None, 10))[0]
        assert (newest.event.id, newest.held_why, newest.held_until) == ("p107", "guard:bombing", None)
        (change,) = newest.changes
        assert change.kind == "hold"
        assert change.why is not None
        assert change.why.startswith("8 negative reviews in a day; 0.4")
        assert change.why.endswith("were to be expected. It does not count until somebody decides.")
        lines = (await ledger.explain("product:1")).held
        assert lines[0].id == "p107"
        assert await ledger.held_counts() == {"product": {"guard:bombing": len(lines)}}


async def test_a_person_releases_or_dismisses(make: StoreFactory, tmp_path: Path) -> None:
    async with afterwards(make, tmp_path) as ledger:
        await honest(ledger)
        held = held_of(await told(ledger, *bomb(100, 12, 61)))
        low = view(await ledger.snapshot("product:1"))
        for type_, reference in (("release", held[0]), ("dismiss", held[1])):
            step = Event(type_, "product:1", actor="user:mo", ref=reference, occurred_at=moment(62 * DAY))
            applied(await ledger.append([step]))
        now = view(await ledger.snapshot("product:1"))
        assert now["held"] == len(held) - 2
        assert now["count"] == low["count"] + 1
        assert now["score"] < low["score"]
        again = Event("dismiss", "product:1", actor="user:mo", ref=held[1])
        (answer,) = await ledger.append([again])
        assert answer.status is Status.REJECTED
        at = moment(62 * DAY)
        back = Event("release", "product:1", actor="user:mo", ref=held[1], occurred_at=at)
        applied(await ledger.append([back]))
        assert view(await ledger.snapshot("product:1"))["count"] == now["count"] + 1
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences


async def test_new_members_together_move_a_trader_no_further_than_ten(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with afterwards(make, tmp_path) as ledger:
        # The first twenty raters are seeds; everybody later has to be vouched for.
        people = [rating(f"old{i}", "good", 6.0, i * DAY, id=f"o{i}") for i in range(25)]
        people += [rating("elder", f"other{i}", 5.0, 30 * DAY, id=f"e{i}") for i in range(100)]
        applied(await told(ledger, *people))
        scores = [view(await ledger.snapshot("trader:good"))["score"]]
        for i in range(60):
            (answer,) = await told(ledger, rating(f"new{i}", "good", -10.0, 40 * DAY + i / 10, id=f"n{i}"))
            assert answer.status is Status.APPLIED
            scores.append(view(await ledger.snapshot("trader:good"))["score"])
        drops = [one - other for one, other in pairwise(scores)]
        # What still moves after ten is the mean of all traders, which is believed beforehand.
        assert min(drops[:10]) > 3 * max(drops[10:])
        assert all(drop < 0.05 for drop in drops[10:])
        entry = await ledger.event("n30")
        assert entry is not None
        assert [contribution.weight for contribution in entry.contributions] == [0.0]
        assert "New accounts would count" in str(entry.basis.verdict)
        assert (await ledger.rebuild(check=True)).clean


async def test_a_seller_gets_no_reviews_by_its_own_people(make: StoreFactory, tmp_path: Path) -> None:
    async with afterwards(make, tmp_path) as ledger:
        own = review(1, data={"buyer_device": "d7", "seller_device": "d7"})
        other = review(2, data={"buyer_device": "d7", "seller_device": "d8"})
        refused, taken = await ledger.append([own, other])
        assert refused.status is Status.REJECTED
        assert refused.problem is not None
        assert refused.problem.code == "guarded"
        assert refused.problem.detail == "`buyer_device` and `seller_device` are the same."
        assert (taken.status, taken.version) == (Status.APPLIED, 1)
        # What was refused left nothing behind: the same id may come again, in order.
        (again,) = await ledger.append([review(1)])
        assert (again.status, again.version) == (Status.APPLIED, 2)


async def test_a_flood_by_one_buyer_waits_for_review(make: StoreFactory, tmp_path: Path) -> None:
    async with afterwards(make, tmp_path) as ledger:
        answers = await ledger.append([review(i, actor="buyer:1", value=5.0, minutes=i) for i in range(14)])
        assert [answer.status for answer in answers] == [Status.APPLIED] * 10 + [Status.HELD] * 4
        assert view(await ledger.snapshot("seller:1"))["count"] == 10


async def test_an_answer_to_a_negative_counts_half_where_the_policy_says_so(
    make: StoreFactory, tmp_path: Path
) -> None:
    text = preset_text("trader").partition("[[guards]]")[0].replace("seeds = 20", "seeds = 100")
    policy = load(f'{text}\n[[guards]]\nname = "revenge"\nkind = "retaliation"', "trader")
    async with afterwards(make, tmp_path, Policies([policy])) as ledger:
        applied(
            await told(
                ledger,
                rating("a", "b", -8.0, 0, id="first"),
                rating("b", "a", -9.0, 60, id="revenge"),
                rating("c", "a", -9.0, 61, id="honest"),
                rating("b", "c", 5.0, 62, id="praise"),
                rating("c", "b", -2.0, 20 * DAY, id="late"),
            )
        )
        weights = dict[str, float]()
        for name in ("first", "revenge", "honest", "praise", "late"):
            entry = await ledger.event(name)
            assert entry is not None
            weights[name] = entry.contributions[0].weight
        assert weights == {"first": 1, "revenge": 0.5, "honest": 1, "praise": 1, "late": 1}
        assert (await ledger.rebuild(check=True)).clean


async def test_what_guards_remember_survives_a_restart_and_a_second_process(
    make: StoreFactory, tmp_path: Path
) -> None:
    policies = Policies.presets()
    async with afterwards(make, tmp_path, policies) as one, afterwards(make, tmp_path, policies) as two:
        await honest(one)
        first = await told(two, *bomb(100, 5, 61))
        second = await told(one, *bomb(105, 5, 61.1))
        assert len(held_of([*first, *second])) >= 5
        assert held_of(second) == [f"p{n}" for n in range(105, 110)]
    async with afterwards(make, tmp_path, policies) as later:
        assert held_of(await told(later, *bomb(110, 2, 61.2))) == ["p110", "p111"]
        report = await later.rebuild(check=True)
        assert report.clean, report.differences


async def test_one_batch_is_judged_like_single_events(make: StoreFactory, tmp_path: Path) -> None:
    found: list[list[str]] = []
    for name in ("one", "many"):
        (tmp_path / name).mkdir()
        async with afterwards(make, tmp_path / name) as ledger:
            await honest(ledger)
            events = bomb(100, 20, 61)
            answers = await ledger.append(events) if name == "one" else await told(ledger, *events)
            found.append(held_of(answers))
    assert found[0] == found[1]
