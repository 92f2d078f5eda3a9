"""ffmpeg as a child: films that browsers can show, and what goes wrong."""

import os
from pathlib import Path
import shutil
import subprocess
import sys
import threading
from typing import Any
from unittest.mock import patch

import av
import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.media import convert
from custom_components.vtrack_nvr.core.media.convert import (
    replace_by_h264,
    to_h264,
    with_table,
)
from custom_components.vtrack_nvr.core.media.decode import thumbnail
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


def test_a_film_is_made_playable(film: Path) -> None:
    before = read_frame_numbers(film)
    replace_by_h264(FFMPEG, film, 0.0)
    assert codec_of(film) == "h264"
    assert read_frame_numbers(film) == before


@pytest.mark.parametrize("binary", ["/nowhere/ffmpeg", "/bin/false"])
def test_a_failure_leaves_the_film_as_it_was(film: Path, binary: str) -> None:
    names = sorted(film.parent.iterdir())
    with pytest.raises(NvrError) as caught:
        replace_by_h264(binary, film, 0.0)
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
        replace_by_h264(FFMPEG, tmp_path / "gone.mp4", 0.0)
    assert caught.value.kind is ErrorKind.STORAGE_FAILED


def test_a_file_is_opened_as_what_it_must_be(film: Path, tmp_path: Path) -> None:
    """A playlist in the place of a clip leads nowhere, neither ffmpeg nor the worker."""
    stream = tmp_path / "other.ts"
    subprocess.run(
        [FFMPEG, "-v", "error", "-i", str(film), "-c:v", "libx264", str(stream)],
        check=True,
    )
    playlist = tmp_path / "clip.mp4"
    playlist.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nother.ts\n#EXT-X-ENDLIST\n"
    )
    out = tmp_path / "out.mp4"
    for act in (to_h264, with_table):
        with pytest.raises(NvrError) as caught:
            act(FFMPEG, playlist, out)
        assert caught.value.kind is ErrorKind.FFMPEG_FAILED
        assert not out.exists() or not out.stat().st_size
    with pytest.raises(NvrError) as caught:
        thumbnail(playlist, 0, tmp_path / "picture.jpg")
    assert caught.value.kind is ErrorKind.VERIFY_FAILED


def test_a_huge_picture_takes_no_memory(tmp_path: Path) -> None:
    """Some megabytes that would unfold to gigabytes."""
    source = tmp_path / "huge.mp4"
    subprocess.run(
        [
            *(
                FFMPEG,
                "-v",
                "error",
                "-f",
                "lavfi",
                "-i",
                "color=s=8176x8176:r=5:d=0.4",
            ),
            *("-c:v", "mpeg4", "-threads", "1", str(source)),
        ],
        check=True,
    )
    with pytest.raises(NvrError) as caught:
        to_h264(FFMPEG, source, tmp_path / "out.mp4")
    assert caught.value.kind is ErrorKind.FFMPEG_FAILED


def test_the_largest_picture_is_converted_within_its_bounds(tmp_path: Path) -> None:
    source, out = tmp_path / "large.mp4", tmp_path / "out.mp4"
    subprocess.run(
        [
            *(
                FFMPEG,
                "-v",
                "error",
                "-f",
                "lavfi",
                "-i",
                "testsrc=s=4096x4096:r=2:d=2",
            ),
            *("-c:v", "mpeg4", "-q:v", "2", str(source)),
        ],
        check=True,
    )
    to_h264(FFMPEG, source, out)
    assert codec_of(out) == "h264"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc and prlimit are Linux's")
def test_a_child_is_bounded_in_memory_time_and_file_size(
    film: Path, sleeper: str
) -> None:
    cancel = CancelToken()
    found: dict[str, str] = {}
    real = convert.start_ffmpeg

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        child = real(*arguments, **options)
        limits = Path(f"/proc/{child.pid}/limits").read_text(encoding="ascii")
        found.update(
            {line[:26].strip(): line[26:46].strip() for line in limits.splitlines()}
        )
        found["nice"] = str(os.getpriority(os.PRIO_PROCESS, child.pid))
        cancel.cancel("seen")
        return child

    with patch.object(convert, "start_ffmpeg", start), pytest.raises(NvrError):
        to_h264(sleeper, film, film.with_name("out.mp4"), timeout_s=77, cancel=cancel)
    assert int(found["Max address space"]) <= 2 * 1024**3
    assert found["Max cpu time"] == "77"
    most = convert.LARGEST_GROWTH * film.stat().st_size
    assert most < int(found["Max file size"]) < most + 20 * 1024**2
    assert found["nice"] == "10"
