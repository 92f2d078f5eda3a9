"""What goes wrong with a file under way, classified."""

import errno
import io
import os
from pathlib import Path

import av
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.media.output import storage_error, storing
from custom_components.vtrack_nvr.core.media.writer import ClipWriter
from tests.core.media import encoded
from tests.core.media.test_writer import TAGS


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, ErrorKind.STORAGE_FULL),
        (errno.EDQUOT, ErrorKind.STORAGE_FULL),
        (errno.EFBIG, ErrorKind.STORAGE_FULL),
        (errno.EROFS, ErrorKind.STORAGE_READ_ONLY),
        (errno.EACCES, ErrorKind.STORAGE_READ_ONLY),
        (errno.EIO, ErrorKind.STORAGE_FAILED),
        (errno.ENOENT, ErrorKind.STORAGE_FAILED),
    ],
)
def test_errors_of_the_system_say_what_to_do(number: int, kind: ErrorKind) -> None:
    path = "/media/secret folder/clip.mp4"
    error = storage_error(OSError(number, os.strerror(number), path), "write the clip")
    assert error.kind is kind
    assert "secret" not in str(error)


def test_errors_of_the_muxer_are_no_trouble_of_the_disk() -> None:
    with pytest.raises(av.FFmpegError) as caught:
        av.open(io.BytesIO(b"no film at all"))
    error = storage_error(caught.value, "finish the clip")
    assert error.kind is ErrorKind.VERIFY_FAILED
    assert "finish the clip" in error.detail


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), storing("x"):
        _ = 1 // 0


def test_a_folder_that_is_away_is_told(tmp_path: Path) -> None:
    groups = encoded.groups()
    first = groups[0].video[0].unit
    path = tmp_path / "no" / "x"
    with (
        ClipWriter(path, encoded.video_format(), None, TAGS, first) as writer,
        pytest.raises(NvrError) as caught,
    ):
        writer.write(groups[0])
    assert caught.value.kind is ErrorKind.STORAGE_FAILED
