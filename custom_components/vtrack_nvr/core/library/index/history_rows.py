"""Requests, events and the history of sync runs.

Every function takes the index's connection and belongs inside a transaction of
`Database`; times are UTC milliseconds.
"""

from collections.abc import Sequence
import sqlite3

from ...errors import ErrorKind, NvrError
from ...intervals import TimeRange, difference
from ...ledger import LedgerReason, RunKind, RunResult, Want
from ...models import CameraKey, CoverageState, EventMark, NvrKey
from ..values import RunInfo
from . import camera_rows, span_rows, span_rules
from .rows import mark_of, ranges_of, ranges_text
from .span_rules import Entry

_SOME = 1000
"""Rows that are dropped in one transaction."""


def add_want(
    connection: sqlite3.Connection,
    camera: CameraKey,
    wanted: TimeRange,
    note: str,
    now_ms: int,
) -> Want:
    """Store a request; removed stretches in it may be fetched again.

    What was *removed* becomes *on device* and is remembered: `close_want` takes back what
    was not fetched.
    """
    camera_id = camera_rows.camera_id(connection, camera)
    removed = tuple(
        TimeRange(
            max(entry.start_ms, wanted.start_ms), min(entry.end_ms, wanted.end_ms)
        )
        for entry in span_rows.entries_in(connection, camera_id, wanted)
        if entry.state is CoverageState.REMOVED
    )
    span_rows.repaint_rows(
        connection,
        camera_id,
        removed,
        span_rules.becomes(
            Entry(
                0, 0, CoverageState.ON_DEVICE, LedgerReason.REQUESTED, changed_ms=now_ms
            )
        ),
    )
    cursor = connection.execute(
        "insert into want (camera_id, start_ms, end_ms, made_ms, note, removed)"
        " values (?, ?, ?, ?, ?, ?)",
        (
            camera_id,
            wanted.start_ms,
            wanted.end_ms,
            now_ms,
            note,
            ranges_text(removed),
        ),
    )
    assert cursor.lastrowid is not None
    return Want(cursor.lastrowid, camera, wanted, now_ms, note)


def wants(connection: sqlite3.Connection, nvr: NvrKey) -> tuple[Want, ...]:
    """Return an NVR's open requests, oldest first."""
    rows = connection.execute(
        "select want.*, camera.key as camera_key from want"
        " join camera on camera.id = want.camera_id"
        " join nvr on nvr.id = camera.nvr_id"
        " where want.closed_ms is null and nvr.key = ? order by want.id",
        (nvr,),
    )
    return tuple(
        Want(
            row["id"],
            CameraKey(row["camera_key"]),
            TimeRange(row["start_ms"], row["end_ms"]),
            row["made_ms"],
            row["note"],
        )
        for row in rows
    )


def close_want(
    connection: sqlite3.Connection, want_id: int, outcome: str, now_ms: int
) -> None:
    """Close a request; what was removed before it and is not kept is removed again."""
    row = connection.execute(
        "select * from want where id = ? and closed_ms is null", (want_id,)
    ).fetchone()
    if row is None:
        return
    connection.execute(
        "update want set closed_ms = ?, outcome = ? where id = ?",
        (now_ms, outcome, want_id),
    )
    for item in ranges_of(row["removed"]):
        kept = span_rows.kept_ranges(connection, row["camera_id"], item)
        span_rows.repaint_rows(
            connection,
            row["camera_id"],
            difference((item,), kept),
            span_rules.becomes(
                Entry(
                    0, 0, CoverageState.REMOVED, LedgerReason.PERSON, changed_ms=now_ms
                )
            ),
        )


def add_marks(
    connection: sqlite3.Connection, camera: CameraKey, marks: Sequence[EventMark]
) -> None:
    """Store events; one that began at the same moment is replaced by the longer."""
    camera_id = camera_rows.camera_id(connection, camera)
    connection.executemany(
        "insert into mark (camera_id, start_ms, end_ms, class, source)"
        " values (?, ?, ?, ?, ?)"
        " on conflict do update set end_ms = max(end_ms, excluded.end_ms)",
        [
            (
                camera_id,
                m.range.start_ms,
                m.range.end_ms,
                m.event_class.value,
                m.source,
            )
            for m in marks
        ],
    )
    longest_ms = max((m.range.duration_ms for m in marks), default=0)
    connection.execute(
        "update camera set longest_mark_ms = max(longest_mark_ms, ?) where id = ?",
        (longest_ms, camera_id),
    )


def marks(
    connection: sqlite3.Connection, camera: CameraKey, window: TimeRange
) -> tuple[EventMark, ...]:
    """Return the events that touch the window, in order."""
    row = camera_rows.camera_row(connection, camera)
    rows = connection.execute(
        "select * from mark where camera_id = ? and start_ms >= ? and start_ms < ?"
        " and end_ms >= ? order by start_ms, class",
        (
            row["id"],
            window.start_ms - row["longest_mark_ms"],
            window.end_ms,
            window.start_ms,
        ),
    )
    return tuple(mark_of(row) for row in rows)


def drop_old_marks(connection: sqlite3.Connection, before_ms: int) -> bool:
    """Forget some events that began long ago; True while there may be more."""
    dropped = 0
    for row in connection.execute("select id from camera").fetchall():
        dropped += connection.execute(
            "delete from mark where (camera_id, start_ms, class, source) in"
            " (select camera_id, start_ms, class, source from mark"
            " where camera_id = ? and start_ms < ? limit ?)",
            (row["id"], before_ms, _SOME - dropped),
        ).rowcount
    return dropped == _SOME


def drop_old_wants(connection: sqlite3.Connection, before_ms: int) -> bool:
    """Forget some requests closed long ago; True while there may be more."""
    found = connection.execute(
        "delete from want where id in (select id from want"
        " where closed_ms < ? order by id limit ?)",
        (before_ms, _SOME),
    )
    return found.rowcount == _SOME


def begin_run(
    connection: sqlite3.Connection, nvr: NvrKey, kind: RunKind, now_ms: int
) -> int:
    """Open a line in the history; returns its id."""
    cursor = connection.execute(
        "insert into run (nvr_id, kind, started_ms) values (?, ?, ?)",
        (camera_rows.nvr_row(connection, nvr)["id"], kind.value, now_ms),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def end_run(
    connection: sqlite3.Connection, run_id: int, result: RunResult, now_ms: int
) -> None:
    """Close a line in the history."""
    connection.execute(
        "update run set ended_ms = ?, clips = ?, bytes = ?, seconds = ?, errors = ?,"
        " detail = ? where id = ?",
        (
            now_ms,
            result.clips,
            result.bytes,
            result.seconds,
            result.errors,
            result.detail,
            run_id,
        ),
    )


def end_broken_runs(connection: sqlite3.Connection, now_ms: int) -> None:
    """Close what a killed process left open."""
    connection.execute(
        "update run set ended_ms = ?, detail = 'interrupted' where ended_ms is null",
        (now_ms,),
    )


def past_runs(
    connection: sqlite3.Connection, nvr: NvrKey | None, limit: int, before_id: int
) -> tuple[RunInfo, ...]:
    """Return lines of the history, newest first."""
    where, values = ("", ()) if nvr is None else ("nvr.key = ? and ", (nvr,))
    rows = connection.execute(
        "select run.*, nvr.key as nvr_key from run join nvr on nvr.id = run.nvr_id"  # noqa: S608  two constants of ours
        f" where {where} run.id < ? order by run.id desc limit ?",
        (*values, before_id, limit),
    )
    return tuple(
        RunInfo(
            row["id"],
            NvrKey(row["nvr_key"]),
            RunKind(row["kind"]),
            row["started_ms"],
            row["ended_ms"],
            RunResult(
                row["clips"], row["bytes"], row["seconds"], row["errors"], row["detail"]
            ),
        )
        for row in rows
    )


def drop_old_runs(connection: sqlite3.Connection, keep: int) -> bool:
    """Forget some of all but the newest lines of the history; True: there may be more."""
    found = connection.execute(
        "delete from run where id in (select id from run where ended_ms is not null"
        " and id <= (select id from run order by id desc limit 1 offset ?)"
        " order by id limit ?)",
        (keep, _SOME),
    )
    return found.rowcount == _SOME


def require_range(window: TimeRange) -> TimeRange:
    """Refuse an empty window, which callers make by mistake."""
    if window.is_empty:
        raise NvrError(ErrorKind.INDEX_FAILED, "the window is empty")
    return window


def newest_seen_ms(connection: sqlite3.Connection) -> int:
    """Return the newest moment of the host's clock that the index remembers, else 0."""
    found: int | None = connection.execute(
        "select max(seen) from (select max((select max(created_ms) from clip"
        " where camera_id = camera.id and state = 'complete')) as seen from camera"
        " union all select started_ms from (select started_ms from run"
        " order by id desc limit 1)"
        " union all select max(cast(value as integer)) from meta where key like 'done-%')"
    ).fetchone()[0]
    return found or 0
