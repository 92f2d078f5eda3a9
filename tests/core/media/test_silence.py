"""A silent track like another clip's: where there can be one, and where not."""

import itertools
from pathlib import Path

from custom_components.vtrack_nvr.core.media.fragment_index import read_index
from custom_components.vtrack_nvr.core.media.silence import (
    free_track,
    silence_like,
    with_silence,
)

from .clip_files import clip


def init_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return read_index(file, path.stat().st_size).init


def test_silence_is_like_the_sound_of_another_clip(tmp_path: Path) -> None:
    loud = init_of(clip(tmp_path / "a.mp4", sound=True))
    mute = init_of(clip(tmp_path / "b.mp4"))
    silence = silence_like(loud)
    assert silence is not None
    assert silence.scale == 16_000
    made = with_silence(mute, silence)
    assert silence_like(made) is not None
    assert free_track(mute) == 2
    assert free_track(made) == 3


def test_without_a_pattern_there_is_none(tmp_path: Path) -> None:
    loud = init_of(clip(tmp_path / "a.mp4", sound=True))
    mute = init_of(clip(tmp_path / "b.mp4"))
    assert silence_like(mute) is None
    assert silence_like(b"") is None
    assert silence_like(loud.replace(b"mvex", b"free")) is None
    at = loud.index(b"esds") + 26
    other = bytearray(loud)
    config = loud.index(b"\x14\x08", at - 10)
    other[config] = 0x2C  # HE-AAC: its frames are of another length
    assert silence_like(bytes(other)) is None
    silence = silence_like(loud)
    assert silence is not None
    plain = mute.replace(b"mvex", b"free")
    assert with_silence(plain, silence) == plain


def test_every_frame_belongs_to_one_stretch(tmp_path: Path) -> None:
    silence = silence_like(init_of(clip(tmp_path / "a.mp4", sound=True)))
    assert silence is not None
    borders = [0, 1, 63_999, 64_000, 64_001, 1_000_000, 7_777_777]
    due = 0
    for start, end in itertools.pairwise(borders):
        quiet = silence.between(2, start, end)
        assert quiet.ticks == due * 1024
        due += quiet.frames
    assert due == -(-7_777_777 * 16 // 1024_000)
