"""ffmpeg as a child process, and what it makes of files of ours for browsers.

Its arguments and its environment hold no secret; its words are thrown away.
"""

from collections.abc import Sequence
from contextlib import suppress
import os
from pathlib import Path
import subprocess
from typing import Final, NamedTuple

from ..cancel import CancelToken
from ..errors import ErrorKind, NvrError
from ..frames import Codec
from .output import output_error, storing

_PASSED_ON: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_QUIET: Final = ("-hide_banner", "-nostdin", "-loglevel", "quiet")
_NICE: Final = 10
_TIMEOUT_S: Final = 900.0
_PLAYABLE: Final = frozenset({Codec.H264, Codec.H265})
_FRESH: Final = ".h264"
_MEMORY: Final = 1536 * 1024 * 1024
_THREADS: Final = "2"
MOST_PIXELS: Final = 4096 * 4096
"""A larger picture is not converted: each one would take hundreds of megabytes."""
LARGEST_GROWTH: Final = 3
"""How many times larger than its source a converted film may be."""
_SMALL_BYTES: Final = 16 * 1024 * 1024
OURS: Final = ("-f", "mp4", "-protocol_whitelist", "file")
"""A file of ours is an MP4, whatever is in it: no playlist leads elsewhere."""


def is_playable(codec: Codec) -> bool:
    """Return whether browsers and phones can show pictures of a codec."""
    return codec in _PLAYABLE


class Most(NamedTuple):
    """What a child may take: seconds of a processor, bytes in one file."""

    cpu_s: int
    file_bytes: int


def start_ffmpeg(
    binary: str,
    arguments: Sequence[str],
    *,
    has_output: bool,
    most: Most | None = None,
) -> subprocess.Popen[bytes]:
    """Start ffmpeg, its output in a pipe where asked; raises `FFMPEG_FAILED`.

    It runs behind everything else on the machine and within a bound of memory, and within
    `most`.
    """
    try:
        child = subprocess.Popen(  # noqa: S603 - the binary is Home Assistant's
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
    _bound(child.pid, most)
    return child


def _bound(pid: int, most: Most | None) -> None:
    """Set a child's limits, as far as the system has them; it has just begun."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICE)
    with suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        resource.prlimit(pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        if most is not None:
            resource.prlimit(pid, resource.RLIMIT_CPU, (most.cpu_s, most.cpu_s))
            size = most.file_bytes
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, size))


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

    Takes bounded memory and time of the processor, and writes at most `LARGEST_GROWTH`
    times what it reads; larger pictures than `MOST_PIXELS` are not converted. With `grows` it can be played from its
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
    run_ffmpeg(
        binary,
        (
            *("-y", "-max_pixels", str(MOST_PIXELS)),
            *(*OURS, "-i", str(source), "-map", "0:v:0", "-map", "0:a:0?", *coding),
            *("-video_track_timescale", "90000", "-flush_packets", "1"),
            *("-movflags", flags, "-f", "mp4", str(to)),
        ),
        timeout_s=timeout_s,
        most=Most(
            max(1, round(timeout_s)), LARGEST_GROWTH * _size(source) + _SMALL_BYTES
        ),
        cancel=cancel,
    )


def run_ffmpeg(
    binary: str,
    arguments: Sequence[str],
    *,
    timeout_s: float,
    most: Most,
    cancel: CancelToken | None = None,
) -> None:
    """Run ffmpeg to its end, within `most`; blocks.

    `arguments` begin with options of the input, and end with the file that is written.
    Raises `FFMPEG_FAILED`, `TIMEOUT`, `CANCELLED`; it has ended then as well.
    """
    if cancel:
        cancel.check()
    *before, to = arguments
    threads = ("-threads", _THREADS)
    child = start_ffmpeg(
        binary, (*threads, *before, *threads, to), has_output=False, most=most
    )
    remove = cancel.add_waker(child.kill) if cancel else None
    try:
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


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise output_error(error, "convert footage") from error


def replace_by_h264(
    binary: str, path: Path, seconds: float, *, cancel: CancelToken | None = None
) -> None:
    """Put a converted film in the place of one that lasts `seconds`.

    Raises as `to_h264`; the film is as it was then.
    """
    fresh = path.with_name(path.name + _FRESH)
    with storing("convert footage"):
        try:
            timeout_s = max(_TIMEOUT_S, seconds)
            to_h264(binary, path, fresh, timeout_s=timeout_s, cancel=cancel)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
