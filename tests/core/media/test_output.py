"""What goes wrong with a file under way, classified."""

import errno
import io
import os
from pathlib import Path

import av
import pytest

from custom_components.vtrack_nvr.core.errors import (
    STORAGE_KINDS,
    ErrorKind,
    NvrError,
)
from custom_components.vtrack_nvr.core.media.output import output_error, storing
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
    error = output_error(OSError(number, os.strerror(number), path), "write the clip")
    assert error.kind is kind
    assert "secret" not in str(error)


def test_errors_of_the_muxer_are_no_trouble_of_the_disk() -> None:
    with pytest.raises(av.FFmpegError) as caught:
        av.open(io.BytesIO(b"no film at all"))
    error = output_error(caught.value, "finish the clip")
    assert error.kind is ErrorKind.VERIFY_FAILED
    assert "finish the clip" in error.detail


@pytest.mark.parametrize("number", [errno.EPERM, errno.EINVAL, errno.ENOMEM])
def test_a_number_that_libav_gives_for_bad_data_is_no_error_of_the_disk(
    number: int,
) -> None:
    """PyAV makes PermissionError of the -1 of a muxer that refuses a frame of sound."""
    with pytest.raises(av.FFmpegError) as caught:
        av.error.err_check(-number)
    error = output_error(caught.value, "write the clip")
    assert error.kind is ErrorKind.VERIFY_FAILED
    own = OSError(number, os.strerror(number))
    assert output_error(own, "write the clip").kind is not ErrorKind.VERIFY_FAILED


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_what_the_disk_answers_through_libav_is_its_error(number: int) -> None:
    with pytest.raises(av.FFmpegError) as caught:
        av.error.err_check(-number)
    assert output_error(caught.value, "write the clip").kind in STORAGE_KINDS


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), storing("x"):
        _ = 1 // 0


def test_a_folder_that_is_away_is_told(tmp_path: Path) -> None:
    groups = encoded.groups()
    first = groups[0].video[0].unit
    path = tmp_path / "no" / "x"
    with pytest.raises(NvrError) as caught:
        ClipWriter(path, encoded.video_format(), None, TAGS, first)
    assert caught.value.kind is ErrorKind.STORAGE_FAILED
