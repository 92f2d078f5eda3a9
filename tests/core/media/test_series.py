"""Runs of groups as clips in a sink."""

from dataclasses import replace
import errno
from pathlib import Path
from unittest.mock import patch

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media.decode import check_tables
from custom_components.vtrack_nvr.core.media.facts import sha256_of
from custom_components.vtrack_nvr.core.media.series import ClipSeries
from custom_components.vtrack_nvr.core.media.units import TimedUnit
from custom_components.vtrack_nvr.core.models import (
    ClipFacts,
    ClipSource,
    ClockEra,
    TimeSource,
)
from tests.core.download.conftest import FolderSink
from tests.core.media import encoded

from .runs import LIVE, PLAN, START, Told, failing_check, starts


def test_clips_are_cut_where_something_changes(sink: FolderSink) -> None:
    series = ClipSeries(sink, PLAN)
    video, sound = encoded.video_format(), encoded.aac_format()
    groups = encoded.groups(count=80)
    series.write(groups[0], video, None)
    series.write(groups[1], video, None)
    series.write(groups[2], video, sound)
    series.time_source = TimeSource.ESTIMATED
    series.write(groups[3], video, sound)
    other = encoded.groups(Codec.H265, start_ms=START + 4_000)
    series.write(other[0], encoded.video_format(Codec.H265), sound)
    back = encoded.groups(start_ms=START - 60_000)
    series.write(back[0], video, sound)
    series.finish()
    series.finish()
    assert starts(sink) == [0, 2_000, 3_000, 4_000, -60_000]
    assert series.clips == 5
    assert series.frames == 60
    assert series.kept[0] == TimeRange(START, START + 2_000)
    assert sink.clips[2][1].time_source is TimeSource.ESTIMATED
    assert series.open_end_us is None


def test_the_rest_of_a_group_without_its_beginning_is_left_out(
    sink: FolderSink,
) -> None:
    series = ClipSeries(sink, PLAN)
    gop = encoded.groups()[0]
    gop.begins_with_key = False
    series.write(gop, encoded.video_format(), None)
    series.finish()
    assert sink.opened == []


def test_a_long_group_in_pieces_stays_in_one_clip(sink: FolderSink) -> None:
    series = ClipSeries(sink, replace(PLAN, clip_ms=500))
    gop = encoded.groups()[0]
    first = replace(gop, video=gop.video[:6], end_us=gop.video[6].time_us)
    rest = replace(gop, video=gop.video[6:], begins_with_key=False)
    series.write(first, encoded.video_format(), None)
    series.write(rest, encoded.video_format(), None)
    series.finish()
    assert [facts.frames for _, facts in sink.clips] == [10]


def test_pictures_without_parameter_sets_leave_no_row(sink: FolderSink) -> None:
    series = ClipSeries(sink, PLAN)
    gop = encoded.groups()[0]
    data = gop.video[0].unit.data
    bare = gop.video[0].unit._replace(data=data[data.rindex(b"\0\0\1\x65") - 1 :])
    gop.video[0] = TimedUnit(gop.start_us, bare)
    with pytest.raises(NvrError) as caught:
        series.write(gop, replace(encoded.video_format(), parameter_sets=()), None)
    assert caught.value.kind is ErrorKind.PROTOCOL
    assert sink.abandoned == ["protocol"]


def test_a_clip_has_the_hash_of_its_file_though_the_check_runs_beside_it(
    sink: FolderSink,
) -> None:
    seen: list[Path] = []

    def check(path: Path, facts: ClipFacts) -> None:
        seen.append(path)
        check_tables(path, facts)

    series = ClipSeries(sink, replace(PLAN, check=check))
    series.write(encoded.groups(count=1)[0], encoded.video_format(), None)
    series.finish()
    ((path, facts),) = sink.clips
    assert len(seen) == 1
    assert facts.sha256 == sha256_of(path)


def test_a_file_that_cannot_be_hashed_fails_though_its_check_passes(
    sink: FolderSink,
) -> None:
    def check(path: Path, facts: ClipFacts) -> None:
        check_tables(path, facts)

    def refuse(path: Path) -> str:
        raise OSError(errno.EIO, "input/output error")

    series = ClipSeries(sink, replace(PLAN, check=check))
    series.write(encoded.groups(count=1)[0], encoded.video_format(), None)
    with (
        patch("custom_components.vtrack_nvr.core.media.series.sha256_of", refuse),
        pytest.raises(NvrError) as error,
    ):
        series.finish()
    assert error.value.kind is ErrorKind.STORAGE_FAILED
    assert sink.clips == []


def test_a_file_that_is_gone_before_it_is_read_back_fails(
    sink: FolderSink,
) -> None:
    series = ClipSeries(sink, PLAN)
    series.write(encoded.groups()[0], encoded.video_format(), None)
    for part in sink.folder.glob(".*.part"):
        part.unlink()
    with pytest.raises(NvrError) as caught:
        series.finish()
    assert caught.value.kind is ErrorKind.STORAGE_FAILED
    assert sink.clips == []


def test_notices_of_the_writer_are_told_once(sink: FolderSink) -> None:
    series = ClipSeries(sink, replace(PLAN, clip_ms=1_000))
    sound = replace(encoded.aac_format(), codec=Codec.UNKNOWN, name="ODD")
    for gop in encoded.groups():
        series.write(gop, encoded.video_format(), sound)
    series.finish()
    assert series.notices == ["sound in ODD is left out"]
    assert len(sink.clips) == 4


def test_what_the_clip_under_way_holds_may_be_asked(sink: FolderSink) -> None:
    series = ClipSeries(sink, PLAN)
    assert series.open_range is None
    assert series.open_time_source is None
    groups = encoded.groups()
    series.write(groups[0], encoded.video_format(), None)
    found = series.open_range
    assert found
    assert found.duration_ms == 1000
    series.write(groups[1], encoded.video_format(), None)
    assert series.open_range == TimeRange(found.start_ms, found.end_ms + 1000)
    assert series.open_time_source is not None
    series.finish()
    assert series.open_range is None


def test_live_footage_that_fails_its_check_is_kept_and_marked(sink: FolderSink) -> None:
    told = Told()
    series = ClipSeries(sink, replace(LIVE, check=failing_check), told)
    for gop in encoded.groups():
        series.write(gop, encoded.video_format(), None)
    series.finish()
    [(path, facts)] = sink.clips
    assert facts.problem == "check_failed"
    assert (facts.frames, facts.range.duration_ms) == (40, 4_000)
    assert facts.source is ClipSource.LIVE
    assert path.stat().st_size == facts.size_bytes
    assert (sink.abandoned, sink.left, told.lost) == ([], [], [])
    assert series.clips == 1


@pytest.mark.parametrize("source", [ClipSource.REPLAY, ClipSource.BACKFILL])
def test_footage_that_can_be_fetched_again_is_thrown_away_where_its_check_fails(
    sink: FolderSink, source: ClipSource
) -> None:
    told = Told()
    series = ClipSeries(sink, replace(PLAN, source=source, check=failing_check), told)
    series.write(encoded.groups()[0], encoded.video_format(), None)
    with pytest.raises(NvrError) as caught:
        series.finish()
    assert caught.value.kind is ErrorKind.VERIFY_FAILED
    assert sink.abandoned == ["verify_failed"]
    assert told.lost == [(TimeRange(START, START + 1_000), "verify_failed")]
    assert series.dropped == [TimeRange(START, START + 1_000)]


def test_what_was_received_is_told_on_the_utc_clock(sink: FolderSink) -> None:
    told = Told()
    plan = replace(LIVE, era=ClockEra(1, 0, 7_000))
    series = ClipSeries(sink, plan, told)
    series.write(encoded.groups()[0], encoded.video_format(), None)
    series.abandon("somebody says so")
    assert told.whole() == [(7_000, 8_000)]
    assert series.dropped == [TimeRange(START, START + 1_000)]
