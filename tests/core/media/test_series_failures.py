"""Clips while the disk, the sink, or the muxer fails: what is kept, and what is told as lost."""

# Reads private members: the disk fails while a clip is being written.

from dataclasses import replace
import itertools
from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.clip_sink import ClipStart
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import TimeRange, difference
from custom_components.vtrack_nvr.core.media.clip_probe import ClipProbe
from custom_components.vtrack_nvr.core.media.decode import check_tables
from custom_components.vtrack_nvr.core.media.series import ClipSeries, SeriesPlan
from custom_components.vtrack_nvr.core.media.units import Gop
from custom_components.vtrack_nvr.core.media.writer import ClipWriter
from custom_components.vtrack_nvr.core.models import ClipFacts
from custom_components.vtrack_nvr.core.policy import Bounds
from tests.core.download.conftest import FolderSink
from tests.core.media import encoded

from .runs import LIVE, PLAN, START, Told, failing_check, starts


def test_a_disk_that_fails_leaves_what_is_written_for_salvage(
    sink: FolderSink, monkeypatch
) -> None:
    lost: list[tuple[TimeRange, str]] = []
    series = ClipSeries(sink, PLAN, lambda *what: lost.append(what))
    groups = encoded.groups()
    series.write(groups[0], encoded.video_format(), None)

    def fail(*_args):
        raise NvrError(ErrorKind.STORAGE_FAILED, "no")

    monkeypatch.setattr(series._open.writer, "write", fail)
    with pytest.raises(NvrError):
        series.write(groups[1], encoded.video_format(), None)
    assert sink.abandoned == []
    assert [target.part_path.exists() for target in sink.left] == [True]
    assert lost == [(TimeRange(START, START + 2_000), "storage_failed")]
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


def test_a_full_disk_that_takes_no_end_either_leaves_the_part(sink: FolderSink) -> None:
    def fail(path, facts):
        raise NvrError(ErrorKind.STORAGE_FULL, "no room for the end")

    sink.fail_room = NvrError(ErrorKind.STORAGE_FULL, "floor")
    bounds = replace(Bounds(), free_check_bytes=1)
    series = ClipSeries(sink, replace(PLAN, bounds=bounds, check=fail))
    with pytest.raises(NvrError) as caught:
        series.write(encoded.groups()[0], encoded.video_format(), None)
    assert caught.value.kind is ErrorKind.STORAGE_FULL
    assert sink.abandoned == []
    assert len(sink.left) == 1


def test_abandoning_survives_a_sink_that_fails(sink: FolderSink, monkeypatch) -> None:
    series = ClipSeries(sink, PLAN)
    series.abandon("nothing is open")
    series.write(encoded.groups()[0], encoded.video_format(), None)

    def fail(target, reason):
        raise NvrError(ErrorKind.STORAGE_MISSING, "away")

    monkeypatch.setattr(sink, "abandon", fail)
    series.abandon("test")
    assert series.notices == ["storage_missing: away"]


def refuse(monkeypatch: pytest.MonkeyPatch, kind: str, times: set[int]) -> None:
    """Let libav's own muxer refuse the first packet of the named calls: it decodes too late."""
    name = f"_{kind}_packets"
    real = getattr(ClipWriter, name)
    calls = itertools.count()

    def spoiled(self, units):
        packets = real(self, units)
        if next(calls) in times and packets:
            packet = packets[0][1]
            packet.dts = packet.pts + 9_000
        return packets

    monkeypatch.setattr(ClipWriter, name, spoiled)


def with_sound() -> list[Gop]:
    groups = encoded.groups()
    for gop in groups:
        gop.audio += encoded.aac_units(gop.start_us, count=15)
    return groups


@pytest.mark.parametrize("plan", [PLAN, LIVE], ids=["replay", "live"])
def test_sound_that_the_muxer_refuses_costs_no_picture(
    sink: FolderSink, monkeypatch: pytest.MonkeyPatch, plan: SeriesPlan
) -> None:
    refuse(monkeypatch, "sound", set(range(1000)))
    told = Told()
    series = ClipSeries(sink, replace(plan, check=check_tables, clip_ms=1_000), told)
    for gop in with_sound():
        series.write(gop, encoded.video_format(), encoded.aac_format())
    series.finish()
    assert starts(sink) == [0, 1_000, 2_000, 3_000]
    assert [facts.frames for _, facts in sink.clips] == [10, 10, 10, 10]
    assert {facts.audio_codec for _, facts in sink.clips} == {None}
    assert {facts.problem for _, facts in sink.clips} == {""}
    assert told.lost == []
    assert series.notices == ["sound that cannot be written is left out"]
    assert len(sink.abandoned) == 3, "after three clips it is not tried again"


def test_one_bad_piece_of_sound_silences_one_clip(
    sink: FolderSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "sound", {1})
    told = Told()
    plan = replace(LIVE, check=check_tables, clip_ms=2_000)
    series = ClipSeries(sink, plan, told)
    for gop in with_sound():
        series.write(gop, encoded.video_format(), encoded.aac_format())
    series.finish()
    kept = [facts for _, facts in sink.clips]
    assert difference((TimeRange(START, START + 4_000),), [f.range for f in kept]) == ()
    assert told.lost == []
    assert kept[0].problem == "refused"
    assert kept[1].audio_codec is None
    assert kept[-1].audio_codec is Codec.AAC
    assert [facts.problem for facts in kept[1:]] == ["", ""]


@pytest.mark.parametrize("plan", [PLAN, LIVE], ids=["replay", "live"])
def test_a_picture_that_the_muxer_refuses_costs_its_group(
    sink: FolderSink, monkeypatch: pytest.MonkeyPatch, plan: SeriesPlan
) -> None:
    refuse(monkeypatch, "video", {1})
    told = Told()
    series = ClipSeries(sink, replace(plan, check=check_tables), told)
    for gop in encoded.groups():
        series.write(gop, encoded.video_format(), None)
    series.finish()
    assert [(f.frames, f.problem) for _, f in sink.clips] == [(10, "refused"), (20, "")]
    assert starts(sink) == [0, 2_000]
    assert told.whole() == [(1_000, 2_000)]
    assert {reason for _, reason in told.lost} == {"verify_failed"}


def test_a_stream_of_which_nothing_can_be_written_is_a_failure(
    sink: FolderSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "video", set(range(1000)))
    told = Told()
    series = ClipSeries(sink, LIVE, told)
    groups = encoded.groups()
    series.write(groups[0], encoded.video_format(), None)
    series.write(groups[1], encoded.video_format(), None)
    with pytest.raises(NvrError) as caught:
        series.write(groups[2], encoded.video_format(), None)
    assert caught.value.kind is ErrorKind.VERIFY_FAILED
    assert told.whole() == [(0, 1_000), (1_000, 2_000), (2_000, 3_000)]
    assert sink.abandoned == ["verify_failed"] * 3
    series.finish()
    assert sink.clips == []


def test_a_sink_that_cannot_finish_is_told_as_a_loss(sink: FolderSink) -> None:
    sink.fail_finish = NvrError(ErrorKind.STORAGE_MISSING, "away")
    told = Told()
    series = ClipSeries(sink, LIVE, told)
    series.write(encoded.groups()[0], encoded.video_format(), None)
    with pytest.raises(NvrError):
        series.finish()
    assert told.whole() == [(0, 1_000)]
    assert series.open_end_us is None
    assert sink.abandoned == [], "row and part are the sink's"


@pytest.mark.parametrize("number", [0, 1, 2])
def test_all_that_is_in_no_clip_is_told_wherever_the_sink_fails(
    sink: FolderSink, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """It fails to open, to finish at a cut, or to finish at the end."""
    told = Told()
    series = ClipSeries(sink, replace(LIVE, clip_ms=1_000), told)
    real_open, real_finish = sink.open, sink.finish
    away = NvrError(ErrorKind.STORAGE_MISSING, "away")

    def fail(*_arguments: object) -> None:
        raise away

    if number == 0:
        monkeypatch.setattr(sink, "open", fail)
    elif number == 1:
        monkeypatch.setattr(sink, "finish", fail)
    failures = 0
    for place, gop in enumerate(encoded.groups()):
        if place == 2:
            monkeypatch.setattr(sink, "open", real_open)
            monkeypatch.setattr(sink, "finish", real_finish)
        try:
            series.write(gop, encoded.video_format(), None)
        except NvrError:
            failures += 1
    if number == 2:
        monkeypatch.setattr(sink, "finish", fail)
        with pytest.raises(NvrError):
            series.finish()
    series.finish()
    kept = [facts.range for _, facts in sink.clips]
    lost = [stretch for stretch, _reason in told.lost]
    assert sum(r.duration_ms for r in (*kept, *lost)) == 4_000, "each once"
    assert difference((TimeRange(START, START + 4_000),), (*kept, *lost)) == ()
    assert (failures > 0) is (number < 2)


def test_a_look_that_fails_leaves_the_part_and_says_what_is_lost(
    sink: FolderSink,
) -> None:
    sink.fail_room = NvrError(ErrorKind.STORAGE_MISSING, "no route to host")
    told = Told()
    bounds = replace(Bounds(), free_check_bytes=1)
    series = ClipSeries(sink, replace(LIVE, bounds=bounds), told)
    with pytest.raises(NvrError):
        series.write(encoded.groups()[0], encoded.video_format(), None)
    assert len(sink.left) == 1
    assert told.lost == [(TimeRange(START, START + 1_000), "storage_missing")]


def test_pictures_that_nothing_begins_are_lost(sink: FolderSink) -> None:
    told = Told()
    series = ClipSeries(sink, LIVE, told)
    gop = encoded.groups()[0]
    series.write(replace(gop, begins_with_key=False), encoded.video_format(), None)
    assert told.lost == [(TimeRange(START, START + 1_000), "interrupted")]


@pytest.mark.parametrize("is_readable", [True, False])
def test_a_clip_of_which_nothing_can_be_rescued_is_told(
    sink: FolderSink, monkeypatch: pytest.MonkeyPatch, is_readable: bool
) -> None:
    """Its check failed, and the file tells nothing, or cannot be read at all."""

    def salvage(*_arguments: object) -> None:
        if not is_readable:
            raise NvrError(ErrorKind.STORAGE_FAILED, "Input/output error")

    monkeypatch.setattr(ClipProbe, "salvage", salvage)
    told = Told()
    series = ClipSeries(sink, replace(LIVE, check=failing_check), told)
    series.write(encoded.groups()[0], encoded.video_format(), None)
    if is_readable:
        series.finish()
        assert sink.abandoned == ["verify_failed"]
    else:
        with pytest.raises(NvrError):
            series.finish()
        assert len(sink.left) == 1
    assert told.whole() == [(0, 1_000)]
    assert series.open_end_us is None
    series.leave(NvrError(ErrorKind.STORAGE_FAILED, "nothing is open"))
    assert len(told.lost) == 1


def test_what_a_rescued_clip_lacks_at_its_end_is_told(
    sink: FolderSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ClipProbe.salvage

    def salvage(self, part: Path, start: ClipStart) -> ClipFacts | None:
        found = real(self, part, start)
        assert found is not None
        shorter = TimeRange(found.range.start_ms, found.range.start_ms + 1_000)
        return replace(found, range=shorter)

    monkeypatch.setattr(ClipProbe, "salvage", salvage)
    told = Told()
    bounds = replace(Bounds(), gap_ms=200)
    series = ClipSeries(sink, replace(LIVE, check=failing_check, bounds=bounds), told)
    for gop in encoded.groups():
        series.write(gop, encoded.video_format(), None)
    series.finish()
    assert told.whole() == [(1_000, 4_000)]
    assert series.kept == [TimeRange(START, START + 1_000)]
