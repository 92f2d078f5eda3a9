"""What a camera's time line is drawn from, read in bounded parts; and what has changed.

Every function takes the index's connection and only reads, but for what it remembers of
changes: that lies in tables of this connection alone and is gone with it.
"""

from collections.abc import Sequence
import sqlite3
from typing import NamedTuple

from ...models import CameraKey, EventClass
from ..coverage_tiles import CHUNK_MS, NUMBERS, Stretch
from .clip_search import ClipPlace

PART = 1_000
"""Rows that are read in one go."""
MANY_MARKS = 20_000
"""Events that are counted in one go."""

_TOUCH = """
insert into touched values ({row}.camera_id, {row}.start_ms / {chunk},
  ({row}.end_ms - 1) / {chunk}, {row}.start_ms, {row}.end_ms)
on conflict (camera_id, first_chunk, last_chunk) do update set
  start_ms = min(start_ms, excluded.start_ms), end_ms = max(end_ms, excluded.end_ms);
"""
_CLIP_CHANGED = "old.state = 'complete' or new.state = 'complete'"
_TRIGGERS = (
    ("coverage", "insert", "", ("new",)),
    ("coverage", "update", "", ("old", "new")),
    ("coverage", "delete", "", ("old",)),
    ("clip", "insert", "when new.state = 'complete'", ("new",)),
    (
        "clip",
        "update of state, start_ms, end_ms, is_protected",
        f"when {_CLIP_CHANGED}",
        ("old", "new"),
    ),
    ("clip", "delete", "when old.state = 'complete'", ("old",)),
)


class Touched(NamedTuple):
    """A stretch of a camera's time line in which something changed."""

    camera_id: int
    start_ms: int
    end_ms: int


class TimeLineRows(NamedTuple):
    """Some of what is known of a window, and from where on the rest is to be read."""

    clips: list[tuple[int, int]]
    protected: list[tuple[int, int]]
    entries: list[Stretch]
    next_ms: int | None


def watch(connection: sqlite3.Connection) -> None:
    """Remember from now on where time lines change, whoever changes them.

    The database itself notes it, by triggers of this connection: no code path is missed.
    It is folded by the pieces that are cached, so that it stays small if nobody asks.
    """
    connection.execute(
        "create temp table if not exists touched (camera_id integer, first_chunk integer,"
        " last_chunk integer, start_ms integer, end_ms integer,"
        " primary key (camera_id, first_chunk, last_chunk)) without rowid"
    )
    for table, change, condition, rows in _TRIGGERS:
        steps = "".join(_TOUCH.format(row=row, chunk=CHUNK_MS) for row in rows)
        connection.execute(
            f"create temp trigger if not exists touched_{table}_{change.split()[0]}"
            f" after {change} on main.{table} {condition} begin {steps} end"
        )


def take_touched(connection: sqlite3.Connection) -> list[Touched]:
    """Return where time lines changed since the last time, and forget it."""
    rows = connection.execute(
        "select camera_id, start_ms, end_ms from touched"
    ).fetchall()
    if rows:
        connection.execute("delete from touched")
    return [Touched(*row) for row in rows]


def camera_ids(connection: sqlite3.Connection) -> dict[CameraKey, int]:
    """Return the cameras' rows by their keys."""
    return {
        CameraKey(row[0]): row[1]
        for row in connection.execute("select key, id from camera")
    }


def device_oldest_ms(connection: sqlite3.Connection) -> dict[int, int | None]:
    """Return by the cameras' rows where the footage of the device begins, as last told."""
    rows = connection.execute("select id, device_oldest_ms from camera")
    return {row[0]: row[1] for row in rows}


def time_line_rows(
    connection: sqlite3.Connection, camera_id: int, start_ms: int, end_ms: int
) -> TimeLineRows:
    """Return a bounded number of the rows that touch a window, in order.

    `next_ms` is where the rest begins (None: that was all). Clips and entries that reach
    over it are told again with the rest.
    """
    clips = connection.execute(
        "select start_ms, end_ms, is_protected from clip where state = 'complete'"
        " and camera_id = ?1 and start_ms >= ?2 - (select longest_ms from camera"
        " where id = ?1) and start_ms < ?3 and end_ms > ?2"
        " order by start_ms, id limit ?4",
        (camera_id, start_ms, end_ms, PART),
    ).fetchall()
    before = connection.execute(
        "select max(start_ms) from coverage where camera_id = ? and start_ms <= ?",
        (camera_id, start_ms),
    ).fetchone()[0]
    entries = connection.execute(
        "select start_ms, end_ms, state from coverage where camera_id = ?"
        " and start_ms >= ? and start_ms < ? and end_ms > ? order by start_ms limit ?",
        (
            camera_id,
            start_ms if before is None else before,
            end_ms,
            start_ms,
            PART,
        ),
    ).fetchall()
    next_ms: int | None = None
    for rows in (clips, entries):
        if len(rows) == PART:
            last = max(rows[-1][0], start_ms + 1)
            next_ms = last if next_ms is None else min(next_ms, last)
    return TimeLineRows(
        [(row[0], row[1]) for row in clips],
        [(row[0], row[1]) for row in clips if row[2]],
        [(row[0], row[1], NUMBERS[row[2]]) for row in entries],
        next_ms,
    )


def places_between(
    connection: sqlite3.Connection,
    camera_id: int,
    start_ms: int,
    end_ms: int,
    limit: int,
) -> list[tuple[int, int, int]]:
    """Return (start, id, end) of clips that begin in a window, in order."""
    rows = connection.execute(
        "select start_ms, id, end_ms from clip where state = 'complete'"
        " and camera_id = ? and start_ms >= ? and start_ms < ?"
        " order by start_ms, id limit ?",
        (camera_id, start_ms, end_ms, limit),
    )
    return [(row[0], row[1], row[2]) for row in rows]


def clip_at(
    connection: sqlite3.Connection, camera_id: int, moment_ms: int
) -> int | None:
    """Return the id of the clip that shows a moment, None where none is kept."""
    row = connection.execute(
        "select id from clip where state = 'complete' and camera_id = ?1"
        " and start_ms <= ?2 and end_ms > ?2 and start_ms >="
        " ?2 - (select longest_ms from camera where id = ?1)"
        " order by start_ms desc, id desc limit 1",
        (camera_id, moment_ms),
    ).fetchone()
    return None if row is None else row[0]


def clips_beside(
    connection: sqlite3.Connection, camera_id: int, moment_ms: int
) -> tuple[ClipPlace | None, ClipPlace | None]:
    """Return the last clip that ends before a moment, and the first that begins after."""
    before = connection.execute(
        "select start_ms, id from clip where state = 'complete' and camera_id = ?1"
        " and start_ms <= ?2 and end_ms <= ?2 order by start_ms desc, id desc limit 1",
        (camera_id, moment_ms),
    ).fetchone()
    after = connection.execute(
        "select start_ms, id from clip where state = 'complete' and camera_id = ?1"
        " and start_ms > ?2 order by start_ms, id limit 1",
        (camera_id, moment_ms),
    ).fetchone()
    return (
        None if before is None else (before[0], before[1]),
        None if after is None else (after[0], after[1]),
    )


def span_in_state(
    connection: sqlite3.Connection,
    camera_id: int,
    states: Sequence[str],
    moment_ms: int,
    *,
    is_next: bool,
) -> Stretch | None:
    """Return the nearest entry of the ledger in one of the states, None without any."""
    found: list[Stretch] = []
    for state in states:
        row = connection.execute(
            "select start_ms, end_ms from coverage indexed by coverage_by_state"  # noqa: S608  our own words
            f" where state = ? and camera_id = ? and start_ms {'>' if is_next else '<'} ?"
            f" order by start_ms {'asc' if is_next else 'desc'} limit 1",
            (state, camera_id, moment_ms),
        ).fetchone()
        if row is not None:
            found.append((row[0], row[1], NUMBERS[state]))
    if not found:
        return None
    return min(found) if is_next else max(found)


def nearest_clip_ms(
    connection: sqlite3.Connection, camera_id: int, moment_ms: int, *, is_next: bool
) -> int | None:
    """Return where the first clip after (the last before) a moment begins."""
    row = connection.execute(
        "select start_ms from clip where state = 'complete' and camera_id = ?"  # noqa: S608  our own words
        f" and start_ms {'>' if is_next else '<'} ?"
        f" order by start_ms {'asc' if is_next else 'desc'} limit 1",
        (camera_id, moment_ms),
    ).fetchone()
    return None if row is None else row[0]


class MarkRow(NamedTuple):
    """An event as it is listed."""

    start_ms: int
    camera_id: int
    event_class: str
    source: str
    end_ms: int


def marks_from(
    connection: sqlite3.Connection,
    camera_id: int,
    classes: Sequence[str],
    after: tuple[int, str, str],
    *,
    is_next: bool,
    until_ms: int | None = None,
    most: int = PART,
) -> tuple[list[MarkRow], tuple[int, str, str] | None]:
    """Return events beyond a place in order; and where to go on, None: that was all.

    At most `most` rows are looked at, whatever their class.
    """
    sign, way = (">", "asc") if is_next else ("<", "desc")
    border = "" if until_ms is None else f" and start_ms {'<' if is_next else '>='} ?"
    rows = connection.execute(
        "select start_ms, camera_id, class, source, end_ms from mark"  # noqa: S608  our own words
        f" where camera_id = ? and (start_ms, class, source) {sign} (?, ?, ?){border}"
        f" order by start_ms {way}, class {way}, source {way} limit ?",
        (
            camera_id,
            *after,
            *(() if until_ms is None else (until_ms,)),
            most,
        ),
    ).fetchall()
    wanted = frozenset(classes)
    found = [MarkRow(*row) for row in rows if row[2] in wanted]
    if len(rows) < most:
        return found, None
    last = rows[-1]
    return found, (last[0], last[2], last[3])


def marks_touching(
    connection: sqlite3.Connection,
    camera_id: int,
    classes: Sequence[str],
    start_ms: int,
    end_ms: int,
    limit: int,
) -> list[MarkRow] | None:
    """Return the events that touch a window in order; None: too many."""
    rows = connection.execute(
        "select start_ms, camera_id, class, source, end_ms from mark where camera_id = ?1"
        " and start_ms >= ?2 - (select longest_mark_ms from camera where id = ?1)"
        " and start_ms < ?3 and end_ms >= ?2 order by start_ms limit ?4",
        (camera_id, start_ms, end_ms, PART + limit),
    ).fetchall()
    wanted = frozenset(classes)
    found = [MarkRow(*row) for row in rows if row[2] in wanted]
    return None if len(rows) == PART + limit or len(found) > limit else found


def count_marks(
    connection: sqlite3.Connection,
    camera_id: int,
    start_ms: int,
    end_ms: int,
    origin_ms: int,
    bucket_ms: int,
) -> tuple[dict[tuple[int, str], int], int | None]:
    """Return how many events begin in each bucket by class; and from where on to go on."""
    row = connection.execute(
        "select start_ms from mark where camera_id = ? and start_ms >= ? and start_ms < ?"
        " order by start_ms limit 1 offset ?",
        (camera_id, start_ms, end_ms, MANY_MARKS),
    ).fetchone()
    # a moment with more events than that is counted in one go
    part_ms = end_ms if row is None else max(row[0], start_ms + 1)
    rows = connection.execute(
        "select (start_ms - ?1) / ?2 as bucket, class, count(*) from mark"
        " where camera_id = ?3 and start_ms >= ?4 and start_ms < ?5 group by 1, 2",
        (origin_ms, bucket_ms, camera_id, start_ms, part_ms),
    )
    counts = {(row[0], row[1]): row[2] for row in rows}
    return counts, None if row is None else part_ms


def classes_touching(
    connection: sqlite3.Connection, camera_id: int, start_ms: int, end_ms: int
) -> tuple[str, ...]:
    """Return the classes of the events that touch a clip."""
    rows = connection.execute(
        "select distinct class from (select class, end_ms from mark where camera_id = ?1"
        " and start_ms >= ?2 - (select longest_mark_ms from camera where id = ?1)"
        " and start_ms < ?3 order by start_ms limit ?4) where end_ms >= ?2",
        (camera_id, start_ms, end_ms, 500),
    )
    found = {row[0] for row in rows}
    return tuple(each.value for each in EventClass if each.value in found)
