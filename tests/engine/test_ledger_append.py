"""Appending: acknowledgement, idempotency, versions, group commit, failures."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from renown import scoring
from renown.errors import LedgerError
from renown.ledger import Ledger
from renown.model import Event, Status, Update
from renown.policy import Policies
from tests.engine.ledger_kit import News, StoreFactory, applied, moment, opened, raw, review, view


async def test_an_answer_comes_after_the_commit(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger, opened(make, tmp_path) as other:
        assert applied(await ledger.append([review(1), review(2)])) == [1, 2]
        entry = await other.event("rev-seller:1-2")
        assert entry is not None
        assert (entry.version, entry.seq, entry.event.value) == (2, 2, 3.0)
        assert await other.snapshot("seller:1") == await ledger.snapshot("seller:1")


async def test_the_same_event_has_one_effect_and_one_answer(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        first, second, third = await ledger.append([review(1), review(1), review(2)])
        assert (first.status, second.status, third.status) == (
            Status.APPLIED,
            Status.DUPLICATE,
            Status.APPLIED,
        )
        assert (first.version, second.version, third.version) == (1, 1, 2)
        again = await ledger.append([review(1), review(2)])
        assert [(a.status, a.version) for a in again] == [(Status.DUPLICATE, 1), (Status.DUPLICATE, 2)]
        assert ledger.stats().events == 2


async def test_an_event_sent_again_in_another_form_is_the_same(make: StoreFactory, tmp_path: Path) -> None:
    sent = b'{"id":"a","type":"review","subject":"seller:1","actor":"buyer:1","ref":"o","value":4,%s}'
    forms = [
        b'"occurred_at":"2025-03-01T12:00:00Z","categories":{"delivery":3,"quality":5},"data":{"a":1,"b":2}',
        b'"data":{"b":2,"a":1},"categories":{"quality":5.0,"delivery":3},'
        b'"occurred_at":"2025-03-01T13:00:00.000+01:00"',
    ]
    async with opened(make, tmp_path) as ledger:
        events = [msgspec.json.decode(sent % form, type=Event) for form in forms]
        answers = await ledger.append(events)
        assert [answer.status for answer in answers] == [Status.APPLIED, Status.DUPLICATE]


@pytest.mark.parametrize(
    "changed",
    [
        {"value": 1.5},
        {"actor": "buyer:x"},
        {"ref": "order:x"},
        {"occurred_at": moment(99)},
        {"data": {"a": 1}},
    ],
)
async def test_another_body_under_a_used_id_is_refused(
    make: StoreFactory, tmp_path: Path, changed: dict[str, Any]
) -> None:
    other = review(1, **changed)
    async with opened(make, tmp_path) as ledger:
        first, in_batch = await ledger.append([review(1), other])
        (later,) = await ledger.append([other])
        assert first.status is Status.APPLIED
        for answer in (in_batch, later):
            assert answer.status is Status.REJECTED
            assert answer.problem is not None
            assert answer.problem.code == "id_conflict"
        assert ledger.stats().events == 1


async def test_an_id_is_made_for_an_event_without_one(make: StoreFactory, tmp_path: Path) -> None:
    event = Event("review", "seller:1", actor="buyer:1", ref="o:1", value=4.0)
    async with opened(make, tmp_path) as ledger:
        one, two = await ledger.append([event, event])
        assert one.id != two.id
        assert (one.version, two.version) == (1, 2)
        entry = await ledger.event(one.id or "")
        assert entry is not None
        assert entry.event.id == one.id
        assert entry.event.occurred_at is not None
        assert entry.event.occurred_at.timestamp() == pytest.approx(entry.at, abs=1e-6)


async def test_versions_grow_by_exactly_one(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        news = News(ledger)
        subjects = [f"seller:{i % 3}" for i in range(60)]
        made = await asyncio.gather(
            *(ledger.append([review(i, subject=subject)]) for i, subject in enumerate(subjects))
        )
        versions: dict[str, list[int]] = {}
        for subject, answers in zip(subjects, made, strict=True):
            versions.setdefault(subject, []).extend(applied(answers))
        assert versions == {f"seller:{i}": list(range(1, 21)) for i in range(3)}
        assert news.versions == versions
        assert not news.problems
        assert sorted(news.seqs) == list(range(1, 61))


async def test_more_events_than_one_transaction_takes(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        news = News(ledger)
        answers = await ledger.append([review(i) for i in range(4500)])
        assert applied(answers) == list(range(1, 4501))
        assert news.versions == {"seller:1": list(range(1, 4501))}
        assert await ledger.append([]) == []


async def test_nothing_is_told_before_its_commit(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger, opened(make, tmp_path) as witness:
        seen: list[bool] = []
        near = witness._store.near  # the look of another connection, from within the listener

        def listener(updates: Sequence[Update]) -> None:
            for update in updates:
                found = near.view(update.subject)
                seen.append(found is not None and found[0] >= update.version)

        ledger.on_commit(listener)
        for i in range(30):
            applied(await ledger.append([review(i, subject=f"seller:{i % 4}")]))
        assert len(seen) == 30
        assert all(seen)


async def test_the_standing_comes_with_the_answer_when_asked(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        bad = Event("nonsense", "seller:1")
        one, again, refused = await ledger.append([review(1), review(1), bad], standing=True)
        snapshot = await ledger.snapshot("seller:1")
        assert snapshot is not None
        assert bytes(one.standing or b"") == bytes(again.standing or b"") == snapshot[1]
        assert refused.standing is None
        (later,) = await ledger.append([review(1)], standing=True)
        assert bytes(later.standing or b"") == snapshot[1]


async def test_a_failed_transaction_changes_nothing_and_is_not_acknowledged(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with opened(make, tmp_path) as ledger:
        news = News(ledger)
        applied(await ledger.append([review(1)]))
        before = await ledger.snapshot("seller:1")
        beside = raw(tmp_path)
        beside.execute(
            "CREATE TRIGGER stop BEFORE UPDATE ON standings BEGIN SELECT RAISE(ABORT, 'disk on fire'); END"
        )
        failed = await asyncio.gather(
            ledger.append([review(2)]), ledger.append([review(3)]), return_exceptions=True
        )
        assert all(isinstance(each, LedgerError) for each in failed)
        assert await ledger.snapshot("seller:1") == before
        assert ledger.stats().events == 1
        beside.execute("DROP TRIGGER stop")
        beside.close()
        assert applied(await ledger.append([review(2), review(3)])) == [2, 3]
        assert news.versions == {"seller:1": [1, 2, 3]}
        assert (await ledger.rebuild(check=True)).clean


async def test_one_event_that_breaks_us_does_not_stop_the_others(
    make: StoreFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold = scoring.fold

    def faulty(policy, state, contributions, at):
        if any(contribution.value == 2.5 for contribution in contributions):
            raise ZeroDivisionError("a bug of ours")
        return fold(policy, state, contributions, at)

    monkeypatch.setattr(scoring, "fold", faulty)
    async with opened(make, tmp_path) as ledger:
        answers = await ledger.append([review(1), review(2, value=2.5), review(3)])
        assert [answer.version for answer in answers] == [1, None, 2]
        assert answers[1].problem is not None
        assert answers[1].problem.code == "internal"
        monkeypatch.undo()
        assert applied(await ledger.append([review(2, value=2.5)])) == [3]
        assert (await ledger.rebuild(check=True)).clean


async def test_a_full_queue_makes_callers_wait_and_then_says_busy(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path, queue=10, patience=0.2) as ledger:
        beside = raw(tmp_path)
        beside.execute("BEGIN IMMEDIATE")
        taken = asyncio.create_task(ledger.append([review(i) for i in range(8)]))
        await asyncio.sleep(0.1)
        waiting = [asyncio.create_task(ledger.append([review(20 + i)])) for i in range(10)]
        await asyncio.sleep(0)
        with pytest.raises(LedgerError) as busy:
            await ledger.append([review(40)])
        assert busy.value.problem_code == "ledger_busy"
        beside.execute("ROLLBACK")
        beside.close()
        applied(await taken)
        for task in waiting:
            applied(await task)
        assert applied(await ledger.append([review(40)])) == [19]


async def test_close_answers_what_was_put_in_and_then_refuses(make: StoreFactory, tmp_path: Path) -> None:
    ledger = Ledger(make(tmp_path), Policies.presets())
    await ledger.start()
    pending = [asyncio.create_task(ledger.append([review(i)])) for i in range(20)]
    await asyncio.sleep(0)
    await ledger.close()
    await ledger.close()
    made = [version for answers in await asyncio.gather(*pending) for version in applied(answers)]
    assert made == list(range(1, 21))
    with pytest.raises(LedgerError):
        await ledger.append([review(99)])


async def test_the_view_is_what_the_model_says(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(1, value=5.0), review(2, value=4.0)]))
        standing = view(await ledger.snapshot("seller:1"))
        assert standing["subject"] == "seller:1"
        assert standing["count"] == 2
        assert standing["low"] <= standing["score"] <= standing["high"]
        assert standing["updated_at"] == "2025-03-01T12:02:00.000000Z"
        assert standing["cause"]["type"] == "review"
        (first, _), (second, activity) = await ledger.activity("seller:1", 0, 10)
        assert (first, second) == (1, 2)
        told = json.loads(activity)
        assert told["score"] == standing["score"]
        assert told["delta"] == standing["cause"]["delta"]
        assert told["value"] == 4.0
