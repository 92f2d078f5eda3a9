"""Groups of pictures as H.264: each alone, in the place of the same groups of the original."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import batched
from pathlib import Path
import shutil
import struct
from typing import NamedTuple

import av
import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.media import annexb, h264_segment, templates
from custom_components.vtrack_nvr.core.media.codec_headers import decoder_config
from custom_components.vtrack_nvr.core.media.h264_segment import (
    CODECS,
    SHOWN_PIXELS,
    SOFTWARE,
    Encoder,
    H264Segment,
    convert_segment,
    find_encoder,
    read_segment,
    shown_size,
)
from custom_components.vtrack_nvr.core.media.picture_size import PictureSize
from tests.core.media import encoded
from tests.simulator.footage import read_frame_numbers
from tests.simulator.footage_video import encode_gop
from tests.simulator.timeline import NUMBER_EPOCH_MS, Look, frame_number

FFMPEG = shutil.which("ffmpeg") or ""
START = NUMBER_EPOCH_MS + 3_600_000
GOPS = 6
SIZE = (320, 176)


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        yield kind, data[at : at + size]
        at += size


class Film(NamedTuple):
    """A header, and one fragment for each group of pictures."""

    init: bytes
    fragments: list[bytes]

    def cut(self, folder: Path, first: int, last: int) -> Path:
        path = folder / f"{first}-{last}.mp4"
        path.write_bytes(self.init + b"".join(self.fragments[first : last + 1]))
        return path


def film(folder: Path, codec: str, *, with_sound: bool = False) -> Film:
    """Return a film as a camera would send it: a second of pictures in each group."""
    look = Look("Yard", codec, *SIZE, gop_ms=1000)
    gops = [encode_gop(look, START + n * 1000, 10) for n in range(GOPS)]
    path = folder / "film.mp4"
    flags = "frag_keyframe+empty_moov+default_base_moof"
    with av.open(path, "w", format="mp4", options={"movflags": flags}) as out:
        kind = {"JPEG": Codec.MJPEG, "H265": Codec.H265}[codec]
        config = decoder_config(gops[0].parameter_sets, kind)
        video = templates.add_video(out, kind, config, PictureSize(*SIZE))
        sound = None
        if with_sound:
            config, frames = encoded.aac()
            sound = templates.add_aac(out, config, 16_000, 1)
        for number, gop in enumerate(gops):
            for unit in gop.units:
                data = b"".join(unit.nals)
                if codec == "H265":
                    data = annexb.join_nals(unit.nals)
                packet = av.Packet(data)
                packet.stream = video
                packet.time_base = Fraction(1, 1000)
                packet.pts = packet.dts = unit.time_ms - START
                packet.duration = 100
                packet.is_keyframe = unit is gop.units[0]
                out.mux(packet)
            for index in range(number * 15, number * 15 + 15) if sound else ():
                packet = av.Packet(frames[index % len(frames)])
                packet.stream = sound
                packet.time_base = Fraction(1, 16_000)
                packet.pts = packet.dts = index * 1024
                packet.duration = 1024
                packet.is_keyframe = True
                out.mux(packet)
    found = list(boxes(path.read_bytes()))
    init = b"".join(box for kind, box in found if kind in {b"ftyp", b"moov"})
    pieces = [box for kind, box in found if kind in {b"moof", b"mdat"}]
    each = len(pieces) // GOPS  # every JPEG is a fragment of its own
    fragments = [b"".join(piece) for piece in batched(pieces, each, strict=True)]
    return Film(init, fragments)


def made(folder: Path, source: Film, first: int, last: int, **options) -> H264Segment:
    path = source.cut(folder, first, last)
    return convert_segment(FFMPEG, path, folder / "to.mp4", SIZE, **options)


def times(folder: Path, data: bytes, kind: str = "video") -> list[float]:
    path = folder / "look.mp4"
    path.write_bytes(data)
    with av.open(str(path)) as file:
        return [
            round(float(packet.pts * packet.time_base), 3)
            for packet in file.demux(next(s for s in file.streams if s.type == kind))
            if packet.pts is not None
        ]


def numbers(folder: Path, data: bytes) -> list[int]:
    path = folder / "look.mp4"
    path.write_bytes(data)
    with av.open(str(path)) as file:
        assert file.streams.video[0].codec_context.name == "h264"
    return [number for number, _ in read_frame_numbers(path)]


def span(first: int, last: int) -> list[int]:
    begin = frame_number(START)
    return list(range(begin + first * 10, begin + last * 10 + 10))


@pytest.mark.parametrize("codec", ["H265", "JPEG"])
def test_a_segment_shows_its_own_pictures_at_their_times(
    tmp_path: Path, codec: str
) -> None:
    """From any moment: nothing before it was converted."""
    source = film(tmp_path, codec)
    segment = made(tmp_path, source, 3, 4)
    data = segment.init + segment.media
    assert numbers(tmp_path, data) == span(3, 4)
    assert times(tmp_path, data) == [round(3 + n / 10, 3) for n in range(20)]


def test_segments_follow_each_other_under_any_of_their_headers(tmp_path: Path) -> None:
    source = film(tmp_path, "H265")
    segments = [made(tmp_path, source, n, n + 1) for n in (0, 2, 4)]
    for header in (segments[0].init, segments[2].init):
        data = header + b"".join(segment.media for segment in segments)
        assert numbers(tmp_path, data) == span(0, 5)
        assert times(tmp_path, data) == [round(n / 10, 3) for n in range(60)]


def test_sound_stays_as_it_came(tmp_path: Path) -> None:
    source = film(tmp_path, "H265", with_sound=True)
    kept = source.init + b"".join(source.fragments[2:4])
    segment = made(tmp_path, source, 2, 3)
    data = segment.init + segment.media
    assert times(tmp_path, data, "audio") == times(tmp_path, kept, "audio")
    assert numbers(tmp_path, data) == span(2, 3)


def test_fragments_are_numbered_on(tmp_path: Path) -> None:
    source = film(tmp_path, "H265")
    segment = made(tmp_path, source, 1, 2, sequence=7)
    found = [
        struct.unpack(">I", box[20:24])[0]
        for kind, box in boxes(segment.media)
        if kind == b"moof"
    ]
    assert found == list(range(8, 8 + len(found)))


def test_the_header_tells_the_codec_that_is_promised(tmp_path: Path) -> None:
    segment = made(tmp_path, film(tmp_path, "H265"), 0, 0)
    at = segment.init.index(b"avcC")
    assert f"avc1.{segment.init[at + 5 : at + 8].hex()}" == CODECS


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((1920, 1080), (1920, 1080)),
        ((641, 361), (640, 360)),
        ((1, 1), (2, 2)),
        ((1080, 1920), (1080, 1920)),
    ],
)
def test_pictures_are_shown_in_their_size_where_it_can_be_coded(
    size: tuple[int, int], shown: tuple[int, int]
) -> None:
    assert shown_size(size) == shown


@pytest.mark.parametrize("size", [(3840, 2160), (4096, 4096), (7680, 1080)])
def test_large_pictures_are_made_smaller(size: tuple[int, int]) -> None:
    width, height = shown_size(size)
    assert width * height <= SHOWN_PIXELS
    assert abs(width / height - size[0] / size[1]) < 0.01 * size[0] / size[1]


def test_a_picture_that_is_too_large_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(NvrError) as raised:
        convert_segment(FFMPEG, tmp_path / "no", tmp_path / "to", (8192, 4320))
    assert raised.value.kind is ErrorKind.UNSUPPORTED_CODEC


def test_what_is_no_footage_is_a_failure(tmp_path: Path) -> None:
    source = Film(b"", [b"nothing"] * GOPS)
    with pytest.raises(NvrError) as raised:
        made(tmp_path, source, 0, 0)
    assert raised.value.kind is ErrorKind.FFMPEG_FAILED


def test_whoever_stops_waiting_ends_it(tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel("gone")
    with pytest.raises(NvrError) as raised:
        made(tmp_path, film(tmp_path, "H265"), 0, 0, cancel=cancel)
    assert raised.value.kind is ErrorKind.CANCELLED


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\x08moov",
        b"\0\0\0\x08ftyp\0\0\0\x08moov",
        b"\0\0\0\x08ftyp\0\0\0\x08moov\0\0\0\x20moof",
        b"\0\0\0\0ftyp",
        b"\0\0",
    ],
)
def test_half_a_file_is_not_sent(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "to.mp4"
    path.write_bytes(data)
    with pytest.raises(NvrError) as raised:
        read_segment(path, 0)
    assert raised.value.kind is ErrorKind.FFMPEG_FAILED


def test_an_encoder_is_taken_once_it_made_a_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Encoder("h264_of_no_machine")
    fine = Encoder("libx264", coding=("-preset", "ultrafast"))
    monkeypatch.setattr(h264_segment, "HARDWARE", (broken, fine))
    assert find_encoder(FFMPEG, tmp_path) is fine
    monkeypatch.setattr(h264_segment, "HARDWARE", (broken,))
    assert find_encoder(FFMPEG, tmp_path) is SOFTWARE
    assert list(tmp_path.iterdir()) == []
    source = film(tmp_path, "H265")
    segment = made(tmp_path, source, 1, 1, encoder=fine)
    after = made(tmp_path, source, 2, 2)
    data = segment.init + segment.media + after.media
    assert numbers(tmp_path, data) == span(1, 2)
