"""Stories of requests: ahead of everything, across restarts, to an end in any case."""

import asyncio

import pytest

from custom_components.vtrack_nvr.core.errors import (
    ErrorKind,
    Limit,
    LimitError,
    NvrError,
)
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import RunKind
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    CameraSpec,
    EngineLimits,
    NvrSpec,
    SyncMode,
)

from .rig import CAM, CAM2, HOUR, MINUTE, NOW, NVR, a_rig, make_engine, running

pytestmark = pytest.mark.long


async def test_a_request_during_back_fill_is_served_first_and_the_rest_ends_complete() -> (
    None
):
    async with a_rig(speed=60.0) as rig:
        rig.fetcher.gop_ms = MINUTE
        rig.record(24 * HOUR)
        rig.attach()
        await rig.sleep(60)
        assert rig.fetcher.running == 1
        asked_ms = rig.clock.now_ms()
        wanted = TimeRange(NOW - 20 * HOUR, NOW - 20 * HOUR + MINUTE)
        saved = await rig.engine.save_clip(CAM, wanted, deadline_s=600)
        assert saved.outcome == "kept"
        assert saved.is_whole
        first = next(
            begun for begun in rig.fetcher.begun if begun.job.device_range == wanted
        )
        assert first.at_ms - asked_ms <= 5_000
        assert (await rig.engine.sync_now()).is_complete
        (kept,) = rig.library.book(CAM).kept
        assert kept.start_ms == NOW - 24 * HOUR
        assert kept.end_ms >= NOW - 5 * MINUTE


async def test_a_request_inside_the_very_stretch_under_way_interrupts_it() -> None:
    async with a_rig(speed=8.0) as rig:
        rig.record(2 * HOUR)
        rig.attach()
        await rig.sleep(60)
        asked_ms = rig.clock.now_ms()
        wanted = TimeRange(NOW - 20 * MINUTE, NOW - 19 * MINUTE)
        assert rig.fetcher.begun[0].job.device_range.overlaps(wanted)
        saved = await rig.engine.save_clip(CAM, wanted, deadline_s=60)
        assert saved.is_whole
        assert rig.clock.now_ms() - asked_ms <= 15_000
        assert (await rig.engine.sync_now()).is_complete
        assert len(rig.library.book(CAM).kept) == 1


async def test_a_request_for_what_is_yet_to_come_waits_for_it() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.engine.sync_now()
        now_ms = rig.clock.now_ms()
        wanted = TimeRange(now_ms - 10_000, now_ms + 20_000)
        saved = await rig.engine.save_clip(CAM, wanted, deadline_s=120)
        assert saved.outcome == "kept"
        assert rig.clock.now_ms() - wanted.end_ms < 15_000
        assert saved.kept == (wanted,)


async def test_a_request_for_nothing_says_so() -> None:
    async with a_rig() as rig:
        rig.record(3 * HOUR, until_ago_ms=2 * HOUR)
        rig.record(HOUR, token="r2")
        rig.device.recordings_by_token["r1"].ranges += (
            TimeRange(NOW - 30 * MINUTE, NOW - 20 * MINUTE),
        )
        rig.attach()
        wanted = TimeRange(NOW - 90 * MINUTE, NOW - 89 * MINUTE)
        saved = await rig.engine.save_clip(CAM, wanted)
        assert saved.outcome == "missing"
        assert saved.missing == (wanted,)


async def test_a_deadline_ends_the_wait_and_not_the_request() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.device.problem = NvrError(ErrorKind.UNREACHABLE)
        rig.attach()
        wanted = TimeRange(NOW - 30 * MINUTE, NOW - 29 * MINUTE)
        saved = await rig.engine.save_clip(CAM, wanted, deadline_s=60)
        assert saved.outcome == "expired"
        assert not saved.clips
        rig.device.problem = None
        (want,) = rig.library.open_wants.values()
        later = await rig.engine.wait_for(want)
        assert later.outcome == "kept"


async def test_a_request_outlives_a_restart() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.device.problem = NvrError(ErrorKind.UNREACHABLE)
        rig.attach()
        want = await rig.engine.request(
            CAM, TimeRange(NOW - 30 * MINUTE, NOW - 29 * MINUTE)
        )
        await rig.engine.stop()
        rig.device.problem = None
        second = make_engine(rig.library, rig.fetcher, rig.clock)
        second.attach_nvr(
            NvrSpec(
                NVR,
                rig.device,
                {CAM: CameraSpec(CameraSettings(mode=SyncMode.ON_DEMAND), ("r1",))},
            )
        )
        async with running(second):
            await rig.sleep(60)
            assert rig.library.closed_wants[want.id] == "kept"
            assert rig.kept_ms() < 2 * MINUTE


async def test_a_camera_without_any_source_says_missing_at_once() -> None:
    async with a_rig() as rig:
        rig.engine.attach_nvr(NvrSpec(NVR, rig.device, {CAM: CameraSpec()}))
        saved = await rig.engine.save_clip(CAM, TimeRange(NOW - MINUTE, NOW))
        assert saved.outcome == "missing"


async def test_a_request_is_cancelled_with_its_camera_or_by_hand() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach(CAM, CAM2)
        later = TimeRange(NOW + HOUR, NOW + HOUR + MINUTE)
        by_hand = await rig.engine.request(CAM, later)
        await rig.engine.cancel_request(by_hand)
        await rig.engine.cancel_request(by_hand)
        assert (await rig.engine.wait_for(by_hand)).outcome == "cancelled"
        with_camera = await rig.engine.request(CAM, later)
        waiting = asyncio.ensure_future(rig.engine.wait_for(with_camera))
        await asyncio.sleep(0)
        await rig.engine.remove_camera(NVR, CAM)
        assert (await waiting).outcome == "cancelled"
        await rig.engine.remove_camera(NVR, CAM)


async def test_stopping_lets_go_of_whoever_waits_and_keeps_the_request() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        later = TimeRange(NOW + HOUR, NOW + HOUR + MINUTE)
        waiting = asyncio.ensure_future(rig.engine.save_clip(CAM, later))
        running = asyncio.ensure_future(rig.engine.sync_now())
        await rig.sleep(0.1)
        await rig.engine.stop()
        assert (await waiting).outcome == "cancelled"
        await running
        assert len(rig.library.open_wants) == 1


async def test_a_request_that_nobody_can_answer_is_closed_after_a_day() -> None:
    async with a_rig(limits=EngineLimits(request_max_age_s=3600)) as rig:
        rig.record(HOUR)
        rig.device.problem = NvrError(ErrorKind.UNREACHABLE)
        rig.attach()
        saved = await rig.engine.save_clip(CAM, TimeRange(NOW - MINUTE, NOW))
        assert saved.outcome == "expired"
        assert rig.clock.now_ms() - NOW >= HOUR


async def test_damaged_footage_ends_a_request_with_what_there_is() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.fetcher.break_at_ms = NOW - 30 * MINUTE
        rig.fetcher.break_kind = ErrorKind.DAMAGED
        rig.attach(settings=CameraSettings(mode=SyncMode.ON_DEMAND))
        wanted = TimeRange(NOW - 31 * MINUTE, NOW - 30 * MINUTE + 30_000)
        saved = await rig.engine.save_clip(CAM, wanted)
        assert saved.outcome == "partly"
        assert saved.missing == (TimeRange(NOW - 30 * MINUTE, wanted.end_ms),)


async def test_a_hole_in_footage_not_wanted_ends_a_request_too() -> None:
    async with a_rig() as rig:
        recording = rig.record(HOUR)
        hole = TimeRange(NOW - 30 * MINUTE, NOW - 29 * MINUTE)
        recording.holes = (hole,)
        rig.attach(settings=CameraSettings(mode=SyncMode.ON_DEMAND))
        wanted = TimeRange(NOW - 31 * MINUTE, NOW - 28 * MINUTE)
        saved = await rig.engine.save_clip(CAM, wanted)
        assert saved.missing == (hole,)
        assert rig.clock.now_ms() - NOW < 5 * MINUTE
        assert len(rig.fetcher.begun) <= 8


async def test_a_request_gets_what_an_index_does_not_list_yet() -> None:
    async with a_rig() as rig:
        recording = rig.record(HOUR)
        recording.lag_ms = 2 * HOUR
        recording.ranges = (TimeRange(NOW - HOUR, NOW - 30 * MINUTE),)
        rig.attach(settings=CameraSettings(mode=SyncMode.ON_DEMAND))
        wanted = TimeRange(NOW - 10 * MINUTE, NOW - 9 * MINUTE)
        saving = asyncio.ensure_future(rig.engine.save_clip(CAM, wanted))
        await rig.sleep(10)
        assert not saving.done()
        listed = recording.footage
        recording.footage = lambda now_ms: (
            listed(now_ms)
            if rig.fetcher.running == 0
            else (TimeRange(NOW - HOUR, now_ms),)
        )
        assert (await saving).outcome == "kept"


async def test_a_fetch_that_finds_no_gop_border_is_cut_off_for_a_request() -> None:
    async with a_rig(speed=0.5) as rig:
        rig.fetcher.gop_ms = 60_000
        rig.record(3 * HOUR)
        rig.attach()
        await rig.sleep(10)
        asked_ms = rig.clock.now_ms()
        wanted = TimeRange(NOW - 3 * HOUR, NOW - 3 * HOUR + 1000)
        await rig.engine.request(CAM, wanted)
        await rig.sleep(10)
        job = rig.fetcher.begun[0].job
        assert job.device_range.duration_ms > MINUTE
        assert rig.clock.now_ms() - asked_ms == 10_000


async def test_a_request_has_its_own_line_in_the_history() -> None:
    async with a_rig() as rig:
        rig.record(2 * HOUR)
        rig.attach(settings=CameraSettings(mode=SyncMode.ON_DEMAND))
        await rig.engine.sync_now()
        wanted = TimeRange(NOW - 30 * MINUTE, NOW - 29 * MINUTE)
        saved = await rig.engine.save_clip(CAM, wanted)
        assert saved.is_whole
        lines = rig.library.run_kinds
        (run_id,) = [key for key, kind in lines.items() if kind is RunKind.REQUEST]
        result = rig.library.run_results[run_id]
        assert result.clips == len(saved.clips)
        assert result.bytes == sum(clip.facts.size_bytes for clip in saved.clips)
        assert (result.errors, result.detail) == (0, "kept")
        others = [r for key, r in rig.library.run_results.items() if key != run_id]
        assert sum(other.clips for other in others) == 0


async def test_a_request_that_fetches_nothing_leaves_no_line() -> None:
    async with a_rig() as rig:
        rig.record(2 * HOUR, until_ago_ms=HOUR)
        rig.attach()
        await rig.engine.sync_now()
        kept = TimeRange(NOW - 90 * MINUTE, NOW - 89 * MINUTE)
        assert (await rig.engine.save_clip(CAM, kept)).is_whole
        assert RunKind.REQUEST not in rig.library.run_kinds.values()


async def test_a_request_cut_short_by_a_stop_says_so_in_the_history() -> None:
    async with a_rig(speed=0.1) as rig:
        rig.record(2 * HOUR)
        rig.attach(settings=CameraSettings(mode=SyncMode.ON_DEMAND))
        await rig.engine.request(CAM, TimeRange(NOW - HOUR, NOW - 30 * MINUTE))
        await rig.sleep(60)
        assert rig.fetcher.running == 1
        await rig.engine.stop()
        (result,) = [
            rig.library.run_results[key]
            for key, kind in rig.library.run_kinds.items()
            if kind is RunKind.REQUEST
        ]
        assert result.detail == "cancelled"


async def test_a_history_that_cannot_be_written_stops_no_request() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)

        async def begin_run(*args: object) -> int:
            raise NvrError(ErrorKind.INDEX_FAILED)

        rig.library.begin_run = begin_run  # a broken index
        rig.attach(settings=CameraSettings(mode=SyncMode.ON_DEMAND))
        wanted = TimeRange(NOW - 30 * MINUTE, NOW - 29 * MINUTE)
        assert (await rig.engine.save_clip(CAM, wanted)).is_whole


async def test_a_camera_has_so_many_open_requests_and_no_more() -> None:
    async with a_rig(limits=EngineLimits(requests_open=3)) as rig:
        rig.record(HOUR)
        rig.device.problem = NvrError(ErrorKind.UNREACHABLE)
        rig.attach(CAM, CAM2)
        stretches = [
            TimeRange(NOW - n * MINUTE, NOW - n * MINUTE + 1_000) for n in range(2, 6)
        ]
        for stretch in stretches[:3]:
            await rig.engine.request(CAM, stretch)
        with pytest.raises(LimitError) as raised:
            await rig.engine.request(CAM, stretches[3])
        assert raised.value.limit is Limit.REQUESTS
        assert raised.value.numbers == {"most": "3"}
        await rig.engine.request(CAM2, stretches[3])
        assert len(rig.library.open_wants) == 4


async def test_a_request_inside_an_open_one_is_a_part_of_it() -> None:
    async with a_rig() as rig:
        rig.record(3 * HOUR)
        rig.device.problem = NvrError(ErrorKind.UNREACHABLE)
        rig.attach()
        outer = await rig.engine.request(CAM, TimeRange(NOW - 9 * MINUTE, NOW))
        inner = await rig.engine.request(
            CAM, TimeRange(NOW - 3 * MINUTE, NOW - 2 * MINUTE)
        )
        again = await rig.engine.request(CAM, outer.range)
        assert outer.id == inner.id == again.id
        long = await rig.engine.request(CAM, TimeRange(NOW - 2 * HOUR, NOW - HOUR))
        moment = await rig.engine.request(
            CAM, TimeRange(NOW - 2 * HOUR, NOW - 2 * HOUR + MINUTE)
        )
        assert moment.id != long.id, "a moment does not wait for an hour"
        beside = await rig.engine.request(CAM, TimeRange(NOW - MINUTE, NOW + 1_000))
        assert beside.id != outer.id
        rig.device.problem = None
        saved = await rig.engine.wait_for(inner)
        assert (saved.range, saved.is_whole) == (inner.range, True)


async def test_a_request_ends_a_day_ahead_at_most() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        now_ms = rig.clock.now_ms()
        await rig.engine.request(CAM, TimeRange(now_ms, now_ms + 24 * HOUR))
        with pytest.raises(LimitError) as raised:
            await rig.engine.request(CAM, TimeRange(now_ms, now_ms + 24 * HOUR + 1))
        assert raised.value.limit is Limit.REQUEST_AHEAD


async def test_many_requests_do_not_flood_the_device() -> None:
    """For stretches that no sweep has seen, so that each has to be searched for."""
    async with a_rig(limits=EngineLimits(requests_open=300)) as rig:
        rig.record(3 * HOUR, until_ago_ms=2 * HOUR)
        rig.attach(settings=CameraSettings(mode=SyncMode.ON_DEMAND))
        await rig.sleep(60)
        begin_ms = rig.clock.now_ms()
        await rig.sleep(700)
        before = rig.device.calls.copy()
        for number in range(300):
            start_ms = begin_ms + number * 2_000
            await rig.engine.request(CAM, TimeRange(start_ms, start_ms + 1_000))
        await rig.sleep(30)
        asked = rig.device.calls - before
        assert 16 <= asked["recording"] <= 16 + 31, asked
        assert asked.total() < 100
        await rig.sleep(3_600)
        assert not rig.library.open_wants, "each has had its turn"
