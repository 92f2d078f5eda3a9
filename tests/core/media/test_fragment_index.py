"""Fragments of a clip: found in its table, or while it is being written, and cut out."""

# Reads private members: clips are written with the flags of older versions.

import io
from pathlib import Path

import av
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.media import output
from custom_components.vtrack_nvr.core.media.cutting import cut_fragments, has_places
from custom_components.vtrack_nvr.core.media.fragment_index import (
    FragmentIndex,
    GrowingIndex,
    read_index,
)

from .clip_files import OLD_FLAGS, clip, packets, writer

KINDS = [
    pytest.param(codec, bframes, sound, id=f"{codec}-{bframes}b{'-sound' * sound}")
    for codec in (Codec.H264, Codec.H265)
    for bframes in (0, 2)
    for sound in (False, True)
]


def index_of(path: Path) -> FragmentIndex:
    with path.open("rb") as file:
        return read_index(file, path.stat().st_size)


def segment(path: Path, index: FragmentIndex, first: int, last: int) -> bytes:
    with path.open("rb") as file:
        layout = cut_fragments(
            file, index.place(first, last), is_absolute=index.is_absolute
        )
        return layout.read(file, 0, layout.size)


def read_back(
    folder: Path, data: bytes, kind: str = "video"
) -> list[tuple[int, bytes]]:
    path = folder / "segments.mp4"
    path.write_bytes(data)
    return packets(path, kind)


@pytest.mark.parametrize(("codec", "bframes", "sound"), KINDS)
def test_every_fragment_is_found_and_plays_alone(
    tmp_path: Path, codec: Codec, bframes: int, *, sound: bool
) -> None:
    path = clip(tmp_path / "clip.mp4", codec, bframes=bframes, sound=sound)
    index = index_of(path)

    assert list(index.shown) == [0, 90_000, 180_000, 270_000, 360_000]
    assert list(index.keys) == [1, 1, 1, 1]
    assert index.is_whole
    assert not index.is_absolute
    whole = packets(path)
    for at in range(len(index)):
        found = read_back(tmp_path, index.init + segment(path, index, at, at))
        assert found == whole[10 * at : 10 * (at + 1)]
        with av.open(str(tmp_path / "segments.mp4")) as file:
            assert sum(1 for _ in file.decode(video=0)) == 10


@pytest.mark.parametrize(("codec", "bframes", "sound"), KINDS)
def test_all_fragments_together_are_the_clip(
    tmp_path: Path, codec: Codec, bframes: int, *, sound: bool
) -> None:
    path = clip(tmp_path / "clip.mp4", codec, bframes=bframes, sound=sound)
    index = index_of(path)
    data = index.init + b"".join(
        segment(path, index, at, at) for at in range(len(index))
    )
    assert data == index.init + segment(path, index, 0, len(index) - 1)
    assert read_back(tmp_path, data) == packets(path)
    if sound:
        assert read_back(tmp_path, data, "audio") == packets(path, "audio")


@pytest.mark.parametrize(("codec", "bframes", "sound"), KINDS)
def test_a_clip_that_is_being_written_tells_the_same(
    tmp_path: Path, codec: Codec, bframes: int, *, sound: bool
) -> None:
    path = tmp_path / "clip.mp4"
    made, groups = writer(path, codec, bframes=bframes, sound=sound)
    growing = GrowingIndex()
    seen: list[int] = []
    early: dict[int, bytes] = {}
    for gop in groups:
        made.write(gop)
        with path.open("rb") as file:
            growing.extend(file, path.stat().st_size)
        index = growing.index
        seen.append(len(index) if index else 0)
        if index:
            last = len(index) - 1
            early[last] = segment(path, index, last, last)
    made.close()
    assert seen == [0, 1, 2, 3]  # a group is written when the next one begins
    with path.open("rb") as file:
        assert growing.extend(file, path.stat().st_size)
        assert not growing.extend(file, path.stat().st_size)

    whole, grown = index_of(path), growing.index
    assert grown is not None
    assert grown.init == whole.init
    assert grown.look == whole.look
    for name in ("offsets", "lengths", "shown", "keys"):
        assert list(getattr(grown, name)) == list(getattr(whole, name)), name
    for at, data in early.items():
        assert segment(path, whole, at, at) == data


@pytest.mark.parametrize("step", [1, 7, 33])
def test_a_file_may_be_seen_at_any_length(tmp_path: Path, step: int) -> None:
    path = clip(tmp_path / "clip.mp4", sound=True)
    data = path.read_bytes()
    whole = index_of(path)
    growing = GrowingIndex()
    for size in range(0, len(data), step):
        growing.extend(io.BytesIO(data[:size]), size)
        known = len(growing.index) if growing.index else 0
        ends = [a + b for a, b in zip(whole.offsets, whole.lengths, strict=True)]
        assert known == sum(end <= size for end in ends)


@pytest.mark.parametrize("sound", [False, True])
@pytest.mark.parametrize("bframes", [0, 2])
def test_old_clips_are_cut_as_if_they_were_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bframes: int, *, sound: bool
) -> None:
    new = clip(tmp_path / "new.mp4", bframes=bframes, sound=sound)
    monkeypatch.setattr(output, "_FLAGS", OLD_FLAGS)
    old = clip(tmp_path / "old.mp4", bframes=bframes, sound=sound)
    before, after = index_of(old), index_of(new)
    assert before.is_absolute
    assert not after.is_absolute
    for at in range(len(after)):
        assert segment(old, before, at, at) == segment(new, after, at, at)
    rest = (1, len(after) - 1)
    assert segment(old, before, *rest) == segment(new, after, *rest)


def test_an_old_clip_that_grows_is_known_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "_FLAGS", OLD_FLAGS)
    path = clip(tmp_path / "old.mp4")
    growing = GrowingIndex()
    with path.open("rb") as file:
        growing.extend(file, path.stat().st_size)
    assert growing.index is not None
    assert growing.index.is_absolute


def test_new_clips_name_no_places(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4")
    index = index_of(path)
    data = path.read_bytes()
    for offset in index.offsets:
        length = int.from_bytes(data[offset : offset + 4])
        assert not has_places(memoryview(data[offset + 8 : offset + length]))


def test_looks_are_named_as_browsers_name_them(tmp_path: Path) -> None:
    h264 = index_of(clip(tmp_path / "a.mp4", sound=True)).look
    assert h264.codecs == f"{h264.video},mp4a.40.2"
    assert h264.video.startswith("avc1.")
    assert len(h264.video) == len("avc1.64001f")
    assert (h264.width, h264.height) == (160, 120)
    h265 = index_of(clip(tmp_path / "b.mp4", Codec.H265)).look
    assert h265.video.startswith("hvc1.1.6.L")
    assert h265.sound == ""
    assert h265.codecs == h265.video


def test_the_group_of_a_moment_is_found(tmp_path: Path) -> None:
    index = index_of(clip(tmp_path / "clip.mp4"))
    moments = [-5, 0, 89_999, 90_000, 269_999, 10**9]
    assert [index.group_at(at) for at in moments] == [0, 0, 0, 1, 2, 3]
    index.keys[1] = 0  # a group so long that it was written in two parts
    assert index.group_at(100_000) == 0
    with pytest.raises(NvrError) as caught:
        index.place(2, 4)
    assert caught.value.kind is ErrorKind.GONE


@pytest.mark.parametrize("place", [(0, 0), (-1, 0), (3, 1), (0, 99)])
def test_fragments_that_are_not_there_are_not_cut(
    tmp_path: Path, place: tuple[int, int]
) -> None:
    index = index_of(clip(tmp_path / "clip.mp4"))
    if place == (0, 0):
        assert index.place(*place)[0] == index.offsets[0]
        return
    with pytest.raises(NvrError):
        index.place(*place)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", 10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for _ in range(3):
            file.mux(stream.encode(av.VideoFrame(160, 120, "yuv420p")))
        file.mux(stream.encode(None))
    for data in (path.read_bytes(), b"", bytes(100), b"x" * 100):
        with pytest.raises(NvrError) as caught:
            read_index(io.BytesIO(data), len(data))
        assert caught.value.kind is ErrorKind.VERIFY_FAILED


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    sound=st.booleans(),
)
def test_no_frame_is_lost_or_seen_twice(
    sizes: list[int], sound: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("clip")
    path = clip(folder / "clip.mp4", sound=sound, count=60, gop=5)
    index = index_of(path)
    whole = packets(path)
    seen: list[tuple[int, bytes]] = []
    at = 0
    for size in sizes:
        last = min(at + size, len(index)) - 1
        if last < at:
            break
        found = read_back(folder, index.init + segment(path, index, at, last))
        begin, end = index.shown[at], index.shown[last + 1]
        assert all(begin <= t * 9 // 100 < end for t, _ in found)
        assert len(found) * 9_000 == index.ticks(at, last)
        seen += found
        at = last + 1
    assert seen == whole[: len(seen)]
