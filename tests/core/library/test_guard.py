"""Storage roots that are away, foreign, full, silent: said, and over by itself."""

# Reads private members: threads are counted.

import asyncio
from collections.abc import Callable
from pathlib import Path
import threading
from typing import override

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.files import FileLayer, Space
from custom_components.vtrack_nvr.core.library.guard import marker_text, marker_uuid
from custom_components.vtrack_nvr.core.library.values import (
    LibraryBounds,
    LibraryEvent,
    LibraryEventKind,
    RootConfig,
)
from custom_components.vtrack_nvr.core.models import CoverageState
from custom_components.vtrack_nvr.core.policy import Waits
from tests.insides import look_now, store_of

from .rig import CAMERA, HOUR, NOW, NVR, LibraryRig, ManualClock, make_library

FAST = LibraryBounds(
    guard_interval=0.02, open_wait=0.3, stop_wait=0.2, batch_seconds=0.001
)


class TestFiles(FileLayer):
    """Real files whose space and answers a test decides."""

    __test__ = False

    def __init__(self) -> None:
        self.free: int | None = None
        self.is_read_only = False
        self.hang = threading.Event()
        self.go_on = threading.Event()

    def _wait(self) -> None:
        if self.hang.is_set():
            self.go_on.wait(30)

    @override
    def space(self, folder: Path) -> Space:
        self._wait()
        real = super().space(folder)
        free = real.free_bytes if self.free is None else self.free
        return Space(free, real.total_bytes, self.is_read_only)

    @override
    def read(self, path: Path, limit: int = 2**20, offset: int = 0) -> bytes:
        self._wait()
        return super().read(path, limit, offset)


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


def kind_of(rig: LibraryRig) -> ErrorKind | None:
    problem = rig.library.ledger.storage_problem(CAMERA)
    return problem.kind if problem else None


async def opened(
    tmp_path: Path, files: FileLayer | None = None, **more
) -> tuple[LibraryRig, list[LibraryEvent]]:
    rig = make_library(tmp_path, ManualClock(), bounds=FAST, files=files, **more)
    heard: list[LibraryEvent] = []
    rig.library.subscribe(heard.append)
    await rig.library.open()
    await rig.library.register_nvr(NVR, "Recorder")
    await rig.library.register_camera(NVR, CAMERA, "Garden")
    return rig, heard


async def test_a_missing_marker_pauses_and_its_return_resumes(tmp_path: Path) -> None:
    rig, heard = await opened(tmp_path)

    def told() -> list[ErrorKind | None]:
        return [
            event.problem.kind if event.problem else None
            for event in heard
            if event.kind is LibraryEventKind.STORAGE
        ]

    clip_id = await asyncio.to_thread(rig.keep, NOW)
    marker = rig.folder / ".vtrack_nvr_root"
    marker.rename(rig.root / "aside")
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.keep, NOW + HOUR)
    assert caught.value.kind is ErrorKind.STORAGE_MISSING
    await until(lambda: kind_of(rig) is ErrorKind.STORAGE_MISSING)
    await until(lambda: told() == [None, ErrorKind.STORAGE_MISSING])
    with pytest.raises(NvrError) as caught:
        await rig.library.browse.reader(clip_id)
    assert caught.value.kind is ErrorKind.STORAGE_MISSING
    assert not marker.exists(), "a marker that was there once is never put back"
    (rig.root / "aside").rename(marker)
    await until(lambda: kind_of(rig) is None)
    await asyncio.to_thread(rig.keep, NOW + HOUR)
    await until(lambda: told() == [None, ErrorKind.STORAGE_MISSING, None])
    assert (await rig.library.ledger.totals(CAMERA)).clips == 2
    await rig.library.close()


async def test_a_clip_under_way_when_the_root_goes_is_finished_when_it_is_back(
    tmp_path: Path,
) -> None:
    rig, _ = await opened(tmp_path)
    target, facts = await asyncio.to_thread(rig.begin, NOW)
    hidden = rig.root / "hidden"
    rig.folder.rename(hidden)
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.library.ledger.sink(CAMERA).finish, target, facts)
    assert caught.value.kind in {ErrorKind.STORAGE_MISSING, ErrorKind.VERIFY_FAILED}
    await until(lambda: kind_of(rig) is ErrorKind.STORAGE_MISSING)
    hidden.rename(rig.folder)
    await until(lambda: bool(rig.files()))
    await until(lambda: kind_of(rig) is None)
    clip = await rig.library.browse.clip(target.clip_id)
    assert clip is not None
    (span,) = await rig.library.ledger.coverage(CAMERA, facts.range)
    assert span.state is CoverageState.KEPT
    await rig.library.close()


async def test_another_storage_at_the_same_place_is_not_written_to(
    tmp_path: Path,
) -> None:
    rig, _ = await opened(tmp_path)
    marker = rig.folder / ".vtrack_nvr_root"
    mine = marker.read_bytes()
    marker.write_bytes(marker_text("12345678-1234-5678-1234-567812345678"))
    await until(lambda: kind_of(rig) is ErrorKind.STORAGE_MISSING)
    marker.write_bytes(b"{}")
    await asyncio.sleep(0.1)
    assert kind_of(rig) is ErrorKind.STORAGE_MISSING
    marker.write_bytes(mine)
    await until(lambda: kind_of(rig) is None)
    await rig.library.close()


async def test_a_full_root_refuses_clips_and_can_still_be_read(tmp_path: Path) -> None:
    files = TestFiles()
    files.free = 2000
    rig, _ = await opened(tmp_path, files, floor_bytes=1000)
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    target, _ = await asyncio.to_thread(rig.begin, NOW + HOUR)
    files.free = 999
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.library.ledger.sink(CAMERA).check_room, target)
    assert caught.value.kind is ErrorKind.STORAGE_FULL
    with pytest.raises(NvrError):
        await asyncio.to_thread(rig.begin, NOW + 2 * HOUR)
    await until(lambda: kind_of(rig) is ErrorKind.STORAGE_FULL)
    with await rig.library.browse.reader(clip_id) as reader:
        assert reader.path.exists()
    files.free = 1000
    await until(lambda: kind_of(rig) is None)
    await asyncio.to_thread(rig.library.ledger.sink(CAMERA).abandon, target, "over")
    assert not target.part_path.exists()
    await rig.library.close()


async def test_a_read_only_root_is_said_to_be_so(tmp_path: Path) -> None:
    files = TestFiles()
    rig, _ = await opened(tmp_path, files)
    files.is_read_only = True
    await until(lambda: kind_of(rig) is ErrorKind.STORAGE_READ_ONLY)
    files.is_read_only = False
    await until(lambda: kind_of(rig) is None)
    await rig.library.close()


async def test_a_silent_root_is_stalled_and_blocks_nobody_else(tmp_path: Path) -> None:
    files = TestFiles()
    rig, heard = await opened(tmp_path, files, waits=Waits(storage_answer=0.1))
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    files.hang.set()
    await until(lambda: kind_of(rig) is ErrorKind.STORAGE_STALLED)
    await until(
        lambda: any(
            e.problem and e.problem.kind is ErrorKind.STORAGE_STALLED for e in heard
        )
    )
    async with asyncio.timeout(1):
        with pytest.raises(NvrError):
            await rig.library.browse.reader(clip_id)
        assert len(await rig.library.browse.recent()) == 1
        await rig.library.ledger.mark(CAMERA, [], CoverageState.ON_DEVICE)
        (root,) = await rig.library.roots()
        assert root.problem is not None
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.library.ledger.sink(CAMERA).open, _start())
    assert caught.value.kind is ErrorKind.STORAGE_STALLED
    files.hang.clear()
    files.go_on.set()
    await until(lambda: kind_of(rig) is None)
    await asyncio.to_thread(rig.keep, NOW + HOUR)
    await rig.library.close()


def _start():
    from custom_components.vtrack_nvr.core.clip_sink import ClipStart
    from custom_components.vtrack_nvr.core.models import ClipSource

    return ClipStart(CAMERA, NOW, NOW, 0, ClipSource.REPLAY)


async def test_a_root_that_hangs_at_the_start_does_not_hold_it_up(
    tmp_path: Path,
) -> None:
    files = TestFiles()
    files.hang.set()
    async with asyncio.timeout(3):
        rig, _ = await opened(tmp_path, files)
    assert kind_of(rig) is ErrorKind.STORAGE_STALLED
    files.go_on.set()
    await until(lambda: kind_of(rig) is None)
    await rig.library.close()


async def test_a_folder_that_is_not_there_is_missing_until_it_comes(
    tmp_path: Path,
) -> None:
    rig, _ = await opened(tmp_path)
    share = tmp_path / "share"
    await rig.library.set_roots([RootConfig(share, "share", 0)])
    assert kind_of(rig) is ErrorKind.STORAGE_MISSING
    assert not share.exists()
    share.mkdir()
    await until(lambda: kind_of(rig) is None)
    assert (share / "vtrack_nvr" / ".vtrack_nvr_root").exists()
    await rig.library.set_roots([])
    assert kind_of(rig) is ErrorKind.STORAGE_MISSING
    assert rig.library.root_problem(99) is not None
    await rig.library.close()


async def test_a_storage_that_moved_is_known_by_its_marker(tmp_path: Path) -> None:
    rig, _ = await opened(tmp_path)
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    moved = tmp_path / "elsewhere"
    rig.root.rename(moved)
    await rig.library.set_roots([RootConfig(moved, "moved", 0)])
    await until(lambda: kind_of(rig) is None)
    with await rig.library.browse.reader(clip_id) as reader:
        assert reader.path.is_relative_to(moved)
        assert reader.path.exists()
    (root,) = await rig.library.roots()
    assert (root.path, root.clips) == (moved, 1)
    await rig.library.close()


async def test_a_copy_of_a_storage_beside_it_is_refused(tmp_path: Path) -> None:
    rig, _ = await opened(tmp_path)
    twin = tmp_path / "twin"
    (twin / "vtrack_nvr").mkdir(parents=True)
    marker = rig.folder / ".vtrack_nvr_root"
    (twin / "vtrack_nvr" / marker.name).write_bytes(marker.read_bytes())
    await rig.library.set_roots(
        [RootConfig(rig.root, "one", 0), RootConfig(twin, "two", 0)]
    )
    first, second = await rig.library.roots()
    assert first.problem is None
    assert second.problem is not None
    assert "same marker" in second.problem.detail
    await rig.library.close()


async def test_a_camera_writes_to_the_root_it_names(tmp_path: Path) -> None:
    rig, _ = await opened(tmp_path)
    nas = tmp_path / "nas"
    nas.mkdir()
    await rig.library.set_roots(
        [RootConfig(rig.root, "one", 0), RootConfig(nas, "nas", 0)]
    )
    _, second = await rig.library.roots()
    await rig.library.register_camera(NVR, CAMERA, "Garden", root_id=second.id)
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    assert clip.root_id == second.id
    assert (nas / "vtrack_nvr" / clip.path).exists()
    await rig.library.set_roots([RootConfig(rig.root, "one", 0)])
    with await rig.library.browse.reader(clip_id) as reader:
        assert reader.path.exists(), "roots left out stay readable"
    assert kind_of(rig) is None
    again = await asyncio.to_thread(rig.keep, NOW + HOUR)
    moved = await rig.library.browse.clip(again)
    assert moved is not None
    assert moved.root_id != second.id
    await rig.library.close()


def test_a_marker_tells_its_id_or_nothing() -> None:
    one = "12345678-1234-5678-1234-567812345678"
    assert marker_uuid(marker_text(one)) == one
    for bad in (b"", b"[]", b'{"uuid": 5}', b'{"uuid": "x"}', b"\xff"):
        with pytest.raises(NvrError):
            marker_uuid(bad)


class Counted(TestFiles):
    """Files that count looks and write tests."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = self.touches = 0

    @override
    def space(self, folder: Path) -> Space:
        self.looks += 1
        return super().space(folder)

    @override
    def touch(self, path: Path) -> None:
        self.touches += 1
        super().touch(path)


async def test_writing_is_tried_once_and_again_only_after_a_failure(
    tmp_path: Path,
) -> None:
    files = Counted()
    rig, _ = await opened(tmp_path, files)
    seen = files.looks
    await until(lambda: files.looks > seen + 3)
    assert files.touches == 1
    (root,) = store_of(rig.library).guard.roots()
    store_of(rig.library).guard.report(root, NvrError(ErrorKind.STORAGE_FAILED, "no"))
    await until(lambda: files.touches == 2)
    await rig.library.close()


async def test_a_root_is_looked_at_once_in_each_interval(tmp_path: Path) -> None:
    files = Counted()
    rig = make_library(
        tmp_path,
        ManualClock(),
        bounds=LibraryBounds(guard_interval=3600.0, batch_seconds=0.001),
        files=files,
    )
    await rig.library.open()
    await until(lambda: bool(store_of(rig.library).settled))
    seen = files.looks
    look_now(rig.library)
    await asyncio.sleep(0.3)
    assert files.looks == seen
    await rig.library.close()


async def test_a_storage_that_never_answered_is_told(tmp_path: Path) -> None:
    files = TestFiles()
    files.hang.set()
    rig, heard = await opened(tmp_path, files, waits=Waits(storage_answer=0.1))
    await until(
        lambda: any(
            e.problem and e.problem.kind is ErrorKind.STORAGE_STALLED for e in heard
        )
    )
    files.go_on.set()
    await rig.library.close()


async def test_a_root_that_is_dropped_ends_its_threads(tmp_path: Path) -> None:
    rig, _ = await opened(tmp_path)
    guard = store_of(rig.library).guard
    (root,) = guard.roots()
    threads = [w._thread for w in root.workers if w._thread is not None]
    assert threads
    guard.drop(root.id)
    await until(lambda: not any(thread.is_alive() for thread in threads))
    assert guard.get(root.id) is None
    guard.drop(root.id)
    await rig.library.close()


async def test_a_root_known_by_another_id_takes_its_place(tmp_path: Path) -> None:
    rig, _ = await opened(tmp_path)
    guard = store_of(rig.library).guard
    (root,) = guard.roots()
    old = root.id
    guard.renumber(root, 77)
    assert (guard.get(old), guard.get(77)) == (None, root)
    guard.renumber(root, old)
    await rig.library.close()


async def test_the_end_does_not_wait_for_a_root_that_hangs(tmp_path: Path) -> None:
    files = TestFiles()
    rig, _ = await opened(tmp_path, files, waits=Waits(storage_answer=0.1))
    files.hang.set()
    await until(lambda: kind_of(rig) is ErrorKind.STORAGE_STALLED)
    try:
        async with asyncio.timeout(10):
            await asyncio.to_thread(store_of(rig.library).guard.stop, 0.3)
    finally:
        files.go_on.set()
    await rig.library.close()
