"""Bad input of any kind is answered with a problem and changes nothing."""

import asyncio
import math
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renown.ledger import Ledger
from renown.model import Event, Status
from renown.policy import Policies
from tests.engine.ledger_kit import STORES, StoreFactory, applied, opened, raw, review


def _ahead() -> datetime:
    # Made when tests are collected, long before it is used.
    return datetime.now(UTC) + timedelta(days=1)


BAD: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("no kind", {"subject": "seller"}, "invalid_subject", "subject"),
    ("empty id", {"subject": "seller:"}, "invalid_subject", "subject"),
    ("space", {"subject": "seller:a b"}, "invalid_subject", "subject"),
    ("long", {"subject": "seller:" + "x" * 129}, "invalid_subject", "subject"),
    ("newline", {"subject": "seller:x\n"}, "invalid_subject", "subject"),
    ("unknown kind", {"subject": "seler:1"}, "unknown_kind", "subject"),
    ("actor", {"actor": "nobody"}, "invalid_actor", "actor"),
    ("actor of two lines", {"actor": "buyer:1\nquality", "ref": "o"}, "invalid_actor", "actor"),
    ("names on each other's lines", {"type": "a\nb", "id": "i", "ref": "seller:1"}, "invalid_type", "type"),
    ("category of two lines", {"categories": {"a\nb": 1.0}}, "invalid_categories", "categories"),
    ("unknown type", {"type": "reviw"}, "unknown_type", "type"),
    ("empty type", {"type": ""}, "invalid_type", "type"),
    ("long type", {"type": "t" * 65}, "invalid_type", "type"),
    ("empty event id", {"id": ""}, "invalid_id", "id"),
    ("long event id", {"id": "i" * 129}, "invalid_id", "id"),
    ("control character", {"id": "a\x00b"}, "invalid_id", "id"),
    ("lone surrogate", {"id": "a\ud800"}, "invalid_id", "id"),
    ("long ref", {"ref": "r" * 129}, "invalid_ref", "ref"),
    ("nan", {"value": math.nan}, "invalid_value", "value"),
    ("infinite", {"value": -math.inf}, "invalid_value", "value"),
    ("huge", {"value": 10**400}, "invalid_event", None),
    ("a truth", {"value": True}, "invalid_value", "value"),
    ("too high", {"value": 5.01}, "value_out_of_range", "value"),
    ("unknown category", {"categories": {"qualty": 3.0}}, "unknown_category", "categories.qualty"),
    ("nan category", {"categories": {"quality": math.nan}}, "invalid_value", "categories.quality"),
    (
        "many categories",
        {"categories": {f"c{i}": 1.0 for i in range(65)}},
        "invalid_categories",
        "categories",
    ),
    ("no zone", {"occurred_at": datetime(2025, 1, 1)}, "time_without_zone", "occurred_at"),
    ("future", {"occurred_at": _ahead()}, "occurred_in_future", "occurred_at"),
    ("long ago", {"occurred_at": datetime(1900, 1, 1, tzinfo=UTC)}, "occurred_too_early", "occurred_at"),
    ("large data", {"data": {"x": "y" * 17_000}}, "data_too_large", "data"),
    ("odd data", {"data": {"x": object()}}, "invalid_event", None),
    ("list data", {"data": [1]}, "invalid_data", "data"),
    ("wrong types", {"value": "4", "ref": 7}, "invalid_ref", None),
    ("nothing to retract", {"type": "retract", "value": None, "ref": "none"}, "ref_not_found", "ref"),
    ("retract nothing", {"type": "retract", "value": None, "ref": None}, "ref_required", "ref"),
]


@pytest.mark.parametrize("case", BAD, ids=[case[0] for case in BAD])
async def test_bad_input_is_refused_with_its_code(
    make: StoreFactory, tmp_path: Path, case: tuple[str, dict[str, Any], str, str | None]
) -> None:
    what, changed, code, field = case
    bad = msgspec.structs.replace(review(1, id="bad"), **changed)
    async with opened(make, tmp_path) as ledger:
        good, refused, more = await ledger.append([review(2), bad, review(3)])
        assert (good.version, more.version) == (1, 2)
        assert refused.status is Status.REJECTED
        assert refused.problem is not None
        if what == "wrong types":
            assert refused.problem.code.startswith("invalid")
        else:
            assert (refused.problem.code, refused.problem.field) == (code, field)
        assert refused.problem.detail
        assert ledger.stats().events == 2
        # The id of a refused event is free.
        if bad.id == "bad":
            assert applied(await ledger.append([review(4, id="bad")])) == [3]


async def test_what_is_no_event_is_refused(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        things: list[Any] = [None, 7, {"type": "review"}, object(), "x"]
        answers = await ledger.append(things)
        assert [answer.status for answer in answers] == [Status.REJECTED] * 5
        assert ledger.stats().events == 0


async def test_a_time_a_little_ahead_is_accepted(make: StoreFactory, tmp_path: Path) -> None:
    ahead = datetime.fromtimestamp(time.time() + 60, UTC)
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(1, occurred_at=ahead)]))


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=200), st.binary(max_size=20)
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.one_of(st.sampled_from(["review", "rating", "upvote", "retract", "amend"]), ANYTHING),
    "subject": st.one_of(st.sampled_from(["seller:1", "trader:1", "member:1", "product:1"]), ANYTHING),
    "id": st.one_of(st.sampled_from(["a", "b", "rev-1"]), ANYTHING),
    "actor": st.one_of(st.sampled_from(["buyer:1", "trader:2", "trader:1"]), ANYTHING),
    "value": st.one_of(st.floats(-20, 20), ANYTHING),
    "categories": st.one_of(st.none(), st.dictionaries(st.text(max_size=8), ANYTHING, max_size=3), ANYTHING),
    "ref": st.one_of(st.sampled_from(["o1", "a", "b"]), ANYTHING),
    "occurred_at": st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)), st.datetimes(), ANYTHING),
    "data": st.one_of(st.none(), st.dictionaries(st.text(max_size=5), ANYTHING, max_size=3), ANYTHING),
}


@pytest.mark.parametrize("store", sorted(STORES))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(batches=st.lists(st.lists(st.fixed_dictionaries(FIELDS), max_size=8), max_size=4))
def test_no_input_raises_and_every_refusal_changes_nothing(
    store: str, tmp_path_factory: pytest.TempPathFactory, batches: list[list[dict[str, Any]]]
) -> None:
    folder = tmp_path_factory.mktemp("any")

    async def run() -> None:
        ledger = Ledger(STORES[store](folder), Policies.presets())
        await ledger.start()
        try:
            count = 0
            for batch in batches:
                answers = await ledger.append([Event(**fields) for fields in batch])
                assert len(answers) == len(batch)
                for answer in answers:
                    if answer.status is Status.REJECTED:
                        assert answer.problem is not None
                        assert answer.problem.code != "internal", answer
                        msgspec.json.encode(answer)
                    count += answer.status is Status.APPLIED
                assert ledger.stats().events == count
            beside = raw(folder)
            assert beside.execute("SELECT count(*), coalesce(max(seq), 0) FROM events").fetchone() == (
                count,
                count,
            )
            assert beside.execute("SELECT coalesce(sum(version), 0) FROM standings").fetchone() == (count,)
            beside.close()
            report = await ledger.rebuild(check=True)
            assert report.clean, report.differences[:3]
        finally:
            await ledger.close()

    asyncio.run(run())
