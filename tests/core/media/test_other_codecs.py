"""Motion JPEG and MPEG-4 Visual in files of ours: written, read back, salvaged, joined."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
import random
import shutil

import av
import pytest

from custom_components.vtrack_nvr.core.clip_sink import ClipStart
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import (
    AccessUnit,
    Codec,
    TrackFormat,
    TrackKind,
)
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media import annexb, codec_headers
from custom_components.vtrack_nvr.core.media.clip_probe import ClipProbe
from custom_components.vtrack_nvr.core.media.decode import (
    check_decodes,
    check_tables,
    key_strip,
    thumbnail,
)
from custom_components.vtrack_nvr.core.media.incoming import FragmentReader
from custom_components.vtrack_nvr.core.media.join import JoinPart, join_clips
from custom_components.vtrack_nvr.core.media.series import ClipSeries, SeriesPlan
from custom_components.vtrack_nvr.core.media.units import Gop, TimedUnit
from custom_components.vtrack_nvr.core.models import CameraKey, ClipSource, ClockEra
from custom_components.vtrack_nvr.core.policy import Bounds
from tests.core.download.conftest import FolderSink
from tests.simulator.footage import read_frame_numbers, read_picture
from tests.simulator.footage_video import encode_gop
from tests.simulator.timeline import FRAME_MS, NUMBER_EPOCH_MS, Look, frame_number

START = NUMBER_EPOCH_MS + 3_600_000
PLAN = SeriesPlan(
    CameraKey("nvr/1"),
    ClockEra(1, 0, 0),
    ClipSource.LIVE,
    300_000,
    Bounds(),
    check_tables,
)
CODECS = {"JPEG": Codec.MJPEG, "MPEG4": Codec.MPEG4}
both = pytest.mark.parametrize("name", ["JPEG", "MPEG4"])


def footage(
    name: str, count: int = 20, width: int = 320, start_ms: int = START
) -> tuple[TrackFormat, list[Gop]]:
    """Return coded pictures in groups, and their format with its headers outside."""
    look = Look("Yard", name, width, 176, gop_ms=1000)
    codec = CODECS[name]
    groups: list[Gop] = []
    sets: tuple[bytes, ...] = ()
    for begin in range(start_ms, start_ms + count * FRAME_MS, 1000):
        made = encode_gop(look, begin, 10)
        sets = made.parameter_sets
        for unit in made.units:
            time_us = unit.time_ms * 1000
            data = b"".join(unit.nals)
            item = TimedUnit(
                time_us, AccessUnit(0, data, unit.time_ms * 90, None, unit.key)
            )
            if unit.key:
                groups.append(Gop([item], bytes=len(data)))
            else:
                groups[-1].video.append(item)
                groups[-1].bytes += len(data)
            groups[-1].end_us = time_us + FRAME_MS * 1000
    return TrackFormat(TrackKind.VIDEO, codec, 90_000, parameter_sets=sets), groups


def written(folder: Path, name: str, **options) -> FolderSink:
    sink = FolderSink(folder)
    series = ClipSeries(sink, PLAN)
    video, groups = footage(name, **options)
    for gop in groups:
        series.write(gop, video, None)
    series.finish()
    return sink


@both
def test_every_picture_is_read_back(tmp_path: Path, name: str) -> None:
    [(path, facts)] = written(tmp_path, name).clips
    first = frame_number(START)
    assert read_frame_numbers(path) == [
        (first + n, START + n * FRAME_MS) for n in range(20)
    ]
    assert (facts.video_codec, facts.width, facts.height) == (CODECS[name], 320, 176)
    read = ClipProbe().read_clip(path)
    assert read
    assert replace(read.facts, era_id=facts.era_id) == facts
    check_decodes(path, facts)
    thumbnail(path, 0, tmp_path / "still.jpg", width=320)
    assert read_picture(tmp_path / "still.jpg").number == first
    key_strip(path, [0, 1000], tmp_path / "strip.jpg")
    assert (tmp_path / "strip.jpg").stat().st_size > 1000


@both
def test_a_torn_file_keeps_its_whole_groups(tmp_path: Path, name: str) -> None:
    sink = FolderSink(tmp_path)
    series = ClipSeries(sink, PLAN)
    video, groups = footage(name)
    for gop in groups:
        series.write(gop, video, None)
    [part] = [path for path in tmp_path.iterdir() if path.suffix != ".jpg"]
    torn = tmp_path / "torn"
    shutil.copy(part, torn)
    series.finish()
    start = ClipStart(CameraKey("nvr/1"), START, START, 1, ClipSource.LIVE)
    facts = ClipProbe().salvage(torn, start)
    assert facts
    assert facts.video_codec is CODECS[name]
    assert 10 <= facts.frames <= 20
    numbers = [number for number, _ in read_frame_numbers(torn)]
    first = frame_number(START)
    assert numbers == list(range(first, first + facts.frames))


@both
def test_another_size_begins_another_clip(tmp_path: Path, name: str) -> None:
    sink = FolderSink(tmp_path)
    series = ClipSeries(sink, PLAN)
    video, groups = footage(name, count=10)
    other, wide = footage(name, count=10, width=640, start_ms=START + 1000)
    for gop in groups:
        series.write(gop, video, None)
    if name == "MPEG4":  # its headers come again in the stream
        key = wide[0].video[0]
        data = other.parameter_sets[0] + key.unit.data
        wide[0].video[0] = key._replace(unit=key.unit._replace(data=data))
    for gop in wide:
        series.write(gop, video, None)
    series.finish()
    assert [facts.width for _, facts in sink.clips] == [320, 640]
    assert [facts.frames for _, facts in sink.clips] == [10, 10]


@both
def test_clips_are_joined(tmp_path: Path, name: str) -> None:
    parts = []
    for n in range(2):
        folder = tmp_path / str(n)
        folder.mkdir()
        [(path, _)] = written(folder, name, start_ms=START + n * 2000).clips
        parts.append(JoinPart(path, START + n * 2000))
    to = tmp_path / "joined.mp4"
    joined = join_clips(parts, TimeRange(START, START + 4000), to)
    assert joined.frames == 40
    first = frame_number(START)
    assert [n for n, _ in read_frame_numbers(to)] == list(range(first, first + 40))


def test_pictures_of_another_size_are_not_joined(tmp_path: Path) -> None:
    parts = []
    for n, width in enumerate((320, 640)):
        folder = tmp_path / str(n)
        folder.mkdir()
        begin = START + n * 2000
        [(path, _)] = written(folder, "JPEG", start_ms=begin, width=width).clips
        parts.append(JoinPart(path, begin))
    with pytest.raises(NvrError) as caught:
        join_clips(parts, TimeRange(START, START + 4000), tmp_path / "joined.mp4")
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC


def test_mpeg4_headers_without_the_encoders_words() -> None:
    video, groups = footage("MPEG4", count=10)
    config = video.parameter_sets[0]
    assert b"\0\0\1\xb2" in config
    stripped = codec_headers.mpeg4_config(config)
    assert b"\0\0\1\xb2" not in stripped
    key = groups[0].video[0].unit.data
    assert codec_headers.headers(key, Codec.MPEG4) == ()
    assert codec_headers.headers(config + key, Codec.MPEG4) == (stripped,)
    assert codec_headers.size_of((stripped,), Codec.MPEG4) == (320, 176)
    assert codec_headers.mpeg4_config(b"\0\0\1\xb0\1\0\0\1") == b""
    assert codec_headers.mpeg4_config(b"") == b""


def vol(bits: str) -> bytes:
    bits += "0" * (-len(bits) % 8)
    return b"\0\0\1\x20" + int(bits, 2).to_bytes(len(bits) // 8)


def test_mpeg4_layers_with_every_optional_part() -> None:
    head = "0" + "00000001" + "1" + "0010" + "001" + "1111" + "0" * 16
    control = "1" + "01" + "1" + "1" + "1" * 79
    times = "00" + "1" + f"{25:016b}" + "1" + "1" + "00001" + "1"
    size = f"{704:013b}" + "1" + f"{576:013b}" + "1"
    assert codec_headers.size_of(
        (vol(head + control + times + size),), Codec.MPEG4
    ) == (
        704,
        576,
    )
    no_rectangle = head + control + "01" + times[2:] + size
    assert codec_headers.size_of((vol(no_rectangle),), Codec.MPEG4) is None
    empty = times + "0" * 13 + "1" + size[14:]
    assert codec_headers.size_of((vol(head + control + empty),), Codec.MPEG4) is None
    assert codec_headers.size_of((vol(head),), Codec.MPEG4) is None
    assert codec_headers.size_of((b"\0\0\1\xb0",), Codec.MPEG4) is None
    assert codec_headers.size_of((), Codec.MPEG4) is None


def test_jpeg_headers() -> None:
    _, groups = footage("JPEG", count=10)
    [head] = codec_headers.headers(groups[0].video[0].unit.data, Codec.MJPEG)
    assert head[:2] == b"\xff\xc0"
    assert codec_headers.size_of((head,), Codec.MJPEG) == (320, 176)
    filled = b"\xff\xd8\xff\xff\xff\xc0\0\x0b\x08\0\x10\0\x20\1\1\x11\0"
    [head] = codec_headers.headers(filled, Codec.MJPEG)
    assert codec_headers.size_of((head,), Codec.MJPEG) == (32, 16)
    assert codec_headers.headers(b"\xff\xd8\xff\xda\0\x02", Codec.MJPEG) == ()
    assert codec_headers.headers(b"\xff\xd8", Codec.MJPEG) == ()
    assert codec_headers.size_of((), Codec.MJPEG) is None
    assert codec_headers.size_of((b"\xff\xc0\0\x02",), Codec.MJPEG) is None
    assert codec_headers.size_of((b"\xff\xc0\0\x0b\x08\0\0\0\0",), Codec.MJPEG) is None


def fragmented(path: Path, name: str = "JPEG") -> bytes:
    video, groups = footage(name)
    del video
    with av.open(
        str(path),
        "w",
        format="mp4",
        options={"movflags": "empty_moov+frag_every_frame+default_base_moof"},
    ) as out:
        stream = out.add_stream("mjpeg", width=320, height=176, pix_fmt="yuvj420p")
        for n, gop in enumerate(groups):
            packet = av.Packet(gop.video[0].unit.data)
            packet.stream, packet.pts, packet.dts = stream, n, n
            packet.duration = 1
            packet.is_keyframe = True
            out.mux(packet)
    return path.read_bytes()


def test_a_file_that_grows_is_read_in_any_pieces(tmp_path: Path) -> None:
    data = fragmented(tmp_path / "x.mp4")
    _, groups = footage("JPEG")
    rng = random.Random(3)
    reader = FragmentReader(1_000_000)
    frames = []
    at = 0
    while at < len(data):
        size = rng.choice((1, 7, 100, 5000, 40_000))
        frames += reader.feed(data[at : at + size])
        at += size
    assert [frame.data for frame in frames] == [g.video[0].unit.data for g in groups]
    assert all(frame.is_key for frame in frames)
    steps = {b.shown - a.shown for a, b in pairwise(frames)}
    assert len(steps) == 1
    assert reader.track
    assert (reader.track.width, reader.track.codec) == (320, Codec.MJPEG)


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    data = fragmented(tmp_path / "x.mp4")
    tiny = 100 - 64 * 1024
    for broken, limit in ((b"\0\0\0\1mdat", 10**6), (b"GIF89a..", 10**6), (data, tiny)):
        with pytest.raises(NvrError) as caught:
            FragmentReader(limit).feed(broken)
        assert caught.value.kind is ErrorKind.PROTOCOL
    moof = data.index(b"moof") - 4
    length = int.from_bytes(data[moof : moof + 4])
    torn = data[: moof + length] + (16).to_bytes(4) + b"mdat" + bytes(8)
    with pytest.raises(NvrError) as caught:
        FragmentReader(1_000_000).feed(torn)
    assert caught.value.kind is ErrorKind.PROTOCOL


def test_h264_of_mp4_becomes_a_byte_stream() -> None:
    config = b"\1\x42\0\x1e\xff\xe1\0\3SPS\1\0\2PP"
    assert annexb.sets(config) == (b"SPS", b"PP")
    assert annexb.sets(b"") == ()
    assert annexb.sets(b"\1\x42\0\x1e\xff\xe1\0\3SPS") == (b"SPS",)
    assert annexb.to_annexb(b"\0\0\0\2ab\0\0\0\1c") == b"\0\0\0\1ab\0\0\0\1c"
