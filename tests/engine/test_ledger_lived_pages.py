"""The pages in a real ledger: events and time take turns, and all comes as worked out by hand.

Of most pages it is the lives that are looked at, their numbers are the scoring's own; of pages that depend on
who rates, on the whole kind or on guards it is everything.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from renown import scoring
from renown.ledger import Ledger
from renown.ledger.timing.clock import Clock
from renown.model import Answer, Event, Status
from renown.policy import Policies
from tests.engine.ledger_kit import StoreFactory, view
from tests.unit.test_policies_known import JUDGED, LIVING, PAGES, history_of, moment, policy_of, rows

LIVED = [page for page in PAGES if page in JUDGED or scoring.has_life(policy_of(page))]
ABOUT = ("fired", "weight", "verdict")
"""What is followed by a name: of an alert, of an event."""


class Hands(Clock):
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at


def told_by(page: str) -> list[tuple[float, str, str, str]]:
    """Return (time, subject, what, by hand) of the rows that a ledger is asked for, by time."""
    found: list[tuple[float, str, str, str]] = []
    for on, when, said, by_hand in rows():
        whose, what = f"{policy_of(page).kind}:1", said.split()
        if ":" in what[0]:
            whose, *what = what
        if on == page and (page in JUDGED or what[0] in ("fired", *LIVING)):
            assert len(what) == 1 + (what[0] in ABOUT), said
            found.append((moment(when), whose, " ".join(what), by_hand))
    return sorted(found)


async def number(ledger: Ledger, subject: str, what: str, at: float, by_hand: str) -> str:
    """Return a number of the standing at a time, or an event's weight, as exactly as it was worked out."""
    if what.startswith("weight "):
        lines = (await ledger.explain(subject, limit=1_000)).lines
        found: object = next(line.weight for line in lines if line.id == what.removeprefix("weight "))
    else:
        standing = await ledger.standing_at(subject, at)
        found = getattr(standing, what)
    if not isinstance(found, float):
        return str(found).lower()
    digits = f"{found:.{len(by_hand.partition('.')[2])}f}"
    return digits.replace("0.", ".", 1) if by_hand.lstrip("-").startswith(".") else digits


async def verdict(ledger: Ledger, event_id: str) -> str:
    """Return what guards said of an event, and which."""
    entry = await ledger.event(event_id)
    assert entry is not None
    said = [(each.kind, each.name) for each in entry.changes if each.kind in ("flag", "weigh", "hold")]
    held = (entry.held_why or "").removeprefix("guard:")
    return ", ".join(f"{kind} {held if kind == 'hold' else name}" for kind, name in said) or "none"


async def shown(ledger: Ledger, page: str, subject: str, what: str) -> str:
    if what.startswith("fired ") or what == "alerts":
        entries = await ledger.events(subject, None, 1_000)
        alerts = [change for entry in reversed(entries) for change in entry.changes if change.kind == "alert"]
        if what != "alerts":
            name = what.removeprefix("fired ")
            return str(sum((each.name, each.after) == (name, "fired") for each in alerts))
        newest = {each.name: each.after for each in alerts}
        lasting = [alert.name for alert in policy_of(page).alerts if alert.lasts]
        return ", ".join(sorted(name for name in lasting if newest.get(name) == "fired")) or "none"
    found = view(await ledger.snapshot(subject)).get(what)
    if what == "badges":
        return ", ".join(found or ()) or "none"
    return "none" if found is None else str(found).removesuffix(".000000Z")


def taken(answers: list[Answer]) -> None:
    assert {answer.status for answer in answers} <= {Status.APPLIED, Status.HELD}, answers


async def found_at(ledger: Ledger, page: str, asked: tuple[float, str, str, str]) -> str:
    at, subject, what, by_hand = asked
    if what.startswith("verdict "):
        return await verdict(ledger, what.removeprefix("verdict "))
    if what in LIVING or what.startswith("fired "):
        return await shown(ledger, page, subject, what)
    return await number(ledger, subject, what, at, by_hand)


def in_turns(page: str) -> list[tuple[float, Sequence[Event]]]:
    """Return the history's events by time, those of one time together."""
    together: dict[float, list[Event]] = {}
    for at, event in history_of(page):
        together.setdefault(at, []).append(event)
    return sorted(together.items())


@pytest.mark.parametrize("page", LIVED)
async def test_a_page_in_the_ledger_is_as_worked_out(make: StoreFactory, tmp_path: Path, page: str) -> None:
    clock, turns, asked = Hands(), in_turns(page), told_by(page)
    clock.at = turns[0][0]
    ledger = Ledger(make(tmp_path), Policies([policy_of(page)]), clock=clock)
    await ledger.start()
    try:
        moments = sorted({*(at for at, _ in turns), *(at for at, *_ in asked)})
        for at in moments:
            clock.at = at
            await ledger.pass_time()
            for when, events in turns:
                if when == at:
                    taken(await ledger.append(events))
            for when, subject, what, by_hand in asked:
                if when == at:
                    found = await found_at(ledger, page, (at, subject, what, by_hand))
                    assert (what, found) == (what, by_hand), (page, at, subject)
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences[:5]
    finally:
        await ledger.close()
