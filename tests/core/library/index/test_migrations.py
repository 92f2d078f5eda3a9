"""Migrations: an old, filled database becomes what a new one is, and keeps its rows."""

from pathlib import Path
import sqlite3

import pytest

from custom_components.vtrack_nvr.core.errors import NvrError
from custom_components.vtrack_nvr.core.library.index import opening
from custom_components.vtrack_nvr.core.library.index.database import connect
from custom_components.vtrack_nvr.core.library.index.rows import retention_of
from custom_components.vtrack_nvr.core.library.values import Retention

FILL = """
insert into root (id, uuid, path, added_ms) values (1, 'u', '/media', 1);
insert into nvr (id, key, name, folder) values (1, 'n', 'N', 'n');
insert into camera (id, nvr_id, key, name, folder, zone) values (1, 1, 'n/1', 'C', 'c', 'UTC');
insert into clip (camera_id, root_id, state, path, start_ms, end_ms, last_frame_ms,
  device_start_ms, era_id, source, created_ms, state_ms)
  values (1, 1, 'complete', 'n/c/x.mp4', 1, 2, 2, 1, 0, 'replay', 1, 1);
insert into coverage (camera_id, start_ms, end_ms, state, changed_ms)
  values (1, 5, 9, 'lost', 1);
"""


def schema(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    return {
        tuple(row)
        for row in connection.execute(
            "select type, name, coalesce(sql, '') from sqlite_schema"
            " where name not like 'sqlite_%'"
        )
    }


@pytest.mark.parametrize("old", range(1, opening.newest()))
def test_an_old_filled_database_gets_the_new_schema(tmp_path: Path, old: int) -> None:
    before = connect(tmp_path / "old.db")
    opening.migrate(before, up_to=old)
    before.executescript(FILL)
    rows = {
        name: before.execute(f"select count(*) from {name}").fetchone()[0]
        for name in ("root", "nvr", "camera", "clip", "coverage")
    }
    assert opening.migrate(before) == (old, opening.newest())
    fresh = connect(tmp_path / "new.db")
    opening.migrate(fresh)
    assert schema(before) == schema(fresh)
    assert {
        name: before.execute(f"select count(*) from {name}").fetchone()[0]
        for name in rows
    } == rows
    assert before.execute("pragma integrity_check").fetchone()[0] == "ok"
    assert before.execute("pragma foreign_key_check").fetchall() == []
    before.close()
    fresh.close()


def test_a_step_that_fails_leaves_the_version_before(tmp_path: Path) -> None:
    folder = tmp_path / "sql"
    folder.mkdir()
    (folder / "0001-good.sql").write_text("create table a (n integer) strict;")
    (folder / "0002-bad.sql").write_text(
        "create table b (n integer) strict;\ninsert into nowhere values (1);"
    )
    connection = connect(tmp_path / "a.db")
    with pytest.raises(sqlite3.OperationalError):
        opening.migrate(connection, folder=folder)
    assert opening.database_version(connection) == 1
    assert {row[1] for row in schema(connection)} == {"a"}
    connection.close()


def test_steps_are_numbered_without_a_hole(tmp_path: Path) -> None:
    (tmp_path / "0002-late.sql").write_text("select 1;")
    with pytest.raises(ValueError, match="numbered"):
        opening.migrations(tmp_path)


def test_every_table_is_strict(tmp_path: Path) -> None:
    connection = connect(tmp_path / "a.db")
    opening.migrate(connection)
    loose = [
        row["name"]
        for row in connection.execute("pragma table_list")
        if not row["strict"] and not row["name"].startswith("sqlite_")
    ]
    assert loose == []
    connection.close()


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    connection = connect(tmp_path / "a.db")
    connection.execute("pragma user_version = 999")
    with pytest.raises(NvrError, match="newer"):
        opening.migrate(connection)
    assert opening.database_version(connection) == 999
    connection.close()


def test_second_copies_become_neither_moves_nor_rows(tmp_path: Path) -> None:
    connection = connect(tmp_path / "old.db")
    opening.migrate(connection, up_to=5)
    connection.executescript(FILL)
    connection.executescript("""
        update camera set retention = '{"days": 9, "move_after_days": 2,
          "move_to_root": 1, "is_copy": true}';
        insert into camera (id, nvr_id, key, name, folder, zone, retention) values
          (2, 1, 'n/2', 'D', 'd', 'UTC', '{"days": 9, "move_after_days": 2,
          "move_to_root": 1, "is_copy": false}');
        insert into transfer (clip_id, root_id, path, state, made_ms) values
          (1, 1, 'a', 'copy', 1), (1, 1, 'b', 'leaving', 1), (1, 1, 'c', 'copying', 1);
    """)
    opening.migrate(connection)
    first, second = [
        retention_of(row[0])
        for row in connection.execute("select retention from camera order by id")
    ]
    assert first == Retention(days=9)
    assert second == Retention(days=9, move_after_days=2, move_to_root=1)
    left = connection.execute("select path, state from transfer order by path")
    assert [tuple(row) for row in left] == [("b", "leaving"), ("c", "copying")]
    connection.close()
