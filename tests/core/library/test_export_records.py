"""Exports: their book, where they lie, how much each may take, their ends."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
import os
from pathlib import Path
import sqlite3
from typing import override

import pytest

from custom_components.vtrack_nvr.core.errors import (
    ErrorKind,
    Limit,
    LimitError,
    NvrError,
)
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.export_records import beside, part_of
from custom_components.vtrack_nvr.core.library.files import FileLayer, Space
from custom_components.vtrack_nvr.core.library.values import (
    Export,
    ExportState,
    LibraryBounds,
)
from tests.insides import store_of

from .rig import CAMERA, DAY, HOUR, NOW, LibraryRig, ManualClock, make_library

WINDOW = TimeRange(NOW, NOW + HOUR)


class Disk(FileLayer):
    """A file system of a size that the test sets."""

    def __init__(self, free: int, total: int) -> None:
        self.free, self.total = free, total

    @override
    def space(self, folder: Path) -> Space:
        return Space(self.free, self.total, is_read_only=False)


@pytest.fixture
def disk() -> Disk:
    return Disk(1_000, 1_000)


@pytest.fixture
async def small(
    tmp_path: Path, clock: ManualClock, bounds: LibraryBounds, disk: Disk
) -> AsyncIterator[LibraryRig]:
    """A library on a disk of 1000 bytes, of which people's exports may have 300."""
    rig = make_library(
        tmp_path, clock, bounds=replace(bounds, export_room_wait=0), files=disk
    )
    await rig.library.open()
    yield rig
    await rig.library.close()


async def ready(
    rig: LibraryRig, size: int, user: str = "", name: str = "a.mp4"
) -> Export:
    book = rig.library.exports
    made = await book.begin((CAMERA,), WINDOW, name, needed_bytes=size, user=user)
    part_of(made).write_bytes(b"f" * size)
    return await book.finish(made.id)


async def refused(rig: LibraryRig, size: int, user: str = "") -> LimitError:
    with pytest.raises(LimitError) as raised:
        await rig.library.exports.begin(
            (CAMERA,), WINDOW, "a.mp4", needed_bytes=size, user=user
        )
    return raised.value


async def test_an_export_is_made_kept_and_expires(rig: LibraryRig) -> None:
    book = rig.library.exports
    made = await book.begin((CAMERA,), WINDOW, "garden.mp4", options={"gaps": "kept"})
    assert (made.state, made.path.suffix) == (ExportState.WAITING, ".mp4")
    assert made.options == {"gaps": "kept", "name": "garden.mp4"}
    await book.progress(made.id, 0.5)
    running = await book.get(made.id)
    assert running is not None
    assert (running.state, running.progress) == (ExportState.RUNNING, 0.5)
    with pytest.raises(NvrError):
        await book.finish(made.id)
    part_of(made).write_bytes(b"film")
    done = await book.finish(made.id)
    assert (done.state, done.size_bytes) == (ExportState.READY, 4)
    assert done.path.read_bytes() == b"film"
    assert done.path.parent == rig.folder / ".exports"
    rig.clock.advance(6 * DAY)
    assert await asyncio.to_thread(book.expire) == 0
    rig.clock.advance(2 * DAY)
    assert await asyncio.to_thread(book.expire) == 1
    assert not done.path.exists()
    assert await book.all() == ()
    with pytest.raises(NvrError):
        await book.finish(made.id)


async def test_an_export_survives_the_clips_it_was_made_of(rig: LibraryRig) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    book = rig.library.exports
    made = await book.begin((CAMERA,), WINDOW, "garden.mp4")
    part_of(made).write_bytes(b"film")
    done = await book.finish(made.id)
    await rig.library.care.delete([clip_id])
    await rig.library.care.empty_trash(at_once=True)
    assert done.path.exists()
    await book.remove(done.id)
    assert not done.path.exists()
    await book.remove(done.id)


async def test_each_person_has_a_share_and_one_never_takes_anothers(
    small: LibraryRig,
) -> None:
    await ready(small, 60, "one")
    error = await refused(small, 60, "one")
    assert (error.kind, error.limit) == (ErrorKind.LIMIT, Limit.EXPORT_SHARE)
    assert set(error.numbers) == {"needed", "used", "most"}
    await ready(small, 100, "two")
    await ready(small, 300)
    error = await refused(small, 1)
    assert error.limit is Limit.EXPORT_SHARE, "automations have their own share"
    await ready(small, 100, "three")
    error = await refused(small, 60, "four")
    assert error.limit is Limit.EXPORT_ALL, "all people together"
    book = small.library.exports
    [first] = [item for item in await book.all() if item.user == "one"]
    await book.remove(first.id)
    await ready(small, 60, "one")


async def test_what_is_being_made_counts(small: LibraryRig, disk: Disk) -> None:
    book = small.library.exports
    running = await book.begin((CAMERA,), WINDOW, "a.mp4", needed_bytes=90, user="one")
    assert (await refused(small, 20, "one")).limit is Limit.EXPORT_SHARE
    disk.free = 150
    error = await refused(small, 70, "two")
    assert (error.kind, error.limit) == (ErrorKind.STORAGE_FULL, Limit.EXPORT_ROOM)
    part_of(running).write_bytes(b"f" * 40)
    disk.free = 110
    assert (await refused(small, 61, "two")).limit is Limit.EXPORT_ROOM
    other = await book.begin((CAMERA,), WINDOW, "a.mp4", needed_bytes=60, user="two")
    await book.fail(running.id, "no")
    await book.fail(other.id, "no")
    await ready(small, 100, "one")


async def test_the_floor_of_the_storage_stays_free(
    tmp_path: Path, clock: ManualClock, bounds: LibraryBounds, disk: Disk
) -> None:
    rig = make_library(
        tmp_path,
        clock,
        bounds=replace(bounds, export_room_wait=0),
        files=disk,
        floor_bytes=950,
    )
    await rig.library.open()
    book = rig.library.exports
    assert (await refused(rig, 51)).limit is Limit.EXPORT_ROOM
    made = await book.begin((CAMERA,), WINDOW, "a.mp4", needed_bytes=50)
    await asyncio.to_thread(book.check_room, made)
    disk.free = 949
    with pytest.raises(LimitError) as raised:
        await asyncio.to_thread(book.check_room, made)
    assert raised.value.kind is ErrorKind.STORAGE_FULL
    await rig.library.close()


async def test_a_file_system_that_tells_no_size_is_no_reason_to_refuse(
    small: LibraryRig, disk: Disk
) -> None:
    disk.free = disk.total = 0
    made = await ready(small, 5_000, "one")
    await asyncio.to_thread(small.library.exports.check_room, made)


async def test_room_is_asked_for_and_waited_for(
    tmp_path: Path, clock: ManualClock, bounds: LibraryBounds, disk: Disk
) -> None:
    disk.free = 10
    rig = make_library(
        tmp_path, clock, bounds=replace(bounds, export_room_wait=60), files=disk
    )
    await rig.library.open()
    store = store_of(rig.library)
    begun = asyncio.ensure_future(
        rig.library.exports.begin((CAMERA,), WINDOW, "a.mp4", needed_bytes=50)
    )
    while not any(store.promised.values()):  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    [root] = store.guard.roots()
    assert store.floor_of(root) == root.floor_bytes + 50
    disk.free = 60
    assert (await begun).state is ExportState.WAITING
    assert store.floor_of(root) == root.floor_bytes
    await rig.library.close()


async def test_exports_can_fail_and_leave_nothing(rig: LibraryRig) -> None:
    book = rig.library.exports
    made = await book.begin((CAMERA,), WINDOW, "a.zip")
    part_of(made).write_bytes(b"film")
    beside(part_of(made)).write_bytes(b"film")
    await book.fail(made.id, "no space")
    failed = await book.get(made.id)
    assert failed is not None
    assert (failed.state, failed.detail) == (ExportState.FAILED, "no space")
    assert list(made.path.parent.iterdir()) == []
    await book.fail(999, "nothing")


async def test_an_export_a_killed_process_was_making_has_failed(
    tmp_path: Path, clock: ManualClock
) -> None:
    rig = make_library(tmp_path, clock)
    await rig.library.open()
    made = await rig.library.exports.begin((CAMERA,), WINDOW, "a.mp4")
    part_of(made).write_bytes(b"half")
    beside(part_of(made), ".h264").write_bytes(b"half")
    await rig.library.close()
    again = make_library(tmp_path, clock)
    await again.library.open()
    (found,) = await again.library.exports.all()
    assert (found.state, found.detail) == (ExportState.FAILED, "interrupted")
    assert list(made.path.parent.iterdir()) == []
    await again.library.close()


async def test_the_same_again_is_found_and_kept_longer(rig: LibraryRig) -> None:
    book = rig.library.exports
    made = await book.begin(
        (CAMERA,), WINDOW, "a.mp4", user="one", options={"footage": "x"}
    )
    part_of(made).write_bytes(b"film")
    done = await book.finish(made.id)

    async def found(user: str = "one", footage: str = "x", window: TimeRange = WINDOW):
        return await book.find(
            (CAMERA,),
            window,
            user=user,
            options={"footage": footage},
            life_ms=20 * DAY,
        )

    again = await found()
    assert again is not None
    assert again.id == done.id
    assert again.expires_ms == NOW + 20 * DAY
    assert await found(user="two") is None
    assert await found(footage="y") is None, "other clips are there meanwhile"
    assert await found(window=TimeRange(NOW, NOW + 1)) is None
    done.path.write_bytes(b"fi")
    assert await found() is None, "somebody cut the file"


async def test_strays_go_and_what_is_not_ours_stays(
    tmp_path: Path, clock: ManualClock
) -> None:
    rig = make_library(tmp_path, clock)
    await rig.library.open()
    done = await ready(rig, 4)
    folder = done.path.parent
    token = "0" * 16
    names = {
        "expired": f"7-{NOW - 1:013}-{token}.mp4",
        "living": f"7-{NOW + DAY:013}-{token}.zip",
        "old part": f"8-{NOW:013}-{token}.mp4.part",
        "fresh part": f"9-{NOW:013}-{token}.zip.part",
        "foreign": "holiday.mp4",
    }
    for name in names.values():
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (NOW / 1000, NOW / 1000))
    os.utime(folder / names["old part"], ((NOW - 2 * DAY) / 1000,) * 2)
    await rig.library.close()
    again = make_library(tmp_path, clock)
    await again.library.open()
    left = {path.name for path in folder.iterdir()}
    gone = {names["expired"], names["old part"]}
    assert left == {done.path.name, *names.values()} - gone
    await again.library.close()


async def test_exports_are_no_business_of_the_weekly_check(rig: LibraryRig) -> None:
    await asyncio.to_thread(rig.keep, NOW)
    await ready(rig, 4)
    report = await asyncio.to_thread(rig.library.care.checker.full)
    assert (report.foreign, report.foreign_count) == ((), 0)


async def test_an_export_of_an_earlier_version_stays_where_it_is(
    tmp_path: Path, clock: ManualClock
) -> None:
    """They lay beside the index: they can be had until they expire."""
    rig = make_library(tmp_path, clock)
    await rig.library.open()
    done = await ready(rig, 4)
    await rig.library.close()
    old = rig.index.parent / "vtrack_nvr_exports"
    old.mkdir()
    (old / "1.mp4").write_bytes(b"film")
    with sqlite3.connect(rig.index) as connection:
        connection.execute("update export set root_id = null, path = '1.mp4'")
    again = make_library(tmp_path, clock)
    await again.library.open()
    book = again.library.exports
    (found,) = await book.all()
    assert (found.id, found.path) == (done.id, old / "1.mp4")
    book.check_readable(found)
    clock.advance(8 * DAY)
    assert await asyncio.to_thread(book.expire) == 1
    assert not (old / "1.mp4").exists()
    await again.library.close()


async def test_a_storage_that_is_away_says_so_and_its_export_expires_anyway(
    tmp_path: Path, clock: ManualClock, bounds: LibraryBounds
) -> None:
    rig = make_library(tmp_path, clock, bounds=bounds)
    await rig.library.open()
    done = await ready(rig, 4)
    rig.root.rename(tmp_path / "elsewhere")
    book, guard = rig.library.exports, store_of(rig.library).guard
    while guard.is_usable(guard.roots()[0]):  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    for work in (book.remove(done.id), book.begin((CAMERA,), WINDOW, "a.mp4")):
        with pytest.raises(NvrError) as raised:
            await work
        assert raised.value.kind is ErrorKind.STORAGE_MISSING
    clock.advance(8 * DAY)
    assert await asyncio.to_thread(book.expire) == 1
    assert await book.all() == ()
    (tmp_path / "elsewhere").rename(rig.root)
    assert done.path.exists()
    while not guard.is_usable(guard.roots()[0]):  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    await asyncio.to_thread(book.tidy, guard.roots()[0])
    assert not done.path.exists(), "its name tells that it has expired"
    await rig.library.close()
