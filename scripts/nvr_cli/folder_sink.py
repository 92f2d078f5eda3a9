"""Puts finished clips into a folder; there is no index to tell."""

from datetime import UTC, datetime
import itertools
from pathlib import Path
import shutil
from typing import override

from custom_components.vtrack_nvr.core.clip_sink import ClipSink, ClipStart, ClipTarget
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.models import ClipFacts

_FLOOR_BYTES = 256 * 1024 * 1024


class FolderSink(ClipSink):
    """`<folder>/camera-<n>_<UTC start>.mp4`; `finished` lists what came out."""

    def __init__(self, folder: Path, camera: str) -> None:
        """Make the folder."""
        self.finished: list[tuple[Path, ClipFacts]] = []
        self._folder = folder
        self._camera = camera
        self._ids = itertools.count(1)
        folder.mkdir(parents=True, exist_ok=True)

    @override
    def open(self, start: ClipStart) -> ClipTarget:
        number = next(self._ids)
        part = self._folder / f".{self._camera}-{number}.part.mp4"
        return ClipTarget(number, part, start)

    @override
    def check_room(self, target: ClipTarget) -> None:
        if shutil.disk_usage(self._folder).free < _FLOOR_BYTES:
            raise NvrError(ErrorKind.STORAGE_FULL, "under 256 MB free")

    @override
    def finish(self, target: ClipTarget, facts: ClipFacts) -> None:
        started = datetime.fromtimestamp(facts.range.start_ms / 1000, UTC)
        stamp = f"{started:%Y-%m-%dT%H-%M-%S}.{facts.range.start_ms % 1000:03d}Z"
        path = self._folder / f"{self._camera}_{stamp}.mp4"
        target.part_path.rename(path)
        self.finished.append((path, facts))

    @override
    def abandon(self, target: ClipTarget, reason: str) -> None:
        target.part_path.unlink(missing_ok=True)

    @override
    def leave(self, target: ClipTarget, error: NvrError) -> None:
        """Let the file lie: what is whole in it can be played."""
