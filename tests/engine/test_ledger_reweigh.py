"""Weighing all events anew: nothing changes where nothing was another, the rest goes by what is in force."""

import asyncio
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renown.errors import LedgerError
from renown.ledger import Ledger, Reached, ReweighReport
from renown.model import Answer, Event, Status
from renown.policy import Policies, Policy, load, preset_text
from tests.engine.ledger_kit import (
    STORES,
    Hands,
    News,
    StoreFactory,
    applied,
    moment,
    opened,
    rating,
    raw,
    running,
    view,
)
from tests.engine.test_ledger_blind import sides, stay, visit
from tests.engine.test_ledger_everything import EVERYTHING, SCORES, everything, sent, told
from tests.engine.test_ledger_rebuild import mixture
from tests.engine.test_ledger_switching import finished

TABLES = {
    "events": "SELECT * FROM events ORDER BY seq",
    "standings": "SELECT * FROM standings ORDER BY subject",
    "kinds": "SELECT * FROM kinds ORDER BY kind",
    "actors": "SELECT * FROM actors ORDER BY actor",
    "checkpoints": "SELECT * FROM checkpoints ORDER BY subject, at, version",
}


def dump(folder: Path) -> dict[str, list[Any]]:
    """Return all that a ledger says of its subjects."""
    beside = raw(folder)
    found = {name: beside.execute(query).fetchall() for name, query in TABLES.items()}
    beside.close()
    return found


async def unchanged(ledger: Ledger, folder: Path) -> None:
    """Weigh anew, twice, and fail when that does anything."""
    before = dump(folder)
    for check in (True, False):
        report = await ledger.reweigh(check=check)
        assert (report.reweighed, report.changed, report.refused, report.kept) == (0, 0, 0, 0)
        assert (report.events, report.subjects) == (len(before["events"]), len(before["standings"]))
        after = dump(folder)
        for name in TABLES:
            assert after[name] == before[name], name


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_changes_where_all_came_under_the_same_rules(
    make: StoreFactory, tmp_path: Path, seed: int
) -> None:
    events = mixture(seed, 700)
    dice = random.Random(seed)
    async with opened(make, tmp_path) as one, opened(make, tmp_path) as two:
        while events:
            size = dice.randrange(1, 60)
            part, events = events[:size], events[size:]
            await dice.choice((one, two)).append(part)
        await unchanged(one, tmp_path)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(sent, min_size=1, max_size=30), st.sampled_from(SCORES), st.integers(0, 2**20))
async def test_nothing_changes_with_guards_holds_decisions_and_time(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any], score: str, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("reweigh")
    dice, clock, policy = random.Random(seed), Hands(0), everything(score)
    async with running(STORES["sqlite"], folder, policy, clock) as ledger:
        for what, subject, giver, late, value, passing in steps:
            await ledger.append([told(what, subject, giver, clock.minutes + late, value)])
            clock.minutes += passing
            if dice.random() < 0.3:
                await ledger.pass_time()
        await ledger.pass_time()
        await unchanged(ledger, folder)
        assert (await ledger.rebuild(check=True)).clean


def other(score: str, how: str) -> Policy:
    """Return the next version of the policy with everything, with other rules about whom to believe."""
    text = EVERYTHING.replace("SCORE", score).replace("version = 1", "version = 2")
    head, tail = text[: text.index("[[guards]]")], text[text.index("[disputes]") :]
    guards = text[len(head) : -len(tail)]
    match how:
        case "no guards":
            guards, head = "", head.replace('{ incident = "burst" }', "{ score_below = 2 }")
        case "stricter":
            guards = guards.replace(
                'most = 2\ndays = 1\naction = "hold"', 'most = 1\ndays = 3\naction = "reject"'
            )
        case "milder":
            guards = guards.replace('action = "hold"\nhold_days = 2', 'action = "weigh"')
            guards = guards.replace("most = 2", "most = 5")
        case _:
            guards += "\n[raters]\nfloor = 0.1\nby_score = [[1, 0.2], [5, 1]]\n\n"
    return load(head + guards + tail, how)


async def rewritten(ledger: Ledger, folder: Path) -> ReweighReport:
    """Weigh anew; fail unless that is what a look at it says, is clean, and changes nothing a second time."""
    before = dump(folder)
    looked = await ledger.reweigh(check=True)
    assert dump(folder) == before
    done = await ledger.reweigh(check=False)
    assert msgspec.structs.replace(done, rewritten=False) == looked
    report = await ledger.rebuild(check=True)
    assert report.clean, report.differences[:5]
    first = dump(folder)
    assert [row[:3] for row in first["events"][: len(before["events"])]] == [
        row[:3] for row in before["events"]
    ]
    assert len(first["events"]) == len(before["events"]) + done.changed
    again = await ledger.reweigh(check=False)
    assert (again.reweighed, again.changed) == (0, 0)
    second = dump(folder)
    for name in TABLES:
        assert second[name] == first[name], name
    return done


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(sent, min_size=1, max_size=30),
    st.sampled_from(SCORES),
    st.sampled_from(["no guards", "stricter", "milder", "raters"]),
    st.integers(0, 2**20),
)
async def test_under_new_rules_all_comes_to_what_a_rebuild_makes_and_stays(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any], score: str, how: str, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("reweigh")
    dice, clock = random.Random(seed), Hands(0)
    async with running(STORES["sqlite"], folder, everything(score), clock) as ledger:
        for what, subject, giver, late, value, passing in steps:
            await ledger.append([told(what, subject, giver, clock.minutes + late, value)])
            clock.minutes += passing
            if dice.random() < 0.3:
                await ledger.pass_time()
    async with running(STORES["sqlite"], folder, other(score, how), clock) as ledger:
        await finished(ledger, "shop")
        report = await rewritten(ledger, folder)
        assert report.refused == 0
        clock.minutes += 3 * 1_440
        await ledger.pass_time()
        assert (await ledger.rebuild(check=True)).clean


def plain() -> Policy:
    """Return the rules of traders as they might have been before anybody asked whom to believe."""
    text = preset_text("trader")
    text = text[: text.index("# Guards")]
    return load(text[: text.index("[raters]")] + text[text.index("[rules.rating]") :], "plain")


def careful() -> Policy:
    """Return the preset's rules as the next version."""
    return load(preset_text("trader").replace("version = 1", "version = 2", 1), "careful")


def ratings(seed: int, count: int) -> list[Event]:
    """Return ratings among few and by many, some of them once more, some late, some taken back."""
    dice = random.Random(seed)
    events: list[Event] = []
    for i in range(count):
        giver, taker = dice.sample([str(n) for n in range(40)], 2)
        minutes = 60 * i - dice.choice([0, 0, 0, 5_000])
        value = float(dice.choice([-8, 1, 3, 5, 9]))
        events.append(rating(giver, taker, value, 5_000 + minutes, id=f"r{i}"))
        if dice.random() < 0.1:
            back = Event(
                "retract", f"trader:{taker}", f"b{i}", ref=f"r{i}", occurred_at=events[-1].occurred_at
            )
            events.append(back)
    return events


def taken(answers: list[Answer]) -> None:
    """Fail when anything was refused but to take back what a newer value had taken the place of."""
    codes = {answer.problem.code for answer in answers if answer.problem is not None}
    assert codes <= {"ref_not_found"}


FOLDED = "SELECT id, basis, contributions, score, delta, pair, held_at, changes FROM events ORDER BY id"


async def test_new_rules_come_to_what_they_would_have_been_from_the_start(
    make: StoreFactory, tmp_path: Path
) -> None:
    events, clock = ratings(1, 400), Hands(60 * 1_000)
    async with opened(make, tmp_path / "old", Policies([plain()]), clock=clock) as ledger:
        taken(await ledger.append(events))
    async with opened(make, tmp_path / "new", Policies([careful()]), clock=clock) as fresh:
        taken(await fresh.append(events))
        wanted = {key: view(await fresh.snapshot(key)) for key in (f"trader:{n}" for n in range(40))}
        expected = raw(tmp_path / "new").execute(FOLDED).fetchall()
    old = opened(make, tmp_path / "old", Policies([careful()]), clock=clock)
    async with old as ledger, opened(make, tmp_path / "old", Policies([careful()]), clock=clock) as beside:
        await finished(ledger, "trader")
        files = sorted(tmp_path.joinpath("old").iterdir())
        heard, before = News(beside), await ledger.snapshots(list(wanted))
        report = await rewritten(ledger, tmp_path / "old")
        assert report.reweighed > 300
        assert report.changed > 30
        assert len(report.movers) == min(report.scores, 50)
        assert sorted(tmp_path.joinpath("old").iterdir()) == files, "nothing is left beside the ledger"
        found = raw(tmp_path / "old").execute(FOLDED).fetchall()
        assert [row for row in found if not row[0].startswith("renown.policy")] == expected
        await beside.sweep()
        assert heard.problems == []
        told_of = {update.subject for update in heard.updates}
        assert len(told_of) == report.changed
        for key, fresh_view in wanted.items():
            now = view(await ledger.snapshot(key))
            assert (now["count"], now["tier"]) == (fresh_view["count"], fresh_view["tier"])
            assert now["version"] == before[key][0] + (key in told_of)
            if key in told_of:
                assert now["cause"]["type"] == "renown.policy"
                (entry,) = await ledger.events(key, None, 1)
                assert (entry.changes[0].why or "").startswith("All events were weighed anew")
                assert heard.versions[key] == [now["version"]]


GUARDED = """
name = "stall"
kind = "stall"
version = VERSION
title = "Stall"
[scale]
min = 1
max = 5
[score]
method = "mean"
[rules.review]
"""
MANY = """
[[guards]]
name = "many"
kind = "budget"
most = 1
days = 1
action = "ACTION"
"""


def stall(version: int, action: str | None) -> Policies:
    """Return rules with a guard that does `action` with all but the first of a day, or without one."""
    text = GUARDED.replace("VERSION", str(version))
    return Policies([load(text + MANY.replace("ACTION", action) if action else text, "stall")])


def said(n: int, value: float, minutes: float) -> Event:
    return Event("review", "stall:1", f"e{n}", "buyer:b", value, ref=f"o{n}", occurred_at=moment(minutes))


def decided(what: str, n: int, minutes: float) -> Event:
    return Event(what, "stall:1", f"{what}-{n}", "moderator:m", ref=f"e{n}", occurred_at=moment(minutes))


async def test_what_people_have_decided_stays_decided(make: StoreFactory, tmp_path: Path) -> None:
    clock = Hands(60)
    async with opened(make, tmp_path, stall(1, "hold"), clock=clock) as ledger:
        answers = await ledger.append([said(n, float(n), n) for n in (1, 2, 3, 4)])
        assert [each.status for each in answers] == [Status.APPLIED] + [Status.HELD] * 3
        applied(await ledger.append([decided("release", 2, 10), decided("dismiss", 3, 11)]))
    async with opened(make, tmp_path, stall(2, None), clock=clock) as ledger:
        await finished(ledger, "stall")
        shown = view(await ledger.snapshot("stall:1"))
        assert (shown["score"], shown["held"]) == (1.5, 1)
        report = await rewritten(ledger, tmp_path)
        assert (report.kept, report.refused, report.changed) == (2, 0, 1)
        shown = view(await ledger.snapshot("stall:1"))
        assert (shown["score"], shown["count"], shown.get("held", 0)) == (pytest.approx(7 / 3), 3, 0)


async def test_what_would_be_refused_is_held_until_somebody_decides(
    make: StoreFactory, tmp_path: Path
) -> None:
    clock = Hands(60)
    async with opened(make, tmp_path, stall(1, None), clock=clock) as ledger:
        applied(await ledger.append([said(n, float(n), n) for n in (1, 2, 3)]))
        applied(await ledger.append([decided("hold", 3, 10), decided("release", 3, 11)]))
    async with opened(make, tmp_path, stall(2, "reject"), clock=clock) as ledger:
        await finished(ledger, "stall")
        report = await rewritten(ledger, tmp_path)
        assert (report.kept, report.refused) == (1, 0)
        shown = view(await ledger.snapshot("stall:1"))
        assert (shown["score"], shown["held"]) == (2.0, 1), (
            "the first and the third, on which a person decided"
        )
        applied(await ledger.append([decided("dismiss", 2, 20)]))
        answers = await ledger.append([said(5, 5.0, 30)])
        assert [each.status for each in answers] == [Status.REJECTED]
        assert (await ledger.rebuild(check=True)).clean


async def test_what_is_recorded_wrongly_is_mended(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        taken(await ledger.append(ratings(2, 120)))
        before = dump(tmp_path)
        beside = raw(tmp_path)
        tampered = "UPDATE events SET basis = ? WHERE id IN ('r40', 'r80')"
        assert beside.execute(tampered, (b'[0.5,{"":9.5}]',)).rowcount == 2
        beside.close()
        await ledger.rebuild(check=False)
        assert (await ledger.rebuild(check=True)).clean, "a rebuild believes what is recorded"
        report = await rewritten(ledger, tmp_path)
        assert report.reweighed == 2
        assert report.changed in (1, 2)
        assert dump(tmp_path)["events"][: len(before["events"])] == before["events"]


async def test_who_was_erased_stays_erased_and_weighs_what_they_weighed(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with opened(make, tmp_path) as ledger:
        taken(await ledger.append(ratings(3, 150)))
        erasure = await ledger.erase("trader:7")
        assert erasure.events > 2
        report = await rewritten(ledger, tmp_path)
        rows = raw(tmp_path).execute("SELECT id, basis FROM events WHERE actor = ?", (erasure.pseudonym,))
        assert len(rows.fetchall()) == erasure.events
        assert report.refused == 0


async def test_events_that_come_meanwhile_are_taken_along(make: StoreFactory, tmp_path: Path) -> None:
    clock, events = Hands(60 * 4_000), ratings(4, 3_000)
    async with opened(make, tmp_path, Policies([plain()]), clock=clock) as ledger:
        taken(await ledger.append(events[:1_500]))
    async with opened(make, tmp_path, Policies([careful()]), clock=clock) as ledger:
        await finished(ledger, "trader")

        async def more() -> None:
            for start in range(1_500, len(events), 50):
                taken(await ledger.append(events[start : start + 50]))

        writing = asyncio.create_task(more())
        report = await ledger.reweigh(check=False)
        await writing
        assert report.reweighed > 1_000
        assert (await ledger.rebuild(check=True)).clean
        assert (await ledger.reweigh(check=True)).reweighed == 0


async def test_rules_that_change_meanwhile_leave_all_as_it_was(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, Policies([plain()])) as ledger:
        taken(await ledger.append(ratings(5, 50)))

    ledger = Ledger.open(tmp_path, Policies([plain()]))
    text = preset_text("trader")

    def change(_: object) -> None:
        beside = raw(tmp_path)
        row = ("trader", 2, "trader", text.replace("version = 1", "version = 2", 1), 0.0, None)
        beside.execute("INSERT OR REPLACE INTO policies VALUES (?, ?, ?, ?, ?, ?)", row)
        beside.close()

    before = dump(tmp_path)
    with pytest.raises(LedgerError) as error:
        await ledger.reweigh(check=False, progress=change)
    assert error.value.problem_code == "reweigh_overtaken"
    assert dump(tmp_path) == before
    await ledger.close()


async def test_cancelled_it_has_changed_nothing(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, Policies([plain()])) as ledger:
        taken(await ledger.append(ratings(6, 2_500)))
    async with opened(make, tmp_path, Policies([careful()])) as ledger:
        await finished(ledger, "trader")
        before, loop = dump(tmp_path), asyncio.get_running_loop()
        begun = asyncio.Event()

        def tell(_: Reached) -> None:
            loop.call_soon_threadsafe(begun.set)

        working = asyncio.create_task(ledger.reweigh(check=False, progress=tell))
        await begun.wait()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert dump(tmp_path) == before


async def test_blind_reviews_that_were_open_stay_open_whoever_is_erased(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with sides(make, tmp_path, Hands(60)) as ledger:
        await ledger.append([stay(), visit(), stay("second", 3, ref="s2"), visit("third", 4, ref="s3")])
        await unchanged(ledger, tmp_path)
        await ledger.erase("guest:g")
        await ledger.erase("host:h")
        await unchanged(ledger, tmp_path)
        for subject, score in (("host:h", 2.0), ("guest:g", 4.0)):
            shown = view(await ledger.snapshot(subject))
            assert (shown["score"], shown["count"]) == (score, 1)


async def test_what_no_rule_takes_any_more_counts_for_nothing(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, stall(1, None), clock=Hands(60)) as ledger:
        applied(await ledger.append([said(1, 4.0, 1), said(2, 2.0, 2)]))
    text = GUARDED.replace("VERSION", "2").replace("max = 5", "max = 3")
    async with opened(make, tmp_path, Policies([load(text, "stall")]), clock=Hands(60)) as ledger:
        await finished(ledger, "stall")
        before = dump(tmp_path)
        report = await ledger.reweigh(check=False)
        assert (report.refused, report.reweighed, report.changed) == (1, 0, 0)
        assert dump(tmp_path) == before, "as the switch to those rules has it"
