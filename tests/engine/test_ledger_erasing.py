"""Erasing a person: nothing of theirs is left, no score changes, and the ledger still proves itself."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from renown.errors import EventError
from renown.ledger import Ledger
from renown.model import Event, Status
from renown.stores.sqlite import FILE_NAME
from tests.engine.ledger_kit import STORES, StoreFactory, applied, moment, opened, rating, review, view

pytestmark = pytest.mark.parametrize("make", STORES.values(), ids=STORES.keys())

SECRET = "I live at 7 Elm Street"
SUBJECTS = ("seller:1", "seller:2", "trader:2", "trader:9", "member:1", "product:1")


def _told() -> list[Event]:
    ours = "trader:7"
    events = [
        review(1, actor=ours, data={"text": SECRET, "verified": True}),
        review(2, subject="seller:2", actor=ours, data={"text": SECRET}),
        review(3, actor="buyer:3", data={"text": "kept"}),
        rating("7", "2", 4, 5, data={"note": SECRET}),
        rating("7", "9", -6, 6),
        rating("2", "9", 8, 7),
        Event("upvote", "member:1", id="up", actor=ours, ref="post:1", occurred_at=moment(8)),
        Event(
            "review",
            "product:1",
            id="bought",
            actor=ours,
            value=2.0,
            data={"verified": True, "text": SECRET},
            occurred_at=moment(9),
        ),
    ]
    # More than one page, so that the work goes over several transactions.
    return events + [review(n, actor=ours, minutes=180 * n) for n in range(10, 700)]


def _on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob(f"{FILE_NAME}*"))


async def _views(ledger: Ledger) -> dict[str, bytes]:
    return {name: body for name, (_, body) in (await ledger.snapshots(SUBJECTS)).items()}


async def test_nothing_is_left_and_no_score_changes(make: StoreFactory, tmp_path: Path) -> None:
    events = _told()
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append(events))
        before = await _views(ledger)
        erasure = await ledger.erase("trader:7")
        assert (erasure.events, erasure.subjects) == (len(events) - 2, 6)
        assert erasure.pseudonym.startswith("trader:gone-")
        assert await _views(ledger) == before
        entries = [e for name in SUBJECTS for e in await ledger.events(name, None, 1000)]
        assert {entry.event.actor for entry in entries} == {erasure.pseudonym, "buyer:3", "trader:2"}
        assert SECRET not in repr(entries)
        bought = await ledger.event("bought")
        assert bought is not None
        assert bought.event.data == {"verified": True}
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences[:3]
        again = await ledger.erase("trader:7")
        assert (again.events, again.subjects) == (0, 0)
    raw = _on_disk(tmp_path)
    assert SECRET.encode() not in raw
    assert b"trader:7" not in raw


async def test_one_live_value_stays_one_and_repeats_stay_repeats(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([rating("7", "2", 4, 5, id="first"), rating("7", "2", -3, 6, id="then")]))
        erasure = await ledger.erase("trader:7")
        repeated = await ledger.append(
            [rating("7", "2", 4, 5, id="first"), rating("7", "2", 9, 5, id="first")]
        )
        assert [answer.status for answer in repeated] == [Status.DUPLICATE] * 2
        assert view(await ledger.snapshot("trader:2"))["count"] == 1
        # Whoever speaks under the pseudonym speaks of the same one value.
        name = erasure.pseudonym.partition(":")[2]
        applied(await ledger.append([rating(name, "2", 2, 8, id="anew")]))
        assert view(await ledger.snapshot("trader:2"))["count"] == 1
        # And the person is a new one.
        applied(await ledger.append([rating("7", "2", 2, 9, id="back")]))
        assert view(await ledger.snapshot("trader:2"))["count"] == 2
        assert (await ledger.rebuild(check=True)).clean


async def test_another_process_goes_on_as_if_nothing_had_been(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as one, opened(make, tmp_path) as other:
        applied(await one.append([rating("7", "2", 4, 5), rating("2", "9", 4, 6)]))
        await other.erase("trader:7")
        applied(await one.append([rating("7", "9", -9, 7), rating("5", "2", 3, 8)]))
        assert (await other.rebuild(check=True)).clean


async def test_a_count_of_different_actors_forgets_the_key_as_well(
    make: StoreFactory, tmp_path: Path
) -> None:
    ended = Event("contract_ended", "freelancer:1", value=1.0, data={"earned": 300.0})
    async with opened(make, tmp_path) as one, opened(make, tmp_path) as other:
        for n, actor in enumerate(("client:1", "client:2", "client:1", "client:3")):
            sent = msgspec.structs.replace(ended, actor=actor, ref=f"c{n}", occurred_at=moment(n))
            applied(await one.append([sent]))
        before = await one.snapshot("freelancer:1")
        await other.erase("client:1")
        assert await one.snapshot("freelancer:1") == before
        assert (await one.rebuild(check=True)).clean
        sent = msgspec.structs.replace(ended, actor="client:1", ref="c9", occurred_at=moment(9))
        applied(await one.append([sent]))
        assert view(await one.snapshot("freelancer:1"))["categories"]["clients"]["score"] == 4
        assert (await other.rebuild(check=True)).clean


async def test_what_somebody_decided_stays_decided(make: StoreFactory, tmp_path: Path) -> None:
    by: dict[str, Any] = {"actor": "moderator:1"}
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(n, value=1.0) for n in range(4)]))
        steps = [
            Event("dispute", "seller:1", ref="rev-seller:1-1", **by),
            Event(
                "resolve", "seller:1", ref="rev-seller:1-1", data={"decision": "for", "reason": SECRET}, **by
            ),
            Event(
                "hold",
                "seller:1",
                ref="rev-seller:1-2",
                data={"days": 3, "share": 0.5, "reason": SECRET},
                **by,
            ),
        ]
        times = [msgspec.structs.replace(each, occurred_at=moment(10 + n)) for n, each in enumerate(steps)]
        applied(await ledger.append(times))
        before = await _views(ledger)
        await ledger.erase("moderator:1")
        assert await _views(ledger) == before
        report = await ledger.rebuild(check=True)
        assert report.clean, report.differences[:3]
    assert SECRET.encode() not in _on_disk(tmp_path)


async def test_who_is_nobody_is_refused(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        with pytest.raises(EventError, match="no actor"):
            await ledger.erase("ana")
        assert (await ledger.erase("buyer:nobody")).events == 0
