"""What playback wants of others: footage that is still on the device, and another codec."""

from pathlib import Path
from typing import Protocol

from ..intervals import Ranges, TimeRange
from ..media.fragment_index import FragmentIndex, Look
from ..models import CameraKey, Clip


class Watch(Protocol):
    """Somebody watches a window of a camera whose footage is not all kept yet."""

    def pending(self) -> Ranges:
        """Return what is on the device or under way and not given up: UTC, in order.

        Nothing: nothing more comes. Answers from memory.
        """
        ...

    def at(self, utc_ms: int) -> None:
        """Say how far it was watched: that keeps it alive, and the fetching ahead."""
        ...

    def close(self) -> None:
        """Say that nobody watches any more; idempotent."""
        ...


class Watching(Protocol):
    """Fetches what is watched from the device, ahead of everything else."""

    async def watch(self, camera: CameraKey, window: TimeRange, person: str) -> Watch:
        """Begin; raises `NvrError`: LIMIT, GONE where the camera is not attached."""
        ...


class H264Maker(Protocol):
    """Makes H.264 of segments that a browser cannot show.

    Raises `NvrError`: LIMIT, UNSUPPORTED_CODEC where the picture is too large,
    FFMPEG_FAILED, storage kinds.
    """

    def can_make(self, look: Look) -> bool:
        """Return whether footage of a kind can be converted at all."""
        ...

    def look(self, look: Look) -> Look:
        """Return how footage of a kind is once it is converted; sound stays as it is."""
        ...

    async def init(self, clip: Clip, index: FragmentIndex, person: str) -> bytes:
        """Return the init segment of the converted clip."""
        ...

    async def segment(
        self, clip: Clip, index: FragmentIndex, first: int, last: int, person: str
    ) -> Path | bytes:
        """Return those fragments converted: same times, an IDR picture first."""
        ...
