"""A clip served with its table first, whatever piece of it is asked for."""

# Reads private members: clips are written with the flags of older versions.

import io
from pathlib import Path

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.media import boxes, output
from custom_components.vtrack_nvr.core.media.fast_start import fast_start
from custom_components.vtrack_nvr.core.media.layout import FileStretch, Layout

from .clip_files import OLD_FLAGS, clip, packets


def served(path: Path) -> bytes:
    with path.open("rb") as file:
        layout = fast_start(file, path.stat().st_size)
        assert layout is not None
        return layout.read(file, 0, layout.size)


@pytest.mark.parametrize("flags", [output._FLAGS, OLD_FLAGS])
@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
@pytest.mark.parametrize("sound", [False, True])
def test_it_is_the_same_film_with_its_table_first(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    codec: Codec,
    flags: str,
    *,
    sound: bool,
) -> None:
    monkeypatch.setattr(output, "_FLAGS", flags)
    path = clip(tmp_path / "clip.mp4", codec, sound=sound, bframes=2)
    before = path.read_bytes()
    data = served(path)

    assert path.read_bytes() == before
    assert len(data) == len(before)
    found = boxes.top_level(io.BytesIO(data), len(data))
    assert [box.kind for box in found] == [b"ftyp", b"moov", b"free", b"mdat"]
    other = tmp_path / "served.mp4"
    other.write_bytes(data)
    assert packets(other) == packets(path)
    if sound:
        assert packets(other, "audio") == packets(path, "audio")


def test_what_is_not_laid_out_so_is_served_as_it_is(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4")
    data = path.read_bytes()
    for other in (data + b"\0\0\0\x08free", data[28:], data[: len(data) // 2], b""):
        assert fast_start(io.BytesIO(other), len(other)) is None


def test_a_table_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    data = bytearray(clip(tmp_path / "clip.mp4").read_bytes())
    at = data.rindex(b"stco") + 8
    data[at : at + 4] = b"\x7f\xff\xff\xff"
    with pytest.raises(NvrError):
        fast_start(io.BytesIO(data), len(data))


def test_places_that_do_not_fit_leave_the_file_as_it_is(tmp_path: Path) -> None:
    data = bytearray(clip(tmp_path / "clip.mp4").read_bytes())
    at = data.rindex(b"stco") + 12
    data[at : at + 4] = b"\xff\xff\xff\xf0"
    assert fast_start(io.BytesIO(data), len(data)) is None


pieces = st.one_of(
    st.binary(max_size=9),
    st.tuples(st.integers(0, 40), st.integers(0, 20)).map(lambda it: FileStretch(*it)),
)


@settings(deadline=None)
@given(st.lists(pieces, max_size=8), st.integers(-3, 90), st.integers(-3, 90))
def test_any_piece_of_a_layout_is_that_piece(
    parts: list[bytes | FileStretch], at: int, count: int
) -> None:
    disk = bytes(range(60))
    whole = b"".join(
        disk[it.offset : it.offset + it.length] if isinstance(it, FileStretch) else it
        for it in parts
    )
    layout = Layout(parts)
    assert layout.size == len(whole)
    wanted = whole[at : at + count] if at >= 0 and count > 0 else b""
    assert layout.read(io.BytesIO(disk), at, count) == wanted


def test_a_layout_ends_where_its_file_does() -> None:
    layout = Layout([b"ab", FileStretch(0, 10), b"cd"])
    assert layout.read(io.BytesIO(b"123"), 0, 14) == b"ab123"
    assert layout.held == 4


class Dribble(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, 3))


def test_files_that_answer_with_less_are_read_on() -> None:
    layout = Layout([FileStretch(1, 10)])
    assert layout.read(Dribble(b"0123456789ab"), 0, 10) == b"123456789a"
