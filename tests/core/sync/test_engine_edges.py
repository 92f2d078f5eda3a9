"""The engine where things end, break, or come from elsewhere."""

import asyncio
from collections.abc import Callable
import logging
from typing import override

import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.clips import ClipSink, ClipStart
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.fetching import (
    FetchJob,
    FetchOutcome,
    FetchProgress,
)
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import RunKind
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClipFacts,
    ClipSource,
    CoverageState,
    DeviceEvent,
    EventClass,
    EventMark,
    NvrKey,
    Recording,
    SegmentListing,
)
from custom_components.vtrack_nvr.core.policy import Quirk
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    EngineLimits,
    NvrSettings,
    SourceChoice,
    SyncMode,
)
from custom_components.vtrack_nvr.core.sync.spec import CameraSpec, NvrSpec
from custom_components.vtrack_nvr.core.sync.status import (
    FootageSource,
    LiveNote,
    SourceReason,
    SyncState,
)
from tests.core.fakes import FakeFetcher, SimulatedClock

from .world import CAM, CAM2, HOUR, MINUTE, NOW, NVR, World, a_world, make_engine

S = CoverageState


class LiveRecorder:
    """Takes note of what it is asked to record."""

    def __init__(self) -> None:
        self.wanted: list[tuple[CameraKey, TimeRange]] = []

    async def want(self, camera: CameraKey, wanted: TimeRange, event: str = "") -> None:
        self.wanted.append((camera, wanted))


def keep_live(world: World, stretch: TimeRange) -> None:
    """Complete a clip as the live recorder does."""
    start = ClipStart(CAM, stretch.start_ms, stretch.start_ms, 1, ClipSource.LIVE)
    facts = ClipFacts(
        stretch,
        stretch.end_ms,
        stretch.start_ms,
        1,
        1,
        "",
        Codec.H264,
        None,
        1,
        1,
        1,
        source=ClipSource.LIVE,
    )
    world.library.keep(start, facts)
    world.engine.notify_kept(CAM, stretch)


async def test_a_live_cameras_request_is_closed_when_its_clip_is_kept() -> None:
    live = LiveRecorder()
    async with a_world() as world:
        world.engine.attach_nvr(
            NvrSpec(NVR, world.device, {CAM: CameraSpec(can_live=True, live=live)})
        )
        now_ms = world.clock.now_ms()
        wanted = TimeRange(now_ms - 10_000, now_ms + 20_000)
        saving = asyncio.ensure_future(world.engine.save_clip(CAM, wanted))
        await world.sleep(40)
        assert live.wanted == [(CAM, wanted)]
        assert not saving.done()
        keep_live(world, TimeRange(wanted.start_ms - 1000, wanted.end_ms + 1000))
        saved = await saving
        assert saved.outcome == "kept"
        assert saved.clips[0].facts.source is ClipSource.LIVE
        status = world.camera_status()
        assert status.source is FootageSource.LIVE
        assert status.source_reason is SourceReason.NO_PROFILE_G


async def test_a_live_cameras_request_ends_when_its_clip_never_comes() -> None:
    async with a_world() as world:
        world.engine.attach_nvr(
            NvrSpec(NVR, world.device, {CAM: CameraSpec(can_live=True)})
        )
        wanted = TimeRange(NOW - MINUTE, NOW)
        keep_live(world, TimeRange(NOW - 2 * MINUTE, NOW - MINUTE // 2))
        saved = await world.engine.save_clip(CAM, wanted)
        assert saved.outcome == "partly"
        assert saved.missing == (TimeRange(NOW - MINUTE // 2, NOW),)
        assert not world.fetcher.begun


async def test_a_camera_without_any_source_says_missing_at_once() -> None:
    async with a_world() as world:
        world.engine.attach_nvr(NvrSpec(NVR, world.device, {CAM: CameraSpec()}))
        saved = await world.engine.save_clip(CAM, TimeRange(NOW - MINUTE, NOW))
        assert saved.outcome == "missing"


async def test_holes_of_a_live_recording_are_filled_from_the_device() -> None:
    async with a_world() as world:
        world.record(HOUR)
        keep_live_range = TimeRange(NOW - HOUR, NOW - 30 * MINUTE)
        world.attach(settings=CameraSettings(source=SourceChoice.LIVE), can_live=True)
        keep_live(world, keep_live_range)
        await world.engine.sync_now()
        assert world.kept_ms() == 55 * MINUTE
        filled = world.library.book(CAM).clips[1:]
        assert {clip.facts.source for clip in filled} == {ClipSource.BACKFILL}


async def test_an_event_of_a_live_camera_is_recorded_live() -> None:
    live = LiveRecorder()
    async with a_world() as world:
        settings = CameraSettings(mode=SyncMode.EVENTS)
        world.engine.attach_nvr(
            NvrSpec(
                NVR,
                world.device,
                {CAM: CameraSpec(settings, can_live=True, live=live)},
            )
        )
        await world.sleep(1)
        event = DeviceEvent(EventClass.MOTION, "t", "", world.clock.now_ms(), True)
        world.engine.notify_event(NVR, event)
        world.engine.notify_event(NvrKey("unknown"), event)
        await world.sleep(1)
        assert live.wanted


async def test_events_of_unknown_sources_are_left_out() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach(CAM, CAM2)
        event = DeviceEvent(EventClass.MOTION, "t", "nobody", NOW, True)
        world.engine.notify_event(NVR, event)
        await world.sleep(5)
        assert not world.library.book(CAM).marks


async def test_a_mark_of_the_past_makes_spurned_footage_wanted() -> None:
    async with a_world() as world:
        world.record(2 * HOUR)
        world.attach(settings=CameraSettings(mode=SyncMode.EVENTS))
        await world.engine.sync_now()
        assert world.kept_ms() == 0
        moment = TimeRange(NOW - HOUR, NOW - HOUR + 5_000)
        world.engine.notify_mark(CAM, EventMark(EventClass.OTHER, moment, "door"))
        await world.engine.sync_now()
        (kept,) = world.library.book(CAM).kept
        assert kept.start_ms <= moment.start_ms - 10_000
        assert kept.end_ms >= moment.end_ms + 20_000


async def test_an_event_that_cannot_be_stored_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with a_world() as world:
        world.record(HOUR)
        world.attach()
        await world.engine.sync_now()
        world.library.index_problem = NvrError(ErrorKind.INDEX_FAILED)
        world.engine.notify_mark(
            CAM, EventMark(EventClass.OTHER, TimeRange(NOW, NOW), "door")
        )
        await world.sleep(0.1)
        world.library.index_problem = None
        assert "an event was not stored" in caplog.text
        await world.sleep(600)
        assert world.nvr_status().problem is None


async def test_a_request_is_cancelled_with_its_camera_or_by_hand() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach(CAM, CAM2)
        later = TimeRange(NOW + HOUR, NOW + HOUR + MINUTE)
        by_hand = await world.engine.request(CAM, later)
        await world.engine.cancel_request(by_hand)
        await world.engine.cancel_request(by_hand)
        assert (await world.engine.wait_for(by_hand)).outcome == "cancelled"
        with_camera = await world.engine.request(CAM, later)
        waiting = asyncio.ensure_future(world.engine.wait_for(with_camera))
        await asyncio.sleep(0)
        await world.engine.remove_camera(NVR, CAM)
        assert (await waiting).outcome == "cancelled"
        await world.engine.remove_camera(NVR, CAM)


async def test_stopping_lets_go_of_whoever_waits_and_keeps_the_request() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach()
        later = TimeRange(NOW + HOUR, NOW + HOUR + MINUTE)
        waiting = asyncio.ensure_future(world.engine.save_clip(CAM, later))
        running = asyncio.ensure_future(world.engine.sync_now())
        await world.sleep(0.1)
        await world.engine.stop()
        assert (await waiting).outcome == "cancelled"
        await running
        assert len(world.library.open_wants) == 1


async def test_a_request_that_nobody_can_answer_is_closed_after_a_day() -> None:
    async with a_world(limits=EngineLimits(request_max_age_s=3600)) as world:
        world.record(HOUR)
        world.device.problem = NvrError(ErrorKind.UNREACHABLE)
        world.attach()
        saved = await world.engine.save_clip(CAM, TimeRange(NOW - MINUTE, NOW))
        assert saved.outcome == "expired"
        assert world.clock.now_ms() - NOW >= HOUR


async def test_damaged_footage_ends_a_request_with_what_there_is() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.fetcher.break_at_ms = NOW - 30 * MINUTE
        world.fetcher.break_kind = ErrorKind.DAMAGED
        world.attach(settings=CameraSettings(mode=SyncMode.ON_DEMAND))
        wanted = TimeRange(NOW - 31 * MINUTE, NOW - 30 * MINUTE + 30_000)
        saved = await world.engine.save_clip(CAM, wanted)
        assert saved.outcome == "partly"
        assert saved.missing == (TimeRange(NOW - 30 * MINUTE, wanted.end_ms),)


async def test_a_hole_in_footage_not_wanted_ends_a_request_too() -> None:
    async with a_world() as world:
        recording = world.record(HOUR)
        hole = TimeRange(NOW - 30 * MINUTE, NOW - 29 * MINUTE)
        recording.holes = (hole,)
        world.attach(settings=CameraSettings(mode=SyncMode.ON_DEMAND))
        wanted = TimeRange(NOW - 31 * MINUTE, NOW - 28 * MINUTE)
        saved = await world.engine.save_clip(CAM, wanted)
        assert saved.missing == (hole,)
        assert world.clock.now_ms() - NOW < 5 * MINUTE
        assert len(world.fetcher.begun) <= 8


async def test_a_request_gets_what_an_index_does_not_list_yet() -> None:
    async with a_world() as world:
        recording = world.record(HOUR)
        recording.lag_ms = 2 * HOUR
        recording.ranges = (TimeRange(NOW - HOUR, NOW - 30 * MINUTE),)
        world.attach(settings=CameraSettings(mode=SyncMode.ON_DEMAND))
        wanted = TimeRange(NOW - 10 * MINUTE, NOW - 9 * MINUTE)
        saving = asyncio.ensure_future(world.engine.save_clip(CAM, wanted))
        await world.sleep(10)
        assert not saving.done()
        listed = recording.footage
        recording.footage = lambda now_ms: (  # type: ignore[method-assign]
            listed(now_ms)
            if world.fetcher.running == 0
            else (TimeRange(NOW - HOUR, now_ms),)
        )
        assert (await saving).outcome == "kept"


async def test_a_removed_camera_ends_its_fetch() -> None:
    async with a_world(speed=10.0) as world:
        world.record(3 * HOUR)
        world.attach()
        await world.sleep(30)
        assert world.fetcher.running == 1
        await world.engine.remove_camera(NVR, CAM)
        assert world.fetcher.running == 0
        assert world.kept_ms() > 0


async def test_another_spec_of_the_same_nvr_takes_the_place_of_the_old() -> None:
    async with a_world(speed=10.0) as world:
        world.record(2 * HOUR)
        world.record(2 * HOUR, token="r2")
        world.attach(CAM)
        await world.sleep(30)
        world.attach(CAM2)
        await world.sleep(30)
        assert list(world.nvr_status().cameras) == [CAM2]
        await world.sleep(1200)
        assert world.kept_ms(CAM2) >= 2 * HOUR
        await world.engine.detach_nvr(NvrKey("never-there"))


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


async def test_what_a_fetch_learned_is_remembered_and_what_it_disproved_forgotten() -> (
    None
):
    async with a_world() as world:
        world.record(HOUR, until_ago_ms=30 * MINUTE)
        world.attach()
        learn = world.fetcher.fetch

        async def fetch(*args: object) -> FetchOutcome:
            outcome = await learn(*args)  # type: ignore[arg-type]
            policy = outcome.learned
            change = (
                policy.forget(Quirk.OPEN_RANGE)
                if policy.has(Quirk.OPEN_RANGE)
                else policy.learn(Quirk.OPEN_RANGE)
            )
            return FetchOutcome(
                outcome.reason,
                outcome.device_reached_ms,
                learned=change,
                notices=("odd",),
            )

        world.fetcher.fetch = fetch  # type: ignore[method-assign]
        await world.engine.sync_now()
        assert world.library.policies[NVR].has(Quirk.OPEN_RANGE)
        wanted = TimeRange(NOW - 20 * MINUTE, NOW - 19 * MINUTE)
        world.device.recordings_by_token["r1"].ranges += (wanted,)
        await world.engine.save_clip(CAM, wanted, deadline_s=60)
        assert not world.library.policies[NVR].has(Quirk.OPEN_RANGE)


async def test_bandwidth_is_shared_by_the_sessions_of_an_nvr() -> None:
    settings = CameraSettings(bytes_per_second=900_000)
    async with a_world() as world:
        world.record(HOUR)
        world.attach(
            settings=settings,
            nvr_settings=NvrSettings(sessions=2, bytes_per_second=1_000_000),
        )
        await world.engine.sync_now()
        assert world.fetcher.begun[0].job.bytes_per_second == 500_000


async def test_a_correction_for_local_time_moves_the_footage() -> None:
    async with a_world() as world:
        world.record(3 * HOUR, until_ago_ms=2 * HOUR)
        world.attach(nvr_settings=NvrSettings(time_correction_ms=-HOUR))
        await world.engine.sync_now()
        (kept,) = world.library.book(CAM).kept
        assert kept == TimeRange(NOW - 4 * HOUR, NOW - 3 * HOUR)
        world.engine.update_nvr(NVR, NvrSettings(time_correction_ms=0))
        await world.engine.sync_now()
        assert [e.offset_ms for e in world.library.nvr_eras[NVR]][-1] == 0


async def test_sync_of_some_cameras_asks_for_those_only() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.record(HOUR, token="r2")
        world.engine.pause()
        world.attach(CAM, CAM2)
        world.engine.set_enabled(CAM2, False)
        report = await world.engine.sync_now([CAM])
        assert report.clips == 11
        assert world.kept_ms(CAM2) == 0
        nothing = await world.engine.sync_now([CameraKey("other/1")])
        assert nothing.is_complete
        at_once = await world.engine.sync_now([CAM], wait=False)
        assert not at_once.is_complete


async def test_asking_for_what_is_not_attached_says_so() -> None:
    async with a_world() as world:
        with pytest.raises(NvrError) as caught:
            world.engine.credentials_changed(NVR)
        assert caught.value.kind is ErrorKind.GONE
        with pytest.raises(NvrError):
            world.engine.set_enabled(CAM, True)


async def test_a_note_of_the_live_recording_shows_in_the_status() -> None:
    async with a_world() as world:
        world.engine.attach_nvr(
            NvrSpec(NVR, world.device, {CAM: CameraSpec(can_live=True)})
        )
        await world.sleep(5)
        world.engine.note_live(CAM, LiveNote(SyncState.RECORDING))
        await world.sleep(2)
        assert world.camera_status().state is SyncState.RECORDING
        world.engine.note_live(CAM, LiveNote(SyncState.WAITING))
        await world.sleep(2)
        assert world.camera_status().state is SyncState.WAITING
        assert (await world.engine.fresh_status()).nvrs


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
    async def fetch(self, *args: object, **kwargs: object) -> FetchOutcome:  # type: ignore[override]
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


async def test_a_fetch_that_finds_no_gop_border_is_cut_off_for_a_request() -> None:
    async with a_world(speed=0.5) as world:
        world.fetcher.gop_ms = 60_000
        world.record(3 * HOUR)
        world.attach()
        await world.sleep(10)
        asked_ms = world.clock.now_ms()
        wanted = TimeRange(NOW - 3 * HOUR, NOW - 3 * HOUR + 1000)
        await world.engine.request(CAM, wanted)
        await world.sleep(10)
        job = world.fetcher.begun[0].job
        assert job.device_range.duration_ms > MINUTE
        assert world.clock.now_ms() - asked_ms == 10_000


async def test_two_tokens_of_a_camera_are_both_fetched_from() -> None:
    async with a_world() as world:
        world.record(4 * HOUR, until_ago_ms=3 * HOUR, token="old")
        world.record(2 * HOUR, until_ago_ms=HOUR, token="new")
        world.engine.attach_nvr(
            NvrSpec(
                NVR, world.device, {CAM: CameraSpec(recording_tokens=("old", "new"))}
            )
        )
        await world.engine.sync_now()
        assert world.library.book(CAM).kept == (
            TimeRange(NOW - 4 * HOUR, NOW - 3 * HOUR),
            TimeRange(NOW - 2 * HOUR, NOW - HOUR),
        )
        tokens = {b.job.recording_token for b in world.fetcher.begun}
        assert tokens == {"old", "new"}


async def test_a_search_that_fails_for_one_camera_does_not_stop_the_next() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.record(HOUR, token="r2")
        search = world.device.segments

        async def segments(recording: Recording, *args: object) -> SegmentListing:
            if recording.token == "r1":
                raise NvrError(ErrorKind.PROTOCOL)
            return await search(recording, *args)  # type: ignore[arg-type]

        world.device.segments = segments  # type: ignore[method-assign,assignment]
        world.attach(CAM, CAM2)
        report = await world.engine.sync_now()
        assert report.errors >= 1
        assert report.problem is not None
        assert world.kept_ms(CAM2) == 55 * MINUTE
        world.device.segments = search  # type: ignore[method-assign]
        await world.sleep(1000)
        assert world.kept_ms(CAM) > HOUR


async def test_a_device_that_falls_silent_in_mid_search_is_offline() -> None:
    async with a_world() as world:
        world.record(HOUR)
        search = world.device.segments

        async def segments(*args: object) -> SegmentListing:
            raise NvrError(ErrorKind.TIMEOUT)

        world.device.segments = segments  # type: ignore[method-assign,assignment]
        world.attach()
        await world.sleep(60)
        assert world.nvr_status().state is SyncState.OFFLINE
        assert world.camera_status().state is SyncState.OFFLINE
        world.device.segments = search  # type: ignore[method-assign]
        await world.sleep(600)
        assert world.nvr_status().is_online
        assert world.kept_ms() > 0


async def test_a_camera_removed_in_mid_sweep_is_left_out() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.record(HOUR, token="r2")
        world.device.round_trip_s = 1.0
        world.attach(CAM, CAM2)
        await world.sleep(2.5)
        assert world.camera_status(CAM).state is SyncState.SEARCHING
        await world.engine.remove_camera(NVR, CAM2)
        await world.sleep(60)
        assert not world.library.book(CAM2).entries
        assert world.kept_ms(CAM) == 55 * MINUTE


async def test_a_history_that_cannot_be_written_stops_nothing() -> None:
    async with a_world() as world:
        world.record(HOUR)

        async def end_run(*args: object) -> None:
            raise NvrError(ErrorKind.INDEX_FAILED)

        world.library.end_run = end_run  # type: ignore[method-assign,assignment]
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
