"""What is stored of events is what is read again, plain ones and others together."""

import sqlite3
from pathlib import Path

import pytest

from renown.stores import ActorRow, EventRow, SqliteStore
from renown.stores.sqlite import FILE_NAME, connect


def plain(seq: int) -> EventRow:
    body = b'{"type":"review"}'
    nothing = (None, None, None)
    return EventRow(
        *(seq, f"e{seq}", "seller:1", seq, "review", None, None, None, None, 1.5 * seq, 2.0),
        *(body, b"[1.0,{}]", b"[]", 3.25, -0.5, *nothing),
    )


def test_plain_events_and_others_are_stored_together_and_read_in_their_order(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    rows = [plain(seq) for seq in range(1, 40)]
    rows[3] = rows[3]._replace(changes=b"[]")
    rows[7] = rows[7]._replace(held_at=1.0, held_by="e8", held_until=9.0, held_share=0.5, held_why="burst")
    rows[20] = rows[20]._replace(ended_at=1.0, ended_by="e21", ended_version=21)
    rows[38] = rows[38]._replace(held_why="dispute", actor="buyer:1", pair="buyer:1", ref="o1", value=4.0)
    writer = store.writer()
    writer.begin()
    writer.add_events(rows)
    writer.commit()
    assert writer.since(0, 100) == rows
    writer.close()
    store.close()


@pytest.mark.parametrize("plain_ones", [1, 5, 63, 64, 65, 101, 1_024, 2_000])
@pytest.mark.parametrize("others", [0, 1, 37, 129])
def test_any_number_of_events_is_stored_whole(tmp_path: Path, plain_ones: int, others: int) -> None:
    store = SqliteStore.open(tmp_path)
    rows = [plain(seq) for seq in range(1, plain_ones + 1)]
    rows += [plain(plain_ones + seq)._replace(changes=b"[]") for seq in range(1, others + 1)]
    writer = store.writer()
    writer.begin()
    writer.add_events(rows)
    writer.commit()
    assert writer.since(0, 5_000) == rows
    writer.close()
    store.close()


def test_few_statements_store_a_whole_batch(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    writer = store.writer()
    said: list[str] = []
    writer._connection.set_trace_callback(said.append)
    writer.begin()
    writer.add_events([plain(seq) for seq in range(1, 1_850)])
    writer.commit()
    writer._connection.set_trace_callback(None)
    assert len([each for each in said if each.startswith("INSERT")]) == 4
    writer.close()
    store.close()


def test_actors_take_the_place_of_those_there_are(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    writer = store.writer()
    names = ["0", "", *(f"buyer:{i}" for i in range(98))]
    for events in (1, 2):
        rows = [ActorRow(name, 1.0, events, None if events == 1 else b"[]") for name in names]
        writer.begin()
        writer.put_actors(rows)
        writer.commit()
        assert sorted(writer.actors(names)) == sorted(rows)
    assert writer._connection.execute("SELECT count(*) FROM actors").fetchone() == (100,)
    writer.close()
    store.close()


def test_the_journal_grows_as_large_beside_a_file_of_larger_pages(tmp_path: Path) -> None:
    """Files of earlier versions have pages of 8 KiB, and keep them; a copy gets those of new files."""
    file = tmp_path / FILE_NAME
    old = sqlite3.connect(file)
    old.execute("PRAGMA page_size=8192")
    old.execute("CREATE TABLE before (x)")
    old.close()
    store = SqliteStore.open(tmp_path)
    store.export(tmp_path / "copy.sqlite", secrets=True)
    store.close()
    found: list[tuple[int, int]] = []
    for name in (FILE_NAME, "copy.sqlite"):
        connection = connect(tmp_path / name)
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        (pages,) = connection.execute("PRAGMA wal_autocheckpoint").fetchone()
        found.append((page, page * pages))
        connection.close()
    assert found == [(8_192, 128 * 1024 * 1024), (4_096, 128 * 1024 * 1024)]


def test_bytes_and_nothing_are_bound_as_they_are() -> None:
    """The driver is told how; it must mean the same to everybody else in the process."""
    connection = sqlite3.connect(":memory:")
    for value in (b"", b"\x00\xff", None, "", 0, 1.5):
        (found,) = connection.execute("SELECT ?", (value,)).fetchone()
        assert (found, type(found)) == (value, type(value))
    connection.close()
