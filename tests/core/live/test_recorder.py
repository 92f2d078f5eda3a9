"""Live recording from a simulated camera, with what goes wrong in a house."""

# Reads private members: which time an open clip is dated by is in no status.

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
import time
from typing import override

import pytest

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.endpoint import Endpoint
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec, TrackFormat, TrackKind
from custom_components.vtrack_nvr.core.intervals import TimeRange, union
from custom_components.vtrack_nvr.core.live.live_values import (
    LiveGap,
    LiveSpec,
    LiveState,
    LiveStatus,
)
from custom_components.vtrack_nvr.core.live.recorder import LiveRecorder
from custom_components.vtrack_nvr.core.live.recorders import LiveRecorders
from custom_components.vtrack_nvr.core.media.series import ClipSeries
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClipSource,
    ClockEra,
    TimeSource,
)
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from custom_components.vtrack_nvr.core.rtsp.session_values import MediaTrack
from tests.core.download.conftest import FolderSink
from tests.lateness import Lateness
from tests.simulator.footage import FootageStore, read_pictures
from tests.simulator.rtsp_faults import RtspFaults
from tests.simulator.rtsp_server import RtspServer
from tests.simulator.timeline import DeviceClock, LiveSource

pytestmark = pytest.mark.long

CAMERA = CameraKey("sim/1")
WAITS = Waits(
    connect=1.0,
    reply=1.0,
    live_start=1.0,
    live_stall=0.8,
    teardown=0.2,
    live_retry=(0.05, 0.1, 0.3),
)
NEVER_MS = 10**13
"""No wall-clock border of a clip this long lies near: files are cut by events only."""


@pytest.fixture
def faults() -> RtspFaults:
    return RtspFaults()


@pytest.fixture
def server(socket_enabled: None, faults: RtspFaults) -> Iterator[RtspServer]:
    running = RtspServer(
        "127.0.0.1",
        0,
        {"admin": "secret"},
        DeviceClock(),
        {},
        {"/live": LiveSource("Gate", gop_ms=500, width=320, height=180)},
        faults,
        footage=FootageStore(),
    )
    running.start_now()
    yield running
    running.stop_now()


class JumpingClock(SystemClock):
    """The host's clock, set by somebody."""

    ahead_ms = 0

    @override
    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms


class RecorderRig:
    """A recorder with everything it told."""

    def __init__(self, server: RtspServer, folder: Path) -> None:
        self.server = server
        self.sink = FolderSink(folder)
        self.lateness = Lateness()
        self.password = "secret"
        self.states: list[LiveStatus] = []
        self.gaps: list[LiveGap] = []
        self.recorder: LiveRecorder | None = None

    def endpoint(self, _cancel: object = None) -> Endpoint:
        url = f"rtsp://127.0.0.1:{self.server.port}/live"
        return Endpoint(url, "admin", self.password)

    def start(
        self,
        bounds: Bounds | None = None,
        clock: SystemClock | None = None,
        waits: Waits = WAITS,
        **options,
    ) -> LiveRecorder:
        options.setdefault("clip_ms", NEVER_MS)
        self.recorder = LiveRecorder(
            LiveSpec(CAMERA, self.endpoint, **options),
            self.sink,
            clock=clock or SystemClock(),
            waits=waits,
            bounds=bounds,
            on_status=self.states.append,
            on_gap=self.gaps.append,
        )
        self.recorder.start()
        return self.recorder

    def wait(self, condition: Callable[[], object], seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.states
            time.sleep(0.02)

    def recorded_for(self, seconds: float) -> Callable[[], bool]:
        """Return a condition: a picture this much later than now was written."""
        due = time.time() + seconds

        def check() -> bool:
            last = self.recorder.status.last_picture_ms if self.recorder else None
            return last is not None and last / 1000 >= due

        return check

    def check(self, bound_ms: int = 400) -> list[int]:
        """Prove dates and order of all pictures; return their numbers."""
        numbers: list[int] = []
        for path, facts in self.sink.clips:
            shown = read_pictures(path)
            assert facts.source is ClipSource.LIVE
            assert facts.frames == len(shown)
            for item in shown:
                dated = facts.range.start_ms + item.pts_ms
                bound = bound_ms + self.lateness.allowance_ms
                assert abs(dated - item.picture.time_ms) < bound
            numbers += [item.picture.number for item in shown]
        assert numbers == sorted(set(numbers))
        return numbers


@pytest.fixture
def rig(server: RtspServer, tmp_path: Path) -> Iterator[RecorderRig]:
    made = RecorderRig(server, tmp_path)
    yield made
    made.lateness.stop()
    if made.recorder:
        assert made.recorder.stop(20.0)


def test_another_era_of_the_devices_clock_begins_a_new_clip(rig: RecorderRig) -> None:
    eras = [ClockEra(4, 0, 7_200_000)]
    recorder = rig.start(is_on=True, era=lambda: eras[-1])
    rig.wait(rig.recorded_for(0.8))
    eras.append(ClockEra(5, 0, -1_000))
    rig.wait(lambda: len(rig.sink.clips) == 1)
    rig.wait(rig.recorded_for(0.8))
    recorder.stop()
    offsets = [f.range.start_ms - f.device_start_ms for _, f in rig.sink.clips]
    assert offsets == [7_200_000, -1_000]
    assert [facts.era_id for _, facts in rig.sink.clips] == [4, 5]
    numbers = rig.check()
    assert all(b - a == 1 for a, b in pairwise(numbers))


def test_every_picture_of_a_stream_is_kept(rig: RecorderRig) -> None:
    recorder = rig.start(is_on=True)
    rig.wait(rig.recorded_for(2.0))
    begun = time.monotonic()
    assert recorder.stop(30.0)
    took_ms = (time.monotonic() - begun) * 1000
    assert took_ms < 5_000 + rig.lateness.allowance_ms, "stopping has this long"
    numbers = rig.check()
    assert len(numbers) >= 15
    assert all(b - a == 1 for a, b in pairwise(numbers))
    assert rig.sink.clips[0][1].audio_codec is Codec.AAC
    assert [status.state for status in rig.states] == [
        LiveState.CONNECTING,
        LiveState.RECORDING,
        LiveState.STOPPED,
    ]


def test_clips_are_dated_on_the_devices_clock_too(rig: RecorderRig) -> None:
    recorder = rig.start(is_on=True, era=lambda: ClockEra(4, 0, 7_200_000))
    rig.wait(rig.recorded_for(0.8))
    recorder.stop()
    facts = rig.sink.clips[0][1]
    assert facts.device_start_ms + 7_200_000 == facts.range.start_ms
    assert facts.era_id == 4
    rig.check()


def test_a_short_loss_is_a_picture_that_stands_still(
    rig: RecorderRig, faults: RtspFaults
) -> None:
    faults.drop_after_frames = 12
    faults.limits["drop_after_frames"] = 1
    recorder = rig.start(Bounds(live_gap_ms=5_000), is_on=True)
    rig.wait(rig.recorded_for(3.0))
    recorder.stop()
    numbers = rig.check()
    assert len(rig.sink.clips) == 1
    assert rig.server.counters.connections >= 2
    assert len([b - a for a, b in pairwise(numbers) if b - a > 1]) == 1
    assert rig.gaps == []


@pytest.mark.parametrize("fault", ["drop_after_frames", "stall_after_frames"])
def test_a_loss_cuts_the_file_and_is_told_with_its_reason(
    rig: RecorderRig, faults: RtspFaults, fault: str
) -> None:
    setattr(faults, fault, 12)
    faults.limits[fault] = 1
    recorder = rig.start(Bounds(live_gap_ms=200), is_on=True)
    rig.wait(lambda: len(rig.sink.clips) == 1)
    rig.wait(rig.recorded_for(0.8))
    recorder.stop()
    rig.check()
    (_, before), (_, after) = rig.sink.clips
    told = [gap for gap in rig.gaps if gap.range.start_ms >= before.range.end_ms]
    assert {gap.reason for gap in told} <= {"interrupted", "starting"}
    lost = TimeRange(before.range.end_ms, after.range.start_ms)
    assert abs(sum(g.range.duration_ms for g in told) - lost.duration_ms) <= 2


def test_another_codec_begins_a_new_clip(
    rig: RecorderRig, server: RtspServer, faults: RtspFaults
) -> None:
    recorder = rig.start(is_on=True)
    rig.wait(rig.recorded_for(0.8))
    server.live["/live"] = LiveSource(
        "Gate", codec="H265", gop_ms=500, width=320, height=180
    )
    server.drop_connections()
    rig.wait(lambda: len(rig.sink.clips) == 1)
    rig.wait(rig.recorded_for(0.8))
    recorder.stop()
    codecs = [facts.video_codec for _, facts in rig.sink.clips]
    assert codecs == [Codec.H264, Codec.H265]
    rig.check()


def test_a_refused_login_waits_for_a_person(rig: RecorderRig) -> None:
    rig.password = "wrong"
    recorder = rig.start(is_on=True)
    rig.wait(lambda: recorder.status.state is LiveState.BLOCKED)
    assert recorder.status.problem is ErrorKind.AUTH_REFUSED
    assert "wrong" not in recorder.status.detail
    rig.password = "secret"
    recorder.retry_now()
    rig.wait(lambda: recorder.status.state is LiveState.RECORDING)
    assert recorder.status.problem is None


def test_an_absent_device_is_waited_for(rig: RecorderRig, server: RtspServer) -> None:
    port = server.port
    server.stop_now()
    recorder = rig.start(is_on=True)
    rig.wait(lambda: recorder.status.failures >= 2)
    assert recorder.status.state is LiveState.WAITING
    assert recorder.status.problem is ErrorKind.UNREACHABLE
    server.port = port
    server.start_now()
    rig.wait(lambda: recorder.status.state is LiveState.RECORDING)


def test_a_stream_that_is_not_there_yet_is_waited_for(
    rig: RecorderRig, faults: RtspFaults
) -> None:
    faults.not_found = True
    recorder = rig.start(is_on=True)
    rig.wait(lambda: recorder.status.failures >= 2)
    assert recorder.status.state is LiveState.WAITING
    faults.not_found = False
    rig.wait(lambda: recorder.status.state is LiveState.RECORDING)


def test_the_hosts_clock_may_be_set_while_recording(rig: RecorderRig) -> None:
    clock = JumpingClock()
    recorder = rig.start(clock=clock, is_on=True)
    rig.wait(rig.recorded_for(1.0))
    clock.ahead_ms = -5_000
    rig.wait(lambda: len(rig.sink.clips) == 1)
    time.sleep(1.2)
    recorder.stop()
    (_, before), (_, after) = rig.sink.clips
    assert after.range.start_ms < before.range.end_ms
    true_ms = [i.picture.time_ms for i in read_pictures(rig.sink.clips[1][0])]
    bound = 400 + rig.lateness.allowance_ms
    assert abs(after.range.start_ms + 5_000 - true_ms[0]) < bound
    assert all(b - a == 100 for a, b in pairwise(true_ms))


def test_a_codec_that_cannot_be_kept_is_said_to(rig: RecorderRig) -> None:
    rig.server.live["/live"] = LiveSource("Gate", codec="JPEG", width=320, height=176)
    recorder = rig.start(is_on=True)
    rig.wait(lambda: recorder.status.state is LiveState.BLOCKED)
    assert recorder.status.problem is ErrorKind.UNSUPPORTED_CODEC
    assert recorder.status.detail == "pictures in JPEG"


def test_sound_that_cannot_be_read_is_left_out(
    rig: RecorderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = TrackFormat(TrackKind.AUDIO, Codec.UNKNOWN, 8000, name="X-STRANGE")
    monkeypatch.setattr(
        "custom_components.vtrack_nvr.core.live.live_session.choose_sound",
        lambda _: MediaTrack(1, strange, 97, "rtsp://127.0.0.1/none"),
    )
    recorder = rig.start(is_on=True)
    rig.wait(rig.recorded_for(0.8))
    recorder.stop()
    assert rig.sink.clips[0][1].audio_codec is None
    rig.check()


@pytest.mark.parametrize("reports", ["good", "wrong", "zero", "none"])
def test_the_row_says_how_its_time_was_obtained(
    rig: RecorderRig, faults: RtspFaults, reports: str
) -> None:
    faults.live_sender_reports = reports
    recorder = rig.start(is_on=True, with_audio=False, clip_ms=2_000)

    def sources() -> set[TimeSource]:
        return {facts.time_source for _, facts in rig.sink.clips}

    if reports == "good":
        rig.wait(lambda: TimeSource.SENDER_REPORT in sources(), 20)
    else:
        rig.wait(lambda: len(rig.sink.clips) >= 2, 12)
    recorder.stop()
    assert sources() - {TimeSource.HOST} <= {TimeSource.SENDER_REPORT}
    assert reports == "good" or sources() == {TimeSource.HOST}
    assert rig.sink.clips[0][1].audio_codec is None
    rig.check()


def test_no_row_claims_reports_for_pictures_that_none_dates(
    rig: RecorderRig, faults: RtspFaults
) -> None:
    faults.live_sender_reports = "good"
    recorder = rig.start(is_on=True, with_audio=False, clip_ms=10**9)
    rig.wait(rig.recorded_for(1.0), 20)
    recorder.switch(False)
    rig.wait(lambda: recorder.status.state is LiveState.IDLE, 20)
    [(_, first)] = rig.sink.clips
    assert first.time_source is TimeSource.HOST, "no report had come twice at its start"
    recorder.stop()

    series = rig.start(
        is_on=True, with_audio=False, clip_ms=2_000, pre_roll_ms=1_000
    )._series
    rig.wait(lambda: series.open_time_source is TimeSource.SENDER_REPORT, 30)
    faults.live_sender_reports = "wrong"
    clips = len(rig.sink.clips)
    rig.wait(lambda: len(rig.sink.clips) >= clips + 2, 30)
    assert series.open_time_source in {TimeSource.HOST, None}
    rig.check()


def test_a_stream_without_pictures_is_given_up_and_tried_again(
    rig: RecorderRig, faults: RtspFaults
) -> None:
    faults.first_packet_delay = 30.0
    recorder = rig.start(is_on=True)
    rig.wait(lambda: recorder.status.problem is ErrorKind.TIMEOUT)
    faults.first_packet_delay = 0.0
    rig.wait(lambda: recorder.status.state is LiveState.RECORDING)


def test_nothing_is_connected_while_nothing_is_wanted(
    rig: RecorderRig, server: RtspServer
) -> None:
    recorder = rig.start()
    rig.wait(lambda: recorder.status.state is LiveState.IDLE)
    assert server.counters.connections == 0
    now = round(time.time() * 1000)
    recorder.record(TimeRange(now, now + 1_200))
    rig.wait(lambda: rig.sink.clips)
    rig.wait(lambda: recorder.status.state is LiveState.IDLE)
    numbers = rig.check()
    assert 5 <= len(numbers) <= 25


def test_the_pre_roll_comes_from_memory(rig: RecorderRig) -> None:
    recorder = rig.start(pre_roll_ms=3_000)
    rig.wait(lambda: recorder.status.state is LiveState.WATCHING)
    time.sleep(1.5)
    pressed = round(time.time() * 1000)
    recorder.switch(True)
    rig.wait(rig.recorded_for(0.6))
    recorder.switch(False)
    rig.wait(lambda: rig.sink.clips)
    facts = rig.sink.clips[0][1]
    assert facts.range.start_ms < pressed - 800
    numbers = rig.check()
    assert all(b - a == 1 for a, b in pairwise(numbers))
    rig.wait(lambda: recorder.status.state is LiveState.WATCHING)


def test_a_full_disk_pauses_and_resumes_by_itself(rig: RecorderRig) -> None:
    rig.sink.fail_room = NvrError(ErrorKind.STORAGE_FULL, "floor")
    recorder = rig.start(Bounds(free_check_bytes=1), is_on=True)
    rig.wait(lambda: recorder.status.state is LiveState.BLOCKED)
    assert recorder.status.problem is ErrorKind.STORAGE_FULL
    rig.sink.fail_room = None
    rig.wait(rig.recorded_for(0.6))
    assert recorder.status.state is LiveState.RECORDING


def booked(rig: RecorderRig) -> list[TimeRange]:
    """Return all that is in a clip or told as a gap, joined."""
    kept = [facts.range for _, facts in rig.sink.clips]
    return list(union((*kept, *(gap.range for gap in rig.gaps)), join_ms=300))


@pytest.mark.parametrize(
    "kind",
    [
        ErrorKind.STORAGE_MISSING,
        ErrorKind.STORAGE_STALLED,
        ErrorKind.STORAGE_READ_ONLY,
        ErrorKind.STORAGE_FAILED,
        ErrorKind.STORAGE_FULL,
    ],
)
def test_every_stretch_is_in_a_clip_or_told_when_the_storage_fails_for_a_moment(
    rig: RecorderRig, kind: ErrorKind
) -> None:
    recorder = rig.start(Bounds(live_gap_ms=200, free_check_bytes=1), is_on=True)
    rig.wait(rig.recorded_for(2.0))
    rig.sink.fail_room = NvrError(kind, "No route to host")
    rig.wait(lambda: recorder.status.problem is kind)
    rig.sink.fail_room = None
    rig.wait(rig.recorded_for(1.0))
    recorder.stop()
    assert rig.sink.abandoned == []
    first_ms = min(start.utc_start_ms for start in rig.sink.opened)
    last_ms = max(facts.range.end_ms for _, facts in rig.sink.clips)
    [whole] = booked(rig)
    assert whole.start_ms <= first_ms
    assert whole.end_ms >= last_ms
    if kind is ErrorKind.STORAGE_FULL:
        assert rig.sink.left == [], "there was room for the end"
        return
    assert rig.sink.left
    assert all(target.part_path.stat().st_size for target in rig.sink.left)
    told = [gap.range for gap in rig.gaps if gap.reason == str(kind)]
    began_ms = rig.sink.left[0].start.utc_start_ms
    assert any(r.start_ms == began_ms and r.duration_ms >= 1_000 for r in told)


def test_a_clip_that_fails_its_check_is_kept_and_marked(
    rig: RecorderRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(path: Path, facts: object) -> None:
        raise NvrError(ErrorKind.VERIFY_FAILED, "times of pictures differ")

    monkeypatch.setattr(
        "custom_components.vtrack_nvr.core.live.recorder.check_tables", check
    )
    recorder = rig.start(is_on=True)
    rig.wait(rig.recorded_for(1.5))
    recorder.stop()
    [(_, facts)] = rig.sink.clips
    assert facts.problem == "check_failed"
    assert recorder.status.problem is None
    numbers = rig.check()
    assert all(b - a == 1 for a, b in pairwise(numbers))


def test_a_fault_of_ours_costs_a_pause_and_no_recording(
    rig: RecorderRig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = ClipSeries.write
    faults: list[int] = []

    def write(self, *group, **more):
        if len(faults) < 2 and self.open_end_us is not None:
            faults.append(1)
            raise ZeroDivisionError
        real(self, *group, **more)

    monkeypatch.setattr(ClipSeries, "write", write)
    recorder = rig.start(Bounds(live_gap_ms=200), is_on=True)
    rig.wait(lambda: len(faults) == 2)
    rig.wait(rig.recorded_for(1.0))
    recorder.stop()
    assert len(rig.sink.left) == 2
    assert len([r for r in caplog.records if r.exc_info]) == 2
    [whole] = booked(rig)
    assert whole.start_ms <= min(s.utc_start_ms for s in rig.sink.opened)


def test_a_pre_roll_that_cannot_be_written_is_told(rig: RecorderRig) -> None:
    recorder = rig.start(Bounds(live_gap_ms=200, free_check_bytes=1), pre_roll_ms=3_000)
    rig.wait(lambda: recorder.status.state is LiveState.WATCHING)
    time.sleep(1.5)
    rig.sink.fail_room = NvrError(ErrorKind.STORAGE_MISSING, "away")
    recorder.switch(True)
    rig.wait(lambda: recorder.status.problem is ErrorKind.STORAGE_MISSING)
    rig.sink.fail_room = None
    rig.wait(rig.recorded_for(0.8))
    recorder.stop()
    [whole] = booked(rig)
    assert whole.start_ms <= rig.sink.opened[0].utc_start_ms


async def test_recorders_are_steered_from_the_loop(
    server: RtspServer, tmp_path: Path
) -> None:

    states: list[LiveState] = []
    rig = RecorderRig(server, tmp_path)
    live = LiveRecorders(
        clock=SystemClock(),
        waits=WAITS,
        on_status=lambda key, status: states.append(status.state),
    )
    spec = LiveSpec(CAMERA, rig.endpoint)
    await live.attach(spec, rig.sink)
    assert live.is_attached(CAMERA)
    live.switch(CAMERA, True)
    now = round(time.time() * 1000)
    live.record(CAMERA, TimeRange(now, now + 500))
    async with asyncio.timeout(8):
        while LiveState.RECORDING not in states:  # noqa: ASYNC110 - a thread tells nobody
            await asyncio.sleep(0.02)
    rig.lateness.stop()
    live.retry_now(CAMERA)
    assert live.status(CAMERA)
    await live.attach(replace(spec, is_on=True), rig.sink)
    await live.close()
    assert live.status(CAMERA) is None
    assert not live.is_attached(CAMERA)
    rig.check()
