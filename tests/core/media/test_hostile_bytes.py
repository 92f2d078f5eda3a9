"""Bytes that nobody of good will wrote: headers of devices, files that were tampered with."""

from pathlib import Path
import time

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.media import annexb, codec_headers
from custom_components.vtrack_nvr.core.media.movie import read_movie
from custom_components.vtrack_nvr.core.media.templates import KEPT
from tests.core.media import encoded
from tests.core.media.test_clip_probe import clip

CODECS = sorted(KEPT)
MARKS = {
    Codec.H264: [b"\0\0\0\1\x67", b"\0\0\1\x68", b"\0\0\1\x65"],
    Codec.H265: [b"\0\0\1\x40\1", b"\0\0\1\x42\1", b"\0\0\1\x44\1", b"\0\0\1\x26\1"],
    Codec.MJPEG: [b"\xff\xd8", b"\xff\xc0", b"\xff\xda", b"\xff\xd9"],
    Codec.MPEG4: [b"\0\0\1\xb0", b"\0\0\1\xb5", b"\0\0\1\x20", b"\0\0\1\xb6"],
}


def read(data: bytes, codec: Codec) -> None:
    found = codec_headers.headers(data, codec)
    for header in found:
        codec_headers.kind_of(header, codec)
    if found:
        codec_headers.decoder_config(found, codec)
    size = codec_headers.size_of(found, codec)
    assert size is None or (size.width > 0 and size.height > 0)


@pytest.mark.parametrize("codec", CODECS)
@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_header_of_a_picture_is_survived(codec: Codec, data: st.DataObject) -> None:
    pieces = st.one_of(st.sampled_from(MARKS[codec]), st.binary(max_size=40))
    read(b"".join(data.draw(st.lists(pieces, max_size=12))), codec)


@pytest.mark.parametrize("codec", CODECS)
def test_endless_headers_are_read_quickly(codec: Codec) -> None:
    began = time.monotonic()
    for mark in MARKS[codec]:
        for filling in (b"\0", b"\xff", b"\xaa", mark):
            read(mark + filling * (200_000 // len(filling)), codec)
    assert time.monotonic() - began < 30


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_nal_units_of_any_bytes_are_found_and_joined_again(data: bytes) -> None:
    for codec in (Codec.H264, Codec.H265):
        sets = annexb.parameter_sets(data, codec)
        again = (
            annexb.join_nals(sets)
            + b"\0\0\1"
            + (b"\x65" if codec is Codec.H264 else b"\x26")
        )
        assert annexb.parameter_sets(again, codec) == sets


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes, Path]:
    """Return a finished clip, one under way, and a place for damaged copies."""
    folder = tmp_path_factory.mktemp("files")
    whole, part = folder / "whole.mp4", folder / "part.mp4"
    clip(whole).close()
    writer = clip(part)
    torn = part.read_bytes()
    writer.discard()
    assert encoded.GOP
    return whole.read_bytes(), torn, folder / "damaged.mp4"


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_damaged_tables_end_in_our_kind_only(
    files: tuple[bytes, bytes, Path], data: st.DataObject
) -> None:
    source = bytearray(data.draw(st.sampled_from(files[:2])))
    # The tables are what is read: pictures in between would swallow nearly all damage.
    places = [
        at
        for kind in (b"moov", b"moof", b"stbl", b"trun", b"tfhd", b"elst", b"esds")
        if (at := source.find(kind)) >= 0
    ]
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.sampled_from(places))
        at = min(start + data.draw(st.integers(-4, 400)), len(source) - 1)
        source[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(source)), st.integers(0, len(source))))
    files[2].write_bytes(source[:cut])
    try:
        movie = read_movie(files[2])
    except NvrError as error:
        assert error.kind is ErrorKind.VERIFY_FAILED  # noqa: PT017 - both are fine
        return
    for track in movie.tracks if movie else ():
        samples = track.samples
        assert len(samples.offsets) == len(samples.sizes) == len(samples.decoded)
        assert len(samples.shown) == len(samples.durations) == len(samples.keys)
