"""What devices refuse or get wrong before the first picture."""

from dataclasses import replace
import time

import pytest

from custom_components.vtrack_nvr.core.device_habits import DeviceHabits, KeepAlive
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.fetch_job import EndReason
from custom_components.vtrack_nvr.core.models import TimeSource
from custom_components.vtrack_nvr.core.policy import DevicePolicy, Quirk
from custom_components.vtrack_nvr.core.rtp.timeline import ClockStep, ReplayTimeline
from custom_components.vtrack_nvr.core.rtsp.refusals import RtspRefused
from custom_components.vtrack_nvr.core.stream.unit_stream import UnitStream
from tests.core.download.conftest import (
    BASE,
    NOW,
    FolderSink,
    Runner,
    check_clips,
    frames,
)
from tests.simulator.timeline import LiveSource, Stretch, Timeline


def test_no_footage_in_the_range_is_said_so(fetch: Runner, sink: FolderSink) -> None:
    outcome = fetch(200_000, 260_000)
    assert outcome.reason is EndReason.FAILED
    assert outcome.error
    assert outcome.error.kind is ErrorKind.NO_FOOTAGE
    assert sink.opened == []


def test_a_listed_range_that_is_not_found_holds_no_footage(
    fetch: Runner, sink: FolderSink, faults
) -> None:
    """The recording was found by DESCRIBE: what is not found is the range."""
    faults.outside_range = "404"
    outcome = fetch(200_000, 260_000)
    assert outcome.reason is EndReason.FAILED
    assert outcome.error
    assert outcome.error.kind is ErrorKind.NO_FOOTAGE
    assert sink.opened == []


class RunningClock:
    """The device's clock, going on."""

    def __init__(self) -> None:
        self.begun = time.monotonic()

    def now_ms(self) -> int:
        return NOW + round((time.monotonic() - self.begun) * 1000)


def test_live_pictures_are_never_taken_for_footage(
    fetch: Runner, sink: FolderSink, faults, server
) -> None:
    server.clock = RunningClock()
    server.live["/rec"] = LiveSource("Door", gop_ms=1000)
    faults.outside_range = "live"
    outcome = fetch(200_000, 260_000)
    assert outcome.reason is EndReason.FAILED
    assert outcome.error
    assert outcome.error.kind is ErrorKind.UNDATED, "nothing else was ever played"
    fetch.habits.believed_until_s = time.monotonic() + 600
    outcome = fetch(200_000, 260_000)
    assert outcome.error
    assert outcome.error.kind is ErrorKind.NO_FOOTAGE
    assert sink.clips == []


@pytest.mark.parametrize(
    ("switch", "value", "quirks"),
    [
        ("refuse_require", True, {Quirk.NO_REQUIRE}),
        ("refuse_rate_control", 501, {Quirk.NO_RATE_CONTROL}),
        ("refuse_rate_control", 400, {Quirk.NO_RATE_CONTROL}),
        ("refuse_fractions", True, {Quirk.WHOLE_SECONDS}),
        ("refuse_closed_range", True, {Quirk.WHOLE_SECONDS, Quirk.OPEN_RANGE}),
        ("refuse_interleaved", True, {Quirk.HTTP_TUNNEL}),
    ],
)
def test_refused_headers_are_left_out_and_remembered(
    fetch: Runner, sink: FolderSink, faults, switch: str, value, quirks: set[Quirk]
) -> None:
    setattr(faults, switch, value)
    outcome = fetch(0, 4_000)
    assert outcome.reason is EndReason.REACHED, outcome
    assert quirks <= outcome.learned.quirks
    assert outcome.learned.quirks <= quirks | {Quirk.NO_CAPTURE_TIMES}
    assert sink.pictures() == frames(0, 4_000)


def test_without_the_extension_times_are_estimated_and_marked(
    fetch: Runner, sink: FolderSink, faults
) -> None:
    faults.no_extension = True
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.REACHED
    assert outcome.learned.has(Quirk.NO_CAPTURE_TIMES)
    assert sink.clips[0][1].time_source is TimeSource.ESTIMATED
    assert sink.pictures()[:120] == frames(0, 12_000)
    check_clips(sink)


def test_times_of_playback_are_not_believed(
    fetch: Runner, sink: FolderSink, faults, timeline: Timeline
) -> None:
    timeline.stretches = [Stretch(0, 12_000)]
    faults.wall_clock_ntp = True
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.REACHED, outcome
    assert outcome.learned.has(Quirk.PLAYBACK_TIMES)
    assert sink.clips[0][1].time_source is TimeSource.ESTIMATED
    assert sink.pictures() == frames(0, 12_000)
    check_clips(sink)


def test_what_a_device_plays_before_the_start_is_passed_over(
    fetch: Runner, sink: FolderSink, faults, timeline: Timeline
) -> None:
    timeline.stretches = [Stretch(0, 4_000), Stretch(600_000, 6_000)]
    faults.ignore_range_start = True
    outcome = fetch(600_000, 606_000)
    assert outcome.reason is EndReason.REACHED, outcome
    assert outcome.learned.quirks == {Quirk.IGNORES_RANGE_START}
    assert sink.pictures() == frames(600_000, 606_000)
    assert outcome.gaps == ()
    check_clips(sink)
    again = fetch(600_000, 606_000, policy=outcome.learned)
    assert again.reason is EndReason.REACHED


@pytest.mark.parametrize("limit", ["bytes", "time"])
def test_a_device_that_begins_far_before_the_start_is_given_up(
    fetch: Runner, sink: FolderSink, faults, timeline: Timeline, limit: str
) -> None:
    timeline.stretches = [Stretch(0, 300_000)]
    faults.ignore_range_start = True
    if limit == "bytes":
        fetch.bounds = replace(fetch.bounds, lead_bytes=200_000)
    else:
        fetch.waits = replace(fetch.waits, lead=0.0)
    outcome = fetch(240_000, 250_000)
    assert outcome.reason is EndReason.FAILED, outcome
    assert outcome.error
    assert outcome.error.kind is ErrorKind.UNDATED
    assert outcome.learned.has(Quirk.UNDATED_REPLAY)
    assert not outcome.learned.has(Quirk.IGNORES_RANGE_START)
    assert sink.clips == []


@pytest.mark.parametrize("fault", ["busy", "not_found", "forbidden"])
def test_what_cannot_work_now_is_told_at_once(
    fetch: Runner, sink: FolderSink, faults, server, fault: str
) -> None:
    setattr(faults, fault, True)
    outcome = fetch(0, 4_000)
    kinds = {
        "busy": ErrorKind.BUSY,
        "not_found": ErrorKind.GONE,
        "forbidden": ErrorKind.NO_PERMISSION,
    }
    assert outcome.reason is EndReason.FAILED
    assert outcome.error
    assert outcome.error.kind is kinds[fault]
    assert outcome.device_reached_ms == BASE
    assert server.counters.connections == 1


def test_a_wrong_password_is_tried_once(
    fetch: Runner, sink: FolderSink, server
) -> None:
    fetch.password = "wrong"
    outcome = fetch(0, 4_000)
    assert outcome.error
    assert outcome.error.kind is ErrorKind.AUTH_REFUSED
    assert "wrong" not in str(outcome.error)
    assert server.counters.auth_failures <= 2


def test_a_device_that_never_answers_is_given_up(fetch: Runner, server) -> None:
    server.stop_now()
    outcome = fetch(0, 4_000)
    assert outcome.reason is EndReason.FAILED
    assert outcome.error
    assert outcome.error.kind is ErrorKind.UNREACHABLE


def test_a_device_that_ignores_the_first_range_only_is_cured_by_a_pause(
    fetch: Runner,
    sink: FolderSink,
    faults,
    timeline: Timeline,
    server,
    monkeypatch,
) -> None:
    real = UnitStream.pause

    def pause(self):
        faults.ignore_range_start = False
        real(self)

    monkeypatch.setattr(UnitStream, "pause", pause)
    timeline.stretches = [Stretch(0, 4_000), Stretch(600_000, 6_000)]
    faults.ignore_range_start = True
    outcome = fetch(600_000, 606_000)
    assert outcome.reason is EndReason.REACHED, outcome
    assert outcome.learned.has(Quirk.PAUSE_BEFORE_PLAY)
    assert sink.pictures() == frames(600_000, 606_000)
    faults.ignore_range_start = True
    again = fetch(600_000, 606_000, policy=outcome.learned)
    assert again.reason is EndReason.REACHED
    assert server.requests["PAUSE"] == 2


def test_sound_that_is_refused_is_left_out_with_a_notice(
    fetch: Runner, sink: FolderSink, monkeypatch
) -> None:
    real = UnitStream.setup

    def setup(self, track, **options):
        if track.index:
            raise NvrError(ErrorKind.UNSUPPORTED_CODEC, "sound in X is left out")
        real(self, track, **options)

    monkeypatch.setattr(UnitStream, "setup", setup)
    outcome = fetch(0, 4_000)
    assert outcome.reason is EndReason.REACHED
    assert outcome.notices == ("sound in X is left out",)
    assert sink.clips[0][1].audio_codec is None


def test_new_firmware_that_sends_capture_times_is_noticed(
    fetch: Runner, sink: FolderSink
) -> None:
    known = DevicePolicy(frozenset({Quirk.NO_CAPTURE_TIMES, Quirk.RTCP_KEEP_ALIVE}))
    outcome = fetch(0, 4_000, policy=known)
    assert outcome.learned.quirks == {Quirk.RTCP_KEEP_ALIVE}
    assert sink.clips[0][1].time_source is TimeSource.CAPTURE


@pytest.mark.parametrize("status", [461, 500])
def test_sound_the_device_refuses_costs_only_the_sound(
    fetch: Runner, sink: FolderSink, monkeypatch, status: int
) -> None:
    real = UnitStream.setup

    def setup(self, track, **options):
        if track.index:
            raise RtspRefused(status, "no", "SETUP")
        real(self, track, **options)

    monkeypatch.setattr(UnitStream, "setup", setup)
    outcome = fetch(0, 4_000)
    assert outcome.reason is EndReason.REACHED
    assert outcome.notices == (f"sound refused with {status}",)


def test_a_clock_that_is_set_back_is_told(
    fetch: Runner, timeline: Timeline, monkeypatch
) -> None:
    real = ReplayTimeline.place

    def place(self, unit):
        placed = real(self, unit)
        if placed.time_us == (BASE + 3_000) * 1000:
            return placed._replace(step=ClockStep(placed.time_us + 1, placed.time_us))
        return placed

    monkeypatch.setattr(ReplayTimeline, "place", place)
    timeline.audio = None
    assert fetch(0, 4_000).notices == ("the device's clock was set back",)


@pytest.mark.parametrize("how", ["461", "answer"])
def test_a_device_that_sends_over_udp_only_is_told_apart(
    fetch: Runner, sink: FolderSink, faults, how: str
) -> None:
    faults.udp_only = how
    outcome = fetch(0, 4_000)
    assert outcome.error
    assert outcome.error.kind is ErrorKind.UDP_ONLY
    assert not outcome.learned.has(Quirk.HTTP_TUNNEL)
    assert sink.opened == []


def test_a_device_with_a_tunnel_and_another_password_is_not_called_udp_only(
    fetch: Runner, faults
) -> None:
    faults.refuse_interleaved = True
    faults.lock_after_failures = 0
    outcome = fetch(0, 4_000)
    assert outcome.error
    assert outcome.error.kind is ErrorKind.AUTH_REFUSED


@pytest.mark.parametrize(
    ("kind", "is_kept"),
    [
        (ErrorKind.TIMEOUT, True),
        (ErrorKind.UDP_ONLY, True),
        (ErrorKind.AUTH_REFUSED, False),
    ],
)
def test_sound_that_cannot_be_set_up_costs_its_pictures_nothing(
    fetch: Runner, sink: FolderSink, monkeypatch, kind: ErrorKind, is_kept: bool
) -> None:
    real = UnitStream.setup

    def setup(self, track, **options):
        if track.index:
            raise NvrError(kind, "no sound")
        real(self, track, **options)

    monkeypatch.setattr(UnitStream, "setup", setup)
    outcome = fetch(0, 4_000)
    assert (outcome.reason is EndReason.REACHED) is is_kept, outcome
    assert outcome.notices == (("no sound",) if is_kept else ())


def test_a_keep_alive_that_was_learned_goes_into_the_policy(fetch: Runner) -> None:
    fetch.habits.learn(KeepAlive.OPTIONS)
    outcome = fetch(0, 4_000)
    assert outcome.learned.quirks == {Quirk.OPTIONS_KEEP_ALIVE}
    fetch.habits = DeviceHabits()
    fetch(0, 4_000, policy=outcome.learned)
    assert fetch.habits.keep_alive is KeepAlive.OPTIONS
