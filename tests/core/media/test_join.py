"""Several clips as one file: every picture once, at its time."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import av
import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import Codec
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media.join import JoinPart, join_clips
from custom_components.vtrack_nvr.core.media.movie import MovieTrack, read_movie
from custom_components.vtrack_nvr.core.media.writer import ClipWriter
from tests.core.media import encoded
from tests.core.media.test_writer import TAGS, decoded_frames, shown_times

START = encoded.START_MS


def make(
    folder: Path,
    offset_ms: int,
    codec: Codec = Codec.H264,
    *,
    bframes: int = 0,
    sound: bool = True,
    size: tuple[int, int] = (160, 120),
    first: int | None = None,
) -> JoinPart:
    path = folder / f"{offset_ms}.mp4"
    start = START + offset_ms
    options = {"bframes": bframes, "size": size, "first": first}
    gops = encoded.groups(codec, start_ms=start, **options)
    if sound:
        for item in encoded.aac_units(start * 1000, 62):
            near = [gop for gop in gops if gop.end_us > item.time_us]
            if near:
                near[0].audio.append(item)
    tags = replace(TAGS, utc_start_ms=start, device_start_ms=start)
    writer = ClipWriter(
        path,
        encoded.video_format(codec, **options),
        encoded.aac_format() if sound else None,
        tags,
        gops[0].video[0].unit,
    )
    for gop in gops:
        writer.write(gop)
    writer.close()
    return JoinPart(path, start)


def span(start: int, end: int) -> TimeRange:
    return TimeRange(START + start, START + end)


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
@pytest.mark.parametrize("bframes", [0, 2])
def test_neighbours_become_one_film(tmp_path: Path, codec: Codec, bframes: int) -> None:
    parts = [make(tmp_path, n * 4_000, codec, bframes=bframes) for n in range(3)]
    to = tmp_path / "export.mp4"
    done: list[float] = []
    joined = join_clips(parts[::-1], span(0, 12_000), to, progress=done.append)
    assert joined.range == span(0, 12_000)
    assert joined.frames == 120
    assert joined.gaps == ()
    assert joined.parts == 3
    assert done[-1] == 1.0
    assert shown_times(to) == pytest.approx([n / 10 for n in range(120)], abs=1e-3)
    assert decoded_frames(to) == 120
    sound = shown_times(to, "audio")
    assert sound[0] == pytest.approx(0.0, abs=0.002)
    assert sound[-1] == pytest.approx(11.9, abs=0.1)
    assert all(0 < b - a < 0.13 for a, b in pairwise(sound))


def test_a_range_inside_begins_with_its_key_picture(tmp_path: Path) -> None:
    parts = [make(tmp_path, 0), make(tmp_path, 4_000)]
    to = tmp_path / "export.mp4"
    joined = join_clips(parts, span(2_500, 5_550), to)
    assert joined.range == span(2_000, 5_600)
    assert joined.frames == 36
    assert decoded_frames(to) == 36
    assert shown_times(to, "audio")[0] == pytest.approx(0.0, abs=0.07)


@pytest.mark.parametrize(("keep", "length"), [(True, 14.0), (False, 8.0)])
def test_gaps_are_kept_or_closed(tmp_path: Path, keep: bool, length: float) -> None:
    parts = [make(tmp_path, 0), make(tmp_path, 10_000)]
    to = tmp_path / "export.mp4"
    joined = join_clips(parts, span(0, 14_000), to, keep_gaps=keep)
    assert joined.gaps == (span(4_000, 10_000),)
    times = shown_times(to)
    assert times[-1] == pytest.approx(length - 0.1, abs=0.01)
    assert shown_times(to, "audio")[-1] == pytest.approx(length - 0.1, abs=0.15)
    assert decoded_frames(to) == 80


def test_overlapping_clips_do_not_break_the_film(tmp_path: Path) -> None:
    parts = [make(tmp_path, 0), make(tmp_path, 3_000)]
    to = tmp_path / "export.mp4"
    joined = join_clips(parts, span(0, 7_000), to)
    times = shown_times(to)
    assert times == sorted(set(times))
    assert joined.range == span(0, 7_000)


def test_footage_that_is_kept_twice_is_shown_once(tmp_path: Path) -> None:
    """A live clip, and the replay of the same time: no frames are squeezed in."""
    (tmp_path / "replay").mkdir()
    live, later = make(tmp_path, 0), make(tmp_path, 4_000)
    parts = [
        live,
        make(tmp_path / "replay", 0),
        make(tmp_path / "replay", 2_000),
        later,
    ]
    to = tmp_path / "export.mp4"
    joined = join_clips(parts, span(0, 8_000), to)
    assert joined.range == span(0, 8_000)
    assert joined.gaps == ()
    assert joined.frames == decoded_frames(to)
    assert 80 <= joined.frames <= 80 + 10, "at most a group of pictures at each seam"
    times = shown_times(to)
    assert times[-1] == pytest.approx(7.9, abs=0.01)
    whole = [n / 10 for n in range(80)]
    assert all(min(abs(t - w) for t in times) < 0.01 for w in whole)


def test_a_part_without_sound_is_silent(tmp_path: Path) -> None:
    parts = [make(tmp_path, 0, sound=False), make(tmp_path, 4_000)]
    to = tmp_path / "export.mp4"
    join_clips(parts, span(0, 8_000), to)
    assert shown_times(to, "audio")[0] == pytest.approx(4.0, abs=0.07)
    assert decoded_frames(to) == 80


def test_another_picture_format_needs_another_file(tmp_path: Path) -> None:
    parts = [make(tmp_path, 0), make(tmp_path, 4_000, size=(320, 240))]
    with pytest.raises(NvrError) as caught:
        join_clips(parts, span(0, 8_000), tmp_path / "export.mp4")
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
def test_clips_whose_sets_differ_make_one_film(tmp_path: Path, codec: Codec) -> None:
    parts = [
        make(tmp_path, n * 4_000, codec, first=20 if n % 2 else None) for n in range(3)
    ]
    configs = {read_movie(p.path).track(b"vide").config for p in parts}
    assert len(configs) == 2
    to = tmp_path / "export.mp4"
    joined = join_clips(parts, span(0, 12_000), to)
    assert joined.frames == 120
    with av.open(str(to)) as file:
        frames = list(file.decode(video=0))
    assert len(frames) == 120
    assert not any(frame.is_corrupt for frame in frames)


def test_nothing_in_the_range_is_said_so(tmp_path: Path) -> None:
    parts = [make(tmp_path, 0)]
    for wanted in (span(60_000, 61_000), span(-5_000, 0)):
        with pytest.raises(NvrError) as caught:
            join_clips(parts, wanted, tmp_path / "export.mp4")
        assert caught.value.kind is ErrorKind.NO_FOOTAGE


def test_cancel_and_missing_files_are_errors_of_ours(tmp_path: Path) -> None:
    part = make(tmp_path, 0)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(NvrError) as caught:
        join_clips([part], span(0, 4_000), tmp_path / "export.mp4", cancel=cancel)
    assert caught.value.kind is ErrorKind.CANCELLED
    with pytest.raises(NvrError) as caught:
        join_clips([part], span(0, 4_000), tmp_path / "no" / "export.mp4")
    assert caught.value.kind is ErrorKind.STORAGE_FAILED
    part.path.unlink()
    with pytest.raises(NvrError) as caught:
        join_clips([part], span(0, 4_000), tmp_path / "export.mp4")
    assert caught.value.kind is ErrorKind.STORAGE_FAILED
    part.path.write_bytes(b"no film")
    with pytest.raises(NvrError) as caught:
        join_clips([part], span(0, 4_000), tmp_path / "export.mp4")
    assert caught.value.kind is ErrorKind.VERIFY_FAILED


def test_parameter_sets_that_change_on_the_way_come_with_the_pictures(
    tmp_path: Path,
) -> None:
    """Two encoders of one look: each clip's pictures are decoded by their own sets."""
    parts = [make(tmp_path, 0), make(tmp_path, 4_000, bframes=2), make(tmp_path, 8_000)]
    looks = []
    for part in parts:
        movie = read_movie(part.path)
        assert movie
        looks.append(movie.track(b"vide"))
    assert looks[0].config == looks[2].config != looks[1].config
    to = tmp_path / "export.mp4"
    with patch.object(MovieTrack, "format", property(lambda track: track.entry)):
        joined = join_clips(parts, span(0, 12_000), to)
    assert joined.frames == decoded_frames(to) == 120
    with av.open(to) as film:
        seen = [bytes(f.to_ndarray()[:1, :8]) for f in film.decode(video=0)]
    apart = []
    for part in parts:
        with av.open(part.path) as clip:
            apart += [bytes(f.to_ndarray()[:1, :8]) for f in clip.decode(video=0)]
    assert seen == apart
