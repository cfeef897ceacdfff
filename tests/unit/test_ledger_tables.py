"""Migrating a file gives the tables the code declares."""

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from renown import stores
from renown.errors import LedgerError
from renown.stores import (
    EventRow,
    KeyRow,
    KindRow,
    NoticeRow,
    RevocationRow,
    RightsRow,
    SqliteStore,
    StandingRow,
    access_rows,
    schema,
    statements,
)
from renown.stores.migrate import HEAD
from renown.stores.sqlite import FILE_NAME


def described(file: Path) -> dict[str, object]:
    """Return tables with their columns and indexes with their columns and conditions."""
    connection = sqlite3.connect(file)
    found: dict[str, object] = {}
    names = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    for kind, name, sql in names:
        if name == "alembic_version" or "alembic" in name:
            continue
        if kind == "table":
            found[name] = connection.execute(f"PRAGMA table_xinfo({name})").fetchall()
        else:
            columns = connection.execute(f"PRAGMA index_xinfo({name})").fetchall()
            condition = None if sql is None else sql.upper().partition(" WHERE ")[2].replace("EVENTS.", "")
            found[name] = (columns, condition and condition.replace("STANDINGS.", ""))
    connection.close()
    return found


def test_migrating_equals_the_declared_tables(tmp_path: Path) -> None:
    SqliteStore.open(tmp_path / "migrated").close()
    declared = tmp_path / "declared.sqlite"
    engine = create_engine(f"sqlite:///{declared}")
    with engine.begin() as connection:
        for table in schema.metadata.sorted_tables:
            connection.execute(CreateTable(table))
            for index in table.indexes:
                connection.execute(CreateIndex(index))
    engine.dispose()
    assert described(tmp_path / "migrated" / FILE_NAME) == described(declared)


def test_the_rows_are_in_the_order_of_the_columns() -> None:
    for row, table in (
        (EventRow, schema.events),
        (StandingRow, schema.standings),
        (KindRow, schema.kinds),
        (KeyRow, schema.keys),
        (RightsRow, schema.rights),
        (RevocationRow, schema.revocations),
        (NoticeRow, schema.notices),
    ):
        fields = [name.removeprefix("live_") for name in row._fields]
        assert fields == [column.name for column in table.columns]


def test_the_newest_revision_is_the_one_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(stores.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_file_of_the_first_version_keeps_what_it_holds(tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(stores.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    engine = create_engine(f"sqlite:///{tmp_path / FILE_NAME}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(schema.meta.insert().values(name="ledger", value="cafe"))
    engine.dispose()
    store = SqliteStore.open(tmp_path)
    assert store.ledger_id == "cafe"
    assert store.near.rights("ana") is None
    assert store.near.notice_bounds() == (0, 0)
    store.close()


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    SqliteStore.open(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(LedgerError) as error:
        SqliteStore.open(tmp_path)
    assert error.value.problem_code == "ledger_too_new"


def test_what_refers_to_an_event_is_found_without_reading_all_of_the_subject(tmp_path: Path) -> None:
    SqliteStore.open(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    plan = connection.execute("EXPLAIN QUERY PLAN " + statements.REFERRED, ("seller:1", "order:1")).fetchall()
    connection.close()
    assert "events_ref (subject=? AND ref=?)" in plan[0][3]


@pytest.mark.parametrize(
    "name",
    ["KNOWN", "STANDINGS", "VIEW", "LIVE_PAIRS", "BOARD", "ASCENDING", "RIGHTS", "REVOCATION"],
)
def test_lookups_never_scan_a_table(tmp_path: Path, name: str) -> None:
    SqliteStore.open(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    statement = str(getattr(access_rows if name in access_rows.__all__ else statements, name))
    plan = connection.execute("EXPLAIN QUERY PLAN " + statement, [None] * statement.count("?")).fetchall()
    connection.close()
    steps = [step[3] for step in plan]
    assert not any(step.startswith("SCAN") and "VIRTUAL" not in step for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps
    assert any("USING INDEX" in step or "COVERING INDEX" in step for step in steps), steps
