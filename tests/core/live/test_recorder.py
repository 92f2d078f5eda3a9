"""What is recorded live from a simulated camera, how it is dated, and where it is cut."""

# Reads private members: which time an open clip is dated by is in no status.

from itertools import pairwise
import time

import pytest

from custom_components.vtrack_nvr.core.frames import Codec, TrackFormat, TrackKind
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.live.live_values import LiveState
from custom_components.vtrack_nvr.core.models import ClockEra, TimeSource
from custom_components.vtrack_nvr.core.policy import Bounds
from custom_components.vtrack_nvr.core.rtsp.session_values import MediaTrack
from tests.simulator.footage import read_pictures
from tests.simulator.rtsp_faults import RtspFaults
from tests.simulator.rtsp_server import RtspServer
from tests.simulator.timeline import LiveSource

from .rig import JumpingClock, RecorderRig

pytestmark = pytest.mark.long


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
