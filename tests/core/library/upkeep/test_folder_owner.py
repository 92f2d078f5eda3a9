"""Whose folder it is when the index is younger than the storage: no clip changes camera."""

import asyncio
from collections.abc import Callable
from pathlib import Path
import shutil
import sqlite3
import time

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.files import FileLayer
from custom_components.vtrack_nvr.core.library.index.folder_rows import (
    folders_with_clips,
    known_folders,
    make_way,
)
from custom_components.vtrack_nvr.core.library.naming import JOURNAL
from custom_components.vtrack_nvr.core.library.upkeep.folder_owner import owner_of
from custom_components.vtrack_nvr.core.models import CameraKey, NvrKey
from tests.insides import keeper_of, store_of

from .. import invariants
from ..rig import (
    CAMERA,
    HOUR,
    NOW,
    NVR,
    LibraryRig,
    ManualClock,
    clip_bytes,
    make_facts,
    make_library,
)

TWIN = NvrKey("twin")
TWINS_CAMERA = CameraKey("twin/1")


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another thread brings about."""
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def register(rig: LibraryRig, *nvrs: tuple[NvrKey, CameraKey]) -> None:
    """Register NVRs that all have the same names."""
    for nvr, camera in nvrs:
        await rig.library.register_nvr(nvr, "Recorder")
        await rig.library.register_camera(nvr, camera, "Garden")


async def rig_of_twins(tmp_path: Path, clock: ManualClock) -> LibraryRig:
    """Keep a clip of each of two NVRs called the same, then forget the index."""
    rig = make_library(tmp_path, clock)
    await rig.library.open()
    await register(rig, (NVR, CAMERA), (TWIN, TWINS_CAMERA))
    await asyncio.to_thread(rig.keep, NOW)
    await asyncio.to_thread(rig.keep, NOW + HOUR, TWINS_CAMERA)
    await rig.library.close()
    shutil.rmtree(rig.index.parent)
    return rig


async def test_an_index_that_mixed_up_two_of_one_name_gives_the_folders_back(
    tmp_path: Path, clock: ManualClock
) -> None:
    before = await rig_of_twins(tmp_path, clock)
    files = before.files()
    away = before.root.rename(tmp_path / "away")
    again = make_library(tmp_path, clock)
    again.root.rmdir()
    await again.library.open()
    # the share is late, and the entries are set up in another order
    await register(again, (TWIN, TWINS_CAMERA), (NVR, CAMERA))
    (root,) = store_of(again.library).guard.roots()
    away.rename(again.root)
    await until(lambda: root.id in store_of(again.library).settled)
    for camera, start_ms in ((CAMERA, NOW), (TWINS_CAMERA, NOW + HOUR)):
        (clip,) = await again.library.browse.recent(camera=camera)
        assert clip.facts.range.start_ms == start_ms
    fresh = await asyncio.to_thread(again.keep, NOW + 2 * HOUR, TWINS_CAMERA)
    clip = await again.library.browse.clip(fresh)
    assert clip is not None
    mine = next(path for path in files if path.startswith("recorder/"))
    assert not clip.path.startswith(mine.rpartition("/")[0].rpartition("/")[0] + "/")
    report = await again.library.care.check()
    assert (report.adopted, report.missing, report.foreign_count) == (0, 0, 0)
    await asyncio.to_thread(invariants.check, again.library)
    await again.library.close()
    # and all of it once more from nothing
    shutil.rmtree(again.index.parent)
    third = make_library(tmp_path, clock)
    await third.library.open()
    counts = {
        camera.key: camera.totals.clips
        for camera in await third.library.browse.cameras()
    }
    assert counts == {CAMERA: 1, TWINS_CAMERA: 2}
    await third.library.close()


async def test_cameras_of_one_name_on_one_nvr_keep_their_footage_too(
    tmp_path: Path, clock: ManualClock
) -> None:
    other = CameraKey("nvr/2")
    rig = make_library(tmp_path, clock)
    await rig.library.open()
    await register(rig, (NVR, CAMERA), (NVR, other))
    await asyncio.to_thread(rig.keep, NOW)
    await asyncio.to_thread(rig.keep, NOW + HOUR, other)
    await rig.library.close()
    shutil.rmtree(rig.index.parent)
    away = rig.root.rename(tmp_path / "away")
    again = make_library(tmp_path, clock)
    again.root.rmdir()
    await again.library.open()
    await register(again, (NVR, other), (NVR, CAMERA))
    (root,) = store_of(again.library).guard.roots()
    away.rename(again.root)
    await until(lambda: root.id in store_of(again.library).settled)
    for camera, start_ms in ((CAMERA, NOW), (other, NOW + HOUR)):
        (clip,) = await again.library.browse.recent(camera=camera)
        assert clip.facts.range.start_ms == start_ms
    folders = {c.key: c.folder for c in await again.library.browse.cameras()}
    assert folders[CAMERA] == "garden"
    await again.library.close()


async def test_what_anothers_journal_says_is_not_believed(rig: LibraryRig) -> None:
    """A journal that was copied into a folder tells nothing about that folder's clips."""
    await asyncio.to_thread(rig.keep, NOW)
    await rig.library.register_camera(NVR, CameraKey("nvr/2"), "Yard")
    for root in store_of(rig.library).guard.roots():
        await asyncio.to_thread(keeper_of(rig.library).tend, root)
    garden, yard = rig.folder / "recorder/garden", rig.folder / "recorder/yard"
    shutil.copy(garden / JOURNAL, yard / JOURNAL)
    shutil.copytree(garden / "2027-01-15", yard / "2027-01-15")
    report = await rig.library.care.check()
    assert await rig.library.browse.recent(camera=CameraKey("nvr/2")) == ()
    assert report.foreign_count <= 1


async def test_nothing_is_written_before_the_files_were_looked_at_once(
    rig: LibraryRig,
) -> None:
    store = store_of(rig.library)
    (root,) = store.guard.roots()
    store.opened.discard(root.id)
    problem = rig.library.ledger.storage_problem(CAMERA)
    assert problem is not None
    refused = await asyncio.gather(
        asyncio.to_thread(rig.begin, NOW), return_exceptions=True
    )
    assert isinstance(refused[0], NvrError)
    assert refused[0].kind is problem.kind is ErrorKind.STORAGE_STALLED
    store.opened.add(root.id)
    assert rig.library.ledger.storage_problem(CAMERA) is None


async def test_folders_are_found_by_the_clips_in_them(rig: LibraryRig) -> None:
    store = store_of(rig.library)
    (root,) = store.guard.roots()
    await rig.library.register_camera(NVR, CameraKey("nvr/2"), "Yard")
    for number in range(5):
        await asyncio.to_thread(rig.keep, NOW + number * HOUR)
        await asyncio.to_thread(rig.keep, NOW + number * HOUR, CameraKey("nvr/2"))
    await asyncio.to_thread(rig.begin, NOW + 9 * HOUR)
    assert store.read(lambda c: folders_with_clips(c, root.id)) == {
        "recorder/garden",
        "recorder/yard",
    }
    assert store.read(lambda c: folders_with_clips(c, root.id + 1)) == set()


async def test_folders_with_clips_in_them_change_hands_for_nobody(
    rig: LibraryRig,
) -> None:
    """What the storage says counts only where no row contradicts."""
    store = store_of(rig.library)
    await register(rig, (TWIN, TWINS_CAMERA))
    other = CameraKey("nvr/2")
    await rig.library.register_camera(NVR, other, "Yard")
    await asyncio.to_thread(rig.keep, NOW)
    await asyncio.to_thread(rig.keep, NOW + HOUR, TWINS_CAMERA)

    def folders(connection: sqlite3.Connection) -> set[str]:
        return set(known_folders(connection))

    before = store.read(folders)
    for nvr_folder, camera_folder, nvr, camera in (
        ("recorder", "garden", TWIN, TWINS_CAMERA),  # another NVR's, with clips
        (
            "elsewhere",
            "garden",
            TWIN,
            TWINS_CAMERA,
        ),  # free, but it has clips of its own
        ("recorder", "garden", NVR, other),  # another camera's, with clips
        ("recorder", "garden", NVR, CAMERA),  # its own
        ("recorder", "x", NvrKey("unknown"), CameraKey("unknown/1")),
    ):
        store.write(
            lambda c, a=(nvr_folder, camera_folder, nvr, camera): make_way(c, *a)
        )
        assert store.read(folders) == before
    store.write(lambda c: make_way(c, "recorder", "pond", NVR, other))
    assert store.read(folders) == before - {"recorder/yard"} | {"recorder/pond"}


async def test_a_folder_is_known_by_any_file_that_can_be_read(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(rig.library)
    (root,) = store.guard.roots()
    day = rig.folder / "attic/box/2027-01-15"
    day.mkdir(parents=True)
    (day.parent / "notes").mkdir()
    camera = CameraKey("attic/7")
    for name in ("09-00-00+0100.mp4", "10-00-00+0100.mp4", "readme.txt"):
        (day / name).write_bytes(clip_bytes(camera, make_facts(NOW)))
    real = rig.probe.read_clip
    kind = ErrorKind.STORAGE_FAILED

    def read_clip(path: Path):
        if path.name.startswith("09"):
            raise NvrError(kind, "I/O error")
        return real(path)

    monkeypatch.setattr(rig.probe, "read_clip", read_clip)
    found = await asyncio.to_thread(owner_of, store, root, "attic/box")
    assert found == camera
    store.write(lambda c: c.execute("delete from camera where key = ?", (camera,)))
    kind = ErrorKind.STORAGE_STALLED
    found = await asyncio.to_thread(owner_of, store, root, "attic/box")
    assert found == camera, "whatever one file answers, the root answers"
    store.write(lambda c: c.execute("delete from camera where key = ?", (camera,)))
    root.marker.rename(rig.root / "aside")
    with pytest.raises(NvrError):
        await asyncio.to_thread(owner_of, store, root, "attic/box")


async def test_a_journal_that_cannot_be_read_keeps_nobody_from_the_storage(
    tmp_path: Path, clock: ManualClock
) -> None:
    class BadSector(FileLayer):
        kind = ErrorKind.STORAGE_FAILED

        def read(
            self, path: Path, limit: int = 64 * 1024 * 1024, offset: int = 0
        ) -> bytes:
            if path.name == JOURNAL:
                raise NvrError(self.kind, "I/O error")
            return super().read(path, limit, offset)

    rig = make_library(tmp_path, clock)
    await rig.library.open()
    await register(rig, (NVR, CAMERA))
    await asyncio.to_thread(rig.keep, NOW)
    await rig.library.close()
    shutil.rmtree(rig.index.parent)
    files = BadSector()
    again = make_library(tmp_path, clock, files=files)
    await again.library.open()
    assert len(await again.library.browse.recent()) == 1, "the file tells of itself"
    await register(again, (NVR, CAMERA))
    assert again.library.ledger.storage_problem(CAMERA) is None
    await asyncio.to_thread(again.keep, NOW + HOUR)
    (root,) = store_of(again.library).guard.roots()
    await asyncio.to_thread(keeper_of(again.library).tend, root)
    report = await again.library.care.check()
    assert (report.skipped_roots, report.missing) == ((), 0)
    assert again.library.ledger.storage_problem(CAMERA) is None
    files.kind = ErrorKind.STORAGE_READ_ONLY
    assert (await again.library.care.check()).skipped_roots == ()
    root.marker.rename(rig.root / "aside")
    assert len((await again.library.care.check()).skipped_roots) == 1
    await again.library.close()
