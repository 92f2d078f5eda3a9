"""The rows of storage roots, NVRs and cameras, and what is remembered of each.

Every function takes the index's connection and belongs inside a transaction of
`Database`.
"""

from dataclasses import replace
import sqlite3
from typing import Any

from ...errors import ErrorKind, NvrError
from ...ledger import CameraTotals
from ...models import CameraKey, ClipFacts, ClockEra, NvrKey
from ...policy import DevicePolicy
from ..naming import folder_name
from ..values import CameraInfo, NvrInfo, Retention
from .rows import (
    era_of,
    policy_of,
    policy_text,
    retention_of,
    retention_text,
)
from .span_rows import totals_by_state


def find_era(
    connection: sqlite3.Connection,
    camera_id: int,
    facts: ClipFacts,
    era: ClockEra | None,
) -> int:
    """Return the row of the clip's clock era, made anew where there is none."""
    nvr_id = connection.execute(
        "select nvr_id from camera where id = ?", (camera_id,)
    ).fetchone()[0]
    offset_ms = facts.range.start_ms - facts.device_start_ms
    if era is None:
        era = ClockEra(0, facts.device_start_ms, offset_ms)
    row = connection.execute(
        "select id from era where nvr_id = ? and offset_ms = ? order by id desc",
        (nvr_id, era.offset_ms),
    ).fetchone()
    if row is not None:
        found: int = row["id"]
        return found
    cursor = connection.execute(
        "insert into era (nvr_id, device_start_ms, offset_ms, is_uncertain)"
        " values (?, ?, ?, ?)",
        (nvr_id, era.device_start_ms, era.offset_ms, int(era.is_uncertain)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def camera_folder(connection: sqlite3.Connection, camera_id: int) -> str:
    """Return a camera's folder below a root's, as `<nvr>/<camera>`."""
    row: Any = connection.execute(
        "select nvr.folder, camera.folder from camera join nvr"
        " on nvr.id = camera.nvr_id where camera.id = ?",
        (camera_id,),
    ).fetchone()
    return f"{row[0]}/{row[1]}"


def camera_row(connection: sqlite3.Connection, key: CameraKey) -> sqlite3.Row:
    """Return a camera's row; raises `INDEX_FAILED` where it was never registered."""
    row: sqlite3.Row | None = connection.execute(
        "select * from camera where key = ?", (key,)
    ).fetchone()
    if row is None:
        raise NvrError(ErrorKind.INDEX_FAILED, "camera is not registered", where=key)
    return row


def camera_id(connection: sqlite3.Connection, key: CameraKey) -> int:
    """Return the row id of a registered camera."""
    found: int = camera_row(connection, key)["id"]
    return found


def nvr_row(connection: sqlite3.Connection, key: NvrKey) -> sqlite3.Row:
    """Return an NVR's row; raises `INDEX_FAILED` where it was never registered."""
    row: sqlite3.Row | None = connection.execute(
        "select * from nvr where key = ?", (key,)
    ).fetchone()
    if row is None:
        raise NvrError(ErrorKind.INDEX_FAILED, "NVR is not registered", where=key)
    return row


def register_nvr(
    connection: sqlite3.Connection, key: NvrKey, name: str, folder: str | None = None
) -> NvrInfo:
    """Add or rename an NVR; its folder is chosen once (or given, when adopted)."""
    row = connection.execute("select folder from nvr where key = ?", (key,)).fetchone()
    if row is None:
        taken = frozenset(
            r[0] for r in connection.execute("select folder from nvr").fetchall()
        )
        if folder is None or folder in taken:
            folder = folder_name(name, key, taken)
        connection.execute(
            "insert into nvr (key, name, folder) values (?, ?, ?)", (key, name, folder)
        )
    else:
        folder = row["folder"]
        connection.execute(
            "update nvr set name = ?, is_former = 0 where key = ?", (name, key)
        )
    assert folder is not None
    return NvrInfo(key, name, folder)


def register_camera(
    connection: sqlite3.Connection,
    nvr: NvrKey,
    key: CameraKey,
    name: str,
    zone: str,
    folder: str | None = None,
) -> sqlite3.Row:
    """Add or rename a camera; its folder is chosen once (or given, when adopted)."""
    nvr_id = nvr_row(connection, nvr)["id"]
    row = connection.execute("select id from camera where key = ?", (key,)).fetchone()
    if row is None:
        taken = frozenset(
            r[0]
            for r in connection.execute(
                "select folder from camera where nvr_id = ?", (nvr_id,)
            )
        )
        if folder is None or folder in taken:
            folder = folder_name(name, key, taken)
        connection.execute(
            "insert into camera (nvr_id, key, name, folder, zone)"
            " values (?, ?, ?, ?, ?)",
            (nvr_id, key, name, folder, zone),
        )
    else:
        connection.execute(
            "update camera set name = ?, is_former = 0, nvr_id = ? where key = ?",
            (name, nvr_id, key),
        )
    return camera_row(connection, key)


def retire_camera(connection: sqlite3.Connection, key: CameraKey) -> None:
    """Say that a camera is no longer configured; everything of it stays."""
    connection.execute("update camera set is_former = 1 where key = ?", (key,))


def retire_nvr(connection: sqlite3.Connection, key: NvrKey) -> None:
    """Say that an NVR and all its cameras are no longer configured."""
    connection.execute("update nvr set is_former = 1 where key = ?", (key,))
    connection.execute(
        "update camera set is_former = 1 where nvr_id ="
        " (select id from nvr where key = ?)",
        (key,),
    )


def totals(connection: sqlite3.Connection, row: sqlite3.Row) -> CameraTotals:
    """Return a camera's sums from its row."""
    first = connection.execute(
        "select start_ms from clip where camera_id = ? and state = 'complete'"
        " order by start_ms, id limit 1",
        (row["id"],),
    ).fetchone()
    last = connection.execute(
        "select id, start_ms, end_ms from clip where camera_id = ?"
        " and state = 'complete' order by start_ms desc, id desc limit 1",
        (row["id"],),
    ).fetchone()
    added = connection.execute(
        "select max(created_ms) from clip where camera_id = ? and state = 'complete'",
        (row["id"],),
    ).fetchone()
    return CameraTotals(
        clips=row["clips"],
        bytes=row["bytes"],
        kept_ms=row["kept_ms"],
        by_state_ms=totals_by_state(connection, row["id"]),
        first_start_ms=first["start_ms"] if first else None,
        last_clip_id=last["id"] if last else None,
        last_start_ms=last["start_ms"] if last else None,
        last_end_ms=last["end_ms"] if last else None,
        device_oldest_ms=row["device_oldest_ms"],
        device_newest_ms=row["device_newest_ms"],
        last_added_ms=added[0],
    )


def cameras(connection: sqlite3.Connection) -> tuple[CameraInfo, ...]:
    """Return all cameras with their sums: configured first, then by NVR and name."""
    rows = connection.execute(
        "select camera.*, nvr.key as nvr_key, nvr.name as nvr_name from camera"
        " join nvr on nvr.id = camera.nvr_id"
        " order by camera.is_former, nvr.name, nvr.id, camera.name, camera.id"
    ).fetchall()
    return tuple(
        CameraInfo(
            key=CameraKey(row["key"]),
            nvr=NvrKey(row["nvr_key"]),
            name=row["name"],
            nvr_name=row["nvr_name"],
            folder=row["folder"],
            is_former=bool(row["is_former"]),
            totals=totals(connection, row),
            retention=retention_of(row["retention"]),
            root_id=row["root_id"],
        )
        for row in rows
    )


def nvrs(connection: sqlite3.Connection) -> tuple[NvrInfo, ...]:
    """Return all NVRs, configured ones first, by name."""
    return tuple(
        NvrInfo(NvrKey(row["key"]), row["name"], row["folder"], bool(row["is_former"]))
        for row in connection.execute("select * from nvr order by is_former, name, id")
    )


def set_retention(
    connection: sqlite3.Connection, key: CameraKey, retention: Retention, now_ms: int
) -> None:
    """Set a camera's limits; the next run compares them with what the last one obeyed."""
    row = camera_row(connection, key)
    text = retention_text(retention)
    connection.execute(
        "update camera set retention = ? where id = ?", (text, row["id"])
    )
    if row["clips"] == 0:
        # nothing is kept under other rules, so nothing becomes stricter
        connection.execute(
            "update camera set applied_retention = ?, retained_ms = ? where id = ?",
            (text, now_ms, row["id"]),
        )


def eras(connection: sqlite3.Connection, nvr: NvrKey) -> tuple[ClockEra, ...]:
    """Return an NVR's clock eras in the order in which they were found."""
    return tuple(
        era_of(row)
        for row in connection.execute(
            "select * from era where nvr_id = ? order by id",
            (nvr_row(connection, nvr)["id"],),
        )
    )


def add_era(connection: sqlite3.Connection, nvr: NvrKey, era: ClockEra) -> ClockEra:
    """Store a clock era; returns it with its id."""
    cursor = connection.execute(
        "insert into era (nvr_id, device_start_ms, offset_ms, is_uncertain,"
        " device_seen_ms) values (?, ?, ?, ?, ?)",
        (
            nvr_row(connection, nvr)["id"],
            era.device_start_ms,
            era.offset_ms,
            int(era.is_uncertain),
            era.device_seen_ms,
        ),
    )
    assert cursor.lastrowid is not None
    return replace(era, id=cursor.lastrowid)


def saw_era(connection: sqlite3.Connection, era_id: int, device_ms: int) -> None:
    """Store what the device's clock read when an era's offset was measured last."""
    connection.execute(
        "update era set device_seen_ms = ? where id = ?", (device_ms, era_id)
    )


def policy(connection: sqlite3.Connection, nvr: NvrKey) -> DevicePolicy:
    """Return what was learned about an NVR."""
    return policy_of(nvr_row(connection, nvr)["policy"])


def set_policy(
    connection: sqlite3.Connection, nvr: NvrKey, learned: DevicePolicy
) -> None:
    """Remember what was learned about an NVR."""
    connection.execute(
        "update nvr set policy = ? where id = ?",
        (policy_text(learned), nvr_row(connection, nvr)["id"]),
    )


def ids(connection: sqlite3.Connection) -> list[int]:
    """Return the rows of all cameras."""
    return [row[0] for row in connection.execute("select id from camera")]


def ids_with_clips(connection: sqlite3.Connection) -> list[int]:
    """Return the rows of the cameras that have clips."""
    return [
        row[0] for row in connection.execute("select id from camera where clips > 0")
    ]


def ids_outside_zone(connection: sqlite3.Connection, zone: str) -> list[int]:
    """Return the rows of the cameras whose days are counted in another time zone."""
    return [
        row[0]
        for row in connection.execute("select id from camera where zone <> ?", (zone,))
    ]


def chosen_roots(connection: sqlite3.Connection) -> dict[CameraKey, int | None]:
    """Return the root that each camera's new clips go to."""
    return {
        CameraKey(row[0]): row[1]
        for row in connection.execute("select key, root_id from camera")
    }


def set_root(
    connection: sqlite3.Connection, camera_id: int, root_id: int | None
) -> None:
    """Store which root a camera's new clips go to."""
    connection.execute(
        "update camera set root_id = ? where id = ?", (root_id, camera_id)
    )


def set_high_water_ms(
    connection: sqlite3.Connection, key: CameraKey, utc_ms: int
) -> None:
    """Store up to where light sweeps have looked."""
    connection.execute(
        "update camera set high_water_ms = ? where id = ?",
        (utc_ms, camera_id(connection, key)),
    )


def apply_retention(
    connection: sqlite3.Connection, key: CameraKey, made_ms: int
) -> None:
    """Store that a camera's retention was carried out as it is now."""
    connection.execute(
        "update camera set applied_retention = retention, retained_ms = ? where key = ?",
        (made_ms, key),
    )


def era(connection: sqlite3.Connection, era_id: int) -> ClockEra | None:
    """Return a clock era, None if there is none."""
    row = connection.execute("select * from era where id = ?", (era_id,)).fetchone()
    return era_of(row) if row else None


def register_former(
    connection: sqlite3.Connection,
    nvr: NvrKey,
    nvr_name: str,
    key: CameraKey,
    name: str,
    zone: str,
    folders: tuple[str, str],
) -> None:
    """Add a camera that only the storage knows, as a former one; a known one stays."""
    if connection.execute("select 1 from camera where key = ?", (key,)).fetchone():
        return
    nvr_folder, camera_folder_name = folders
    if not connection.execute("select 1 from nvr where key = ?", (nvr,)).fetchone():
        register_nvr(connection, nvr, nvr_name, nvr_folder)
        connection.execute("update nvr set is_former = 1 where key = ?", (nvr,))
    register_camera(connection, nvr, key, name, zone, camera_folder_name)
    retire_camera(connection, key)
