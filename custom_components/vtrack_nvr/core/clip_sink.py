"""How a writer of footage (download, live) hands over a clip, seen from the writer.

The library implements `ClipSink`; the writers only know this page. All calls block and
come from a worker thread.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .errors import NvrError
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

        The file is at its final name and the row is *complete* when this returns. Where it
        raises, part file and row stay as `leave` leaves them.
        """
        ...

    def abandon(self, target: ClipTarget, reason: str) -> None:
        """Remove the part file, then its row: nothing worth keeping was written."""
        ...

    def leave(self, target: ClipTarget, error: NvrError) -> None:
        """Let go of a part file as a killed process would; raises nothing.

        Row and file stay. What is whole in the file becomes a clip as soon as the storage
        can be used.
        """


@dataclass(frozen=True, slots=True)
class EmbeddedClip:
    """What a finished file of ours says about itself, by the metadata inside it.

    `facts` are complete: size and hash are those of the file as it is now. Their `era_id`
    is 0; the clock era is recognised by the difference of UTC and device start.
    """

    camera: CameraKey
    facts: ClipFacts


class MediaProbe(Protocol):
    """Reads files back for the library (implemented by `core.media`); all calls block."""

    def read_clip(self, path: Path) -> EmbeddedClip | None:
        """Return what a finished file says, None where it is not a playable one of ours.

        Raises `NvrError` of a storage kind when the file cannot be read at all.
        """
        ...

    def salvage(self, part: Path, start: ClipStart) -> ClipFacts | None:
        """Turn a part file of a killed process into a finished one, in place.

        What follows the last whole fragment is cut off. Returns its facts, None where
        nothing playable is in it (the file may then be removed). Nobody else has it open.
        """
        ...
