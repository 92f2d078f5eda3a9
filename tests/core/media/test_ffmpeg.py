"""ffmpeg as a child: films that browsers can show, and what goes wrong."""

from pathlib import Path
import shutil
import threading

import av
import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.media.ffmpeg import make_playable, to_h264
from tests.core.media.test_other_codecs import written
from tests.simulator.footage import read_frame_numbers

FFMPEG = shutil.which("ffmpeg") or ""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    [(path, _)] = written(tmp_path, "JPEG").clips
    return path


@pytest.fixture
def sleeper(tmp_path: Path) -> str:
    path = tmp_path / "sleeper"
    path.write_text("#!/bin/sh\nexec sleep 60\n")
    path.chmod(0o755)
    return str(path)


def codec_of(path: Path) -> str:
    with av.open(str(path)) as file:
        return file.streams.video[0].codec_context.name


def test_a_film_is_made_playable_once(film: Path) -> None:
    before = read_frame_numbers(film)
    make_playable(FFMPEG, film)
    assert codec_of(film) == "h264"
    assert read_frame_numbers(film) == before
    made = film.stat().st_mtime_ns
    make_playable("/nowhere/ffmpeg", film)
    assert film.stat().st_mtime_ns == made, "what can be shown is left alone"


@pytest.mark.parametrize("binary", ["/nowhere/ffmpeg", "/bin/false"])
def test_a_failure_leaves_the_film_as_it_was(film: Path, binary: str) -> None:
    names = sorted(film.parent.iterdir())
    with pytest.raises(NvrError) as caught:
        make_playable(binary, film)
    assert caught.value.kind is ErrorKind.FFMPEG_FAILED
    assert codec_of(film) == "mjpeg"
    assert sorted(film.parent.iterdir()) == names


def test_converting_is_bounded_in_time(film: Path, sleeper: str) -> None:
    with pytest.raises(NvrError) as caught:
        to_h264(sleeper, film, film.with_name("out.mp4"), timeout_s=0.05)
    assert caught.value.kind is ErrorKind.TIMEOUT


def test_converting_can_be_cancelled(film: Path, sleeper: str) -> None:
    cancel = CancelToken()
    timer = threading.Timer(0.05, cancel.cancel)
    timer.start()
    with pytest.raises(NvrError) as caught:
        to_h264(sleeper, film, film.with_name("out.mp4"), cancel=cancel)
    timer.join()
    assert caught.value.kind is ErrorKind.CANCELLED
    with pytest.raises(NvrError) as caught:
        to_h264(FFMPEG, film, film.with_name("out.mp4"), cancel=cancel)
    assert caught.value.kind is ErrorKind.CANCELLED


def test_a_film_that_is_gone_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(NvrError) as caught:
        make_playable(FFMPEG, tmp_path / "gone.mp4")
    assert caught.value.kind is ErrorKind.STORAGE_FAILED
