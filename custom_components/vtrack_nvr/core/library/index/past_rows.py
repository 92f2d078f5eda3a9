"""A camera's past: what is older than its limits becomes few rows, however long ago.

Every function takes the index's connection and belongs inside a transaction of
`Database`; each call does a bounded part of the work.
"""

import sqlite3
from typing import NamedTuple

from ...intervals import DAY_MS, Ranges, TimeRange, union
from ...models import CoverageState
from . import span_rows, span_rules
from .rows import retention_of
from .span_rules import Entry

BATCH = 800
"""Rows looked at in one call."""

_CLIPS = 2000
_MARGIN_MS = DAY_MS
_DETAIL_MS = 30 * DAY_MS
"""Without a limit of days, what is younger stays as it is."""
_BY_LIMITS = "('age', 'quota', 'floor')"


class Past(NamedTuple):
    """Where a camera's past ends.

    Before `until_ms` its limits want nothing; before `gone_ms` no device has anything
    either. `reason`: why it is not kept.
    """

    until_ms: int
    gone_ms: int
    reason: str
    is_on_device: bool
    """The device tells how far back it reaches."""


def past_of(connection: sqlite3.Connection, camera_id: int, now_ms: int) -> Past | None:
    """Return where a camera's past ends, None where all of its time still counts."""
    row = connection.execute(
        "select retention, device_oldest_ms from camera where id = ?", (camera_id,)
    ).fetchone()
    days = retention_of(row["retention"]).days
    if days is not None:
        until_ms, reason = now_ms - int(days * DAY_MS) - _MARGIN_MS, "age"
    else:
        last = connection.execute(
            "select end_ms, reason from coverage indexed by coverage_by_state"  # noqa: S608  our own words
            f" where state = 'removed' and camera_id = ? and reason in {_BY_LIMITS}"
            " order by start_ms desc limit 1",
            (camera_id,),
        ).fetchone()
        if last is None:
            return None
        until_ms = min(last["end_ms"], now_ms - _DETAIL_MS)
        reason = last["reason"]
    oldest_ms: int | None = row["device_oldest_ms"]
    gone_ms = until_ms if oldest_ms is None else min(until_ms, oldest_ms)
    return Past(until_ms, gone_ms, reason, oldest_ms is not None)


def condense_rows(
    connection: sqlite3.Connection,
    camera_id: int,
    past: Past,
    after_ms: int,
    now_ms: int,
) -> int | None:
    """Merge some of the rows that begin at a moment or later; returns where to go on.

    None: all of the past is done. Sums of `coverage_total` follow.
    """
    rows = connection.execute(
        "select start_ms, end_ms from coverage where camera_id = ? and start_ms >= ?"
        " and start_ms < ? order by start_ms limit ?",
        (camera_id, after_ms, past.until_ms, BATCH),
    ).fetchall()
    if not rows:
        return None
    end_ms = min(past.until_ms, max(row["end_ms"] for row in rows))
    window = _with_few_clips(
        connection, camera_id, TimeRange(rows[0]["start_ms"], end_ms)
    )
    around = TimeRange(window.start_ms - 1, window.end_ms + 1)
    before = span_rows.entries_in(connection, camera_id, around)
    busy = union(
        (
            *span_rows.kept_ranges(connection, camera_id, window),
            *_wanted(connection, camera_id, window),
        )
    )
    new = Entry(0, 0, CoverageState.REMOVED, past.reason, changed_ms=now_ms)
    gone_ms = max(window.start_ms, min(past.gone_ms, window.end_ms))
    after = span_rules.forgotten(
        before,
        busy,
        TimeRange(window.start_ms, gone_ms),
        new,
        is_on_device=past.is_on_device,
    )
    after = span_rules.condensed(after, busy, window)
    span_rows.replace(connection, camera_id, before, after)
    if window.end_ms < end_ms:
        return window.end_ms  # where a clip begins, so no row reaches over it
    if len(rows) < BATCH:
        return None
    # the last stretch once more, for the next one may join it
    last_ms = span_rules.joinable_ms(after, window)
    is_ahead = last_ms > window.start_ms or len(after) < len(before)
    return last_ms if is_ahead else window.end_ms


def _with_few_clips(
    connection: sqlite3.Connection, camera_id: int, window: TimeRange
) -> TimeRange:
    """Return the beginning of a window in which not too many clips lie."""
    row = connection.execute(
        "select start_ms from clip where state = 'complete' and camera_id = ?"
        " and start_ms > ? and start_ms < ? order by start_ms, id limit 1 offset ?",
        (camera_id, window.start_ms, window.end_ms, _CLIPS),
    ).fetchone()
    return TimeRange(window.start_ms, row[0]) if row else window


def _wanted(
    connection: sqlite3.Connection, camera_id: int, window: TimeRange
) -> Ranges:
    """Return what open requests ask for inside the window."""
    rows = connection.execute(
        "select start_ms, end_ms from want where closed_ms is null and camera_id = ?"
        " and start_ms < ? and end_ms > ?",
        (camera_id, window.end_ms, window.start_ms),
    )
    return union(TimeRange(row[0], row[1]) for row in rows)
