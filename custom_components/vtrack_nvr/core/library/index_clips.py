"""The rows of clips: every change of state, with the sums and the ledger beside it.

Every function takes the index's connection and belongs inside a transaction of
`Database`. Which state follows which, and when, `docs/design/library.md` draws.
"""

from collections.abc import Sequence
import datetime as dt
import sqlite3
from typing import Any
from zoneinfo import ZoneInfo

from ..clips import ClipStart
from ..intervals import TimeRange, difference, total_ms
from ..models import (
    Clip,
    ClipFacts,
    ClipProblem,
    ClipState,
    CoverageState,
    TimeSource,
)
from . import ids, index_ledger, ledger
from .ledger import Entry
from .naming import day_start_ms, local_day
from .rows import CLIP_COLUMNS, CLIP_TABLES, clip_of, facts_columns

EPOCH_DAY = 719_163  # date(1970, 1, 1).toordinal()

_RECOUNT = "recount:"
_RECOUNT_CLIPS = 2_000
"""Clips that are counted in one transaction."""


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
            ids.fresh(connection, "clip"),
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
    """Say whether the row of another clip already owns that name."""
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
        "id": ids.fresh(connection, "clip"),
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
        _share_out(connection, row["camera_id"], window)
    index_ledger.repaint(connection, row["camera_id"], (window,), ledger.erased)


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
        _share_out(connection, camera_id, window)
    free = difference(
        (window,), index_ledger.kept_ranges(connection, camera_id, window)
    )
    is_missing = state is ClipState.MISSING
    index_ledger.repaint(
        connection,
        camera_id,
        free,
        ledger.becomes(
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
    ids.retire(connection, "clip", clip_id)
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
                day_number(row["start_ms"], _zone(connection, row["camera_id"])),
            ),
        )
    return True


def get(connection: sqlite3.Connection, clip_id: int) -> Clip | None:
    """Return a clip in whatever state, None where there is none."""
    row = connection.execute(
        f"select {CLIP_COLUMNS} from {CLIP_TABLES} where clip.id = ?",  # noqa: S608
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
        f"select {CLIP_COLUMNS} from {CLIP_TABLES} where clip.state = 'trashed'"  # noqa: S608
        " and clip.state <> 'complete'"
        " and (clip.state_ms, clip.id) > (?, ?)"
        " order by clip.state_ms, clip.id limit ?",
        (*after, limit),
    )
    return [((row["state_ms"], row["id"]), clip_of(row)) for row in rows]


def day_number(utc_ms: int, zone: ZoneInfo) -> int:
    """Return the local day of a moment as days since 1970-01-01."""
    return local_day(utc_ms, zone).toordinal() - EPOCH_DAY


def _row(connection: sqlite3.Connection, clip_id: int) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "select * from clip where id = ?", (clip_id,)
    ).fetchone()
    if row is None:
        raise KeyError(clip_id)
    return row


def _zone(connection: sqlite3.Connection, camera_id: int) -> ZoneInfo:
    """Return the time zone in which a camera's days are counted."""
    return ZoneInfo(
        connection.execute(
            "select zone from camera where id = ?", (camera_id,)
        ).fetchone()[0]
    )


def recount_days(
    connection: sqlite3.Connection, camera_id: int, zone: ZoneInfo
) -> None:
    """Count a camera's days again, in another time zone, all at once."""
    begin_recount(connection, camera_id, zone)
    while recount_some(connection, camera_id):
        pass


def begin_recount(
    connection: sqlite3.Connection, camera_id: int, zone: ZoneInfo
) -> None:
    """Count a camera's days in another time zone from now on; `recount_some` does so."""
    connection.execute("delete from camera_day where camera_id = ?", (camera_id,))
    connection.execute("update camera set zone = ? where id = ?", (zone.key, camera_id))
    connection.execute(
        "insert or replace into meta (key, value) values (?, ?)",
        (f"{_RECOUNT}{camera_id}", str(2**62)),
    )


def being_recounted(connection: sqlite3.Connection) -> list[int]:
    """Return the cameras whose days are not all counted yet."""
    rows = connection.execute(
        "select id from camera where exists"
        " (select 1 from meta where key = ? || camera.id)",
        (_RECOUNT,),
    )
    return [row[0] for row in rows]


def recount_some(connection: sqlite3.Connection, camera_id: int) -> bool:
    """Count some days anew, the latest first; True while there is more to count.

    Clips may come and go meanwhile: of every day all its clips are counted again.
    """
    key = f"{_RECOUNT}{camera_id}"
    row = connection.execute("select value from meta where key = ?", (key,)).fetchone()
    if row is None:
        return False
    zone, before_ms, left = _zone(connection, camera_id), int(row[0]), _RECOUNT_CLIPS
    while left > 0:
        newest = connection.execute(
            "select start_ms from clip where camera_id = ? and state = 'complete'"
            " and start_ms < ? order by start_ms desc, id desc limit 1",
            (camera_id, before_ms),
        ).fetchone()
        if newest is None:
            connection.execute("delete from meta where key = ?", (key,))
            return False
        day = local_day(newest[0], zone)
        left -= _count_day(connection, camera_id, day, zone)
        before_ms = day_start_ms(day, zone)
    connection.execute("update meta set value = ? where key = ?", (str(before_ms), key))
    return True


def _count_day(
    connection: sqlite3.Connection, camera_id: int, day: dt.date, zone: ZoneInfo
) -> int:
    """Count a day's clips anew; returns how many they are."""
    start_ms = day_start_ms(day, zone)
    end_ms = day_start_ms(day + dt.timedelta(days=1), zone)
    sums = connection.execute(
        "select count(*), sum(size_bytes), sum(is_protected) from clip"
        " where camera_id = ? and state = 'complete' and start_ms >= ? and start_ms < ?",
        (camera_id, start_ms, end_ms),
    ).fetchone()
    kept_ms = _kept_by_day(connection, camera_id, start_ms, end_ms)
    connection.execute(
        "insert or replace into camera_day"
        " (camera_id, day, clips, bytes, kept_ms, protected) values (?, ?, ?, ?, ?, ?)",
        (camera_id, day.toordinal() - EPOCH_DAY, sums[0], sums[1], kept_ms, sums[2]),
    )
    found: int = sums[0]
    return found


_REACH = (
    "select start_ms, end_ms from clip where state = 'complete' and camera_id = ?"
    " and start_ms >= ? and start_ms < ? and end_ms > ? order by start_ms, id"
)


def _longest_ms(connection: sqlite3.Connection, camera_id: int) -> int:
    found: int = connection.execute(
        "select longest_ms from camera where id = ?", (camera_id,)
    ).fetchone()[0]
    return found


def _kept_by_day(
    connection: sqlite3.Connection, camera_id: int, start_ms: int, end_ms: int
) -> int:
    """Return what clips that begin on a day keep, besides those before them."""
    covered_ms = start_ms - _longest_ms(connection, camera_id)
    kept_ms = 0
    for row in connection.execute(_REACH, (camera_id, covered_ms, end_ms, covered_ms)):
        if row[0] >= start_ms:
            kept_ms += max(0, row[1] - max(row[0], covered_ms))
        covered_ms = max(covered_ms, row[1])
    return kept_ms


def _share_out(
    connection: sqlite3.Connection, camera_id: int, window: TimeRange
) -> None:
    """Count what is kept of the days whose clips touch the window anew.

    Time that several clips cover counts for the day of the first: which one that is
    changes when one of them comes or goes.
    """
    zone = _zone(connection, camera_id)
    first_ms = window.start_ms - _longest_ms(connection, camera_id)
    days = {local_day(window.start_ms, zone)} | {
        local_day(row[0], zone)
        for row in connection.execute(
            _REACH, (camera_id, first_ms, window.end_ms, window.start_ms)
        )
    }
    for day in days:
        start_ms = day_start_ms(day, zone)
        end_ms = day_start_ms(day + dt.timedelta(days=1), zone)
        connection.execute(
            "update camera_day set kept_ms = ? where camera_id = ? and day = ?",
            (
                _kept_by_day(connection, camera_id, start_ms, end_ms),
                camera_id,
                day.toordinal() - EPOCH_DAY,
            ),
        )


def _count(connection: sqlite3.Connection, row: sqlite3.Row, sign: int) -> bool:
    """Add a clip that is not *complete* now to the sums, or take it out of them.

    True where other clips cover some of its time.
    """
    camera_id = row["camera_id"]
    window = TimeRange(row["start_ms"], row["end_ms"])
    others = index_ledger.kept_ranges(
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
            day_number(row["start_ms"], _zone(connection, row["camera_id"])),
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
                day_number(row["start_ms"], _zone(connection, row["camera_id"])),
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
