"""The rows of exports.

Every function takes the index's connection and belongs inside a transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import json
import sqlite3
from typing import NamedTuple

from ...intervals import TimeRange
from ...models import CameraKey
from . import database

BEING_MADE = "state in ('waiting', 'running')"
THERE = "state in ('waiting', 'running', 'ready')"


class RoomUsed(NamedTuple):
    """Bytes of a user's exports on a root, of all of that kind, and the user's number."""

    own: int
    all: int
    number: int


def room_used(connection: sqlite3.Connection, root_id: int, user: str) -> RoomUsed:
    """Return what a user, and all of that kind, have on a root.

    People are of one kind, Home Assistant itself of another: automations cannot be kept
    from their room by people, nor people by automations.
    """
    return RoomUsed(
        *connection.execute(
            "select coalesce(sum(case when user_id = ?1"  # noqa: S608  a constant
            " then max(size_bytes, reserved_bytes) else 0 end), 0),"
            " coalesce(sum(max(size_bytes, reserved_bytes)), 0),"
            " count(case when user_id = ?1 then 1 end) from export"
            f" where root_id = ?2 and {THERE} and (user_id = '') = (?1 = '')",
            (user, root_id),
        ).fetchone()
    )


@dataclass(frozen=True, slots=True)
class NewExport:
    """What is written of an export before it is made."""

    cameras: tuple[CameraKey, ...]
    window: TimeRange
    ending: str
    """What follows the id in the file's name."""
    made_ms: int
    expires_ms: int
    options: Mapping[str, str]
    root_id: int
    user: str
    reserved_bytes: int


def insert(connection: sqlite3.Connection, new: NewExport) -> int:
    """Write the row of an export that is waiting; returns its id."""
    export_id = database.fresh(connection, "export")
    connection.execute(
        "insert into export (id, cameras, start_ms, end_ms, state, path,"
        " made_ms, expires_ms, options, root_id, user_id, reserved_bytes)"
        " values (?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?, ?, ?)",
        (
            export_id,
            json.dumps(new.cameras),
            new.window.start_ms,
            new.window.end_ms,
            f"{export_id}-{new.ending}",
            new.made_ms,
            new.expires_ms,
            json.dumps(dict(new.options)),
            new.root_id,
            new.user,
            new.reserved_bytes,
        ),
    )
    return export_id


def one_export(connection: sqlite3.Connection, export_id: int) -> list[sqlite3.Row]:
    """Return the row of an export, in a list that is empty without one."""
    return _some(connection, "export.id = ?", (export_id,))


def every(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """Return the rows of all exports, newest first."""
    return _some(connection, "1", ())


def export_page(
    connection: sqlite3.Connection, before_id: int, limit: int
) -> list[sqlite3.Row]:
    """Return the newest rows of exports before an id."""
    return _some(connection, "export.id < ?", (before_id,), limit)


def ready_of(
    connection: sqlite3.Connection, user: str, window: TimeRange
) -> list[sqlite3.Row]:
    """Return a user's finished exports of exactly this range, newest first."""
    return _some(
        connection,
        "state = 'ready' and user_id = ? and start_ms = ? and end_ms = ?",
        (user, window.start_ms, window.end_ms),
    )


def _some(
    connection: sqlite3.Connection,
    where: str,
    values: tuple[object, ...],
    limit: int = -1,
) -> list[sqlite3.Row]:
    return connection.execute(
        "select export.*, root.path as root_path from export"  # noqa: S608  constants
        " left join root on root.id = export.root_id"
        f" where {where} order by export.id desc limit ?",
        (*values, limit),
    ).fetchall()


def being_made(connection: sqlite3.Connection, root_id: int) -> list[sqlite3.Row]:
    """Return name and reserved bytes of the exports that are being made on a root."""
    return connection.execute(
        f"select path, reserved_bytes from export where root_id = ? and {BEING_MADE}",  # noqa: S608  a constant
        (root_id,),
    ).fetchall()


def keep_until(connection: sqlite3.Connection, export_id: int, expires_ms: int) -> None:
    """Keep an export at least until a moment."""
    connection.execute(
        "update export set expires_ms = max(expires_ms, ?) where id = ?",
        (expires_ms, export_id),
    )


def advance(connection: sqlite3.Connection, export_id: int, progress: float) -> None:
    """Store how far an unfinished export has got (0 to 1)."""
    connection.execute(
        "update export set state = 'running', progress = ?"  # noqa: S608  a constant
        f" where id = ? and {BEING_MADE}",
        (progress, export_id),
    )


def finish(connection: sqlite3.Connection, export_id: int, size_bytes: int) -> None:
    """Mark an export as ready."""
    connection.execute(
        "update export set state = 'ready', progress = 1, size_bytes = ?,"
        " reserved_bytes = 0 where id = ?",
        (size_bytes, export_id),
    )


def fail(
    connection: sqlite3.Connection, export_id: int, detail: str, until_ms: int
) -> None:
    """Mark an export as failed; it is listed no longer than until a moment."""
    connection.execute(
        "update export set state = 'failed', detail = ?, reserved_bytes = 0,"
        " expires_ms = min(expires_ms, ?) where id = ?",
        (detail, until_ms, export_id),
    )


def fail_unfinished(connection: sqlite3.Connection) -> None:
    """Mark exports that a killed process was making as failed."""
    connection.execute(
        "update export set state = 'failed', detail = 'interrupted',"  # noqa: S608  a constant
        f" reserved_bytes = 0 where {BEING_MADE}"
    )


def delete_export(connection: sqlite3.Connection, export_id: int) -> None:
    """Remove an export's row; its id is not used again."""
    database.retire(connection, "export", export_id)
    connection.execute("delete from export where id = ?", (export_id,))
