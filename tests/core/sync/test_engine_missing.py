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

from .world import (
    CAM,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    NVR,
    LiveRecorder,
    OneGate,
    World,
    a_world,
    keep_live,
    make_engine,
    running,
)

pytestmark = pytest.mark.long

SLOW = EngineLimits(tick_s=60)
HOURS = 3600.0


def missing(world: World) -> MissingFootage | None:
    return world.camera_status().missing


async def test_a_device_that_is_away_is_told_after_the_chosen_time_until_it_is_back() -> (
    None
):
    async with a_world(limits=SLOW) as world:
        world.record(HOUR)
        world.attach()
        await world.engine.sync_now()
        await world.sleep(HOURS)
        world.device.problem = NvrError(ErrorKind.UNREACHABLE)
        away_ms = world.clock.now_ms()
        await world.sleep(1.5 * HOURS)
        assert missing(world) is None
        await world.sleep(HOURS)
        found = missing(world)
        assert found is not None
        assert found.cause is MissingCause.NOT_SEEN
        assert found.reason == "unreachable"
        assert abs(found.since_ms - away_ms) <= 16 * MINUTE
        assert found.seconds >= 2 * HOURS
        world.device.problem = None
        await world.sleep(HOURS / 2)
        assert missing(world) is None
        (kept,) = world.library.book(CAM).kept
        assert kept.end_ms > away_ms + 2 * HOUR


async def test_a_refused_login_is_told_as_such() -> None:
    async with a_world(limits=SLOW) as world:
        world.record(HOUR)
        world.attach()
        await world.sleep(HOURS)
        world.device.problem = NvrError(ErrorKind.AUTH_REFUSED)
        await world.sleep(3 * HOURS)
        found = missing(world)
        assert found is not None
        assert (found.cause, found.reason) == ("not_seen", "auth_refused")
        world.device.problem = None
        world.engine.credentials_changed(NVR)
        await world.sleep(HOURS / 2)
        assert missing(world) is None


async def test_storage_that_is_away_is_told_where_something_waits_for_it() -> None:
    async with a_world(limits=SLOW) as world:
        world.record(HOUR)
        world.attach()
        await world.sleep(HOURS)
        world.library.problem = NvrError(ErrorKind.STORAGE_MISSING)
        await world.sleep(3 * HOURS)
        found = missing(world)
        assert found is not None
        assert (found.cause, found.reason) == ("not_copied", "storage_missing")
        assert found.seconds >= 2 * HOURS
        world.library.problem = None
        await world.sleep(HOURS / 2)
        assert missing(world) is None


async def test_storage_that_is_away_harms_nothing_where_nothing_is_recorded() -> None:
    async with a_world(limits=SLOW) as world:
        world.record(2 * HOUR, until_ago_ms=HOUR)
        world.attach()
        await world.engine.sync_now()
        world.library.problem = NvrError(ErrorKind.STORAGE_MISSING)
        await world.sleep(9 * HOURS)
        assert missing(world) is None


@pytest.mark.parametrize("order", list(SyncOrder))
async def test_a_long_backlog_that_shrinks_is_on_its_way(order: SyncOrder) -> None:
    async with a_world(limits=SLOW, speed=4.0) as world:
        world.fetcher.gop_ms = 5 * MINUTE
        world.record(DAY)
        world.attach(settings=CameraSettings(order=order))
        for _ in range(8):
            await world.sleep(HOURS / 2)
            assert missing(world) is None
        assert world.camera_status().backlog_s > 5 * HOURS


async def test_a_camera_that_records_by_events_may_be_silent_for_days() -> None:
    async with a_world(limits=SLOW) as world:
        recording = world.record(3 * DAY, until_ago_ms=3 * DAY - MINUTE)
        start_ms = NOW - 3 * DAY
        recording.ranges = tuple(
            TimeRange(at, at + MINUTE) for at in range(start_ms, NOW, 3 * HOUR)
        )
        world.attach()
        for _ in range(3):
            await world.sleep(24 * HOURS)
            assert missing(world) is None


async def test_a_continuous_recorder_that_stops_recording_is_told() -> None:
    async with a_world(limits=SLOW) as world:
        recording = world.record(3 * DAY)
        world.attach()
        await world.sleep(2 * HOURS)
        assert missing(world) is None
        stopped_ms = world.clock.now_ms()
        recording.ranges = recording.footage(stopped_ms)
        recording.grows_since_ms = None
        await world.sleep(1.8 * HOURS)
        assert missing(world) is None
        await world.sleep(HOURS)
        found = missing(world)
        assert found is not None
        assert found.cause is MissingCause.NO_NEW_FOOTAGE
        assert abs(found.since_ms - stopped_ms) <= MINUTE
        recording.grows_since_ms = world.clock.now_ms()
        await world.sleep(HOURS)
        assert missing(world) is None


async def test_footage_that_is_never_delivered_is_told_until_a_person_does_without() -> (
    None
):
    async with a_world(limits=SLOW) as world:
        world.record(5 * HOUR, until_ago_ms=3 * HOUR)
        world.fetcher.break_at_ms = NOW - 4 * HOUR
        world.fetcher.break_kind = ErrorKind.DAMAGED
        world.attach()
        await world.sleep(HOURS)
        found = missing(world)
        assert found is not None
        assert (found.cause, found.reason) == ("given_up", "damaged")
        assert found.since_ms == NOW - 4 * HOUR
        assert found.seconds == 300
        await world.engine.leave_out(CAM)
        assert world.ms_in(CoverageState.REMOVED) == 5 * MINUTE
        begun = len(world.fetcher.begun)
        await world.sleep(48 * HOURS)
        assert missing(world) is None
        assert len(world.fetcher.begun) == begun
        assert world.camera_status().coverage_percent == 100.0


async def test_a_stretch_that_turns_out_to_be_empty_is_not_missing() -> None:
    async with a_world(limits=SLOW) as world:
        recording = world.record(6 * HOUR, until_ago_ms=4 * HOUR)
        recording.holes = (TimeRange(NOW - 5 * HOUR, NOW - 5 * HOUR + 2 * MINUTE),)
        world.attach()
        for _ in range(12):
            await world.sleep(HOURS / 4)
            assert missing(world) is None
        assert world.ms_in(CoverageState.ABSENT) == 2 * MINUTE


async def test_nothing_is_told_while_people_hold_sync_back() -> None:
    gate = OneGate()
    gate.open = True
    async with a_world(limits=SLOW) as world:
        world.record(HOUR)
        world.attach(gate=gate)
        await world.sleep(HOURS)
        gate.open = False
        await world.sleep(12 * HOURS)
        assert missing(world) is None
        gate.open = True
        await world.sleep(HOURS)
        assert missing(world) is None
        world.engine.set_enabled(CAM, False)
        await world.sleep(12 * HOURS)
        assert missing(world) is None
        world.engine.set_enabled(CAM, True)
        world.engine.pause()
        await world.sleep(12 * HOURS)
        assert missing(world) is None


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
    async with a_world(limits=SLOW) as world:
        world.record(HOUR)
        world.device.problem = NvrError(ErrorKind.UNREACHABLE)
        world.attach(settings=settings, nvr_settings=nvr_settings)
        await world.sleep(24 * HOURS)
        assert missing(world) is None


async def test_a_restart_neither_forgets_nor_hurries() -> None:
    async with a_world(limits=SLOW) as world:
        world.record(HOUR)
        world.attach()
        await world.sleep(HOURS)
        world.device.problem = NvrError(ErrorKind.UNREACHABLE)
        await world.sleep(3 * HOURS)
        before = missing(world)
        assert before is not None
        await world.engine.stop()
        spec = NvrSpec(NVR, world.device, {CAM: CameraSpec(recording_tokens=("r1",))})
        second = make_engine(world.library, world.fetcher, world.clock)
        second.attach_nvr(spec)
        async with running(second):
            await world.sleep(90)
            after = (await second.fresh_status()).camera(NVR, CAM)
            assert after is not None
            assert after.missing is not None
            assert after.missing.since_ms == before.since_ms
            world.device.problem = None
            await world.sleep(HOURS)
        await world.sleep(10 * HOURS)
        # Home Assistant did not run for ten hours: that is no fault of the device's
        third = make_engine(world.library, world.fetcher, world.clock)
        third.attach_nvr(spec)
        async with running(third):
            for _ in range(30):
                await world.sleep(60)
                status = third.status().camera(NVR, CAM)
                assert status is not None
                assert status.missing is None


async def test_nothing_is_said_before_it_is_known() -> None:
    async with a_world() as world:
        world.attach()
        assert not world.camera_status().is_judged
        await world.sleep(10)
        assert world.camera_status().is_judged
        assert missing(world) is None


async def test_a_ledger_that_cannot_be_read_changes_no_judgement() -> None:
    async with a_world(limits=SLOW) as world:
        world.record(HOUR)
        world.attach()
        await world.sleep(HOURS)
        world.device.problem = NvrError(ErrorKind.UNREACHABLE)
        await world.sleep(3 * HOURS)
        before = missing(world)
        assert before is not None
        world.library.index_problem = NvrError(ErrorKind.INDEX_FAILED)
        await world.sleep(300)
        assert missing(world) is not None
        world.library.index_problem = None


# Live


async def live_world(world: World, live: LiveRecorder, **settings: object) -> None:
    world.engine.attach_nvr(
        NvrSpec(
            NVR,
            world.device,
            {
                CAM: CameraSpec(
                    CameraSettings(**settings),  # a shorthand
                    can_live=True,
                    live=live,
                )
            },
        )
    )
    await world.sleep(5)


async def lose(world: World, seconds: float) -> None:
    """Let the live recording fail for a while, as it tells it: piece by piece."""
    problem = Problem(ErrorKind.UNREACHABLE, world.clock.now_ms())
    world.engine.note_live(CAM, LiveNote(SyncState.WAITING, problem))
    end_ms = world.clock.now_ms() + int(seconds * 1000)
    while (now_ms := world.clock.now_ms()) < end_ms:
        await world.sleep(60)
        gap = TimeRange(now_ms, world.clock.now_ms())
        await world.library.mark(CAM, [gap], CoverageState.LOST, "unreachable")


async def test_a_live_recording_that_fails_is_told_until_it_works_again() -> None:
    live = LiveRecorder()
    live.is_about = LiveNow(is_expected=True, is_continuous=True)
    async with a_world(limits=SLOW) as world:
        await live_world(world, live)
        for _ in range(12):
            await world.sleep(300)
            end_ms = world.clock.now_ms()
            keep_live(world, TimeRange(end_ms - 5 * MINUTE, end_ms))
        failed_ms = world.clock.now_ms()
        await lose(world, 1.8 * HOURS)
        assert missing(world) is None
        await lose(world, 0.5 * HOURS)
        found = missing(world)
        assert found is not None
        assert (found.cause, found.reason) == ("not_recorded", "unreachable")
        assert found.since_ms == failed_ms
        world.engine.note_live(CAM, LiveNote(SyncState.RECORDING))
        began_ms = world.clock.now_ms()
        for _ in range(18):
            await world.sleep(60)
            open_clip = TimeRange(began_ms, world.clock.now_ms())
            live.is_about = LiveNow(True, True, open_clip)
        assert missing(world) is None


async def test_a_closed_gate_expects_nothing_of_a_live_recording() -> None:
    live = LiveRecorder()
    live.is_about = LiveNow(is_expected=True, is_continuous=True)
    async with a_world(limits=SLOW) as world:
        await live_world(world, live)
        await lose(world, 3 * HOURS)
        assert missing(world) is not None
        live.is_about = LiveNow()
        await world.sleep(180)
        assert missing(world) is None


async def test_a_live_recording_counts_from_its_first_second() -> None:
    live = LiveRecorder()
    async with a_world() as world:
        await live_world(world, live)
        now_ms = world.clock.now_ms()
        await world.library.mark(
            CAM, [TimeRange(now_ms - 1000, now_ms)], CoverageState.LOST, "starting"
        )
        live.is_about = LiveNow(True, True, TimeRange(now_ms, now_ms + 99_000))
        status = (await world.engine.fresh_status()).camera(NVR, CAM)
        assert status is not None
        assert status.coverage_percent is None or status.coverage_percent > 98
        keep_live(world, TimeRange(now_ms, now_ms + 99_000))
        await world.sleep(5)
        status = (await world.engine.fresh_status()).camera(NVR, CAM)
        assert status is not None
        assert status.coverage_percent == pytest.approx(99.0)


async def test_what_is_recorded_live_and_listed_by_the_device_counts_once() -> None:
    live = LiveRecorder()
    async with a_world() as world:
        world.record(HOUR)
        world.attach(
            settings=CameraSettings(source=SourceChoice.LIVE, settle_s=3600),
            can_live=True,
            live=live,
        )
        keep_live(world, TimeRange(NOW - HOUR, NOW - 2 * MINUTE))
        await world.sleep(60)
        now_ms = world.clock.now_ms()
        live.is_about = LiveNow(True, True, TimeRange(NOW - 2 * MINUTE, now_ms))
        assert world.ms_in(CoverageState.ON_DEVICE) > MINUTE
        status = (await world.engine.fresh_status()).camera(NVR, CAM)
        assert status is not None
        assert status.coverage_percent == 100.0
        # the clip was completed, and the recording has not told so yet
        keep_live(world, TimeRange(NOW - 2 * MINUTE, now_ms + MINUTE))
        await world.sleep(5)
        status = (await world.engine.fresh_status()).camera(NVR, CAM)
        assert status is not None
        assert status.coverage_percent == 100.0
