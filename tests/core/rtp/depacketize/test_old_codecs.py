"""Motion JPEG and MPEG-4 Visual out of packets, against a real encoder and decoder."""

import io
import struct

import numpy as np
from PIL import Image
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import AccessUnit
from custom_components.vtrack_nvr.core.rtp.depacketize.jpeg import (
    JpegDepacketizer,
    scaled,
)
from custom_components.vtrack_nvr.core.rtp.depacketize.mpeg4 import Mpeg4Depacketizer
from custom_components.vtrack_nvr.core.rtp.replay_extension import LAST, ReplayStamp
from tests.simulator.footage_video import encode_gop
from tests.simulator.rtp_jpeg import jpeg_payloads, read_jpeg
from tests.simulator.timeline import NUMBER_EPOCH_MS, Look

SIZE = (64, 48)


def jpeg(shade: int, quality: int = 60) -> bytes:
    """Return a baseline picture of 4:2:0 with the usual tables."""
    image = Image.new("RGB", SIZE, (shade, 40, 200 - shade))
    image.paste((250, 240, 10), (8, 8, 30, 30))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling=2)
    return out.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.int16)


def header(
    *, offset: int = 0, kind: int = 1, quality: int = 255, width: int = 8
) -> bytes:
    return struct.pack(">B3sBBBB", 0, offset.to_bytes(3), kind, quality, width, 6)


class Feed:
    def __init__(self, kind: type = JpegDepacketizer, limit: int = 100_000) -> None:
        self.out: list[AccessUnit] = []
        self.made = kind(0, self.out, limit)

    def __call__(
        self,
        payload: bytes,
        timestamp: int = 0,
        *,
        marker: bool = False,
        lost: bool = False,
        stamp: ReplayStamp | None = None,
    ) -> None:
        self.made.push(memoryview(payload), timestamp, marker, stamp, lost)
        self.made.release()


@pytest.mark.parametrize("room", [100, 300, 5_000])
def test_jpeg_pictures_come_out_as_they_were(room: int) -> None:
    feed = Feed()
    for n in range(3):
        *most, last = jpeg_payloads(jpeg(n * 60), room)
        for payload in most:
            feed(payload, n)
        feed(last, n, marker=True, stamp=ReplayStamp(n, LAST, 1))
    assert [unit.is_key for unit in feed.out] == [True] * 3
    assert [unit.time_us for unit in feed.out] == [0, 1, 2]
    assert all(unit.is_last and not unit.is_damaged for unit in feed.out)
    for n, unit in enumerate(feed.out):
        assert (pixels(unit.data) == pixels(jpeg(n * 60))).all()


def test_tables_are_those_of_the_quality_or_those_sent_before() -> None:
    parts = read_jpeg(jpeg(30, quality=60))
    feed = Feed()
    tables = b"".join(parts.tables[number] for number in parts.table_of[:2])
    sent = struct.pack(">BBH", 0, 0, len(tables)) + tables
    none = struct.pack(">BBH", 0, 0, 0)
    feed(header(quality=60) + parts.scan, 1, marker=True)
    feed(header(quality=200) + none + parts.scan, 2, marker=True)
    feed(header(quality=200) + sent + parts.scan, 3, marker=True)
    feed(header(quality=200) + none + parts.scan, 4, marker=True)
    feed(header(quality=255) + none + parts.scan, 5, marker=True)
    assert [unit.rtp_time for unit in feed.out] == [1, 3, 4]
    for unit in feed.out:
        assert (pixels(unit.data) == pixels(jpeg(30, quality=60))).all()
    assert scaled(b"\x10\x80", 50) == b"\x10\x80"
    assert scaled(b"\x10\x80", 1) == b"\xff\xff"
    assert scaled(b"\x10\x80", 99) == b"\x01\x03"


def test_restart_markers_are_announced() -> None:
    parts = read_jpeg(jpeg(30))
    feed = Feed()
    feed(header(kind=65, quality=60) + b"\0\x04\xff\xff" + parts.scan, 1, marker=True)
    assert b"\xff\xdd\0\x04\0\x04" in feed.out[0].data


def test_what_is_missing_damages_a_jpeg_picture_or_drops_it() -> None:
    feed = Feed()
    first, second, *rest = jpeg_payloads(jpeg(30), 200)
    feed(first, 1)
    for payload in rest:
        feed(payload, 1, lost=payload is rest[0])
    feed(second, 2, lost=True, marker=True)
    feed(b"\0\0", 3, marker=True)
    feed(first, 4)
    feed(first, 5, lost=True)
    feed.made.finish()
    assert [(unit.rtp_time, unit.is_damaged) for unit in feed.out] == [
        (1, True),
        (4, True),
    ]


@pytest.mark.parametrize("kind", [2, 127, 255])
def test_other_jpeg_pictures_are_refused_in_words(kind: int) -> None:
    with pytest.raises(NvrError) as caught:
        Feed()(header(kind=kind, quality=60) + bytes(40), marker=True)
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC
    with pytest.raises(NvrError) as caught:
        Feed()(header(quality=60, width=0) + bytes(40), marker=True)
    assert "2040" in caught.value.detail


@pytest.mark.parametrize("kind", [JpegDepacketizer, Mpeg4Depacketizer])
def test_pictures_are_bounded(kind: type) -> None:
    feed = Feed(kind, limit=1_000)
    first, *_ = jpeg_payloads(jpeg(3), 5_000)

    def go_on() -> None:
        for n in range(100):
            feed(first if n == 0 else header(offset=n) + bytes(100), 1)

    with pytest.raises(NvrError) as caught:
        go_on()
    assert caught.value.kind is ErrorKind.PROTOCOL


def mpeg4() -> list[tuple[bytes, bool]]:
    """Return pictures, and which of them others need."""
    look = Look("Gate", codec="MPEG4", width=320, height=176, gop_ms=300)
    return [
        (unit.nals[0], unit.key)
        for start_ms in (NUMBER_EPOCH_MS, NUMBER_EPOCH_MS + 300)
        for unit in encode_gop(look, start_ms, 3).units
    ]


@pytest.mark.parametrize("has_marker", [True, False])
def test_mpeg_4_pictures_come_out_as_they_were(has_marker: bool) -> None:
    pictures = mpeg4()
    feed = Feed(Mpeg4Depacketizer)
    for n, (picture, _) in enumerate(pictures):
        pieces = [picture[at : at + 200] for at in range(0, len(picture), 200)]
        for piece in pieces:
            feed(piece, n, marker=has_marker and piece is pieces[-1])
    feed.made.finish()
    assert [(unit.data, unit.is_key) for unit in feed.out] == pictures
    assert [is_key for _, is_key in pictures] == [True, False, False] * 2


def test_what_is_no_picture_of_mpeg_4_is_passed_over() -> None:
    feed = Feed(Mpeg4Depacketizer)
    feed(b"\0\0\1\xb0\1", 1, marker=True)
    feed(b"\0\0\1\xb6", 2, marker=True)
    feed(b"\0\0\1\xb6\x50", 3, lost=True)
    feed(b"\0\0\1\xb6\x10", 4, marker=True)
    feed(b"\0\0\1\xb6\x10", 5)
    feed.made.finish()
    assert [(u.rtp_time, u.is_key, u.is_damaged) for u in feed.out] == [
        (3, False, True),
        (4, True, False),
    ]
