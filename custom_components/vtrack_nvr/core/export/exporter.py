"""Kept footage as one file to take away: an MP4 of one camera, a zip of several.

Everything here blocks and runs on a worker thread. Nothing is decoded: pictures and sound
are copied, but for what `finish` makes of them. The clips must not be deleted meanwhile; the caller holds them.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
import errno
from itertools import groupby
import json
from pathlib import Path
import re
import shutil
from typing import Any
import zipfile

from ..cancel import CancelToken
from ..errors import ErrorKind, NvrError
from ..intervals import TimeRange
from ..media.join import Joined, JoinPart, join_clips
from ..media.movie import read_movie

_MAX_NAME = 100

SPARE_BYTES = 1_000_000_000
"""Free space that an export leaves on the disk it is written to."""


type Finish = Callable[[Path], None]
"""Makes of a film what people can look at, in its place."""


@dataclass(frozen=True, slots=True)
class CameraFootage:
    """The clips of one camera that touch the range, in order; `name` is for files."""

    name: str
    parts: tuple[JoinPart, ...]


def export_movie(
    footage: CameraFootage,
    wanted: TimeRange,
    to: Path,
    *,
    keep_gaps: bool = True,
    finish: Finish | None = None,
    progress: Callable[[float], None] | None = None,
    cancel: CancelToken | None = None,
) -> Joined:
    """Write one camera's footage of a range as one MP4 to `to`.

    Raises as `finish`, as `join_clips`, and `STORAGE_FULL` before anything is written where the disk
    has too little room. After an error `to` may be there and is worth nothing.
    """
    _check_room(footage.parts, to)
    joined = join_clips(
        footage.parts,
        wanted,
        to,
        keep_gaps=keep_gaps,
        progress=progress,
        cancel=cancel,
    )
    if finish:
        finish(to)
    return joined


def export_zip(
    cameras: Sequence[CameraFootage],
    wanted: TimeRange,
    to: Path,
    *,
    keep_gaps: bool = True,
    finish: Finish | None = None,
    progress: Callable[[float], None] | None = None,
    cancel: CancelToken | None = None,
) -> dict[str, Any]:
    """Write several cameras' footage as a zip with `manifest.json` to `to`.

    Each camera is an MP4, or several where its picture's format changes. Files are named
    after cameras, safely and each differently. The manifest,
    which is also returned, names files, times, frames and gaps; times are milliseconds
    of UTC. Raises as `export_movie`; no temporary file is left.
    """
    _check_room([part for camera in cameras for part in camera.parts], to)
    manifest: dict[str, Any] = {
        "range_ms": [wanted.start_ms, wanted.end_ms],
        "keeps_gaps": keep_gaps,
        "cameras": [],
    }
    single = to.with_name(f"{to.name}.movie")
    named = list(zip(_names(cameras), cameras, strict=True))
    files: dict[str, list[dict[str, Any]]] = {name: [] for name, _camera in named}
    try:
        jobs = [
            (name, number, parts)
            for name, camera in named
            for number, parts in enumerate(_by_format(camera.parts), start=1)
        ]
        with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for place, (name, number, parts) in enumerate(jobs):

                def report(done: float, place: int = place) -> None:
                    if progress:
                        progress((place + done) / len(jobs))

                joined = join_clips(
                    parts,
                    wanted,
                    single,
                    keep_gaps=keep_gaps,
                    progress=report,
                    cancel=cancel,
                )
                if finish:
                    finish(single)
                file = f"{name}{'' if number == 1 else f'_{number}'}.mp4"
                archive.write(single, file)
                files[name].append(_described(file, joined))
            manifest["cameras"] = [
                {"name": camera.name, "files": files[name]} for name, camera in named
            ]
            archive.writestr("manifest.json", json.dumps(manifest, indent=2))
    except OSError as error:
        is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        kind = ErrorKind.STORAGE_FULL if is_full else ErrorKind.STORAGE_FAILED
        raise NvrError(kind, "could not write the export") from error
    finally:
        with suppress(OSError):
            single.unlink(missing_ok=True)
    if progress:
        progress(1.0)
    return manifest


def _names(cameras: Sequence[CameraFootage]) -> list[str]:
    """Return a name for the files of each camera that no other one's files can have."""
    found: list[str] = []
    for camera in cameras:
        base = re.sub(r"[^\w-]+", "_", camera.name).strip("_")[:_MAX_NAME] or "camera"
        name, number = base, 1
        # "_2" is also what a camera's second file ends with
        while any(_clash(name.lower(), other.lower()) for other in found):
            number += 1
            name = f"{base}-{number}"
        found.append(name)
    return found


def _clash(name: str, other: str) -> bool:
    shorter, longer = sorted((name, other), key=len)
    rest = longer.removeprefix(shorter)
    return longer.startswith(shorter) and re.fullmatch(r"(_\d+)?", rest) is not None


def _described(name: str, joined: Joined) -> dict[str, Any]:
    return {
        "file": name,
        "range_ms": [joined.range.start_ms, joined.range.end_ms],
        "frames": joined.frames,
        "gaps_ms": [[gap.start_ms, gap.end_ms] for gap in joined.gaps],
    }


def _by_format(parts: Sequence[JoinPart]) -> list[list[JoinPart]]:
    """Cut a list of clips where the picture's format changes."""

    def config(part: JoinPart) -> object:
        movie = read_movie(part.path)
        video = movie.track(b"vide") if movie else None
        return video.format if video else None

    return [list(group) for _, group in groupby(parts, key=config)]


def _check_room(parts: Sequence[JoinPart], to: Path) -> None:
    try:
        needed = sum(part.path.stat().st_size for part in parts)
        free = shutil.disk_usage(to.parent).free
    except OSError as error:
        raise NvrError(ErrorKind.STORAGE_FAILED, "export") from error
    if free < needed + SPARE_BYTES:
        raise NvrError(ErrorKind.STORAGE_FULL, "no room for the export")
