"""The look-out on a real library: what SQLite remembers, over restarts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
import random

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.models import CoverageState as S
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from custom_components.vtrack_nvr.core.sync.engine_context import EngineContext, Slots
from custom_components.vtrack_nvr.core.sync.missing_watch import MissingWatch
from custom_components.vtrack_nvr.core.sync.nvr_worker import NvrWorker
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSpec,
    EngineLimits,
    NvrSpec,
)
from custom_components.vtrack_nvr.core.sync.status import MissingCause, MissingFootage
from tests.core.fakes import FakeDevice, FakeFetcher
from tests.core.library.rig import (
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


@dataclass
class MissingWatchRig:
    """A worker that is driven by hand, and the library it looks into."""

    library_rig: LibraryRig
    worker: NvrWorker

    @property
    def library(self) -> Library:
        return self.library_rig.library

    @property
    def lookout(self) -> MissingWatch:
        return self.worker.missing_watch

    async def after(self, ms: int, *, answers: bool = True) -> MissingFootage | None:
        """Let time pass and look; the device answered just then, or did not."""
        self.library_rig.clock.advance(ms)
        camera = self.worker.state.cameras[CAMERA]
        if answers:
            camera.last_sync_ms = self.library_rig.clock.now_ms()
        await self.lookout.look()
        return camera.missing


def watch_of(library_rig: LibraryRig) -> MissingWatchRig:
    """Begin to watch, as after a start."""
    clock = library_rig.clock
    device = FakeDevice(clock)
    rooms = EngineContext(
        library=library_rig.library.ledger,
        fetcher=FakeFetcher(clock, lambda _: device),
        clock=clock,
        limits=EngineLimits(),
        waits=Waits(),
        bounds=Bounds(),
        rng=random.Random(4),
        slots=Slots(2, lambda: None),
        changed=lambda: None,
    )
    spec = NvrSpec(NVR, device, {CAMERA: CameraSpec(recording_tokens=("r1",))})
    return MissingWatchRig(library_rig, NvrWorker(spec, rooms))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[MissingWatchRig]:
    library_rig = make_library(tmp_path, ManualClock())
    await library_rig.library.open()
    await library_rig.library.register_nvr(NVR, "Recorder")
    await library_rig.library.register_camera(NVR, CAMERA, "Garden")
    rig = watch_of(library_rig)
    await rig.after(0)
    yield rig
    await library_rig.library.close()


async def test_a_hole_is_told_and_taken_back_when_it_is_filled(
    rig: MissingWatchRig,
) -> None:
    hole = TimeRange(NOW - HOUR, NOW - HOUR + 5 * MINUTE)
    await rig.library.ledger.mark(CAMERA, [hole], S.ON_DEVICE)
    assert await rig.after(HOUR) is None
    assert await rig.after(HOUR) is None
    found = await rig.after(HOUR)
    assert found == MissingFootage(MissingCause.NOT_COPIED, NOW + HOUR, 300)
    rig.library_rig.keep(hole.start_ms)
    assert await rig.after(MINUTE) is None


async def test_a_hole_found_to_be_empty_is_taken_back(rig: MissingWatchRig) -> None:
    hole = TimeRange(NOW - HOUR, NOW - HOUR + 5 * MINUTE)
    await rig.library.ledger.mark(CAMERA, [hole], S.FAILED, "no_footage", attempts=5)
    found = await rig.after(3 * HOUR)
    assert found is not None
    assert (found.cause, found.reason) == (MissingCause.GIVEN_UP, "no_footage")
    await rig.library.ledger.mark(CAMERA, [hole], S.ABSENT, "no_footage")
    assert await rig.after(MINUTE) is None


async def test_a_kept_clip_counts_as_progress_for_all_that_waits(
    rig: MissingWatchRig,
) -> None:
    await rig.library.ledger.mark(
        CAMERA, [TimeRange(NOW - DAY, NOW - HOUR)], S.ON_DEVICE
    )
    for n in range(12):
        rig.library_rig.keep(NOW - DAY + n * 5 * MINUTE)
        assert await rig.after(HOUR) is None
    assert await rig.after(HOUR // 2) is None
    assert await rig.after(HOUR) is not None


async def test_silence_after_a_life_without_a_break_is_told(
    rig: MissingWatchRig,
) -> None:
    await rig.library.ledger.mark(CAMERA, [TimeRange(NOW - 4 * DAY, NOW)], S.LOST)
    assert await rig.after(110 * MINUTE) is None
    found = await rig.after(20 * MINUTE)
    assert found is not None
    assert (found.cause, found.since_ms) == (MissingCause.NO_NEW_FOOTAGE, NOW)
    now_ms = rig.library_rig.clock.now_ms()
    await rig.library.ledger.mark(CAMERA, [TimeRange(now_ms - MINUTE, now_ms)], S.LOST)
    assert await rig.after(MINUTE) is None


async def test_what_was_told_outlives_a_restart(rig: MissingWatchRig) -> None:
    await rig.after(HOUR)
    before = await rig.after(3 * HOUR, answers=False)
    assert before is not None
    assert before.since_ms == NOW + HOUR
    second = watch_of(rig.library_rig)
    after = await second.after(MINUTE, answers=False)
    assert after is not None
    assert (after.cause, after.since_ms) == (before.cause, before.since_ms)
    assert await second.after(MINUTE) is None
    # a start after days without Home Assistant gives the device its time first
    third = watch_of(rig.library_rig)
    assert await third.after(3 * DAY, answers=False) is None
    assert await third.after(30 * MINUTE, answers=False) is None
    assert await third.after(30 * MINUTE, answers=False) is not None


async def test_a_person_does_without_and_everything_else_stays(
    rig: MissingWatchRig,
) -> None:
    given_up = TimeRange(NOW - DAY, NOW - DAY + 5 * MINUTE)
    trying = TimeRange(NOW - HOUR, NOW - HOUR + 5 * MINUTE)
    await rig.library.ledger.mark(CAMERA, [given_up], S.FAILED, "damaged", attempts=5)
    await rig.library.ledger.mark(CAMERA, [trying], S.FAILED, "interrupted", attempts=1)
    assert await rig.after(HOUR) is not None
    await rig.lookout.leave_out(rig.worker.state.cameras[CAMERA])
    assert rig.worker.state.cameras[CAMERA].missing is None
    spans = await rig.library.ledger.coverage(CAMERA, TimeRange(0, NOW + DAY))
    assert [(span.state, span.reason) for span in spans] == [
        (S.REMOVED, "left_out"),
        (S.FAILED, "interrupted"),
    ]
    await rig.lookout.leave_out(rig.worker.state.cameras[CAMERA])


async def test_an_index_that_fails_changes_no_judgement(
    rig: MissingWatchRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    hole = TimeRange(NOW - DAY, NOW - DAY + 5 * MINUTE)
    await rig.library.ledger.mark(CAMERA, [hole], S.FAILED, "damaged", attempts=5)
    before = await rig.after(HOUR)
    assert before is not None

    async def totals(*_: object) -> None:
        raise NvrError(ErrorKind.INDEX_FAILED)

    monkeypatch.setattr(rig.library.ledger, "totals", totals)
    assert await rig.after(HOUR) == before


async def test_a_camera_that_is_gone_is_forgotten(rig: MissingWatchRig) -> None:
    await rig.worker.remove_camera(CAMERA)
    await rig.lookout.look()
    assert rig.library.ledger.storage_problem(CAMERA) is None


async def test_the_ledger_sums_holes_by_reason(rig: MissingWatchRig) -> None:
    at_ms = NOW - HOUR
    for n, (state, reason, attempts) in enumerate(
        (
            (S.ON_DEVICE, "", 0),
            (S.FAILED, "busy", 1),
            (S.FAILED, "busy", 5),
            (S.MISSING, "file_gone", 0),
            (S.LOST, "overwritten", 0),
            (S.ABSENT, "edge", 0),
        )
    ):
        stretch = TimeRange(at_ms + n * MINUTE, at_ms + (n + 1) * MINUTE)
        await rig.library.ledger.mark(
            CAMERA, [stretch], state, reason, attempts=attempts
        )
    holes = await rig.library.ledger.holes(CAMERA, at_ms + 3 * MINUTE + 30_000, 5)
    assert [(h.state, h.reason, h.is_given_up, h.ms, h.first_ms) for h in holes] == [
        (S.ON_DEVICE, "", False, MINUTE, at_ms),
        (S.FAILED, "busy", False, MINUTE, at_ms + MINUTE),
        (S.FAILED, "busy", True, MINUTE, at_ms + 2 * MINUTE),
        (S.MISSING, "file_gone", False, 30_000, at_ms + 3 * MINUTE),
    ]
    assert all(hole.changed_ms == NOW for hole in holes)
    assert await rig.library.ledger.footage_end_ms(CAMERA) == at_ms + 5 * MINUTE
    rig.library_rig.keep(NOW)
    assert await rig.library.ledger.footage_end_ms(CAMERA) == NOW + 5 * MINUTE
