"""Rebuilding: clean after anything, and whatever is not what the events say is found and repaired."""

import asyncio
import random
from pathlib import Path

import msgspec
import pytest

from renown.ledger import Reached
from renown.model import Event, Standing
from renown.policy import Policies, load, preset, preset_text
from tests.engine.ledger_kit import StoreFactory, applied, moment, opened, rating, raw, review, view


def mixture(seed: int, count: int) -> list[Event]:
    """A bit of everything: several kinds, late, superseding, retracting, amending, refused."""
    dice = random.Random(seed)
    events: list[Event] = []
    for i in range(count):
        subject = f"seller:{dice.randrange(3)}"
        minutes = dice.randrange(3 * count)
        when, order = moment(minutes), dice.randrange(count)
        few, many = f"{dice.randrange(9)}", f"{10 + dice.randrange(3)}"
        points = float(dice.randrange(-10, 11))
        some = (
            review(order, subject=subject, id=f"s{i}", minutes=minutes),
            review(order, subject=subject, id=f"q{i}", minutes=minutes, categories={"quality": 2.0}),
            rating(few, many, points, minutes),
            rating(many, few, points, minutes),
            Event("upvote", "member:1", actor=f"member:{i + 2}", ref=f"p{order}", occurred_at=when),
            Event("downvote", "member:1", actor="member:7", ref=f"p{order}", occurred_at=when),
            Event("retract", subject, ref=f"order:{order}", occurred_at=when),
            Event("amend", subject, ref=f"order:{order}", value=1.0, occurred_at=when),
            Event("retract", "member:1", ref=f"p{order}"),
        )
        events.append(dice.choice(some))
    return events


@pytest.mark.parametrize("seed", range(4))
async def test_a_check_is_clean_after_anything(make: StoreFactory, tmp_path: Path, seed: int) -> None:
    events = mixture(seed, 400)
    dice = random.Random(seed)
    async with opened(make, tmp_path) as one, opened(make, tmp_path) as two:
        while events:
            part, events = events[: dice.randrange(1, 60)], events[60:]
            await dice.choice((one, two)).append(part)
        told: list[Reached] = []
        report = await one.rebuild(check=True, progress=told.append)
        assert report.clean, report.differences[:5]
        assert not report.rewritten
        stats = one.stats()
        assert (report.events, report.subjects) == (stats.events, stats.subjects)
        assert report.events > 50
        assert told[-1] == Reached(report.events, report.events, report.subjects, report.subjects, 1)


TAMPERINGS = {
    "score": "UPDATE standings SET score = score + 1e-12 WHERE subject = 'seller:1'",
    "view": "UPDATE standings SET view = replace(CAST(view AS TEXT), '\"count\":5', '\"count\":6')",
    "state": "UPDATE standings SET state = (SELECT state FROM standings WHERE subject = 'seller:2')",
    "version": "UPDATE standings SET version = 4 WHERE subject = 'seller:1'",
    "standing": "DELETE FROM standings WHERE subject = 'seller:1'",
    "event": "UPDATE events SET body = replace(CAST(body AS TEXT), '2.0', '5.0') WHERE version = 2",
    "recorded score": "UPDATE events SET score = score + 1e-15 * 4 WHERE version = 2",
    "missing event": "DELETE FROM events WHERE version = 3 AND subject = 'seller:1'",
    "contribution": "UPDATE events SET contributions = '[[\"\",4.0,2.0]]' WHERE version = 3",
    "taken back": "UPDATE events SET ended_at = 1, ended_by = 'x', ended_version = 5 WHERE version = 3",
    "kind": "UPDATE kinds SET events = events + 1",
    "seeds": "UPDATE kinds SET state = replace(CAST(state AS TEXT), '\"room\":', '\"room\":1')",
}


@pytest.mark.parametrize("what", TAMPERINGS)
async def test_a_tampered_row_is_found_and_repaired(make: StoreFactory, tmp_path: Path, what: str) -> None:
    async with opened(make, tmp_path) as ledger:
        for subject in ("seller:1", "seller:2"):
            applied(await ledger.append([review(i, subject=subject) for i in range(5)]))
        applied(await ledger.append([review(9, subject="seller:2"), rating("a", "b", 3, 0)]))
        before = await ledger.snapshot("seller:1")
        assert (await ledger.rebuild(check=True)).clean
        beside = raw(tmp_path)
        assert beside.execute(TAMPERINGS[what]).rowcount > 0
        beside.close()
        report = await ledger.rebuild(check=True)
        assert not report.clean
        assert not (await ledger.rebuild(check=True)).clean
        repaired = await ledger.rebuild(check=False)
        assert repaired.rewritten
        assert repaired.differences == report.differences
        if what == "missing event":
            return
        assert (await ledger.rebuild(check=True)).clean
        if what != "event":
            assert await ledger.snapshot("seller:1") == before
        assert applied(await ledger.append([review(20)])) == [6]
        assert (await ledger.rebuild(check=True)).clean


async def test_a_changed_policy_refolds_whatever_was_folded_before(
    make: StoreFactory, tmp_path: Path
) -> None:
    text = preset_text("seller")
    text = text.replace("version = 1", "version = 2", 1).replace("weight = 7", "weight = 1")
    # One category more, too: a state of the old form cannot even be read under it.
    changed = load(text + '\n[categories.packaging]\ntitle = "Packaging"\n', "changed")
    assert changed.version == 2
    policies = [changed, preset("trader")]
    events = [review(i, subject=f"seller:{i % 2}") for i in range(20)]
    at = moment(30).timestamp()
    async with opened(make, tmp_path / "old") as ledger:
        applied(await ledger.append(events))
        old = view(await ledger.snapshot("seller:0"))
    async with opened(make, tmp_path / "new", Policies(policies)) as fresh:
        applied(await fresh.append(events))
        wanted = view(await fresh.snapshot("seller:0"))
        applied(await fresh.append([review(30, subject="seller:0")]))
        touched = await fresh.standing_at("seller:0", at)
        other = await fresh.standing_at("seller:1", at)
    async with opened(make, tmp_path / "old", Policies(policies)) as ledger:
        before = await ledger.standing_at("seller:0", moment(29).timestamp())
        assert before is not None
        assert before.score == pytest.approx(wanted["score"]), "whether or not it was folded anew by now"
        assert before.score != pytest.approx(old["score"])
        page = await ledger.explain("seller:0", limit=100)
        assert page.prior.points + sum(line.points for line in page.lines) == pytest.approx(page.score)
        applied(await ledger.append([review(30, subject="seller:0")]))
        assert same(await ledger.standing_at("seller:0", at), touched)
        await ledger.rebuild(check=False)
        assert same(await ledger.standing_at("seller:1", at), other)
        assert (await ledger.rebuild(check=True)).clean


def same(one: Standing | None, other: Standing | None) -> bool:
    """Tell whether two standings show the same; the version counts what happened besides."""
    assert one is not None
    assert other is not None
    return msgspec.structs.replace(one, version=0) == msgspec.structs.replace(other, version=0)


async def test_a_rebuild_is_safe_while_events_come_in(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(i, subject=f"seller:{i % 50}") for i in range(1000)]))

        async def more() -> None:
            for i in range(1000, 1400):
                applied(await ledger.append([review(i, subject=f"seller:{i % 50}")]))

        writing = asyncio.create_task(more())
        reports = [await ledger.rebuild(check=check) for check in (True, False, True)]
        await writing
        assert all(report.clean for report in reports), reports[0].differences[:3]
        assert (await ledger.rebuild(check=True)).clean
