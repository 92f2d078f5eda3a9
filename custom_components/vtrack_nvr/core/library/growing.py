"""Clips that are being written right now: fetched from a device, or recorded live."""

from dataclasses import dataclass
from pathlib import Path

from ..errors import NvrError
from ..intervals import TimeRange
from ..models import CameraKey, ClipSource, ClipState
from .context import LibraryContext, absolute
from .index import clip_rows


@dataclass(frozen=True, slots=True)
class GrowingClip:
    """A clip whose file is not finished; `start_ms` is UTC of its first picture.

    `path` is where the file is until it is finished; it then keeps its id, and gets another
    name.
    """

    id: int
    camera: CameraKey
    start_ms: int
    path: Path
    is_live: bool = False
    """It is recorded from a live stream, so that it reaches to now."""


async def growing_clips(
    context: LibraryContext, camera: CameraKey, window: TimeRange
) -> tuple[GrowingClip, ...]:
    """Return the camera's clips that begin before the window ends, and are written now.

    Those that an earlier run left are none: they do not grow any more. A clip on a storage
    that is away is left out.
    """
    rows = await context.async_read(clip_rows.in_state, ClipState.FETCHING)
    found: list[GrowingClip] = []
    for row in rows:
        if (
            row["camera_key"] != camera
            or row["id"] not in context.live
            or row["part"] is None
            or row["start_ms"] >= window.end_ms
        ):
            continue
        try:
            root = context.readable(row["root_id"])
        except NvrError:
            continue
        path = absolute(root, row["part"])
        is_live = row["source"] == ClipSource.LIVE
        found.append(GrowingClip(row["id"], camera, row["start_ms"], path, is_live))
    return tuple(sorted(found, key=lambda clip: (clip.start_ms, clip.id)))
