"""Checked copies of the index, beside it: every night and before each migration."""

from pathlib import Path
import sqlite3

from .database import index_error
from .files import FileLayer


def folder_of(index_path: Path) -> Path:
    """Return where the copies of an index are."""
    return index_path.with_name(f"{index_path.stem}-copies")


def existing(index_path: Path, files: FileLayer) -> list[Path]:
    """Return the copies, oldest first."""
    folder = folder_of(index_path)
    if not files.exists(folder):
        return []
    return [
        folder / found.name
        for found in files.list(folder)
        if not found.is_folder and found.name.endswith(".db")
    ]


def make(
    source: sqlite3.Connection,
    index_path: Path,
    now_ms: int,
    keep: int,
    files: FileLayer,
) -> Path:
    """Copy the database, check the copy, then drop the oldest beyond `keep`; blocks.

    Raises `INDEX_FAILED` when the copy is not sound; the older copies stay then.
    """
    folder = folder_of(index_path)
    files.make_folder(folder, index_path.parent)
    target = folder / f"{now_ms:015}.db"
    part = folder / f".{now_ms:015}.part"
    for found in files.list(folder):
        if found.name.startswith(".") and ".part" in found.name:
            files.remove(folder / found.name)  # of a copy that was cut off
    try:
        copy = sqlite3.connect(part)
        try:
            source.backup(copy)
            copy.execute("pragma journal_mode=delete")
            found = copy.execute("pragma quick_check(1)").fetchone()[0]
            if found != "ok":
                raise sqlite3.DatabaseError(str(found))
        finally:
            copy.close()
    except sqlite3.Error as error:
        files.remove(part)
        raise index_error(error, "copy") from error
    files.sync_file(part)
    files.replace(part, target)
    files.sync_folder(folder)
    for old in existing(index_path, files)[:-keep]:
        files.remove(old)
    return target


def make_beside(index_path: Path, now_ms: int, keep: int, files: FileLayer) -> Path:
    """Copy a database that is in use, through a connection of its own; blocks."""
    connection = sqlite3.connect(f"file:{index_path}?mode=ro", uri=True)
    try:
        return make(connection, index_path, now_ms, keep, files)
    finally:
        connection.close()
