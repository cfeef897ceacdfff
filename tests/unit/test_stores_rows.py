"""What is stored of events is what is read again, plain ones and others together."""

import sqlite3
from pathlib import Path

from renown.stores import EventRow, SqliteStore


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


def test_bytes_and_nothing_are_bound_as_they_are() -> None:
    """The driver is told how; it must mean the same to everybody else in the process."""
    connection = sqlite3.connect(":memory:")
    for value in (b"", b"\x00\xff", None, "", 0, 1.5):
        (found,) = connection.execute("SELECT ?", (value,)).fetchone()
        assert (found, type(found)) == (value, type(value))
    connection.close()
