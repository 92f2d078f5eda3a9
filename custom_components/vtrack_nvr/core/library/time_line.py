"""The time line for people who look at it: tiles, spans, borders, months, events.

All of it is worked out on one thread of its own: what is cached needs no lock, nobody
waits on the event loop, and the index is held for some rows at a time only. Whoever asks
for much gets a part and asks again.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
import datetime as dt
from itertools import islice, pairwise
from operator import itemgetter
import sqlite3
from typing import NamedTuple

from ..errors import ErrorKind, NvrError
from ..intervals import Ranges, TimeRange, union
from ..models import CameraKey, Clip, CoverageSpan, CoverageState, EventClass
from . import coverage_tiles as tiles_of
from .answering import Answering
from .context import LibraryContext
from .coverage_tiles import (
    CHUNK_MS,
    STATES,
    Stretch,
    TileRuns,
)
from .index import clip_rows, clip_search, span_rows, time_line_rows
from .index.time_line_rows import Touched
from .tile_cache import TileCache, piece_ms

BUDGET_S = 0.5
"""So long one question is worked on; what is left is asked for again."""
CHUNKS_AT_ONCE = 16
MOST_PRESENT = 500
"""Pieces that the present ends and whose lines are remembered."""
SEAM_MS = 2_000
"""Footage that goes on within this goes on without a border."""
MOST_EVENTS = 2_000
MOST_BUCKETS = 500
DAY_MS = 86_400_000
ALL_CLASSES = tuple(each.value for each in EventClass)
PROBLEMS = (CoverageState.FAILED, CoverageState.LOST, CoverageState.MISSING)
_FOREVER_MS = 2**53


class Tile(NamedTuple):
    """A tile of a camera; `until_ms` is not None where it ends with the present."""

    camera: CameraKey
    n: int
    runs: list[int]
    until_ms: int | None


class Moment(NamedTuple):
    """What is known of one moment, exactly.

    `span` is None where nothing is known, `window` is how far that goes (what is kept, and
    what is not known, a day to each side at most).
    """

    span: CoverageSpan | None
    window: TimeRange
    clip: Clip | None
    before: Clip | None
    after: Clip | None


class Edge(NamedTuple):
    """Where something begins; `searched_ms`: nothing up to there, and more is to be seen."""

    start_ms: int | None = None
    end_ms: int | None = None
    state: str | None = None
    event_class: str | None = None
    searched_ms: int | None = None


class Month(NamedTuple):
    """Milliseconds of each state by camera and local day."""

    days: list[dt.date]
    borders_ms: list[int]
    cameras: dict[CameraKey, list[tuple[int, ...]]]


class TimeLine:
    """`library.time_line`; awaited methods are safe on the event loop."""

    def __init__(self, store: LibraryContext) -> None:
        """Read from the store of a library; nothing is read or watched yet."""
        self._store = store
        self._thread = Answering("vtrack-time-line")
        self._ids: dict[CameraKey, int] = {}
        self._keys: dict[int, CameraKey] = {}
        self._oldest_ms: dict[int, int | None] = {}
        """Where the device's footage begins, by the camera's row."""
        self._cache = TileCache()
        self._present: dict[tuple[int, int, int], tuple[list[Stretch], Ranges]] = {}
        self._changes: dict[tuple[int, int], Touched] = {}
        self._is_watching = False

    def close(self, seconds: float) -> None:
        """End the thread; blocks for at most so long."""
        self._thread.close(seconds)

    # Asking

    async def tiles(
        self, level: int, wanted: Sequence[tuple[CameraKey, int]], most_numbers: int
    ) -> tuple[list[Tile], list[tuple[CameraKey, int]]]:
        """Return tiles, and those that are left for another question.

        Stops after about `BUDGET_S`, or after `most_numbers` numbers; at least one tile is
        answered. One of a camera that is not known is empty. Raises `NvrError`.
        """
        return await self._thread.ask(self._tiles, level, wanted, most_numbers)

    async def at(self, camera: CameraKey, moment_ms: int) -> Moment:
        """Return the exact span around a moment, and the clips beside it."""
        return await self._thread.ask(self._at, camera, moment_ms)

    async def spans(
        self, camera: CameraKey, window: TimeRange, limit: int
    ) -> tuple[list[CoverageSpan], int | None]:
        """Return the first exact spans of a window, and from where on there are more."""
        return await self._thread.ask(self._spans, camera, window, limit)

    def told(
        self, camera: CameraKey, spans: Iterable[CoverageSpan]
    ) -> list[tuple[str, CoverageSpan]]:
        """Return spans as people see them, each with the word for its state."""
        oldest_ms = self._oldest_ms.get(self._ids.get(camera, 0))
        return list(tiles_of.told_spans(spans, oldest_ms))

    async def edge(
        self,
        camera: CameraKey,
        moment_ms: int,
        *,
        is_next: bool,
        want: str,
        classes: Sequence[str] = ALL_CLASSES,
    ) -> Edge:
        """Return where the next (last) stretch begins of `kept`, `event` or `problem`."""
        look = {"kept": self._kept_edge, "problem": self._problem_edge}.get(want)
        if look is not None:
            return await self._thread.ask(look, camera, moment_ms, is_next)
        return await self._thread.ask(
            self._event_edge, camera, moment_ms, is_next, classes
        )

    async def month(self, cameras: Sequence[CameraKey], month: dt.date) -> Month:
        """Return the time in each state of each day of a month."""
        days, borders = tiles_of.days_of_month(month, self._store.zone)
        found: dict[CameraKey, list[tuple[int, ...]]] = {}
        for camera in cameras:  # others get their turn in between
            found[camera] = await self._thread.ask(self._sums, camera, borders)
        return Month(days, borders, found)

    async def today(self, camera: CameraKey) -> tuple[int, ...]:
        """Return the time in each state since local midnight."""
        day = dt.datetime.fromtimestamp(
            self._store.clock.now_ms() / 1000, self._store.zone
        ).date()
        _days, borders = tiles_of.days_of_month(day, self._store.zone)
        borders = borders[day.day - 1 : day.day + 1]
        return (await self._thread.ask(self._sums, camera, borders))[0]

    async def clip_places(
        self, camera: CameraKey, window: TimeRange, limit: int
    ) -> tuple[list[tuple[int, int, int]], int | None]:
        """Return (start, id, end) of the clips that touch a window, and where more begin."""
        return await self._thread.ask(self._places, camera, window, limit)

    async def changes(self) -> list[tuple[CameraKey, int, int]]:
        """Return where time lines changed since the last call (all since the first)."""
        return await self._thread.ask(self._take_changes)

    # On the thread

    def _refresh(self) -> None:
        """Forget what changed; everything read after this is newer than what is forgotten."""

        def read(
            connection: sqlite3.Connection,
        ) -> tuple[dict[CameraKey, int], dict[int, int | None], list[Touched]]:
            if not self._is_watching:
                time_line_rows.watch(connection)
            touched = time_line_rows.take_touched(connection)
            oldest_ms = time_line_rows.device_oldest_ms(connection)
            return time_line_rows.camera_ids(connection), oldest_ms, touched

        before = self._oldest_ms
        self._ids, self._oldest_ms, touched = self._store.read(read)
        self._is_watching = True
        self._keys = {number: key for key, number in self._ids.items()}
        for item in (*touched, *_moved(before, self._oldest_ms)):
            self._forget(item)

    def _forget(self, item: Touched) -> None:
        key = (item.camera_id, item.start_ms // CHUNK_MS)
        old = self._changes.get(key, item)
        self._changes[key] = Touched(
            item.camera_id,
            min(old.start_ms, item.start_ms),
            max(old.end_ms, item.end_ms),
        )
        self._cache.forget(*item)
        for present in [key for key in self._present if key[0] == item.camera_id]:
            del self._present[present]

    def _take_changes(self) -> list[tuple[CameraKey, int, int]]:
        self._refresh()
        found = [
            (self._keys[item.camera_id], item.start_ms, item.end_ms)
            for item in self._changes.values()
            if item.camera_id in self._keys
        ]
        self._changes.clear()
        return found

    def _line(
        self, camera_id: int, start_ms: int, end_ms: int
    ) -> tuple[list[Stretch], Ranges]:
        """Return what is known of a window, and where protected clips lie in it."""
        oldest_ms = self._oldest_ms.get(camera_id)
        line: list[Stretch] = []
        protected: list[TimeRange] = []
        at_ms: int | None = start_ms
        while at_ms is not None:
            rows = self._store.read(
                time_line_rows.time_line_rows, camera_id, at_ms, end_ms
            )
            part_ms = end_ms if rows.next_ms is None else rows.next_ms
            entries = tiles_of.with_requestable(rows.entries, oldest_ms)
            part = tiles_of.time_line(rows.clips, entries, at_ms, part_ms)
            if line and part and line[-1][1:] == (part[0][0], part[0][2]):
                line[-1] = (line[-1][0], part[0][1], part[0][2])
                part = part[1:]
            line += part
            protected += [TimeRange(begin, end) for begin, end in rows.protected]
            at_ms = rows.next_ms
        return line, union(protected)

    def _tiles(
        self, level: int, wanted: Sequence[tuple[CameraKey, int]], most_numbers: int
    ) -> tuple[list[Tile], list[tuple[CameraKey, int]]]:
        clock = self._store.clock
        end_s = clock.monotonic() + BUDGET_S
        self._refresh()
        now_ms = clock.now_ms()
        done: list[Tile] = []
        numbers = 0
        for place, (camera, n) in enumerate(wanted):
            if done and (numbers >= most_numbers or clock.monotonic() >= end_s):
                return done, list(wanted[place:])
            tile = self._tile(camera, level, n, now_ms)
            numbers += len(tile.runs)
            done.append(tile)
        return done, []

    def _tile(self, camera: CameraKey, level: int, n: int, now_ms: int) -> Tile:
        length_ms = tiles_of.tile_ms(level)
        start_ms, end_ms = n * length_ms, (n + 1) * length_ms
        camera_id = self._ids.get(camera)
        if camera_id is None or start_ms >= now_ms:
            return Tile(camera, n, [], None)
        until_ms = min(end_ms, now_ms)
        step_ms = piece_ms(level)
        pieces: dict[int, TileRuns] = {}
        missing: list[int] = []
        numbers = range(start_ms // step_ms, -(-until_ms // step_ms))
        known = self._cache.pieces(camera_id, level)
        for number in numbers:
            if (cached := known.get(number)) is None:
                missing.append(number)
            else:
                pieces[number] = cached
        if missing and (missing[-1] + 1) * step_ms > until_ms:
            present = missing.pop()
            pieces[present] = self._present_piece(camera_id, level, present, until_ms)
        for group in tiles_of.consecutive(missing, CHUNKS_AT_ONCE):
            pieces |= self._pieces(camera_id, level, group)
        runs = tiles_of.joined(pieces[number] for number in numbers)
        return Tile(camera, n, runs, now_ms if end_ms > now_ms else None)

    def _present_piece(
        self, camera_id: int, level: int, number: int, until_ms: int
    ) -> TileRuns:
        """Return the piece that the present ends; what it is drawn from is remembered."""
        step_ms = piece_ms(level)
        start_ms = number * step_ms
        key = (camera_id, start_ms, step_ms)
        if (known := self._present.get(key)) is None:
            if len(self._present) >= MOST_PRESENT:
                self._present.clear()
            known = self._line(camera_id, start_ms, start_ms + step_ms)
            self._present[key] = known
        return tiles_of.runs_of(*known, level, start_ms, until_ms)

    def _pieces(
        self, camera_id: int, level: int, numbers: Sequence[int]
    ) -> dict[int, TileRuns]:
        """Return neighbouring pieces of a time line that are over, and remember them."""
        step_ms = piece_ms(level)
        line, protected = self._line(
            camera_id, numbers[0] * step_ms, (numbers[-1] + 1) * step_ms
        )
        made: dict[int, TileRuns] = {}
        at = 0
        for number in numbers:
            start_ms, end_ms = number * step_ms, (number + 1) * step_ms
            while at < len(line) and line[at][1] <= start_ms:
                at += 1
            end = bisect_left(line, end_ms, lo=at, key=itemgetter(0))
            some = islice(line, at, end)
            made[number] = tiles_of.runs_of(some, protected, level, start_ms, end_ms)
            self._cache.keep(camera_id, level, number, made[number])
        return made

    def _sums(self, camera: CameraKey, borders: Sequence[int]) -> list[tuple[int, ...]]:
        self._refresh()
        now_ms = self._store.clock.now_ms()
        camera_id = self._ids.get(camera)
        found: list[tuple[int, ...]] = []
        for start_ms, border_ms in pairwise(borders):
            end_ms = max(start_ms, min(border_ms, now_ms))
            if camera_id is None or end_ms == start_ms:
                found.append(tiles_of.durations((), start_ms, end_ms))
                continue
            known = self._cache.day(camera_id, start_ms, end_ms)
            if known is None:
                line, _protected = self._line(camera_id, start_ms, end_ms)
                known = tiles_of.durations(line, start_ms, end_ms)
                if end_ms == border_ms:
                    self._cache.keep_day(camera_id, start_ms, end_ms, known)
            found.append(known)
        return found

    def _known(self, camera: CameraKey) -> int:
        """Return a camera's row; raises `GONE` without one."""
        self._refresh()
        camera_id = self._ids.get(camera)
        if camera_id is None:
            raise NvrError(ErrorKind.GONE, "there is no such camera", where=camera)
        return camera_id

    def _at(self, camera: CameraKey, moment_ms: int) -> Moment:
        camera_id = self._known(camera)

        def clips(connection: sqlite3.Connection) -> list[Clip | None]:
            shown = time_line_rows.clip_at(connection, camera_id, moment_ms)
            beside = time_line_rows.clips_beside(connection, camera_id, moment_ms)
            return [
                None if found is None else clip_rows.get_clip(connection, found)
                for found in (shown, *(place and place[1] for place in beside))
            ]

        clip, before, after = self._store.read(clips)
        moment = TimeRange(moment_ms, moment_ms + 1)
        entries = self._store.read(span_rows.entries_in, camera_id, moment)
        if clip is None and entries:
            span = entries[0].span()
            return Moment(span, span.range, None, before, after)
        window = self._whole(camera_id, moment_ms)
        kept = None if clip is None else CoverageSpan(CoverageState.KEPT, window)
        return Moment(kept, window, clip, before, after)

    def _whole(self, camera_id: int, moment_ms: int) -> TimeRange:
        """Return how far the state of a moment goes to both sides, within a day or so."""
        start_ms = max(0, moment_ms - DAY_MS)
        end_ms = moment_ms + DAY_MS
        line, _protected = self._line(camera_id, start_ms, end_ms)
        low_ms, high_ms = start_ms, end_ms
        for begin, end, _number in line:
            if begin <= moment_ms < end:
                return TimeRange(begin, end)
            if end <= moment_ms:
                low_ms = end
            elif begin > moment_ms:
                high_ms = begin
                break
        return TimeRange(low_ms, high_ms)

    def _spans(
        self, camera: CameraKey, window: TimeRange, limit: int
    ) -> tuple[list[CoverageSpan], int | None]:
        self._known(camera)
        clock = self._store.clock
        end_s = clock.monotonic() + BUDGET_S
        found: list[CoverageSpan] = []
        rest: TimeRange | None = window
        while rest is not None:
            more, rest = self._store.read(clip_search.coverage_part, camera, rest)
            for span in more:
                clip_search.join_spans(found, (span,))  # clips that touch are one
            if len(found) > limit:
                return found[:limit], found[limit].range.start_ms
            if rest is not None and clock.monotonic() >= end_s:
                return found, rest.start_ms
        return found, None

    def _kept_edge(self, camera: CameraKey, moment_ms: int, is_next: bool) -> Edge:
        camera_id = self._known(camera)
        clock = self._store.clock
        end_s = clock.monotonic() + BUDGET_S
        step_ms = CHUNKS_AT_ONCE * CHUNK_MS
        at_ms = moment_ms
        while clock.monotonic() < end_s:
            clip_ms = self._store.read(
                time_line_rows.nearest_clip_ms, camera_id, at_ms, is_next=is_next
            )
            if clip_ms is None:
                return Edge()
            if is_next:
                low_ms, high_ms = clip_ms, clip_ms + step_ms
            else:
                low_ms, high_ms = max(0, clip_ms - step_ms), clip_ms + 1
            # what goes on from before the window does not begin in it
            line, _ = self._line(camera_id, max(0, low_ms - SEAM_MS - 1), high_ms)
            runs = tiles_of.kept_runs(line, SEAM_MS)
            for begin, end in runs if is_next else reversed(runs):
                is_beyond = begin > moment_ms if is_next else begin < moment_ms
                if begin >= low_ms and is_beyond:
                    end_ms = end if end < high_ms else None
                    return Edge(begin, end_ms, CoverageState.KEPT)
            at_ms = high_ms - 1 if is_next else low_ms
        return Edge(searched_ms=at_ms)

    def _problem_edge(self, camera: CameraKey, moment_ms: int, is_next: bool) -> Edge:
        camera_id = self._known(camera)
        found = self._store.read(
            time_line_rows.span_in_state,
            camera_id,
            PROBLEMS,
            moment_ms,
            is_next=is_next,
        )
        return Edge() if found is None else Edge(found[0], found[1], STATES[found[2]])

    def _event_edge(
        self, camera: CameraKey, moment_ms: int, is_next: bool, classes: Sequence[str]
    ) -> Edge:
        camera_id = self._known(camera)
        clock = self._store.clock
        end_s = clock.monotonic() + BUDGET_S
        after = (moment_ms, "\U0010ffff" if is_next else "", "")
        while clock.monotonic() < end_s:
            found, rest = self._store.read(
                time_line_rows.marks_from, camera_id, classes, after, is_next=is_next
            )
            if found:
                mark = found[0]
                return Edge(mark.start_ms, mark.end_ms, None, mark.event_class)
            if rest is None:
                return Edge()
            after = rest
        return Edge(searched_ms=after[0])

    def _places(
        self, camera: CameraKey, window: TimeRange, limit: int
    ) -> tuple[list[tuple[int, int, int]], int | None]:
        camera_id = self._known(camera)
        found: list[tuple[int, int, int]] = []
        at_ms = window.start_ms
        first = self._store.read(time_line_rows.clip_at, camera_id, at_ms)
        if first is not None:
            clip = self._store.read(clip_rows.get_clip, first)
            if clip is not None and clip.facts.range.start_ms < at_ms:
                whole = clip.facts.range
                found.append((whole.start_ms, clip.id, whole.end_ms))
        while len(found) <= limit:
            some = self._store.read(
                time_line_rows.places_between,
                camera_id,
                at_ms,
                window.end_ms,
                time_line_rows.PART,
            )
            known = {item[1] for item in found[-time_line_rows.PART :]}
            news = [item for item in some if item[1] not in known]
            found += news
            if len(some) < time_line_rows.PART or not news:
                break
            at_ms = some[-1][0]
        if len(found) > limit:
            return found[:limit], found[limit][0]
        return found, None


def _moved(
    before: Mapping[int, int | None], now: Mapping[int, int | None]
) -> Iterator[Touched]:
    """Return the time that devices have dropped, or tell of anew."""
    for camera_id, oldest_ms in now.items():
        low, high = sorted((before.get(camera_id) or 0, oldest_ms or 0))
        if camera_id in before and low < high:
            yield Touched(camera_id, low, high)
