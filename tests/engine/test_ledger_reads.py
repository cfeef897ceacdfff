"""Reading: boards, search, recent, history, pages, counts, keys; and what survives a restart."""

import json
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from renown.errors import LedgerError, NotFoundError
from renown.ledger import Ledger, LedgerOptions
from renown.model import Activity, Event, Standing
from renown.policy import Policies
from renown.stores.sqlite import FILE_NAME
from tests.engine.ledger_kit import StoreFactory, applied, moment, opened, rating, review, view


def subjects_of(rows: list[bytes]) -> list[str]:
    return [msgspec.json.decode(row, type=Standing).subject for row in rows]


async def test_a_board_ranks_by_score_then_count_then_key(make: StoreFactory, tmp_path: Path) -> None:
    points = {"ann": 3, "bob": 5, "cid": 5, "dan": 1}
    events = [
        Event("upvote", f"member:{name}", actor=f"member:v{i}", ref=f"{name}{i}", occurred_at=moment(i))
        for name, count in points.items()
        for i in range(count)
    ]
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append(events))
        seq, rows = await ledger.board("member", 10)
        ranked = [msgspec.json.decode(row, type=Standing) for row in rows]
        assert seq == len(events)
        key = [(-s.score, -s.count, s.subject) for s in ranked]
        assert key == sorted(key)
        assert not any(s.provisional for s in ranked)
        shown = [s.subject for s in ranked]
        provisional = [
            f"member:{n}" for n in points if view(await ledger.snapshot(f"member:{n}"))["provisional"]
        ]
        assert sorted(shown + provisional) == sorted(f"member:{name}" for name in points)
        assert (await ledger.board("member", 1))[1] == rows[:1]
        assert await ledger.board("nothing", 10) == (seq, [])


async def test_a_provisional_standing_has_no_place_on_the_board(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(1, subject="seller:new"), *(review(i) for i in range(50))]))
        assert view(await ledger.snapshot("seller:new"))["provisional"]
        assert subjects_of((await ledger.board("seller", 10))[1]) == ["seller:1"]


async def test_search_finds_beginnings_first_and_knows_no_wildcards(
    make: StoreFactory, tmp_path: Path
) -> None:
    names = ["seller:Anna", "seller:joanna", "product:annual", "seller:a%a", "seller:bob", "seller:a_b"]
    kinds = {"seller": lambda s: review(1, subject=s), "product": lambda s: review(1, subject=s, ref=None)}
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([kinds[s.split(":")[0]](s) for s in names]))
        found = subjects_of(await ledger.search("ann", None, 10))
        assert found == ["product:annual", "seller:Anna", "seller:joanna"]
        assert subjects_of(await ledger.search("ANN", "seller", 10)) == ["seller:Anna", "seller:joanna"]
        assert subjects_of(await ledger.search("a%", None, 10)) == ["seller:a%a"]
        assert subjects_of(await ledger.search("_", None, 10)) == ["seller:a_b"]
        assert subjects_of(await ledger.search("seller:jo", None, 10)) == ["seller:joanna"]
        assert len(await ledger.search("", None, 3)) == 3
        assert await ledger.search("zzz", None, 3) == []


async def test_recent_is_newest_first_of_all_or_of_one_kind(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        assert await ledger.recent(None, 5) == (0, [])
        for i in range(130):
            applied(await ledger.append([review(i), rating(f"g{i}", "x", 1, i)]))
        seq, rows = await ledger.recent(None, 3)
        assert seq == 260
        told = [msgspec.json.decode(row, type=Activity) for row in rows]
        assert [(each.subject, each.version) for each in told] == [
            ("trader:x", 130), ("seller:1", 130), ("trader:x", 129),
        ]  # fmt: skip
        seq, rows = await ledger.recent("seller", 1000)
        assert seq == 260
        assert [json.loads(row)["version"] for row in rows] == list(range(130, 30, -1))
        assert await ledger.recent("product", 5) == (260, [])


async def test_history_keeps_the_ends_and_never_goes_back(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        assert await ledger.history("seller:1", 10) == []
        applied(await ledger.append([review(i, minutes=(i * 7) % 100) for i in range(100)]))
        whole = await ledger.history("seller:1", 1000)
        assert [point.version for point in whole] == list(range(1, 101))
        few = await ledger.history("seller:1", 9)
        assert (few[0], few[-1], len(few)) == (whole[0], whole[-1], 9)
        assert all(a.at <= b.at and a.version < b.version for a, b in pairwise(few))
        assert few[-1].score == view(await ledger.snapshot("seller:1"))["score"]
        assert await ledger.history("seller:1", 1) == [whole[-1]]


async def test_events_and_activity_are_paged(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(i, data={"n": i}) for i in range(10)]))
        first = await ledger.events("seller:1", None, 4)
        second = await ledger.events("seller:1", first[-1].version, 100)
        assert [entry.version for entry in first + second] == list(range(10, 0, -1))
        assert first[0].event.data == {"n": 9}
        assert first[0].event.occurred_at == moment(9)
        told = await ledger.activity("seller:1", 6, 2)
        assert [version for version, _ in told] == [7, 8]
        assert await ledger.event("no such id") is None
        snapshots = await ledger.snapshots(["seller:1", "seller:none"])
        assert list(snapshots) == ["seller:1"]
        counts = await ledger.kinds()
        assert (counts["seller"].subjects, counts["seller"].events) == (1, 10)
        with pytest.raises(NotFoundError):
            await ledger.explain("seller:none")


async def test_odd_questions_find_nothing(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(1)]))
        for odd in ("", "seller", "seller:\ud800", "seller:\x00", "x" * 10_000, "seller:1' OR 1=1"):
            assert await ledger.snapshot(odd) is None
            assert await ledger.snapshots([odd]) == {}
            assert await ledger.history(odd, 5) == []
            assert await ledger.events(odd, None, 5) == []
            assert await ledger.activity(odd, 0, 5) == []
            assert await ledger.event(odd) is None
            assert await ledger.board(odd, 5) == (1, [])
        assert await ledger.search("\ud800", None, 5) == []
        for far in (2**63, 2**64, 10**30):
            assert len(await ledger.events("seller:1", far, far)) == 1
            assert await ledger.activity("seller:1", far, far) == []
            assert len(await ledger.history("seller:1", far)) == 1
        assert await ledger.events("seller:1", 0, 5) == []
        assert await ledger.activity("seller:1", -far, -far) == []
        assert await ledger.standing_at("seller:1", float("nan")) is None
        assert await ledger.standing_at("seller:1", 1e300) is not None


async def test_all_is_there_after_a_restart(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        epoch = ledger.id
        applied(await ledger.append([review(i) for i in range(20)] + [rating("a", "b", 5, 1)]))
        seller, trader = await ledger.snapshot("seller:1"), await ledger.snapshot("trader:b")
        key_id, secret = ledger.keys.create("shop", ["events", "read"])
    async with opened(make, tmp_path) as ledger:
        assert ledger.id == epoch
        assert (await ledger.snapshot("seller:1"), await ledger.snapshot("trader:b")) == (seller, trader)
        assert applied(await ledger.append([review(30), rating("c", "b", -5, 2)])) == [21, 2]
        key = ledger.keys.verify(secret)
        assert key is not None
        assert (key.id, key.name, key.scopes) == (key_id, "shop", ("events", "read"))
        assert (await ledger.rebuild(check=True)).clean
    async with opened(make, tmp_path / "other") as other:
        assert other.id != epoch


def _bytes(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir() if path.name.startswith(FILE_NAME)]


async def test_keys_are_kept_as_hashes_and_end_when_revoked(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger, opened(make, tmp_path) as other:
        key_id, secret = ledger.keys.create("shop", ["events"])
        assert secret.startswith("rk_")
        found = other.keys.verify(secret)
        assert found is not None
        assert found.allows("events")
        assert not found.allows("tokens")
        for wrong in ("", "rk_", secret[:-1], secret + "x", secret[3:], "rk_\ud800"):
            assert ledger.keys.verify(wrong) is None
        stored = b"".join(_bytes(tmp_path))
        assert b"shop" in stored
        assert secret.encode() not in stored
        ledger.keys.revoke(key_id)
        assert other.keys.verify(secret) is None
        (listed,) = other.keys.list()
        assert listed.revoked_at is not None
        with pytest.raises(NotFoundError):
            ledger.keys.revoke(key_id)


async def test_a_listener_that_fails_does_not_stop_the_others(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        told: list[int] = []

        def faulty(updates: object) -> None:
            raise RuntimeError("a bug of a listener")

        ledger.on_commit(faulty)
        ledger.on_commit(lambda updates: told.extend(update.version for update in updates))
        applied(await ledger.append([review(1)]))
        applied(await ledger.append([review(2)]))
        assert told == [1, 2]


async def test_a_ledger_that_was_not_started_reads_but_takes_nothing(
    make: StoreFactory, tmp_path: Path
) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([review(1)]))
    idle = Ledger(make(tmp_path), Policies.presets(), LedgerOptions())
    assert view(await idle.snapshot("seller:1"))["version"] == 1
    assert (await idle.rebuild(check=True)).clean
    with pytest.raises(LedgerError):
        await idle.append([review(2)])
    await idle.close()


def test_a_folder_that_cannot_be_used_is_a_clear_error(make: StoreFactory, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(LedgerError) as error:
        make(tmp_path / "file")
    assert error.value.problem_code == "ledger_unusable"
    (tmp_path / FILE_NAME).write_text("not a database at all, and long enough to be looked at" * 100)
    with pytest.raises(LedgerError) as error:
        make(tmp_path)
    assert error.value.problem_code == "ledger_unusable"
