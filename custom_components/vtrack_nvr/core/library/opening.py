"""Opening the index: check, set aside what is damaged, copy, migrate.

All blocks; runs once, before the database has its thread.
"""

import contextlib
import logging
from pathlib import Path
import sqlite3

from ..clock import Clock
from . import copies, migrate
from .database import connect, index_error
from .files import FileLayer
from .values import IndexEvent, IndexEventKind, LibraryBounds

_LOGGER = logging.getLogger(__name__)


def open_database(
    path: Path, clock: Clock, bounds: LibraryBounds, files: FileLayer
) -> tuple[sqlite3.Connection, tuple[IndexEvent, ...]]:
    """Return an open, checked, migrated database and what was special about it.

    A damaged one is renamed (`<name>.damaged-<ms>`) with its log beside it, never
    removed, and an empty one begun in its place. One of a newer version than this code
    raises `INDEX_FAILED` and is left as it is.
    """
    events: list[IndexEvent] = []
    now_ms = clock.now_ms()
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    connection = None if is_new else _open_checked(path)
    if connection is None and not is_new:
        aside = _set_aside(path, now_ms)
        _LOGGER.error("The index is damaged; set aside as %s, rebuilding", aside.name)
        events.append(
            IndexEvent(IndexEventKind.REBUILT, now_ms, "integrity check failed", aside)
        )
    elif is_new:
        events.append(IndexEvent(IndexEventKind.CREATED, now_ms))
    try:
        connection = connection or connect(path)
        before = migrate.version(connection)
        if 0 < before < migrate.newest():
            copies.make(connection, path, clock.now_ms(), bounds.copies, files)
        before, after = migrate.migrate(connection)
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise index_error(error, "open") from error
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    if 0 < before < after:
        _LOGGER.info("The index was brought from version %s to %s", before, after)
        events.append(
            IndexEvent(IndexEventKind.MIGRATED, now_ms, f"{before} to {after}")
        )
    return connection, tuple(events)


def _open_checked(path: Path) -> sqlite3.Connection | None:
    """Return a connection to a sound database, None where it is damaged."""
    connection: sqlite3.Connection | None = None
    try:
        connection = connect(path)
        rows = connection.execute("pragma quick_check(1)").fetchall()
        if [row[0] for row in rows] == ["ok"]:
            return connection
    except sqlite3.DatabaseError as error:
        _LOGGER.warning("Checking the index: %s", index_error(error))
        if isinstance(error, sqlite3.OperationalError) and not _is_damage(error):
            raise index_error(error, "open") from error
    if connection is not None:
        with contextlib.suppress(sqlite3.Error):
            connection.close()
    return None


def _is_damage(error: sqlite3.OperationalError) -> bool:
    """Say whether SQLite means the file's content, not rights, locks or space."""
    name = getattr(error, "sqlite_errorname", "")
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def _set_aside(path: Path, now_ms: int) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{now_ms}")
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    return aside
