"""The rows of clips: every change of state, with the sums and the ledger beside it.

Every function takes the index's connection and belongs inside a transaction of
`Database`. Which state follows which, and when, `docs/design/library.md` draws.
"""

from collections.abc import Sequence
import sqlite3
from typing import Any

from ...clip_sink import ClipStart
from ...errors import ErrorKind, NvrError
from ...intervals import TimeRange, difference, total_ms
from ...models import (
    Clip,
    ClipFacts,
    ClipProblem,
    ClipState,
    CoverageState,
    TimeSource,
)
from . import database, span_rows, span_rules
from .day_sums import day_number, share_out, zone_of_camera
from .rows import CLIP_COLUMNS, CLIP_TABLES, clip_of, facts_columns
from .span_rules import Entry


def rows_of(
    connection: sqlite3.Connection, clip_ids: Sequence[int]
) -> list[sqlite3.Row]:
    """Return the bare rows of clips."""
    return [
        row
        for clip_id in clip_ids
        for row in connection.execute(
            "select clip.*, camera.key as camera_key from clip join camera"
            " on camera.id = clip.camera_id where clip.id = ?",
            (clip_id,),
        )
    ]


def insert_fetching(
    connection: sqlite3.Connection,
    start: ClipStart,
    camera_id: int,
    root_id: int,
    now_ms: int,
) -> int:
    """Insert the row of a clip that is about to be written; returns its id.

    It has no final name yet; `set_part` and `set_facts` give it one.
    """
    cursor = connection.execute(
        "insert into clip (id, camera_id, root_id, state, path, start_ms, end_ms,"
        " last_frame_ms, device_start_ms, era_id, source, created_ms, state_ms)"
        " values (?8, ?1, ?2, 'fetching', '?' || hex(randomblob(8)), ?3, ?3, ?3, ?4,"
        " ?5, ?6, ?7, ?7)",
        (
            camera_id,
            root_id,
            start.utc_start_ms,
            start.device_start_ms,
            start.era_id,
            start.source.value,
            now_ms,
            database.fresh(connection, "clip"),
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def set_part(connection: sqlite3.Connection, clip_id: int, part: str) -> None:
    """Say where the unfinished file of a clip is."""
    connection.execute("update clip set part = ? where id = ?", (part, clip_id))


def set_facts(
    connection: sqlite3.Connection, clip_id: int, facts: ClipFacts, path: str
) -> None:
    """Store what was measured and the name the file is about to get."""
    columns = facts_columns(facts)
    names = ", ".join(f"{name} = :{name}" for name in columns if name != "problem")
    connection.execute(
        "update clip set problem = :problem where id = :id and :problem <> ''",
        {"problem": columns["problem"], "id": clip_id},
    )
    connection.execute(
        f"update clip set {names}, path = :path where id = :id and state = 'fetching'",  # noqa: S608  names of our own columns
        {**columns, "path": path, "id": clip_id},
    )
    connection.execute(
        "update clip set time_source = ? where id = ? and problem = ?",
        (TimeSource.ESTIMATED.value, clip_id, ClipProblem.CLOCK_BEHIND.value),
    )


def set_problem(
    connection: sqlite3.Connection, clip_id: int, problem: ClipProblem
) -> None:
    """Say what is wrong with a clip, for as long as it is there."""
    connection.execute(
        "update clip set problem = ? where id = ?", (problem.value, clip_id)
    )


def path_is_taken(
    connection: sqlite3.Connection, root_id: int, path: str, clip_id: int = 0
) -> bool:
    """Return whether the row of another clip already owns that name."""
    return (
        connection.execute(
            "select 1 from clip where root_id = ?1 and path = ?2 and id <> ?3"
            " union all select 1 from transfer where root_id = ?1 and path = ?2",
            (root_id, path, clip_id),
        ).fetchone()
        is not None
    )


def insert_found(
    connection: sqlite3.Connection,
    camera_id: int,
    root_id: int,
    path: str,
    facts: ClipFacts,
    now_ms: int,
    *,
    is_protected: bool = False,
    note: str = "",
) -> int:
    """Insert a row (still *fetching*) for a file that is already there under its name."""
    values: dict[str, Any] = {
        **facts_columns(facts),
        "id": database.fresh(connection, "clip"),
        "camera_id": camera_id,
        "root_id": root_id,
        "state": "fetching",
        "path": path,
        "is_protected": int(is_protected),
        "note": note,
        "created_ms": now_ms,
        "state_ms": now_ms,
    }
    names = ", ".join(values)
    places = ", ".join(f":{name}" for name in values)
    cursor = connection.execute(
        f"insert into clip ({names}) values ({places})",  # noqa: S608  our own columns
        values,
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def complete(connection: sqlite3.Connection, clip_id: int, now_ms: int) -> None:
    """Make a row whose file is durable at its name *complete*; the ledger follows."""
    row = _row(connection, clip_id)
    window = TimeRange(row["start_ms"], row["end_ms"])
    has_others = _count(connection, row, 1)
    connection.execute(
        "update clip set state = 'complete', part = null, cause = null, state_ms = ?"
        " where id = ?",
        (now_ms, clip_id),
    )
    connection.execute(
        "update camera set longest_ms = max(longest_ms, ?) where id = ?",
        (window.duration_ms, row["camera_id"]),
    )
    if has_others:
        share_out(connection, row["camera_id"], window)
    span_rows.repaint_rows(connection, row["camera_id"], (window,), span_rules.erased)


def leave(
    connection: sqlite3.Connection,
    clip_id: int,
    state: ClipState,
    now_ms: int,
    *,
    cause: str = "",
    run_id: int | None = None,
) -> None:
    """Take a *complete* clip out of what is kept: *trashed*, *deleting* or *missing*.

    Its stretch becomes *removed* (or *missing*), but where another clip covers it.
    """
    row = _row(connection, clip_id)
    assert row["state"] == ClipState.COMPLETE
    connection.execute(
        "update clip set state = ?, cause = ?, state_ms = ? where id = ?",
        (state.value, cause, now_ms, clip_id),
    )
    has_others = _count(connection, row, -1)
    camera_id = row["camera_id"]
    window = TimeRange(row["start_ms"], row["end_ms"])
    if has_others:
        share_out(connection, camera_id, window)
    free = difference((window,), span_rows.kept_ranges(connection, camera_id, window))
    is_missing = state is ClipState.MISSING
    span_rows.repaint_rows(
        connection,
        camera_id,
        free,
        span_rules.becomes(
            Entry(
                0,
                0,
                CoverageState.MISSING if is_missing else CoverageState.REMOVED,
                cause,
                run_id=run_id,
                changed_ms=now_ms,
            )
        ),
    )


def delete_row(connection: sqlite3.Connection, clip_id: int) -> None:
    """Remove the row of a clip whose file is gone and that counts nowhere any more."""
    database.retire(connection, "clip", clip_id)
    connection.execute("delete from thumbnail where clip_id = ?", (clip_id,))
    connection.execute(
        "delete from clip where id = ? and state <> 'complete'", (clip_id,)
    )


def set_deleting(
    connection: sqlite3.Connection, clip_ids: Sequence[int], now_ms: int
) -> None:
    """Turn trashed clips into ones whose files go now."""
    connection.executemany(
        "update clip set state = 'deleting', state_ms = ? where id = ?"
        " and state = 'trashed'",
        [(now_ms, clip_id) for clip_id in clip_ids],
    )


def set_protected(
    connection: sqlite3.Connection,
    clip_id: int,
    *,
    is_protected: bool,
    note: str = "",
) -> bool:
    """Protect a clip or stop doing so; True when that changed anything."""
    row = _row(connection, clip_id)
    if bool(row["is_protected"]) == is_protected and row["note"] == note:
        return False
    connection.execute(
        "update clip set is_protected = ?, note = ? where id = ?",
        (int(is_protected), note, clip_id),
    )
    if row["state"] == ClipState.COMPLETE:
        connection.execute(
            "update camera_day set protected = protected + ? where camera_id = ?"
            " and day = ?",
            (
                int(is_protected) - row["is_protected"],
                row["camera_id"],
                day_number(
                    row["start_ms"], zone_of_camera(connection, row["camera_id"])
                ),
            ),
        )
    return True


def get_clip(connection: sqlite3.Connection, clip_id: int) -> Clip | None:
    """Return a clip in whatever state, None where there is none."""
    row = connection.execute(
        f"select {CLIP_COLUMNS} from {CLIP_TABLES} where clip.id = ?",  # noqa: S608  our own words
        (clip_id,),
    ).fetchone()
    return clip_of(row) if row else None


def in_state(
    connection: sqlite3.Connection, state: ClipState, limit: int = -1
) -> list[sqlite3.Row]:
    """Return the bare rows in one of the unsettled states, oldest change first."""
    return list(
        connection.execute(
            "select clip.*, camera.key as camera_key from clip join camera"
            " on camera.id = clip.camera_id where clip.state = ?"
            " and clip.state <> 'complete' order by clip.state_ms, clip.id limit ?",
            (state.value, limit),
        )
    )


def trashed(
    connection: sqlite3.Connection, after: tuple[int, int], limit: int
) -> list[tuple[tuple[int, int], Clip]]:
    """Return some clips in the trash with their place in it, oldest deletion first."""
    rows = connection.execute(
        f"select {CLIP_COLUMNS} from {CLIP_TABLES} where clip.state = 'trashed'"  # noqa: S608  our own words
        " and clip.state <> 'complete'"
        " and (clip.state_ms, clip.id) > (?, ?)"
        " order by clip.state_ms, clip.id limit ?",
        (*after, limit),
    )
    return [((row["state_ms"], row["id"]), clip_of(row)) for row in rows]


def _row(connection: sqlite3.Connection, clip_id: int) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "select * from clip where id = ?", (clip_id,)
    ).fetchone()
    if row is None:
        raise KeyError(clip_id)
    return row


def _count(connection: sqlite3.Connection, row: sqlite3.Row, sign: int) -> bool:
    """Add a clip that is not *complete* now to the sums, or take it out of them.

    True where other clips cover some of its time.
    """
    camera_id = row["camera_id"]
    window = TimeRange(row["start_ms"], row["end_ms"])
    others = span_rows.kept_ranges(
        connection, camera_id, window, without_clip=row["id"]
    )
    kept_ms = sign * (window.duration_ms - total_ms(others))
    size = sign * row["size_bytes"]
    connection.execute(
        "update camera set clips = clips + ?, bytes = bytes + ?, kept_ms = kept_ms + ?"
        " where id = ?",
        (sign, size, kept_ms, camera_id),
    )
    count_on_root(connection, row["root_id"], sign, size)
    connection.execute(
        "insert into camera_day (camera_id, day, clips, bytes, kept_ms, protected)"
        " values (?1, ?2, max(?3, 0), ?4, ?5, max(?6, 0)) on conflict do update set"
        " clips = clips + ?3, bytes = bytes + ?4, kept_ms = kept_ms + ?5,"
        " protected = protected + ?6",
        (
            camera_id,
            day_number(row["start_ms"], zone_of_camera(connection, row["camera_id"])),
            sign,
            size,
            kept_ms,
            sign * row["is_protected"],
        ),
    )
    if sign < 0:
        connection.execute(
            "delete from camera_day where camera_id = ? and day = ? and clips <= 0",
            (
                camera_id,
                day_number(
                    row["start_ms"], zone_of_camera(connection, row["camera_id"])
                ),
            ),
        )
    return bool(others)


def count_on_root(
    connection: sqlite3.Connection, root_id: int, clips: int, size: int
) -> None:
    """Change the sums of a root."""
    connection.execute(
        "insert into root_total (root_id, clips, bytes) values (?1, ?2, ?3)"
        " on conflict do update set clips = clips + ?2, bytes = bytes + ?3",
        (root_id, clips, size),
    )


def next_path(
    connection: sqlite3.Connection, root_id: int, after: str, before: str
) -> str | None:
    """Return the first path on a root between two others, None if there is none."""
    path: str | None = connection.execute(
        "select min(path) from clip where root_id = ? and path > ? and path < ?",
        (root_id, after, before),
    ).fetchone()[0]
    return path


def begun(connection: sqlite3.Connection, clip_id: int) -> sqlite3.Row:
    """Return camera and part of a clip that is being written; raises `INDEX_FAILED`."""
    row: sqlite3.Row | None = connection.execute(
        "select camera_id, part from clip where id = ?", (clip_id,)
    ).fetchone()
    if row is None or row["part"] is None:
        raise NvrError(ErrorKind.INDEX_FAILED, "clip is not being written")
    return row


def in_folder(
    connection: sqlite3.Connection, root_id: int, folder: str
) -> list[sqlite3.Row]:
    """Return what a comparison needs of the rows of the files in a folder."""
    return connection.execute(
        "select id, path, state, size_bytes, sha256, cause, start_ms, end_ms from clip"
        " where root_id = ? and path >= ? and path < ?",
        (root_id, f"{folder}/", f"{folder}0"),
    ).fetchall()


def missing_after(
    connection: sqlite3.Connection, camera_id: int, after: int, limit: int
) -> list[sqlite3.Row]:
    """Return a camera's missing clips beyond an id, in order of ids."""
    return connection.execute(
        "select clip.*, camera.key as camera_key"
        " from clip indexed by clip_missing join camera"
        " on camera.id = clip.camera_id where clip.state = 'missing'"
        " and clip.camera_id = ? and clip.id > ? order by clip.id limit ?",
        (camera_id, after, limit),
    ).fetchall()


def times_in_era(
    connection: sqlite3.Connection, camera_id: int, era_id: int, utc: TimeRange
) -> list[TimeRange]:
    """Return the device times of complete clips of an era that begin in a range of UTC."""
    rows = connection.execute(
        "select device_start_ms, end_ms - start_ms from clip"
        " where state = 'complete' and camera_id = ? and era_id = ?"
        " and start_ms >= ? and start_ms < ?",
        (camera_id, era_id, utc.start_ms, utc.end_ms),
    )
    return [TimeRange(row[0], row[0] + row[1]) for row in rows]
