"""Pictures decoded in a child process: checks, thumbnails, strips of key pictures.

All functions block for at most `timeout_s` seconds, end the child at once on cancel, and
raise `NvrError` (`VERIFY_FAILED`, `TIMEOUT`, `CANCELLED`).
"""

from collections.abc import Sequence
from contextlib import suppress
import functools
import importlib.util
import json
import logging
from pathlib import Path
import subprocess
import sys
from typing import Any

from ..cancel import CancelToken
from ..errors import ErrorKind, NvrError
from ..models import ClipFacts
from .movie import read_movie

_LOGGER = logging.getLogger(__name__)

_WORKER = Path(__file__).with_name("decode_child.py")
_TIMEOUT_S = 30.0
_END_S = 2.0
_SAMPLE_FRAMES = 12


@functools.cache
def packages() -> str:
    """Return the folder PyAV is installed in, found without importing it."""
    spec = importlib.util.find_spec("av")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parents[1])


def run_worker(
    task: str,
    request: dict[str, Any],
    *,
    timeout_s: float = _TIMEOUT_S,
    cancel: CancelToken | None = None,
) -> dict[str, Any]:
    """Start a worker for one task and return its answer."""
    if cancel:
        cancel.check()
    full = {
        **request,
        "task": task,
        "packages": packages(),
        "seconds": max(1, round(timeout_s)),
    }
    child = subprocess.Popen(  # noqa: S603 - fixed arguments
        [sys.executable, "-I", str(_WORKER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        start_new_session=True,
    )
    remove = cancel.add_waker(child.kill) if cancel else None
    try:
        output, _ = child.communicate(json.dumps(full).encode(), timeout_s)
    except subprocess.TimeoutExpired:
        raise NvrError(ErrorKind.TIMEOUT, f"{task} took too long") from None
    finally:
        if remove:
            remove()
        _end(child)
    if cancel:
        cancel.check()
    answer: dict[str, Any] = {}
    with suppress(ValueError):
        answer = json.loads(output)
    if not answer:
        raise NvrError(
            ErrorKind.VERIFY_FAILED, f"{task} died with status {child.returncode}"
        )
    if "error" in answer:
        raise NvrError(ErrorKind.VERIFY_FAILED, f"{task}: {answer['error']}")
    return answer


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill a child and wait a little; one that a dead mount holds is left to itself."""
    child.kill()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    try:
        child.wait(_END_S)
    except subprocess.TimeoutExpired:
        _LOGGER.warning("A process that decodes cannot be ended: its storage hangs")


def check_decodes(
    path: Path,
    facts: ClipFacts,
    *,
    timeout_s: float = _TIMEOUT_S,
    cancel: CancelToken | None = None,
) -> None:
    """Decode the beginning of a clip and of its last group of pictures.

    Raises `VERIFY_FAILED` where nothing can be decoded. Single damaged pictures pass:
    devices record those, and the rest of the clip is worth keeping.
    """
    last_ms = max(0, facts.last_frame_ms - facts.range.start_ms)
    answer = run_worker(
        "check",
        {"path": str(path), "at_ms": [0, last_ms], "frames": _SAMPLE_FRAMES},
        timeout_s=timeout_s,
        cancel=cancel,
    )
    if answer["decoded"] < min(2, facts.frames):
        raise NvrError(ErrorKind.VERIFY_FAILED, "no picture can be decoded")


def check_tables(path: Path, facts: ClipFacts) -> None:
    """Compare a closed file's size, frames and times with its facts, without decoding."""
    movie = read_movie(path)
    video = movie.track(b"vide") if movie else None
    if movie is None or video is None or movie.whole_bytes != movie.size:
        raise NvrError(ErrorKind.VERIFY_FAILED, "the file has no end")
    if movie.size != facts.size_bytes or len(video.samples) != facts.frames:
        raise NvrError(ErrorKind.VERIFY_FAILED, "size or number of pictures differ")
    shown = video.samples.shown
    span_ms = (max(shown) - min(shown)) * 1000 / video.timescale
    expected_ms = facts.last_frame_ms - facts.range.start_ms
    if abs(span_ms - expected_ms) > 2 or abs(min(shown)) > video.timescale // 500:
        raise NvrError(ErrorKind.VERIFY_FAILED, "times of pictures differ")


def thumbnail(
    path: Path,
    at_ms: int,
    to: Path,
    *,
    width: int = 320,
    is_exact: bool = False,
    timeout_s: float = _TIMEOUT_S,
    cancel: CancelToken | None = None,
) -> tuple[int, int]:
    """Write the picture at `at_ms` after the clip's start as JPEG; return its size.

    Without `is_exact` it is the key picture before that moment, which is much cheaper.
    """
    answer = run_worker(
        "thumbnail",
        {
            "path": str(path),
            "at_ms": at_ms,
            "to": str(to),
            "width": width,
            "keys": not is_exact,
        },
        timeout_s=timeout_s,
        cancel=cancel,
    )
    return answer["width"], answer["height"]


def key_strip(
    path: Path,
    at_ms: Sequence[int],
    to: Path,
    *,
    width: int = 160,
    timeout_s: float = _TIMEOUT_S,
    cancel: CancelToken | None = None,
) -> tuple[int, int]:
    """Write the key pictures before the moments side by side as one JPEG.

    Returns the size of one of them; at most 40 moments.
    """
    answer = run_worker(
        "strip",
        {
            "path": str(path),
            "at_ms": list(at_ms)[:40],
            "to": str(to),
            "width": width,
        },
        timeout_s=timeout_s,
        cancel=cancel,
    )
    return answer["width"], answer["height"]
