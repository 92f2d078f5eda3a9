"""Enters the past of `benchmarks.load`: many clips, each of them a film that can be played.

All of them are links to one clip that Home Assistant itself has copied just before, so that
a million of them take the room of a few.
"""

from pathlib import Path
import shutil
import sqlite3
import time
from zoneinfo import ZoneInfo

from benchmarks.library import DAY, MINUTE
from benchmarks.years import Filmed, keep

DAYS = 29
"""A day less than retention lets clips live."""
QUIET_MS = 150 * MINUTE
"""The past ends here: what the index measures its speed by is left alone."""
LINKS = 60_000
"""Names of one file; some file systems allow 65 000."""
_FILM = (
    "select root.path || '/vtrack_nvr/' || clip.path, end_ms - start_ms, size_bytes,"
    " sha256, video_codec, audio_codec, width, height, frames, audio_frames from clip"
    " join root on root.id = clip.root_id where state = 'complete'"
    " order by end_ms - start_ms desc limit 1"
)


def kept(index: Path) -> int:
    """Return how many clips are complete in an index that is open elsewhere."""
    base = sqlite3.connect(f"file:{index}?mode=ro", uri=True, timeout=30)
    try:
        found: int = base.execute(
            "select count(*) from clip where state = 'complete'"
        ).fetchone()[0]
    finally:
        base.close()
    return found


def longest_kept_ms(index: Path) -> int:
    """Return the length of the longest complete clip, 0 without any."""
    if not index.exists():
        return 0
    base = sqlite3.connect(f"file:{index}?mode=ro", uri=True, timeout=30)
    try:
        row = base.execute(_FILM).fetchone()
    except sqlite3.OperationalError:  # the index is being made
        row = None
    finally:
        base.close()
    return row[1] if row else 0


def fill(index: Path, spare: Path, clips: int) -> int:
    """Enter so many clips, spread over all cameras and days; returns how many there are.

    Home Assistant must not run. Copies of the film that all are links to go to `spare`,
    which lies on the same file system as the storage.
    """
    base = sqlite3.connect(index)
    base.execute("pragma synchronous = off")
    base.row_factory = sqlite3.Row
    path, length_ms, *rest = base.execute(_FILM).fetchone()
    cameras = [row[0] for row in base.execute("select id from camera order by id")]
    (root,) = base.execute("select path || '/vtrack_nvr' from root").fetchone()
    per_day = max(1, round(clips / len(cameras) / DAYS))
    end_ms = time.time_ns() // 1_000_000 - QUIET_MS
    spare.mkdir(exist_ok=True)
    left = 0
    for camera in cameras:
        if left < per_day * DAYS + 1:
            left = LINKS
            copy = spare / f"{camera}.mp4"
            shutil.copyfile(path, copy)
        film = Filmed(copy, length_ms, *rest)
        with base:
            start_ms = end_ms - DAYS * DAY
            # what the first look of the device said of this time is told anew
            for statement in (
                "delete from coverage where camera_id = ? and start_ms < ?",
                "delete from coverage_total where camera_id = ?",
            ):
                values = (camera, end_ms)[: statement.count("?")]
                base.execute(statement, values)
            base.execute(
                "insert into coverage_total select camera_id, state,"
                " sum(end_ms - start_ms) from coverage where camera_id = ?"
                " group by state",
                (camera,),
            )
            keep(
                base,
                Path(root),
                camera,
                start_ms,
                end_ms,
                per_day,
                film,
                ZoneInfo("UTC"),
            )
        left -= per_day * DAYS + 1
    count: int = base.execute("select count(*) from clip").fetchone()[0]
    base.close()
    return count
