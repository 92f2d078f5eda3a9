"""Copies of frames: what overlaps moves on or is left out, nothing goes back in time."""

from pathlib import Path

import pytest

from custom_components.vtrack_nvr.core.media.copier import Copier
from custom_components.vtrack_nvr.core.media.movie import MovieTrack, read_movie
from tests.core.media.test_clip_probe import clip
from tests.core.media.test_writer import decoded_frames, shown_times


@pytest.fixture
def source(tmp_path: Path) -> tuple[Path, MovieTrack, MovieTrack]:
    path = tmp_path / "clip.mp4"
    clip(path).close()
    movie = read_movie(path)
    assert movie
    video, sound = movie.track(b"vide"), movie.track(b"soun")
    assert video
    assert sound
    return path, video, sound


def whole(track: MovieTrack) -> tuple[MovieTrack, range]:
    return track, range(len(track.samples))


def test_frames_that_come_twice_never_go_back_in_time(
    tmp_path: Path, source: tuple[Path, MovieTrack, MovieTrack]
) -> None:
    path, video, sound = source
    out = tmp_path / "out.mp4"
    with path.open("rb") as file, Copier(out, video, sound) as copier:
        copier.copy(file, whole(video), whole(sound), 0)
        # The second file begins half a second before the first one ends.
        copier.copy(file, whole(video), whole(sound), 3_500_000)
        copier.close()
    pictures, sounds = shown_times(out), shown_times(out, "audio")
    assert len(pictures) == decoded_frames(out) == 80
    assert len(set(pictures)) == 80
    # Sound that lies under sound is left out, pictures must all stay: others need them.
    assert len(sound.samples) < len(sounds) < 2 * len(sound.samples)
    assert len(set(sounds)) == len(sounds)


def test_sound_before_the_first_picture_is_left_out(
    tmp_path: Path, source: tuple[Path, MovieTrack, MovieTrack]
) -> None:
    path, video, sound = source
    out = tmp_path / "out.mp4"
    with path.open("rb") as file, Copier(out, video, sound) as copier:
        places = range(20, len(video.samples))
        copier.copy(file, (video, places), whole(sound), -2_000_000)
        copier.close()
    assert shown_times(out)[0] == pytest.approx(0, abs=0.001)
    assert shown_times(out, "audio")[0] >= 0
    assert len(shown_times(out, "audio")) < len(sound.samples)


def test_a_copy_that_is_not_finished_lets_go_of_its_file(
    tmp_path: Path, source: tuple[Path, MovieTrack, MovieTrack]
) -> None:
    path, video, _ = source
    out = tmp_path / "out.mp4"
    with path.open("rb") as file, Copier(out, video, None) as copier:
        copier.copy(file, whole(video), None, 0)
    left = out.stat().st_size
    copier.discard()
    assert out.stat().st_size == left
    movie = read_movie(out)
    assert movie
    assert movie.track(b"soun") is None
