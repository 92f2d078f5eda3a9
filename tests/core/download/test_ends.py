"""Where footage ends, and where it only seems to."""

# Reads private members: the simulator is made to misbehave between two of its own steps.

from dataclasses import replace

import pytest

from custom_components.vtrack_nvr.core.fetch_job import EndReason
from custom_components.vtrack_nvr.core.intervals import TimeRange
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


def test_a_pause_after_a_section_is_no_end(
    fetch: Runner, sink: FolderSink, timeline: Timeline, server, monkeypatch
) -> None:
    """A device, or a machine, that is slow to go on behind a gap."""
    real = MediaSender._send_piece

    def send(self, piece, **options) -> None:
        if piece.after_gap_ms:
            self._sleep(1.0)
        real(self, piece, **options)

    monkeypatch.setattr(MediaSender, "_send_piece", send)
    timeline.stretches = [Stretch(0, 6_000), Stretch(40_000, 4_000)]
    outcome = fetch(0, 44_000)
    assert outcome.reason is EndReason.REACHED, outcome
    assert sink.pictures() == frames(0, 6_000) + frames(40_000, 44_000)
    assert gaps(outcome) == [(6_000, 40_000, "no_footage")]
    assert server.requests["PLAY"] == 2
    check_clips(sink)


@pytest.mark.parametrize("answer", ["457", "404", "silence", "bye"])
def test_where_nothing_follows_a_section_footage_has_ended(
    fetch: Runner,
    sink: FolderSink,
    timeline: Timeline,
    faults,
    server,
    monkeypatch,
    answer: str,
) -> None:
    """A device that marks the end of a section, and not that of all footage."""
    monkeypatch.setattr(MediaSender, "_is_terminal", lambda *_: False)
    if answer == "bye":
        faults.end_of_range = "bye"
        monkeypatch.setattr(
            MediaSender,
            "_at_end",
            lambda self, real=MediaSender._at_end: (
                None if self.progress.frames else real(self)
            ),
        )
    else:
        fetch.waits = replace(fetch.waits, first_packet=0.3)
    faults.outside_range = "silence" if answer == "bye" else answer
    timeline.stretches = [Stretch(0, 6_000)]
    outcome = fetch(0, 44_000)
    assert outcome.reason is EndReason.END_OF_FOOTAGE, outcome
    assert outcome.device_reached_ms == BASE + 6_000
    assert outcome.gaps == ()
    assert sink.pictures() == frames(0, 6_000)
    assert server.requests["PLAY"] == (4 if answer == "457" else 2)


def test_a_section_that_comes_again_instead_of_what_follows_is_the_end(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults, server, monkeypatch
) -> None:
    monkeypatch.setattr(MediaSender, "_is_terminal", lambda *_: False)
    faults.ignore_range_start = True
    timeline.stretches = [Stretch(0, 6_000)]
    outcome = fetch(0, 44_000)
    assert outcome.reason is EndReason.END_OF_FOOTAGE, outcome
    assert sink.pictures() == frames(0, 6_000)
    assert server.requests["PLAY"] == 2


def test_an_end_that_was_seen_stays_the_end_whatever_comes_behind_it(
    fetch: Runner, sink: FolderSink, faults, server, monkeypatch
) -> None:
    """The key picture at the end and the nonsense behind it come in one read."""
    real, send = MediaSender._put, MediaSender._send_unit
    held: list[bytes] = []

    def put(self, data) -> None:
        held.append(bytes(data))

    def send_unit(self, block, data, unit) -> None:
        send(self, block, data, unit)
        if unit.track == 0 and unit.time_ms == BASE + 4_100:
            real(self, b"".join([*held, b"\x00noise"]))

    monkeypatch.setattr(MediaSender, "_put", put)
    monkeypatch.setattr(MediaSender, "_send_unit", send_unit)
    faults.drop_after_frames = 100_000
    outcome = fetch(0, 4_000)
    assert outcome.reason is EndReason.REACHED
    assert sink.pictures() == frames(0, 4_000)
    assert server.requests["PLAY"] == 1


def test_a_session_forgotten_behind_a_section_is_no_proof_of_the_end(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults
) -> None:
    timeline.stretches = [Stretch(0, 6_000), Stretch(40_000, 4_000)]
    fetch.waits = replace(fetch.waits, progress_resets_after=0.25, first_packet=0.5)
    faults.expire_after_frames = 60
    faults.limits["expire_after_frames"] = 1
    outcome = fetch(0, 44_000)
    assert outcome.reason is EndReason.REACHED, outcome
    assert sink.pictures() == frames(0, 6_000) + frames(40_000, 44_000)


def test_footage_that_ends_early_leaves_the_rest_open(
    fetch: Runner, sink: FolderSink, timeline: Timeline
) -> None:
    timeline.stretches = [Stretch(0, 12_000)]
    outcome = fetch(0, 60_000)
    assert outcome.reason is EndReason.END_OF_FOOTAGE
    assert outcome.device_reached_ms == BASE + 12_000
    assert sink.pictures() == frames(0, 12_000)


@pytest.mark.parametrize("end", ["silence", "bye", "bye_bare", "bye_compound"])
@pytest.mark.parametrize("flags", [True, False])
def test_every_manner_of_ending_is_understood(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults, end: str, flags: bool
) -> None:
    timeline.stretches = [Stretch(0, 12_000)]
    faults.end_of_range = end
    faults.terminal_flags = flags
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.REACHED
    assert sink.pictures() == frames(0, 12_000)


def test_a_close_right_at_the_end_is_the_end(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults
) -> None:
    timeline.stretches = [Stretch(0, 12_000)]
    faults.end_of_range = "close"
    assert fetch(0, 12_000).reason is EndReason.REACHED
    assert sink.pictures() == frames(0, 12_000)


def test_a_device_that_plays_past_the_end_is_stopped(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults
) -> None:
    timeline.stretches = [Stretch(0, 600_000)]
    faults.plays_past_end = True
    outcome = fetch(0, 4_000)
    assert outcome.reason is EndReason.REACHED
    assert sink.pictures() == frames(0, 4_000)


def test_a_growing_recording_keeps_its_open_group_for_later(
    fetch: Runner, sink: FolderSink, timeline: Timeline, device_clock
) -> None:
    now = BASE + 110_900
    device_clock.value_ms = fetch.clock.now = now
    timeline.growing_offset_ms = 100_000
    fetch.waits = replace(fetch.waits, first_packet=0.5)
    outcome = fetch(100_000, 110_500)
    assert outcome.reason is EndReason.END_OF_FOOTAGE or outcome.reason is (
        EndReason.REACHED
    )
    assert sink.pictures()[:100] == frames(100_000, 110_000)
    check_clips(sink)


def test_footage_of_growing_recording_is_completed_without_doubles(
    fetch: Runner, sink: FolderSink, timeline: Timeline, device_clock
) -> None:
    now = BASE + 110_900
    device_clock.value_ms = fetch.clock.now = now
    timeline.growing_offset_ms = 100_000
    fetch.waits = replace(fetch.waits, first_packet=0.5)
    first = fetch(100_000, 130_000)
    assert first.reason is EndReason.END_OF_FOOTAGE
    assert first.device_reached_ms == BASE + 110_000
    device_clock.value_ms = fetch.clock.now = BASE + 200_000
    kept = tuple(
        TimeRange(
            facts.device_start_ms, facts.device_start_ms + facts.range.duration_ms
        )
        for _, facts in sink.clips
    )
    second = fetch(110_000, 130_000, kept=kept)
    assert second.reason is EndReason.REACHED
    assert sink.pictures() == frames(100_000, 130_000)
    check_clips(sink)


def test_the_rest_is_no_footage_where_the_device_forgot_it_meanwhile(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults
) -> None:
    timeline.stretches = [Stretch(0, 8_000)]
    faults.terminal_flags = False
    outcome = fetch(0, 60_000)
    assert outcome.reason is EndReason.END_OF_FOOTAGE
    assert outcome.device_reached_ms == BASE + 8_000
    assert sink.pictures() == frames(0, 8_000)


@pytest.mark.parametrize("end", ["silence", "bye"])
def test_the_key_picture_at_the_end_counts_although_nothing_marks_it_as_whole(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults, server, end: str
) -> None:
    faults.no_marker = True
    faults.end_of_range = end
    timeline.audio = None
    timeline.stretches = [Stretch(0, 4_100)]
    assert fetch(0, 4_000).reason is EndReason.REACHED
    assert sink.pictures() == frames(0, 4_000)
    assert server.requests["PLAY"] == 1
