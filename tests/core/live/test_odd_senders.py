"""Live recording of cameras that send their pictures, and the times of these, oddly.

Every switch is one kind of trouble that people report; each picture says itself when it
was drawn, so that a wrong date, an order or a loss shows.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.live.live_values import LiveState
from tests.core.live.rig import WAITS, RecorderRig
from tests.simulator.footage import FootageStore, read_beeps
from tests.simulator.rtsp_faults import RtspFaults
from tests.simulator.rtsp_server import RtspServer
from tests.simulator.timeline import DeviceClock, LiveSource

pytestmark = pytest.mark.quiet

BOUND_MS = 500
PATIENT = replace(WAITS, live_start=20.0, live_stall=20.0)
"""A simulated camera that has to encode may be silent for a while."""
SHAPES: dict[str, dict[str, Any]] = {
    "marker on every slice": {"marks_slices": True},
    "no marker": {"no_marker": True},
    "marker missing now and then": {"unmarked_every": 3, "marks_slices": True},
    "start codes inside": {"annex_b": True, "packet_size": 400},
    "start codes inside, whole": {"annex_b": True, "packet_size": 60_000},
    "odd units": {"odd_nals": True, "marks_slices": True},
    "sets in the description only": {"parameter_sets": "sdp"},
    "sets in the stream only": {"parameter_sets": "in-band"},
}
TIMES: dict[str, dict[str, Any]] = {
    "back by 3 s": {"rtp_jump": (1_200, -3_000)},
    "back by 0.3 s": {"rtp_jump": (900, -300)},
    "forward by 3 s": {"rtp_jump": (1_200, 3_000)},
    "by an hour": {"rtp_jump": (1_500, -3_600_000)},
    "20 % slow": {"rtp_pace": 0.8},
    "20 % fast": {"rtp_pace": 1.2},
    "late key pictures": {"late_keys_ms": 120},
    "contrary reports": {"live_sender_reports": "contrary", "report_seconds": 0.5},
    "late reports": {"live_sender_reports": "late", "report_seconds": 0.5},
    "reports hours off": {"live_sender_reports": "wrong", "report_seconds": 0.5},
    "jumps, reports and late keys": {
        "rtp_jump": (700, -1_700),
        "live_sender_reports": "good",
        "report_seconds": 0.4,
        "late_keys_ms": 60,
    },
}


@pytest.fixture
def faults() -> RtspFaults:
    return RtspFaults()


@pytest.fixture
def source() -> LiveSource:
    return LiveSource(
        "Gate", gop_ms=500, width=320, height=176, slices=4, changing_sets=True
    )


@pytest.fixture
def rig(
    socket_enabled: None, faults: RtspFaults, source: LiveSource, tmp_path: Path
) -> Iterator[RecorderRig]:
    running = RtspServer(
        "127.0.0.1",
        0,
        {"admin": "secret"},
        DeviceClock(),
        {},
        {"/live": source},
        faults,
        footage=FootageStore(),
    )
    running.start_now()
    made = RecorderRig(running, tmp_path)
    yield made
    made.lateness.stop()
    if made.recorder:
        assert made.recorder.stop(20.0)
    running.stop_now()


def record(rig: RecorderRig, seconds: float = 1.5) -> list[int]:
    """Record so long; return the numbers of the pictures, proven to be all and right."""
    recorder = rig.start(is_on=True, waits=PATIENT)
    rig.wait(rig.recorded_for(seconds))
    recorder.stop(30.0)
    numbers = rig.check(BOUND_MS)
    assert all(b - a == 1 for a, b in pairwise(numbers))
    first_ms = rig.sink.clips[0][1].range.start_ms
    assert all(gap.range.end_ms <= first_ms for gap in rig.gaps)
    return numbers


@pytest.mark.parametrize("codec", ["H264", "H265"])
@pytest.mark.parametrize("name", SHAPES)
def test_every_picture_is_kept_whatever_it_comes_in(
    rig: RecorderRig, faults: RtspFaults, source: LiveSource, name: str, codec: str
) -> None:
    source.codec = codec
    source.changing_sets = name != "sets in the description only"
    faults.update(SHAPES[name])
    record(rig, 1.0)
    # H.265 needs one cut to learn that the sets change
    assert len(rig.sink.clips) <= (1 if codec == "H264" else 2)


@pytest.mark.parametrize("name", TIMES)
def test_every_picture_is_dated_by_its_arrival(
    rig: RecorderRig, faults: RtspFaults, name: str
) -> None:
    faults.update(TIMES[name])
    record(rig, 2.5)


@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_b_frames_are_shown_in_their_order(
    rig: RecorderRig, source: LiveSource, codec: str
) -> None:
    source.codec, source.bframes = codec, 2
    recorder = rig.start(is_on=True, waits=PATIENT)
    rig.wait(rig.recorded_for(1.5))
    recorder.stop(30.0)
    numbers = rig.check(BOUND_MS)
    # It may end before pictures came that are shown between the last ones.
    whole = numbers[: -source.bframes]
    assert len(whole) > 5
    assert whole == [*range(whole[0], whole[0] + len(whole))]


def test_stored_seconds_that_come_at_once_are_dated_back(
    rig: RecorderRig, faults: RtspFaults, source: LiveSource
) -> None:
    faults.live_burst_ms = 5_000
    numbers = record(rig, 1.5)
    assert len(numbers) > 50
    assert rig.sink.clips[0][1].audio_codec is Codec.AAC


def test_sound_sent_behind_its_pictures_is_dated_by_its_reports(
    rig: RecorderRig, faults: RtspFaults
) -> None:
    faults.update({"sound_ahead_ms": -1_500, "report_seconds": 0.5})
    recorder = rig.start(is_on=True, waits=PATIENT)
    rig.wait(rig.recorded_for(6.0))
    recorder.stop(30.0)
    path, facts = rig.sink.clips[-1]
    # reports say nothing before the second one
    beeps = [beep for beep in read_beeps(path) if beep[0] > 2_500]
    assert beeps
    for at_ms, second in beeps:
        true_ms = facts.range.start_ms + at_ms
        assert abs((true_ms + 500) % 1000 - 500) < 300
        assert round(true_ms / 1000) % 8 == second


def test_pictures_without_a_key_picture_are_a_problem_in_words(
    rig: RecorderRig, faults: RtspFaults
) -> None:
    faults.no_key_pictures = True
    recorder = rig.start(is_on=True)
    rig.wait(lambda: recorder.status.problem is ErrorKind.NO_KEY_PICTURES)
    assert recorder.status.state is not LiveState.BLOCKED, "it goes away by itself"
    rig.wait(lambda: "no_key_pictures" in {gap.reason for gap in rig.gaps})
    faults.no_key_pictures = False
    rig.wait(lambda: recorder.status.state is LiveState.RECORDING)
    assert recorder.status.problem is None
