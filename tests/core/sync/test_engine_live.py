"""The engine beside a live recording, and what events make it do."""

import asyncio
import logging

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import CameraTotals
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClipSource,
    DeviceEvent,
    EventClass,
    EventMark,
    NvrKey,
)
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    CameraSpec,
    NvrSpec,
    SourceChoice,
    SyncMode,
)
from custom_components.vtrack_nvr.core.sync.status import (
    FootageSource,
    LiveNote,
    SourceReason,
    SyncState,
)

from .rig import CAM, CAM2, HOUR, MINUTE, NOW, NVR, LiveRecorder, a_rig, keep_live


async def test_a_live_cameras_request_is_closed_when_its_clip_is_kept() -> None:
    live = LiveRecorder()
    async with a_rig() as rig:
        rig.engine.attach_nvr(
            NvrSpec(NVR, rig.device, {CAM: CameraSpec(can_live=True, live=live)})
        )
        now_ms = rig.clock.now_ms()
        wanted = TimeRange(now_ms - 10_000, now_ms + 20_000)
        saving = asyncio.ensure_future(rig.engine.save_clip(CAM, wanted))
        await rig.sleep(40)
        assert live.wanted == [(CAM, wanted)]
        assert not saving.done()
        keep_live(rig, TimeRange(wanted.start_ms - 1000, wanted.end_ms + 1000))
        saved = await saving
        assert saved.outcome == "kept"
        assert saved.clips[0].facts.source is ClipSource.LIVE
        status = rig.camera_status()
        assert status.source is FootageSource.LIVE
        assert status.source_reason is SourceReason.NO_PROFILE_G


async def test_a_fresh_status_waits_for_sums_that_are_being_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_rig() as rig:
        rig.engine.attach_nvr(
            NvrSpec(NVR, rig.device, {CAM: CameraSpec(can_live=True)})
        )
        await rig.sleep(5)
        is_asked, may_answer = asyncio.Event(), asyncio.Event()
        totals = rig.library.totals

        async def slow(camera: CameraKey) -> CameraTotals:
            is_asked.set()
            await may_answer.wait()
            return await totals(camera)

        monkeypatch.setattr(rig.library, "totals", slow)
        kept = TimeRange(NOW - MINUTE, NOW)
        keep_live(rig, kept)
        rig.engine.notify_kept(CAM, kept)
        await is_asked.wait()
        asking = asyncio.ensure_future(rig.engine.fresh_status())
        await asyncio.sleep(0.05)
        may_answer.set()
        status = (await asking).camera(NVR, CAM)
        assert status is not None
        assert status.clips == 1


async def test_a_live_cameras_request_ends_when_its_clip_never_comes() -> None:
    async with a_rig() as rig:
        rig.engine.attach_nvr(
            NvrSpec(NVR, rig.device, {CAM: CameraSpec(can_live=True)})
        )
        wanted = TimeRange(NOW - MINUTE, NOW)
        keep_live(rig, TimeRange(NOW - 2 * MINUTE, NOW - MINUTE // 2))
        saved = await rig.engine.save_clip(CAM, wanted)
        assert saved.outcome == "partly"
        assert saved.missing == (TimeRange(NOW - MINUTE // 2, NOW),)
        assert not rig.fetcher.begun


async def test_holes_of_a_live_recording_are_filled_from_the_device() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        keep_live_range = TimeRange(NOW - HOUR, NOW - 30 * MINUTE)
        rig.attach(settings=CameraSettings(source=SourceChoice.LIVE), can_live=True)
        keep_live(rig, keep_live_range)
        await rig.engine.sync_now()
        assert rig.kept_ms() == 55 * MINUTE
        filled = rig.library.book(CAM).clips[1:]
        assert {clip.facts.source for clip in filled} == {ClipSource.BACKFILL}


async def test_an_event_of_a_live_camera_is_recorded_live() -> None:
    live = LiveRecorder()
    async with a_rig() as rig:
        settings = CameraSettings(mode=SyncMode.EVENTS)
        rig.engine.attach_nvr(
            NvrSpec(
                NVR,
                rig.device,
                {CAM: CameraSpec(settings, can_live=True, live=live)},
            )
        )
        await rig.sleep(1)
        event = DeviceEvent(EventClass.MOTION, "t", "", rig.clock.now_ms(), True)
        rig.engine.notify_event(NVR, event)
        rig.engine.notify_event(NvrKey("unknown"), event)
        await rig.sleep(1)
        assert live.wanted


async def test_events_of_unknown_sources_are_left_out() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach(CAM, CAM2)
        event = DeviceEvent(EventClass.MOTION, "t", "nobody", NOW, True)
        rig.engine.notify_event(NVR, event)
        await rig.sleep(5)
        assert not rig.library.book(CAM).marks


async def test_a_mark_of_the_past_makes_spurned_footage_wanted() -> None:
    async with a_rig() as rig:
        rig.record(2 * HOUR)
        rig.attach(settings=CameraSettings(mode=SyncMode.EVENTS))
        await rig.engine.sync_now()
        assert rig.kept_ms() == 0
        moment = TimeRange(NOW - HOUR, NOW - HOUR + 5_000)
        rig.engine.notify_mark(CAM, EventMark(EventClass.OTHER, moment, "door"))
        await rig.engine.sync_now()
        (kept,) = rig.library.book(CAM).kept
        assert kept.start_ms <= moment.start_ms - 10_000
        assert kept.end_ms >= moment.end_ms + 20_000


async def test_an_event_that_cannot_be_stored_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.engine.sync_now()
        rig.library.index_problem = NvrError(ErrorKind.INDEX_FAILED)
        rig.engine.notify_mark(
            CAM, EventMark(EventClass.OTHER, TimeRange(NOW, NOW), "door")
        )
        await rig.sleep(0.1)
        rig.library.index_problem = None
        assert "an event was not stored" in caplog.text
        await rig.sleep(600)
        assert rig.nvr_status().problem is None


async def test_a_note_of_the_live_recording_shows_in_the_status() -> None:
    async with a_rig() as rig:
        rig.engine.attach_nvr(
            NvrSpec(NVR, rig.device, {CAM: CameraSpec(can_live=True)})
        )
        await rig.sleep(5)
        rig.engine.note_live(CAM, LiveNote(SyncState.RECORDING))
        await rig.sleep(2)
        assert rig.camera_status().state is SyncState.RECORDING
        rig.engine.note_live(CAM, LiveNote(SyncState.WAITING))
        await rig.sleep(2)
        assert rig.camera_status().state is SyncState.WAITING
        assert (await rig.engine.fresh_status()).nvrs
