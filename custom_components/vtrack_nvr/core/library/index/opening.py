"""Opening the index: check, set aside what is damaged, copy, migrate.

All blocks; runs once, before the database has its thread.
"""

import contextlib
import logging
from pathlib import Path
import re
import sqlite3

from ...clock import Clock
from ...errors import NEWER_INDEX, ErrorKind, NvrError
from ..files import FileLayer
from ..values import IndexEvent, IndexEventKind, LibraryBounds
from .database import connect, index_error


def copies_folder(index_path: Path) -> Path:
    """Return where the copies of an index are."""
    return index_path.with_name(f"{index_path.stem}-copies")


def existing_copies(index_path: Path, files: FileLayer) -> list[Path]:
    """Return the copies, oldest first."""
    folder = copies_folder(index_path)
    if not files.exists(folder):
        return []
    return [
        folder / found.name
        for found in files.list(folder)
        if not found.is_folder and found.name.endswith(".db")
    ]


def make_copy(
    source: sqlite3.Connection,
    index_path: Path,
    now_ms: int,
    keep: int,
    files: FileLayer,
) -> Path:
    """Copy the database, check the copy, then drop the oldest beyond `keep`; blocks.

    Raises `INDEX_FAILED` when the copy is not sound; the older copies stay then.
    """
    folder = copies_folder(index_path)
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
    for old in existing_copies(index_path, files)[:-keep]:
        files.remove(old)
    return target


def copy_beside(index_path: Path, now_ms: int, keep: int, files: FileLayer) -> Path:
    """Copy a database that is in use, through a connection of its own; blocks."""
    connection = sqlite3.connect(f"file:{index_path}?mode=ro", uri=True)
    try:
        return make_copy(connection, index_path, now_ms, keep, files)
    finally:
        connection.close()


SQL_FOLDER = Path(__file__).parent / "sql"
_NAME = re.compile(r"(\d{4})-[a-z0-9-]+\.sql")


def migrations(folder: Path = SQL_FOLDER) -> tuple[tuple[int, Path], ...]:
    """Return the steps in order; they are numbered from 1 on without a hole."""
    found = sorted(
        (int(match[1]), path)
        for path in folder.iterdir()
        if (match := _NAME.fullmatch(path.name))
    )
    numbers = [number for number, _path in found]
    if numbers != list(range(1, len(found) + 1)):
        msg = f"migrations are not numbered 1 to {len(found)}: {numbers}"
        raise ValueError(msg)
    return tuple(found)


def newest(folder: Path = SQL_FOLDER) -> int:
    """Return the version this code speaks."""
    return len(migrations(folder))


def database_version(connection: sqlite3.Connection) -> int:
    """Return the version of a database; 0 is an empty one."""
    found: int = connection.execute("pragma user_version").fetchone()[0]
    return found


def migrate(
    connection: sqlite3.Connection,
    *,
    up_to: int | None = None,
    folder: Path = SQL_FOLDER,
) -> tuple[int, int]:
    """Apply what is missing; returns the versions before and after.

    A step that fails leaves the database as it was before that step. A database of a
    newer version than this code is refused with `INDEX_FAILED`: nothing in it is touched.
    """
    before = database_version(connection)
    steps = migrations(folder)
    last = len(steps) if up_to is None else up_to
    if before > len(steps):
        raise NvrError(
            ErrorKind.INDEX_FAILED,
            f"the index is of version {before}, newer than {len(steps)}: update VTrack NVR",
            where=NEWER_INDEX,
        )
    for number, path in steps[before:last]:
        script = path.read_text(encoding="utf-8")
        try:
            connection.executescript(
                f"begin immediate;\n{script}\npragma user_version = {number};\ncommit;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("rollback")
            raise
    return before, max(before, last)


_LOGGER = logging.getLogger(__name__)


def open_database(
    path: Path, clock: Clock, bounds: LibraryBounds, files: FileLayer
) -> tuple[sqlite3.Connection, tuple[IndexEvent, ...]]:
    """Return an open, checked, migrated database and what was special about it.

    A damaged one is renamed (`<name>.damaged-<ms>`) with its log beside it, never
    removed. In its place, or that of one that vanished, the newest sound copy is put; what
    is newer on the storage is adopted. Without a copy an empty one is begun. One of a newer version than this code
    raises `INDEX_FAILED` and is left as it is.
    """
    events: list[IndexEvent] = []
    now_ms = clock.now_ms()
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    is_at_once = is_new or (
        path.stat().st_size <= bounds.check_at_once_bytes or suspicion(path).exists()
    )
    connection = None if is_new else _open_checked(path, is_at_once=is_at_once)
    if connection is None:
        events.append(_begin_again(path, now_ms, files, is_damaged=not is_new))
    try:
        connection = connection or connect(path)
        before = database_version(connection)
        if 0 < before < newest():
            make_copy(connection, path, clock.now_ms(), bounds.copies, files)
        before, after = migrate(connection)
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


def _begin_again(
    path: Path, now_ms: int, files: FileLayer, *, is_damaged: bool
) -> IndexEvent:
    """Make way for another index, from a copy where there is one; say what happened."""
    aside = _set_aside(path, now_ms)
    if is_damaged:
        suspicion(path).unlink(missing_ok=True)
        _LOGGER.error("The index is damaged; set aside as %s, rebuilding", aside)
    copy = _put_copy(path, files)
    if copy is None and not is_damaged:
        return IndexEvent(IndexEventKind.CREATED, now_ms)
    reason = "integrity check failed" if is_damaged else "the index was gone"
    source = "" if copy is None else f"; from the copy {copy.stem}"
    return IndexEvent(IndexEventKind.REBUILT, now_ms, f"{reason}{source}", aside)


def _put_copy(path: Path, files: FileLayer) -> Path | None:
    """Put the newest sound copy in the index's place; None where there is none.

    It forgets what it knows of the journals: so all files of every camera are compared,
    whenever their storage is there. Of events, runs, policies and markers of storage it
    is the only source.
    """
    part = path.with_name(f"{path.name}.part")
    found_copies = existing_copies(path, files)
    for copy in reversed(found_copies):
        try:
            files.copy(copy, part, lambda: True)
            with contextlib.closing(sqlite3.connect(part)) as connection:
                found = connection.execute("pragma quick_check(1)").fetchone()[0]
                is_ours = 0 < database_version(connection) <= newest()
                if found != "ok" or not is_ours:
                    continue
                connection.execute("delete from journal")
                connection.commit()
            files.sync_file(part)
            files.replace(part, path)
            files.sync_folder(path.parent)
        except (sqlite3.Error, NvrError) as error:
            _LOGGER.warning("The copy %s is of no use: %s", copy.name, error)
            continue
        return copy
    if found_copies:
        with contextlib.suppress(NvrError):
            files.remove(part)
    return None


def suspicion(path: Path) -> Path:
    """Return the file that says "found damaged while in use"."""
    return path.with_name(f"{path.name}.suspect")


def needs_check(path: Path, bounds: LibraryBounds) -> bool:
    """Return whether a database was opened without the whole check."""
    return path.stat().st_size > bounds.check_at_once_bytes


def check_beside(path: Path) -> bool:
    """Check a database that is in use, through a connection of its own; blocks.

    False where it is damaged; the next start will set it aside then.
    """
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            found = connection.execute("pragma quick_check(1)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and not _is_damage(error):
            return True
        found = str(error)
    if found == "ok":
        return True
    _LOGGER.error("The index is damaged (%s); the next start rebuilds it", found)
    suspicion(path).touch()
    return False


def _open_checked(path: Path, *, is_at_once: bool) -> sqlite3.Connection | None:
    """Return a connection to a sound database, None where it is damaged.

    A large one is only looked at here; `check_beside` does the rest.
    """
    connection: sqlite3.Connection | None = None
    try:
        connection = connect(path)
        question = "pragma quick_check(1)" if is_at_once else "select 'ok' from meta"
        rows = connection.execute(question).fetchmany(1)
        if not is_at_once or [row[0] for row in rows] == ["ok"]:
            suspicion(path).unlink(missing_ok=True)
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
    """Return whether SQLite means the file's content, not rights, locks or space."""
    name = getattr(error, "sqlite_errorname", "")
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def _set_aside(path: Path, now_ms: int) -> Path | None:
    """Rename database and log; a log whose database is gone would spoil the next one."""
    aside = path.with_name(f"{path.name}.damaged-{now_ms}")
    is_there = path.exists()
    for suffix in ("", "-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    return aside if is_there else None
