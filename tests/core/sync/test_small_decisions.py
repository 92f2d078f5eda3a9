"""Source, wish, pauses, schedule, events: the small pure decisions."""

from dataclasses import replace
import random

import pytest

from custom_components.vtrack_nvr.core.intervals import DAY_MS, TimeRange
from custom_components.vtrack_nvr.core.ledger import RunKind
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClockEra,
    DeviceEvent,
    EventClass,
    EventMark,
)
from custom_components.vtrack_nvr.core.sync.backoff import Backoff, pause_s
from custom_components.vtrack_nvr.core.sync.clock_eras import EraMap
from custom_components.vtrack_nvr.core.sync.events import (
    MOST_OPEN,
    SILENCE_MS,
    OpenEvents,
    camera_of_event,
    moment_of,
)
from custom_components.vtrack_nvr.core.sync.runs import Run
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    CameraSpec,
    NvrSettings,
    SourceChoice,
    SyncMode,
)
from custom_components.vtrack_nvr.core.sync.source import decide_source
from custom_components.vtrack_nvr.core.sync.status import FootageSource, SourceReason
from custom_components.vtrack_nvr.core.sync.sweep_schedule import SweepSchedule
from custom_components.vtrack_nvr.core.sync.wanted import (
    EPOCH_2000_MS,
    around,
    oldest_wanted_ms,
    wanted_inside,
)
from tests.core.fakes import SimulatedClock

NOW = 1_790_000_100_000
HOUR = 3_600_000
CAM = CameraKey("n/1")
AUTO, REPLAY, LIVE = SourceChoice.AUTO, SourceChoice.REPLAY, SourceChoice.LIVE


@pytest.mark.parametrize(
    ("choice", "has_replay", "is_broken", "can_live", "source", "reason", "fetches"),
    [
        (AUTO, True, False, True, "replay", "profile_g", True),
        (AUTO, False, False, True, "live", "no_profile_g", False),
        (AUTO, True, True, True, "live", "replay_broken", False),
        (AUTO, True, True, False, "none", "replay_broken", False),
        (AUTO, False, False, False, "none", "no_profile_g", False),
        (REPLAY, True, False, True, "replay", "chosen", True),
        (REPLAY, True, True, True, "none", "replay_broken", False),
        (REPLAY, False, False, True, "none", "no_profile_g", False),
        (LIVE, True, False, True, "live", "chosen", True),
        (LIVE, True, True, True, "live", "chosen", False),
        (LIVE, False, False, True, "live", "chosen", False),
        (LIVE, True, False, False, "replay", "profile_g", True),
    ],
)
def test_where_footage_comes_from(
    choice: SourceChoice,
    has_replay: bool,
    is_broken: bool,
    can_live: bool,
    source: str,
    reason: str,
    fetches: bool,
) -> None:
    decision = decide_source(
        choice,
        is_enabled=True,
        has_replay=has_replay,
        is_replay_broken=is_broken,
        can_live=can_live,
    )
    assert (decision.source, decision.reason) == (source, reason)
    assert decision.is_fetching is fetches


def test_replay_without_dates_has_a_reason_of_its_own() -> None:
    decision = decide_source(
        AUTO,
        is_enabled=True,
        has_replay=True,
        is_replay_broken=True,
        is_replay_undated=True,
        can_live=True,
    )
    assert decision.source is FootageSource.LIVE
    assert decision.reason is SourceReason.REPLAY_UNDATED


def test_a_camera_switched_off_has_no_source() -> None:
    decision = decide_source(AUTO, is_enabled=False, has_replay=True, can_live=True)
    assert decision.source is FootageSource.NONE
    assert decision.reason is SourceReason.SWITCHED_OFF
    assert not decision.is_fetching


def test_nothing_older_than_retention_or_the_year_2000_is_wanted() -> None:
    assert oldest_wanted_ms(CameraSettings(retention_days=2), NOW) == NOW - 2 * DAY_MS
    assert oldest_wanted_ms(CameraSettings(retention_days=None), NOW) == EPOCH_2000_MS


def test_the_wanted_part_of_a_window() -> None:
    window = TimeRange(NOW - 3 * DAY_MS, NOW)
    two_days = (TimeRange(NOW - 2 * DAY_MS, NOW),)
    settings = CameraSettings(retention_days=2)
    assert wanted_inside(settings, window, (), NOW) == two_days
    assert wanted_inside(settings, TimeRange(NOW - HOUR, NOW), (), NOW) is None
    old = TimeRange(NOW - 9 * DAY_MS, NOW - 8 * DAY_MS)
    assert wanted_inside(settings, old, (), NOW) == ()
    demand = CameraSettings(mode=SyncMode.ON_DEMAND)
    assert wanted_inside(demand, window, (), NOW) == ()


def test_what_is_around_events_is_wanted() -> None:
    settings = CameraSettings(mode=SyncMode.EVENTS)
    marks = (
        EventMark(EventClass.MOTION, TimeRange(NOW - 5000, NOW)),
        EventMark(EventClass.RECORDING, TimeRange(NOW - HOUR, NOW - HOUR)),
    )
    assert around(settings, marks) == (TimeRange(NOW - 15_000, NOW + 20_000),)
    inside = wanted_inside(settings, TimeRange(NOW - 1000, NOW + 1000), marks, NOW)
    assert inside == (TimeRange(NOW - 1000, NOW + 1000),)
    chosen = CameraSettings(
        mode=SyncMode.EVENTS, event_classes=frozenset({EventClass.PERSON})
    )
    assert around(chosen, marks) == ()


def test_pauses_grow_to_the_last_and_are_jittered_downwards() -> None:
    rng = random.Random(1)
    pauses = [pause_s((1, 10, 100), n, rng) for n in (1, 2, 3, 9)]
    assert all(
        0.75 * full <= pause <= full
        for pause, full in zip(pauses, (1, 10, 100, 100), strict=True)
    )


def test_a_success_forgets_failures() -> None:
    backoff = Backoff((1.0, 10.0), random.Random(1))
    assert not backoff.is_waiting(0.0)
    backoff.failed(100.0)
    backoff.failed(100.0)
    assert backoff.is_waiting(105.0)
    assert not backoff.is_waiting(111.0)
    backoff.succeeded()
    assert not backoff.is_waiting(0.1)
    assert backoff.failures == 0


def schedule() -> tuple[SimulatedClock, SweepSchedule]:
    clock = SimulatedClock(NOW)
    return clock, SweepSchedule(clock, NvrSettings(full_sweep_hour=2), 0.5)


def test_a_light_sweep_is_due_at_once_and_then_at_its_interval() -> None:
    clock, due = schedule()
    assert due.due() is RunKind.LIGHT
    due.begun(RunKind.LIGHT)
    assert due.due() is None
    assert due.next_s() == 900
    clock.advance(900)
    assert due.due() is RunKind.LIGHT


def test_the_full_sweep_is_due_once_a_night() -> None:
    clock, due = schedule()
    due.begun(RunKind.LIGHT)
    assert due.full_ms % DAY_MS == int(2.5 * HOUR)
    clock.advance((due.full_ms - NOW) / 1000)
    assert due.due() is RunKind.FULL
    due.begun(RunKind.FULL)
    assert due.full_ms - clock.now_ms() == DAY_MS
    due.failed(RunKind.FULL)
    assert due.due() is RunKind.FULL


def test_a_failed_sweep_is_due_again() -> None:
    _, due = schedule()
    due.begun(RunKind.LIGHT)
    due.failed(RunKind.LIGHT)
    assert due.due() is RunKind.LIGHT


def test_a_host_clock_that_was_ahead_does_not_put_off_the_night() -> None:
    clock, due = schedule()
    clock.step_ms = -300 * DAY_MS
    due.begun(RunKind.LIGHT)
    assert due.full_ms - clock.now_ms() <= DAY_MS


def test_events_ask_for_a_sweep_and_not_too_often() -> None:
    clock, due = schedule()
    due.begun(RunKind.LIGHT)
    due.hint(CAM, 10, 60)
    assert due.next_s() == 60
    due.hint(CAM, 90, 60)
    assert due.next_s() == 60
    clock.advance(60)
    assert due.due() is RunKind.EVENT
    assert due.event_cameras == {CAM}
    light_s = due.light_s
    due.begun(RunKind.EVENT)
    assert due.light_s == light_s
    assert not due.event_cameras
    _, fresh = schedule()
    fresh.light_s = 1000
    fresh.hint(CAM, 10, 60)
    assert fresh.next_s() == 10


def test_a_sweep_by_hand_is_due_now() -> None:
    _, due = schedule()
    due.begun(RunKind.LIGHT)
    due.manual.append(Run(RunKind.MANUAL, frozenset(), 0, 0.0))
    assert due.due() is RunKind.MANUAL
    assert due.next_s() == 0


def event(*, is_active: bool, token: str = "s1", ms: int = NOW) -> DeviceEvent:
    return DeviceEvent(EventClass.MOTION, "topic", token, ms, is_active)


def test_the_camera_of_an_event() -> None:
    specs = {
        CAM: CameraSpec(source_tokens=frozenset({"s1"})),
        CameraKey("n/2"): CameraSpec(recording_tokens=("r2",)),
    }
    assert camera_of_event(specs, event(is_active=True)) == CAM
    assert camera_of_event(specs, event(is_active=True, token="r2")) == "n/2"
    assert camera_of_event(specs, event(is_active=True, token="")) is None
    assert camera_of_event({CAM: CameraSpec()}, event(is_active=True, token="x")) == CAM


def test_the_moment_of_an_event_is_now_where_its_own_time_cannot_be() -> None:
    eras = EraMap((ClockEra(1, 0, 1000),))
    assert moment_of(event(is_active=True), eras, NOW) == NOW + 1000
    assert moment_of(event(is_active=True, ms=5), eras, NOW) == NOW
    assert moment_of(event(is_active=True), None, NOW + 7) == NOW + 7


def test_an_event_is_marked_when_it_begins_and_when_it_ends() -> None:
    events = OpenEvents()
    assert events.mark(CAM, event(is_active=False), NOW) is None
    began = events.mark(CAM, event(is_active=True), NOW)
    assert began == EventMark(EventClass.MOTION, TimeRange(NOW, NOW), "topic")
    assert events.mark(CAM, event(is_active=True), NOW + 1) is None
    ended = events.mark(CAM, event(is_active=False), NOW + 5000)
    assert ended is not None
    assert ended.range == TimeRange(NOW, NOW + 5000)
    events.mark(CAM, event(is_active=True), NOW)
    backwards = events.mark(CAM, event(is_active=False), NOW - 9)
    assert backwards is not None
    assert backwards.range.is_empty


def test_an_event_without_a_state_is_a_mark_of_its_own_each_time() -> None:
    events = OpenEvents()
    crossed = replace(event(is_active=True), is_moment=True)
    for moment_ms in (NOW, NOW + 1, NOW + HOUR):
        mark = events.mark(CAM, crossed, moment_ms)
        assert mark is not None
        assert mark.range == TimeRange(moment_ms, moment_ms)
    assert events.mark(CAM, event(is_active=False), NOW + 2 * HOUR) is None


def test_an_event_that_is_repeated_grows_and_is_not_told_each_time() -> None:
    events = OpenEvents()
    told = [
        events.mark(CAM, event(is_active=True), NOW + second * 1000)
        for second in range(61)
    ]
    lengths = [mark.range.duration_ms for mark in told if mark is not None]
    assert lengths == [0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]
    assert all(mark is None or mark.range.start_ms == NOW for mark in told)


@pytest.mark.parametrize("later_ms", [SILENCE_MS + 1, 4 * HOUR])
def test_an_event_whose_end_was_lost_does_not_swallow_the_next(later_ms: int) -> None:
    events = OpenEvents()
    events.mark(CAM, event(is_active=True), NOW)
    second = events.mark(CAM, event(is_active=True), NOW + later_ms)
    assert second is not None
    assert second.range == TimeRange(NOW + later_ms, NOW + later_ms)
    ended = events.mark(CAM, event(is_active=False), NOW + later_ms + 20_000)
    assert ended is not None
    assert ended.range == TimeRange(NOW + later_ms, NOW + later_ms + 20_000)


def test_an_end_after_a_long_silence_ends_nothing() -> None:
    events = OpenEvents()
    events.mark(CAM, event(is_active=True), NOW)
    late = NOW + SILENCE_MS + 1
    assert events.mark(CAM, event(is_active=False), late) is None
    assert events.mark(CAM, event(is_active=False), late + 1) is None


def test_a_device_that_names_topics_without_end_fills_no_memory() -> None:
    events = OpenEvents()
    last = 3 * MOST_OPEN
    for number in range(last + 1):
        topic = replace(event(is_active=True), topic=f"made/up/{number}")
        assert events.mark(CAM, topic, NOW + number) is not None
    assert len(events) <= MOST_OPEN
    ended = replace(event(is_active=False), topic=f"made/up/{last}")
    assert events.mark(CAM, ended, NOW + last + 5) is not None
