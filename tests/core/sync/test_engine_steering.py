"""People and automations steer the engine: cameras come and go, gates, switches, pauses."""

import asyncio

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import CameraKey, NvrKey
from custom_components.vtrack_nvr.core.sync.settings import CameraSpec, NvrSettings
from custom_components.vtrack_nvr.core.sync.status import SyncState

from .world import CAM, CAM2, HOUR, MINUTE, NOW, NVR, OneGate, a_world


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


async def test_asking_for_what_is_not_attached_says_so() -> None:
    async with a_world() as world:
        with pytest.raises(NvrError) as caught:
            world.engine.credentials_changed(NVR)
        assert caught.value.kind is ErrorKind.GONE
        with pytest.raises(NvrError):
            world.engine.set_enabled(CAM, True)


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


async def test_a_pause_ends_by_itself() -> None:
    async with a_world(speed=10.0) as world:
        world.record(2 * HOUR)
        world.attach()
        await world.sleep(30)
        world.engine.pause(NVR, 600)
        await world.sleep(300)
        status = world.nvr_status()
        assert world.fetcher.running == 0
        assert status.state is SyncState.PAUSED
        assert status.paused_until_ms is not None
        left_s = (status.paused_until_ms - world.clock.now_ms()) / 1000
        assert 295 <= left_s <= 300
        await world.sleep(330)
        assert world.fetcher.running == 1
        assert world.nvr_status().paused_until_ms is None


async def test_cancelled_work_ends_and_begins_again_with_the_next_sweep() -> None:
    async with a_world(speed=1.0) as world:
        world.record(2 * HOUR)
        world.record(2 * HOUR, token="r2")
        world.attach(CAM, CAM2)
        await world.sleep(30)
        one = asyncio.ensure_future(world.engine.sync_now([CAM]))
        both = asyncio.ensure_future(world.engine.sync_now([CAM, CAM2]))
        wanted = TimeRange(NOW - HOUR, NOW - HOUR + MINUTE)
        want = await world.engine.request(CAM, wanted)
        saved = asyncio.ensure_future(world.engine.wait_for(want))
        await world.sleep(1)

        ended = await world.engine.cancel_work(CAM)
        assert ended.requests == 1
        assert ended.runs == 2
        await world.sleep(2)
        assert saved.done()
        assert (await saved).outcome == "cancelled"
        assert one.done()
        report = await one
        assert not report.is_complete
        assert report.problem is not None
        assert report.problem.kind is ErrorKind.CANCELLED
        assert not both.done(), "the other camera is still worked for"

        await world.sleep(30)  # what was under way is kept
        kept_ms = world.kept_ms(CAM)
        await world.sleep(60)
        assert world.kept_ms(CAM) == kept_ms
        await world.sleep(4 * 3600)
        assert world.kept_ms(CAM) > kept_ms
        assert (await world.engine.cancel_work(CAM)).requests == 0
        both.cancel()
        with pytest.raises(NvrError):
            await world.engine.cancel_work(CameraKey("never/there"))
