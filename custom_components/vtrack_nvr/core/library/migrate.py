"""Numbered migrations: `sql/NNNN-name.sql`, each in one transaction.

The database's `user_version` is the number of the last one applied.
"""

from pathlib import Path
import re
import sqlite3

from ..errors import ErrorKind, NvrError

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


def version(connection: sqlite3.Connection) -> int:
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
    before = version(connection)
    steps = migrations(folder)
    last = len(steps) if up_to is None else up_to
    if before > len(steps):
        raise NvrError(
            ErrorKind.INDEX_FAILED,
            f"the index is of version {before}, newer than {len(steps)}: update VTrack NVR",
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
