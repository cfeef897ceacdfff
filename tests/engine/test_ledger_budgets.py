"""Budgets that an actor has everywhere: so many events in a period, whoever they are about."""

from pathlib import Path

from renown.ledger import Ledger
from renown.model import Answer, Event, Status
from renown.policy import Policies, load
from renown.stores import SqliteStore
from tests.engine.ledger_kit import moment, opened, view

DAY = 1_440.0
POLICY = """
name = "post"
kind = "post"
version = 1
title = "Post"
[scale]
min = 0
max = 100
[score]
method = "points"
[rules.vote]
value = 1
[rules.view]
value = 1
[[guards]]
name = "forty"
kind = "budget"
types = ["vote"]
per = "actor_anywhere"
most = 3
ACTION
"""


def policies(action: str) -> Policies:
    return Policies([load(POLICY.replace("ACTION", action))])


def vote(n: int, minutes: float, actor: str = "user:ana", kind: str = "vote") -> Event:
    return Event(kind, f"post:{n}", f"{kind}-{actor}-{n}-{minutes}", actor, occurred_at=moment(minutes))


async def sent(ledger: Ledger, *events: Event) -> list[Answer]:
    return await ledger.append(list(events))


def codes(answers: list[Answer]) -> list[str]:
    return ["" if each.problem is None else each.problem.code for each in answers]


async def test_what_is_too_much_is_refused_wherever_it_is_said(tmp_path: Path) -> None:
    async with opened(SqliteStore.open, tmp_path, policies('action = "reject"')) as ledger:
        # Other events, and other actors, have nothing to do with it.
        answers = await sent(
            ledger, *[vote(n, n) for n in range(3)], vote(7, 3, kind="view"), vote(1, 4, "user:b")
        )
        assert codes(answers) == [""] * 5
        assert codes(await sent(ledger, vote(5, 5), vote(6, 6, "user:b"))) == ["guarded", ""]
        (refused,) = await sent(ledger, vote(8, 8))
        assert refused.problem is not None
        assert "whoever they are about" in refused.problem.detail
    async with opened(SqliteStore.open, tmp_path, policies('action = "reject"')) as ledger:
        assert codes(await sent(ledger, vote(5, 9))) == ["guarded"], "it survives a restart"
        # Noon was the beginning: the day ends twelve hours later.
        assert codes(await sent(ledger, vote(5, DAY / 2))) == [""]
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences


async def test_or_counts_for_nothing_and_says_so(tmp_path: Path) -> None:
    async with opened(SqliteStore.open, tmp_path, policies('action = "weigh"\nweight = 0')) as ledger:
        answers = await sent(ledger, *[vote(n, n) for n in range(5)])
        assert {each.status for each in answers} == {Status.APPLIED}
        assert [view(await ledger.snapshot(f"post:{n}"))["score"] for n in range(5)] == [1, 1, 1, 0, 0]
        page = await ledger.explain("post:4")
        (note,) = page.lines[0].guards
        assert (note.kind, note.name, note.after) == ("weigh", "forty", "0")
        assert "5 votes by the same actor in a day" in (note.why or "")
        assert (await ledger.rebuild(check=True)).clean
        await ledger.rebuild(check=False)
        assert view(await ledger.snapshot("post:4"))["score"] == 0


async def test_held_it_is_spent_and_what_comes_late_is_of_its_own_day(tmp_path: Path) -> None:
    async with opened(SqliteStore.open, tmp_path, policies('action = "hold"')) as ledger:
        answers = await sent(ledger, *[vote(n, DAY + n) for n in range(5)])
        assert [each.status for each in answers] == [Status.APPLIED] * 3 + [Status.HELD] * 2
        (late,) = await sent(ledger, vote(9, 0))
        assert late.status is Status.APPLIED
        (more,) = await sent(ledger, vote(9, DAY + 9))
        assert more.status is Status.HELD
        assert "6 votes" in more.reasons[0]
