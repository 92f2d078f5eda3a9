"""ffmpeg as a child process, and what it makes of files of ours for browsers.

Its arguments and its environment hold no secret; its words are thrown away.
"""

from collections.abc import Sequence
from contextlib import suppress
import os
from pathlib import Path
import subprocess
from typing import Final

from ..cancel import CancelToken
from ..errors import ErrorKind, NvrError
from ..frames import Codec
from .movie import read_movie
from .output import storage_error

_PASSED_ON: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_QUIET: Final = ("-hide_banner", "-nostdin", "-loglevel", "quiet")
_NICE: Final = 10
_TIMEOUT_S: Final = 900.0
_PLAYABLE: Final = frozenset({Codec.H264, Codec.H265})
_FRESH: Final = ".h264"


def is_playable(codec: Codec) -> bool:
    """Say whether browsers and phones can show pictures of a codec."""
    return codec in _PLAYABLE


def start_ffmpeg(
    binary: str, arguments: Sequence[str], *, has_output: bool
) -> subprocess.Popen[bytes]:
    """Start ffmpeg, its output in a pipe where asked; raises `FFMPEG_FAILED`."""
    try:
        return subprocess.Popen(  # noqa: S603 - the binary is Home Assistant's
            [binary, *_QUIET, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if has_output else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={key: os.environ[key] for key in _PASSED_ON if key in os.environ},
            start_new_session=True,
        )
    except OSError as error:
        raise NvrError(
            ErrorKind.FFMPEG_FAILED, f"ffmpeg does not start: {type(error).__name__}"
        ) from error


def to_h264(
    binary: str,
    source: Path,
    to: Path,
    *,
    grows: bool = False,
    timeout_s: float = _TIMEOUT_S,
    cancel: CancelToken | None = None,
) -> None:
    """Write a clip or film as H.264, every picture under its own time; blocking.

    Runs behind everything else on the machine. With `grows` it can be played from its
    start while it is being written, but has no table to seek by. Raises `FFMPEG_FAILED`,
    `TIMEOUT`, `CANCELLED`; `to` may be there then and is worth nothing.
    """
    coding = (
        *("-c:v", "libx264", "-preset", "superfast", "-crf", "21", "-bf", "0"),
        *("-pix_fmt", "yuv420p", "-g", "50", "-fps_mode", "passthrough"),
        *("-enc_time_base", "1:90000", "-c:a", "copy"),
    )
    flags = "frag_keyframe+empty_moov+default_base_moof" if grows else "+faststart"
    _convert(binary, source, to, coding, flags, timeout_s, cancel)


def with_table(
    binary: str, source: Path, to: Path, *, cancel: CancelToken | None = None
) -> None:
    """Copy a film that grew into one that can be seeked in; raises as `to_h264`."""
    _convert(binary, source, to, ("-c", "copy"), "+faststart", _TIMEOUT_S, cancel)


def _convert(
    binary: str,
    source: Path,
    to: Path,
    coding: Sequence[str],
    flags: str,
    timeout_s: float,
    cancel: CancelToken | None,
) -> None:
    if cancel:
        cancel.check()
    child = start_ffmpeg(
        binary,
        (
            *("-y", "-i", str(source), "-map", "0:v:0", "-map", "0:a:0?", *coding),
            *("-video_track_timescale", "90000", "-flush_packets", "1"),
            *("-movflags", flags, "-f", "mp4", str(to)),
        ),
        has_output=False,
    )
    remove = cancel.add_waker(child.kill) if cancel else None
    try:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, child.pid, _NICE)
        status = child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        raise NvrError(ErrorKind.TIMEOUT, "converting took too long") from None
    finally:
        if remove:
            remove()
        child.kill()
        child.wait()
    if cancel:
        cancel.check()
    if status:
        raise NvrError(ErrorKind.FFMPEG_FAILED, f"ffmpeg ended with status {status}")


def make_playable(
    binary: str, path: Path, *, cancel: CancelToken | None = None
) -> None:
    """Put a film that browsers can show in the place of one they cannot.

    Raises as `to_h264`; the film is as it was then.
    """
    try:
        movie = read_movie(path)
        video = movie.track(b"vide") if movie else None
        if video is None or video.codec is None or is_playable(video.codec):
            return
        fresh = path.with_name(path.name + _FRESH)
        try:
            to_h264(binary, path, fresh, cancel=cancel)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(error, "convert footage") from error
