"""How a writer of footage (download, live) hands over a clip, seen from the writer.

The library implements `ClipSink`; the writers only know this page. All calls block and
come from a worker thread.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .models import CameraKey, ClipFacts, ClipSource


@dataclass(frozen=True, slots=True)
class ClipStart:
    """What is known when the first frame of a clip is about to be written."""

    camera: CameraKey
    utc_start_ms: int
    device_start_ms: int
    era_id: int
    source: ClipSource


@dataclass(frozen=True, slots=True)
class ClipTarget:
    """A row in state *fetching* and the unfinished file (a dot-file) to write to."""

    clip_id: int
    part_path: Path
    start: ClipStart


class ClipSink(Protocol):
    """Where clips go; every method raises `NvrError` of a storage or index kind."""

    def open(self, start: ClipStart) -> ClipTarget:
        """Write the row, make the folder, check marker and floor; no byte is there yet."""
        ...

    def check_room(self, target: ClipTarget) -> None:
        """Raise `STORAGE_FULL` when the root has less than its floor."""
        ...

    def finish(self, target: ClipTarget, facts: ClipFacts) -> None:
        """Make the closed part file durable, give it its name, complete the row.

        The file is at its final name and the row is *complete* when this returns.
        """
        ...

    def abandon(self, target: ClipTarget, reason: str) -> None:
        """Remove the part file, then its row: nothing worth keeping was written."""
        ...
