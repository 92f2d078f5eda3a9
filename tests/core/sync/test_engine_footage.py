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

from .world import CAM, DAY, HOUR, MINUTE, NOW, NVR, a_world

pytestmark = pytest.mark.long


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


async def test_what_a_fetch_learned_is_remembered_and_what_it_disproved_forgotten() -> (
    None
):
    async with a_world() as world:
        world.record(HOUR, until_ago_ms=30 * MINUTE)
        world.attach()
        learn = world.fetcher.fetch

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

        world.fetcher.fetch = fetch
        await world.engine.sync_now()
        assert world.library.policies[NVR].has(Quirk.OPEN_RANGE)
        wanted = TimeRange(NOW - 20 * MINUTE, NOW - 19 * MINUTE)
        world.device.recordings_by_token["r1"].ranges += (wanted,)
        await world.engine.save_clip(CAM, wanted, deadline_s=60)
        assert not world.library.policies[NVR].has(Quirk.OPEN_RANGE)


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
