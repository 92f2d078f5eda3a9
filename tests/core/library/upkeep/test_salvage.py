"""An error costs no more than a power cut: parts stay, and become clips at run time."""

# Reads private members: the clock behind the clock is moved.

import asyncio
import errno
import os
from pathlib import Path
import time
from typing import override

import pytest

from custom_components.vtrack_nvr.core.clip_sink import ClipTarget
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.files import FileLayer, storage_error
from custom_components.vtrack_nvr.core.library.index import clip_rows
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.naming import MARKER
from custom_components.vtrack_nvr.core.library.upkeep.salvage import settle_writing
from custom_components.vtrack_nvr.core.library.values import (
    LibraryBounds,
    LibraryEvent,
    LibraryEventKind,
    RootConfig,
)
from custom_components.vtrack_nvr.core.media.clip_probe import ClipProbe
from custom_components.vtrack_nvr.core.media.series import ClipSeries, SeriesPlan
from custom_components.vtrack_nvr.core.models import (
    ClipFacts,
    ClipProblem,
    ClipSource,
    ClipState,
    ClockEra,
    CoverageState,
)
from custom_components.vtrack_nvr.core.policy import Bounds
from tests.core.media import encoded
from tests.insides import keeper_of, look_now, store_of

from .. import invariants, mounts
from ..rig import (
    CAMERA,
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
from ..test_errors_of_files import state_of, upkeep
from .test_check import flush, put_index, running, save_index
from .test_folder_owner import until

EIO = NvrError(ErrorKind.STORAGE_FAILED, "Input/output error")
SOURCES = [ClipSource.LIVE, ClipSource.REPLAY]


async def states(rig: LibraryRig, window: TimeRange) -> list[tuple[str, int]]:
    spans = await rig.library.ledger.coverage(CAMERA, window)
    return [(str(span.state), span.range.duration_ms) for span in spans]


@pytest.mark.parametrize("source", SOURCES)
async def test_a_part_that_was_left_becomes_a_clip_at_once(
    rig: LibraryRig, source: ClipSource
) -> None:
    target, facts = await asyncio.to_thread(rig.begin, NOW, source=source)
    await rig.library.ledger.mark(
        CAMERA, [facts.range], CoverageState.LOST, "storage_failed"
    )
    await asyncio.to_thread(rig.library.ledger.sink(CAMERA).leave, target, EIO)
    await until(lambda: state_of(rig, target.clip_id) == ClipState.COMPLETE)
    assert await states(rig, facts.range) == [("kept", facts.range.duration_ms)]
    assert not store_of(rig.library).live
    clip = await rig.library.browse.clip(target.clip_id)
    assert clip is not None
    assert clip.facts.source is source
    await asyncio.to_thread(invariants.check, rig.library)


@pytest.mark.parametrize("source", SOURCES)
async def test_a_part_on_a_storage_that_went_becomes_a_clip_when_it_is_back(
    rig: LibraryRig, source: ClipSource
) -> None:
    """No restart: the share was away for some minutes, in the middle of a clip."""
    target, facts = await asyncio.to_thread(rig.begin, NOW, source=source)
    sink, away = rig.library.ledger.sink(CAMERA), rig.root / "away"
    rig.folder.rename(away)
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(sink.check_room, target)
    assert caught.value.kind is ErrorKind.STORAGE_MISSING
    await asyncio.to_thread(sink.leave, target, caught.value)
    await until(lambda: rig.library.ledger.storage_problem(CAMERA) is not None)
    assert state_of(rig, target.clip_id) == ClipState.FETCHING
    away.rename(rig.folder)
    await until(lambda: state_of(rig, target.clip_id) == ClipState.COMPLETE)
    assert await states(rig, facts.range) == [("kept", facts.range.duration_ms)]


async def test_a_clip_that_could_not_be_finished_is_finished_later(
    rig: LibraryRig,
) -> None:
    target, facts = await asyncio.to_thread(rig.begin, NOW)
    away = rig.root / "away"
    rig.folder.rename(away)
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.library.ledger.sink(CAMERA).finish, target, facts)
    assert caught.value.kind is ErrorKind.STORAGE_MISSING
    away.rename(rig.folder)
    await upkeep(rig, lambda: state_of(rig, target.clip_id) == ClipState.COMPLETE)


async def test_a_salvaged_clip_keeps_its_clock_era_and_its_source(
    rig: LibraryRig,
) -> None:
    era = await rig.library.ledger.add_era(NVR, ClockEra(0, 0, 7 * HOUR))
    kinds = [(ClipSource.LIVE, NOW), (ClipSource.BACKFILL, NOW + HOUR)]
    clips = {
        source: await asyncio.to_thread(
            lambda s=source, at=start_ms: rig.begin(
                at, source=s, era_id=era.id, offset_ms=7 * HOUR
            )
        )
        for source, start_ms in kinds
    }
    torn, _ = await asyncio.to_thread(rig.begin, NOW + 2 * HOUR)
    torn.part_path.write_bytes(b"nothing that plays")
    for target, facts in clips.values():  # files tell neither as their rows do
        other = make_facts(facts.range.start_ms, source=ClipSource.REPLAY)
        target.part_path.write_bytes(clip_bytes(CAMERA, other))
    store = store_of(rig.library)
    store.live.clear()
    [root] = store.guard.roots()
    assert await asyncio.to_thread(settle_writing, store, root) == (2, 1)
    for source, (target, _facts) in clips.items():
        clip = await rig.library.browse.clip(target.clip_id)
        assert clip is not None
        assert (clip.facts.source, clip.facts.era_id) == (source, era.id)


async def test_footage_that_was_fetched_again_before_is_not_kept_twice(
    rig: LibraryRig,
) -> None:
    store = store_of(rig.library)
    left, _ = await asyncio.to_thread(rig.begin, NOW)
    partly, _ = await asyncio.to_thread(rig.begin, NOW + HOUR)
    live, _ = await asyncio.to_thread(rig.begin, NOW + 2 * HOUR, source=ClipSource.LIVE)
    for start_ms in (NOW, NOW + 2 * HOUR):
        await asyncio.to_thread(rig.keep, start_ms, duration_ms=5 * MINUTE)
    await asyncio.to_thread(rig.keep, NOW + HOUR, duration_ms=4 * MINUTE)
    store.live.clear()
    [root] = store.guard.roots()
    assert await asyncio.to_thread(settle_writing, store, root) == (2, 1)
    assert await rig.library.browse.clip(left.clip_id) is None
    for target in (partly, live):
        assert state_of(rig, target.clip_id) == ClipState.COMPLETE


async def test_live_footage_of_which_nothing_can_be_made_is_lost_and_told(
    rig: LibraryRig,
) -> None:
    """Its writer was killed: nobody else can say that there is a hole."""
    target, _ = await asyncio.to_thread(rig.begin, NOW, source=ClipSource.LIVE)
    fetched, _ = await asyncio.to_thread(rig.begin, NOW + HOUR)
    for part, start_ms in (
        (target.part_path, NOW),
        (fetched.part_path, NOW + HOUR),
    ):
        part.write_bytes(b"torn")
        end_s = start_ms / 1000 + 100
        os.utime(part, (end_s, end_s))
    store = store_of(rig.library)
    store.live.clear()
    [root] = store.guard.roots()
    assert await asyncio.to_thread(settle_writing, store, root) == (0, 2)
    window = TimeRange(NOW, NOW + 2 * HOUR)
    [span] = await rig.library.ledger.coverage(CAMERA, window)
    assert (span.state, span.reason) == (CoverageState.LOST, "interrupted")
    assert span.range == TimeRange(NOW, NOW + 100_000)
    totals = await rig.library.ledger.totals(CAMERA)
    assert totals.coverage_percent == 0.0


async def test_what_the_ledger_says_already_is_not_made_lost(rig: LibraryRig) -> None:
    target, _ = await asyncio.to_thread(rig.begin, NOW, source=ClipSource.LIVE)
    target.part_path.write_bytes(b"torn")
    later_s = NOW / 1000 + 9 * 3600
    os.utime(target.part_path, (later_s, later_s))
    known = TimeRange(NOW, NOW + MINUTE)
    await rig.library.ledger.mark(CAMERA, [known], CoverageState.ON_DEVICE)
    await asyncio.to_thread(rig.keep, NOW + MINUTE, duration_ms=MINUTE)
    store = store_of(rig.library)
    store.live.clear()
    [root] = store.guard.roots()
    assert await asyncio.to_thread(settle_writing, store, root) == (0, 1)
    found = await states(rig, TimeRange(NOW, NOW + 20 * HOUR))
    assert found == [
        ("on_device", MINUTE),
        ("kept", MINUTE),
        ("lost", 58 * MINUTE),
    ], "a date of a file is believed for an hour at most"


async def test_the_event_of_a_new_clip_names_its_camera(rig: LibraryRig) -> None:
    heard: list[LibraryEvent] = []
    rig.library.subscribe(heard.append)
    clip_id = await asyncio.to_thread(rig.keep, NOW)
    [root] = store_of(rig.library).guard.roots()
    added = [event for event in heard if event.kind is LibraryEventKind.CLIP_ADDED]
    assert [(e.camera, e.clip_id, e.root_id) for e in added] == [
        (CAMERA, clip_id, root.id)
    ]


async def test_a_clip_on_a_storage_that_is_configured_no_more_says_so(
    rig: LibraryRig, tmp_path: Path
) -> None:
    target, facts = await asyncio.to_thread(rig.begin, NOW)
    [root] = store_of(rig.library).guard.roots()
    store_of(rig.library).guard.drop(root.id)
    sink = rig.library.ledger.sink(CAMERA)
    for use in (
        lambda: sink.finish(target, facts),
        lambda: sink.check_room(target),
        lambda: sink.abandon(target, "over"),
    ):
        with pytest.raises(NvrError) as caught:
            await asyncio.to_thread(use)
        assert caught.value.kind is ErrorKind.STORAGE_MISSING
    await asyncio.to_thread(sink.leave, target, EIO)
    assert target.clip_id not in store_of(rig.library).live


async def test_a_row_without_a_part_is_not_given_a_name(rig: LibraryRig) -> None:
    target, facts = await asyncio.to_thread(rig.begin, NOW)
    store = store_of(rig.library)
    store.write(lambda c: c.execute("update clip set part = null"))
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.library.ledger.sink(CAMERA).finish, target, facts)
    assert caught.value.kind is ErrorKind.INDEX_FAILED


async def test_both_folders_are_synced_when_a_clip_begins_before_midnight(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was begun with its pre-roll, and its first picture came after."""
    day_ms = 1_799_967_600_000  # 2027-01-15 00:00 in Berlin
    target, _ = await asyncio.to_thread(rig.begin, day_ms - 1_000)
    late = make_facts(day_ms)
    data = clip_bytes(CAMERA, late)
    target.part_path.write_bytes(data)
    synced: list[str] = []
    files = store_of(rig.library).files
    real = files.sync_folder
    monkeypatch.setattr(
        files,
        "sync_folder",
        lambda folder: (synced.append(folder.name), real(folder))[1],
    )
    await asyncio.to_thread(
        rig.library.ledger.sink(CAMERA).finish, target, measured(late, data)
    )
    clip = await rig.library.browse.clip(target.clip_id)
    assert clip is not None
    assert clip.path.split("/")[2] == "2027-01-15"
    assert {"2027-01-14", "2027-01-15"} <= set(synced)


async def test_a_marked_clip_is_marked_after_the_index_was_rebuilt(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running(tmp_path, clock) as rig:
        await asyncio.to_thread(save_index, rig, tmp_path / "backup")
        await asyncio.to_thread(rig.keep, NOW, problem=ClipProblem.CHECK_FAILED.value)
        await flush(rig)
    put_index(tmp_path / "backup", rig)
    async with running(tmp_path, clock) as again:
        [clip] = (await again.library.browse.search()).clips
        assert clip.facts.problem == "check_failed"


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
@pytest.mark.parametrize("source", SOURCES)
async def test_a_disk_that_fills_up_under_a_clip_keeps_what_is_on_it(
    tmp_path: Path, source: ClipSource
) -> None:
    """As much as a kill at that moment would keep, as soon as there is room again."""
    media = tmp_path / "media"
    media.mkdir()
    groups = encoded.groups(count=600, start_ms=NOW)
    size = sum(gop.bytes for gop in groups)
    with mounts.tmpfs(media, (size // 2 + 300_000) // 4096 * 4096):
        library = Library(
            tmp_path / "index" / "a.db",
            [RootConfig(media, "media", 0)],
            clock=ManualClock(),
            probe=ClipProbe(),
            bounds=LibraryBounds(guard_interval=0.05, batch_seconds=0.001),
            with_keeper=False,
        )
        await library.open()
        await library.register_nvr(NVR, "Recorder")
        await library.register_camera(NVR, CAMERA, "Garden")
        ballast = media / "somebody else's"
        ballast.write_bytes(b"x" * 260_000)
        lost: list[TimeRange] = []
        era = ClockEra(0, 0, 0)
        series = ClipSeries(
            library.ledger.sink(CAMERA),
            SeriesPlan(CAMERA, era, source, 10**9, Bounds()),
            lambda stretch, _reason: lost.append(stretch),
        )

        def record() -> int:
            for number, gop in enumerate(groups):
                try:
                    series.write(gop, encoded.video_format(), None)
                except NvrError as error:
                    if error.kind is not ErrorKind.STORAGE_FULL:
                        raise
                    return number
            raise AssertionError("the disk never filled up")

        written = await asyncio.to_thread(record)
        assert 10 < written < 59
        assert lost == [TimeRange(NOW, NOW + (written + 1) * 1000)]
        assert (await library.ledger.totals(CAMERA)).clips == 0
        ballast.unlink()
        store = store_of(library)
        [root] = store.guard.roots()
        deadline = time.monotonic() + 30
        while not (await library.ledger.totals(CAMERA)).clips:
            assert time.monotonic() < deadline
            store.clock._clock.advance(60_000)
            await asyncio.to_thread(keeper_of(library).tend, root)
            await asyncio.sleep(0.05)
        [clip] = (await library.browse.search()).clips
        assert clip.facts.source is source
        assert clip.facts.range.start_ms == NOW
        assert clip.facts.range.duration_ms >= (written - 2) * 1000
        assert await asyncio.to_thread(ClipProbe().read_clip, clip_path(library, clip))
        await library.close()


def clip_path(library: Library, clip) -> Path:
    [root] = store_of(library).guard.roots()
    return root.folder / clip.path


class Hiccups(FileLayer):
    """A share of which some looks in a row find no marker."""

    def __init__(self) -> None:
        self.left = 0

    @override
    def read(self, path: Path, limit: int = 2**26, offset: int = 0) -> bytes:
        if path.name == MARKER and self.left:
            self.left -= 1
            error = OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH))
            raise storage_error(error, path.name)
        return super().read(path, limit, offset)


async def test_a_share_that_does_not_answer_once_costs_nothing(tmp_path: Path) -> None:
    files = Hiccups()
    bounds = LibraryBounds(guard_interval=3600.0, batch_seconds=0.001)
    rig = make_library(tmp_path, ManualClock(), files=files, bounds=bounds)
    await rig.library.open()
    await rig.library.register_nvr(NVR, "Recorder")
    await rig.library.register_camera(NVR, CAMERA, "Garden")
    for hiccups in (1, 2):
        files.left = hiccups
        target, facts = await asyncio.to_thread(rig.begin, NOW + hiccups * HOUR)
        files.left = hiccups
        sink = rig.library.ledger.sink(CAMERA)
        await asyncio.to_thread(sink.check_room, target)
        await asyncio.to_thread(sink.finish, target, facts)
    assert len((await rig.library.browse.search()).clips) == 2
    files.left = 1
    [root] = store_of(rig.library).guard.roots()
    root.due = 0.0
    look_now(rig.library)
    await until(lambda: root.problem is not None or files.left == 0)
    await until(lambda: rig.library.ledger.storage_problem(CAMERA) is None)
    assert root.failures == 0, "looked at again long before the hour was over"
    await rig.library.close()


def never(*_arguments: object) -> None:
    raise AssertionError("it was measured already")


def cut_before_its_name(rig: LibraryRig) -> tuple[ClipTarget, ClipFacts, str]:
    """Leave a part whose facts and name are in its row (a cut between C4 and C5)."""
    target, facts = rig.begin(NOW)
    path = "recorder/garden/2027-01-15/09-00-00+0100.mp4"
    store = store_of(rig.library)
    store.write(lambda c: clip_rows.set_facts(c, target.clip_id, facts, path))
    store.live.clear()
    return target, facts, path


async def test_a_part_that_was_measured_is_finished_as_it_is(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, facts, path = await asyncio.to_thread(cut_before_its_name, rig)
    monkeypatch.setattr(rig.probe, "salvage", never)
    store_of(rig.library).probe = rig.probe
    store = store_of(rig.library)
    [root] = store.guard.roots()
    assert await asyncio.to_thread(settle_writing, store, root) == (1, 0)
    assert rig.files() == [path]
    clip = await rig.library.browse.clip(target.clip_id)
    assert clip is not None
    assert clip.facts == facts


@pytest.mark.parametrize("spoiled", ["", "shorter", "other bytes", "gone"])
async def test_a_file_that_had_its_name_is_compared_with_what_was_measured(
    rig: LibraryRig, monkeypatch: pytest.MonkeyPatch, spoiled: str
) -> None:
    target, _, path = await asyncio.to_thread(cut_before_its_name, rig)
    file = rig.folder / path
    target.part_path.rename(file)
    data = file.read_bytes()
    if spoiled == "shorter":
        file.write_bytes(data[:-1])
    elif spoiled == "other bytes":
        file.write_bytes(data[:-1] + b"?")
    elif spoiled == "gone":
        file.unlink()
    monkeypatch.setattr(rig.probe, "salvage", never)
    store = store_of(rig.library)
    store.probe = rig.probe
    [root] = store.guard.roots()
    found = await asyncio.to_thread(settle_writing, store, root)
    assert found == ((0, 1) if spoiled else (1, 0))
    clip = await rig.library.browse.clip(target.clip_id)
    assert (clip is None) is bool(spoiled)
    assert file.exists() is (spoiled != "gone"), "a file with a name is never removed"


async def test_only_the_rows_of_that_storage_that_nobody_writes_are_settled(
    rig: LibraryRig, tmp_path: Path
) -> None:
    nas = tmp_path / "nas"
    nas.mkdir()
    await rig.library.set_roots(
        [RootConfig(rig.root, "one", 0), RootConfig(nas, "nas", 0)]
    )
    store = store_of(rig.library)
    first, second = store.guard.roots()
    await until(lambda: {first.id, second.id} <= store.settled)
    await asyncio.to_thread(rig.begin, NOW)
    target, _ = await asyncio.to_thread(rig.begin, NOW + HOUR)
    store.live.discard(target.clip_id)
    store.left |= {first.id, second.id}
    assert await asyncio.to_thread(settle_writing, store, second) == (0, 0)
    assert store.left == {first.id}
    assert await asyncio.to_thread(settle_writing, store, first) == (1, 0)
    assert store.left == set()


async def test_a_name_that_somebody_took_on_the_disk_is_left_to_them(
    rig: LibraryRig,
) -> None:
    target, facts = await asyncio.to_thread(rig.begin, NOW)
    theirs = target.part_path.parent / "09-00-00+0100.mp4"
    theirs.write_bytes(b"somebody else's")
    await asyncio.to_thread(rig.library.ledger.sink(CAMERA).finish, target, facts)
    clip = await rig.library.browse.clip(target.clip_id)
    assert clip is not None
    assert clip.path.endswith("/09-00-00+0100_2.mp4")
    assert theirs.read_bytes() == b"somebody else's"


async def test_a_clip_whose_row_is_gone_is_not_given_a_name(rig: LibraryRig) -> None:
    target, facts = await asyncio.to_thread(rig.begin, NOW)
    store_of(rig.library).write(lambda c: c.execute("delete from clip"))
    with pytest.raises(NvrError) as caught:
        await asyncio.to_thread(rig.library.ledger.sink(CAMERA).finish, target, facts)
    assert caught.value.kind is ErrorKind.INDEX_FAILED
