"""Streams that break off, lie or lose bytes on the way: no picture is lost or mislabelled."""

# Reads private members: the simulator is made to misbehave between two of its own steps.

from contextlib import ExitStack
from dataclasses import replace
import time

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.fetch_job import EndReason
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.policy import DevicePolicy, Quirk
from tests.core.download.conftest import (
    BASE,
    FolderSink,
    Runner,
    check_clips,
    frames,
    gaps,
)
from tests.simulator.rtsp_sender import MediaSender
from tests.simulator.timeline import Stretch, Timeline


@pytest.mark.parametrize(
    ("switch", "value"),
    [("drop_after_frames", 37), ("reset_after_frames", 37), ("stall_after_frames", 37)],
)
@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_a_broken_connection_is_resumed_in_the_same_file(
    fetch: Runner,
    sink: FolderSink,
    timeline: Timeline,
    faults,
    switch: str,
    value: int,
    codec: str,
) -> None:
    timeline.codec = codec
    setattr(faults, switch, value)
    faults.limits[switch] = 2
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.REACHED
    assert len(sink.clips) == 1
    assert sink.pictures() == frames(0, 12_000)
    check_clips(sink)


@pytest.mark.parametrize("codec", ["H264", "H265"])
@pytest.mark.parametrize("audio", ["AAC", "PCMU", None])
@pytest.mark.parametrize("size", [300, 1400])
def test_a_length_that_lies_costs_no_picture(
    fetch: Runner,
    sink: FolderSink,
    timeline: Timeline,
    faults,
    codec: str,
    audio: str | None,
    size: int,
) -> None:
    timeline.codec, timeline.audio = codec, audio
    faults.packet_size = size
    faults.wrong_length_after_frames = 35
    faults.limits["wrong_length_after_frames"] = 2
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.REACHED, outcome
    assert sink.pictures() == frames(0, 12_000)
    assert [facts.holes for _, facts in sink.clips] == [0]
    assert not outcome.learned.quirks
    check_clips(sink)


@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_lengths_that_always_lie_end_in_counted_holes(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults, codec: str
) -> None:
    timeline.codec = codec
    faults.wrong_length_after_frames = 5
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.REACHED, outcome
    assert outcome.learned.has(Quirk.STRAY_BYTES)
    assert sum(facts.holes for _, facts in sink.clips) >= 100
    assert sum(facts.frames for _, facts in sink.clips) <= 120


def test_stray_bytes_are_borne_once_they_are_known(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults, server
) -> None:
    timeline.stretches = [Stretch(0, 12_000)]
    faults.garbage_every_frames = 20
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.REACHED, outcome
    assert outcome.learned.quirks == {Quirk.STRAY_BYTES}
    assert sink.pictures() == frames(0, 12_000)
    assert [facts.holes for _, facts in sink.clips] == [6]
    assert server.requests["PLAY"] == 4
    sink.clips.clear()
    assert fetch(0, 12_000, policy=outcome.learned).reason is EndReason.REACHED
    assert server.requests["PLAY"] == 5
    assert sink.pictures() == frames(0, 12_000)


def test_a_device_whose_bytes_are_in_order_again_is_trusted_again(
    fetch: Runner, timeline: Timeline
) -> None:
    timeline.stretches = [Stretch(0, 64_000)]
    known = DevicePolicy(frozenset({Quirk.STRAY_BYTES}))
    assert fetch(0, 4_000, policy=known).learned == known
    assert not fetch(0, 64_000, policy=known).learned.quirks


def test_a_place_that_is_nothing_but_noise_is_damaged(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults, monkeypatch
) -> None:
    """More nonsense than is borne, again and again at one picture."""
    timeline.stretches = [Stretch(0, 40_000)]
    real = MediaSender._send_unit

    def send(self, block, data, unit) -> None:
        if unit.track == 0 and unit.time_ms == BASE + 11_000:
            self._put(bytes(200_000))
        real(self, block, data, unit)

    monkeypatch.setattr(MediaSender, "_send_unit", send)
    faults.garbage_every_frames = 1000
    known = DevicePolicy(frozenset({Quirk.STRAY_BYTES}))
    outcome = fetch(0, 40_000, policy=known)
    assert outcome.reason is EndReason.REACHED, outcome
    assert [reason for *_, reason in gaps(outcome)] == ["damaged"]
    assert sink.pictures()[:100] == frames(0, 10_000)
    assert sink.pictures()[-200:] == frames(20_000, 40_000)


@pytest.mark.parametrize("after", [25, 45])
def test_sessions_that_the_device_forgets_are_followed_by_others(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults, server, after: int
) -> None:
    timeline.stretches = [Stretch(0, 12_000)]
    fetch.waits = replace(fetch.waits, progress_resets_after=0.25)
    faults.expire_after_frames = after
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.REACHED, outcome
    assert sink.pictures() == frames(0, 12_000)
    assert server.requests["PLAY"] == 6 // (after // 20)
    assert server.counters.sessions_expired == server.requests["PLAY"] - 1


def test_sessions_that_are_forgotten_too_soon_are_given_up_and_skip_nothing(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults, server
) -> None:
    timeline.stretches = [Stretch(0, 30_000)]
    faults.expire_after_frames = 15
    outcome = fetch(0, 30_000)
    assert outcome.reason is EndReason.FAILED
    assert outcome.error
    assert outcome.error.kind is ErrorKind.INTERRUPTED
    assert outcome.gaps == ()
    assert outcome.device_reached_ms == BASE
    assert sink.clips == []
    assert server.requests["PLAY"] == len(fetch.waits.retry) + 1


def test_damaged_footage_is_skipped_and_named(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults
) -> None:
    timeline.stretches = [Stretch(0, 40_000)]
    faults.damaged_at_ms = BASE + 11_000
    outcome = fetch(0, 40_000)
    assert outcome.reason is EndReason.REACHED, outcome
    assert sink.pictures() == frames(0, 11_000) + frames(20_000, 40_000)
    assert gaps(outcome) == [(11_000, 20_000, "damaged")]
    check_clips(sink)


def test_sequence_holes_are_counted(
    fetch: Runner, sink: FolderSink, faults, timeline: Timeline
) -> None:
    timeline.audio = None
    timeline.pad_kbps = 1000
    faults.sequence_hole_every = 50
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.REACHED
    assert sink.clips[0][1].holes > 0


@pytest.mark.parametrize("codec", ["H264", "H265"])
@pytest.mark.parametrize(
    ("at_ms", "holes"), [(11_000, [0, 0, 1]), (10_000, [0, 0, 1]), (9_900, [0, 1, 0])]
)
def test_a_hole_is_counted_in_the_clip_it_is_in(
    fetch: Runner,
    sink: FolderSink,
    timeline: Timeline,
    faults,
    monkeypatch,
    codec: str,
    at_ms: int,
    holes: list[int],
) -> None:
    real = MediaSender._put

    def put(self, data) -> None:
        """Leave the second packet of a picture out."""
        unit, self.unit = getattr(self, "unit", None), None
        if unit is not None and unit.track == 0 and unit.time_ms == BASE + at_ms:
            first = 4 + int.from_bytes(data[2:4])
            second = first + 4 + int.from_bytes(data[first + 2 : first + 4])
            assert second <= len(data)
            data = bytes(data[:first]) + bytes(data[second:])
        real(self, data)

    send = MediaSender._send_unit

    def send_unit(self, block, data, unit) -> None:
        self.unit = unit
        send(self, block, data, unit)

    monkeypatch.setattr(MediaSender, "_put", put)
    monkeypatch.setattr(MediaSender, "_send_unit", send_unit)
    timeline.codec, timeline.pad_kbps = codec, 400
    faults.packet_size = 300
    faults.drop_after_frames = 100_000
    """Never; units are sent one by one for it."""
    assert fetch(0, 12_000, clip_ms=5_000).reason is EndReason.REACHED
    assert [facts.holes for _, facts in sink.clips] == holes
    sink.clips.clear()
    kept = (TimeRange(BASE + 8_000, BASE + 12_000),)
    assert fetch(0, 12_000, clip_ms=5_000, kept=kept).reason is EndReason.REACHED
    assert not any(facts.holes for _, facts in sink.clips)


def test_cancel_keeps_whole_groups_and_ends_at_once(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults
) -> None:
    timeline.stretches = [Stretch(0, 60_000)]
    faults.stall_after_frames = 55
    kept = []

    def note_group() -> bool:
        kept.append(time.monotonic())
        if len(kept) == 2:
            waiting.enter_context(fetch.cancel_after(0.1))
        return False

    fetch.should_yield = note_group
    with ExitStack() as waiting:
        outcome = fetch(0, 60_000)
    assert outcome.reason is EndReason.CANCELLED
    assert time.monotonic() - kept[1] < 10
    assert sink.pictures() == frames(0, 4_000)
    assert outcome.device_reached_ms == BASE + 4_000
    check_clips(sink)


def test_a_cancel_between_attempts_is_heard_at_once(
    fetch: Runner, sink: FolderSink, server
) -> None:
    server.stop_now()
    fetch.waits = replace(fetch.waits, retry=(30.0,))
    with fetch.cancel_after(0.2):
        outcome = fetch(0, 4_000)
    assert outcome.reason is EndReason.CANCELLED
    assert fetch.seconds < 10


def test_a_cancel_while_reading_slower_is_heard_at_once(
    fetch: Runner, timeline: Timeline
) -> None:
    timeline.pad_kbps = 2000
    with fetch.cancel_after(0.3):
        outcome = fetch(0, 12_000, bytes_per_second=10_000)
    assert outcome.reason is EndReason.CANCELLED
    assert fetch.seconds < 10
