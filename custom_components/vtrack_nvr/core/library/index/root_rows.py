"""The rows of storage roots, and what they tell people.

Every function that takes a connection belongs inside a transaction of `Database`.
"""

from collections.abc import Sequence
from pathlib import Path
import sqlite3
from typing import NamedTuple
import uuid

from ...errors import ErrorKind, NvrError
from ...intervals import DAY_MS
from ...models import ClipState
from ..guard import Root
from ..journal import Fact, FactKind
from ..values import RootConfig
from . import clip_rows

_RATE_DAYS = 7


class Usage(NamedTuple):
    """What lies on a root, and what was written lately."""

    clips: int
    bytes: int
    lately_bytes: int
    lately_ms: int


def configure(
    connection: sqlite3.Connection, configs: Sequence[RootConfig], now_ms: int
) -> tuple[Root, ...]:
    """Store which roots are configured; returns them and all others that hold clips.

    A folder seen for the first time gets a fresh id; should its marker bear another one,
    `attach` takes that over.
    """
    connection.execute("update root set is_current = 0")
    for position, config in enumerate(configs):
        path = str(config.path)
        row = connection.execute(
            "select id from root where path = ? order by is_marked desc, id desc",
            (path,),
        ).fetchone()
        if row is None:
            connection.execute(
                "insert into root (uuid, path, name, floor_bytes, applied_floor_bytes,"
                " position, added_ms) values (?1, ?2, ?3, ?4, ?4, ?5, ?6)",
                (
                    str(uuid.uuid4()),
                    path,
                    config.name or config.path.name,
                    config.floor_bytes,
                    position,
                    now_ms,
                ),
            )
        else:
            connection.execute(
                "update root set is_current = 1, name = ?1, floor_bytes = ?2,"
                " applied_floor_bytes = min(applied_floor_bytes, ?2),"
                " position = ?3 where id = ?4",
                (
                    config.name or config.path.name,
                    config.floor_bytes,
                    position,
                    row["id"],
                ),
            )
    rows = connection.execute(
        "select * from root where is_current = 1 or exists"
        " (select 1 from clip where clip.root_id = root.id) or exists"
        " (select 1 from transfer where transfer.root_id = root.id) or exists"
        " (select 1 from export where export.root_id = root.id)"
        " order by position, id"
    )
    return tuple(
        Root(
            id=row["id"],
            path=Path(row["path"]),
            name=row["name"],
            floor_bytes=row["floor_bytes"],
            applied_floor_bytes=row["applied_floor_bytes"],
            uuid=row["uuid"],
            is_marked=bool(row["is_marked"]),
            is_current=bool(row["is_current"]),
            position=row["position"] if row["is_current"] else 1000 + row["id"],
        )
        for row in rows
    )


def attach(connection: sqlite3.Connection, root_id: int, found_uuid: str) -> int:
    """Store which marker a root bears; returns the id it has from now on.

    A marker that another row bears means that the same storage is found under another
    path: that row, with its clips, moves here.
    """
    row = connection.execute("select * from root where id = ?", (root_id,)).fetchone()
    known = connection.execute(
        "select id, is_current, name from root where uuid = ? and id <> ?",
        (found_uuid, root_id),
    ).fetchone()
    if known is not None and known["is_current"]:
        raise NvrError(
            ErrorKind.STORAGE_MISSING,
            f"bears the same marker as {known['name']}: is one a copy?",
            where=row["name"],
        )
    if known is None:
        connection.execute(
            "update root set uuid = ?, is_marked = 1 where id = ?",
            (found_uuid, root_id),
        )
        return root_id
    connection.execute("delete from outbox where root_id = ?", (root_id,))
    connection.execute("delete from journal where root_id = ?", (root_id,))
    connection.execute(
        "update camera set root_id = ?1 where root_id = ?2", (known["id"], root_id)
    )
    send_elsewhere(connection, root_id, known["id"])
    connection.execute("delete from root where id = ?", (root_id,))
    if connection.execute(
        "select 1 from clip where root_id = ? and state = 'missing'"
        " and state <> 'complete' limit 1",
        (known["id"],),
    ).fetchone():
        # somebody took it for lost: all its files are compared, so that they return
        connection.execute("delete from journal where root_id = ?", (known["id"],))
    connection.execute(
        "update root set path = ?, name = ?, floor_bytes = ?, applied_floor_bytes = ?,"
        " position = ?, is_current = ?, is_marked = 1 where id = ?",
        (
            row["path"],
            row["name"],
            row["floor_bytes"],
            row["applied_floor_bytes"],
            row["position"],
            row["is_current"],
            known["id"],
        ),
    )
    found: int = known["id"]
    return found


def replaced_path(path: str, root_id: int) -> str:
    """Return the path of a root in whose place a person put another storage."""
    return f"{path} (replaced {root_id})"


def send_elsewhere(connection: sqlite3.Connection, old_id: int, new_id: int) -> None:
    """Let the cameras whose older clips go to one root send them to another one."""
    connection.execute(
        "update camera set retention = json_set(retention, '$.move_to_root', ?1)"
        " where json_extract(retention, '$.move_to_root') = ?2",
        (new_id, old_id),
    )


def usage(connection: sqlite3.Connection, now_ms: int) -> dict[int, Usage]:
    """Return what lies on each root, and what the last whole days brought there."""
    found = {
        row[0]: Usage(row[1], row[2], 0, 0)
        for row in connection.execute("select root_id, clips, bytes from root_total")
    }
    today = now_ms // DAY_MS
    rows = connection.execute(
        "select coalesce(camera.root_id, (select id from root where is_current = 1"
        " order by position limit 1)), sum(camera_day.bytes), count(distinct day)"
        " from camera join camera_day on camera_day.camera_id = camera.id"
        " where day >= ? and day < ? group by 1",
        (today - _RATE_DAYS, today),
    )
    for row in rows:
        if row[0] in found:
            found[row[0]] = found[row[0]]._replace(
                lately_bytes=row[1], lately_ms=row[2] * DAY_MS
            )
    return found


def camera_fact(connection: sqlite3.Connection, camera_id: int) -> Fact:
    """Return the journal's line that says whose folder this is."""
    row = connection.execute(
        "select camera.key, camera.name, camera.folder, nvr.key as nvr_key,"
        " nvr.name as nvr_name, nvr.folder as nvr_folder from camera"
        " join nvr on nvr.id = camera.nvr_id where camera.id = ?",
        (camera_id,),
    ).fetchone()
    return Fact(
        FactKind.CAMERA,
        {
            "key": row["key"],
            "name": row["name"],
            "nvr": row["nvr_key"],
            "nvr_name": row["nvr_name"],
        },
    )


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
            clip_rows.delete_row(connection, row["id"])
        elif row["state"] == ClipState.COMPLETE:
            clip_rows.leave(
                connection, row["id"], ClipState.MISSING, now_ms, cause=CAUSE
            )
    return rows[-1]["path"] if rows else None


def take_over_root(
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


def apply_floor(connection: sqlite3.Connection, root_id: int) -> None:
    """Store that a root's floor was carried out as it is now."""
    connection.execute(
        "update root set applied_floor_bytes = floor_bytes where id = ?", (root_id,)
    )
