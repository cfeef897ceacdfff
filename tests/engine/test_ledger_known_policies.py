"""The documented policies in a real ledger: in order or late, taken back, rebuilt, explained."""

import random
from pathlib import Path

import msgspec
import pytest

from renown import scoring
from renown.model import OVERALL, Event, instant
from renown.policy import Policies
from tests.engine.ledger_kit import StoreFactory, opened, view
from tests.unit.test_policies_known import JUDGED, PAGES, history_of, live_at, lived_at, policy_of


def events_of(page: str) -> list[Event]:
    """Return the page's history with its times; of very many events every hundredth."""
    told = [msgspec.structs.replace(event, occurred_at=instant(at)) for at, event in history_of(page)]
    return told[:: 1 if len(told) < 2000 else 100]


@pytest.mark.parametrize("page", [page for page in PAGES if page not in ("imdb", *JUDGED)])
async def test_a_ledger_comes_to_what_the_page_says(make: StoreFactory, tmp_path: Path, page: str) -> None:
    policy, events = policy_of(page), events_of(page)
    at, last = history_of(page)[-1]
    state = live_at(page, last.subject, at).state(policy)
    async with opened(make, tmp_path, Policies([policy])) as ledger:
        await ledger.append(events)
        shown = view(await ledger.snapshot(last.subject))
        reading = scoring.read(policy, state, at)
        assert (shown["score"], shown["low"], shown["high"]) == (reading.score, reading.low, reading.high)
        assert shown["count"] == reading.count
        if not scoring.has_life(policy):
            assert shown["tier"] == reading.tier
        elif len(events) == len(history_of(page)):
            # Nobody has waited for the dues of the past: the events make up for them.
            turned = lived_at(page, last.subject, at, timers=False).turned
            assert turned is not None
            lived = (turned.tier, list(turned.badges), turned.status)
            assert (shown["tier"], shown["badges"], shown["status"]) == lived
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences[:5]


@pytest.mark.parametrize("page", PAGES)
async def test_late_and_retracted_events_leave_what_a_rebuild_finds(
    make: StoreFactory, tmp_path: Path, page: str
) -> None:
    policy, events, dice = policy_of(page), events_of(page), random.Random(page)
    dice.shuffle(events)
    events = [msgspec.structs.replace(event, id=f"e{i}") for i, event in enumerate(events)]
    gone = dice.sample(events, len(events) // 4)
    async with opened(make, tmp_path, Policies([policy])) as ledger:
        for i in range(0, len(events), 50):
            await ledger.append(events[i : i + 50])
        await ledger.append([Event("retract", each.subject, ref=each.id) for each in gone])
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences[:5]
        for category in (OVERALL, *policy.categories):
            page_of = await ledger.explain(events[0].subject, category, 1000)
            told = page_of.prior.points + sum(line.points for line in page_of.lines) + page_of.points_of_older
            assert told == pytest.approx(page_of.score, abs=1e-6)
