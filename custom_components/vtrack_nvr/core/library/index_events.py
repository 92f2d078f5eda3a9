"""Searching clips: their places in order, with or without an event that touches them.

Every function takes the index's connection and only reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
import heapq
import sqlite3
from typing import Any

from ..intervals import TimeRange
from ..models import EventClass

type Place = tuple[int, int]
"""Start and id of a clip: where it stands in the order of all clips."""

_MARKS = 500


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched; `after` is the last place of the page before."""

    camera_ids: Sequence[int] | None
    window: TimeRange | None
    is_newest: bool
    limit: int
    after: Place | None = None
    is_protected: bool | None = None

    def of_camera(self, camera_id: int) -> Search:
        """Return the same search for one camera."""
        return replace(self, camera_ids=(camera_id,))

    def fits(self, place: Place) -> bool:
        """Say whether a place is in the window and after the page before."""
        if self.window is not None and not self.window.contains(place[0]):
            return False
        if self.after is None:
            return True
        return place < self.after if self.is_newest else place > self.after


def places_of(connection: sqlite3.Connection, search: Search) -> list[Place]:
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


def places(
    connection: sqlite3.Connection, search: Search, event_class: EventClass
) -> list[Place]:
    """Return the places of clips that an event of a class touches.

    Goes along the events, not the clips: rare events among a million clips are found at
    once. A place is certain when no event still to come can touch a clip before it.
    """
    longest = connection.execute(
        "select coalesce(max(longest_ms), 0), coalesce(max(longest_mark_ms), 0)"
        " from camera"
    ).fetchone()
    clip_ms, mark_ms = longest[0], longest[1]
    found: set[Place] = set()
    last: sqlite3.Row | None = None
    while True:
        marks = _marks(connection, search, event_class, last, clip_ms, mark_ms)
        for mark in marks:
            found.update(
                place
                for place in _touched(connection, mark, clip_ms, search)
                if search.fits(place)
            )
        if len(marks) < _MARKS:
            certain = list(found)
            break
        last = marks[-1]
        cursor = last["start_ms"]
        certain = [
            place
            for place in found
            if (
                place[0] > cursor + mark_ms
                if search.is_newest
                else place[0] < cursor - clip_ms
            )
        ]
        if len(certain) >= search.limit:
            break
    pick = heapq.nlargest if search.is_newest else heapq.nsmallest
    return pick(search.limit, certain)


def _marks(
    connection: sqlite3.Connection,
    search: Search,
    event_class: EventClass,
    last: sqlite3.Row | None,
    clip_ms: int,
    mark_ms: int,
) -> list[sqlite3.Row]:
    """Return the next events after `last`, in the order of the search."""
    low, high = -(2**62), 2**62
    if search.window is not None:
        low = search.window.start_ms - mark_ms
        high = search.window.end_ms + clip_ms
    if search.after is not None:
        if search.is_newest:
            high = min(high, search.after[0] + clip_ms)
        else:
            low = max(low, search.after[0] - mark_ms)
    where = ["class = ? and start_ms >= ? and start_ms <= ?"]
    values: list[object] = [event_class.value, low, high]
    if search.camera_ids is not None:
        where.append(f"camera_id in ({','.join(map(str, search.camera_ids))})")
    if last is not None:
        sign = "<" if search.is_newest else ">"
        where.append(f"(start_ms, camera_id, source) {sign} (?, ?, ?)")
        values += [last["start_ms"], last["camera_id"], last["source"]]
    way = "desc" if search.is_newest else "asc"
    return connection.execute(
        "select camera_id, start_ms, end_ms, source from mark"  # noqa: S608  our own words
        f" where {' and '.join(where)}"
        f" order by start_ms {way}, camera_id {way}, source {way} limit ?",
        (*values, _MARKS),
    ).fetchall()


def _touched(
    connection: sqlite3.Connection, mark: sqlite3.Row, clip_ms: int, search: Search
) -> list[Place]:
    """Return the clips that an event touches."""
    protected = (
        ""
        if search.is_protected is None
        else f" and is_protected = {int(search.is_protected)}"
    )
    rows = connection.execute(
        "select start_ms, id from clip where state = 'complete' and camera_id = ?"  # noqa: S608
        f" and start_ms > ? and start_ms <= ? and end_ms > ?{protected}",
        (
            mark["camera_id"],
            mark["start_ms"] - clip_ms - 1,
            mark["end_ms"],
            mark["start_ms"],
        ),
    )
    return [(row[0], row[1]) for row in rows]
