"""Ways things go wrong that no story passes through."""

import asyncio
from pathlib import Path
import sqlite3

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import SweepFindings
from custom_components.vtrack_nvr.core.library.files import FileLayer
from custom_components.vtrack_nvr.core.library.index import clip_rows
from custom_components.vtrack_nvr.core.library.index.opening import open_database
from custom_components.vtrack_nvr.core.library.upkeep.salvage import settle_writing
from custom_components.vtrack_nvr.core.library.upkeep.transfer import settle_transfers
from custom_components.vtrack_nvr.core.library.values import (
    LibraryBounds,
    Retention,
    RootConfig,
)
from custom_components.vtrack_nvr.core.models import CoverageState
from tests.insides import close_here, open_here, store_of

from . import invariants
from .rig import (
    CAMERA,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    NVR,
    LibraryRig,
    ManualClock,
    make_library,
)
from .upkeep.test_folder_owner import until


def root_of(rig: LibraryRig, index: int = 0):
    return store_of(rig.library).guard.roots()[index]


async def with_nas(rig: LibraryRig, tmp_path: Path) -> tuple[Path, int]:
    nas = tmp_path / "nas"
    nas.mkdir()
    await rig.library.set_roots(
        [RootConfig(rig.root, "one", 0), RootConfig(nas, "nas", 0)]
    )
    return nas / "vtrack_nvr", root_of(rig, 1).id


async def test_a_file_that_is_not_what_was_written_gives_no_clip(
    rig: LibraryRig,
) -> None:
    target, facts = await asyncio.to_thread(rig.begin, NOW)
    store = store_of(rig.library)

    def crash_after_the_rename(connection: sqlite3.Connection) -> str:
        path = "recorder/garden/2027-01-15/09-00-00+0100.mp4"
        clip_rows.set_facts(connection, target.clip_id, facts, path)
        return path

    path = rig.folder / store.write(crash_after_the_rename)
    data = target.part_path.read_bytes()
    target.part_path.unlink()
    path.write_bytes(data[:-1] + b"?")
    store.live.clear()
    assert await asyncio.to_thread(settle_writing, store, root_of(rig)) == (0, 1)
    assert path.exists()
    assert await rig.library.browse.clip(target.clip_id) is None


async def test_a_probe_that_fails_gives_no_clip_and_a_dying_disk_waits(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(rig.library)
    failure = NvrError(ErrorKind.STORAGE_FAILED, "I/O error")

    def fail(*_arguments: object) -> None:
        raise failure

    monkeypatch.setattr(rig.probe, "salvage", fail)
    store.probe = rig.probe
    target, _ = await asyncio.to_thread(rig.begin, NOW)
    store.live.clear()
    assert await asyncio.to_thread(settle_writing, store, root_of(rig)) == (0, 0)
    assert target.part_path.exists(), "one bad sector waits and stops nobody"
    failure = NvrError(ErrorKind.STORAGE_READ_ONLY, "not permitted")
    assert await asyncio.to_thread(settle_writing, store, root_of(rig)) == (0, 0)
    marker = root_of(rig).marker
    marker.rename(rig.root / "aside")
    with pytest.raises(NvrError):
        await asyncio.to_thread(settle_writing, store, root_of(rig))
    assert target.part_path.exists()
    (rig.root / "aside").rename(marker)
    await until(lambda: store.guard.is_usable(root_of(rig)))
    failure = NvrError(ErrorKind.VERIFY_FAILED, "torn")
    assert await asyncio.to_thread(settle_writing, store, root_of(rig)) == (0, 1)
    assert not target.part_path.exists()
    monkeypatch.setattr(rig.probe, "read_clip", fail)
    day = rig.folder / "recorder/garden/2027-01-15"
    (day / "10-00-00+0100.mp4").write_bytes(b"x")
    assert (await rig.library.care.check()).foreign_count == 1
    failure = NvrError(ErrorKind.STORAGE_FAILED, "I/O error")
    report = await rig.library.care.check()
    assert (report.foreign_count, report.skipped_roots) == (1, ())
    failure = NvrError(ErrorKind.STORAGE_STALLED, "no answer")
    report = await rig.library.care.check()
    assert (report.foreign_count, report.skipped_roots) == (1, ())
    marker.rename(rig.root / "aside")
    assert len((await rig.library.care.check()).skipped_roots) == 1


async def test_a_part_that_changed_size_is_not_finished(rig: LibraryRig) -> None:
    target, facts = await asyncio.to_thread(rig.begin, NOW)
    with target.part_path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.library.ledger.sink(CAMERA).finish, target, facts)
    assert caught.value.kind is ErrorKind.VERIFY_FAILED
    await asyncio.to_thread(rig.library.ledger.sink(CAMERA).abandon, target, "bad")
    assert await rig.library.browse.clip(target.clip_id) is None


def test_a_database_that_cannot_be_opened_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.mkdir()
    with pytest.raises(NvrError) as caught:
        open_database(path, ManualClock(), LibraryBounds(), FileLayer())
    assert caught.value.kind is ErrorKind.INDEX_FAILED
    assert path.is_dir()


async def test_a_clip_that_goes_while_it_moves_stays_gone(
    rig: LibraryRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nas, second = await with_nas(rig, tmp_path)
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    store = store_of(rig.library)
    real = store.files.copy

    def copy_and_trash(source: Path, target: Path, proceed) -> str:
        asyncio.run(rig.library.care.delete([clip_id]))
        return real(source, target, proceed)

    monkeypatch.setattr(store.files, "copy", copy_and_trash)
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.library.care.mover.move, clip_id, second)
    assert caught.value.kind is ErrorKind.GONE
    monkeypatch.undo()
    await asyncio.to_thread(settle_transfers, store, root_of(rig, 1))
    assert list(nas.rglob("*.mp4")) == []
    await rig.library.care.restore([clip_id])
    await asyncio.to_thread(invariants.check, rig.library)


async def test_an_older_index_never_takes_the_last_copy_for_an_unfinished_one(
    rig: LibraryRig, tmp_path: Path
) -> None:
    nas, second = await with_nas(rig, tmp_path)
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    clip = await rig.library.browse.clip(clip_id)
    assert clip is not None
    store = store_of(rig.library)
    await asyncio.to_thread(rig.library.care.mover.move, clip_id, second)
    (moved,) = nas.rglob("*.mp4")

    def go_back(connection: sqlite3.Connection) -> None:
        connection.execute("update clip set root_id = ?", (clip.root_id,))
        connection.execute(
            "insert into transfer (clip_id, root_id, path, part, state, made_ms)"
            " values (?, ?, ?, 'recorder/garden/x.part', 'copying', 0)",
            (clip_id, second, clip.path),
        )

    store.write(go_back)
    store.write(lambda c: clip_rows.count_on_root(c, clip.root_id, 1, 0))
    await asyncio.to_thread(settle_transfers, store, root_of(rig, 1))
    assert moved.exists()
    after = await rig.library.browse.clip(clip_id)
    assert after is not None
    assert after.root_id == second


async def test_a_move_is_stopped_at_the_end(rig: LibraryRig, tmp_path: Path) -> None:
    nas, second = await with_nas(rig, tmp_path)
    clip_id = await asyncio.to_thread(rig.keep, NOW - 9 * DAY)
    await rig.library.set_retention(
        CAMERA, Retention(move_after_days=1, move_to_root=second)
    )
    store = store_of(rig.library)
    store.stopping.set()
    assert await asyncio.to_thread(rig.library.care.mover.run) == 0
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.library.care.mover.move, clip_id, second)
    assert caught.value.kind is ErrorKind.CANCELLED
    assert not list(nas.rglob("*.part"))
    assert await asyncio.to_thread(rig.library.care.empty_trash_now) == 0
    store.stopping.clear()


async def test_a_reader_follows_a_clip_that_moves_while_it_is_asked_for(
    rig: LibraryRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nas, second = await with_nas(rig, tmp_path)
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    browse = rig.library.browse
    real = browse.clip
    seen: list[int] = []

    async def moving(wanted: int):
        found = await real(wanted)
        if not seen:
            seen.append(wanted)
            await asyncio.to_thread(rig.library.care.mover.move, wanted, second)
        return found

    monkeypatch.setattr(browse, "clip", moving)
    with await browse.reader(clip_id) as reader:
        assert reader.path.is_relative_to(nas)

    async def going(wanted: int):
        found = await real(wanted)
        await rig.library.care.delete([wanted])
        return found

    monkeypatch.setattr(browse, "clip", going)
    with pytest.raises(NvrError):
        await browse.reader(clip_id)
    assert not store_of(rig.library).readers


@given(
    starts=st.lists(st.integers(0, 200), min_size=1, max_size=8, unique=True),
    days=st.sampled_from([1.0, 2.0, 3.5]),
    protected=st.sets(st.integers(0, 7), max_size=3),
)
@settings(max_examples=15, deadline=None)
def test_after_retention_a_full_sweep_finds_nothing_to_fetch_of_what_was_kept(
    tmp_path_factory, starts: list[int], days: float, protected: set[int]
) -> None:
    rig = make_library(
        tmp_path_factory.mktemp("sweep"),
        ManualClock(),
        bounds=LibraryBounds(
            guard_interval=0.05, batch_seconds=0.001, minimum_age_ms=0
        ),
    )
    library, clock = rig.library, rig.clock
    open_here(library)

    async def tell() -> None:
        await library.register_nvr(NVR, "Recorder")
        await library.register_camera(NVR, CAMERA, "Garden")
        await library.set_retention(CAMERA, Retention(days=days))
        held = [
            TimeRange(NOW - s * 30 * MINUTE, NOW - s * 30 * MINUTE + 5 * MINUTE)
            for s in starts
        ]
        ids = [rig.keep(item.start_ms) for item in held]
        await library.care.protect([n for i, n in enumerate(ids) if i in protected])
        clock.advance(HOUR)
        plan = await library.care.run_retention()
        if plan.braked:
            await library.care.run_retention(plan.token)
        now_ms = clock.now_ms()
        whole = TimeRange(NOW - 10 * DAY, now_ms)
        await library.ledger.note_sweep(
            SweepFindings(
                CAMERA,
                whole,
                tuple(sorted(held)),
                is_proof=True,
                device_earliest_ms=whole.start_ms,
                device_latest_ms=now_ms,
                wanted=(TimeRange(int(now_ms - days * DAY), now_ms),),
            )
        )
        spans = await library.ledger.coverage(CAMERA, whole)
        states = {span.state for span in spans}
        assert states <= {
            CoverageState.KEPT,
            CoverageState.REMOVED,
            CoverageState.ABSENT,
        }
        again = await library.care.run_retention()
        assert again.clips == 0

    try:
        asyncio.run(tell())
        invariants.check(library)
    finally:
        close_here(library)


MIDNIGHT = NOW + 15 * HOUR
"""The first moment of 2027-01-16 in Berlin."""


@given(
    clips=st.lists(
        st.tuples(st.integers(-90, 90), st.integers(1, 120)), min_size=2, max_size=6
    ),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=8),
)
@settings(max_examples=12, deadline=None)
@example(clips=[(0, 1), (-1, 2), (-2, 1)], steps=[(False, 1)])
def test_sums_of_days_are_right_where_clips_cover_each_other_over_midnight(
    tmp_path_factory, clips: list[tuple[int, int]], steps: list[tuple[bool, int]]
) -> None:
    rig = make_library(
        tmp_path_factory.mktemp("midnight"),
        ManualClock(),
        bounds=LibraryBounds(guard_interval=30.0, batch_seconds=0.001),
    )
    library = rig.library
    open_here(library)

    async def tell() -> None:
        await library.register_nvr(NVR, "Recorder")
        await library.register_camera(NVR, CAMERA, "Garden")
        ids = [
            rig.keep(MIDNIGHT + start * MINUTE, duration_ms=length * MINUTE)
            for start, length in clips
        ]
        store_of(library).read(invariants.check_index)
        for is_back, number in steps:
            chosen = [ids[number % len(ids)]]
            if is_back:
                await library.care.restore(chosen)
            else:
                await library.care.delete(chosen)
            store_of(library).read(invariants.check_index)

    try:
        asyncio.run(tell())
    finally:
        close_here(library)
