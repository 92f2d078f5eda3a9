"""Runs of groups as clips in a sink, also when the storage fails."""

from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media.series import ClipSeries, SeriesPlan
from custom_components.vtrack_nvr.core.media.units import TimedUnit
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClipSource,
    ClockEra,
    TimeSource,
)
from custom_components.vtrack_nvr.core.policy import Bounds
from tests.core.download.conftest import FolderSink
from tests.core.media import encoded

START = encoded.START_MS
PLAN = SeriesPlan(
    CameraKey("nvr/1"), ClockEra(1, 0, 0), ClipSource.REPLAY, 300_000, Bounds()
)


@pytest.fixture
def sink(tmp_path: Path) -> FolderSink:
    return FolderSink(tmp_path)


def starts(sink: FolderSink) -> list[int]:
    return [facts.range.start_ms - START for _, facts in sink.clips]


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


def test_a_write_that_fails_abandons_the_clip(sink: FolderSink, monkeypatch) -> None:
    series = ClipSeries(sink, PLAN)
    groups = encoded.groups()
    series.write(groups[0], encoded.video_format(), None)

    def fail(*_args):
        raise NvrError(ErrorKind.STORAGE_FAILED, "no")

    monkeypatch.setattr(series._open.writer, "write", fail)
    with pytest.raises(NvrError):
        series.write(groups[1], encoded.video_format(), None)
    assert sink.abandoned == ["storage_failed"]
    assert series.open_end_us is None
    series.write(groups[2], encoded.video_format(), None)
    series.finish()
    assert starts(sink) == [2_000]


def test_a_full_disk_keeps_what_is_written(sink: FolderSink) -> None:
    sink.fail_room = NvrError(ErrorKind.STORAGE_FULL, "floor")
    bounds = replace(Bounds(), free_check_bytes=1)
    series = ClipSeries(sink, replace(PLAN, bounds=bounds))
    with pytest.raises(NvrError):
        series.write(encoded.groups()[0], encoded.video_format(), None)
    assert starts(sink) == [0]


def test_a_full_disk_that_takes_no_end_either_costs_the_clip(
    sink: FolderSink, monkeypatch
) -> None:
    def fail(path, facts):
        raise NvrError(ErrorKind.VERIFY_FAILED, "no end")

    sink.fail_room = NvrError(ErrorKind.STORAGE_FULL, "floor")
    bounds = replace(Bounds(), free_check_bytes=1)
    series = ClipSeries(sink, replace(PLAN, bounds=bounds, check=fail))
    with pytest.raises(NvrError) as caught:
        series.write(encoded.groups()[0], encoded.video_format(), None)
    assert caught.value.kind is ErrorKind.STORAGE_FULL
    assert sink.abandoned == ["verify_failed"]


def test_abandoning_survives_a_sink_that_fails(sink: FolderSink, monkeypatch) -> None:
    series = ClipSeries(sink, PLAN)
    series.abandon("nothing is open")
    series.write(encoded.groups()[0], encoded.video_format(), None)

    def fail(target, reason):
        raise NvrError(ErrorKind.STORAGE_MISSING, "away")

    monkeypatch.setattr(sink, "abandon", fail)
    series.abandon("test")
    assert series.notices == ["storage_missing: away"]


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
