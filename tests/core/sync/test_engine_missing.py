"""Stories of footage that ought to be kept and is not: told, and taken back."""

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import CoverageState
from custom_components.vtrack_nvr.core.sync.ports import LiveNow
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    CameraSpec,
    EngineLimits,
    NvrSettings,
    NvrSpec,
    SourceChoice,
    SyncMode,
    SyncOrder,
)
from custom_components.vtrack_nvr.core.sync.status import (
    LiveNote,
    MissingCause,
    MissingFootage,
    Problem,
    SyncState,
)

from .rig import (
    CAM,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    NVR,
    EngineRig,
    LiveRecorder,
    OneGate,
    a_rig,
    keep_live,
    make_engine,
    running,
)

pytestmark = pytest.mark.long

SLOW = EngineLimits(tick_s=60)
HOURS = 3600.0


def missing(rig: EngineRig) -> MissingFootage | None:
    return rig.camera_status().missing


async def test_a_device_that_is_away_is_told_after_the_chosen_time_until_it_is_back() -> (
    None
):
    async with a_rig(limits=SLOW) as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.engine.sync_now()
        await rig.sleep(HOURS)
        rig.device.problem = NvrError(ErrorKind.UNREACHABLE)
        away_ms = rig.clock.now_ms()
        await rig.sleep(1.5 * HOURS)
        assert missing(rig) is None
        await rig.sleep(HOURS)
        found = missing(rig)
        assert found is not None
        assert found.cause is MissingCause.NOT_SEEN
        assert found.reason == "unreachable"
        assert abs(found.since_ms - away_ms) <= 16 * MINUTE
        assert found.seconds >= 2 * HOURS
        rig.device.problem = None
        await rig.sleep(HOURS / 2)
        assert missing(rig) is None
        (kept,) = rig.library.book(CAM).kept
        assert kept.end_ms > away_ms + 2 * HOUR


async def test_a_refused_login_is_told_as_such() -> None:
    async with a_rig(limits=SLOW) as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.sleep(HOURS)
        rig.device.problem = NvrError(ErrorKind.AUTH_REFUSED)
        await rig.sleep(3 * HOURS)
        found = missing(rig)
        assert found is not None
        assert (found.cause, found.reason) == ("not_seen", "auth_refused")
        rig.device.problem = None
        rig.engine.credentials_changed(NVR)
        await rig.sleep(HOURS / 2)
        assert missing(rig) is None


async def test_storage_that_is_away_is_told_where_something_waits_for_it() -> None:
    async with a_rig(limits=SLOW) as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.sleep(HOURS)
        rig.library.problem = NvrError(ErrorKind.STORAGE_MISSING)
        await rig.sleep(3 * HOURS)
        found = missing(rig)
        assert found is not None
        assert (found.cause, found.reason) == ("not_copied", "storage_missing")
        assert found.seconds >= 2 * HOURS
        rig.library.problem = None
        await rig.sleep(HOURS / 2)
        assert missing(rig) is None


async def test_storage_that_is_away_harms_nothing_where_nothing_is_recorded() -> None:
    async with a_rig(limits=SLOW) as rig:
        rig.record(2 * HOUR, until_ago_ms=HOUR)
        rig.attach()
        await rig.engine.sync_now()
        rig.library.problem = NvrError(ErrorKind.STORAGE_MISSING)
        await rig.sleep(9 * HOURS)
        assert missing(rig) is None


@pytest.mark.parametrize("order", list(SyncOrder))
async def test_a_long_backlog_that_shrinks_is_on_its_way(order: SyncOrder) -> None:
    async with a_rig(limits=SLOW, speed=4.0) as rig:
        rig.fetcher.gop_ms = 5 * MINUTE
        rig.record(DAY)
        rig.attach(settings=CameraSettings(order=order))
        for _ in range(8):
            await rig.sleep(HOURS / 2)
            assert missing(rig) is None
        assert rig.camera_status().backlog_s > 5 * HOURS


async def test_a_camera_that_records_by_events_may_be_silent_for_days() -> None:
    async with a_rig(limits=SLOW) as rig:
        recording = rig.record(3 * DAY, until_ago_ms=3 * DAY - MINUTE)
        start_ms = NOW - 3 * DAY
        recording.ranges = tuple(
            TimeRange(at, at + MINUTE) for at in range(start_ms, NOW, 3 * HOUR)
        )
        rig.attach()
        for _ in range(3):
            await rig.sleep(24 * HOURS)
            assert missing(rig) is None


async def test_a_continuous_recorder_that_stops_recording_is_told() -> None:
    async with a_rig(limits=SLOW) as rig:
        recording = rig.record(3 * DAY)
        rig.attach()
        await rig.sleep(2 * HOURS)
        assert missing(rig) is None
        stopped_ms = rig.clock.now_ms()
        recording.ranges = recording.footage(stopped_ms)
        recording.grows_since_ms = None
        await rig.sleep(1.8 * HOURS)
        assert missing(rig) is None
        await rig.sleep(HOURS)
        found = missing(rig)
        assert found is not None
        assert found.cause is MissingCause.NO_NEW_FOOTAGE
        assert abs(found.since_ms - stopped_ms) <= MINUTE
        recording.grows_since_ms = rig.clock.now_ms()
        await rig.sleep(HOURS)
        assert missing(rig) is None


async def test_footage_that_is_never_delivered_is_told_until_a_person_does_without() -> (
    None
):
    async with a_rig(limits=SLOW) as rig:
        rig.record(5 * HOUR, until_ago_ms=3 * HOUR)
        rig.fetcher.break_at_ms = NOW - 4 * HOUR
        rig.fetcher.break_kind = ErrorKind.DAMAGED
        rig.attach()
        await rig.sleep(HOURS)
        found = missing(rig)
        assert found is not None
        assert (found.cause, found.reason) == ("given_up", "damaged")
        assert found.since_ms == NOW - 4 * HOUR
        assert found.seconds == 300
        await rig.engine.leave_out(CAM)
        assert rig.ms_in(CoverageState.REMOVED) == 5 * MINUTE
        begun = len(rig.fetcher.begun)
        await rig.sleep(48 * HOURS)
        assert missing(rig) is None
        assert len(rig.fetcher.begun) == begun
        assert rig.camera_status().coverage_percent == 100.0


async def test_a_stretch_that_turns_out_to_be_empty_is_not_missing() -> None:
    async with a_rig(limits=SLOW) as rig:
        recording = rig.record(6 * HOUR, until_ago_ms=4 * HOUR)
        recording.holes = (TimeRange(NOW - 5 * HOUR, NOW - 5 * HOUR + 2 * MINUTE),)
        rig.attach()
        for _ in range(12):
            await rig.sleep(HOURS / 4)
            assert missing(rig) is None
        assert rig.ms_in(CoverageState.ABSENT) == 2 * MINUTE


async def test_nothing_is_told_while_people_hold_sync_back() -> None:
    gate = OneGate()
    gate.open = True
    async with a_rig(limits=SLOW) as rig:
        rig.record(HOUR)
        rig.attach(gate=gate)
        await rig.sleep(HOURS)
        gate.open = False
        await rig.sleep(12 * HOURS)
        assert missing(rig) is None
        gate.open = True
        await rig.sleep(HOURS)
        assert missing(rig) is None
        rig.engine.set_enabled(CAM, False)
        await rig.sleep(12 * HOURS)
        assert missing(rig) is None
        rig.engine.set_enabled(CAM, True)
        rig.engine.pause()
        await rig.sleep(12 * HOURS)
        assert missing(rig) is None


@pytest.mark.parametrize(
    ("settings", "nvr_settings"),
    [
        (CameraSettings(mode=SyncMode.ON_DEMAND), NvrSettings()),
        (CameraSettings(), NvrSettings(missing_after_s=0)),
    ],
)
async def test_nothing_is_told_that_nobody_expects(
    settings: CameraSettings, nvr_settings: NvrSettings
) -> None:
    async with a_rig(limits=SLOW) as rig:
        rig.record(HOUR)
        rig.device.problem = NvrError(ErrorKind.UNREACHABLE)
        rig.attach(settings=settings, nvr_settings=nvr_settings)
        await rig.sleep(24 * HOURS)
        assert missing(rig) is None


async def test_a_restart_neither_forgets_nor_hurries() -> None:
    async with a_rig(limits=SLOW) as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.sleep(HOURS)
        rig.device.problem = NvrError(ErrorKind.UNREACHABLE)
        await rig.sleep(3 * HOURS)
        before = missing(rig)
        assert before is not None
        await rig.engine.stop()
        spec = NvrSpec(NVR, rig.device, {CAM: CameraSpec(recording_tokens=("r1",))})
        second = make_engine(rig.library, rig.fetcher, rig.clock)
        second.attach_nvr(spec)
        async with running(second):
            await rig.sleep(90)
            after = (await second.fresh_status()).camera(NVR, CAM)
            assert after is not None
            assert after.missing is not None
            assert after.missing.since_ms == before.since_ms
            rig.device.problem = None
            await rig.sleep(HOURS)
        await rig.sleep(10 * HOURS)
        # Home Assistant did not run for ten hours: that is no fault of the device's
        third = make_engine(rig.library, rig.fetcher, rig.clock)
        third.attach_nvr(spec)
        async with running(third):
            for _ in range(30):
                await rig.sleep(60)
                status = third.status().camera(NVR, CAM)
                assert status is not None
                assert status.missing is None


async def test_nothing_is_said_before_it_is_known() -> None:
    async with a_rig() as rig:
        rig.attach()
        assert not rig.camera_status().is_judged
        await rig.sleep(10)
        assert rig.camera_status().is_judged
        assert missing(rig) is None


async def test_a_ledger_that_cannot_be_read_changes_no_judgement() -> None:
    async with a_rig(limits=SLOW) as rig:
        rig.record(HOUR)
        rig.attach()
        await rig.sleep(HOURS)
        rig.device.problem = NvrError(ErrorKind.UNREACHABLE)
        await rig.sleep(3 * HOURS)
        before = missing(rig)
        assert before is not None
        rig.library.index_problem = NvrError(ErrorKind.INDEX_FAILED)
        await rig.sleep(300)
        assert missing(rig) is not None
        rig.library.index_problem = None


# Live


async def live_world(rig: EngineRig, live: LiveRecorder, **settings: object) -> None:
    rig.engine.attach_nvr(
        NvrSpec(
            NVR,
            rig.device,
            {
                CAM: CameraSpec(
                    CameraSettings(**settings),  # a shorthand
                    can_live=True,
                    live=live,
                )
            },
        )
    )
    await rig.sleep(5)


async def lose(rig: EngineRig, seconds: float) -> None:
    """Let the live recording fail for a while, as it tells it: piece by piece."""
    problem = Problem(ErrorKind.UNREACHABLE, rig.clock.now_ms())
    rig.engine.note_live(CAM, LiveNote(SyncState.WAITING, problem))
    end_ms = rig.clock.now_ms() + int(seconds * 1000)
    while (now_ms := rig.clock.now_ms()) < end_ms:
        await rig.sleep(60)
        gap = TimeRange(now_ms, rig.clock.now_ms())
        await rig.library.mark(CAM, [gap], CoverageState.LOST, "unreachable")


async def test_a_live_recording_that_fails_is_told_until_it_works_again() -> None:
    live = LiveRecorder()
    live.is_about = LiveNow(is_expected=True, is_continuous=True)
    async with a_rig(limits=SLOW) as rig:
        await live_world(rig, live)
        for _ in range(12):
            await rig.sleep(300)
            end_ms = rig.clock.now_ms()
            keep_live(rig, TimeRange(end_ms - 5 * MINUTE, end_ms))
        failed_ms = rig.clock.now_ms()
        await lose(rig, 1.8 * HOURS)
        assert missing(rig) is None
        await lose(rig, 0.5 * HOURS)
        found = missing(rig)
        assert found is not None
        assert (found.cause, found.reason) == ("not_recorded", "unreachable")
        assert found.since_ms == failed_ms
        rig.engine.note_live(CAM, LiveNote(SyncState.RECORDING))
        began_ms = rig.clock.now_ms()
        for _ in range(18):
            await rig.sleep(60)
            open_clip = TimeRange(began_ms, rig.clock.now_ms())
            live.is_about = LiveNow(True, True, open_clip)
        assert missing(rig) is None


async def test_a_closed_gate_expects_nothing_of_a_live_recording() -> None:
    live = LiveRecorder()
    live.is_about = LiveNow(is_expected=True, is_continuous=True)
    async with a_rig(limits=SLOW) as rig:
        await live_world(rig, live)
        await lose(rig, 3 * HOURS)
        assert missing(rig) is not None
        live.is_about = LiveNow()
        await rig.sleep(180)
        assert missing(rig) is None


async def test_a_live_recording_counts_from_its_first_second() -> None:
    live = LiveRecorder()
    async with a_rig() as rig:
        await live_world(rig, live)
        now_ms = rig.clock.now_ms()
        await rig.library.mark(
            CAM, [TimeRange(now_ms - 1000, now_ms)], CoverageState.LOST, "starting"
        )
        live.is_about = LiveNow(True, True, TimeRange(now_ms, now_ms + 99_000))
        status = (await rig.engine.fresh_status()).camera(NVR, CAM)
        assert status is not None
        assert status.coverage_percent is None or status.coverage_percent > 98
        keep_live(rig, TimeRange(now_ms, now_ms + 99_000))
        await rig.sleep(5)
        status = (await rig.engine.fresh_status()).camera(NVR, CAM)
        assert status is not None
        assert status.coverage_percent == pytest.approx(99.0)


async def test_what_is_recorded_live_and_listed_by_the_device_counts_once() -> None:
    live = LiveRecorder()
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach(
            settings=CameraSettings(source=SourceChoice.LIVE, settle_s=3600),
            can_live=True,
            live=live,
        )
        keep_live(rig, TimeRange(NOW - HOUR, NOW - 2 * MINUTE))
        await rig.sleep(60)
        now_ms = rig.clock.now_ms()
        live.is_about = LiveNow(True, True, TimeRange(NOW - 2 * MINUTE, now_ms))
        assert rig.ms_in(CoverageState.ON_DEVICE) > MINUTE
        status = (await rig.engine.fresh_status()).camera(NVR, CAM)
        assert status is not None
        assert status.coverage_percent == 100.0
        # the clip was completed, and the recording has not told so yet
        keep_live(rig, TimeRange(NOW - 2 * MINUTE, now_ms + MINUTE))
        await rig.sleep(5)
        status = (await rig.engine.fresh_status()).camera(NVR, CAM)
        assert status is not None
        assert status.coverage_percent == 100.0
