"""What people look at: days, pages of clips, searches, stretches by state.

Every function takes the index's connection and only reads. Pages go by (start, id), not
by offset, so that the last page is as quick as the first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
import datetime as dt
import heapq
import sqlite3
from typing import Any

from ...intervals import TimeRange
from ...models import CameraKey, Clip, CoverageSpan, CoverageState, EventClass
from ..values import ClipPage, CoverageSummary, DayInfo, LedgerEntry, SearchOrder
from . import camera_rows, span_rows
from .day_sums import EPOCH_DAY
from .rows import CLIP_COLUMNS, CLIP_TABLES, clip_of

type ClipPlace = tuple[int, int]
"""Start and id of a clip: where it stands in the order of all clips."""

_MARKS = 500
_SLICE_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched; `after` is the last place of the page before."""

    camera_ids: Sequence[int] | None
    window: TimeRange | None
    is_newest: bool
    limit: int
    after: ClipPlace | None = None
    is_protected: bool | None = None

    def of_camera(self, camera_id: int) -> Search:
        """Return the same search for one camera."""
        return replace(self, camera_ids=(camera_id,))

    def fits(self, place: ClipPlace) -> bool:
        """Return whether a place is in the window and after the page before."""
        if self.window is not None and not self.window.contains(place[0]):
            return False
        if self.after is None:
            return True
        return place < self.after if self.is_newest else place > self.after


def places_of(connection: sqlite3.Connection, search: Search) -> list[ClipPlace]:
    """Return the places of complete clips in the order asked for."""
    where, values = _conditions(search)
    way = "desc" if search.is_newest else "asc"
    rows = connection.execute(
        f"select start_ms, id from clip where {where}"  # noqa: S608  our own words
        f" order by start_ms {way}, id {way} limit :limit",
        {**values, "limit": search.limit},
    )
    return [(row[0], row[1]) for row in rows]


def _conditions(search: Search) -> tuple[str, dict[str, Any]]:
    where = ["state = 'complete'"]
    values: dict[str, Any] = {}
    ids = search.camera_ids
    if ids is not None:
        # "+" keeps SQLite on the index by start, which has the wanted order
        where.append(
            f"camera_id = {ids[0]}"
            if len(ids) == 1
            else f"+camera_id in ({','.join(map(str, ids))})"
        )
    if search.window is not None:
        where.append("start_ms >= :start and start_ms < :end")
        values |= {"start": search.window.start_ms, "end": search.window.end_ms}
    if search.after is not None:
        sign = "<" if search.is_newest else ">"
        where.append(f"(start_ms, id) {sign} (:after_ms, :after)")
        values |= {"after_ms": search.after[0], "after": search.after[1]}
    if search.is_protected is not None:
        where.append(f"is_protected = {int(search.is_protected)}")
    return " and ".join(where), values


class EventSearch:
    """The places of clips that an event of a class touches, found step by step.

    Goes along the events, not the clips: rare events among a million clips are found at
    once. A place is certain when no event still to come can touch a clip before it.
    """

    def __init__(self, search: Search, event_class: EventClass) -> None:
        """Begin; nothing is read yet."""
        self._search = search
        self._class = event_class
        self._found: set[ClipPlace] = set()
        self._last: sqlite3.Row | None = None
        self._at_ms: int | None = None
        self.places: list[ClipPlace] = []
        """What was found, when `step` is done."""

    def step(self, connection: sqlite3.Connection) -> bool:
        """Look at some events more; True when there is nothing more to look for."""
        search = self._search
        longest = connection.execute(
            "select coalesce(max(longest_ms), 0), coalesce(max(longest_mark_ms), 0)"
            " from camera"
        ).fetchone()
        clip_ms, mark_ms = longest[0], longest[1]
        if search.is_protected and search.window is None:
            self._search = search = replace(search, window=_protected(connection))
        marks = self._marks(connection, clip_ms, mark_ms)
        for mark in marks:
            self._found.update(
                place
                for place in _touched(connection, mark, clip_ms, search)
                if search.fits(place)
            )
        certain = list(self._found)
        if self._at_ms is not None:
            at_ms = self._at_ms
            certain = [
                place
                for place in certain
                if (
                    place[0] > at_ms + mark_ms
                    if search.is_newest
                    else place[0] < at_ms - clip_ms
                )
            ]
        if self._at_ms is not None and len(certain) < search.limit:
            return False
        pick = heapq.nlargest if search.is_newest else heapq.nsmallest
        self.places = pick(search.limit, certain)
        return True

    def _marks(
        self, connection: sqlite3.Connection, clip_ms: int, mark_ms: int
    ) -> list[sqlite3.Row]:
        """Return the next events in the order of the search, and move on past them.

        `_at_ms` says from where on none was looked at; None: all were.
        """
        search, name = self._search, self._class.value
        low_ms, high_ms = self._bounds(clip_ms, mark_ms)
        if self._at_ms is not None:
            low_ms, high_ms = (
                (low_ms, self._at_ms) if search.is_newest else (self._at_ms, high_ms)
            )
        where = "class = ? and start_ms >= ? and start_ms <= ?"
        if search.camera_ids is not None:
            # those of other cameras are passed over: not too many of them in one go
            next_ms: int | None = connection.execute(
                f"select {'max' if search.is_newest else 'min'}(start_ms) from mark"  # noqa: S608  our own words
                f" where {where}",
                (name, low_ms, high_ms),
            ).fetchone()[0]
            if next_ms is None:
                self._at_ms = None
                return []
            if search.is_newest:
                low_ms = max(low_ms, next_ms - _SLICE_MS)
            else:
                high_ms = min(high_ms, next_ms + _SLICE_MS)
            where += f" and camera_id in ({','.join(map(str, search.camera_ids))})"
        values: list[object] = [name, low_ms, high_ms]
        if self._last is not None:
            sign = "<" if search.is_newest else ">"
            where += f" and (start_ms, camera_id, source) {sign} (?, ?, ?)"
            last = self._last
            values += [last["start_ms"], last["camera_id"], last["source"]]
        way = "desc" if search.is_newest else "asc"
        marks = connection.execute(
            "select camera_id, start_ms, end_ms, source from mark"  # noqa: S608  our own words
            f" where {where}"
            f" order by start_ms {way}, camera_id {way}, source {way} limit ?",
            (*values, _MARKS),
        ).fetchall()
        first_ms, end_ms = self._bounds(clip_ms, mark_ms)
        if len(marks) == _MARKS:
            self._last = marks[-1]
            self._at_ms = marks[-1]["start_ms"]
        elif search.is_newest:
            self._at_ms = low_ms - 1 if low_ms > first_ms else None
        else:
            self._at_ms = high_ms + 1 if high_ms < end_ms else None
        return marks

    def _bounds(self, clip_ms: int, mark_ms: int) -> tuple[int, int]:
        """Return between which moments an event can begin that touches a clip wanted."""
        search = self._search
        low_ms, high_ms = -(2**62), 2**62
        if search.window is not None:
            low_ms = search.window.start_ms - mark_ms
            high_ms = search.window.end_ms + clip_ms
        if search.after is not None:
            if search.is_newest:
                high_ms = min(high_ms, search.after[0] + clip_ms)
            else:
                low_ms = max(low_ms, search.after[0] - mark_ms)
        return low_ms, high_ms


def _protected(connection: sqlite3.Connection) -> TimeRange:
    """Return the time in which protected clips begin: there are few of them."""
    first, last = connection.execute(
        "select (select min(start_ms) from clip where is_protected = 1"
        " and state = 'complete'), (select max(start_ms) from clip"
        " where is_protected = 1 and state = 'complete')"
    ).fetchone()
    return TimeRange(0, 0) if first is None else TimeRange(first, last + 1)


def _touched(
    connection: sqlite3.Connection, mark: sqlite3.Row, clip_ms: int, search: Search
) -> list[ClipPlace]:
    """Return the clips that an event touches."""
    protected = (
        ""
        if search.is_protected is None
        else f" and is_protected = {int(search.is_protected)}"
    )
    rows = connection.execute(
        "select start_ms, id from clip where state = 'complete' and camera_id = ?"  # noqa: S608  our own words
        f" and start_ms > ? and start_ms <= ? and end_ms > ?{protected}",
        (
            mark["camera_id"],
            mark["start_ms"] - clip_ms - 1,
            mark["end_ms"],
            mark["start_ms"],
        ),
    )
    return [(row[0], row[1]) for row in rows]


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
        (camera_rows.camera_id(connection, camera),),
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
    after: ClipPlace | None = None,
    limit: int = -1,
) -> tuple[Clip, ...]:
    """Return the complete clips that touch the window, in order (after a place)."""
    row = camera_rows.camera_row(connection, camera)
    rows = connection.execute(
        f"select {CLIP_COLUMNS} from {CLIP_TABLES} where clip.state = 'complete'"  # noqa: S608  our own words
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
        else [camera_rows.camera_id(connection, key) for key in cameras]
    )
    place: ClipPlace | None = None
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


def places(connection: sqlite3.Connection, search: Search) -> list[ClipPlace]:
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


def clip_page(
    connection: sqlite3.Connection, search: Search, found: Sequence[ClipPlace]
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
    them, in order; `join_spans` makes whole again what was cut between two parts.
    """
    camera_id = camera_rows.camera_id(connection, camera)
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
        for item in span_rows.kept_ranges(connection, camera_id, part)
    ]
    for entry in span_rows.entries_in(connection, camera_id, part):
        start_ms = max(entry.start_ms, part.start_ms)
        cut_ms = min(entry.end_ms, part.end_ms)
        if start_ms < cut_ms:
            spans.append(entry._replace(start_ms=start_ms, end_ms=cut_ms).span())
    spans.sort(key=lambda span: span.range)
    is_whole = end_ms == window.end_ms
    return spans, None if is_whole else TimeRange(end_ms, window.end_ms)


def join_spans(spans: list[CoverageSpan], more: Sequence[CoverageSpan]) -> None:
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
            (state.value, camera_rows.camera_id(connection, camera), limit),
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
