"""The engine when the device, the storage, the index or we ourselves fail."""

import asyncio
from collections.abc import Callable
import itertools
from typing import override

import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.clip_sink import ClipSink
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.fetch_job import (
    FetchJob,
    FetchOutcome,
    FetchProgress,
)
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import RunKind
from custom_components.vtrack_nvr.core.models import (
    ClockEra,
    CoverageState,
    NvrKey,
    Recording,
    SegmentListing,
)
from custom_components.vtrack_nvr.core.policy import DevicePolicy, Quirk
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSpec,
    EngineLimits,
    NvrSettings,
    NvrSpec,
)
from custom_components.vtrack_nvr.core.sync.status import (
    FootageSource,
    SourceReason,
    SyncState,
)
from tests.core.fakes import FakeFetcher, SimulatedClock

from .rig import CAM, CAM2, DAY, HOUR, MINUTE, NOW, NVR, a_rig, make_engine

pytestmark = pytest.mark.long


async def test_a_device_that_is_away_for_hours_is_taken_up_where_it_was() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.engine.sync_now()
        rig.device.problem = NvrError(ErrorKind.UNREACHABLE)
        await rig.sleep(5 * 3600)
        assert rig.nvr_status().state is SyncState.OFFLINE
        assert rig.nvr_status().is_online is False
        calls = rig.device.calls.total()
        await rig.sleep(3600)
        assert rig.device.calls.total() - calls <= 40
        rig.device.problem = None
        await rig.sleep(900)
        assert rig.nvr_status().is_online
        (kept,) = rig.library.book(CAM).kept
        assert kept.end_ms >= rig.clock.now_ms() - 15 * MINUTE
        assert rig.ms_in(CoverageState.LOST) == 0
        assert rig.ms_in(CoverageState.FAILED) == 0


async def test_refused_credentials_stop_the_nvr_until_they_are_changed() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.device.problem = NvrError(ErrorKind.AUTH_REFUSED)
        rig.attach()
        await rig.sleep(60)
        assert rig.nvr_status().state is SyncState.BLOCKED
        problem = rig.nvr_status().problem
        assert problem is not None
        assert problem.kind is ErrorKind.AUTH_REFUSED
        rig.device.calls.clear()
        await rig.sleep(7200)
        assert rig.device.calls.total() == 0
        report = await rig.engine.sync_now()
        assert not report.is_complete
        assert report.problem == problem
        rig.device.problem = None
        rig.engine.credentials_changed(NVR)
        assert (await rig.engine.sync_now()).is_complete
        assert rig.kept_ms() > 0


async def test_a_refusal_because_of_the_clock_is_tried_once_more() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.engine.sync_now()
        rig.device.offset_ms = 3 * HOUR
        rig.device.problem = NvrError(ErrorKind.AUTH_REFUSED)

        rig.device.forgives_after_clock = True
        await rig.sleep(1900)
        assert rig.device.problem is None
        assert rig.nvr_status().state is not SyncState.BLOCKED


async def test_full_storage_pauses_and_free_storage_resumes() -> None:
    async with a_rig(speed=30.0) as rig:
        rig.record(6 * HOUR)
        rig.attach()
        await rig.sleep(120)
        rig.library.problem = NvrError(ErrorKind.STORAGE_FULL)
        await rig.sleep(600)
        begun = len(rig.fetcher.begun)
        assert rig.camera_status().state is SyncState.BLOCKED
        status = rig.engine.status()
        assert status.storage_problem is not None
        assert status.storage_problem.kind is ErrorKind.STORAGE_FULL
        report = await rig.engine.sync_now()
        assert not report.is_complete
        assert len(rig.fetcher.begun) == begun
        rig.library.problem = None
        await rig.sleep(1800)
        assert rig.engine.status().storage_problem is None
        assert rig.ms_in(CoverageState.FAILED) == 0
        (kept,) = rig.library.book(CAM).kept
        assert kept.duration_ms >= 6 * HOUR - 5 * MINUTE


async def test_a_busy_device_is_asked_again_with_growing_pauses() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.fetcher.max_at_once = 0
        rig.attach()
        await rig.sleep(1200)
        tries = [begun.at_ms for begun in rig.fetcher.begun]
        assert 4 <= len(tries) <= 8
        pauses = [b - a for a, b in itertools.pairwise(tries)]
        assert pauses[0] >= 20_000
        assert pauses[-1] >= 200_000
        assert rig.nvr_status().state is SyncState.WAITING
        assert rig.ms_in(CoverageState.FAILED) == 0
        rig.fetcher.max_at_once = 1
        await rig.sleep(900)
        assert rig.kept_ms() >= 50 * MINUTE


async def test_a_device_that_bears_one_session_only_is_remembered() -> None:
    async with a_rig(limits=EngineLimits(total_sessions=4), speed=10.0) as rig:
        rig.record(3 * HOUR)
        rig.record(3 * HOUR, token="r2")
        rig.fetcher.max_at_once = 1
        rig.attach(CAM, CAM2, nvr_settings=NvrSettings(sessions=2))
        await rig.sleep(4 * 3600)
        assert rig.fetcher.most_running == 1
        assert rig.fetcher.refused == 1
        assert rig.kept_ms(CAM) > 3 * HOUR
        assert rig.kept_ms(CAM2) > 3 * HOUR


async def test_a_failing_camera_does_not_stop_the_others() -> None:
    async with a_rig() as rig:
        rig.record(HOUR, token="r2")
        rig.attach(CAM, CAM2)
        await rig.sleep(120)
        assert rig.kept_ms(CAM2) == HOUR
        problem = rig.camera_status(CAM).problem
        assert problem is not None
        assert problem.kind is ErrorKind.GONE
        assert rig.camera_status(CAM2).problem is None


async def test_the_index_failing_pauses_and_heals() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.sleep(2)
        rig.library.index_problem = NvrError(ErrorKind.INDEX_FAILED)
        await rig.sleep(600)
        problem = rig.nvr_status().problem
        assert problem is not None
        assert problem.kind is ErrorKind.INDEX_FAILED
        rig.library.index_problem = None
        await rig.sleep(900)
        assert rig.nvr_status().problem is None
        assert rig.kept_ms() >= 55 * MINUTE


async def test_replay_that_is_not_allowed_counts_as_broken_for_a_day() -> None:
    async with a_rig(limits=EngineLimits(tick_s=60)) as rig:
        rig.record(HOUR)
        rig.fetcher.faults = [NvrError(ErrorKind.UNSUPPORTED)]
        rig.attach(can_live=True)
        await rig.sleep(60)
        status = rig.camera_status()
        assert status.source is FootageSource.LIVE
        assert status.source_reason is SourceReason.REPLAY_BROKEN
        assert rig.kept_ms() == 0
        await rig.sleep(90_000)
        assert rig.camera_status().source is FootageSource.REPLAY
        assert rig.kept_ms() > 20 * HOUR


async def test_replay_without_dates_gives_way_to_live_and_says_so() -> None:
    async with a_rig(limits=EngineLimits(tick_s=60)) as rig:
        rig.record(HOUR)
        rig.fetcher.faults = [NvrError(ErrorKind.UNDATED)]
        rig.attach(can_live=True)
        await rig.sleep(60)
        status = rig.camera_status()
        assert status.source is FootageSource.LIVE
        assert status.source_reason is SourceReason.REPLAY_UNDATED
        assert status.problem is not None
        assert status.problem.kind is ErrorKind.UNDATED
        spans = await rig.library.coverage(CAM, TimeRange(0, 2**50))
        assert {span.state for span in spans} == {CoverageState.ON_DEVICE}, "not tried"
        await rig.sleep(90_000)
        assert rig.camera_status().source is FootageSource.REPLAY


async def test_replay_known_to_have_no_dates_is_not_waited_for_after_a_restart() -> (
    None
):
    async with a_rig(limits=EngineLimits(tick_s=60)) as rig:
        rig.record(HOUR)
        known = DevicePolicy(frozenset({Quirk.UNDATED_REPLAY}))
        await rig.library.set_policy(NVR, known)
        rig.attach(can_live=True)
        await rig.sleep(60)
        assert rig.camera_status().source is FootageSource.LIVE
        assert rig.camera_status().source_reason is SourceReason.REPLAY_UNDATED
        assert not rig.fetcher.begun


async def test_what_live_sessions_learn_is_remembered() -> None:
    async with a_rig() as rig:
        rig.attach(can_live=True)
        await rig.sleep(60)
        await rig.engine.teach(NVR, lambda policy: policy.learn(Quirk.NO_REQUIRE))
        policy = await rig.library.policy(NVR)
        assert policy.quirks == {Quirk.NO_REQUIRE}


async def test_replay_that_fails_for_hours_counts_as_broken() -> None:
    async with a_rig() as rig:
        rig.record(10 * HOUR)
        rig.fetcher.faults = [NvrError(ErrorKind.PROTOCOL)] * 100
        rig.attach(can_live=True)
        await rig.sleep(600)
        assert rig.camera_status().source is FootageSource.REPLAY
        problem = rig.camera_status().problem
        assert problem is not None
        assert problem.kind is ErrorKind.PROTOCOL
        await rig.sleep(8 * 3600)
        assert rig.camera_status().source is FootageSource.LIVE
        rig.engine.set_replay_broken(CAM, False)
        assert rig.camera_status().source is FootageSource.REPLAY


async def test_a_certificate_that_changed_stops_the_nvr() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.device.problem = NvrError(ErrorKind.TLS)
        rig.attach()
        await rig.sleep(3600)
        assert rig.nvr_status().state is SyncState.BLOCKED
        assert rig.camera_status().state is SyncState.BLOCKED
        assert rig.device.calls["recording"] <= 1


async def test_a_login_that_only_rtsp_refuses_stops_after_the_second_time() -> None:
    async with a_rig() as rig:
        rig.record(3 * HOUR)
        rig.fetcher.faults = [NvrError(ErrorKind.AUTH_REFUSED)] * 9
        rig.attach()
        await rig.sleep(3600)
        assert len(rig.fetcher.begun) == 2
        assert rig.nvr_status().state is SyncState.BLOCKED


class BreakingFetcher(FakeFetcher):
    """Has a fault of its own: it raises what it must not."""

    @override
    async def fetch(
        self,
        job: FetchJob,
        sink: ClipSink,
        cancel: CancelToken,
        progress: Callable[[FetchProgress], None],
        should_yield: Callable[[], bool],
    ) -> FetchOutcome:
        outcome = await super().fetch(job, sink, cancel, progress, should_yield)
        if len(self.begun) < 3:
            msg = "a fault of ours"
            raise RuntimeError(msg)
        return outcome


async def test_a_fault_of_ours_is_reported_and_not_repeated_without_a_pause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_rig() as rig:
        rig.record(2 * HOUR)
        breaking = BreakingFetcher(rig.clock, lambda job: rig.device, speed=3600)
        engine = make_engine(rig.library, breaking, rig.clock)
        engine.attach_nvr(
            NvrSpec(NVR, rig.device, {CAM: CameraSpec(recording_tokens=("r1",))})
        )
        task = asyncio.ensure_future(engine.run())
        await rig.sleep(5)
        assert len(breaking.begun) == 1
        await rig.sleep(600)
        assert "a task broke" in caplog.text
        assert rig.kept_ms() >= HOUR
        await engine.stop()
        await task
        caplog.clear()


async def test_a_worker_that_breaks_is_started_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        calls = []
        marks = rig.library.policy

        async def policy(nvr: NvrKey) -> object:
            calls.append(nvr)
            if len(calls) == 1:
                msg = "a fault of ours"
                raise RuntimeError(msg)
            return await marks(nvr)

        monkeypatch.setattr(rig.library, "policy", policy)
        rig.attach()
        await rig.sleep(120)
        assert "the worker broke" in caplog.text
        assert rig.kept_ms() >= 55 * MINUTE


class StubbornFetcher(FakeFetcher):
    """Does not end when it is asked to."""

    @override
    async def fetch(self, *args: object, **kwargs: object) -> FetchOutcome:
        await asyncio.get_running_loop().create_future()
        raise AssertionError


async def test_stop_returns_in_time_whatever_does_not_end() -> None:
    clock = SimulatedClock(NOW)
    async with a_rig() as rig:
        rig.record(HOUR)
        stubborn = StubbornFetcher(clock, lambda job: rig.device)
        engine = make_engine(rig.library, stubborn, rig.clock)
        engine.attach_nvr(
            NvrSpec(NVR, rig.device, {CAM: CameraSpec(recording_tokens=("r1",))})
        )
        task = asyncio.ensure_future(engine.run())
        await rig.sleep(5)
        await asyncio.wait_for(engine.stop(0.05), 5)
        await asyncio.wait_for(task, 5)


async def test_a_search_that_fails_for_one_camera_does_not_stop_the_next() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.record(HOUR, token="r2")
        search = rig.device.segments

        async def segments(recording: Recording, *args: object) -> SegmentListing:
            if recording.token == "r1":
                raise NvrError(ErrorKind.PROTOCOL)
            return await search(recording, *args)

        rig.device.segments = segments
        rig.attach(CAM, CAM2)
        report = await rig.engine.sync_now()
        assert report.errors >= 1
        assert report.problem is not None
        assert rig.kept_ms(CAM2) == 55 * MINUTE
        rig.device.segments = search
        await rig.sleep(1000)
        assert rig.kept_ms(CAM) > HOUR


async def test_a_device_that_falls_silent_in_mid_search_is_offline() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        search = rig.device.segments

        async def segments(*args: object) -> SegmentListing:
            raise NvrError(ErrorKind.TIMEOUT)

        rig.device.segments = segments
        rig.attach()
        await rig.sleep(60)
        assert rig.nvr_status().state is SyncState.OFFLINE
        assert rig.camera_status().state is SyncState.OFFLINE
        rig.device.segments = search
        await rig.sleep(600)
        assert rig.nvr_status().is_online
        assert rig.kept_ms() > 0


async def test_a_history_that_cannot_be_written_stops_nothing() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)

        async def end_run(*args: object) -> None:
            raise NvrError(ErrorKind.INDEX_FAILED)

        rig.library.end_run = end_run
        rig.attach()
        assert (await rig.engine.sync_now()).is_complete


async def test_recordings_that_disappear_make_the_next_look_early() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.fetcher.faults = [NvrError(ErrorKind.GONE)]
        rig.attach()
        await rig.sleep(200)
        assert RunKind.EVENT in rig.library.run_kinds.values() or (
            rig.device.calls["recording"] >= 2
        )
        await rig.sleep(1200)
        assert rig.kept_ms() > HOUR


async def test_a_storage_in_trouble_for_hours_says_nothing_of_the_replay() -> None:
    async with a_rig() as rig:
        rig.record(10 * HOUR)
        rig.fetcher.faults = [NvrError(ErrorKind.STORAGE_FAILED)] * 100
        rig.attach(can_live=True)
        await rig.sleep(9 * 3600)
        assert rig.camera_status().source is FootageSource.REPLAY
        assert len(rig.fetcher.faults) > 50, "the pauses grow"


async def test_a_host_that_does_not_know_the_time_judges_no_devices_clock() -> None:
    """It came up three days behind: footage stays dated as before, and is not refiled."""
    async with a_rig() as rig:
        rig.record(HOUR)
        before = await rig.library.add_era(NVR, ClockEra(0, 0, 0))
        rig.device.offset_ms = -3 * DAY  # what it looks like from here
        rig.clock.is_believed = lambda: False  # no NTP yet
        rig.attach()
        await rig.sleep(3600)
        assert await rig.library.eras(NVR) == (before,)
        assert 1 <= rig.device.calls["measure_clock"] <= 20  # 5 s to 5 min apart
        assert rig.fetcher.begun == []
        problem = rig.nvr_status().problem
        assert problem is not None
        assert problem.kind is ErrorKind.HOST_CLOCK
        assert rig.ms_in(CoverageState.FAILED) == 0
        rig.device.offset_ms = 7_000
        rig.clock.is_believed = lambda: True  # as above
        await rig.sleep(3600)
        offsets = [era.offset_ms for era in await rig.library.eras(NVR)]
        assert offsets == [0, 7_000]
