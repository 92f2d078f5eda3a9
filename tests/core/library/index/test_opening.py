"""Opening the index: sound, damaged, newer, older; copies of it."""

# Reads private members: the check of a whole index begins now instead of at night.

import asyncio
from dataclasses import replace
from pathlib import Path
import sqlite3

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library import library as library_module
from custom_components.vtrack_nvr.core.library.files import FileLayer
from custom_components.vtrack_nvr.core.library.index import opening
from custom_components.vtrack_nvr.core.library.index.database import connect
from custom_components.vtrack_nvr.core.library.index.opening import (
    check_beside,
    copies_folder,
    existing_copies,
    make_copy,
    open_database,
    suspicion,
)
from custom_components.vtrack_nvr.core.library.values import (
    IndexEventKind,
    LibraryBounds,
)

from ..power import Power, PowerCutError
from ..rig import CAMERA, DAY, NOW, NVR, LibraryRig, ManualClock, make_library

BOUNDS = LibraryBounds(copies=2)
FILES = FileLayer()


def opened(path: Path, bounds: LibraryBounds = BOUNDS):
    return open_database(path, ManualClock(), bounds, FILES)


def test_a_new_index_is_said_to_be_new(tmp_path: Path) -> None:
    connection, events = opened(tmp_path / "new" / "a.db")
    assert [event.kind for event in events] == [IndexEventKind.CREATED]
    connection.close()
    connection, events = opened(tmp_path / "new" / "a.db")
    assert events == ()
    connection.close()


@pytest.mark.parametrize("damage", [b"this is no database at all" * 100, b"SQLite"])
def test_what_is_no_database_is_set_aside(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(damage)
    (tmp_path / "a.db-wal").write_bytes(b"old log")
    connection, events = opened(path)
    assert [event.kind for event in events] == [IndexEventKind.REBUILT]
    assert events[0].set_aside is not None
    assert events[0].set_aside.read_bytes() == damage
    assert opening.database_version(connection) == opening.newest()
    connection.close()


def test_an_index_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = connect(path)
    connection.execute("create table future (n integer) strict")
    connection.execute("pragma user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NvrError) as caught:
        opened(path)
    assert caught.value.kind is ErrorKind.INDEX_FAILED
    assert path.read_bytes() == before


def test_before_a_migration_there_is_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = connect(path)
    opening.migrate(connection, up_to=1)
    connection.execute("insert into meta values ('who', 'me')")
    connection.close()
    connection, events = opened(path)
    assert [event.kind for event in events] == [IndexEventKind.MIGRATED]
    connection.close()
    (copy,) = existing_copies(path, FILES)
    old = sqlite3.connect(copy)
    assert old.execute("select value from meta").fetchone() == ("me",)
    assert old.execute("pragma user_version").fetchone() == (1,)
    old.close()


def test_the_power_may_go_at_any_step_of_a_migration(tmp_path: Path) -> None:
    for cut_at in range(1, 9):
        folder = tmp_path / str(cut_at)
        path = folder / "a.db"
        folder.mkdir()
        connection = connect(path)
        opening.migrate(connection, up_to=1)
        connection.execute("insert into meta values ('who', 'me')")
        connection.close()
        power = Power(cut_at)
        connection = connect(path)
        try:
            connection.set_trace_callback(lambda sql, p=power: p.step(sql[:20]))
            connection.set_progress_handler(lambda p=power: int(p.is_off), 1)
            opening.migrate(connection)
        except PowerCutError, sqlite3.Error:
            pass
        finally:
            connection.set_progress_handler(None, 0)
            connection.close()
        connection, _ = opened(path)
        assert opening.database_version(connection) == opening.newest()
        assert connection.execute("select value from meta").fetchone()[0] == "me"
        assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
        connection.close()


def test_copies_are_bounded_and_a_bad_one_replaces_none(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection, _ = opened(path)
    for number in range(4):
        make_copy(connection, path, NOW + number, 2, FILES)
    assert [copy.name for copy in existing_copies(path, FILES)] == [
        f"{NOW + number:015}.db" for number in (2, 3)
    ]
    connection.close()
    data = bytearray(path.read_bytes())
    data[5000:] = b"\0" * (len(data) - 5000)
    path.write_bytes(data)
    broken = sqlite3.connect(path)
    with pytest.raises(NvrError):
        make_copy(broken, path, NOW + 9, 2, FILES)
    broken.close()
    assert len(existing_copies(path, FILES)) == 2
    assert not list(copies_folder(path).glob(".*"))


def test_a_large_index_is_checked_beside_its_use(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    bounds = replace(BOUNDS, check_at_once_bytes=0)
    connection, _ = opened(path, bounds)
    connection.execute("begin")
    connection.executemany(
        "insert into meta values (?, ?)", [(f"k{n}", "x" * 90) for n in range(3000)]
    )
    connection.execute("commit")
    connection.close()
    connection, events = opened(path, bounds)
    assert events == ()
    connection.close()
    assert check_beside(path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    connection, events = opened(path, bounds)
    assert events == (), "not looked at yet"
    connection.close()
    assert not check_beside(path)
    assert suspicion(path).exists()
    connection, events = opened(path, bounds)
    assert [event.kind for event in events] == [IndexEventKind.REBUILT]
    assert not suspicion(path).exists()
    connection.close()


async def test_damage_found_in_use_is_told(tmp_path: Path, clock: ManualClock) -> None:
    bounds = LibraryBounds(check_at_once_bytes=0, guard_interval=0.05)
    rig = make_library(tmp_path, clock, bounds=bounds)
    await rig.library.open()
    await rig.library.close()
    again = make_library(tmp_path, clock, bounds=bounds)
    await again.library.open()
    assert (await again.library.health()).problem is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library_module, "check_beside", lambda _path: False)
        await asyncio.to_thread(again.library._check_index)
    health = await again.library.health()
    assert health.problem is ErrorKind.INDEX_FAILED
    await again.library.close()


async def test_a_copy_on_demand_and_a_still_file_for_backups(rig: LibraryRig) -> None:
    await asyncio.to_thread(rig.keep, NOW)
    await asyncio.to_thread(rig.library.care.copy_index_now)
    (copy,) = existing_copies(rig.index, FILES)
    old = sqlite3.connect(copy)
    assert old.execute("select count(*) from clip").fetchone() == (1,)
    old.close()
    assert await rig.library.pre_backup()
    still = rig.index.read_bytes()
    await asyncio.to_thread(rig.keep, NOW + DAY)
    assert rig.index.read_bytes() == still
    await rig.library.post_backup()
    assert rig.index.read_bytes() != still


async def test_closing_twice_is_harmless_and_nothing_goes_on(
    tmp_path: Path, clock: ManualClock
) -> None:
    rig = make_library(tmp_path, clock)
    await rig.library.close()
    await rig.library.open()
    await rig.library.register_nvr(NVR, "Recorder")
    await rig.library.register_camera(NVR, CAMERA, "Garden")
    await rig.library.close()
    await rig.library.close()
    with pytest.raises(NvrError, match="closed"):
        await rig.library.ledger.totals(CAMERA)


def test_a_migration_that_cannot_be_done_is_told_and_undone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = connect(path)
    opening.migrate(connection, up_to=1)
    connection.execute("create table transfer (in_the_way integer) strict")
    connection.close()
    with pytest.raises(NvrError) as caught:
        opened(path)
    assert caught.value.kind is ErrorKind.INDEX_FAILED
    connection = connect(path)
    assert opening.database_version(connection) == 1
    connection.close()
