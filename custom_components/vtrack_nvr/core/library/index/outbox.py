"""Lines on their way to the journals on disk, and how far the index knows those.

Every function takes the index's connection and belongs inside a transaction.
"""

from collections.abc import Sequence
import sqlite3

from ..journal import Fact


def end_flush(
    connection: sqlite3.Connection,
    camera_id: int,
    root_id: int,
    rows: Sequence[sqlite3.Row],
    sequence: int,
    size: int,
) -> None:
    """Remove the lines that are on disk, and store up to where the journal is known."""
    connection.executemany(
        "delete from outbox where id = ?", [(row["id"],) for row in rows]
    )
    set_known(connection, camera_id, root_id, sequence, size)


def known_sequence(connection: sqlite3.Connection, camera_id: int, root_id: int) -> int:
    """Return up to which line the index knows a journal."""
    row = connection.execute(
        "select sequence from journal where camera_id = ? and root_id = ?",
        (camera_id, root_id),
    ).fetchone()
    return row[0] if row else 0


def known_of(
    connection: sqlite3.Connection, camera_id: int, root_id: int
) -> tuple[int, int]:
    """Return up to which line and byte the index knows a journal."""
    row = connection.execute(
        "select sequence, bytes from journal where camera_id = ? and root_id = ?",
        (camera_id, root_id),
    ).fetchone()
    return (row["sequence"], row["bytes"]) if row else (0, 0)


def set_known(
    connection: sqlite3.Connection,
    camera_id: int,
    root_id: int,
    sequence: int,
    size: int,
) -> None:
    """Store up to which line and byte the index knows a journal."""
    connection.execute(
        "insert or replace into journal (camera_id, root_id, sequence, bytes)"
        " values (?, ?, ?, ?)",
        (camera_id, root_id, sequence, size),
    )


def note(
    connection: sqlite3.Connection, camera_id: int, root_id: int, fact: Fact
) -> None:
    """Queue a line for the camera's journal on a root, with what it tells."""
    connection.execute(
        "insert into outbox (camera_id, root_id, line) values (?, ?, ?)",
        (camera_id, root_id, fact.text()),
    )


def clear(connection: sqlite3.Connection, camera_id: int, root_id: int) -> None:
    """Forget the lines that wait for a journal."""
    connection.execute(
        "delete from outbox where camera_id = ? and root_id = ?", (camera_id, root_id)
    )


def waiting_folders(
    connection: sqlite3.Connection, root_id: int
) -> list[tuple[int, str]]:
    """Return row and `<nvr>/<camera>` of the cameras with lines that wait for a root."""
    rows = connection.execute(
        "select distinct camera_id, nvr.folder || '/' || camera.folder"
        " from outbox join camera on camera.id = camera_id"
        " join nvr on nvr.id = nvr_id where outbox.root_id = ?",
        (root_id,),
    )
    return [(row[0], row[1]) for row in rows]


def waiting(
    connection: sqlite3.Connection,
    camera_id: int,
    root_id: int,
    limit: int,
    after: int = 0,
) -> list[sqlite3.Row]:
    """Return lines that wait for a journal beyond an id, oldest first."""
    return connection.execute(
        "select id, line from outbox where root_id = ? and camera_id = ? and id > ?"
        " order by id limit ?",
        (root_id, camera_id, after, limit),
    ).fetchall()
