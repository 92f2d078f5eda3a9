"""What callers see of a storage root."""

from ..errors import NvrError
from ..intervals import DAY_MS
from .guard import Root
from .index import root_rows
from .values import RootInfo


def root_info(
    root: Root, usage: root_rows.Usage | None, problem: NvrError | None
) -> RootInfo:
    """Return a root as people see it."""
    per_day: float | None = None
    if usage is not None and usage.lately_ms:
        per_day = usage.lately_bytes * DAY_MS / usage.lately_ms
    free, space = root.free_bytes, root.space
    days_left: float | None = None
    if per_day and free is not None:
        days_left = max(0.0, (free - root.floor_bytes) / per_day)
    return RootInfo(
        id=root.id,
        path=root.path,
        name=root.name,
        floor_bytes=root.floor_bytes,
        uuid=root.uuid,
        is_current=root.is_current,
        free_bytes=free,
        total_bytes=(space.total_bytes or None) if space else None,
        clips=usage.clips if usage else 0,
        clip_bytes=usage.bytes if usage else 0,
        problem=problem,
        checked_ms=root.checked_ms,
        bytes_per_day=per_day,
        days_left=days_left,
        room=root.room,
    )
