"""Whole stories of the engine against rooms in memory, on a simulated clock."""

import itertools

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange, intersection
from custom_components.vtrack_nvr.core.ledger import RunKind
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClipSource,
    CoverageState,
    DeviceEvent,
    EventClass,
    NvrKey,
)
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    EngineLimits,
    NvrSettings,
    SyncMode,
    SyncOrder,
)
from custom_components.vtrack_nvr.core.sync.spec import CameraSpec, NvrSpec
from custom_components.vtrack_nvr.core.sync.status import SyncState
from tests.core.fakes import FakeDevice, FakeRecording

from .world import (
    CAM,
    CAM2,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    NVR,
    a_world,
    make_engine,
    running,
)


async def test_the_first_sync_keeps_everything_that_is_settled() -> None:
    async with a_world() as world:
        world.record(3 * HOUR)
        world.attach()
        report = await world.engine.sync_now()
        assert report.is_complete
        assert report.clips == 35
        # the last closed five-minute window older than the settle delay
        assert world.library.book(CAM).kept == (
            TimeRange(NOW - 3 * HOUR, NOW - 5 * MINUTE),
        )


async def test_sync_keeps_up_with_growing_footage() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach()
        await world.sleep(3 * 3600)
        (kept,) = world.library.book(CAM).kept
        assert kept.start_ms == NOW - HOUR
        assert world.clock.now_ms() - kept.end_ms <= 22 * MINUTE


async def test_a_sweep_without_news_asks_little_and_opens_no_session() -> None:
    async with a_world() as world:
        world.record(3 * HOUR, until_ago_ms=HOUR)
        world.attach()
        await world.engine.sync_now()
        fetches = len(world.fetcher.begun)
        world.device.calls.clear()
        await world.sleep(920)
        assert 0 < world.device.calls.total() <= 6
        assert len(world.fetcher.begun) == fetches


async def test_a_sweep_without_news_asks_little_of_a_recorder_with_many_cameras() -> (
    None
):
    cameras = [CameraKey(f"nvr-1/{n}") for n in range(1, 17)]
    async with a_world() as world:
        for n in range(1, 17):
            world.record(HOUR, until_ago_ms=30 * MINUTE, token=f"r{n}")
        world.attach(*cameras)
        await world.engine.sync_now()
        world.device.calls.clear()
        await world.sleep(920)
        assert 0 < world.device.calls.total() <= 6


async def test_a_second_full_sync_finds_nothing_to_do() -> None:
    async with a_world() as world:
        world.record(5 * HOUR, until_ago_ms=HOUR)
        world.attach()
        await world.engine.sync_now()
        fetches = len(world.fetcher.begun)
        report = await world.engine.sync_now(full=True)
        assert report.is_complete
        assert report.clips == 0
        assert len(world.fetcher.begun) == fetches


async def test_newest_first_keeps_the_last_hour_first_and_shares_with_the_old() -> None:
    async with a_world() as world:
        world.record(12 * HOUR, until_ago_ms=HOUR)
        world.attach()
        await world.engine.sync_now()
        starts = [begun.job.device_range.start_ms for begun in world.fetcher.begun]
        assert starts[0] == NOW - 2 * HOUR
        assert starts[:4].count(NOW - 12 * HOUR) == 1


async def test_a_request_during_back_fill_is_served_first_and_the_rest_ends_complete() -> (
    None
):
    async with a_world(speed=60.0) as world:
        world.fetcher.gop_ms = MINUTE
        world.record(24 * HOUR)
        world.attach()
        await world.sleep(60)
        assert world.fetcher.running == 1
        asked_ms = world.clock.now_ms()
        wanted = TimeRange(NOW - 20 * HOUR, NOW - 20 * HOUR + MINUTE)
        saved = await world.engine.save_clip(CAM, wanted, deadline_s=600)
        assert saved.outcome == "kept"
        assert saved.is_whole
        first = next(
            begun for begun in world.fetcher.begun if begun.job.device_range == wanted
        )
        assert first.at_ms - asked_ms <= 5_000
        assert (await world.engine.sync_now()).is_complete
        (kept,) = world.library.book(CAM).kept
        assert kept.start_ms == NOW - 24 * HOUR
        assert kept.end_ms >= NOW - 5 * MINUTE


async def test_a_request_inside_the_very_stretch_under_way_interrupts_it() -> None:
    async with a_world(speed=8.0) as world:
        world.record(2 * HOUR)
        world.attach()
        await world.sleep(60)
        asked_ms = world.clock.now_ms()
        wanted = TimeRange(NOW - 20 * MINUTE, NOW - 19 * MINUTE)
        assert world.fetcher.begun[0].job.device_range.overlaps(wanted)
        saved = await world.engine.save_clip(CAM, wanted, deadline_s=60)
        assert saved.is_whole
        assert world.clock.now_ms() - asked_ms <= 15_000
        assert (await world.engine.sync_now()).is_complete
        assert len(world.library.book(CAM).kept) == 1


async def test_a_request_for_what_is_yet_to_come_waits_for_it() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach()
        await world.engine.sync_now()
        now_ms = world.clock.now_ms()
        wanted = TimeRange(now_ms - 10_000, now_ms + 20_000)
        saved = await world.engine.save_clip(CAM, wanted, deadline_s=120)
        assert saved.outcome == "kept"
        assert world.clock.now_ms() - wanted.end_ms < 15_000
        assert saved.kept == (wanted,)


async def test_a_request_for_nothing_says_so() -> None:
    async with a_world() as world:
        world.record(3 * HOUR, until_ago_ms=2 * HOUR)
        world.record(HOUR, token="r2")
        world.device.recordings_by_token["r1"].ranges += (
            TimeRange(NOW - 30 * MINUTE, NOW - 20 * MINUTE),
        )
        world.attach()
        wanted = TimeRange(NOW - 90 * MINUTE, NOW - 89 * MINUTE)
        saved = await world.engine.save_clip(CAM, wanted)
        assert saved.outcome == "missing"
        assert saved.missing == (wanted,)


async def test_a_deadline_ends_the_wait_and_not_the_request() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.device.problem = NvrError(ErrorKind.UNREACHABLE)
        world.attach()
        wanted = TimeRange(NOW - 30 * MINUTE, NOW - 29 * MINUTE)
        saved = await world.engine.save_clip(CAM, wanted, deadline_s=60)
        assert saved.outcome == "expired"
        assert not saved.clips
        world.device.problem = None
        (want,) = world.library.open_wants.values()
        later = await world.engine.wait_for(want)
        assert later.outcome == "kept"


async def test_a_request_outlives_a_restart() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.device.problem = NvrError(ErrorKind.UNREACHABLE)
        world.attach()
        want = await world.engine.request(
            CAM, TimeRange(NOW - 30 * MINUTE, NOW - 29 * MINUTE)
        )
        await world.engine.stop()
        world.device.problem = None
        second = make_engine(world.library, world.fetcher, world.clock)
        second.attach_nvr(
            NvrSpec(
                NVR,
                world.device,
                {CAM: CameraSpec(CameraSettings(mode=SyncMode.ON_DEMAND), ("r1",))},
            )
        )
        async with running(second):
            await world.sleep(60)
            assert world.library.closed_wants[want.id] == "kept"
            assert world.kept_ms() < 2 * MINUTE


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


async def test_one_session_per_nvr_unless_more_are_allowed() -> None:
    async with a_world(limits=EngineLimits(total_sessions=4), speed=10.0) as world:
        world.record(3 * HOUR)
        world.record(3 * HOUR, token="r2")
        world.attach(CAM, CAM2)
        await world.sleep(300)
        assert world.fetcher.most_running == 1
        world.engine.update_nvr(NVR, NvrSettings(sessions=2))
        await world.sleep(10)
        assert world.fetcher.most_running == 2


async def test_overwriting_faster_than_sync_loses_what_it_loses_and_says_when() -> None:
    async with a_world(speed=0.8) as world:
        recording = world.record(4 * HOUR)
        recording.ring_ms = 4 * HOUR
        world.attach(settings=CameraSettings(order=SyncOrder.OLDEST_FIRST))
        await world.sleep(12 * 3600)
        lost = [
            TimeRange(e.start_ms, e.end_ms)
            for e in world.library.book(CAM).entries
            if e.state is CoverageState.LOST
        ]
        kept = world.library.book(CAM).kept
        assert lost
        assert world.kept_ms() > 8 * HOUR
        edge_ms = world.clock.now_ms() - 4 * HOUR
        assert all(item.end_ms <= edge_ms for item in lost)
        assert intersection(kept, lost) == ()
        # before what the ring holds, everything is either kept or known to be lost
        old = TimeRange(NOW - 4 * HOUR + 20 * MINUTE, edge_ms - 20 * MINUTE)
        known = sum(item.duration_ms for item in intersection((*kept, *lost), (old,)))
        others = sum(
            e.end_ms - e.start_ms
            for e in world.library.book(CAM).entries
            if e.state not in {CoverageState.LOST, CoverageState.ON_DEVICE}
            and e.end_ms < old.end_ms
        )
        assert known + others >= 0.98 * old.duration_ms


async def test_a_clock_that_jumps_opens_an_era_and_labels_stay_true() -> None:
    async with a_world(offset_ms=5_000) as world:
        world.record(HOUR)
        world.attach()
        await world.engine.sync_now()
        assert world.kept_ms() >= 55 * MINUTE
        # the device's clock is set two hours forward; its recording goes on
        recording = world.device.recordings_by_token["r1"]
        at_ms = world.device.device_now_ms
        recording.ranges = (TimeRange(recording.grows_since_ms or 0, at_ms),)
        world.device.offset_ms -= 2 * HOUR
        recording.grows_since_ms = at_ms + 2 * HOUR
        jump_ms = world.clock.now_ms()
        await world.sleep(3 * 3600)
        eras = world.library.nvr_eras[NVR]
        assert [era.offset_ms for era in eras] == [5_000, 5_000, 5_000 - 2 * HOUR]
        assert [era.is_uncertain for era in eras] == [True, False, False]
        kept = world.library.book(CAM).kept
        assert all(item.end_ms <= world.clock.now_ms() for item in kept)
        # all of it is kept, but around the jump
        whole = intersection(kept, (TimeRange(NOW - HOUR, world.clock.now_ms()),))
        missing_ms = (
            world.clock.now_ms()
            - (NOW - HOUR)
            - sum(item.duration_ms for item in whole)
        )
        assert missing_ms <= 25 * MINUTE
        assert jump_ms > NOW


async def test_a_restart_in_mid_fetch_goes_on_where_it_was() -> None:
    async with a_world(speed=10.0) as world:
        world.record(6 * HOUR)
        world.attach()
        await world.sleep(200)
        assert world.fetcher.running == 1
        await world.engine.stop()
        assert world.fetcher.running == 0
        kept_ms = world.kept_ms()
        assert kept_ms > 0
        second = make_engine(world.library, world.fetcher, world.clock)
        second.attach_nvr(
            NvrSpec(NVR, world.device, {CAM: CameraSpec(recording_tokens=("r1",))})
        )
        async with running(second):
            await second.sync_now()
            (kept,) = world.library.book(CAM).kept
            assert kept.start_ms == NOW - 6 * HOUR


async def test_an_hour_away_is_filled_in_and_marked_so() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach()
        await world.engine.sync_now()
        await world.engine.stop()
        await world.sleep(3600)
        second = make_engine(world.library, world.fetcher, world.clock)
        spec = CameraSpec(recording_tokens=("r1",))
        second.attach_nvr(NvrSpec(NVR, world.device, {CAM: spec}))
        back_ms = world.clock.now_ms()
        async with running(second):
            await world.sleep(1800)
            assert len(world.library.book(CAM).kept) == 1
            for clip in world.library.book(CAM).clips:
                start_ms = clip.facts.range.start_ms
                is_away = NOW <= start_ms < back_ms
                is_filled = clip.facts.source is ClipSource.BACKFILL
                assert is_filled is is_away, (start_ms - NOW) / MINUTE


async def test_a_kill_leaves_fetching_behind_that_is_fetched_again() -> None:
    async with a_world() as world:
        world.record(HOUR)
        await world.library.mark(
            CAM,
            [TimeRange(NOW - HOUR, NOW - 30 * MINUTE)],
            CoverageState.FETCHING,
        )
        world.attach()
        await world.engine.sync_now()
        assert world.ms_in(CoverageState.FETCHING) == 0
        assert world.kept_ms() == 55 * MINUTE


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


async def test_damaged_footage_is_put_aside_and_the_rest_is_kept() -> None:
    async with a_world(limits=EngineLimits(tick_s=60)) as world:
        world.record(2 * HOUR, until_ago_ms=HOUR)
        world.fetcher.break_at_ms = NOW - 90 * MINUTE
        world.fetcher.break_kind = ErrorKind.DAMAGED
        world.attach()
        await world.sleep(30)
        entries = world.library.book(CAM).entries
        failed = [e for e in entries if e.state is CoverageState.FAILED]
        assert failed[0].reason == "damaged"
        assert failed[0].start_ms == NOW - 90 * MINUTE
        assert failed[0].next_try_ms is not None
        assert failed[0].next_try_ms - NOW > 20 * HOUR
        world.fetcher.break_at_ms = None
        await world.sleep(7200)
        assert world.kept_ms() == 55 * MINUTE
        await world.sleep(90_000)
        assert world.kept_ms() == HOUR


async def test_a_stretch_that_always_breaks_ends_in_quarantine_with_one_try_a_day() -> (
    None
):
    async with a_world(limits=EngineLimits(tick_s=60)) as world:
        world.record(2 * HOUR, until_ago_ms=HOUR)
        world.fetcher.break_at_ms = NOW - 65 * MINUTE
        world.attach()
        await world.sleep(DAY / 1000)
        (failed,) = [
            e
            for e in world.library.book(CAM).entries
            if e.state is CoverageState.FAILED
        ]
        assert failed.attempts >= 5
        assert failed.reason == "interrupted"
        begun = len(world.fetcher.begun)
        await world.sleep(2 * DAY / 1000)
        assert 1 <= len(world.fetcher.begun) - begun <= 4


async def test_a_hole_the_device_lists_is_tried_a_few_times_and_then_absent() -> None:
    async with a_world(limits=EngineLimits(tick_s=60)) as world:
        recording = world.record(3 * HOUR, until_ago_ms=HOUR)
        hole = TimeRange(NOW - 2 * HOUR, NOW - 2 * HOUR + 2 * MINUTE)
        recording.holes = (hole,)
        world.attach()
        await world.engine.sync_now()
        (failed,) = world.library.book(CAM).entries
        assert failed.state is CoverageState.FAILED
        assert (failed.start_ms, failed.end_ms) == (hole.start_ms, hole.end_ms)
        await world.sleep(3 * 3600)
        (absent,) = world.library.book(CAM).entries
        assert absent.state is CoverageState.ABSENT
        begun = len(world.fetcher.begun)
        await world.sleep(DAY / 1000)
        assert len(world.fetcher.begun) == begun


async def test_footage_that_ends_early_stays_on_the_device() -> None:
    async with a_world() as world:
        world.record(2 * HOUR, until_ago_ms=HOUR)
        world.fetcher.ends_at_ms = NOW - 70 * MINUTE
        world.attach()
        await world.engine.sync_now()
        assert world.kept_ms() == 50 * MINUTE
        (rest,) = world.library.book(CAM).entries
        assert rest.state is CoverageState.ON_DEVICE
        assert rest.attempts == 1
        world.fetcher.ends_at_ms = None
        await world.sleep(600)
        assert world.kept_ms() == HOUR


async def test_adding_and_removing_a_camera_does_not_disturb_the_others() -> None:
    async with a_world(speed=10.0) as world:
        world.record(3 * HOUR)
        world.record(HOUR, token="r2")
        world.attach(CAM)
        await world.sleep(60)
        assert len(world.fetcher.begun) == 1
        world.engine.add_camera(NVR, CAM2, CameraSpec(recording_tokens=("r2",)))
        await world.sleep(60)
        await world.engine.remove_camera(NVR, CAM2)
        world.engine.update_nvr(NVR, NvrSettings(interval_s=600))
        await world.sleep(60)
        assert len(world.fetcher.begun) == 1
        assert world.fetcher.running == 1
        assert CAM2 not in world.nvr_status().cameras


async def test_switching_off_ends_background_work_and_not_requests() -> None:
    async with a_world(speed=10.0) as world:
        world.record(3 * HOUR)
        world.attach()
        await world.sleep(60)
        world.engine.set_enabled(CAM, False)
        await world.sleep(60)
        assert world.fetcher.running == 0
        assert world.camera_status().state is SyncState.PAUSED
        kept_ms = world.kept_ms()
        await world.sleep(3600)
        assert world.kept_ms() == kept_ms
        wanted = TimeRange(NOW - 3 * HOUR, NOW - 3 * HOUR + MINUTE)
        assert (await world.engine.save_clip(CAM, wanted)).outcome == "kept"
        world.engine.set_enabled(CAM, True)
        await world.sleep(3600)
        assert world.kept_ms() > 3 * HOUR


class OneGate:
    """An on/off entity."""

    def __init__(self) -> None:
        self.open = False

    def is_open(self, camera: CameraKey) -> bool:
        return self.open


async def test_a_closed_gate_holds_back_all_but_requests_and_sync_by_hand() -> None:
    gate = OneGate()
    async with a_world(speed=10.0) as world:
        world.record(HOUR)
        world.attach(gate=gate)
        await world.sleep(1800)
        assert not world.fetcher.begun
        assert set(world.device.calls) == {"measure_clock"}
        assert world.nvr_status().is_online
        wanted = TimeRange(NOW - HOUR, NOW - HOUR + MINUTE)
        assert (await world.engine.save_clip(CAM, wanted)).outcome == "kept"
        gate.open = True
        await world.sleep(60)
        assert world.fetcher.running == 1
        gate.open = False
        await world.sleep(30)
        assert world.fetcher.running == 0
        assert world.camera_status().state is SyncState.WAITING
        report = await world.engine.sync_now()
        assert report.is_complete
        assert world.kept_ms() >= HOUR


async def test_pause_and_resume() -> None:
    async with a_world(speed=10.0) as world:
        world.record(2 * HOUR)
        world.attach()
        await world.sleep(30)
        world.engine.pause()
        await world.sleep(60)
        assert world.fetcher.running == 0
        assert world.nvr_status().state is SyncState.PAUSED
        assert not (await world.engine.sync_now()).is_complete
        world.engine.resume(NVR)
        await world.sleep(30)
        assert world.fetcher.running == 1
        world.engine.cancel(CAM)
        await world.sleep(1800)
        assert world.kept_ms() > 2 * HOUR


async def test_only_what_is_around_events_is_kept_in_mode_events() -> None:
    settings = CameraSettings(mode=SyncMode.EVENTS)
    async with a_world() as world:
        world.record(HOUR)
        world.attach(CAM, settings=settings, source_tokens=frozenset({"source-1"}))
        await world.engine.sync_now()
        assert world.kept_ms() == 0
        assert world.ms_in(CoverageState.NOT_WANTED) > 0

        def event(*, is_active: bool) -> DeviceEvent:
            return DeviceEvent(
                EventClass.PERSON,
                "tns1:RuleEngine/Person",
                "source-1",
                world.device.device_now_ms,
                is_active,
            )

        began_ms = world.clock.now_ms()
        world.engine.notify_event(NVR, event(is_active=True))
        await world.sleep(30)
        world.engine.notify_event(NVR, event(is_active=False))
        await world.sleep(1200)
        (kept,) = world.library.book(CAM).kept
        assert kept.start_ms <= began_ms - 10_000
        assert kept.end_ms >= began_ms + 50_000
        assert kept.duration_ms <= 100_000
        assert RunKind.EVENT in world.library.run_kinds.values()
        marks = world.library.book(CAM).marks
        assert [mark.range.duration_ms for mark in marks] == [0, 30_000]


async def test_nothing_is_fetched_by_itself_on_demand() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach(settings=CameraSettings(mode=SyncMode.ON_DEMAND))
        await world.sleep(7200)
        assert not world.fetcher.begun
        wanted = TimeRange(NOW - 30 * MINUTE, NOW - 29 * MINUTE)
        assert (await world.engine.save_clip(CAM, wanted)).is_whole
        assert world.camera_status().backlog_s == 0


async def test_a_wider_wish_is_found_by_a_full_sweep() -> None:
    async with a_world() as world:
        world.fetcher.gop_ms = 5 * MINUTE
        world.record(3 * DAY)
        world.attach(settings=CameraSettings(retention_days=1))
        await world.engine.sync_now()
        assert DAY - 10 * MINUTE <= world.kept_ms() <= DAY
        world.engine.update_camera(
            NVR, CAM, CameraSpec(CameraSettings(retention_days=2), ("r1",))
        )
        await world.engine.sync_now()
        assert world.kept_ms() > 2 * DAY - 20 * MINUTE


async def test_a_formatted_card_loses_nothing_by_itself() -> None:
    async with a_world() as world:
        world.record(5 * HOUR)
        world.fetcher.max_at_once = 0
        world.attach()
        await world.sleep(600)
        del world.device.recordings_by_token["r1"]
        await world.sleep(3600)
        world.record(0)
        await world.sleep(7200)
        assert world.ms_in(CoverageState.LOST) == 0
        assert world.ms_in(CoverageState.ON_DEVICE) >= 5 * HOUR


async def test_ten_nvrs_share_the_sessions_fairly_and_requests_go_first() -> None:
    async with a_world(speed=4.0) as world:
        keys = [NvrKey(f"box-{n}") for n in range(5)]
        for key in keys:
            device = FakeDevice(world.clock)
            device.add(FakeRecording("r1", grows_since_ms=NOW - 12 * HOUR))
            world.devices[key] = device
            world.engine.attach_nvr(
                NvrSpec(
                    key,
                    device,
                    {CameraKey(f"{key}/1"): CameraSpec(recording_tokens=("r1",))},
                )
            )
        await world.sleep(1500)
        assert world.fetcher.most_running == 2
        assert all(world.kept_ms(CameraKey(f"{key}/1")) > 0 for key in keys)
        idle = next(
            key
            for key in keys
            if not world.engine.status()
            .nvrs[key]
            .cameras[CameraKey(f"{key}/1")]
            .progress
        )
        asked_ms = world.clock.now_ms()
        camera = CameraKey(f"{idle}/1")
        wanted = TimeRange(NOW - 11 * HOUR, NOW - 11 * HOUR + MINUTE)
        saved = await world.engine.save_clip(camera, wanted, deadline_s=120)
        assert saved.outcome == "kept"
        first = next(
            b
            for b in world.fetcher.begun
            if b.job.camera == camera
            and b.job.device_range.overlaps(wanted)
            and b.at_ms >= asked_ms
        )
        assert first.at_ms - asked_ms <= 5_000


async def test_status_is_told_at_most_once_a_second() -> None:
    async with a_world(speed=10.0) as world:
        told: list[int] = []
        unsubscribe = world.engine.subscribe(lambda s: told.append(s.made_ms))
        world.record(3 * HOUR)
        world.attach()
        await world.sleep(120)
        assert len(told) > 30
        assert all(b - a >= 1000 for a, b in itertools.pairwise(told))
        status = world.camera_status()
        assert status.state is SyncState.FETCHING
        assert status.progress is not None
        assert 0 < status.progress.done < 1
        assert status.progress.speed == 10.0
        assert status.backlog_s > 0
        unsubscribe()
        count = len(told)
        await world.sleep(60)
        assert len(told) == count


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


async def test_detaching_ends_the_fetches_and_leaves_the_rest_alone() -> None:
    async with a_world(speed=10.0) as world:
        world.record(3 * HOUR)
        world.attach()
        await world.sleep(60)
        await world.engine.detach_nvr(NVR)
        assert world.fetcher.running == 0
        assert world.engine.status().camera(NVR, CAM) is None
        with pytest.raises(NvrError):
            await world.engine.request(CAM, TimeRange(0, 1))
        world.attach()
        await world.sleep(1800)
        assert world.kept_ms() > 3 * HOUR
