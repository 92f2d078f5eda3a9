"""Files and rows that do not agree: adopting, reporting, never deleting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import os
from pathlib import Path
import shutil
import sqlite3
import time

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import SweepFindings
from custom_components.vtrack_nvr.core.library.values import IndexEventKind
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClipState,
    ClockEra,
    CoverageState,
)
from tests.insides import keeper_of, store_of

from .. import invariants
from ..rig import (
    CAMERA,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    NVR,
    LibraryRig,
    ManualClock,
    clip_bytes,
    make_facts,
    make_library,
)


@asynccontextmanager
async def running(
    folder: Path, clock: ManualClock, *, is_registered: bool = True
) -> AsyncIterator[LibraryRig]:
    rig = make_library(folder, clock)
    await rig.library.open()
    try:
        if is_registered:
            await rig.library.register_nvr(NVR, "Recorder")
            await rig.library.register_camera(NVR, CAMERA, "Garden")
        yield rig
        await asyncio.to_thread(invariants.check, rig.library, with_files=False)
    finally:
        await rig.library.close()


def save_index(rig: LibraryRig, folder: Path) -> None:
    folder.mkdir()
    for suffix in ("", "-wal"):
        source = rig.index.with_name(rig.index.name + suffix)
        if source.exists():
            shutil.copy2(source, folder / source.name)


def put_index(folder: Path, rig: LibraryRig) -> None:
    for suffix in ("", "-wal", "-shm"):
        rig.index.with_name(rig.index.name + suffix).unlink(missing_ok=True)
    for source in folder.iterdir():
        shutil.copy2(source, rig.index.parent / source.name)


async def flush(rig: LibraryRig) -> None:
    def run() -> None:
        for root in store_of(rig.library).guard.roots():
            keeper_of(rig.library).tend(root)

    await asyncio.to_thread(run)


async def test_an_unknown_clip_of_ours_is_adopted_and_others_are_reported(
    rig: LibraryRig,
) -> None:
    await asyncio.to_thread(rig.keep, NOW)
    day = rig.folder / "recorder/garden/2027-01-15"
    data = clip_bytes(CAMERA, make_facts(NOW + HOUR))
    (day / "10-00-00+0100.mp4").write_bytes(data)
    (day / "holiday.mp4").write_bytes(b"not ours")
    (day / "notes.txt").write_bytes(b"not ours")
    (day.parent / "photos").mkdir()
    (day.parent / "readme").write_bytes(b"x")
    (rig.folder / "film.mkv").write_bytes(b"x")
    (rig.folder / "stranger").mkdir()
    (rig.folder / "stranger" / "things").mkdir()
    (rig.folder / "stranger" / "letter").write_bytes(b"x")
    report = await rig.library.care.check()
    assert report.adopted == 1
    assert sorted(report.foreign) == [
        "film.mkv",
        "recorder/garden/2027-01-15/holiday.mp4",
        "recorder/garden/2027-01-15/notes.txt",
        "recorder/garden/photos",
        "recorder/garden/readme",
        "stranger/letter",
        "stranger/things",
    ]
    assert report.foreign_count == 7
    assert (day / "holiday.mp4").exists()
    found = await rig.library.browse.recent()
    assert [clip.facts.range.start_ms for clip in found] == [NOW + HOUR, NOW]
    assert found[0].facts.size_bytes == len(data)
    assert rig.library.care.checker.last == report
    again = await rig.library.care.check()
    assert (again.adopted, again.foreign_count) == (0, 7)


async def test_a_clip_of_another_camera_in_the_wrong_folder_is_not_taken(
    rig: LibraryRig,
) -> None:
    await asyncio.to_thread(rig.keep, NOW)
    path = rig.folder / "recorder/garden/2027-01-15/11-11-11+0100.mp4"
    path.write_bytes(clip_bytes(CameraKey("else/1"), make_facts(NOW)))
    report = await rig.library.care.check()
    assert (report.adopted, report.foreign_count) == (0, 1)


async def test_a_vanished_file_is_missing_and_comes_back(rig: LibraryRig) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    path = rig.folder / clip.path
    aside = rig.root / "aside"
    path.rename(aside)
    report = await rig.library.care.check()
    assert report.missing == 1
    window = TimeRange(NOW, NOW + 5 * MINUTE)
    (span,) = await rig.library.ledger.coverage(CAMERA, window)
    assert span.state is CoverageState.MISSING
    totals = await rig.library.ledger.totals(CAMERA)
    assert (totals.clips, totals.coverage_percent) == (0, 0.0)
    path.parent.mkdir(exist_ok=True)
    aside.rename(path)
    assert (await rig.library.care.check()).returned == 1
    (span,) = await rig.library.ledger.coverage(CAMERA, window)
    assert span.state is CoverageState.KEPT


async def test_missing_footage_that_the_device_still_has_is_fetched_again(
    rig: LibraryRig,
) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    (rig.folder / clip.path).unlink()
    await rig.library.care.check()
    window = TimeRange(NOW, NOW + 5 * MINUTE)
    await rig.library.ledger.note_sweep(
        SweepFindings(CAMERA, window, (window,), is_proof=False)
    )
    (span,) = await rig.library.ledger.coverage(CAMERA, window)
    assert span.state is CoverageState.ON_DEVICE
    again = await asyncio.to_thread(rig.keep, NOW)
    await rig.library.care.check()
    assert await rig.library.browse.clip(clip_id) is None, "its stretch is kept again"
    assert await rig.library.browse.clip(again) is not None


async def test_an_empty_looking_root_makes_nothing_missing(rig: LibraryRig) -> None:
    await asyncio.to_thread(rig.keep, NOW)
    rig.folder.rename(rig.root / "unmounted")
    report = await rig.library.care.check()
    assert (report.missing, len(report.skipped_roots)) == (0, 1)
    (rig.folder).mkdir()
    report = await rig.library.care.check()
    assert (report.missing, len(report.skipped_roots)) == (0, 1)
    assert (await rig.library.ledger.totals(CAMERA)).clips == 1


async def test_a_corrupt_index_is_set_aside_and_rebuilt_from_the_files(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running(tmp_path, clock) as rig:
        era = await rig.library.ledger.add_era(NVR, ClockEra(0, NOW - DAY, 7_000))

        def fill() -> list[int]:
            return [
                rig.keep(NOW + n * 10 * MINUTE, offset_ms=7_000, era_id=era.id)
                for n in range(4)
            ]

        ids = await asyncio.to_thread(fill)
        await rig.library.care.protect(ids[:1], "fox")
        await rig.library.care.delete(ids[1:2])
        await rig.library.care.empty_trash(at_once=True)
        lost = TimeRange(NOW + HOUR, NOW + 2 * HOUR)
        await rig.library.ledger.mark(CAMERA, [lost], CoverageState.LOST, "overwritten")
        before = await rig.library.browse.search()
        whole = TimeRange(NOW, NOW + 3 * HOUR)
        spans = await rig.library.ledger.coverage(CAMERA, whole)
    data = bytearray(rig.index.read_bytes())
    data[100:] = b"\xa5" * (len(data) - 100)
    rig.index.write_bytes(data)
    # the facts of one file can be read from nowhere but the file itself
    journal = rig.folder / "recorder/garden/.journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    clip_lines = [n for n, line in enumerate(lines) if b'"t":"clip"' in line]
    lines[clip_lines[-1]] = b"garbage\n"
    journal.write_bytes(b"".join(lines) + b"torn li")
    async with running(tmp_path, clock, is_registered=False) as again:
        health = await again.library.health()
        (event,) = health.index_events
        assert event.kind is IndexEventKind.REBUILT
        assert event.set_aside is not None
        assert event.set_aside.exists()
        (camera,) = await again.library.browse.cameras()
        assert (camera.name, camera.nvr_name, camera.is_former) == (
            "Garden",
            "Recorder",
            True,
        )
        await again.library.register_nvr(NVR, "Recorder")
        await again.library.register_camera(NVR, CAMERA, "Garden")
        (camera,) = await again.library.browse.cameras()
        assert (camera.folder, camera.is_former) == ("garden", False)
        found = await again.library.browse.search()
        assert [
            (c.path, c.facts.range, c.facts.sha256, c.is_protected, c.note)
            for c in found.clips
        ] == [
            (c.path, c.facts.range, c.facts.sha256, c.is_protected, c.note)
            for c in before.clips
        ]
        assert [
            (s.state, s.range)
            for s in await again.library.ledger.coverage(CAMERA, whole)
        ] == [(s.state, s.range) for s in spans]
        (rebuilt,) = await again.library.ledger.eras(NVR)
        assert (rebuilt.offset_ms, rebuilt.device_start_ms) == (7_000, NOW - DAY)
        assert found.clips[0].facts.era_id == rebuilt.id
        assert (await again.library.care.check()).adopted == 0
        await asyncio.to_thread(invariants.check, again.library)


async def test_an_older_index_adopts_all_loses_nothing_deletes_nothing(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running(tmp_path, clock) as rig:
        first, second, third = await asyncio.to_thread(
            lambda: [rig.keep(NOW + n * 10 * MINUTE) for n in range(3)]
        )
        await rig.library.care.delete([first, second])
        await flush(rig)
        await asyncio.to_thread(save_index, rig, tmp_path / "backup")
        # after the backup: one comes back, one goes, one is protected, two are new
        await rig.library.care.restore([first])
        clock.advance(2 * HOUR)
        assert await rig.library.care.empty_trash() == 1
        await rig.library.care.protect([third], "fox")
        await asyncio.to_thread(rig.keep, NOW + 50 * MINUTE)
        await asyncio.to_thread(rig.keep, NOW + 60 * MINUTE)
        await flush(rig)
        files = rig.files()
    put_index(tmp_path / "backup", rig)
    clock.advance(5 * DAY)
    async with running(tmp_path, clock) as again:
        assert again.files() == files
        await again.library.care.empty_trash()
        assert again.files() == files
        found = await again.library.browse.search()
        assert sorted(c.path for c in found.clips) == files
        assert [c.id for c in found.clips if c.is_protected] == [third]
        (gone,) = await again.library.browse.ledger(CoverageState.REMOVED)
        assert gone.range.start_ms == NOW + 10 * MINUTE
        assert (await again.library.care.check()).missing == 0
        await asyncio.to_thread(invariants.check, again.library)


async def test_while_files_are_adopted_nothing_is_fetched(rig: LibraryRig) -> None:
    (root,) = store_of(rig.library).guard.roots()
    store_of(rig.library).adopting.add(root.id)
    problem = rig.library.ledger.storage_problem(CAMERA)
    assert problem is not None
    assert problem.kind is ErrorKind.INDEX_FAILED
    store_of(rig.library).adopting.clear()
    assert rig.library.ledger.storage_problem(CAMERA) is None


async def test_a_folder_without_journal_is_known_by_its_files(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running(tmp_path, clock) as rig:
        await asyncio.to_thread(rig.keep, NOW)
    shutil.rmtree(rig.index.parent)
    (rig.folder / "recorder/garden/.journal.jsonl").unlink()
    async with running(tmp_path, clock, is_registered=False) as again:
        (camera,) = await again.library.browse.cameras()
        assert (camera.key, camera.is_former, camera.totals.clips) == (CAMERA, True, 1)


def make_old(part: Path) -> None:
    """Let a part look as if nobody had written to it for hours."""
    then = time.time() - 3 * 3600
    os.utime(part, (then, then))


async def test_an_unfinished_file_of_a_forgotten_row_is_salvaged(
    rig: LibraryRig,
) -> None:
    target, _ = await asyncio.to_thread(rig.begin, NOW)
    garbage, _ = await asyncio.to_thread(rig.begin, NOW + HOUR)
    garbage.part_path.write_bytes(b"torn")
    now = rig.clock.now_ms() / 1000
    os.utime(garbage.part_path, (now, now))
    store_of(rig.library).write(lambda c: c.execute("delete from clip"))
    report = await rig.library.care.check()
    assert (report.salvaged, report.stale_parts) == (0, 0), "both may be another's"
    assert target.part_path.exists()
    make_old(target.part_path)
    report = await rig.library.care.check()
    assert (report.salvaged, report.stale_parts) == (1, 0)
    assert garbage.part_path.exists(), "it may be somebody's who is still writing"
    rig.clock.advance(2 * DAY)
    assert (await rig.library.care.check()).stale_parts == 1
    assert not garbage.part_path.exists()
    assert not target.part_path.exists()
    await asyncio.to_thread(invariants.check, rig.library)


async def test_a_power_cut_between_journal_and_index_writes_lines_twice_only(
    rig: LibraryRig,
) -> None:
    await asyncio.to_thread(rig.keep, NOW)
    await flush(rig)
    journal = rig.folder / "recorder/garden/.journal.jsonl"
    await asyncio.to_thread(rig.keep, NOW + HOUR)
    store = store_of(rig.library)
    rows = store.read(lambda c: c.execute("select * from outbox").fetchall())
    known = store.read(lambda c: c.execute("select * from journal").fetchone())
    await flush(rig)
    both = journal.read_bytes()

    def undo(connection: sqlite3.Connection) -> None:
        for row in rows:
            connection.execute("insert into outbox values (?, ?, ?, ?)", tuple(row))
        connection.execute(
            "update journal set sequence = ?, bytes = ?",
            (known["sequence"], known["bytes"]),
        )

    store.write(undo)
    (root,) = store.guard.roots()
    report = await asyncio.to_thread(rig.library.care.checker.fast, root)
    assert report.adopted == 0
    assert journal.read_bytes() == both
    assert (
        store.read(lambda c: c.execute("select count(*) from outbox").fetchone()[0])
        == 0
    )


async def test_a_journal_of_old_lines_is_made_small(rig: LibraryRig) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    for number in range(600):
        await rig.library.care.protect([clip_id], f"note {number}")
    await flush(rig)
    journal = rig.folder / "recorder/garden/.journal.jsonl"
    size = journal.stat().st_size
    await rig.library.care.check()
    assert journal.stat().st_size < size / 50
    await asyncio.to_thread(rig.keep, NOW + HOUR)
    await flush(rig)
    (root,) = store_of(rig.library).guard.roots()
    assert (await asyncio.to_thread(rig.library.care.checker.fast, root)).adopted == 0


@pytest.mark.parametrize("state", [ClipState.TRASHED, ClipState.COMPLETE])
async def test_a_damaged_file_is_told_by_its_size(
    rig: LibraryRig, state: ClipState
) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    if state is ClipState.TRASHED:
        await rig.library.care.delete([clip_id])
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    (rig.folder / clip.path).write_bytes(b"short")
    report = await rig.library.care.check()
    after = await rig.library.browse.clip(clip_id)
    if state is ClipState.COMPLETE:
        assert report.missing == 1
        assert after is not None
        assert after.state is ClipState.MISSING
    assert (rig.folder / clip.path).exists()


async def test_a_journal_that_somebody_deleted_is_told_again(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running(tmp_path, clock) as rig:
        first, second = await asyncio.to_thread(
            lambda: [rig.keep(NOW), rig.keep(NOW + HOUR)]
        )
        await rig.library.care.protect([first], "fox")
        await rig.library.care.delete([second])
        await rig.library.care.empty_trash(at_once=True)
        await flush(rig)
        journal = rig.folder / "recorder/garden/.journal.jsonl"
        journal.unlink()
        await rig.library.care.check()
        assert journal.exists()
    shutil.rmtree(rig.index.parent)
    async with running(tmp_path, clock) as again:
        (clip,) = await again.library.browse.recent()
        assert (clip.is_protected, clip.note) == (True, "fox")
        (gone,) = await again.library.browse.ledger(CoverageState.REMOVED)
        assert gone.range.start_ms == NOW + HOUR


async def test_clips_finished_while_files_are_compared_are_not_adopted_twice(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(rig.keep, NOW)
    store = store_of(rig.library)
    real = store.files.list
    target, facts = await asyncio.to_thread(rig.begin, NOW + HOUR)
    done = []

    def finish_first(folder: Path):
        if folder.name == "2027-01-15" and not done:
            done.append(rig.library.ledger.sink(CAMERA).finish(target, facts))
        return real(folder)

    monkeypatch.setattr(store.files, "list", finish_first)
    report = await rig.library.care.check()
    assert (report.adopted, report.skipped_roots, report.missing) == (0, (), 0)
    assert (await rig.library.ledger.totals(CAMERA)).clips == 2
    assert done


async def test_what_a_killed_salvage_left_goes_after_a_day(rig: LibraryRig) -> None:
    await asyncio.to_thread(rig.keep, NOW)
    left = rig.folder / "recorder/garden/2027-01-15/.09-00-00+0100.9.part.salvage"
    left.write_bytes(b"half")
    now = rig.clock.now_ms() / 1000
    os.utime(left, (now, now))
    assert (await rig.library.care.check()).stale_parts == 0
    rig.clock.advance(2 * DAY)
    report = await rig.library.care.check()
    assert (report.stale_parts, report.foreign_count) == (1, 0)
    assert not left.exists()
