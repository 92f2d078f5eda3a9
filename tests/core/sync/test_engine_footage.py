"""Stories of footage that is overwritten, damaged, not there, or dated by another clock."""

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.fetch_job import FetchOutcome
from custom_components.vtrack_nvr.core.intervals import TimeRange, intersection
from custom_components.vtrack_nvr.core.models import CoverageState
from custom_components.vtrack_nvr.core.policy import Quirk
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    EngineLimits,
    NvrSettings,
    SyncOrder,
)

from .rig import CAM, DAY, HOUR, MINUTE, NOW, NVR, a_rig

pytestmark = pytest.mark.long


async def test_overwriting_faster_than_sync_loses_what_it_loses_and_says_when() -> None:
    async with a_rig(speed=0.8) as rig:
        recording = rig.record(4 * HOUR)
        recording.ring_ms = 4 * HOUR
        rig.attach(settings=CameraSettings(order=SyncOrder.OLDEST_FIRST))
        await rig.sleep(12 * 3600)
        lost = [
            TimeRange(e.start_ms, e.end_ms)
            for e in rig.library.book(CAM).entries
            if e.state is CoverageState.LOST
        ]
        kept = rig.library.book(CAM).kept
        assert lost
        assert rig.kept_ms() > 8 * HOUR
        edge_ms = rig.clock.now_ms() - 4 * HOUR
        assert all(item.end_ms <= edge_ms for item in lost)
        assert intersection(kept, lost) == ()
        # before what the ring holds, everything is either kept or known to be lost
        old = TimeRange(NOW - 4 * HOUR + 20 * MINUTE, edge_ms - 20 * MINUTE)
        known = sum(item.duration_ms for item in intersection((*kept, *lost), (old,)))
        others = sum(
            e.end_ms - e.start_ms
            for e in rig.library.book(CAM).entries
            if e.state not in {CoverageState.LOST, CoverageState.ON_DEVICE}
            and e.end_ms < old.end_ms
        )
        assert known + others >= 0.98 * old.duration_ms


async def test_a_clock_that_jumps_opens_an_era_and_labels_stay_true() -> None:
    async with a_rig(offset_ms=5_000) as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.engine.sync_now()
        assert rig.kept_ms() >= 55 * MINUTE
        # the device's clock is set two hours forward; its recording goes on
        recording = rig.device.recordings_by_token["r1"]
        at_ms = rig.device.device_now_ms
        recording.ranges = (TimeRange(recording.grows_since_ms or 0, at_ms),)
        rig.device.offset_ms -= 2 * HOUR
        recording.grows_since_ms = at_ms + 2 * HOUR
        jump_ms = rig.clock.now_ms()
        await rig.sleep(3 * 3600)
        eras = rig.library.nvr_eras[NVR]
        assert [era.offset_ms for era in eras] == [5_000, 5_000, 5_000 - 2 * HOUR]
        assert [era.is_uncertain for era in eras] == [True, False, False]
        kept = rig.library.book(CAM).kept
        assert all(item.end_ms <= rig.clock.now_ms() for item in kept)
        # all of it is kept, but around the jump
        whole = intersection(kept, (TimeRange(NOW - HOUR, rig.clock.now_ms()),))
        missing_ms = (
            rig.clock.now_ms() - (NOW - HOUR) - sum(item.duration_ms for item in whole)
        )
        assert missing_ms <= 25 * MINUTE
        assert jump_ms > NOW


async def test_damaged_footage_is_put_aside_and_the_rest_is_kept() -> None:
    async with a_rig(limits=EngineLimits(tick_s=60)) as rig:
        rig.record(2 * HOUR, until_ago_ms=HOUR)
        rig.fetcher.break_at_ms = NOW - 90 * MINUTE
        rig.fetcher.break_kind = ErrorKind.DAMAGED
        rig.attach()
        await rig.sleep(30)
        entries = rig.library.book(CAM).entries
        failed = [e for e in entries if e.state is CoverageState.FAILED]
        assert failed[0].reason == "damaged"
        assert failed[0].start_ms == NOW - 90 * MINUTE
        assert failed[0].next_try_ms is not None
        assert failed[0].next_try_ms - NOW > 20 * HOUR
        rig.fetcher.break_at_ms = None
        await rig.sleep(7200)
        assert rig.kept_ms() == 55 * MINUTE
        await rig.sleep(90_000)
        assert rig.kept_ms() == HOUR


async def test_a_stretch_that_always_breaks_ends_in_quarantine_with_one_try_a_day() -> (
    None
):
    async with a_rig(limits=EngineLimits(tick_s=60)) as rig:
        rig.record(2 * HOUR, until_ago_ms=HOUR)
        rig.fetcher.break_at_ms = NOW - 65 * MINUTE
        rig.attach()
        await rig.sleep(DAY / 1000)
        (failed,) = [
            e for e in rig.library.book(CAM).entries if e.state is CoverageState.FAILED
        ]
        assert failed.attempts >= 5
        assert failed.reason == "interrupted"
        begun = len(rig.fetcher.begun)
        await rig.sleep(2 * DAY / 1000)
        assert 1 <= len(rig.fetcher.begun) - begun <= 4


async def test_a_hole_the_device_lists_is_tried_a_few_times_and_then_absent() -> None:
    async with a_rig(limits=EngineLimits(tick_s=60)) as rig:
        recording = rig.record(3 * HOUR, until_ago_ms=HOUR)
        hole = TimeRange(NOW - 2 * HOUR, NOW - 2 * HOUR + 2 * MINUTE)
        recording.holes = (hole,)
        rig.attach()
        await rig.engine.sync_now()
        (failed,) = rig.library.book(CAM).entries
        assert failed.state is CoverageState.FAILED
        assert (failed.start_ms, failed.end_ms) == (hole.start_ms, hole.end_ms)
        await rig.sleep(3 * 3600)
        (absent,) = rig.library.book(CAM).entries
        assert absent.state is CoverageState.ABSENT
        begun = len(rig.fetcher.begun)
        await rig.sleep(DAY / 1000)
        assert len(rig.fetcher.begun) == begun


async def test_footage_that_ends_early_stays_on_the_device() -> None:
    async with a_rig() as rig:
        rig.record(2 * HOUR, until_ago_ms=HOUR)
        rig.fetcher.ends_at_ms = NOW - 70 * MINUTE
        rig.attach()
        await rig.engine.sync_now()
        assert rig.kept_ms() == 50 * MINUTE
        (rest,) = rig.library.book(CAM).entries
        assert rest.state is CoverageState.ON_DEVICE
        assert rest.attempts == 1
        rig.fetcher.ends_at_ms = None
        await rig.sleep(600)
        assert rig.kept_ms() == HOUR


async def test_a_formatted_card_loses_nothing_by_itself() -> None:
    async with a_rig() as rig:
        rig.record(5 * HOUR)
        rig.fetcher.max_at_once = 0
        rig.attach()
        await rig.sleep(600)
        del rig.device.recordings_by_token["r1"]
        await rig.sleep(3600)
        rig.record(0)
        await rig.sleep(7200)
        assert rig.ms_in(CoverageState.LOST) == 0
        assert rig.ms_in(CoverageState.ON_DEVICE) >= 5 * HOUR


async def test_what_a_fetch_learned_is_remembered_and_what_it_disproved_forgotten() -> (
    None
):
    async with a_rig() as rig:
        rig.record(HOUR, until_ago_ms=30 * MINUTE)
        rig.attach()
        learn = rig.fetcher.fetch

        async def fetch(*args: object) -> FetchOutcome:
            outcome = await learn(*args)
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

        rig.fetcher.fetch = fetch
        await rig.engine.sync_now()
        assert rig.library.policies[NVR].has(Quirk.OPEN_RANGE)
        wanted = TimeRange(NOW - 20 * MINUTE, NOW - 19 * MINUTE)
        rig.device.recordings_by_token["r1"].ranges += (wanted,)
        await rig.engine.save_clip(CAM, wanted, deadline_s=60)
        assert not rig.library.policies[NVR].has(Quirk.OPEN_RANGE)


async def test_a_correction_for_local_time_moves_the_footage() -> None:
    async with a_rig() as rig:
        rig.record(3 * HOUR, until_ago_ms=2 * HOUR)
        rig.attach(nvr_settings=NvrSettings(time_correction_ms=-HOUR))
        await rig.engine.sync_now()
        (kept,) = rig.library.book(CAM).kept
        assert kept == TimeRange(NOW - 4 * HOUR, NOW - 3 * HOUR)
        rig.engine.update_nvr(NVR, NvrSettings(time_correction_ms=0))
        await rig.engine.sync_now()
        assert [e.offset_ms for e in rig.library.nvr_eras[NVR]][-1] == 0
