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

from .world import CAM, CAM2, DAY, HOUR, MINUTE, NOW, NVR, a_world, make_engine

pytestmark = pytest.mark.long


async def test_a_device_that_is_away_for_hours_is_taken_up_where_it_was() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach()
        await world.engine.sync_now()
        world.device.problem = NvrError(ErrorKind.UNREACHABLE)
        await world.sleep(5 * 3600)
        assert world.nvr_status().state is SyncState.OFFLINE
        assert world.nvr_status().is_online is False
        calls = world.device.calls.total()
        await world.sleep(3600)
        assert world.device.calls.total() - calls <= 40
        world.device.problem = None
        await world.sleep(900)
        assert world.nvr_status().is_online
        (kept,) = world.library.book(CAM).kept
        assert kept.end_ms >= world.clock.now_ms() - 15 * MINUTE
        assert world.ms_in(CoverageState.LOST) == 0
        assert world.ms_in(CoverageState.FAILED) == 0


async def test_refused_credentials_stop_the_nvr_until_they_are_changed() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.device.problem = NvrError(ErrorKind.AUTH_REFUSED)
        world.attach()
        await world.sleep(60)
        assert world.nvr_status().state is SyncState.BLOCKED
        problem = world.nvr_status().problem
        assert problem is not None
        assert problem.kind is ErrorKind.AUTH_REFUSED
        world.device.calls.clear()
        await world.sleep(7200)
        assert world.device.calls.total() == 0
        report = await world.engine.sync_now()
        assert not report.is_complete
        assert report.problem == problem
        world.device.problem = None
        world.engine.credentials_changed(NVR)
        assert (await world.engine.sync_now()).is_complete
        assert world.kept_ms() > 0


async def test_a_refusal_because_of_the_clock_is_tried_once_more() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach()
        await world.engine.sync_now()
        world.device.offset_ms = 3 * HOUR
        world.device.problem = NvrError(ErrorKind.AUTH_REFUSED)

        world.device.forgives_after_clock = True
        await world.sleep(1900)
        assert world.device.problem is None
        assert world.nvr_status().state is not SyncState.BLOCKED


async def test_full_storage_pauses_and_free_storage_resumes() -> None:
    async with a_world(speed=30.0) as world:
        world.record(6 * HOUR)
        world.attach()
        await world.sleep(120)
        world.library.problem = NvrError(ErrorKind.STORAGE_FULL)
        await world.sleep(600)
        begun = len(world.fetcher.begun)
        assert world.camera_status().state is SyncState.BLOCKED
        status = world.engine.status()
        assert status.storage_problem is not None
        assert status.storage_problem.kind is ErrorKind.STORAGE_FULL
        report = await world.engine.sync_now()
        assert not report.is_complete
        assert len(world.fetcher.begun) == begun
        world.library.problem = None
        await world.sleep(1800)
        assert world.engine.status().storage_problem is None
        assert world.ms_in(CoverageState.FAILED) == 0
        (kept,) = world.library.book(CAM).kept
        assert kept.duration_ms >= 6 * HOUR - 5 * MINUTE


async def test_a_busy_device_is_asked_again_with_growing_pauses() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.fetcher.max_at_once = 0
        world.attach()
        await world.sleep(1200)
        tries = [begun.at_ms for begun in world.fetcher.begun]
        assert 4 <= len(tries) <= 8
        pauses = [b - a for a, b in itertools.pairwise(tries)]
        assert pauses[0] >= 20_000
        assert pauses[-1] >= 200_000
        assert world.nvr_status().state is SyncState.WAITING
        assert world.ms_in(CoverageState.FAILED) == 0
        world.fetcher.max_at_once = 1
        await world.sleep(900)
        assert world.kept_ms() >= 50 * MINUTE


async def test_a_device_that_bears_one_session_only_is_remembered() -> None:
    async with a_world(limits=EngineLimits(total_sessions=4), speed=10.0) as world:
        world.record(3 * HOUR)
        world.record(3 * HOUR, token="r2")
        world.fetcher.max_at_once = 1
        world.attach(CAM, CAM2, nvr_settings=NvrSettings(sessions=2))
        await world.sleep(4 * 3600)
        assert world.fetcher.most_running == 1
        assert world.fetcher.refused == 1
        assert world.kept_ms(CAM) > 3 * HOUR
        assert world.kept_ms(CAM2) > 3 * HOUR


async def test_a_failing_camera_does_not_stop_the_others() -> None:
    async with a_world() as world:
        world.record(HOUR, token="r2")
        world.attach(CAM, CAM2)
        await world.sleep(120)
        assert world.kept_ms(CAM2) == HOUR
        problem = world.camera_status(CAM).problem
        assert problem is not None
        assert problem.kind is ErrorKind.GONE
        assert world.camera_status(CAM2).problem is None


async def test_the_index_failing_pauses_and_heals() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach()
        await world.sleep(2)
        world.library.index_problem = NvrError(ErrorKind.INDEX_FAILED)
        await world.sleep(600)
        problem = world.nvr_status().problem
        assert problem is not None
        assert problem.kind is ErrorKind.INDEX_FAILED
        world.library.index_problem = None
        await world.sleep(900)
        assert world.nvr_status().problem is None
        assert world.kept_ms() >= 55 * MINUTE


async def test_replay_that_is_not_allowed_counts_as_broken_for_a_day() -> None:
    async with a_world(limits=EngineLimits(tick_s=60)) as world:
        world.record(HOUR)
        world.fetcher.faults = [NvrError(ErrorKind.UNSUPPORTED)]
        world.attach(can_live=True)
        await world.sleep(60)
        status = world.camera_status()
        assert status.source is FootageSource.LIVE
        assert status.source_reason is SourceReason.REPLAY_BROKEN
        assert world.kept_ms() == 0
        await world.sleep(90_000)
        assert world.camera_status().source is FootageSource.REPLAY
        assert world.kept_ms() > 20 * HOUR


async def test_replay_without_dates_gives_way_to_live_and_says_so() -> None:
    async with a_world(limits=EngineLimits(tick_s=60)) as world:
        world.record(HOUR)
        world.fetcher.faults = [NvrError(ErrorKind.UNDATED)]
        world.attach(can_live=True)
        await world.sleep(60)
        status = world.camera_status()
        assert status.source is FootageSource.LIVE
        assert status.source_reason is SourceReason.REPLAY_UNDATED
        assert status.problem is not None
        assert status.problem.kind is ErrorKind.UNDATED
        spans = await world.library.coverage(CAM, TimeRange(0, 2**50))
        assert {span.state for span in spans} == {CoverageState.ON_DEVICE}, "not tried"
        await world.sleep(90_000)
        assert world.camera_status().source is FootageSource.REPLAY


async def test_replay_known_to_have_no_dates_is_not_waited_for_after_a_restart() -> (
    None
):
    async with a_world(limits=EngineLimits(tick_s=60)) as world:
        world.record(HOUR)
        known = DevicePolicy(frozenset({Quirk.UNDATED_REPLAY}))
        await world.library.set_policy(NVR, known)
        world.attach(can_live=True)
        await world.sleep(60)
        assert world.camera_status().source is FootageSource.LIVE
        assert world.camera_status().source_reason is SourceReason.REPLAY_UNDATED
        assert not world.fetcher.begun


async def test_what_live_sessions_learn_is_remembered() -> None:
    async with a_world() as world:
        world.attach(can_live=True)
        await world.sleep(60)
        await world.engine.teach(NVR, lambda policy: policy.learn(Quirk.NO_REQUIRE))
        policy = await world.library.policy(NVR)
        assert policy.quirks == {Quirk.NO_REQUIRE}


async def test_replay_that_fails_for_hours_counts_as_broken() -> None:
    async with a_world() as world:
        world.record(10 * HOUR)
        world.fetcher.faults = [NvrError(ErrorKind.PROTOCOL)] * 100
        world.attach(can_live=True)
        await world.sleep(600)
        assert world.camera_status().source is FootageSource.REPLAY
        problem = world.camera_status().problem
        assert problem is not None
        assert problem.kind is ErrorKind.PROTOCOL
        await world.sleep(8 * 3600)
        assert world.camera_status().source is FootageSource.LIVE
        world.engine.set_replay_broken(CAM, False)
        assert world.camera_status().source is FootageSource.REPLAY


async def test_a_certificate_that_changed_stops_the_nvr() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.device.problem = NvrError(ErrorKind.TLS)
        world.attach()
        await world.sleep(3600)
        assert world.nvr_status().state is SyncState.BLOCKED
        assert world.camera_status().state is SyncState.BLOCKED
        assert world.device.calls["recording"] <= 1


async def test_a_login_that_only_rtsp_refuses_stops_after_the_second_time() -> None:
    async with a_world() as world:
        world.record(3 * HOUR)
        world.fetcher.faults = [NvrError(ErrorKind.AUTH_REFUSED)] * 9
        world.attach()
        await world.sleep(3600)
        assert len(world.fetcher.begun) == 2
        assert world.nvr_status().state is SyncState.BLOCKED


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
    async with a_world() as world:
        world.record(2 * HOUR)
        breaking = BreakingFetcher(world.clock, lambda job: world.device, speed=3600)
        engine = make_engine(world.library, breaking, world.clock)
        engine.attach_nvr(
            NvrSpec(NVR, world.device, {CAM: CameraSpec(recording_tokens=("r1",))})
        )
        task = asyncio.ensure_future(engine.run())
        await world.sleep(5)
        assert len(breaking.begun) == 1
        await world.sleep(600)
        assert "a task broke" in caplog.text
        assert world.kept_ms() >= HOUR
        await engine.stop()
        await task
        caplog.clear()


async def test_a_worker_that_breaks_is_started_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_world() as world:
        world.record(HOUR)
        calls = []
        marks = world.library.policy

        async def policy(nvr: NvrKey) -> object:
            calls.append(nvr)
            if len(calls) == 1:
                msg = "a fault of ours"
                raise RuntimeError(msg)
            return await marks(nvr)

        monkeypatch.setattr(world.library, "policy", policy)
        world.attach()
        await world.sleep(120)
        assert "the worker broke" in caplog.text
        assert world.kept_ms() >= 55 * MINUTE


class StubbornFetcher(FakeFetcher):
    """Does not end when it is asked to."""

    @override
    async def fetch(self, *args: object, **kwargs: object) -> FetchOutcome:
        await asyncio.get_running_loop().create_future()
        raise AssertionError


async def test_stop_returns_in_time_whatever_does_not_end() -> None:
    clock = SimulatedClock(NOW)
    async with a_world() as world:
        world.record(HOUR)
        stubborn = StubbornFetcher(clock, lambda job: world.device)
        engine = make_engine(world.library, stubborn, world.clock)
        engine.attach_nvr(
            NvrSpec(NVR, world.device, {CAM: CameraSpec(recording_tokens=("r1",))})
        )
        task = asyncio.ensure_future(engine.run())
        await world.sleep(5)
        await asyncio.wait_for(engine.stop(0.05), 5)
        await asyncio.wait_for(task, 5)


async def test_a_search_that_fails_for_one_camera_does_not_stop_the_next() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.record(HOUR, token="r2")
        search = world.device.segments

        async def segments(recording: Recording, *args: object) -> SegmentListing:
            if recording.token == "r1":
                raise NvrError(ErrorKind.PROTOCOL)
            return await search(recording, *args)

        world.device.segments = segments
        world.attach(CAM, CAM2)
        report = await world.engine.sync_now()
        assert report.errors >= 1
        assert report.problem is not None
        assert world.kept_ms(CAM2) == 55 * MINUTE
        world.device.segments = search
        await world.sleep(1000)
        assert world.kept_ms(CAM) > HOUR


async def test_a_device_that_falls_silent_in_mid_search_is_offline() -> None:
    async with a_world() as world:
        world.record(HOUR)
        search = world.device.segments

        async def segments(*args: object) -> SegmentListing:
            raise NvrError(ErrorKind.TIMEOUT)

        world.device.segments = segments
        world.attach()
        await world.sleep(60)
        assert world.nvr_status().state is SyncState.OFFLINE
        assert world.camera_status().state is SyncState.OFFLINE
        world.device.segments = search
        await world.sleep(600)
        assert world.nvr_status().is_online
        assert world.kept_ms() > 0


async def test_a_history_that_cannot_be_written_stops_nothing() -> None:
    async with a_world() as world:
        world.record(HOUR)

        async def end_run(*args: object) -> None:
            raise NvrError(ErrorKind.INDEX_FAILED)

        world.library.end_run = end_run
        world.attach()
        assert (await world.engine.sync_now()).is_complete


async def test_recordings_that_disappear_make_the_next_look_early() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.fetcher.faults = [NvrError(ErrorKind.GONE)]
        world.attach()
        await world.sleep(200)
        assert RunKind.EVENT in world.library.run_kinds.values() or (
            world.device.calls["recording"] >= 2
        )
        await world.sleep(1200)
        assert world.kept_ms() > HOUR


async def test_a_storage_in_trouble_for_hours_says_nothing_of_the_replay() -> None:
    async with a_world() as world:
        world.record(10 * HOUR)
        world.fetcher.faults = [NvrError(ErrorKind.STORAGE_FAILED)] * 100
        world.attach(can_live=True)
        await world.sleep(9 * 3600)
        assert world.camera_status().source is FootageSource.REPLAY
        assert len(world.fetcher.faults) > 50, "the pauses grow"


async def test_a_host_that_does_not_know_the_time_judges_no_devices_clock() -> None:
    """It came up three days behind: footage stays dated as before, and is not refiled."""
    async with a_world() as world:
        world.record(HOUR)
        before = await world.library.add_era(NVR, ClockEra(0, 0, 0))
        world.device.offset_ms = -3 * DAY  # what it looks like from here
        world.clock.is_believed = lambda: False  # no NTP yet
        world.attach()
        await world.sleep(3600)
        assert await world.library.eras(NVR) == (before,)
        assert 1 <= world.device.calls["measure_clock"] <= 20  # 5 s to 5 min apart
        assert world.fetcher.begun == []
        problem = world.nvr_status().problem
        assert problem is not None
        assert problem.kind is ErrorKind.HOST_CLOCK
        assert world.ms_in(CoverageState.FAILED) == 0
        world.device.offset_ms = 7_000
        world.clock.is_believed = lambda: True  # as above
        await world.sleep(3600)
        offsets = [era.offset_ms for era in await world.library.eras(NVR)]
        assert offsets == [0, 7_000]
