"""Recorded files: what becomes of their rows, and the same ids every time they are read."""

import gzip
import json
from pathlib import Path

import pytest

from renown.cli.recordings import Columns, Recording
from renown.errors import SettingsError

ROWS = "source,target,rating,time\n6,2,4,1289241911.72836\n1,15,-10,1289243140.39049\n"


def _read(recording: Recording) -> list[dict[str, object]]:
    return [json.loads(recorded.line) for recorded in recording.read()]


def test_ratings_of_traders_are_found_by_their_usual_columns(tmp_path: Path) -> None:
    file = tmp_path / "otc.csv.gz"
    file.write_bytes(gzip.compress(ROWS.encode()))
    events = _read(Recording(file, kind="trader"))
    assert [(e["type"], e["subject"], e["actor"], e["value"], e["occurred_at"]) for e in events] == [
        ("rating", "trader:2", "trader:6", 4.0, "2010-11-08T18:45:11.728360Z"),
        ("rating", "trader:15", "trader:1", -10.0, "2010-11-08T19:05:40.390490Z"),
    ]
    again = _read(Recording(file, kind="trader"))
    assert [e["id"] for e in events] == [e["id"] for e in again]
    assert len({e["id"] for e in events}) == 2


def test_other_columns_can_be_named(tmp_path: Path) -> None:
    file = tmp_path / "shop.csv"
    file.write_text("shop,who,stars,day,nr\nheron,ana,5,2026-03-01,r1\n")
    columns = Columns(subject="shop", actor="who", value="stars", time="day", id="nr")
    (event,) = _read(Recording(file, kind="seller", columns=columns, actor_kind="buyer"))
    assert event == {
        "type": "review", "subject": "seller:heron", "actor": "buyer:ana", "value": 5.0, "id": "r1",
        "occurred_at": "2026-03-01T00:00:00Z",
    }  # fmt: skip


def test_lines_of_json_go_through_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text('\n{"type":"a","subject":"b:1","occurred_at":"1970-01-01T00:01:00Z"}\nnonsense\n')
    recorded = list(Recording(file).read())
    assert [(r.line[:8], r.at) for r in recorded] == [(b'{"type":', 60.0), (b"nonsense", None)]


@pytest.mark.parametrize(
    "columns,kind,field,expected",
    [
        (Columns(subject="targt"), "trader", "subject_column", "target"),
        (Columns(), None, "policy", None),
    ],
)
def test_what_cannot_be_mapped_is_told(
    tmp_path: Path, columns: Columns, kind: str | None, field: str, expected: str | None
) -> None:
    file = tmp_path / "otc.csv"
    file.write_text(ROWS)
    with pytest.raises(SettingsError) as caught:
        list(Recording(file, kind=kind, columns=columns).read())
    assert (caught.value.field, caught.value.expected) == (field, expected)


def test_a_file_that_is_not_there_or_broken_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        Recording(tmp_path / "none.csv")
    (tmp_path / "broken.csv.gz").write_bytes(gzip.compress(ROWS.encode() * 500)[:-20])
    with pytest.raises(SettingsError) as caught:
        list(Recording(tmp_path / "broken.csv.gz", kind="trader").read())
    assert caught.value.problem_code == "unreadable_file"
