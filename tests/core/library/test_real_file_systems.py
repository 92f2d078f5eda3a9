"""Roots on real file systems that fill up, go away, turn read-only and hang."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
import os
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.values import LibraryBounds
from custom_components.vtrack_nvr.core.models import CoverageState
from custom_components.vtrack_nvr.core.policy import Waits

from . import invariants, mounts
from .rig import (
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
    measured,
)
from .test_guard import kind_of, until

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root"),
]

MEGABYTE = 1024 * 1024
FAST = LibraryBounds(
    guard_interval=0.02,
    keeper_interval=0.02,
    open_wait=2.0,
    stop_wait=0.3,
    batch_seconds=0.001,
    minimum_age_ms=0,
    clip_reserve_bytes=MEGABYTE,
    brake_slack_bytes=100 * MEGABYTE,
)


@pytest.fixture
def media(tmp_path: Path) -> Iterator[Path]:
    """A root that is a small file system of its own."""
    folder = tmp_path / "media"
    folder.mkdir()
    with mounts.tmpfs(folder, 16 * MEGABYTE):
        yield folder


async def opened(tmp_path: Path, **more) -> LibraryRig:
    rig = make_library(tmp_path, ManualClock(), **{"bounds": FAST, **more})
    await rig.library.open()
    await rig.library.register_nvr(NVR, "Recorder")
    await rig.library.register_camera(NVR, CAMERA, "Garden")
    return rig


def keep_large(rig: LibraryRig, start_ms: int, padding: int = MEGABYTE) -> int:
    """Keep a clip of about a megabyte; raises the storage error the disk gives."""
    target, facts = rig.begin(start_ms)
    data = clip_bytes(CAMERA, make_facts(start_ms), padding)
    target.part_path.write_bytes(data)
    rig.library.ledger.sink(CAMERA).finish(target, measured(facts, data))
    return target.clip_id


def refused(rig: LibraryRig, start_ms: int) -> ErrorKind | None:
    """Try to keep a large clip; returns why that was refused, if it was."""
    try:
        keep_large(rig, start_ms)
    except NvrError as error:
        return error.kind
    return None


async def test_a_root_that_fills_up_makes_room_with_its_oldest(
    tmp_path: Path, media: Path
) -> None:
    rig = await opened(tmp_path, floor_bytes=4 * MEGABYTE, with_keeper=True)
    kept = 0
    for number in range(40):
        for _ in range(1500):
            kind = await asyncio.to_thread(refused, rig, NOW + number * 5 * MINUTE)
            if kind is None:
                kept += 1
                break
            assert kind is ErrorKind.STORAGE_FULL
            rig.clock.advance(MINUTE)
            await asyncio.sleep(0.02)
    assert kept == 40, "sync goes on because the oldest went"
    for _ in range(1500):
        if rig.library.ledger.storage_problem(CAMERA) is None:
            break
        # a look for room that began before the last clip came sees it at the next one
        rig.clock.advance(MINUTE)
        await asyncio.sleep(0.02)
    assert rig.library.ledger.storage_problem(CAMERA) is None
    totals = await rig.library.ledger.totals(CAMERA)
    assert 3 <= totals.clips <= 12
    removed = await rig.library.browse.ledger(CoverageState.REMOVED)
    assert {entry.reason for entry in removed} == {"floor"}
    await rig.library.close()


async def test_a_root_full_of_protected_clips_pauses(
    tmp_path: Path, media: Path
) -> None:
    rig = await opened(
        tmp_path,
        floor_bytes=4 * MEGABYTE,
        with_keeper=True,
        bounds=replace(FAST, minimum_age_ms=HOUR),
    )
    kind: ErrorKind | None = None
    for number in range(20):
        start_ms = NOW - DAY + number * 5 * MINUTE
        kind = await asyncio.to_thread(refused, rig, start_ms)
        if kind is not None:
            break
        window = TimeRange(start_ms, start_ms + MINUTE)
        clips = await rig.library.browse.clips_at(CAMERA, window)
        await rig.library.care.protect([clip.id for clip in clips])
    assert kind is ErrorKind.STORAGE_FULL
    files = rig.files()
    rig.clock.advance(2 * HOUR)
    await until(lambda: rig.library.care.retainer.full_roots != ())
    assert rig.files() == files
    await until(lambda: kind_of(rig) is ErrorKind.STORAGE_FULL)
    assert (await rig.library.health()).full_of_protected
    await rig.library.close()


async def test_a_disk_without_an_inode_left_refuses_and_says_full(
    tmp_path: Path, media: Path
) -> None:
    rig = await opened(tmp_path)
    await asyncio.to_thread(keep_large, rig, NOW)
    mounts.limit_inodes(media, 0)
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.begin, NOW + 40 * DAY)
    assert caught.value.kind is ErrorKind.STORAGE_FULL
    rows = await rig.library.browse.search()
    assert len(rows.clips) == 1
    await asyncio.to_thread(invariants.check, rig.library)
    await rig.library.close()


async def test_a_mount_taken_away_in_mid_sync_loses_and_deletes_nothing(
    tmp_path: Path,
) -> None:
    disk, media = tmp_path / "disk", tmp_path / "media"
    disk.mkdir()
    media.mkdir()
    mounts.bind(disk, media)
    try:
        rig = await opened(tmp_path)
        await asyncio.to_thread(rig.keep, NOW)
        target, facts = await asyncio.to_thread(rig.begin, NOW + HOUR)
    finally:
        mounts.unmount(media)
    with pytest.raises(NvrError):
        await asyncio.to_thread(rig.library.ledger.sink(CAMERA).finish, target, facts)
    await until(lambda: kind_of(rig) is ErrorKind.STORAGE_MISSING)
    with pytest.raises(NvrError):
        await asyncio.to_thread(rig.keep, NOW + 2 * HOUR)
    report = await rig.library.care.check()
    assert (report.missing, len(report.skipped_roots)) == (0, 1)
    assert list(media.iterdir()) == [], "nothing was written below the mount point"
    assert (await rig.library.ledger.totals(CAMERA)).clips == 1
    mounts.bind(disk, media)
    try:
        await until(lambda: kind_of(rig) is None)
        await until(lambda: len(rig.files()) == 2)
        await rig.library.care.check()
        clips = await rig.library.browse.search()
        assert [c.facts.range.start_ms for c in clips.clips] == [NOW + HOUR, NOW]
        await asyncio.to_thread(invariants.check, rig.library)
        await rig.library.close()
    finally:
        mounts.unmount(media)


async def test_a_remount_read_only_pauses_and_resumes(
    tmp_path: Path, media: Path
) -> None:
    rig = await opened(tmp_path)
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    mounts.remount(media, is_read_only=True)
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.keep, NOW + HOUR)
    assert caught.value.kind is ErrorKind.STORAGE_READ_ONLY
    await until(lambda: kind_of(rig) is ErrorKind.STORAGE_READ_ONLY)
    await rig.library.care.delete([clip_id])
    assert await rig.library.care.empty_trash(at_once=True) == 0
    assert len(rig.files()) == 1
    mounts.remount(media, is_read_only=False)
    await until(lambda: kind_of(rig) is None)
    await rig.library.care.restore([clip_id])
    await asyncio.to_thread(rig.keep, NOW + HOUR)
    await asyncio.to_thread(invariants.check, rig.library)
    await rig.library.close()


async def test_a_mount_that_hangs_holds_up_nobody(tmp_path: Path) -> None:
    rig = await opened(tmp_path, waits=Waits(storage_answer=0.1))
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    writer: asyncio.Task[int] | None = None
    with mounts.silence(rig.root):
        writer = asyncio.create_task(asyncio.to_thread(rig.keep, NOW + HOUR))
        await until(lambda: kind_of(rig) is ErrorKind.STORAGE_STALLED)
        async with asyncio.timeout(1.0):
            with pytest.raises(NvrError) as caught:
                await rig.library.browse.reader(clip_id)
            assert caught.value.kind is ErrorKind.STORAGE_STALLED
            assert len(await rig.library.browse.recent()) == 1
            (root,) = await rig.library.roots()
            assert root.problem is not None
            await rig.library.care.delete([clip_id])
            await rig.library.care.restore([clip_id])
    with pytest.raises(NvrError):
        await writer
    await until(lambda: kind_of(rig) is None)
    await asyncio.to_thread(rig.keep, NOW + HOUR)
    await asyncio.to_thread(invariants.check, rig.library)
    await rig.library.close()


async def test_closing_does_not_wait_for_a_mount_that_hangs(tmp_path: Path) -> None:
    bounds = replace(FAST, stop_wait=0.1)
    rig = await opened(tmp_path, waits=Waits(storage_answer=0.1), bounds=bounds)
    with mounts.silence(rig.root):
        await until(lambda: kind_of(rig) is ErrorKind.STORAGE_STALLED)
        async with asyncio.timeout(3.0):
            await rig.library.close()
    await asyncio.sleep(0.2)  # the thread the mount held ends now
