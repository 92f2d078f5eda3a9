"""Second copies that earlier versions made: left alone beside their clips, used without them.

Nothing makes them any more (`docs/decisions/0012-no-second-copies.md`), and nothing of ours
deletes them.
"""

import sqlite3

from ...intervals import TimeRange, difference
from ...models import CoverageState
from ..guard import Root
from ..upkeep.adopt import New
from . import clip_rows, span_rows
from .transfer_rows import relocate


def by_name(
    connection: sqlite3.Connection, root_id: int, folder: str
) -> dict[str, int]:
    """Return the clips that lie under names of a folder on other roots, with their sizes."""
    rows = connection.execute(
        "select clip.path, size_bytes from root cross join clip"
        " on clip.root_id = root.id where state = 'complete'"
        " and root.id <> ? and clip.path >= ? and clip.path < ?",
        (root_id, f"{folder}/", f"{folder}0"),
    )
    return {row["path"]: row["size_bytes"] for row in rows}


def is_second(
    connection: sqlite3.Connection, root: Root, camera_id: int, new: New
) -> bool:
    """Return whether a file is the same one that a clip elsewhere has already.

    After the index was lost either may be found first. The one that the journal beside it
    names is the clip's, and is taken in the other's stead.
    """
    row = connection.execute(
        "select clip.id, root.position from clip join root on root.id = clip.root_id"
        " where camera_id = ? and start_ms = ? and state = 'complete'"
        " and sha256 = ? and clip.root_id <> ?",
        (camera_id, new.facts.range.start_ms, new.facts.sha256, root.id),
    ).fetchone()
    if row is not None and new.is_noted and root.position < row["position"]:
        clip = clip_rows.get_clip(connection, row["id"])
        assert clip is not None
        relocate(connection, clip, root.id, new.path)
    return row is not None


def is_left(connection: sqlite3.Connection, camera_id: int, new: New) -> bool:
    """Return whether a file is what is left of a clip that was deleted elsewhere.

    It neither comes back by itself nor does retention have it.
    """
    if new.is_noted:
        return False
    window = new.facts.range
    found = span_rows.entries_in(connection, camera_id, window)
    removed = [
        TimeRange(entry.start_ms, entry.end_ms)
        for entry in found
        if entry.state is CoverageState.REMOVED
    ]
    return not difference((window,), removed)
