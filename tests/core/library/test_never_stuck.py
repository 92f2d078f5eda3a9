"""What one disk, folder, file or journal does never stops or misleads the rest."""

import asyncio
from pathlib import Path
import shutil
import threading
import time

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library import journal_files
from custom_components.vtrack_nvr.core.library.files import FileLayer, Space
from custom_components.vtrack_nvr.core.library.journal import FactKind, decode_lines
from custom_components.vtrack_nvr.core.library.naming import JOURNAL
from custom_components.vtrack_nvr.core.library.upkeep import journal_tidy
from custom_components.vtrack_nvr.core.library.values import (
    LibraryBounds,
    Retention,
    RootConfig,
)
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClipState,
    CoverageState,
)
from tests.insides import keeper_of, store_of

from . import invariants
from .rig import (
    CAMERA,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    NVR,
    OTHER,
    LibraryRig,
    ManualClock,
    make_library,
    measured,
)
from .upkeep.test_check import make_old
from .upkeep.test_folder_owner import until


def tend(rig: LibraryRig) -> None:
    for root in store_of(rig.library).guard.roots():
        keeper_of(rig.library).tend(root)


class FullDisk(FileLayer):
    """A disk with hardly any room until something is removed."""

    def __init__(self) -> None:
        self.free_bytes = 10**12
        self.gain = 0

    def space(self, folder: Path) -> Space:
        return Space(self.free_bytes, 10**12, is_read_only=False)

    def remove(self, path: Path) -> None:
        if path.suffix == ".mp4":
            self.free_bytes += self.gain
        super().remove(path)


async def test_a_disk_that_is_full_at_the_start_is_made_room_on(
    tmp_path: Path, clock: ManualClock
) -> None:
    files = FullDisk()
    bounds = LibraryBounds(
        guard_interval=0.05,
        stop_wait=2.0,
        batch_seconds=0.005,
        minimum_age_ms=0,
    )
    rig = make_library(tmp_path, clock, files=files, floor_bytes=1000, bounds=bounds)
    await rig.library.open()
    await rig.library.register_nvr(NVR, "Recorder")
    await rig.library.register_camera(NVR, CAMERA, "Garden")
    for number in range(3):
        await asyncio.to_thread(rig.keep, NOW - (9 - number) * HOUR)
    await rig.library.close()
    clock.advance(3 * HOUR)
    files.free_bytes, files.gain = 900, 600
    again = make_library(tmp_path, clock, files=files, floor_bytes=1000, bounds=bounds)
    await again.library.open()
    await until(lambda: again.library.ledger.storage_problem(CAMERA) is None)
    assert len(again.files()) == 2, "nobody had to ask for it"
    await again.library.close()


async def test_a_day_that_somebody_deleted_by_hand_does_not_hold_up_deletion(
    rig: LibraryRig,
) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW - 3 * DAY)
    stays = await asyncio.to_thread(rig.keep, NOW)
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    shutil.rmtree((rig.folder / clip.path).parent)
    await rig.library.care.delete([clip_id])
    assert await rig.library.care.empty_trash(at_once=True) == 1
    assert rig.library.ledger.storage_problem(CAMERA) is None
    assert await rig.library.browse.clip(clip_id) is None
    assert (await rig.library.browse.recent())[0].id == stays


@pytest.mark.parametrize("gone", ["recorder/garden", "recorder"])
async def test_clips_of_a_camera_whose_folder_is_gone_are_missing(
    rig: LibraryRig, gone: str
) -> None:
    await asyncio.to_thread(rig.keep, NOW)
    await asyncio.to_thread(rig.keep, NOW + HOUR)
    shutil.rmtree(rig.folder / gone)
    report = await rig.library.care.check()
    assert (report.missing, report.skipped_roots) == (2, ())
    assert (await rig.library.ledger.totals(CAMERA)).clips == 0
    (span, *_rest) = await rig.library.ledger.coverage(
        CAMERA, TimeRange(NOW, NOW + 5 * MINUTE)
    )
    assert span.state is CoverageState.MISSING


async def test_lines_written_while_a_journal_is_made_small_are_not_lost(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    for number in range(600):
        await rig.library.care.protect([clip_id], f"note {number}")
    await asyncio.to_thread(tend, rig)
    journal = rig.folder / "recorder/garden" / JOURNAL
    store = store_of(rig.library)
    (root,) = store.guard.roots()
    real = journal_files.scan
    beside: list[threading.Thread] = []

    def protect_meanwhile(store, path: Path):
        found = real(store, path)
        if threading.current_thread() not in beside and not beside:
            asyncio.run(rig.library.care.protect([clip_id], "the last word"))
            beside.append(threading.Thread(target=tend, args=(rig,)))
            beside[0].start()
            beside[0].join(0.05)
        return found

    monkeypatch.setattr(journal_files, "scan", protect_meanwhile)
    size = journal.stat().st_size

    def make_small() -> bool:
        camera_id = store.read(
            lambda c: c.execute("select id from camera").fetchone()[0]
        )
        return journal_tidy.tidy(store, root, camera_id)

    assert await asyncio.to_thread(make_small)
    await asyncio.to_thread(beside[0].join)
    assert journal.stat().st_size < size / 50
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    with journal_files.read(store, journal) as said:
        assert said.protection(clip.path) == (True, "the last word")


@pytest.mark.parametrize("is_cut", [True, False], ids=["cut off", "garbled"])
async def test_a_journal_that_lost_lines_is_told_again_once(
    rig: LibraryRig, is_cut: bool
) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    await rig.library.care.protect([clip_id], "fox")
    await asyncio.to_thread(tend, rig)
    journal = rig.folder / "recorder/garden" / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    if is_cut:
        journal.write_bytes(b"".join(lines[:-2]) + lines[-2][:20])
    else:
        journal.write_bytes(b"".join(b"#" + line[1:] for line in lines))
    await rig.library.care.check()
    kinds = [line.fact.kind for line in decode_lines(journal.read_bytes())]
    assert kinds.count(FactKind.CLIP) == 1
    assert kinds.count(FactKind.PROTECT) == 1
    size = journal.stat().st_size
    await rig.library.care.check()
    assert journal.stat().st_size == size
    (root,) = store_of(rig.library).guard.roots()
    assert (await asyncio.to_thread(rig.library.care.checker.fast, root)).adopted == 0


async def test_an_empty_folder_instead_of_the_share_damages_nothing(
    rig: LibraryRig,
) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    rig.folder.rename(rig.root / "unmounted")
    # the guard has not looked since: its cache still says "usable"
    report = await rig.library.care.verify(CAMERA, TimeRange(0, NOW + DAY))
    assert report.damaged == ()
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    assert clip.state is ClipState.COMPLETE
    (rig.root / "unmounted").rename(rig.folder)


async def test_a_damaged_file_that_could_not_be_moved_is_never_taken_for_the_clip(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    path = rig.folder / clip.path
    good = path.read_bytes()
    path.write_bytes(good[:-1] + b"?")

    def refuse(_source: Path, _target: Path) -> None:
        raise NvrError(ErrorKind.STORAGE_FAILED, "refused")

    monkeypatch.setattr(store_of(rig.library).files, "replace", refuse)
    report = await rig.library.care.verify(CAMERA, TimeRange(0, NOW + DAY))
    assert report.damaged == (clip_id,)
    monkeypatch.undo()
    assert (await rig.library.care.check()).returned == 0
    path.write_bytes(good)
    assert (await rig.library.care.check()).returned == 1


async def test_a_read_error_that_passes_is_no_damage_and_one_that_stays_is(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    files = store_of(rig.library).files
    real = files.sha256
    failures = [NvrError(ErrorKind.STORAGE_FAILED, "I/O error")]

    def fail(path: Path) -> str:
        if failures:
            raise failures.pop()
        return real(path)

    monkeypatch.setattr(files, "sha256", fail)
    whole = TimeRange(0, NOW + DAY)
    assert (await rig.library.care.verify(CAMERA, whole)).damaged == ()
    failures.append(NvrError(ErrorKind.STORAGE_STALLED, "no answer"))
    assert (await rig.library.care.verify(CAMERA, whole)).unchecked == 1
    failures += [NvrError(ErrorKind.STORAGE_FAILED, "I/O error")] * 2
    assert (await rig.library.care.verify(CAMERA, whole)).damaged == (clip_id,)


async def test_footage_fetched_again_stays_protected(rig: LibraryRig) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    await rig.library.care.protect([clip_id], "the fox")
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    (rig.folder / clip.path).unlink()
    await rig.library.care.check()
    fresh = await asyncio.to_thread(rig.keep, NOW)
    await rig.library.care.check()
    assert await rig.library.browse.clip(clip_id) is None
    again = await rig.library.browse.clip(fresh)
    assert again is not None
    assert (again.is_protected, again.note) == (True, "the fox")
    await asyncio.to_thread(invariants.check, rig.library)


async def test_a_part_on_a_share_without_sync_is_told_by_its_bytes(
    rig: LibraryRig,
) -> None:
    """Its row has the facts and it has the size, but not what was written."""
    target, facts = await asyncio.to_thread(rig.begin, NOW)
    store = store_of(rig.library)
    from custom_components.vtrack_nvr.core.library.index import clip_rows

    store.write(
        lambda c: clip_rows.set_facts(
            c, target.clip_id, facts, "recorder/garden/2027-01-15/09-00-00+0100.mp4"
        )
    )
    data = target.part_path.read_bytes()
    target.part_path.write_bytes(data[:-1] + b"\0")
    store.live.clear()
    (root,) = store.guard.roots()
    await asyncio.to_thread(rig.library.care.checker.fast, root)
    clip = await rig.library.browse.clip(target.clip_id)
    assert clip is not None
    assert clip.facts.sha256 == measured(facts, data[:-1] + b"\0").sha256
    await asyncio.to_thread(invariants.check, rig.library)


async def test_clips_that_finish_or_go_while_files_are_compared_stop_nothing(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that was listed has its name by the time it is looked at."""
    await asyncio.to_thread(rig.keep, NOW)
    target, facts = await asyncio.to_thread(rig.begin, NOW + HOUR)
    store = store_of(rig.library)
    real = rig.probe.salvage
    finished: list[int] = []

    def salvage(part: Path, start):
        if not finished:
            finished.append(target.clip_id)
            target.part_path.rename(target.part_path.with_suffix(".gone"))
            raise NvrError(ErrorKind.STORAGE_FAILED, "no such file")
        return real(part, start)

    store.write(
        lambda c: c.execute(
            "update clip set part = null, state = 'missing' where id = ?",
            (target.clip_id,),
        )
    )
    monkeypatch.setattr(rig.probe, "salvage", salvage)
    make_old(target.part_path)
    report = await rig.library.care.check()
    assert (report.skipped_roots, report.salvaged) == ((), 0)
    assert finished
    assert facts.size_bytes


class HangingFiles(FileLayer):
    """One folder that stops answering at a word; the others go on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answers = threading.Event()
        self.answers.set()

    def _touch(self, path: Path) -> None:
        if path.is_relative_to(self.folder):
            self.answers.wait(30)

    def read(self, path: Path, limit: int = 64 * 1024 * 1024, offset: int = 0) -> bytes:
        self._touch(path)
        return super().read(path, limit, offset)

    def exists(self, path: Path) -> bool:
        self._touch(path)
        return super().exists(path)

    def remove(self, path: Path) -> None:
        self._touch(path)
        super().remove(path)


async def test_a_root_that_hangs_keeps_no_other_from_retention_nor_from_answers(
    tmp_path: Path, clock: ManualClock
) -> None:
    from custom_components.vtrack_nvr.core.policy import Waits

    nas = tmp_path / "nas"
    nas.mkdir()
    files = HangingFiles(nas)
    rig = make_library(
        tmp_path,
        clock,
        files=files,
        waits=Waits(storage_answer=0.2),
        bounds=LibraryBounds(
            guard_interval=0.05,
            stop_wait=1.0,
            batch_seconds=0.005,
            minimum_age_ms=0,
            undo_ms=0,
        ),
    )
    library = rig.library
    await library.open()
    await library.register_nvr(NVR, "Recorder")
    await library.set_roots([RootConfig(rig.root, "one", 0), RootConfig(nas, "nas", 0)])
    store = store_of(library)
    first, second = store.guard.roots()
    await until(lambda: {first.id, second.id} <= store.settled)
    await library.register_camera(NVR, CAMERA, "Garden")
    await library.register_camera(NVR, OTHER, "Yard", root_id=second.id)
    for camera in (CAMERA, OTHER):
        await asyncio.to_thread(rig.keep, NOW - 9 * DAY, camera)
        await library.set_retention(camera, Retention(days=2))
    moving = await asyncio.to_thread(rig.keep, NOW)
    plan = await asyncio.to_thread(library.care.retainer.plan)
    files.answers.clear()
    try:
        started = time.monotonic()
        move = asyncio.create_task(
            asyncio.to_thread(library.care.mover.move, moving, second.id)
        )
        await asyncio.wait_for(library.care.run_retention(plan.token), 15)
        assert len(list(rig.folder.rglob("*.mp4"))) == 1
        assert (await asyncio.wait_for(library.browse.clip(moving), 5)) is not None
        assert time.monotonic() - started < 15
        clip = await asyncio.to_thread(rig.keep, NOW + HOUR)
        assert clip
    finally:
        files.answers.set()
    await asyncio.gather(move, return_exceptions=True)
    await library.close()


async def test_a_read_only_disk_is_still_watched(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    (root,) = store_of(rig.library).guard.roots()
    trouble = NvrError(ErrorKind.STORAGE_READ_ONLY, "mounted read-only")
    monkeypatch.setattr(store_of(rig.library).guard, "problem", lambda _root: trouble)
    with await rig.library.browse.reader(clip_id) as reader:
        assert reader.path.exists()
    assert rig.library.ledger.storage_problem(CAMERA) is trouble
    trouble = NvrError(ErrorKind.STORAGE_MISSING, "away")
    with pytest.raises(NvrError):
        await rig.library.browse.reader(clip_id)
    assert not store_of(rig.library).readers
    assert root.id


async def test_upkeep_waits_until_a_root_that_came_back_was_looked_at(
    rig: LibraryRig,
) -> None:
    """Else lines would be appended to a journal that is ahead of the index."""
    await asyncio.to_thread(rig.keep, NOW)
    await asyncio.to_thread(tend, rig)
    journal = rig.folder / "recorder/garden" / JOURNAL
    store = store_of(rig.library)
    (root,) = store.guard.roots()
    before = journal.read_bytes()
    rig.folder.rename(rig.root / "unmounted")
    await until(lambda: root.id not in store.settled)
    await rig.library.register_camera(NVR, CAMERA, "Garden")
    await asyncio.to_thread(keeper_of(rig.library).tend, root)
    assert (rig.root / "unmounted/recorder/garden" / JOURNAL).read_bytes() == before
    (rig.root / "unmounted").rename(rig.folder)
    await until(lambda: root.id in store.settled)


async def test_a_later_clip_under_an_old_name_survives_an_older_index(
    tmp_path: Path, clock: ManualClock
) -> None:
    """Deleted, asked for again and fetched anew after the backup: the later one stays."""
    from .upkeep.test_check import flush, put_index, running, save_index

    async with running(tmp_path, clock) as rig:
        first = await asyncio.to_thread(rig.keep, NOW)
        trashed = await asyncio.to_thread(rig.keep, NOW + HOUR)
        await rig.library.care.delete([trashed])
        await flush(rig)
        await asyncio.to_thread(save_index, rig, tmp_path / "backup")
        await rig.library.care.delete([first])
        await rig.library.care.empty_trash(at_once=True)
        for start_ms in (NOW, NOW + HOUR):
            await rig.library.ledger.add_want(
                CAMERA, TimeRange(start_ms, start_ms + 5 * MINUTE), "again"
            )
            await asyncio.to_thread(rig.keep, start_ms, duration_ms=6 * MINUTE)
        await flush(rig)
        files = rig.files()
        before = {
            c.path: c.facts.sha256 for c in (await rig.library.browse.search()).clips
        }
    put_index(tmp_path / "backup", rig)
    clock.advance(5 * DAY)
    async with running(tmp_path, clock) as again:
        await again.library.care.empty_trash()
        assert again.files() == files
        await again.library.care.check()
        found = (await again.library.browse.search()).clips
        assert {c.path: c.facts.sha256 for c in found} == before
        await asyncio.to_thread(invariants.check, again.library)


async def test_an_unknown_camera_key_is_refused_by_name(rig: LibraryRig) -> None:
    with pytest.raises(NvrError):
        await rig.library.browse.recent(camera=CameraKey("nobody"))
