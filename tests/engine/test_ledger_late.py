"""Events that come late, within the policy's tolerance: the standing is that of the same events in order."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from renown.ledger import Ledger
from renown.model import Event, instant
from renown.policy import Late, Policy
from renown.scoring.life import Life, has_life
from tests.engine.ledger_kit import raw, view
from tests.engine.test_ledger_laws import (
    DAY,
    EVEN_WORLDS,
    START,
    WORLDS,
    _events,
    _ledger,
    _plain,
)

LIVELY = [name for name in EVEN_WORLDS if has_life(_plain(WORLDS[name]))]
SHOWN = ("score", "low", "high", "count", "categories", "provisional", "tier", "badges", "status", "status_until")
_carried = msgspec.json.Decoder(tuple[int, float | None, Life | None, Any, dict[str, float]])


def lenient(policy: Policy, days: float) -> Policy:
    """Return the policy with a tolerance, and without what judges events when they arrive."""
    return msgspec.structs.replace(_plain(policy), late=Late(days))


def late_by(events: Sequence[Event], days: float, seed: str) -> list[Event]:
    """Return the events in another order, none of them later after a newer one than some days."""
    drawn = random.Random(seed)
    delays = {event.id: drawn.uniform(0, days * DAY) if drawn.random() < 0.5 else 0.0 for event in events}
    return sorted(events, key=lambda each: when(each) + delays[each.id])


def when(event: Event) -> float:
    assert event.occurred_at is not None
    return event.occurred_at.timestamp()


async def shown(ledger: Ledger, folder: Path, policy: Policy) -> dict[str, Any]:
    """Return what is shown of the subjects, and their lives as they are stored."""
    found: dict[str, Any] = {}
    for n in (1, 2):
        subject = f"{policy.kind}:{n}"
        snapshot = await ledger.snapshot(subject)
        if snapshot is not None:
            standing = view(snapshot)
            found[subject] = {name: standing.get(name) for name in SHOWN}
    connection = raw(folder)
    try:
        for subject, life in connection.execute("SELECT subject, life FROM standings"):
            found[f"the life of {subject}"] = _carried.decode(life)[2]
    finally:
        connection.close()
    return found


@pytest.mark.parametrize("days", [7.0, 366.0])
@pytest.mark.parametrize("name", LIVELY)
async def test_what_comes_late_within_the_tolerance_makes_no_difference(
    name: str, days: float, tmp_path: Path
) -> None:
    policy = lenient(WORLDS[name], days)
    events = _events(policy, 5, 120)
    mixed = late_by(events, days, name)
    assert mixed != events
    one = await _ledger(tmp_path / "one", policy, events)
    other = await _ledger(tmp_path / "other", policy, mixed, 5)
    try:
        assert await shown(other, tmp_path / "other", policy) == await shown(one, tmp_path / "one", policy)
        for ledger in (one, other):
            report = await ledger.rebuild(check=True)
            assert report.clean, report.differences[:3]
    finally:
        await one.close()
        await other.close()
