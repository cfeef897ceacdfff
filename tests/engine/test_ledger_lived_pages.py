"""The pages' lives in a real ledger: events and time take turns, and all comes as worked out by hand."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from renown import scoring
from renown.ledger import Ledger
from renown.ledger.timing.clock import Clock
from renown.model import Event
from renown.policy import Policies
from tests.engine.ledger_kit import STORES, StoreFactory, applied, view
from tests.unit.test_policies_known import LIVING, PAGES, history_of, moment, policy_of, rows

LIVED = [page for page in PAGES if scoring.has_life(policy_of(page))]


class Hands(Clock):
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at


@pytest.fixture(params=sorted(STORES))
def make(request: pytest.FixtureRequest) -> StoreFactory:
    return STORES[request.param]


def told_by(page: str) -> list[tuple[float, str, str, str]]:
    """Return (time, subject, what, by hand) of the rows that are about a life, by time."""
    found: list[tuple[float, str, str, str]] = []
    for on, when, what, by_hand in rows():
        fired = what.startswith("fired ")
        subject, _, name = what.rpartition(" ")
        if on == page and (fired or name in LIVING):
            whose = subject if subject and not fired else f"{policy_of(page).kind}:1"
            found.append((moment(when), whose, what if fired else name, by_hand))
    return sorted(found)


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


def in_turns(page: str) -> list[tuple[float, Sequence[Event]]]:
    """Return the history's events by time, those of one time together."""
    together: dict[float, list[Event]] = {}
    for at, event in history_of(page):
        together.setdefault(at, []).append(event)
    return sorted(together.items())


@pytest.mark.parametrize("page", LIVED)
async def test_a_life_in_the_ledger_is_as_worked_out(make: StoreFactory, tmp_path: Path, page: str) -> None:
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
                    applied(await ledger.append(events))
            for when, subject, what, by_hand in asked:
                if when == at:
                    assert (what, await shown(ledger, page, subject, what)) == (what, by_hand), (
                        page,
                        at,
                        subject,
                    )
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences[:5]
    finally:
        await ledger.close()
