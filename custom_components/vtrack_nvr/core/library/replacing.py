"""A person says that the storage at a root's path is another one now: a new disk, say.

Nothing of ours decides that: an empty folder is usually a share that is not mounted.
Every function takes the index's connection and belongs inside a transaction.
"""

import sqlite3

from ..errors import ErrorKind, NvrError
from ..models import ClipState
from . import index_clips
from .roots import replaced_path, send_elsewhere

CAUSE = "storage_replaced"
BATCH = 200


def set_aside(connection: sqlite3.Connection, root_id: int) -> None:
    """Take a root off its path, so that what lies there now counts as a new one.

    Should the old storage come back under whatever path, its marker tells.
    """
    row = connection.execute(
        "select path, is_current from root where id = ?", (root_id,)
    ).fetchone()
    if row is None or not row["is_current"]:
        raise NvrError(ErrorKind.GONE, "there is no such storage", where=str(root_id))
    connection.execute(
        "update root set is_current = 0, path = ? where id = ?",
        (replaced_path(row["path"], root_id), root_id),
    )
    connection.execute("delete from outbox where root_id = ?", (root_id,))


def lose_some(
    connection: sqlite3.Connection, root_id: int, now_ms: int, after: str
) -> str | None:
    """Say of some of a root's clips after a path that they are missing.

    Returns where to go on, None where none is left.
    """
    rows = connection.execute(
        "select id, state, path from clip where root_id = ? and path > ?"
        " order by path limit ?",
        (root_id, after, BATCH),
    ).fetchall()
    for row in rows:
        if row["state"] == ClipState.FETCHING:
            index_clips.delete_row(connection, row["id"])
        elif row["state"] == ClipState.COMPLETE:
            index_clips.leave(
                connection, row["id"], ClipState.MISSING, now_ms, cause=CAUSE
            )
    return rows[-1]["path"] if rows else None


def take_over(
    connection: sqlite3.Connection, old_id: int, path: str
) -> tuple[int, list[str]]:
    """Let cameras of the old root write and send to the one at its path; returns id and keys."""
    row = connection.execute(
        "select id from root where path = ? and is_current = 1", (path,)
    ).fetchone()
    if row is None:
        raise NvrError(ErrorKind.GONE, "there is no such storage", where=str(old_id))
    new_id: int = row["id"]
    keys = [
        found["key"]
        for found in connection.execute(
            "select key from camera where root_id = ?", (old_id,)
        )
    ]
    connection.execute(
        "update camera set root_id = ? where root_id = ?", (new_id, old_id)
    )
    send_elsewhere(connection, old_id, new_id)
    # what lies elsewhere of the lost clips is found by the full check: at once, then
    connection.execute(
        "insert or replace into meta (key, value) values ('done-check', '0')"
    )
    return new_id, keys
