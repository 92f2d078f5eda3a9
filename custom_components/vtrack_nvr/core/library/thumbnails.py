"""The book of thumbnails: where they are, which go when there are too many.

Who makes the pictures is outside; they are derived data, so losing one loses nothing.
"""

import asyncio
from pathlib import Path
import sqlite3

from .files import FileLayer
from .store import Store
from .values import Thumbnail

FOLDER = "vtrack_nvr_thumbnails"
_USED_STEP_MS = 3_600_000
"""When a picture was used last is known to the hour: looking is not writing."""


class ThumbnailBook:
    """`library.thumbnails`: find, enter, bound."""

    def __init__(self, store: Store, folder: Path) -> None:
        """Keep the pictures below a local folder ."""
        self._store = store
        self._folder = folder / FOLDER

    def target(self, clip_id: int, variant: str) -> Path:
        """Return where a picture has to be written before `add`; its folder may lack."""
        return self._folder / f"{clip_id % 256:02x}" / f"{clip_id}-{variant}.jpg"

    async def find(self, clip_id: int, variant: str) -> Thumbnail | None:
        """Return a picture that was made before; that it is wanted keeps it longer."""
        now_ms = self._store.clock.now_ms()

        def find(connection: sqlite3.Connection) -> sqlite3.Row | None:
            row: sqlite3.Row | None = connection.execute(
                "select * from thumbnail where clip_id = ? and variant = ?",
                (clip_id, variant),
            ).fetchone()
            return row

        row = await asyncio.wrap_future(self._store.db.read(find))
        if row is None:
            return None
        if abs(now_ms - row["used_ms"]) > _USED_STEP_MS:
            await asyncio.wrap_future(
                self._store.db.write(
                    lambda c: c.execute(
                        "update thumbnail set used_ms = ? where clip_id = ?"
                        " and variant = ?",
                        (now_ms, clip_id, variant),
                    )
                )
            )
        return Thumbnail(
            clip_id, variant, self._folder / row["path"], row["size_bytes"]
        )

    async def add(self, clip_id: int, variant: str, size_bytes: int) -> Thumbnail:
        """Enter a picture that was written to `target`."""
        path = self.target(clip_id, variant)
        now_ms = self._store.clock.now_ms()
        await asyncio.wrap_future(
            self._store.db.write(
                lambda c: c.execute(
                    "insert or replace into thumbnail values (?, ?, ?, ?, ?)",
                    (
                        clip_id,
                        variant,
                        str(path.relative_to(self._folder)),
                        size_bytes,
                        now_ms,
                    ),
                )
            )
        )
        return Thumbnail(clip_id, variant, path, size_bytes)

    def trim(self) -> int:
        """Remove the longest unused beyond the bounds, and those of clips that are gone.

        Blocks; returns how many went.
        """
        bounds = self._store.bounds
        gone = self._store.read(
            lambda c: _superfluous(c, bounds.thumbnail_count, bounds.thumbnail_bytes)
        )
        files: FileLayer = self._store.files
        for _clip_id, _variant, path in gone:
            files.remove(self._folder / path)
        self._store.write(
            lambda c: c.executemany(
                "delete from thumbnail where clip_id = ? and variant = ?",
                [(clip_id, variant) for clip_id, variant, _path in gone],
            )
        )
        return len(gone)


def _superfluous(
    connection: sqlite3.Connection, count: int, size: int
) -> list[tuple[int, str, str]]:
    rows = connection.execute(
        "select t.clip_id, t.variant, t.path, t.size_bytes,"
        " exists (select 1 from clip where clip.id = t.clip_id) as has_clip"
        " from thumbnail t order by t.used_ms desc"
    ).fetchall()
    found: list[tuple[int, str, str]] = []
    kept = kept_bytes = 0
    for row in rows:
        fits = kept < count and kept_bytes + row["size_bytes"] <= size
        if row["has_clip"] and fits:
            kept += 1
            kept_bytes += row["size_bytes"]
        else:
            found.append((row["clip_id"], row["variant"], row["path"]))
    return found
