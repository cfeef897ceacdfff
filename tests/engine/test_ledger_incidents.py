"""Incidents as they form, read back from what guards said and remember."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from renown.ledger import IncidentBook, Ledger
from renown.model import Event, Status, timestamp
from renown.policy import Policies, load
from tests.engine.ledger_kit import Hands, StoreFactory, applied, by_time, moment, running
from tests.engine.test_ledger_guards import DAY, opened, stars, told

NOW = moment(61 * DAY).timestamp()
FLOODED = """
name = "shop"
kind = "shop"
version = 1
title = "Shop"

[scale]
min = 1
max = 5

[score]
method = "mean"
start = 3

[rules.review]

[[guards]]
name = "flood"
kind = "budget"
per = "subject"
types = ["review"]
most = 2
days = 30
action = "count"

[[alerts]]
name = "flooded"
title = "Flooded"
when = { incident = "flood" }
clear = { after_days = 3 }
"""
"""Its alert is over before the incident is."""


async def _bombed(ledger: Ledger, subject: str = "product:1", bombs: int = 20) -> list[str]:
    """Sixty quiet days, then a bombing; return the ids of what is held."""
    named: dict[str, Any] = {"subject": subject}
    quiet = [stars(n, 4, n, id=f"{subject}q{n}", **named) for n in range(60)]
    await told(ledger, *quiet)
    storm = [stars(100 + n, 1, 60.5 + n / 1000, id=f"{subject}b{n}", **named) for n in range(bombs)]
    return [each.id or "" for each in await told(ledger, *storm) if each.status is Status.HELD]


async def test_an_incident_is_told_while_it_goes_on_and_when_it_is_over(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with opened(make, tmp_path) as ledger:
        assert (await ledger.incidents.look(None, None, 50, NOW)).incidents == ()
        held = await _bombed(ledger)
        found = await ledger.incidents.look(None, None, 50, NOW)
        (line,) = found.incidents
        assert (line.subject, line.guard, line.kind, line.action) == ("product:1", "bombing", "burst", "hold")
        assert line.title == "Review bombing"
        assert line.open
        assert line.count == 20
        assert line.expected is not None
        assert line.expected < line.count / 4
        assert line.text.startswith("20 negative reviews in a ")
        assert line.held == len(held) > 10
        assert line.events == len(held)
        assert line.since < line.at <= line.until
        # A burst's course is what came on each day, the newest last.
        assert line.per == "day"
        assert [point.count for point in line.course[-2:]] == [0, 20]
        assert sum(point.count for point in line.course) == 20
        (pile,) = found.held
        assert (pile.subject, pile.why, pile.count) == ("product:1", "guard:bombing", len(held))
        (alert,) = found.alerts
        assert (alert.alert, alert.state, alert.title) == ("bombing", "fired", "A burst of bad reviews")
        assert alert.lasting

        later = await ledger.incidents.look(None, None, 50, moment(75 * DAY).timestamp())
        (over,) = later.incidents
        assert not over.open
        assert over.at == over.until


async def test_deciding_empties_the_pile_and_leaves_the_incident(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        held = await _bombed(ledger)
        await told(ledger, *[Event("dismiss", "product:1", ref=each) for each in held[1:]])
        found = await ledger.incidents.look(None, None, 50, NOW)
        assert found.held[0].count == found.incidents[0].held == 1
        await told(ledger, Event("release", "product:1", ref=held[0]))
        found = await ledger.incidents.look(None, None, 50, NOW)
        assert found.held == ()
        assert (found.incidents[0].held, found.incidents[0].open) == (0, True)


async def test_a_new_book_tells_the_same_and_so_does_one_that_follows(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with opened(make, tmp_path) as ledger:
        following = await ledger.incidents.look(None, None, 50, NOW)
        assert following.incidents == ()
        for subject in ("product:1", "product:2"):
            await _bombed(ledger, subject)
            following = await ledger.incidents.look(None, None, 50, NOW)
        assert {line.subject for line in following.incidents} == {"product:1", "product:2"}
    async with opened(make, tmp_path) as again:
        assert await again.incidents.look(None, None, 50, NOW) == following
        only = await again.incidents.look(None, "product:2", 50, NOW)
        assert [line.subject for line in only.incidents] == ["product:2"]
        assert [pile.subject for pile in only.held] == ["product:2"]
        assert [alert.subject for alert in only.alerts] == ["product:2"]
        other = await again.incidents.look("seller", None, 50, NOW)
        assert (other.incidents, other.held, other.alerts) == ((), (), ())


async def test_what_goes_on_is_found_however_long_ago_it_began(
    make: StoreFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the events only some are looked at; the standings know the rest."""
    async with opened(make, tmp_path) as ledger:
        await _bombed(ledger)
        whole = await ledger.incidents.look(None, None, 50, NOW)
    monkeypatch.setattr("renown.ledger.reading.incidents._BACK", 0)
    async with opened(make, tmp_path) as again:
        found = await again.incidents.look(None, None, 50, NOW)
        (line,), (before,) = found.incidents, whole.incidents
        assert (line.since, line.count, line.text, line.course) == (
            before.since,
            before.count,
            before.text,
            before.course,
        )
        assert found.held == whole.held


async def test_a_guard_that_only_flags_is_told_with_the_course_of_its_count(
    make: StoreFactory, tmp_path: Path
) -> None:
    """Nothing is held: the radar shows it before anybody has decided anything."""
    async with opened(make, tmp_path) as ledger:
        flood = [
            Event(
                "review",
                "seller:1",
                id=f"f{n}",
                actor="buyer:1",
                ref=f"order:{n}",
                value=5.0,
                occurred_at=moment(60 * DAY + n),
            )
            for n in range(14)
        ]
        await told(ledger, *flood)
        found = await ledger.incidents.look("seller", None, 50, NOW - 12 * 3600)
        (line,) = found.incidents
        assert (line.guard, line.kind, line.per, line.expected) == ("flood", "budget", "event", 10.0)
        assert [point.count for point in line.course] == [11, 12, 13, 14]
        assert line.course[0].at == line.since == timestamp(moment(60 * DAY + 10).timestamp())
        assert line.until == timestamp((moment(60 * DAY + 13) + timedelta(days=1)).timestamp())


async def test_the_book_follows_another_process(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        await _bombed(ledger)
        store = make(tmp_path)
        try:
            book = IncidentBook(store, Policies.presets())
            assert len((await book.look(None, None, 50, NOW)).incidents) == 1
        finally:
            store.close()


async def test_an_alert_that_a_late_event_finds_open_still_clears_by_time(
    make: StoreFactory, tmp_path: Path
) -> None:
    clock = Hands(60)
    async with running(make, tmp_path, load(FLOODED), clock) as ledger:
        for minute in (10, 11, 12, 13, 5):
            event = Event(
                "review",
                "shop:1",
                f"r{minute}",
                actor=f"buyer:{minute}",
                value=4.0,
                occurred_at=moment(minute),
            )
            applied(await ledger.append([event]))
        clock.minutes = 5 * 1_440
        await ledger.pass_time()
        told = [each.after for entry in await by_time(ledger, "shop:1") for each in entry.changes]
        assert "cleared" in told
        assert (await ledger.rebuild(check=True)).clean
