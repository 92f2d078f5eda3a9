"""The rows of thumbnails.

Every function takes the index's connection and belongs inside a transaction.
"""

from collections.abc import Sequence
import sqlite3


def find_thumbnail(
    connection: sqlite3.Connection, clip_id: int, variant: str
) -> sqlite3.Row | None:
    """Return a picture's row, None if there is none."""
    row: sqlite3.Row | None = connection.execute(
        "select * from thumbnail where clip_id = ? and variant = ?", (clip_id, variant)
    ).fetchone()
    return row


def touch(
    connection: sqlite3.Connection, clip_id: int, variant: str, now_ms: int
) -> None:
    """Store when a picture was used last."""
    connection.execute(
        "update thumbnail set used_ms = ? where clip_id = ? and variant = ?",
        (now_ms, clip_id, variant),
    )


def add_thumbnail(
    connection: sqlite3.Connection,
    clip_id: int,
    variant: str,
    path: str,
    size_bytes: int,
    now_ms: int,
) -> None:
    """Enter a picture, or replace it."""
    connection.execute(
        "insert or replace into thumbnail values (?, ?, ?, ?, ?)",
        (clip_id, variant, path, size_bytes, now_ms),
    )


def drop(connection: sqlite3.Connection, gone: Sequence[tuple[int, str, str]]) -> None:
    """Remove the rows of pictures, given as clip, variant and path."""
    connection.executemany(
        "delete from thumbnail where clip_id = ? and variant = ?",
        [(clip_id, variant) for clip_id, variant, _path in gone],
    )


def superfluous(
    connection: sqlite3.Connection, count: int, size: int
) -> list[tuple[int, str, str]]:
    """Return the longest unused beyond the bounds, and those of clips that are gone."""
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
