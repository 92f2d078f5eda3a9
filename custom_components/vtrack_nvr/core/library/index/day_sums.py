"""The sums of each day of a camera, kept right as clips come and go.

Every function takes the index's connection and belongs inside a transaction.
"""

import datetime as dt
import sqlite3
from zoneinfo import ZoneInfo

from ...intervals import TimeRange
from ..naming import day_start_ms, local_day

EPOCH_DAY = 719_163  # date(1970, 1, 1).toordinal()

_RECOUNT = "recount:"
_RECOUNT_CLIPS = 2_000
"""Clips that are counted in one transaction."""


def day_number(utc_ms: int, zone: ZoneInfo) -> int:
    """Return the local day of a moment as days since 1970-01-01."""
    return local_day(utc_ms, zone).toordinal() - EPOCH_DAY


def zone_of_camera(connection: sqlite3.Connection, camera_id: int) -> ZoneInfo:
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
    zone, before_ms, left = (
        zone_of_camera(connection, camera_id),
        int(row[0]),
        _RECOUNT_CLIPS,
    )
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


def share_out(
    connection: sqlite3.Connection, camera_id: int, window: TimeRange
) -> None:
    """Count what is kept of the days whose clips touch the window anew.

    Time that several clips cover counts for the day of the first: which one that is
    changes when one of them comes or goes.
    """
    zone = zone_of_camera(connection, camera_id)
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
