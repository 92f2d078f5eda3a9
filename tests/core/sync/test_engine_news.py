"""What the engine tells others, and a weekly plan of what is wanted."""

from dataclasses import replace
import datetime as dt

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.ledger import RunKind
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    CoverageState,
    DeviceEvent,
    DeviceNotice,
    EventClass,
    EventMark,
    NvrKey,
    Recording,
    RecordingStatus,
)
from custom_components.vtrack_nvr.core.sync.news import NvrListener
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    CameraSpec,
    SyncMode,
)
from custom_components.vtrack_nvr.core.sync.snapshots import recording_on_device
from custom_components.vtrack_nvr.core.sync.status import SyncReport
from custom_components.vtrack_nvr.core.sync.wanted import around, wanted_inside
from custom_components.vtrack_nvr.core.sync.week import WeekBlock, WeekPlan

from .rig import CAM, DAY, HOUR, MINUTE, NOW, NVR, a_rig

MIDNIGHT = NOW // DAY * DAY
TODAY = dt.datetime.fromtimestamp(NOW / 1000, dt.UTC).weekday()


def only(start_ms: int, end_ms: int) -> WeekPlan:
    """Return a plan that wants one stretch of today, and of this weekday for ever."""
    block = WeekBlock(TODAY, (start_ms - MIDNIGHT) // 1000, (end_ms - MIDNIGHT) // 1000)
    return WeekPlan((block,), "UTC")


async def test_only_what_is_scheduled_is_fetched_and_the_rest_is_not_missing() -> None:
    wanted = TimeRange(NOW - 3 * HOUR, NOW - 2 * HOUR)
    settings = CameraSettings(week=only(wanted.start_ms, wanted.end_ms))
    async with a_rig() as rig:
        rig.record(4 * HOUR, until_ago_ms=HOUR)
        rig.attach(settings=settings)
        await rig.sleep(3600)
        assert rig.kept_ms() == HOUR
        assert rig.ms_in(CoverageState.NOT_WANTED) >= 2 * HOUR
        assert rig.ms_in(CoverageState.ON_DEVICE) == 0
        assert rig.camera_status().coverage_percent == 100


async def test_another_schedule_is_followed() -> None:
    settings = CameraSettings(week=only(NOW - 3 * HOUR, NOW - 2 * HOUR))
    async with a_rig() as rig:
        rig.record(4 * HOUR, until_ago_ms=HOUR)
        rig.attach(settings=settings)
        await rig.sleep(3600)
        assert rig.kept_ms() == HOUR
        spec = CameraSpec(replace(settings, week=None), ("r1",))
        rig.engine.update_camera(NVR, CAM, spec)
        await rig.sleep(3600)
        assert rig.kept_ms() == 3 * HOUR


def test_around_events_only_what_is_scheduled_is_wanted() -> None:
    settings = CameraSettings(
        mode=SyncMode.EVENTS,
        pre_roll_ms=MINUTE,
        post_roll_ms=MINUTE,
        week=only(NOW - HOUR, NOW),
    )
    mark = EventMark(EventClass.MOTION, TimeRange(NOW - HOUR, NOW - HOUR + MINUTE))
    late = EventMark(EventClass.MOTION, TimeRange(NOW + HOUR, NOW + HOUR + MINUTE))
    expected = (TimeRange(NOW - HOUR, NOW - HOUR + 2 * MINUTE),)
    assert around(settings, (mark, late)) == expected
    assert around(settings, ()) == ()
    window = TimeRange(NOW - 2 * HOUR, NOW)
    assert wanted_inside(settings, window, (mark,), NOW) == expected


class Heard:
    """Somebody who listens to one NVR."""

    def __init__(self, nvr: NvrKey = NVR) -> None:
        self.events: list[tuple[CameraKey | None, DeviceEvent]] = []
        self.losses = 0
        self.runs: list[tuple[RunKind, SyncReport]] = []
        self.listener = NvrListener(
            nvr,
            lambda camera, event: self.events.append((camera, event)),
            self._lost,
            lambda kind, report: self.runs.append((kind, report)),
        )

    def _lost(self) -> None:
        self.losses += 1


async def test_whoever_listens_hears_of_events_losses_and_syncs() -> None:
    async with a_rig() as rig:
        rig.record(HOUR, until_ago_ms=MINUTE)
        rig.attach()
        mine, other = Heard(), Heard(NvrKey("other"))
        end = rig.engine.news.subscribe(mine.listener)
        rig.engine.news.subscribe(other.listener)
        motion = DeviceEvent(EventClass.MOTION, "Motion", "r1", NOW, is_active=True)
        rig.engine.notify_event(NVR, motion)
        rig.engine.news.lost(NVR)
        await rig.engine.sync_now()
        assert mine.events == [(CAM, motion)]
        assert mine.losses == 1
        assert RunKind.MANUAL in {kind for kind, _ in mine.runs}
        assert not other.events
        assert not other.runs
        end()
        rig.engine.notify_event(NVR, motion)
        assert len(mine.events) == 1


async def test_a_notice_is_told_and_makes_no_mark() -> None:
    async with a_rig() as rig:
        rig.attach()
        heard = Heard()
        rig.engine.news.subscribe(heard.listener)
        loss = DeviceEvent(
            EventClass.OTHER,
            "VideoLoss",
            "r1",
            NOW,
            is_active=True,
            notice=DeviceNotice.VIDEO_LOSS,
        )
        rig.engine.notify_event(NVR, loss)
        await rig.sleep(10)
        assert heard.events == [(CAM, loss)]
        assert not await rig.library.marks(CAM, TimeRange(NOW - HOUR, NOW + HOUR))


async def test_sessions_of_the_whole_house_can_be_changed() -> None:
    async with a_rig() as rig:
        rig.engine.set_total_sessions(0)
        rig.record(HOUR, until_ago_ms=MINUTE)
        rig.attach()
        await rig.sleep(1800)
        assert not rig.fetcher.begun
        rig.engine.set_total_sessions(1)
        await rig.sleep(60)
        assert rig.fetcher.begun


def test_whether_a_device_records_is_as_it_says() -> None:
    recording = Recording("a", status=RecordingStatus.RECORDING)
    stopped = Recording("b", status=RecordingStatus.STOPPED)
    silent = Recording("c")
    assert recording_on_device([stopped, recording]) is True
    assert recording_on_device([stopped, silent]) is False
    assert recording_on_device([silent]) is None
    assert recording_on_device([]) is None
