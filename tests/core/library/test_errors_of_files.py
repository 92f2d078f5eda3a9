"""What one file answers concerns one camera: its neighbours, and the root, go on."""

import asyncio
from collections.abc import Callable
import errno
from itertools import pairwise
import os
from pathlib import Path
import sqlite3
from typing import override

import pytest

from custom_components.vtrack_nvr.core.clip_sink import ClipStart, EmbeddedClip
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library.files import FileLayer, storage_error
from custom_components.vtrack_nvr.core.library.naming import JOURNAL
from custom_components.vtrack_nvr.core.library.troubles import Troubles
from custom_components.vtrack_nvr.core.models import ClipFacts, ClipState
from tests.insides import keeper_of, store_of

from .rig import (
    CAMERA,
    DAY,
    HOUR,
    NOW,
    NVR,
    OTHER,
    LibraryRig,
    ManualClock,
    TextProbe,
    make_library,
)

ANSWERS = [
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.ESTALE,
    errno.ETIMEDOUT,
    errno.EHOSTUNREACH,
    errno.ENODEV,
    errno.EROFS,
    errno.EBUSY,
]


class Denying(FileLayer):
    """Real files, some of which answer every use with an error."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.denied: set[str] = set()

    def ask(self, path: Path) -> None:
        if any(name in str(path) for name in self.denied):
            error = OSError(self.number, os.strerror(self.number))
            raise storage_error(error, path.name)

    @override
    def read(self, path: Path, limit: int = 2**26, offset: int = 0) -> bytes:
        self.ask(path)
        return super().read(path, limit, offset)

    @override
    def append(self, path: Path, data: bytes) -> None:
        self.ask(path)
        super().append(path, data)

    @override
    def sha256(self, path: Path) -> str:
        self.ask(path)
        return super().sha256(path)

    @override
    def size(self, path: Path) -> int | None:
        if path.name != JOURNAL:
            self.ask(path)
        return super().size(path)

    @override
    def list(self, folder: Path) -> list:
        self.ask(folder)
        return super().list(folder)

    @override
    def make_folder(self, folder: Path, below: Path) -> None:
        self.ask(folder)
        super().make_folder(folder, below)

    @override
    def sync_file(self, path: Path) -> None:
        self.ask(path)
        super().sync_file(path)


class DenyingProbe(TextProbe):
    """Reads clips through the same files."""

    def __init__(self, files: Denying) -> None:
        self.files = files

    @override
    def read_clip(self, path: Path) -> EmbeddedClip | None:
        self.files.ask(path)
        return super().read_clip(path)

    @override
    def salvage(self, part: Path, start: ClipStart) -> ClipFacts | None:
        self.files.ask(part)
        return super().salvage(part, start)


async def opened(tmp_path: Path, files: Denying, clock: ManualClock) -> LibraryRig:
    rig = make_library(tmp_path, clock, files=files)
    store_of(rig.library).probe = DenyingProbe(files)
    await rig.library.open()
    await rig.library.register_nvr(NVR, "Recorder")
    await rig.library.register_camera(NVR, CAMERA, "Garden")
    await rig.library.register_camera(NVR, OTHER, "Door")
    return rig


def kill(rig: LibraryRig) -> None:
    """End as a killed process does: nothing is finished."""
    store = store_of(rig.library)
    store.guard.stop(1)
    store.db.close()


async def upkeep(rig: LibraryRig, is_so: Callable[[], bool]) -> None:
    """Let upkeep come by every half an hour until something is so."""
    for _ in range(500):
        rig.clock.advance(HOUR // 2)
        await asyncio.to_thread(tend, rig)
        await asyncio.sleep(0.02)
        if is_so():
            return
    raise AssertionError("it never came")


def state_of(rig: LibraryRig, clip_id: int) -> str:
    found: str = store_of(rig.library).read(
        lambda c: c.execute(
            "select state from clip where id = ?", (clip_id,)
        ).fetchone()[0]
    )
    return found


def tend(rig: LibraryRig) -> None:
    [root] = store_of(rig.library).guard.roots()
    keeper_of(rig.library).tend(root)


@pytest.mark.parametrize("number", ANSWERS)
async def test_a_part_that_cannot_be_read_waits_alone(
    tmp_path: Path,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    number: int,
) -> None:
    files = Denying(number)
    first = await opened(tmp_path, files, clock)
    bad, _ = await asyncio.to_thread(first.begin, NOW)
    good, _ = await asyncio.to_thread(first.begin, NOW + HOUR, OTHER)
    kill(first)
    files.denied = {bad.part_path.name}
    caplog.clear()
    rig = await opened(tmp_path, files, clock)
    library = rig.library
    assert (await library.browse.clip(good.clip_id)) is not None
    for number_of_try in range(20):
        clock.advance(60_000)
        await asyncio.to_thread(tend, rig)
        await asyncio.to_thread(
            rig.keep, NOW - DAY + number_of_try * HOUR, OTHER, duration_ms=1000
        )
        assert library.ledger.storage_problem(OTHER) is None
    assert bad.part_path.exists()
    about = [record for record in caplog.records if "Unfinished clip" in record.message]
    assert len(about) == 1, "a state is logged once"
    files.denied.clear()
    await upkeep(rig, lambda: state_of(rig, bad.clip_id) == ClipState.COMPLETE)
    assert not bad.part_path.exists()
    await library.close()


@pytest.mark.parametrize("number", ANSWERS)
async def test_a_journal_that_cannot_be_read_or_written_stops_nobody(
    tmp_path: Path, clock: ManualClock, number: int
) -> None:
    files = Denying(number)
    first = await opened(tmp_path, files, clock)
    old = await asyncio.to_thread(first.keep, NOW - 3 * DAY)
    await asyncio.to_thread(first.keep, NOW - 3 * DAY, OTHER)
    await asyncio.to_thread(tend, first)
    kill(first)
    with sqlite3.connect(first.index) as index:  # its last lines were not noted
        index.execute("update journal set bytes = bytes - 1")
    journal = first.folder / "recorder/garden" / JOURNAL
    before = journal.read_bytes()
    files.denied = {str(journal)}
    rig = await opened(tmp_path, files, clock)
    library = rig.library
    for camera in (CAMERA, OTHER):
        assert library.ledger.storage_problem(camera) is None
        await asyncio.to_thread(rig.keep, NOW, camera)
    clock.advance(60_000)
    await asyncio.to_thread(tend, rig)
    assert journal.read_bytes() == before, "lines wait for what may be ahead of them"
    others = rig.folder / "recorder/door" / JOURNAL
    assert others.read_bytes().count(b'"clip"') == 2, "the other journal goes on"
    await library.care.delete([old])
    assert await library.care.empty_trash(at_once=True) == 0, (
        "what cannot be read may say that somebody protected the clip"
    )
    files.denied.clear()
    await upkeep(rig, lambda: journal.read_bytes().count(b'"clip"') == 2)
    assert await library.care.empty_trash(at_once=True) == 1
    await library.close()


@pytest.mark.parametrize("number", ANSWERS)
async def test_a_folder_that_cannot_be_listed_makes_nothing_missing(
    tmp_path: Path, clock: ManualClock, number: int
) -> None:
    files = Denying(number)
    rig = await opened(tmp_path, files, clock)
    await asyncio.to_thread(rig.keep, NOW)
    await asyncio.to_thread(rig.keep, NOW + DAY)
    await asyncio.to_thread(rig.keep, NOW, OTHER)
    for denied in ("garden/2027-01-15", "recorder/garden", "vtrack_nvr/recorder"):
        files.denied = {denied}
        report = await rig.library.care.check()
        assert (report.missing, report.skipped_roots) == (0, ())
        assert rig.library.ledger.storage_problem(OTHER) is None
    assert len((await rig.library.browse.search()).clips) == 3
    await rig.library.close()


@pytest.mark.parametrize("number", ANSWERS)
async def test_a_camera_whose_folder_cannot_be_made_says_so_and_leaves_no_row(
    tmp_path: Path, clock: ManualClock, number: int
) -> None:
    files = Denying(number)
    rig = await opened(tmp_path, files, clock)
    files.denied = {"recorder/garden"}
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.begin, NOW)
    assert caught.value.kind is ErrorKind.STORAGE_FAILED
    store = store_of(rig.library)
    assert not store.live
    assert not store.read(lambda c: c.execute("select * from clip").fetchall())
    assert rig.library.ledger.storage_problem(CAMERA) is None
    await asyncio.to_thread(rig.keep, NOW, OTHER)
    await rig.library.close()


async def test_a_fault_that_nobody_thought_of_is_told_once_and_tried_ever_more_seldom(
    tmp_path: Path,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = await opened(tmp_path, Denying(0), clock)
    care, store = rig.library.care, store_of(rig.library)
    [root] = store.guard.roots()
    tries: list[float] = []

    def fast(_root: object) -> None:
        tries.append(clock.monotonic())
        raise ZeroDivisionError

    monkeypatch.setattr(care.checker, "fast", fast)
    for _ in range(400):
        care.settle_soon(root)
        await asyncio.to_thread(lambda: root.worker.submit(lambda: None).result())
        clock.advance(10_000)
    pauses = [after - before for before, after in pairwise(tries)]
    assert 5 <= len(tries) <= 12, "4000 s with doubled pauses"
    assert pauses[-1] > 20 * pauses[0]
    told = [r for r in caplog.records if r.exc_info and "Looking" in r.message]
    assert len(told) == 1
    await asyncio.to_thread(rig.keep, NOW)
    await rig.library.close()


def test_pauses_double_up_to_an_hour_and_end_with_success() -> None:
    clock = ManualClock()
    troubles = Troubles(clock)
    error = NvrError(ErrorKind.STORAGE_FAILED, "no")
    assert not troubles.is_waiting(1, "a")
    assert not troubles.take_due(1)
    least_s = 5.0
    for _ in range(15):
        troubles.failed(1, "a", error)
        assert troubles.is_known(1, "a")
        clock.advance(round(least_s * 1000) - 1000)
        assert troubles.is_waiting(1, "a")
        assert not troubles.take_due(1)
        clock.advance(round(least_s * 200) + 1500)
        assert not troubles.is_waiting(1, "a")
        assert not troubles.take_due(2)
        assert troubles.take_due(1)
        assert not troubles.take_due(1), "once per pause"
        least_s = min(3600.0, least_s * 2)
    troubles.failed(1, "a", error)
    troubles.forget(2)
    assert troubles.is_waiting(1, "a")
    troubles.forget(1)
    assert not troubles.is_waiting(1, "a")
    troubles.over(1, "a")
    assert not troubles.is_known(1, "a")
    troubles.failed(1, "a", error)
    clock.advance(6_500)
    assert not troubles.is_waiting(1, "a"), "the first pause again"


def test_what_is_told_again_is_only_what_is_new(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    troubles = Troubles(ManualClock())
    for kind in (ErrorKind.STORAGE_FAILED, ErrorKind.STORAGE_FAILED):
        troubles.failed(1, "The journal", NvrError(kind, "no"))
    assert len(caplog.records) == 1
    troubles.failed(1, "The journal", NvrError(ErrorKind.STORAGE_FULL, "no"))
    assert len(caplog.records) == 2
    troubles.over(1, "The journal")
    troubles.over(1, "The journal")
    assert [record.levelname for record in caplog.records] == [
        "WARNING",
        "WARNING",
        "INFO",
    ]
