"""Whole fetches from a simulated device: which pictures arrive, dated how."""

from dataclasses import replace

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.fetch_job import EndReason
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import ClockEra, TimeSource
from tests.core.download.conftest import (
    BASE,
    FolderSink,
    Runner,
    check_clips,
    frames,
    gaps,
)
from tests.simulator.footage import read_beeps
from tests.simulator.timeline import Stretch, Timeline


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


def test_groups_before_the_start_are_not_kept(
    fetch: Runner, sink: FolderSink, faults
) -> None:
    faults.ignore_range_start = True
    assert fetch(8_000, 12_000).reason is EndReason.REACHED
    assert sink.pictures() == frames(8_000, 12_000)


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


def test_a_limit_is_kept_by_reading_slower(
    fetch: Runner, sink: FolderSink, timeline: Timeline
) -> None:
    timeline.pad_kbps = 2000
    outcome = fetch(0, 12_000, bytes_per_second=4_000_000)
    assert outcome.reason is EndReason.REACHED
    assert fetch.seconds >= outcome.bytes / 4_000_000 * 0.7
    assert sink.pictures() == frames(0, 12_000)


def test_progress_is_told_at_most_once_a_second(
    fetch: Runner, timeline: Timeline, faults
) -> None:
    timeline.stretches = [Stretch(0, 30_000)]
    faults.rate_limit_bytes = 100_000
    fetch(0, 30_000)
    assert 1 <= len(fetch.reports) <= fetch.seconds + 1
    assert fetch.reports[-1].device_ms > BASE
    assert fetch.reports[-1].speed > 1
