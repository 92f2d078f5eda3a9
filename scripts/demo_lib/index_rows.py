"""Reads the library's index as it lies on disk, past all our own code."""

from dataclasses import dataclass
from pathlib import Path
import sqlite3

_QUERY = """
select clip.id, nvr.name, camera.name, clip.state, clip.source,
       root.path || '/vtrack_nvr/' || clip.path,
       root.path || '/vtrack_nvr/' || clip.part,
       clip.start_ms, clip.last_frame_ms, clip.device_start_ms,
       clip.frames, clip.size_bytes, clip.sha256
from clip
join camera on camera.id = clip.camera_id
join nvr on nvr.id = camera.nvr_id
join root on root.id = clip.root_id
order by camera.id, clip.start_ms
"""


@dataclass(frozen=True, slots=True)
class ClipRow:
    """One row of the index; times in UTC milliseconds, the device's where it says so."""

    id: int
    nvr: str
    camera: str
    state: str
    source: str
    path: Path
    part: Path | None
    start_ms: int
    last_frame_ms: int
    device_start_ms: int
    frames: int
    size_bytes: int
    sha256: str


def read_index(config: Path) -> list[ClipRow]:
    """Return all clips of the index below a configuration folder, none if there is none."""
    path = config / "vtrack_nvr" / "index.db"
    if not path.exists():
        return []
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        rows = connection.execute(_QUERY).fetchall()
    finally:
        connection.close()
    return [
        ClipRow(*row[:5], Path(row[5]), Path(row[6]) if row[6] else None, *row[7:])
        for row in rows
    ]
