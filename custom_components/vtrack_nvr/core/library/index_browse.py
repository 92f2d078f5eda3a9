"""What people look at: days, pages of clips, searches, stretches by state.

Every function takes the index's connection and only reads. Pages go by (start, id), not
by offset, so that the last page is as quick as the first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
import datetime as dt
import sqlite3

from ..intervals import TimeRange
from ..models import CameraKey, Clip, CoverageSpan, CoverageState
from . import index_cameras, index_ledger
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

_PART = 1_000
"""Clips and rows of the ledger that are read in one go."""

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
    connection: sqlite3.Connection,
    camera: CameraKey,
    window: TimeRange,
    *,
    after: Place | None = None,
    limit: int = -1,
) -> tuple[Clip, ...]:
    """Return the complete clips that touch the window, in order (after a place)."""
    row = index_cameras.camera_row(connection, camera)
    rows = connection.execute(
        f"select {CLIP_COLUMNS} from {CLIP_TABLES} where clip.state = 'complete'"  # noqa: S608
        " and clip.camera_id = ? and (clip.start_ms, clip.id) > (?, ?)"
        " and clip.start_ms < ? and clip.end_ms > ?"
        " order by clip.start_ms, clip.id limit ?",
        (
            row["id"],
            *(after or (window.start_ms - row["longest_ms"], -1)),
            window.end_ms,
            window.start_ms,
            limit,
        ),
    )
    return tuple(clip_of(found) for found in rows)


def begin_page(
    connection: sqlite3.Connection,
    cameras: Sequence[CameraKey] | None,
    window: TimeRange | None,
    order: SearchOrder,
    limit: int,
    after: int | None,
    *,
    is_protected: bool | None = None,
) -> Search | None:
    """Return the search for a page after the clip with id `after`; None: it is gone."""
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
            return None
        place = (row[0], after)
    return Search(
        camera_ids=ids,
        window=window,
        is_newest=order is SearchOrder.NEWEST,
        limit=limit + 1,
        after=place,
        is_protected=is_protected,
    )


def places(connection: sqlite3.Connection, search: Search) -> list[Place]:
    """Return where the clips of a search are, whatever happened then."""
    ids = search.camera_ids
    if ids is None or not 1 < len(ids) <= _MERGED:
        return places_of(connection, search)
    return sorted(
        (
            found
            for camera_id in ids
            for found in places_of(connection, search.of_camera(camera_id))
        ),
        reverse=search.is_newest,
    )


def page(
    connection: sqlite3.Connection, search: Search, found: Sequence[Place]
) -> ClipPage:
    """Return the page of the places that were found: whole rows only for them."""
    limit = search.limit - 1
    clips = _clips(connection, [clip_id for _start, clip_id in found[:limit]])
    return ClipPage(clips, clips[-1].id if len(found) > limit and clips else None)


def _clips(connection: sqlite3.Connection, ids: Sequence[int]) -> tuple[Clip, ...]:
    """Return clips by their ids, in that order."""
    rows = connection.execute(
        f"select {CLIP_COLUMNS} from {CLIP_TABLES}"  # noqa: S608  numbers only
        f" where clip.id in ({','.join(map(str, ids))})"
    )
    by_id = {row["id"]: clip_of(row) for row in rows}
    # one that went since its place was found is left out
    return tuple(by_id[clip_id] for clip_id in ids if clip_id in by_id)


def coverage_part(
    connection: sqlite3.Connection, camera: CameraKey, window: TimeRange
) -> tuple[list[CoverageSpan], TimeRange | None]:
    """Return the spans at the beginning of a window, and the rest of the window.

    The part holds a bounded number of clips and rows. Spans are cut to it, *kept* among
    them, in order; `join` makes whole again what was cut between two parts.
    """
    camera_id = index_cameras.camera_id(connection, camera)
    end_ms = window.end_ms
    for table, state in (("clip", " and state = 'complete'"), ("coverage", "")):
        row = connection.execute(
            f"select start_ms from {table} where camera_id = ?{state}"  # noqa: S608  our own words
            " and start_ms > ? and start_ms < ? order by start_ms limit 1 offset ?",
            (camera_id, window.start_ms, end_ms, _PART),
        ).fetchone()
        end_ms = row[0] if row else end_ms
    part = TimeRange(window.start_ms, end_ms)
    spans = [
        CoverageSpan(CoverageState.KEPT, item)
        for item in index_ledger.kept_ranges(connection, camera_id, part)
    ]
    for entry in index_ledger.entries_in(connection, camera_id, part):
        start_ms = max(entry.start_ms, part.start_ms)
        cut_ms = min(entry.end_ms, part.end_ms)
        if start_ms < cut_ms:
            spans.append(entry._replace(start_ms=start_ms, end_ms=cut_ms).span())
    spans.sort(key=lambda span: span.range)
    is_whole = end_ms == window.end_ms
    return spans, None if is_whole else TimeRange(end_ms, window.end_ms)


def join(spans: list[CoverageSpan], more: Sequence[CoverageSpan]) -> None:
    """Add the spans of the next part; what was cut between the two is whole again."""
    if spans and more:
        last, first = spans[-1], more[0]
        if last.range.end_ms == first.range.start_ms and last == replace(
            first, range=last.range
        ):
            whole = TimeRange(last.range.start_ms, first.range.end_ms)
            spans[-1] = replace(last, range=whole)
            more = more[1:]
    spans.extend(more)


def summary(spans: Iterable[CoverageSpan], window: TimeRange) -> CoverageSummary:
    """Return the sums per state of the spans of a window."""
    sums: dict[CoverageState, int] = {}
    for span in spans:
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
            "select * from coverage indexed by coverage_by_state"
            " where state = ? and camera_id = ?"
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
