"""Sound of a replay, however it is sent, described and packed: none of it is lost."""

from pathlib import Path

import av
import pytest

from custom_components.vtrack_nvr.core.fetch_job import EndReason
from tests.core.download.conftest import (
    BASE,
    FolderSink,
    Runner,
    check_clips,
    frames,
)
from tests.simulator.footage import read_beeps
from tests.simulator.rtsp_faults import RtspFaults
from tests.simulator.timeline import Timeline

FORMS = ["adts", "size-alone", "other-number", "no-config", "no-headers", "latm"]
FRAME_S = 0.128
"""The longest frame there is: AAC of 8 kHz."""


def heard(path: Path, start_ms: int) -> list[tuple[float, float]]:
    """Return the stretches of sound in a clip, in seconds after BASE."""
    found: list[tuple[float, float]] = []
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        for packet in container.demux(stream):
            if packet.pts is None or packet.time_base is None:
                continue
            at = float(packet.pts * packet.time_base) + (start_ms - BASE) / 1000
            length = 1024 / stream.rate
            if found and at - found[-1][1] < 0.03:
                found[-1] = found[-1][0], at + length
            else:
                found.append((at, at + length))
    return found


def check_sound(sink: FolderSink, start_s: float = 0.0, end_s: float = 12.0) -> None:
    """Prove that sound lies beside all pictures, and each second's beep in its second."""
    (path, facts) = sink.clips[0]
    ((first, last),) = heard(path, facts.range.start_ms)
    assert first - start_s <= FRAME_S
    assert end_s - last <= 2 * FRAME_S
    # the first one may begin before the first frame of sound does
    beeps = [beep for beep in read_beeps(path) if beep[0] > 200]
    assert len(beeps) >= end_s - start_s - 2
    for at_ms, second in beeps:
        true_ms = facts.range.start_ms + at_ms
        assert abs((true_ms + 500) % 1000 - 500) < 70
        assert round(true_ms / 1000) % 8 == second


@pytest.mark.parametrize("ahead_ms", [-3_000, -1_500, 1_500, 3_000])
@pytest.mark.parametrize("audio", ["AAC", "PCMU"])
def test_sound_sent_before_or_behind_its_pictures_is_kept(
    fetch: Runner,
    sink: FolderSink,
    timeline: Timeline,
    faults: RtspFaults,
    ahead_ms: int,
    audio: str,
) -> None:
    timeline.audio = audio
    faults.sound_ahead_ms = ahead_ms
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.REACHED
    assert outcome.notices == ()
    assert sink.pictures() == frames(0, 12_000)
    check_clips(sink)
    check_sound(sink)


@pytest.mark.parametrize("ahead_ms", [-3_000, 3_000])
def test_the_end_of_a_range_waits_for_sound_behind_it(
    fetch: Runner, sink: FolderSink, faults: RtspFaults, ahead_ms: int
) -> None:
    faults.sound_ahead_ms = ahead_ms
    outcome = fetch(2_000, 6_000)
    assert outcome.reason is EndReason.REACHED
    assert outcome.notices == ()
    assert sink.pictures() == frames(2_000, 6_000)
    check_sound(sink, 2.0, 6.0)


def test_sound_that_is_too_far_behind_is_told(
    fetch: Runner, sink: FolderSink, faults: RtspFaults
) -> None:
    faults.sound_ahead_ms = -7_000
    outcome = fetch(0, 12_000)
    assert sink.pictures() == frames(0, 12_000)
    (notice,) = outcome.notices
    assert "s of sound came too late" in notice


@pytest.mark.parametrize("form", FORMS)
def test_aac_is_kept_however_it_is_described(
    fetch: Runner, sink: FolderSink, faults: RtspFaults, form: str
) -> None:
    faults.sound_form = form
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.REACHED
    assert outcome.notices == ()
    assert outcome.clips == 1
    assert sink.pictures() == frames(0, 12_000)
    check_sound(sink)


@pytest.mark.parametrize("audio", ["PCMA16", "L16"])
def test_sound_of_other_rates_and_kinds_is_kept(
    fetch: Runner, sink: FolderSink, timeline: Timeline, audio: str
) -> None:
    timeline.audio = audio
    outcome = fetch(0, 12_000)
    assert outcome.notices == ()
    check_sound(sink)


@pytest.mark.parametrize("place", ["before", "behind"])
def test_the_track_for_talking_back_is_left_alone(
    fetch: Runner, sink: FolderSink, faults: RtspFaults, place: str
) -> None:
    faults.talk_back_in_sdp = place
    outcome = fetch(0, 12_000)
    assert outcome.notices == ()
    assert sink.pictures() == frames(0, 12_000)
    check_sound(sink)
