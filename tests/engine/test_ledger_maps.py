"""Reading a kind's standings as a map: in pages by key, and by what changed after a position."""

from pathlib import Path
from random import Random

from renown.model import Event
from renown.stores import SqliteStore
from renown.stores import statements as sql
from tests.engine.ledger_kit import StoreFactory, applied, opened, raw, review


async def test_pages_hold_every_subject_of_the_kind_once(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        sellers = [f"seller:{n}" for n in (7, 10, 9, 100, "~", "z", "z;", "z/1")]
        applied(await ledger.append([review(1, subject=subject) for subject in sellers]))
        applied(await ledger.append([Event("rating", "trader:1", actor="trader:2", value=4.0)]))
        found: list[str] = []
        while True:
            top, rows = await ledger.page("seller", found[-1] if found else "", 3)
            assert top == len(sellers) + 1
            for subject, _, view in rows:
                assert (await ledger.snapshot(subject) or (0, b""))[1] == view
            found += [subject for subject, _, _ in rows]
            if len(rows) < 3:
                break
        assert found == sorted(sellers, key=str.encode)


async def test_a_foreign_cursor_leads_to_no_other_kind(make: StoreFactory, tmp_path: Path) -> None:
    async with opened(make, tmp_path) as ledger:
        applied(await ledger.append([Event("rating", "trader:1", actor="trader:2", value=4.0)]))
        applied(await ledger.append([review(1)]))
        for after in ("", "a", "seller", "seller:", "trader:0", "\ud800"):
            _, rows = await ledger.page("seller", after, 10)
            assert {subject for subject, _, _ in rows} <= {"seller:1"}
        assert (await ledger.page("sell", "", 10))[1] == []
        assert (await ledger.changed("sell", 0, 10))[1] == []


async def test_changes_are_each_subjects_newest_in_order(make: StoreFactory, tmp_path: Path) -> None:
    random = Random(5)
    async with opened(make, tmp_path) as ledger:
        newest: dict[str, int] = {}
        for n in range(1, 301):
            subject = f"seller:{random.randrange(40)}"
            applied(await ledger.append([review(n, subject=subject)]))
            newest[subject] = n
        for after in (0, 100, 299, 300, 2**70):
            expected = sorted((seq, key) for key, seq in newest.items() if seq > after)
            got: list[tuple[int, str]] = []
            while True:
                top, rows = await ledger.changed("seller", got[-1][0] if got else after, 7)
                assert top == 300
                got += [(seq, subject) for subject, seq, _ in rows]
                if len(rows) < 7:
                    break
            assert got == expected
            assert all(seq > after for seq, _ in got)


def test_both_reads_go_by_an_index(tmp_path: Path) -> None:
    SqliteStore.open(tmp_path).close()
    with raw(tmp_path) as connection:
        for statement, parameters, index in (
            (sql.OF_KIND, ("seller:", "seller;", 10), "sqlite_autoindex_standings_1"),
            (sql.CHANGED, ("seller", 5, 10), "standings_changes"),
        ):
            plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            assert len(plan) == 1, plan
            assert f"USING INDEX {index}" in plan[0][3], plan
    connection.close()
