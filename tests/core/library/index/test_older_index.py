"""A lost or damaged index comes back from its last copy; ids and markers outlive it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
import sqlite3

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.claims import CLAIM
from custom_components.vtrack_nvr.core.library.files import FileLayer
from custom_components.vtrack_nvr.core.library.index.opening import (
    copies_folder,
    make_copy,
    open_database,
)
from custom_components.vtrack_nvr.core.library.journal import (
    Fact,
    FactKind,
    encode_line,
)
from custom_components.vtrack_nvr.core.library.naming import JOURNAL, MARKER
from custom_components.vtrack_nvr.core.library.values import (
    IndexEventKind,
    LibraryBounds,
    Retention,
)
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClipState,
    EventClass,
    EventMark,
)
from tests.insides import keeper_of, store_of

from .. import invariants
from ..rig import CAMERA, DAY, HOUR, NOW, LibraryRig, ManualClock, make_library
from ..upkeep.test_check import flush, running
from ..upkeep.test_folder_owner import until

FILES = FileLayer()
EVENT = EventMark(EventClass.MOTION, TimeRange(NOW, NOW + 1000), "door")


def damage(index: Path) -> None:
    data = bytearray(index.read_bytes())
    data[100:] = b"\xa5" * (len(data) - 100)
    index.write_bytes(data)


def lose(index: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        index.with_name(index.name + suffix).unlink(missing_ok=True)


@pytest.mark.parametrize("harm", [damage, lose])
async def test_the_last_copy_takes_its_place_and_newer_clips_are_adopted(
    tmp_path: Path, clock: ManualClock, harm: Callable[[Path], None]
) -> None:
    async with running(tmp_path, clock) as rig:
        first = await asyncio.to_thread(rig.keep, NOW)
        await rig.library.ledger.add_marks(CAMERA, [EVENT])
        await rig.library.set_retention(CAMERA, Retention(days=30))
        await asyncio.to_thread(rig.library.care.copy_index_now)
        await rig.library.care.protect([first], "fox")
        await asyncio.to_thread(rig.keep, NOW + HOUR)
        await flush(rig)
        # its line never reached the journal: only the file tells of it
        await asyncio.to_thread(rig.keep, NOW + 2 * HOUR)
        store_of(rig.library).write(lambda c: c.execute("delete from outbox"))
        files = rig.files()
    harm(rig.index)
    async with running(tmp_path, clock, is_registered=False) as again:
        (event,) = (await again.library.health()).index_events
        assert event.kind is IndexEventKind.REBUILT
        assert (event.set_aside is None) is (harm is lose)
        (camera,) = await again.library.browse.cameras()
        assert camera.retention.days == 30
        found = (await again.library.browse.search()).clips
        assert sorted(clip.path for clip in found) == files
        assert [clip.id for clip in found if clip.is_protected] == [first]
        whole = TimeRange(NOW, NOW + DAY)
        assert await again.library.ledger.marks(CAMERA, whole) == (EVENT,)
        assert (await again.library.care.check()).adopted == 0
        await asyncio.to_thread(invariants.check, again.library)
    async with running(tmp_path, clock, is_registered=False) as once_more:
        assert (await once_more.library.health()).index_events == ()


async def test_with_a_copy_nothing_is_written_to_the_empty_folder_of_a_late_share(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running(tmp_path, clock) as rig:
        await asyncio.to_thread(rig.keep, NOW)
        await asyncio.to_thread(rig.library.care.copy_index_now)
    damage(rig.index)
    share = rig.root.rename(tmp_path / "share")
    again = make_library(tmp_path, clock)
    await again.library.open()
    problem = again.library.ledger.storage_problem(CAMERA)
    assert problem is not None
    assert problem.kind is ErrorKind.STORAGE_MISSING
    assert list(again.root.iterdir()) == [], "no marker, no folder, no footage"
    assert len(await again.library.browse.recent()) == 1, "still listed"
    again.root.rmdir()
    share.rename(again.root)
    await until(lambda: again.library.ledger.storage_problem(CAMERA) is None)
    assert (await again.library.care.check()).missing == 0
    await again.library.close()


def test_a_copy_that_is_no_good_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    clock, bounds = ManualClock(), LibraryBounds()
    connection, _ = open_database(path, clock, bounds, FILES)
    connection.execute("insert into meta values ('who', 'me')")
    make_copy(connection, path, NOW, 3, FILES)
    connection.execute("update meta set value = 'newer version' where key = 'who'")
    connection.execute("pragma user_version = 99")
    make_copy(connection, path, NOW + 1, 3, FILES)
    connection.close()
    (copies_folder(path) / f"{NOW + 2:015}.db").write_bytes(b"torn" * 1000)
    (copies_folder(path) / f"{NOW + 3:015}.db").write_bytes(b"")
    lose(path)
    connection, (event,) = open_database(path, clock, bounds, FILES)
    assert event.kind is IndexEventKind.REBUILT
    assert connection.execute("select value from meta").fetchone()[0] == "me"
    connection.close()
    assert not path.with_name("a.db.part").exists()


def test_with_no_good_copy_an_empty_index_is_begun(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    copies_folder(path).mkdir()
    (copies_folder(path) / "1.db").write_bytes(b"torn" * 1000)
    connection, (event,) = open_database(path, ManualClock(), LibraryBounds(), FILES)
    assert event.kind is IndexEventKind.CREATED
    connection.close()
    assert not path.with_name("a.db.part").exists()


def test_a_copy_cut_off_leaves_nothing_behind_for_long(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection, _ = open_database(path, ManualClock(), LibraryBounds(), FILES)
    copies_folder(path).mkdir()
    for name in (".000.part", ".000.part-journal"):
        (copies_folder(path) / name).write_bytes(b"half")
    copy = make_copy(connection, path, NOW, 3, FILES)
    connection.close()
    assert list(copies_folder(path).iterdir()) == [copy]


async def test_a_link_to_a_deleted_clip_never_shows_another_one(
    rig: LibraryRig,
) -> None:
    await asyncio.to_thread(rig.keep, NOW)
    newest = await asyncio.to_thread(rig.keep, NOW + HOUR)
    await rig.library.care.delete([newest])
    await rig.library.care.empty_trash(at_once=True)
    fresh = await asyncio.to_thread(rig.keep, NOW + 2 * HOUR)
    assert fresh > newest
    assert await rig.library.browse.clip(newest) is None
    target, _facts = await asyncio.to_thread(rig.begin, NOW + 3 * HOUR)
    await asyncio.to_thread(rig.library.ledger.sink(CAMERA).abandon, target, "nothing")
    day = rig.folder / "recorder/garden/2027-01-15"
    clip = await rig.library.browse.clip(fresh)
    assert clip is not None
    await rig.library.care.delete([fresh])
    (day / "10-59-59+0100.mp4").write_bytes((rig.folder / clip.path).read_bytes())
    await rig.library.care.empty_trash(at_once=True)
    await rig.library.care.check()
    (adopted, _first) = await rig.library.browse.recent()
    assert adopted.id > target.clip_id > fresh


async def test_ids_given_after_a_backup_are_not_given_again(
    tmp_path: Path, clock: ManualClock
) -> None:
    from ..upkeep.test_check import put_index, save_index

    async with running(tmp_path, clock) as rig:
        old = await asyncio.to_thread(rig.keep, NOW)
        await flush(rig)
        await asyncio.to_thread(save_index, rig, tmp_path / "backup")
        later = await asyncio.to_thread(rig.keep, NOW + HOUR)
        await flush(rig)
    put_index(tmp_path / "backup", rig)
    async with running(tmp_path, clock) as again:
        adopted, kept = await again.library.browse.recent()
        assert kept.id == old
        assert adopted.id > later + 1000
        fresh = await asyncio.to_thread(again.keep, NOW + 2 * HOUR)
        assert fresh == adopted.id + 1


async def test_an_export_never_gets_the_link_of_one_that_expired(
    rig: LibraryRig,
) -> None:
    window = TimeRange(NOW, NOW + HOUR)
    first = await rig.library.exports.begin([CAMERA], window, "a.mp4")
    await rig.library.exports.remove(first.id)
    second = await rig.library.exports.begin([CAMERA], window, "a.mp4")
    assert second.id > first.id


@pytest.mark.parametrize("torn", [b"", None])
async def test_a_marker_is_there_whole_or_not_at_all(
    tmp_path: Path, clock: ManualClock, torn: bytes | None
) -> None:
    """The power went while the first marker was written."""
    rig = make_library(tmp_path, clock)
    rig.folder.mkdir()
    if torn is None:
        (rig.folder / f"{MARKER}.part").write_bytes(b'{"uuid"')
    else:
        (rig.folder / MARKER).write_bytes(torn)
    await rig.library.open()
    assert (await rig.library.health()).roots[0].problem is None
    names = {path.name for path in rig.folder.iterdir()}
    assert {name for name in names if not name.startswith(CLAIM)} == {MARKER}
    await rig.library.close()


async def test_a_backup_that_nobody_ends_is_over_after_some_hours(
    tmp_path: Path, clock: ManualClock
) -> None:
    rig = make_library(tmp_path, clock)
    await rig.library.open()
    store = store_of(rig.library)

    def pages() -> int:
        found: int = store.read(
            lambda c: c.execute("pragma wal_autocheckpoint").fetchone()[0]
        )
        return found

    assert await rig.library.pre_backup()
    assert await asyncio.to_thread(pages) == 0
    await asyncio.to_thread(keeper_of(rig.library).tick)
    assert await asyncio.to_thread(pages) == 0
    clock.advance(7 * HOUR)
    await asyncio.to_thread(keeper_of(rig.library).tick)
    assert await asyncio.to_thread(pages) > 0
    assert store.quiet_since is None
    await rig.library.pre_backup()
    await rig.library.post_backup()
    assert await asyncio.to_thread(pages) > 0
    await rig.library.close()


async def test_a_journal_of_a_camera_with_senseless_keys_harms_nobody(
    rig: LibraryRig,
) -> None:
    folder = rig.folder / "recorder/garden"
    folder.mkdir(parents=True)
    lines = [
        Fact(FactKind.CLIP, {"path": "recorder/garden/x.mp4", "size_bytes": "no"}),
        Fact(FactKind.SPAN, {"state": "unheard of", "reason": "", "ranges": [[1, 2]]}),
        Fact(FactKind.GONE, {"path": "x"}),
    ]
    data = b"".join(encode_line(n + 1, fact.text()) for n, fact in enumerate(lines))
    (folder / JOURNAL).write_bytes(data)
    (root,) = store_of(rig.library).guard.roots()
    report = await asyncio.to_thread(rig.library.care.checker.fast, root)
    assert (report.adopted, report.missing) == (0, 0)
    assert rig.library.ledger.storage_problem(CAMERA) is None


async def test_a_row_without_its_storage_is_never_deleted(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running(tmp_path, clock) as rig:
        clip_id = await asyncio.to_thread(rig.keep, NOW)
        await rig.library.set_roots([])
        clock.advance(400 * DAY)
        await rig.library.care.check()
        clip = await rig.library.browse.clip(clip_id)
        assert clip is not None
        assert clip.state is ClipState.COMPLETE
        assert clip.camera == CameraKey(CAMERA)


async def test_a_crash_while_the_damaged_index_is_set_aside_loses_no_copy(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running(tmp_path, clock) as rig:
        await asyncio.to_thread(rig.keep, NOW)
        await asyncio.to_thread(rig.library.care.copy_index_now)
    # the database was renamed, its log not yet
    rig.index.rename(rig.index.with_name("x.db"))
    rig.index.with_name(f"{rig.index.name}-wal").write_bytes(b"a log of another")
    async with running(tmp_path, clock) as again:
        assert len(await again.library.browse.recent()) == 1
    (log,) = rig.index.parent.glob("*.damaged-*-wal")
    assert log.read_bytes() == b"a log of another"
    with sqlite3.connect(rig.index) as connection:
        assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
    connection.close()


async def test_senseless_ids_are_refused(rig: LibraryRig) -> None:
    with pytest.raises(NvrError):
        await rig.library.browse.reader(4711)
