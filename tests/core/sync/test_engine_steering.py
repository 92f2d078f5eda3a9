"""People and automations steer the engine: cameras come and go, gates, switches, pauses."""

import asyncio

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import CameraKey, NvrKey
from custom_components.vtrack_nvr.core.sync.settings import CameraSpec, NvrSettings
from custom_components.vtrack_nvr.core.sync.status import SyncState

from .rig import CAM, CAM2, HOUR, MINUTE, NOW, NVR, OneGate, a_rig


async def test_adding_and_removing_a_camera_does_not_disturb_the_others() -> None:
    async with a_rig(speed=10.0) as rig:
        rig.record(3 * HOUR)
        rig.record(HOUR, token="r2")
        rig.attach(CAM)
        await rig.sleep(60)
        assert len(rig.fetcher.begun) == 1
        rig.engine.add_camera(NVR, CAM2, CameraSpec(recording_tokens=("r2",)))
        await rig.sleep(60)
        await rig.engine.remove_camera(NVR, CAM2)
        rig.engine.update_nvr(NVR, NvrSettings(interval_s=600))
        await rig.sleep(60)
        assert len(rig.fetcher.begun) == 1
        assert rig.fetcher.running == 1
        assert CAM2 not in rig.nvr_status().cameras


async def test_switching_off_ends_background_work_and_not_requests() -> None:
    async with a_rig(speed=10.0) as rig:
        rig.record(3 * HOUR)
        rig.attach()
        await rig.sleep(60)
        rig.engine.set_enabled(CAM, False)
        await rig.sleep(60)
        assert rig.fetcher.running == 0
        assert rig.camera_status().state is SyncState.PAUSED
        kept_ms = rig.kept_ms()
        await rig.sleep(3600)
        assert rig.kept_ms() == kept_ms
        wanted = TimeRange(NOW - 3 * HOUR, NOW - 3 * HOUR + MINUTE)
        assert (await rig.engine.save_clip(CAM, wanted)).outcome == "kept"
        rig.engine.set_enabled(CAM, True)
        await rig.sleep(3600)
        assert rig.kept_ms() > 3 * HOUR


async def test_a_closed_gate_holds_back_all_but_requests_and_sync_by_hand() -> None:
    gate = OneGate()
    async with a_rig(speed=10.0) as rig:
        rig.record(HOUR)
        rig.attach(gate=gate)
        await rig.sleep(1800)
        assert not rig.fetcher.begun
        assert set(rig.device.calls) == {"measure_clock"}
        assert rig.nvr_status().is_online
        wanted = TimeRange(NOW - HOUR, NOW - HOUR + MINUTE)
        assert (await rig.engine.save_clip(CAM, wanted)).outcome == "kept"
        gate.open = True
        await rig.sleep(60)
        assert rig.fetcher.running == 1
        gate.open = False
        await rig.sleep(30)
        assert rig.fetcher.running == 0
        assert rig.camera_status().state is SyncState.WAITING
        report = await rig.engine.sync_now()
        assert report.is_complete
        assert rig.kept_ms() >= HOUR


async def test_pause_and_resume() -> None:
    async with a_rig(speed=10.0) as rig:
        rig.record(2 * HOUR)
        rig.attach()
        await rig.sleep(30)
        rig.engine.pause()
        await rig.sleep(60)
        assert rig.fetcher.running == 0
        assert rig.nvr_status().state is SyncState.PAUSED
        assert not (await rig.engine.sync_now()).is_complete
        rig.engine.resume(NVR)
        await rig.sleep(30)
        assert rig.fetcher.running == 1
        rig.engine.cancel(CAM)
        await rig.sleep(1800)
        assert rig.kept_ms() > 2 * HOUR


async def test_detaching_ends_the_fetches_and_leaves_the_rest_alone() -> None:
    async with a_rig(speed=10.0) as rig:
        rig.record(3 * HOUR)
        rig.attach()
        await rig.sleep(60)
        await rig.engine.detach_nvr(NVR)
        assert rig.fetcher.running == 0
        assert rig.engine.status().camera(NVR, CAM) is None
        with pytest.raises(NvrError):
            await rig.engine.request(CAM, TimeRange(0, 1))
        rig.attach()
        await rig.sleep(1800)
        assert rig.kept_ms() > 3 * HOUR


async def test_a_removed_camera_ends_its_fetch() -> None:
    async with a_rig(speed=10.0) as rig:
        rig.record(3 * HOUR)
        rig.attach()
        await rig.sleep(30)
        assert rig.fetcher.running == 1
        await rig.engine.remove_camera(NVR, CAM)
        assert rig.fetcher.running == 0
        assert rig.kept_ms() > 0


async def test_another_spec_of_the_same_nvr_takes_the_place_of_the_old() -> None:
    async with a_rig(speed=10.0) as rig:
        rig.record(2 * HOUR)
        rig.record(2 * HOUR, token="r2")
        rig.attach(CAM)
        await rig.sleep(30)
        rig.attach(CAM2)
        await rig.sleep(30)
        assert list(rig.nvr_status().cameras) == [CAM2]
        await rig.sleep(1200)
        assert rig.kept_ms(CAM2) >= 2 * HOUR
        await rig.engine.detach_nvr(NvrKey("never-there"))


async def test_asking_for_what_is_not_attached_says_so() -> None:
    async with a_rig() as rig:
        with pytest.raises(NvrError) as caught:
            rig.engine.credentials_changed(NVR)
        assert caught.value.kind is ErrorKind.GONE
        with pytest.raises(NvrError):
            rig.engine.set_enabled(CAM, True)


async def test_a_camera_removed_in_mid_sweep_is_left_out() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.record(HOUR, token="r2")
        rig.device.round_trip_s = 1.0
        rig.attach(CAM, CAM2)
        await rig.sleep(2.5)
        assert rig.camera_status(CAM).state is SyncState.SEARCHING
        await rig.engine.remove_camera(NVR, CAM2)
        await rig.sleep(60)
        assert not rig.library.book(CAM2).entries
        assert rig.kept_ms(CAM) == 55 * MINUTE


async def test_a_pause_ends_by_itself() -> None:
    async with a_rig(speed=10.0) as rig:
        rig.record(2 * HOUR)
        rig.attach()
        await rig.sleep(30)
        rig.engine.pause(NVR, 600)
        await rig.sleep(300)
        status = rig.nvr_status()
        assert rig.fetcher.running == 0
        assert status.state is SyncState.PAUSED
        assert status.paused_until_ms is not None
        left_s = (status.paused_until_ms - rig.clock.now_ms()) / 1000
        assert 295 <= left_s <= 300
        await rig.sleep(330)
        assert rig.fetcher.running == 1
        assert rig.nvr_status().paused_until_ms is None


async def test_cancelled_work_ends_and_begins_again_with_the_next_sweep() -> None:
    async with a_rig(speed=1.0) as rig:
        rig.record(2 * HOUR)
        rig.record(2 * HOUR, token="r2")
        rig.attach(CAM, CAM2)
        await rig.sleep(30)
        one = asyncio.ensure_future(rig.engine.sync_now([CAM]))
        both = asyncio.ensure_future(rig.engine.sync_now([CAM, CAM2]))
        wanted = TimeRange(NOW - HOUR, NOW - HOUR + MINUTE)
        want = await rig.engine.request(CAM, wanted)
        saved = asyncio.ensure_future(rig.engine.wait_for(want))
        await rig.sleep(1)

        ended = await rig.engine.cancel_work(CAM)
        assert ended.requests == 1
        assert ended.runs == 2
        await rig.sleep(2)
        assert saved.done()
        assert (await saved).outcome == "cancelled"
        assert one.done()
        report = await one
        assert not report.is_complete
        assert report.problem is not None
        assert report.problem.kind is ErrorKind.CANCELLED
        assert not both.done(), "the other camera is still worked for"

        await rig.sleep(30)  # what was under way is kept
        kept_ms = rig.kept_ms(CAM)
        await rig.sleep(60)
        assert rig.kept_ms(CAM) == kept_ms
        await rig.sleep(4 * 3600)
        assert rig.kept_ms(CAM) > kept_ms
        assert (await rig.engine.cancel_work(CAM)).requests == 0
        both.cancel()
        with pytest.raises(NvrError):
            await rig.engine.cancel_work(CameraKey("never/there"))
