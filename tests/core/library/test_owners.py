"""Whose folder it is when the index is younger than the storage: no clip changes camera."""

import asyncio
from collections.abc import Callable
from pathlib import Path
import shutil
import time

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.naming import JOURNAL
from custom_components.vtrack_nvr.core.library.owners import folders_with_clips
from custom_components.vtrack_nvr.core.models import CameraKey, NvrKey

from . import invariants
from .helpers import CAMERA, HOUR, NOW, NVR, ManualClock, Setup, make_library

TWIN = NvrKey("twin")
TWINS_CAMERA = CameraKey("twin/1")


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another thread brings about."""
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def register(setup: Setup, *nvrs: tuple[NvrKey, CameraKey]) -> None:
    """Register NVRs that all have the same names."""
    for nvr, camera in nvrs:
        await setup.library.register_nvr(nvr, "Recorder")
        await setup.library.register_camera(nvr, camera, "Garden")


async def home_of_twins(tmp_path: Path, clock: ManualClock) -> Setup:
    """Keep a clip of each of two NVRs called the same, then forget the index."""
    setup = make_library(tmp_path, clock)
    await setup.library.open()
    await register(setup, (NVR, CAMERA), (TWIN, TWINS_CAMERA))
    await asyncio.to_thread(setup.keep, NOW)
    await asyncio.to_thread(setup.keep, NOW + HOUR, TWINS_CAMERA)
    await setup.library.close()
    shutil.rmtree(setup.index.parent)
    return setup


async def test_an_index_that_mixed_up_two_of_one_name_gives_the_folders_back(
    tmp_path: Path, clock: ManualClock
) -> None:
    before = await home_of_twins(tmp_path, clock)
    files = before.files()
    away = before.root.rename(tmp_path / "away")
    again = make_library(tmp_path, clock)
    again.root.rmdir()
    await again.library.open()
    # the share is late, and the entries are set up in another order
    await register(again, (TWIN, TWINS_CAMERA), (NVR, CAMERA))
    (root,) = again.library._store.guard.roots()
    away.rename(again.root)
    await until(lambda: root.id in again.library._store.settled)
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
        camera.key: camera.totals.clips for camera in await third.library.cameras()
    }
    assert counts == {CAMERA: 1, TWINS_CAMERA: 2}
    await third.library.close()


async def test_cameras_of_one_name_on_one_nvr_keep_their_footage_too(
    tmp_path: Path, clock: ManualClock
) -> None:
    other = CameraKey("nvr/2")
    setup = make_library(tmp_path, clock)
    await setup.library.open()
    await register(setup, (NVR, CAMERA), (NVR, other))
    await asyncio.to_thread(setup.keep, NOW)
    await asyncio.to_thread(setup.keep, NOW + HOUR, other)
    await setup.library.close()
    shutil.rmtree(setup.index.parent)
    away = setup.root.rename(tmp_path / "away")
    again = make_library(tmp_path, clock)
    again.root.rmdir()
    await again.library.open()
    await register(again, (NVR, other), (NVR, CAMERA))
    (root,) = again.library._store.guard.roots()
    away.rename(again.root)
    await until(lambda: root.id in again.library._store.settled)
    for camera, start_ms in ((CAMERA, NOW), (other, NOW + HOUR)):
        (clip,) = await again.library.browse.recent(camera=camera)
        assert clip.facts.range.start_ms == start_ms
    folders = {c.key: c.folder for c in await again.library.cameras()}
    assert folders[CAMERA] == "garden"
    await again.library.close()


async def test_what_anothers_journal_says_is_not_believed(setup: Setup) -> None:
    """A journal that was copied into a folder tells nothing about that folder's clips."""
    await asyncio.to_thread(setup.keep, NOW)
    await setup.library.register_camera(NVR, CameraKey("nvr/2"), "Yard")
    for root in setup.library._store.guard.roots():
        await asyncio.to_thread(setup.library._keeper.tend, root)
    garden, yard = setup.folder / "recorder/garden", setup.folder / "recorder/yard"
    shutil.copy(garden / JOURNAL, yard / JOURNAL)
    shutil.copytree(garden / "2027-01-15", yard / "2027-01-15")
    report = await setup.library.care.check()
    assert await setup.library.browse.recent(camera=CameraKey("nvr/2")) == ()
    assert report.foreign_count <= 1


async def test_nothing_is_written_before_the_files_were_looked_at_once(
    setup: Setup,
) -> None:
    store = setup.library._store
    (root,) = store.guard.roots()
    store.opened.discard(root.id)
    problem = setup.library.storage_problem(CAMERA)
    assert problem is not None
    refused = await asyncio.gather(
        asyncio.to_thread(setup.begin, NOW), return_exceptions=True
    )
    assert isinstance(refused[0], NvrError)
    assert refused[0].kind is problem.kind is ErrorKind.STORAGE_STALLED
    store.opened.add(root.id)
    assert setup.library.storage_problem(CAMERA) is None


async def test_folders_are_found_by_the_clips_in_them(setup: Setup) -> None:
    store = setup.library._store
    (root,) = store.guard.roots()
    await setup.library.register_camera(NVR, CameraKey("nvr/2"), "Yard")
    for number in range(5):
        await asyncio.to_thread(setup.keep, NOW + number * HOUR)
        await asyncio.to_thread(setup.keep, NOW + number * HOUR, CameraKey("nvr/2"))
    await asyncio.to_thread(setup.begin, NOW + 9 * HOUR)
    assert store.read(lambda c: folders_with_clips(c, root.id)) == {
        "recorder/garden",
        "recorder/yard",
    }
    assert store.read(lambda c: folders_with_clips(c, root.id + 1)) == set()
