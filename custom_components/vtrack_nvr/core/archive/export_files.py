"""Kept footage as one file to take away: an MP4 of one camera, a zip of several.

Everything here blocks and runs on a worker thread. An export is planned first, which reads
the tables of its clips: from then on its size is known. It is written from front to end,
films straight into a zip. Nothing is decoded: pictures and sound are copied, but for what
`finish` makes of films that browsers cannot show. The clips must not be deleted meanwhile;
the caller holds them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
import json
from pathlib import Path
import re
from typing import IO, Any, NamedTuple, override
import zipfile

from ..cancel import CancelToken
from ..errors import ErrorKind, NvrError
from ..held import Held
from ..intervals import TimeRange
from ..media.convert import LARGEST_GROWTH, is_playable
from ..media.join import Joined, JoinPart, PlannedFilm, plan_films
from ..media.output import storing

_MAX_NAME = 100
_MOVIE = ".movie"
_CHUNK = 1024 * 1024
_LOOK_BYTES = 64 * 1024 * 1024
"""So much is written between two looks at the free space."""
_ZIP_BYTES = 4096
"""More than a zip needs to tell of one file, twice, and of what it holds."""


type ExportFinish = Callable[[Path, float], None]
"""Makes of a film of some seconds what people can look at, in its place."""
type RoomCheck = Callable[[], None]
"""Raises `STORAGE_FULL` where too little room is left to go on."""


@dataclass(frozen=True, slots=True)
class CameraFootage:
    """The clips of one camera that touch the range, in order; `name` is for files."""

    name: str
    parts: tuple[JoinPart, ...]


class _File(NamedTuple):
    """A film of the export: which camera's, how it is called, and the film."""

    camera: int
    name: str
    film: PlannedFilm

    @property
    def needs_conversion(self) -> bool:
        codec = self.film.codec
        return codec is not None and not is_playable(codec)


class PlannedExport(Held):
    """What an export will hold; `release` lets go of the plan."""

    def __init__(
        self,
        names: Sequence[str],
        wanted: TimeRange,
        files: Sequence[_File],
        *,
        keep_gaps: bool,
        is_zip: bool,
    ) -> None:
        """Made by `plan_export`."""
        self._names = names
        self._wanted = wanted
        self._files = files
        self._keeps_gaps = keep_gaps
        self.is_zip = is_zip

    @override
    def release(self) -> None:
        for file in self._files:
            file.film.release()

    @property
    def size(self) -> int:
        """Return how many bytes it will have at most: all of them, if none is converted."""
        size = sum(
            file.film.size * (LARGEST_GROWTH if file.needs_conversion else 1)
            for file in self._files
        )
        return size + _ZIP_BYTES * (len(self._files) + 1) if self.is_zip else size

    @property
    def needed_bytes(self) -> int:
        """Return how many bytes are on the disk at most, what lies beside it included."""
        largest = max(
            (file.film.size for file in self._files if file.needs_conversion), default=0
        )
        return self.size + (1 + LARGEST_GROWTH) * largest

    def write(
        self,
        to: Path,
        *,
        finish: ExportFinish | None = None,
        look: RoomCheck | None = None,
        progress: Callable[[float], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> dict[str, Any]:
        """Write it to `to` and return its manifest.

        The manifest names files, times, frames and gaps; times are milliseconds of UTC. A
        zip holds it as `manifest.json`. Raises as `finish`, as `look`, `CANCELLED`,
        storage kinds, `VERIFY_FAILED` where a clip is shorter than it was. After an error
        `to` may be there and is worth nothing; nothing beside it is left.
        """
        described: list[dict[str, Any]] = []
        single = to.with_name(to.name + _MOVIE)
        total = sum(file.film.size for file in self._files)
        done = 0
        try:
            with storing("write the export"), _opened(to, self.is_zip) as out:
                for file in self._files:
                    with _member(out, file.name) as member:
                        self._write_film(
                            file,
                            _WatchedOutput(member, look),
                            single,
                            finish,
                            _share(progress, done / total, file.film.size / total),
                            cancel,
                        )
                    described.append(_described(file.name, file.film.joined))
                    done += file.film.size
                manifest = self._manifest(described)
                if isinstance(out, zipfile.ZipFile):
                    out.writestr("manifest.json", json.dumps(manifest, indent=2))
        finally:
            with suppress(OSError):
                single.unlink(missing_ok=True)
        if progress:
            progress(1.0)
        return manifest

    @staticmethod
    def _write_film(
        file: _File,
        out: _WatchedOutput,
        single: Path,
        finish: ExportFinish | None,
        progress: Callable[[float], None] | None,
        cancel: CancelToken | None,
    ) -> None:
        if finish is None or not file.needs_conversion:
            file.film.write(out, progress=progress, cancel=cancel)
            return
        with single.open("wb") as raw:
            watched = _WatchedOutput(raw, out.look)
            file.film.write(watched, progress=progress, cancel=cancel)
        finish(single, file.film.joined.range.duration_ms / 1000)
        _copy(single, out, cancel)

    def _manifest(self, described: Sequence[dict[str, Any]]) -> dict[str, Any]:
        cameras: list[dict[str, Any]] = [
            {"name": name, "files": []} for name in self._names
        ]
        for file, told in zip(self._files, described, strict=True):
            cameras[file.camera]["files"].append(told)
        return {
            "range_ms": [self._wanted.start_ms, self._wanted.end_ms],
            "keeps_gaps": self._keeps_gaps,
            "cameras": cameras,
        }


class _WatchedOutput:
    """Writes, and looks now and then whether there is still room."""

    def __init__(self, out: IO[bytes], look: RoomCheck | None) -> None:
        self._out = out
        self.look = look
        self._written = 0

    def write(self, data: bytes) -> None:
        self._written += len(data)
        if self.look and self._written >= _LOOK_BYTES:
            self._written = 0
            self.look()
        self._out.write(data)


def plan_export(
    cameras: Sequence[CameraFootage],
    wanted: TimeRange,
    *,
    keep_gaps: bool = True,
    is_zip: bool = False,
    cancel: CancelToken | None = None,
) -> PlannedExport:
    """Read the tables of all clips and return what the export will be; nothing is written.

    Each camera is a film, or several where its picture's format changes; several films are
    a zip, a single one where `is_zip` says so. Files are named after cameras, safely and
    each differently. A camera without footage in the range has no file. Raises as
    `plan_films`: `NO_FOOTAGE` only where no camera has any.
    """
    files: list[_File] = []
    try:
        for number, (name, camera) in enumerate(
            zip(_names(cameras), cameras, strict=True)
        ):
            try:
                films = plan_films(
                    camera.parts, wanted, keep_gaps=keep_gaps, cancel=cancel
                )
            except NvrError as error:
                if error.kind is not ErrorKind.NO_FOOTAGE:
                    raise
                continue
            files += [
                _File(number, f"{name}{_suffix(place)}.mp4", film)
                for place, film in enumerate(films, start=1)
            ]
    except BaseException:
        for file in files:
            file.film.release()
        raise
    if not files:
        raise NvrError(ErrorKind.NO_FOOTAGE, "no clip touches the range")
    return PlannedExport(
        [camera.name for camera in cameras],
        wanted,
        files,
        keep_gaps=keep_gaps,
        is_zip=is_zip or len(files) > 1,
    )


def _opened(to: Path, is_zip: bool) -> IO[bytes] | zipfile.ZipFile:
    if is_zip:
        return zipfile.ZipFile(to, "w", zipfile.ZIP_STORED, allowZip64=True)
    return to.open("wb")


@contextmanager
def _member(out: IO[bytes] | zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    """Open where one film goes: into the zip, or the file itself."""
    if isinstance(out, zipfile.ZipFile):
        with out.open(name, "w", force_zip64=True) as member:
            yield member
    else:
        yield out


def _copy(source: Path, out: _WatchedOutput, cancel: CancelToken | None) -> None:
    with source.open("rb") as file:
        while data := file.read(_CHUNK):
            if cancel:
                cancel.check()
            out.write(data)


def _share(
    progress: Callable[[float], None] | None, begin: float, share: float
) -> Callable[[float], None] | None:
    """Return how to tell the progress of a part of the work as that of the whole."""
    if progress is None:
        return None
    return lambda done: progress(begin + done * share)


def _suffix(place: int) -> str:
    return "" if place == 1 else f"_{place}"


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
