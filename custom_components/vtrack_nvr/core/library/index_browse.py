"""What people look at: days, pages of clips, searches, stretches by state.

Every function takes the index's connection and only reads. Pages go by (start, id), not
by offset, so that the last page is as quick as the first.
"""

from collections.abc import Sequence
import datetime as dt
import sqlite3

from ..intervals import TimeRange
from ..models import CameraKey, Clip, CoverageSpan, CoverageState, EventClass
from . import index_cameras, index_events, index_ledger
from .index_clips import EPOCH_DAY
from .index_events import Place, Search, places_of
from .rows import CLIP_COLUMNS, CLIP_TABLES, clip_of
from .values import (
    ClipPage,
    CoverageSummary,
    DayInfo,
    LedgerEntry,
    SearchOrder,
)

_MERGED = 64
"""Up to so many cameras are searched one by one; beyond, along the common time line."""

_EXPECTED = (
    CoverageState.ON_DEVICE,
    CoverageState.FETCHING,
    CoverageState.FAILED,
    CoverageState.LOST,
    CoverageState.MISSING,
)


def days(connection: sqlite3.Connection, camera: CameraKey) -> tuple[DayInfo, ...]:
    """Return the days on which clips begin, newest first."""
    rows = connection.execute(
        "select * from camera_day where camera_id = ? and clips > 0 order by day desc",
        (index_cameras.camera_id(connection, camera),),
    )
    return tuple(
        DayInfo(
            dt.date.fromordinal(row["day"] + EPOCH_DAY),
            row["clips"],
            row["bytes"],
            row["kept_ms"],
            row["protected"],
        )
        for row in rows
    )


def clips_touching(
    connection: sqlite3.Connection, camera: CameraKey, window: TimeRange
) -> tuple[Clip, ...]:
    """Return the complete clips that touch the window, in order."""
    row = index_cameras.camera_row(connection, camera)
    rows = connection.execute(
        f"select {CLIP_COLUMNS} from {CLIP_TABLES} where clip.state = 'complete'"  # noqa: S608
        " and clip.camera_id = ? and clip.start_ms >= ? and clip.start_ms < ?"
        " and clip.end_ms > ? order by clip.start_ms, clip.id",
        (
            row["id"],
            window.start_ms - row["longest_ms"],
            window.end_ms,
            window.start_ms,
        ),
    )
    return tuple(clip_of(found) for found in rows)


def page(
    connection: sqlite3.Connection,
    cameras: Sequence[CameraKey] | None,
    window: TimeRange | None,
    order: SearchOrder,
    limit: int,
    after: int | None,
    *,
    is_protected: bool | None = None,
    event_class: EventClass | None = None,
) -> ClipPage:
    """Return complete clips that begin in the window, after the clip with id `after`.

    Places (start, id) are found first, whole rows only for the page.
    """
    ids = (
        None
        if cameras is None
        else [index_cameras.camera_id(connection, key) for key in cameras]
    )
    place: Place | None = None
    if after is not None:
        row = connection.execute(
            "select start_ms from clip where id = ?", (after,)
        ).fetchone()
        if row is None:
            return ClipPage(())
        place = (row[0], after)
    search = Search(
        camera_ids=ids,
        window=window,
        is_newest=order is SearchOrder.NEWEST,
        limit=limit + 1,
        after=place,
        is_protected=is_protected,
    )
    if event_class is not None:
        places = index_events.places(connection, search, event_class)
    elif ids is not None and 1 < len(ids) <= _MERGED:
        places = sorted(
            (
                found
                for camera_id in ids
                for found in places_of(connection, search.of_camera(camera_id))
            ),
            reverse=search.is_newest,
        )
    else:
        places = places_of(connection, search)
    clips = _clips(connection, [clip_id for _start, clip_id in places[:limit]])
    return ClipPage(clips, clips[-1].id if len(places) > limit and clips else None)


def _clips(connection: sqlite3.Connection, ids: Sequence[int]) -> tuple[Clip, ...]:
    """Return clips by their ids, in that order."""
    rows = connection.execute(
        f"select {CLIP_COLUMNS} from {CLIP_TABLES}"  # noqa: S608  numbers only
        f" where clip.id in ({','.join(map(str, ids))})"
    )
    by_id = {row["id"]: clip_of(row) for row in rows}
    return tuple(by_id[clip_id] for clip_id in ids)


def coverage(
    connection: sqlite3.Connection, camera: CameraKey, window: TimeRange
) -> tuple[CoverageSpan, ...]:
    """Return the spans that touch the window, cut to it, *kept* among them, in order."""
    camera_id = index_cameras.camera_id(connection, camera)
    spans = [
        CoverageSpan(CoverageState.KEPT, item)
        for item in index_ledger.kept_ranges(connection, camera_id, window)
    ]
    for entry in index_ledger.entries_in(connection, camera_id, window):
        start_ms = max(entry.start_ms, window.start_ms)
        end_ms = min(entry.end_ms, window.end_ms)
        if start_ms < end_ms:
            spans.append(entry._replace(start_ms=start_ms, end_ms=end_ms).span())
    return tuple(sorted(spans, key=lambda span: span.range))


def summary(
    connection: sqlite3.Connection, camera: CameraKey, window: TimeRange
) -> CoverageSummary:
    """Return the sums per state inside the window."""
    sums: dict[CoverageState, int] = {}
    for span in coverage(connection, camera, window):
        sums[span.state] = sums.get(span.state, 0) + span.range.duration_ms
    kept_ms = sums.get(CoverageState.KEPT, 0)
    expected_ms = kept_ms + sum(sums.get(state, 0) for state in _EXPECTED)
    percent = 100.0 * kept_ms / expected_ms if expected_ms else None
    return CoverageSummary(window, sums, percent)


def ledger_entries(
    connection: sqlite3.Connection,
    cameras: Sequence[CameraKey] | None,
    state: CoverageState,
    limit: int,
) -> tuple[LedgerEntry, ...]:
    """Return stretches in one state, latest footage first."""
    if cameras is None:
        rows = connection.execute("select key from camera order by id").fetchall()
        cameras = [CameraKey(row["key"]) for row in rows]
    found: list[LedgerEntry] = []
    for camera in cameras:
        rows = connection.execute(
            "select * from coverage where state = ? and camera_id = ?"
            " order by start_ms desc limit ?",
            (state.value, index_cameras.camera_id(connection, camera), limit),
        ).fetchall()
        found += [
            LedgerEntry(
                camera,
                state,
                TimeRange(row["start_ms"], row["end_ms"]),
                row["reason"],
                row["changed_ms"],
                row["run_id"],
            )
            for row in rows
        ]
    found.sort(key=lambda item: item.range.start_ms, reverse=True)
    return tuple(found[:limit])
