"""Files read back: what they hold, and what is left of torn ones."""

from contextlib import suppress
import hashlib
from pathlib import Path

import av
import pytest

from custom_components.vtrack_nvr.core.clip_sink import ClipStart
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media.clip_probe import ClipProbe
from custom_components.vtrack_nvr.core.media.facts import (
    facts_of_written,
    sha256_of,
)
from custom_components.vtrack_nvr.core.media.movie import read_movie
from custom_components.vtrack_nvr.core.media.units import TimedUnit
from custom_components.vtrack_nvr.core.media.writer import ClipWriter
from custom_components.vtrack_nvr.core.models import CameraKey, ClipSource
from tests.core.media import encoded
from tests.core.media.test_writer import START, TAGS, decoded_frames, shown_times

CLIP_START = ClipStart(
    CameraKey("nvr/1"), START + 500, START, era_id=3, source=ClipSource.REPLAY
)


def clip(path: Path, codec: Codec = Codec.H264, *, bframes: int = 0) -> ClipWriter:
    gops = encoded.groups(codec, bframes=bframes)
    for item in encoded.aac_units(START * 1000 + 250_000):
        near = [gop for gop in gops if gop.end_us > item.time_us]
        if near:
            near[0].audio.append(item)
    writer = ClipWriter(
        path,
        encoded.video_format(codec, bframes=bframes),
        encoded.aac_format(),
        TAGS,
        gops[0].video[0].unit,
    )
    for gop in gops:
        writer.write(gop)
    return writer


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
@pytest.mark.parametrize("bframes", [0, 2])
def test_a_clip_says_what_was_written(
    tmp_path: Path, codec: Codec, bframes: int
) -> None:
    path = tmp_path / "clip.mp4"
    written = clip(path, codec, bframes=bframes).close()
    expected = facts_of_written(
        written, TAGS, path.stat().st_size, sha256_of(path), holes=0
    )

    found = ClipProbe().read_clip(path)

    assert found is not None
    assert found.camera == "nvr/1"
    assert found.facts == expected
    assert found.facts.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.facts.range == TimeRange(START + 500, START + 4_500)
    assert found.facts.last_frame_ms == START + 4_400
    assert (found.facts.width, found.facts.height) == (160, 120)
    assert found.facts.audio_codec is Codec.AAC


def test_tables_agree_with_a_demuxer(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    clip(path, bframes=2).close()
    movie = read_movie(path)
    assert movie is not None
    data = path.read_bytes()
    with av.open(str(path)) as file:
        for kind, handler in (("video", b"vide"), ("audio", b"soun")):
            stream = getattr(file.streams, kind)[0]
            track = movie.track(handler)
            assert track is not None
            samples = track.samples
            file.seek(0)
            packets = [p for p in file.demux(stream) if p.pts is not None]
            assert list(samples.shown) == [p.pts for p in packets]
            assert list(samples.keys) == [int(p.is_keyframe) for p in packets]
            for at, packet in enumerate(packets):
                offset = samples.offsets[at]
                assert data[offset : offset + samples.sizes[at]] == bytes(packet)


def test_a_freeze_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    gops = encoded.groups()[:2]
    gops[1].video = [TimedUnit(t + 5_000_000, u) for t, u in gops[1].video]
    gops[1].end_us += 5_000_000
    writer = ClipWriter(path, encoded.video_format(), None, TAGS, gops[0].video[0].unit)
    for gop in gops:
        writer.write(gop)
    writer.close()
    found = ClipProbe().read_clip(path)
    assert found
    assert found.facts.gaps == (TimeRange(START + 1_500, START + 6_500),)


@pytest.mark.parametrize("content", [b"", b"hello world, this is no MP4", b"\0" * 64])
def test_other_files_are_not_ours(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign.mp4"
    path.write_bytes(content)
    assert ClipProbe().read_clip(path) is None
    assert ClipProbe().salvage(path, CLIP_START) is None


def test_a_film_of_somebody_else_is_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=10)
        stream.width, stream.height = 160, 120
        frame = av.VideoFrame(160, 120, "yuv420p")
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    assert ClipProbe().read_clip(path) is None


def test_a_missing_file_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(NvrError) as caught:
        ClipProbe().read_clip(tmp_path / "gone.mp4")
    assert caught.value.kind is ErrorKind.STORAGE_FAILED
    with pytest.raises(NvrError):
        ClipProbe().salvage(tmp_path / "gone.mp4", CLIP_START)


def test_a_cut_off_clip_is_not_a_clip(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    clip(path).close()
    path.write_bytes(path.read_bytes()[:-10])
    assert ClipProbe().read_clip(path) is None


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
@pytest.mark.parametrize("torn", [0, 1, 500, 3000])
def test_salvage_keeps_every_whole_group(
    tmp_path: Path, codec: Codec, torn: int
) -> None:
    part = tmp_path / ".clip.part"
    writer = clip(part, codec, bframes=2)
    data = part.read_bytes()
    part_copy = tmp_path / ".copy.part"
    part_copy.write_bytes(data[: len(data) - torn])
    whole = read_movie(part_copy)
    assert whole
    frames = len(whole.track(b"vide").samples)
    writer.discard()

    facts = ClipProbe().salvage(part_copy, CLIP_START)

    assert facts is not None
    assert frames % 10 == 0
    assert facts.frames == frames
    assert frames == 30 if torn == 0 else frames in {10, 20}
    assert facts.audio_frames > 0
    assert facts.range == TimeRange(START + 500, START + 500 + frames * 100)
    assert facts.size_bytes == part_copy.stat().st_size
    assert facts.sha256 == sha256_of(part_copy)
    assert decoded_frames(part_copy) == frames
    assert shown_times(part_copy) == pytest.approx(
        [n / 10 for n in range(frames)], abs=1e-4
    )
    sound = shown_times(part_copy, "audio")
    assert sound[0] == pytest.approx(0.25, abs=0.001)
    again = ClipProbe().read_clip(part_copy)
    assert again
    assert again.facts == facts
    assert list(tmp_path.glob("*.salvage")) == []


def test_salvage_of_a_finished_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".clip.part"
    clip(path).close()
    before = path.read_bytes()
    facts = ClipProbe().salvage(path, CLIP_START)
    assert facts
    assert facts.frames == 40
    assert path.read_bytes() == before


def test_salvage_without_a_whole_group_finds_nothing(tmp_path: Path) -> None:
    part = tmp_path / ".clip.part"
    writer = clip(part)
    data = part.read_bytes()
    writer.discard()
    for length in range(0, min(len(data), 2400), 97):
        part.write_bytes(data[:length])
        facts = ClipProbe().salvage(part, CLIP_START)
        assert facts is None or facts.frames % 10 == 0


def test_random_damage_never_raises_outside_our_kinds(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    clip(path).close()
    data = bytearray(path.read_bytes())
    moov = data.rindex(b"moov")
    probe = ClipProbe()
    for at in range(moov - 4, len(data), 7):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        path.write_bytes(broken)
        with suppress(NvrError):
            probe.read_clip(path)
