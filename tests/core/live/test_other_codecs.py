"""Motion JPEG and MPEG-4 Visual recorded live through a real ffmpeg."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
import os
from pathlib import Path
import shutil
import signal

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.live.live_values import LiveState
from custom_components.vtrack_nvr.core.policy import Bounds
from tests.core.live.rig import WAITS, RecorderRig
from tests.simulator.footage import FootageStore
from tests.simulator.rtsp_faults import RtspFaults
from tests.simulator.rtsp_server import RtspServer
from tests.simulator.timeline import DeviceClock, LiveSource

pytestmark = pytest.mark.long

FFMPEG = shutil.which("ffmpeg") or ""
PATIENT = replace(WAITS, live_start=10.0, live_stall=3.0, ffmpeg_end=20.0)
"""A process more has to be started, on machines that are busy, too."""
CODECS = {"JPEG": Codec.MJPEG, "MPEG4": Codec.MPEG4}
both = pytest.mark.parametrize("name", ["JPEG", "MPEG4"])


def source(name: str, *, width: int = 320) -> LiveSource:
    return LiveSource(
        "Gate", codec=name, gop_ms=500, width=width, height=176, audio="PCMU"
    )


@pytest.fixture
def server(socket_enabled: None) -> Iterator[RtspServer]:
    running = RtspServer(
        "127.0.0.1",
        0,
        {"admin": "secret"},
        DeviceClock(),
        {},
        {"/live": source("JPEG")},
        RtspFaults(),
        footage=FootageStore(),
    )
    running.start_now()
    yield running
    running.stop_now()


def ffmpeg_processes() -> list[int]:
    """Return our children that are ffmpeg and not yet collected."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                name = (process / "comm").read_text().strip()
            except OSError:
                continue
            if name == "ffmpeg" and int(fields[1]) == os.getpid():
                found.append(int(process.name))
    return found


@both
def test_every_picture_is_kept_under_its_own_time(rig: RecorderRig, name: str) -> None:
    rig.server.live["/live"] = source(name)
    recorder = rig.start(is_on=True, ffmpeg=FFMPEG, waits=PATIENT, clip_ms=2_000)
    rig.wait(lambda: len(rig.sink.clips) >= 2, 30)
    assert recorder.stop()
    numbers = rig.check()
    assert all(after - before == 1 for before, after in pairwise(numbers))
    for _, facts in rig.sink.clips:
        assert facts.video_codec is CODECS[name]
        assert facts.holes == 0
    longest = max(rig.sink.clips, key=lambda clip: clip[1].frames)
    assert longest[1].audio_codec is Codec.AAC
    assert ffmpeg_processes() == []


@both
def test_another_size_begins_another_clip(rig: RecorderRig, name: str) -> None:
    rig.server.live["/live"] = source(name)
    recorder = rig.start(is_on=True, ffmpeg=FFMPEG, waits=PATIENT)
    rig.wait(rig.recorded_for(0.5), 30)
    rig.server.live["/live"] = source(name, width=640)
    rig.server.drop_connections()
    rig.wait(lambda: rig.sink.clips, 30)
    rig.wait(rig.recorded_for(1.0), 30)
    assert recorder.stop()
    rig.check()
    widths = [facts.width for _, facts in rig.sink.clips]
    assert widths[0] == 320
    assert widths[-1] == 640


def test_ffmpeg_that_dies_is_started_again_and_the_loss_is_told(
    rig: RecorderRig,
) -> None:
    recorder = rig.start(
        Bounds(live_gap_ms=50), is_on=True, ffmpeg=FFMPEG, waits=PATIENT
    )
    rig.wait(rig.recorded_for(0.5), 30)
    [process] = ffmpeg_processes()
    os.kill(process, signal.SIGKILL)
    rig.wait(lambda: "ffmpeg_failed" in {gap.reason for gap in rig.gaps}, 30)
    rig.wait(rig.recorded_for(0.5), 30)
    assert recorder.stop()
    rig.check()
    assert any(state.problem is ErrorKind.FFMPEG_FAILED for state in rig.states)


def test_ffmpeg_that_hangs_is_killed_and_started_again(rig: RecorderRig) -> None:
    recorder = rig.start(is_on=True, ffmpeg=FFMPEG, waits=PATIENT)
    rig.wait(rig.recorded_for(0.5), 30)
    [process] = ffmpeg_processes()
    os.kill(process, signal.SIGSTOP)
    rig.wait(lambda: recorder.status.problem is ErrorKind.FFMPEG_FAILED, 30)
    rig.wait(rig.recorded_for(0.5), 30)
    assert process not in ffmpeg_processes()
    assert recorder.stop()
    rig.check()


def test_a_camera_that_sends_nothing_is_not_ffmpegs_fault(rig: RecorderRig) -> None:
    recorder = rig.start(is_on=True, ffmpeg=FFMPEG, waits=PATIENT)
    rig.wait(rig.recorded_for(0.5), 30)
    rig.server.faults.stall_after_frames = 20
    rig.server.faults.limits["stall_after_frames"] = 1
    rig.server.drop_connections()
    rig.wait(
        lambda: any(state.detail == "the stream stands still" for state in rig.states),
        30,
    )
    rig.wait(rig.recorded_for(0.5), 30)
    assert recorder.stop()
    assert ErrorKind.FFMPEG_FAILED not in {state.problem for state in rig.states}


def test_without_ffmpeg_the_problem_says_so_and_is_tried_again(
    rig: RecorderRig,
) -> None:
    recorder = rig.start(is_on=True, ffmpeg="/nowhere/ffmpeg")
    rig.wait(lambda: recorder.status.failures >= 2, 30)
    assert recorder.status.problem is ErrorKind.FFMPEG_FAILED
    assert LiveState.WAITING in {state.state for state in rig.states}
    assert LiveState.BLOCKED not in {state.state for state in rig.states}
