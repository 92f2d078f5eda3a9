"""Whole fetches from a simulated device: which pictures arrive, dated how."""

from contextlib import ExitStack
from dataclasses import replace
import time

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.fetching import EndReason
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import ClockEra, TimeSource
from custom_components.vtrack_nvr.core.policy import DevicePolicy, Quirk
from custom_components.vtrack_nvr.core.rtsp.errors import RtspRefused
from custom_components.vtrack_nvr.core.stream.unit_stream import UnitStream
from tests.core.download.conftest import (
    BASE,
    NOW,
    FolderSink,
    Runner,
    check_clips,
    frames,
)
from tests.simulator.footage import read_beeps
from tests.simulator.rtsp_sender import MediaSender
from tests.simulator.timeline import LiveSource, Stretch, Timeline


def gaps(outcome) -> list[tuple[int, int, str]]:
    return [
        (gap.device_range.start_ms - BASE, gap.device_range.end_ms - BASE, gap.reason)
        for gap in outcome.gaps
    ]


@pytest.mark.parametrize("codec", ["H264", "H265"])
@pytest.mark.parametrize("audio", ["AAC", "PCMU", None])
def test_a_stretch_arrives_picture_by_picture(
    fetch: Runner, sink: FolderSink, timeline: Timeline, codec: str, audio: str | None
) -> None:
    timeline.codec, timeline.audio = codec, audio
    outcome = fetch(0, 12_000)
    assert outcome.error is None
    assert outcome.reason is EndReason.REACHED
    assert outcome.device_reached_ms == BASE + 12_000
    assert outcome.gaps == ()
    assert sink.pictures() == frames(0, 12_000)
    assert outcome.frames == 120
    check_clips(sink)
    facts = sink.clips[0][1]
    assert facts.range == TimeRange(BASE, BASE + 12_000)
    assert facts.time_source is TimeSource.CAPTURE
    assert facts.audio_codec is (Codec.AAC if audio else None)
    if audio:
        beeps = read_beeps(sink.clips[0][0])
        assert len(beeps) >= 10
        for at_ms, second in beeps:
            true_ms = BASE + at_ms
            assert abs((true_ms + 500) % 1000 - 500) < 70
            assert round(true_ms / 1000) % 8 == second


@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_reordered_pictures_keep_their_times(
    fetch: Runner, sink: FolderSink, timeline: Timeline, codec: str
) -> None:
    timeline.codec, timeline.bframes = codec, 2
    assert fetch(0, 12_000).reason is EndReason.REACHED
    assert sink.pictures() == frames(0, 12_000)
    check_clips(sink)


def test_whole_groups_around_a_range_inside(fetch: Runner, sink: FolderSink) -> None:
    outcome = fetch(3_500, 6_300)
    assert outcome.reason is EndReason.REACHED
    assert sink.pictures() == frames(2_000, 8_000)
    check_clips(sink)


def test_files_are_cut_on_wall_clock_boundaries(
    fetch: Runner, sink: FolderSink
) -> None:
    outcome = fetch(0, 12_000, clip_ms=5_000)
    starts = [facts.range.start_ms - BASE for _, facts in sink.clips]
    assert starts == [0, 6_000, 10_000]
    assert outcome.clips == 3
    assert sink.pictures() == frames(0, 12_000)
    check_clips(sink)


def test_utc_is_device_time_plus_the_offset(fetch: Runner, sink: FolderSink) -> None:
    fetch.clock.now += 7_777
    fetch(0, 4_000, era=ClockEra(9, 0, 7_777))
    facts = sink.clips[0][1]
    assert facts.range.start_ms == BASE + 7_777
    assert facts.device_start_ms == BASE
    assert facts.era_id == 9
    check_clips(sink)


def test_a_long_gap_cuts_the_file_and_is_reported(
    fetch: Runner, sink: FolderSink
) -> None:
    outcome = fetch(0, 76_000)
    assert outcome.reason is EndReason.REACHED
    assert gaps(outcome) == [(12_000, 72_000, "no_footage")]
    assert len(sink.clips) == 2
    assert sink.pictures() == frames(0, 12_000) + frames(72_000, 76_000)
    check_clips(sink)


def test_a_short_gap_freezes_inside_the_file(
    fetch: Runner, sink: FolderSink, timeline: Timeline
) -> None:
    timeline.stretches = [Stretch(0, 6_000), Stretch(13_000, 6_000)]
    outcome = fetch(0, 19_000)
    assert len(sink.clips) == 1
    facts = sink.clips[0][1]
    assert facts.gaps == (TimeRange(BASE + 6_000, BASE + 13_000),)
    assert outcome.gaps == ()
    assert sink.pictures() == frames(0, 6_000) + frames(13_000, 19_000)
    check_clips(sink)


def test_restarted_rtp_time_at_a_gap_does_not_move_pictures(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults
) -> None:
    timeline.stretches = [Stretch(0, 6_000), Stretch(13_000, 6_000)]
    faults.restart_rtp_at_gaps = True
    assert fetch(0, 19_000).reason is EndReason.REACHED
    check_clips(sink)


def test_what_is_kept_already_is_not_kept_twice(
    fetch: Runner, sink: FolderSink
) -> None:
    kept = (TimeRange(BASE + 4_000, BASE + 8_000),)
    outcome = fetch(0, 12_000, kept=kept)
    assert sink.pictures() == frames(0, 4_000) + frames(8_000, 12_000)
    assert outcome.gaps == ()
    check_clips(sink)


def test_kept_footage_that_ends_inside_a_group_does_not_cost_the_rest(
    fetch: Runner, sink: FolderSink
) -> None:
    kept = (TimeRange(BASE, BASE + 4_500), TimeRange(BASE + 9_300, BASE + 12_000))
    fetch(0, 12_000, kept=kept)
    assert sink.pictures() == frames(4_000, 9_300)
    check_clips(sink)


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


def test_no_footage_in_the_range_is_said_so(fetch: Runner, sink: FolderSink) -> None:
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


def test_a_device_that_ignores_the_range_is_paused_and_asked_again(
    fetch: Runner, sink: FolderSink, faults, timeline: Timeline
) -> None:
    timeline.stretches = [Stretch(0, 4_000), Stretch(600_000, 6_000)]
    faults.ignore_range_start = True
    outcome = fetch(600_000, 606_000)
    assert outcome.reason is EndReason.FAILED
    assert outcome.error
    assert outcome.error.kind is ErrorKind.UNSUPPORTED
    assert outcome.learned.has(Quirk.PAUSE_BEFORE_PLAY)
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


def test_it_yields_at_a_group_border(
    fetch: Runner, sink: FolderSink, timeline: Timeline
) -> None:
    timeline.stretches = [Stretch(0, 60_000)]
    asked = []
    fetch.should_yield = lambda: len(asked) >= 3 or bool(asked.append(1))
    outcome = fetch(0, 60_000)
    assert outcome.reason is EndReason.YIELDED
    assert sink.pictures() == frames(0, 8_000)
    assert outcome.device_reached_ms == BASE + 8_000


def test_an_unfinishable_clip_fails_the_fetch_and_settles_nothing(
    fetch: Runner, sink: FolderSink
) -> None:
    sink.fail_finish = NvrError(ErrorKind.STORAGE_MISSING, "gone")
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.FAILED
    assert outcome.error is sink.fail_finish
    assert outcome.device_reached_ms == BASE
    assert outcome.clips == 0


def test_a_full_root_ends_the_fetch_with_what_is_written(
    fetch: Runner, sink: FolderSink
) -> None:
    sink.fail_room = NvrError(ErrorKind.STORAGE_FULL, "floor")
    fetch.bounds = replace(fetch.bounds, free_check_bytes=1)
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.FAILED
    assert outcome.error is sink.fail_room
    assert sink.pictures() == frames(0, 2_000)
    assert outcome.device_reached_ms == BASE + 2_000


def test_another_picture_size_begins_a_new_clip(
    fetch: Runner, sink: FolderSink, timeline: Timeline
) -> None:
    timeline.stretches = [
        Stretch(0, 6_000),
        Stretch(6_000, 6_000, width=320, height=180),
    ]
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.REACHED
    assert [(f.width, f.height) for _, f in sink.clips] == [(640, 360), (320, 180)]
    assert sink.pictures() == frames(0, 12_000)
    check_clips(sink)


def test_absent_sound_does_not_hold_pictures_back(
    fetch: Runner, sink: FolderSink, faults
) -> None:
    faults.audio_absent = True
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.REACHED
    assert sink.pictures() == frames(0, 12_000)
    assert sink.clips[0][1].audio_codec is None


def test_sequence_holes_are_counted(
    fetch: Runner, sink: FolderSink, faults, timeline: Timeline
) -> None:
    timeline.audio = None
    timeline.pad_kbps = 1000
    faults.sequence_hole_every = 50
    outcome = fetch(0, 12_000)
    assert outcome.reason is EndReason.REACHED
    assert sink.clips[0][1].holes > 0


def test_a_limit_is_kept_by_reading_slower(
    fetch: Runner, sink: FolderSink, timeline: Timeline
) -> None:
    timeline.pad_kbps = 2000
    outcome = fetch(0, 12_000, bytes_per_second=4_000_000)
    assert outcome.reason is EndReason.REACHED
    assert fetch.seconds >= outcome.bytes / 4_000_000 * 0.7
    assert sink.pictures() == frames(0, 12_000)


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


def test_progress_is_told_at_most_once_a_second(
    fetch: Runner, timeline: Timeline, faults
) -> None:
    timeline.stretches = [Stretch(0, 30_000)]
    faults.rate_limit_bytes = 100_000
    fetch(0, 30_000)
    assert 1 <= len(fetch.reports) <= fetch.seconds + 1
    assert fetch.reports[-1].device_ms > BASE
    assert fetch.reports[-1].speed > 1


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


def test_new_firmware_that_sends_capture_times_is_noticed(
    fetch: Runner, sink: FolderSink
) -> None:
    known = DevicePolicy(frozenset({Quirk.NO_CAPTURE_TIMES, Quirk.RTCP_KEEP_ALIVE}))
    outcome = fetch(0, 4_000, policy=known)
    assert outcome.learned.quirks == {Quirk.RTCP_KEEP_ALIVE}
    assert sink.clips[0][1].time_source is TimeSource.CAPTURE


def test_the_rest_is_no_footage_where_the_device_forgot_it_meanwhile(
    fetch: Runner, sink: FolderSink, timeline: Timeline, faults
) -> None:
    timeline.stretches = [Stretch(0, 8_000)]
    faults.terminal_flags = False
    outcome = fetch(0, 60_000)
    assert outcome.reason is EndReason.END_OF_FOOTAGE
    assert outcome.device_reached_ms == BASE + 8_000
    assert sink.pictures() == frames(0, 8_000)


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
