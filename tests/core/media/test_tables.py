"""Tables of MP4 files: the forms we write, and forms and damage we only read."""

# Reads private members: readers of single boxes are tried with bytes that no encoder writes.

from pathlib import Path
import struct

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.media import annexb, boxes, fragments, movie
from custom_components.vtrack_nvr.core.media.clip_probe import ClipProbe
from custom_components.vtrack_nvr.core.media.copier import Copier
from custom_components.vtrack_nvr.core.media.movie import (
    MovieTrack,
    read_movie,
)
from custom_components.vtrack_nvr.core.media.samples import Samples, read_tables
from tests.core.media.test_clip_probe import CLIP_START, clip


def box(kind: bytes, *parts: bytes, large: bool = False) -> bytes:
    body = b"".join(parts)
    if large:
        return struct.pack(">I4sQ", 1, kind, len(body) + 16) + body
    return struct.pack(">I4s", len(body) + 8, kind) + body


def u32(*values: int) -> bytes:
    return b"".join(struct.pack(">I", value) for value in values)


def full(version: int = 0, flags: int = 0) -> bytes:
    return u32(version << 24 | flags)


def test_boxes_of_every_length_are_walked(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(
        box(b"ftyp", b"isom") + box(b"free", bytes(9), large=True) + u32(0) + b"mdat12"
    )
    with path.open("rb") as file:
        found = list(boxes.top_level(file, path.stat().st_size))
    assert [item.kind for item in found] == [b"ftyp", b"free", b"mdat"]
    assert found[-1].end == path.stat().st_size
    path.write_bytes(u32(4) + b"free" + bytes(8))
    with path.open("rb") as file:
        assert list(boxes.top_level(file, 16)) == []


def test_boxes_in_memory_are_walked() -> None:
    data = memoryview(box(b"aaaa", b"1", large=True) + u32(0) + b"bbbb" + b"rest")
    assert [(p.kind, bytes(p.data)) for p in boxes.boxes_in(data)] == [
        (b"aaaa", b"1"),
        (b"bbbb", b"rest"),
    ]
    assert list(boxes.boxes_in(memoryview(u32(99) + b"cccc"))) == []
    assert boxes.find_box(data, b"none") is None
    with pytest.raises(NvrError):
        boxes.read_number(data, len(data))
    assert boxes.signed(memoryview(b"\xff\xff\xff\xfe"), 0) == -2


def test_absurd_tables_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(32))
    with path.open("rb") as file:
        for size in (1 << 30, 100):
            with pytest.raises(NvrError) as caught:
                boxes.load(file, boxes.Box(b"moov", 0, 8, 8 + size))
            assert caught.value.kind is ErrorKind.VERIFY_FAILED


def test_fragments_with_defaults_and_absolute_places_are_read() -> None:
    samples = Samples()
    header = box(
        b"tfhd",
        full(flags=0x1 | 0x2 | 0x8 | 0x10 | 0x20),
        u32(1),
        struct.pack(">Q", 5_000),
        u32(1, 40, 700, 0x10000),
    )
    run = box(b"trun", full(flags=0x4), u32(3, 0))
    fragments.read_fragment(memoryview(header + run), 0, (1, 2, 3), samples)
    again = box(b"tfhd", full(), u32(1)) + box(
        b"trun", full(flags=0x1 | 0x400 | 0x800), u32(1, 16, 0x10000, 0xFFFFFFFB)
    )
    fragments.read_fragment(memoryview(again), 90_000, (30, 9, 0), samples)
    assert list(samples.offsets) == [5_000, 5_700, 6_400, 90_016]
    assert list(samples.sizes) == [700, 700, 700, 9]
    assert list(samples.decoded) == [0, 40, 80, 120]
    assert list(samples.shown) == [0, 40, 80, 115]
    assert list(samples.keys) == [1, 0, 0, 0]
    timed = box(b"tfhd", full(), u32(1)) + box(b"tfdt", full(), u32(7_000))
    timed += box(b"trun", full(), u32(1)) + box(b"free")
    fragments.read_fragment(memoryview(timed), 0, (30, 9, 0), samples)
    assert samples.decoded[-1] == 7_000
    own = box(b"tfhd", full(), u32(1)) + box(
        b"trun", full(flags=0x100 | 0x200), u32(2, 40, 7, 50, 8)
    )
    fragments.read_fragment(memoryview(own), 0, (30, 9, 0), samples)
    assert list(samples.durations[-2:]) == [40, 50]
    assert list(samples.sizes[-2:]) == [7, 8]
    huge = box(b"tfhd", full(), u32(1)) + box(b"trun", full(), u32(9_999_999))
    with pytest.raises(NvrError):
        fragments.read_fragment(memoryview(huge), 0, (1, 1, 0), samples)


def test_fragments_together_hold_no_more_than_a_file_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fragments, "LARGEST_COUNT", 10)
    run = box(b"trun", full(), u32(4))
    samples = Samples()
    traf = box(b"tfhd", full(), u32(1)) + run * 3
    with pytest.raises(NvrError) as caught:
        fragments.read_fragment(memoryview(traf), 0, (1, 1, 0), samples)
    assert caught.value.kind is ErrorKind.VERIFY_FAILED
    assert len(samples) == 8


def test_default_values_of_fragments_are_found() -> None:
    mvex = box(b"mehd", full()) + box(b"trex", full(), u32(2, 1, 40, 700, 0x10000))
    assert fragments.read_trex(memoryview(mvex)) == {2: (40, 700, 0x10000)}


def stbl(**changed: bytes) -> bytes:
    tables = {
        "stts": full() + u32(1, 3, 100),
        "stsz": full() + u32(50, 3),
        "stsc": full() + u32(2, 1, 2, 1, 2, 1, 1),
        "stco": full() + u32(2, 1_000, 2_000),
        **changed,
    }
    return b"".join(box(name.encode(), data) for name, data in tables.items() if data)


def read_stbl(**changed: bytes) -> Samples:
    samples = Samples()
    read_tables(memoryview(stbl(**changed)), samples)
    return samples


def test_plain_tables_are_read() -> None:
    samples = read_stbl()
    assert list(samples.offsets) == [1_000, 1_050, 2_000]
    assert list(samples.shown) == [0, 100, 200]
    assert list(samples.keys) == [1, 1, 1]
    shifted = read_stbl(
        ctts=full(1) + u32(2, 1, 10, 9, 0xFFFFFFF6), stss=full() + u32(1, 2)
    )
    assert list(shifted.shown) == [10, 90, 190]
    assert list(shifted.keys) == [0, 1, 0]
    large = read_stbl(
        stco=b"", co64=full() + u32(2) + struct.pack(">QQ", 1 << 33, 1 << 34)
    )
    assert large.offsets[0] == 1 << 33


@pytest.mark.parametrize(
    "changed",
    [
        {"stsz": full() + u32(50, 99_999_999)},
        {"stsz": full() + u32(0, 3, 1)},
        {"stts": full() + u32(1, 2, 100)},
        {"stsc": full() + u32(1, 1, 1)},
        {"stss": full() + u32(1, 0)},
    ],
)
def test_tables_that_contradict_each_other_are_refused(changed: dict) -> None:
    with pytest.raises(NvrError) as caught:
        read_stbl(**changed)
    assert caught.value.kind is ErrorKind.VERIFY_FAILED


def test_edits_shift_the_beginning() -> None:
    def shift(*entries: tuple[int, int], version: int = 0) -> int:
        form = ">qqI" if version else ">iiI"
        data = full(version) + u32(len(entries))
        for duration, media_time in entries:
            data += struct.pack(form, duration, media_time, 0x10000)
        return movie._edit_shift(memoryview(data), 1000, 90_000)

    assert shift((500, -1), (9_000, 0)) == 45_000
    assert shift((9_000, 1_024)) == -1_024
    assert shift((500, -1), version=1) == 45_000
    assert shift() == 0


def test_descriptors_are_searched_for_the_configuration() -> None:
    def descriptor(tag: int, body: bytes) -> bytes:
        return bytes([tag, 0x80, 0x80, len(body)]) + body

    config = descriptor(5, b"\x14\x08")
    nested = descriptor(3, bytes(3) + descriptor(4, b"\x40" + bytes(12) + config))
    assert movie._descriptors(nested) == (0x40, b"\x14\x08")
    assert movie._descriptors(descriptor(6, b"\1") + nested) == (0x40, b"\x14\x08")
    assert movie._descriptors(descriptor(3, bytes(3))) == (0, b"")
    assert movie._descriptors(b"") == (0, b"")


def test_a_movie_without_tracks_is_read_as_such(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(
        box(b"moov", box(b"mvhd", full(1), bytes(40)), box(b"trak", box(b"tkhd")))
    )
    found = read_movie(path)
    assert found
    assert found.tracks == []
    assert found.track(b"vide") is None


def test_what_cannot_be_copied_is_refused(tmp_path: Path) -> None:
    strange = MovieTrack(1, b"vide", 90_000, entry=b"mp4v", config=b"x")
    with pytest.raises(NvrError) as caught:
        Copier(tmp_path / "x.mp4", strange, None)
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC


def test_a_source_that_shrinks_under_a_copy_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    clip(path).close()
    found = read_movie(path)
    assert found
    video = found.track(b"vide")
    assert video
    short = tmp_path / "short.mp4"
    short.write_bytes(path.read_bytes()[:500])
    with (
        short.open("rb") as file,
        Copier(tmp_path / "out.mp4", video, None) as copier,
        pytest.raises(NvrError) as caught,
    ):
        copier.copy(file, (video, range(len(video.samples))), None, 0)
    assert caught.value.kind is ErrorKind.VERIFY_FAILED


def test_a_salvage_that_fails_leaves_the_part_as_it_was(
    tmp_path: Path, monkeypatch
) -> None:
    part = tmp_path / ".clip.part"
    writer = clip(part)
    copy = tmp_path / ".copy.part"
    copy.write_bytes(part.read_bytes())
    writer.discard()
    before = copy.read_bytes()

    def full_disk(self, *_args):
        raise NvrError(ErrorKind.STORAGE_FULL, "no room")

    monkeypatch.setattr(Copier, "copy", full_disk)
    with pytest.raises(NvrError) as caught:
        ClipProbe().salvage(copy, CLIP_START)
    assert caught.value.kind is ErrorKind.STORAGE_FULL
    assert copy.read_bytes() == before
    assert list(tmp_path.glob("*.salvage")) == []


def test_nal_units_before_a_picture_are_found() -> None:
    data = b"\0\0\1\x67\1\2\0\0\0\1\x68\3\0\0\1\x06\5\0\0\1\x65\7\0\0\1\x68\x09"
    assert annexb.parameter_sets(data, Codec.H264) == (b"\x67\1\2", b"\x68\3")
    assert annexb.parameter_sets(b"\0\0\1", Codec.H264) == ()
    assert annexb.parameter_sets(b"\0\0\1\x67\0\0\1\x67", Codec.H264) == (
        b"\x67",
        b"\x67",
    )
    assert annexb.join_nals((b"a", b"b")) == b"\0\0\0\1a\0\0\0\1b"
