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
_SLICE_MS = 86_400_000


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


class EventSearch:
    """The places of clips that an event of a class touches, found step by step.

    Goes along the events, not the clips: rare events among a million clips are found at
    once. A place is certain when no event still to come can touch a clip before it.
    """

    def __init__(self, search: Search, event_class: EventClass) -> None:
        """Begin; nothing is read yet."""
        self._search = search
        self._class = event_class
        self._found: set[Place] = set()
        self._last: sqlite3.Row | None = None
        self._at_ms: int | None = None
        self.places: list[Place] = []
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
