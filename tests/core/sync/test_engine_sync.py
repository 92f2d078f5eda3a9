"""What the engine keeps, in which order, and how little it asks for that."""

import itertools

import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
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
    CameraSpec,
    EngineLimits,
    NvrSettings,
    NvrSpec,
    SyncMode,
)
from custom_components.vtrack_nvr.core.sync.status import SyncState
from custom_components.vtrack_nvr.core.sync.sweeper import SILENT_WINDOWS
from tests.core.fakes import FakeDevice, FakeRecording

from .rig import CAM, CAM2, DAY, HOUR, MINUTE, NOW, NVR, a_rig, make_engine, running


async def test_the_first_sync_keeps_everything_that_is_settled() -> None:
    async with a_rig() as rig:
        rig.record(3 * HOUR)
        rig.attach()
        report = await rig.engine.sync_now()
        assert report.is_complete
        assert report.clips == 35
        # the last closed five-minute window older than the settle delay
        assert rig.library.book(CAM).kept == (
            TimeRange(NOW - 3 * HOUR, NOW - 5 * MINUTE),
        )


async def test_sync_keeps_up_with_growing_footage() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.sleep(3 * 3600)
        (kept,) = rig.library.book(CAM).kept
        assert kept.start_ms == NOW - HOUR
        assert rig.clock.now_ms() - kept.end_ms <= 22 * MINUTE


async def test_a_sweep_without_news_asks_little_and_opens_no_session() -> None:
    async with a_rig() as rig:
        rig.record(3 * HOUR, until_ago_ms=HOUR)
        rig.attach()
        await rig.engine.sync_now()
        fetches = len(rig.fetcher.begun)
        rig.device.calls.clear()
        await rig.sleep(920)
        assert 0 < rig.device.calls.total() <= 6
        assert len(rig.fetcher.begun) == fetches


async def test_a_sweep_without_news_asks_little_of_a_recorder_with_many_cameras() -> (
    None
):
    cameras = [CameraKey(f"nvr-1/{n}") for n in range(1, 17)]
    async with a_rig() as rig:
        for n in range(1, 17):
            rig.record(HOUR, until_ago_ms=30 * MINUTE, token=f"r{n}")
        rig.attach(*cameras)
        await rig.engine.sync_now()
        rig.device.calls.clear()
        await rig.sleep(920)
        assert 0 < rig.device.calls.total() <= 6


async def test_a_second_full_sync_finds_nothing_to_do() -> None:
    async with a_rig() as rig:
        rig.record(5 * HOUR, until_ago_ms=HOUR)
        rig.attach()
        await rig.engine.sync_now()
        fetches = len(rig.fetcher.begun)
        report = await rig.engine.sync_now(full=True)
        assert report.is_complete
        assert report.clips == 0
        assert len(rig.fetcher.begun) == fetches


async def test_newest_first_keeps_the_last_hour_first_and_shares_with_the_old() -> None:
    async with a_rig() as rig:
        rig.record(12 * HOUR, until_ago_ms=HOUR)
        rig.attach()
        await rig.engine.sync_now()
        starts = [begun.job.device_range.start_ms for begun in rig.fetcher.begun]
        assert starts[0] == NOW - 2 * HOUR
        assert starts[:4].count(NOW - 12 * HOUR) == 1


async def test_one_session_per_nvr_unless_more_are_allowed() -> None:
    async with a_rig(limits=EngineLimits(total_sessions=4), speed=10.0) as rig:
        rig.record(3 * HOUR)
        rig.record(3 * HOUR, token="r2")
        rig.attach(CAM, CAM2)
        await rig.sleep(300)
        assert rig.fetcher.most_running == 1
        rig.engine.update_nvr(NVR, NvrSettings(sessions=2))
        await rig.sleep(10)
        assert rig.fetcher.most_running == 2


async def test_a_restart_in_mid_fetch_goes_on_where_it_was() -> None:
    async with a_rig(speed=10.0) as rig:
        rig.record(6 * HOUR)
        rig.attach()
        await rig.sleep(200)
        assert rig.fetcher.running == 1
        await rig.engine.stop()
        assert rig.fetcher.running == 0
        kept_ms = rig.kept_ms()
        assert kept_ms > 0
        second = make_engine(rig.library, rig.fetcher, rig.clock)
        second.attach_nvr(
            NvrSpec(NVR, rig.device, {CAM: CameraSpec(recording_tokens=("r1",))})
        )
        async with running(second):
            await second.sync_now()
            (kept,) = rig.library.book(CAM).kept
            assert kept.start_ms == NOW - 6 * HOUR


async def test_an_hour_away_is_filled_in_and_marked_so() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.engine.sync_now()
        await rig.engine.stop()
        await rig.sleep(3600)
        second = make_engine(rig.library, rig.fetcher, rig.clock)
        spec = CameraSpec(recording_tokens=("r1",))
        second.attach_nvr(NvrSpec(NVR, rig.device, {CAM: spec}))
        back_ms = rig.clock.now_ms()
        async with running(second):
            await rig.sleep(1800)
            assert len(rig.library.book(CAM).kept) == 1
            for clip in rig.library.book(CAM).clips:
                start_ms = clip.facts.range.start_ms
                is_away = NOW <= start_ms < back_ms
                is_filled = clip.facts.source is ClipSource.BACKFILL
                assert is_filled is is_away, (start_ms - NOW) / MINUTE


async def test_a_kill_leaves_fetching_behind_that_is_fetched_again() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        await rig.library.mark(
            CAM,
            [TimeRange(NOW - HOUR, NOW - 30 * MINUTE)],
            CoverageState.FETCHING,
        )
        rig.attach()
        await rig.engine.sync_now()
        assert rig.ms_in(CoverageState.FETCHING) == 0
        assert rig.kept_ms() == 55 * MINUTE


async def test_only_what_is_around_events_is_kept_in_mode_events() -> None:
    settings = CameraSettings(mode=SyncMode.EVENTS)
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach(CAM, settings=settings, source_tokens=frozenset({"source-1"}))
        await rig.engine.sync_now()
        assert rig.kept_ms() == 0
        assert rig.ms_in(CoverageState.NOT_WANTED) > 0

        def event(*, is_active: bool) -> DeviceEvent:
            return DeviceEvent(
                EventClass.PERSON,
                "tns1:RuleEngine/Person",
                "source-1",
                rig.device.device_now_ms,
                is_active,
            )

        began_ms = rig.clock.now_ms()
        rig.engine.notify_event(NVR, event(is_active=True))
        await rig.sleep(30)
        rig.engine.notify_event(NVR, event(is_active=False))
        await rig.sleep(1200)
        (kept,) = rig.library.book(CAM).kept
        assert kept.start_ms <= began_ms - 10_000
        assert kept.end_ms >= began_ms + 50_000
        assert kept.duration_ms <= 100_000
        assert RunKind.EVENT in rig.library.run_kinds.values()
        marks = rig.library.book(CAM).marks
        assert [mark.range.duration_ms for mark in marks] == [0, 30_000]


async def test_nothing_is_fetched_by_itself_on_demand() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach(settings=CameraSettings(mode=SyncMode.ON_DEMAND))
        await rig.sleep(7200)
        assert not rig.fetcher.begun
        wanted = TimeRange(NOW - 30 * MINUTE, NOW - 29 * MINUTE)
        assert (await rig.engine.save_clip(CAM, wanted)).is_whole
        assert rig.camera_status().backlog_s == 0


async def test_a_wider_wish_is_found_by_a_full_sweep() -> None:
    async with a_rig() as rig:
        rig.fetcher.gop_ms = 5 * MINUTE
        rig.record(3 * DAY)
        rig.attach(settings=CameraSettings(retention_days=1))
        await rig.engine.sync_now()
        assert DAY - 10 * MINUTE <= rig.kept_ms() <= DAY
        rig.engine.update_camera(
            NVR, CAM, CameraSpec(CameraSettings(retention_days=2), ("r1",))
        )
        await rig.engine.sync_now()
        assert rig.kept_ms() > 2 * DAY - 20 * MINUTE


async def test_ten_nvrs_share_the_sessions_fairly_and_requests_go_first() -> None:
    async with a_rig(speed=4.0) as rig:
        keys = [NvrKey(f"box-{n}") for n in range(5)]
        for key in keys:
            device = FakeDevice(rig.clock)
            device.add(FakeRecording("r1", grows_since_ms=NOW - 12 * HOUR))
            rig.devices[key] = device
            rig.engine.attach_nvr(
                NvrSpec(
                    key,
                    device,
                    {CameraKey(f"{key}/1"): CameraSpec(recording_tokens=("r1",))},
                )
            )
        await rig.sleep(1500)
        assert rig.fetcher.most_running == 2
        assert all(rig.kept_ms(CameraKey(f"{key}/1")) > 0 for key in keys)
        idle = next(
            key
            for key in keys
            if not rig.engine.status().nvrs[key].cameras[CameraKey(f"{key}/1")].progress
        )
        asked_ms = rig.clock.now_ms()
        camera = CameraKey(f"{idle}/1")
        wanted = TimeRange(NOW - 11 * HOUR, NOW - 11 * HOUR + MINUTE)
        saved = await rig.engine.save_clip(camera, wanted, deadline_s=120)
        assert saved.outcome == "kept"
        first = next(
            b
            for b in rig.fetcher.begun
            if b.job.camera == camera
            and b.job.device_range.overlaps(wanted)
            and b.at_ms >= asked_ms
        )
        assert first.at_ms - asked_ms <= 5_000


async def test_status_is_told_at_most_once_a_second() -> None:
    async with a_rig(speed=10.0) as rig:
        told: list[int] = []
        unsubscribe = rig.engine.subscribe(lambda s: told.append(s.made_ms))
        rig.record(3 * HOUR)
        rig.attach()
        await rig.sleep(120)
        assert len(told) > 30
        assert all(b - a >= 1000 for a, b in itertools.pairwise(told))
        status = rig.camera_status()
        assert status.state is SyncState.FETCHING
        assert status.progress is not None
        assert 0 < status.progress.done < 1
        assert status.progress.speed == 10.0
        assert status.backlog_s > 0
        unsubscribe()
        count = len(told)
        await rig.sleep(60)
        assert len(told) == count


async def test_bandwidth_is_shared_by_the_sessions_of_an_nvr() -> None:
    settings = CameraSettings(bytes_per_second=900_000)
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach(
            settings=settings,
            nvr_settings=NvrSettings(sessions=2, bytes_per_second=1_000_000),
        )
        await rig.engine.sync_now()
        assert rig.fetcher.begun[0].job.bytes_per_second == 500_000


async def test_sync_of_some_cameras_asks_for_those_only() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.record(HOUR, token="r2")
        rig.engine.pause()
        rig.attach(CAM, CAM2)
        rig.engine.set_enabled(CAM2, False)
        report = await rig.engine.sync_now([CAM])
        assert report.clips == 11
        assert rig.kept_ms(CAM2) == 0
        nothing = await rig.engine.sync_now([CameraKey("other/1")])
        assert nothing.is_complete
        at_once = await rig.engine.sync_now([CAM], wait=False)
        assert not at_once.is_complete


async def test_two_tokens_of_a_camera_are_both_fetched_from() -> None:
    async with a_rig() as rig:
        rig.record(4 * HOUR, until_ago_ms=3 * HOUR, token="old")
        rig.record(2 * HOUR, until_ago_ms=HOUR, token="new")
        rig.engine.attach_nvr(
            NvrSpec(NVR, rig.device, {CAM: CameraSpec(recording_tokens=("old", "new"))})
        )
        await rig.engine.sync_now()
        assert rig.library.book(CAM).kept == (
            TimeRange(NOW - 4 * HOUR, NOW - 3 * HOUR),
            TimeRange(NOW - 2 * HOUR, NOW - HOUR),
        )
        tokens = {b.job.recording_token for b in rig.fetcher.begun}
        assert tokens == {"old", "new"}


UNSET_CLOCK_MS = 195_000
"""1970: what a device says whose clock was not set yet."""


@pytest.mark.parametrize("claims_from_ms", [UNSET_CLOCK_MS, None])
async def test_recordings_dated_1970_do_not_cost_a_search_of_every_day_since(
    claims_from_ms: int | None,
) -> None:
    async with a_rig(limits=EngineLimits(tick_s=60)) as rig:
        recording = rig.record(3 * DAY, until_ago_ms=2 * DAY)
        recording.claims_from_ms = claims_from_ms
        rig.attach(settings=CameraSettings(retention_days=None))
        assert (await rig.engine.sync_now(full=True)).is_complete
        assert rig.kept_ms() == DAY
        calls = rig.device.calls
        if claims_from_ms is None:  # then it says truly where its footage begins
            assert calls["segments"] <= 2 * 4
            assert calls["data_from_ms"] == 0
        else:
            # two searches: the first of the start and the one by hand
            assert calls["segments"] <= 2 * (SILENT_WINDOWS + 4)
            assert calls["data_from_ms"] <= 2


async def test_a_summary_that_knows_better_is_asked_once_and_trusted() -> None:
    async with a_rig(limits=EngineLimits(tick_s=60)) as rig:
        recording = rig.record(99 * DAY, until_ago_ms=98 * DAY)
        recording.claims_from_ms = UNSET_CLOCK_MS
        rig.device.says_from_ms = NOW - 99 * DAY
        rig.attach(settings=CameraSettings(retention_days=None))
        report = await rig.engine.sync_now(full=True)
        assert report.is_complete
        # beyond the silence at which nobody would have looked any further
        assert rig.kept_ms() == DAY
        assert rig.device.calls["segments"] <= 2 * 101
        assert rig.device.calls["data_from_ms"] <= 2


async def test_a_summary_of_the_future_is_not_trusted() -> None:
    async with a_rig(limits=EngineLimits(tick_s=60)) as rig:
        recording = rig.record(3 * DAY, until_ago_ms=2 * DAY)
        recording.claims_from_ms = UNSET_CLOCK_MS
        rig.device.says_from_ms = NOW + 9 * DAY
        rig.attach(settings=CameraSettings(retention_days=None))
        assert (await rig.engine.sync_now(full=True)).is_complete
        assert rig.kept_ms() == DAY


async def test_a_short_retention_needs_no_summary() -> None:
    async with a_rig() as rig:
        rig.record(DAY).claims_from_ms = UNSET_CLOCK_MS
        rig.attach(settings=CameraSettings(retention_days=2))
        await rig.engine.sync_now(full=True)
        assert rig.device.calls["data_from_ms"] == 0
