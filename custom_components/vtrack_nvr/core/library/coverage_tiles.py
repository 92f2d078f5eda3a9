"""Coverage in levels of detail: time tiles, as maps have them; pure functions.

Level k has buckets of 4^k seconds; a tile is 1 024 of them, aligned to the epoch. A bucket
tells the state that fills most of it and the worst problem inside, so that one bad second
shows in a month and does not paint an hour. `docs/websocket-api.md` draws the answer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

from ..intervals import Ranges, TimeRange
from ..models import EXPECTED_STATES, CoverageSpan, CoverageState
from .naming import day_start_ms

UNKNOWN: Final = 0
ON_REQUEST: Final = "on_request"
"""What is *not wanted* and still on the device: it can be had on request."""
STATES: Final[tuple[str, ...]] = (
    "unknown",
    CoverageState.KEPT,
    CoverageState.ON_DEVICE,
    CoverageState.FETCHING,
    CoverageState.FAILED,
    CoverageState.LOST,
    CoverageState.MISSING,
    CoverageState.REMOVED,
    CoverageState.ABSENT,
    CoverageState.NOT_WANTED,
    ON_REQUEST,
)
"""The states in the order of their numbers; the numbers are part of the API.

People see one more than the ledger has.
"""
NUMBERS: Final = {state: number for number, state in enumerate(STATES)}
KEPT: Final = NUMBERS[CoverageState.KEPT]
EXPECTED: Final = tuple(sorted(NUMBERS[state] for state in EXPECTED_STATES))
"""What counts when coverage is a percentage."""
PROTECTED: Final = 16
"""Added to a mark: a protected clip lies in the bucket."""

LEVELS: Final = 8
BASE_MS: Final = 1000
FACTOR: Final = 4
"""A bucket is so many of the finer level; `bucket_ms` shifts by two bits."""
BUCKETS: Final = 1024
CHUNK_MS: Final = 65_536_000
"""What is cached for itself: whole buckets of every level fit into it."""
CHUNK_LEVEL: Final = 3
"""The level whose tile is one chunk; tiles of finer ones are parts of a chunk."""

_WORST: Final = {
    NUMBERS[CoverageState.MISSING]: 3,
    NUMBERS[CoverageState.LOST]: 2,
    NUMBERS[CoverageState.FAILED]: 1,
}
_LOUDER: Final = (0, 5, 6, 7, 8, 9, 10, 4, 1, 2, 3)
"""Which of two states that fill a bucket equally is told: the one a person asks about."""

type Stretch = tuple[int, int, int]
"""Start, end, number of the state."""
type TileRuns = tuple[int, ...]
"""Flat triples: buckets, main state, mark."""


def bucket_ms(level: int) -> int:
    """Return how long a bucket of a level is."""
    return BASE_MS << (2 * level)


def tile_ms(level: int) -> int:
    """Return how long a tile of a level is."""
    return bucket_ms(level) * BUCKETS


def with_requestable(
    entries: Iterable[Stretch], device_oldest_ms: int | None
) -> Iterator[Stretch]:
    """Return entries of the ledger as people see them.

    What is not wanted is on request from the device's oldest footage on, all of it if the
    device does not tell its oldest.
    """
    not_wanted, on_request = NUMBERS[CoverageState.NOT_WANTED], NUMBERS[ON_REQUEST]
    for begin, end, number in entries:
        if number != not_wanted:
            yield begin, end, number
            continue
        cut = begin if device_oldest_ms is None else device_oldest_ms
        if begin < cut:
            yield begin, min(cut, end), not_wanted
        if cut < end:
            yield max(begin, cut), end, on_request


def told_spans(
    spans: Iterable[CoverageSpan], device_oldest_ms: int | None
) -> Iterator[tuple[str, CoverageSpan]]:
    """Return spans as people see them, each with the word for its state."""
    for span in spans:
        stretch = (span.range.start_ms, span.range.end_ms, NUMBERS[span.state])
        for begin, end, number in with_requestable((stretch,), device_oldest_ms):
            yield STATES[number], replace(span, range=TimeRange(begin, end))


def time_line(
    clips: Iterable[tuple[int, int]],
    entries: Iterable[Stretch],
    start_ms: int,
    end_ms: int,
) -> list[Stretch]:
    """Return what is known between two moments, in order and without overlaps.

    `clips` and `entries` come in order of their starts. What clips hold is *kept*, whatever
    the ledger says of the same moment; touching stretches of one state become one.
    """
    kept: list[Stretch] = []
    for begin, end in clips:
        begin, end = max(begin, start_ms), min(end, end_ms)
        if begin >= end:
            continue
        if kept and begin <= kept[-1][1]:
            if end > kept[-1][1]:
                kept[-1] = (kept[-1][0], end, KEPT)
        else:
            kept.append((begin, end, KEPT))
    line: list[Stretch] = []
    at = 0
    now_ms = start_ms
    for begin, end, number in entries:
        begin, end = max(begin, now_ms), min(end, end_ms)
        while begin < end:
            while at < len(kept) and kept[at][1] <= begin:
                _put(line, kept[at])
                at += 1
            if at == len(kept) or kept[at][0] >= end:
                _put(line, (begin, end, number))
                begin = end
            elif kept[at][0] > begin:
                _put(line, (begin, kept[at][0], number))
                begin = kept[at][0]
            else:
                begin = kept[at][1]
        now_ms = max(now_ms, end)
    for piece in kept[at:]:
        _put(line, piece)
    return line


def _put(line: list[Stretch], piece: Stretch) -> None:
    if line and line[-1][1] == piece[0] and line[-1][2] == piece[2]:
        line[-1] = (line[-1][0], piece[1], piece[2])
    else:
        line.append(piece)


def runs_of(
    line: Iterable[Stretch],
    protected: Ranges,
    level: int,
    start_ms: int,
    until_ms: int,
) -> TileRuns:
    """Return the buckets of a level from a moment on, up to another.

    `start_ms` is the border of a bucket. The bucket that holds `until_ms` is the last one:
    what comes after it is the future.
    """
    runs = _Runs(level, start_ms, until_ms, protected)
    for begin, end, number in line:
        runs.add(max(begin, start_ms), min(end, until_ms), number)
    return runs.end()


class _Runs:
    """Collects stretches into buckets; those that one stretch fills cost nothing each."""

    def __init__(
        self, level: int, start_ms: int, until_ms: int, protected: Ranges
    ) -> None:
        self._bucket_ms = size = bucket_ms(level)
        self._start_ms = start_ms
        self._until_ms = until_ms
        self._count = max(0, -(-(until_ms - start_ms) // size))
        self._at = 0
        self._open: dict[int, int] = {}
        self._flat: list[int] = []
        self._gold: Iterator[tuple[int, int]] = iter(
            _buckets_of(protected, start_ms, size)
        )
        self._next_gold = next(self._gold, None)

    def add(self, begin: int, end: int, number: int) -> None:
        if begin >= end:
            return
        size = self._bucket_ms
        first, first_ms = divmod(begin - self._start_ms, size)
        last, last_ms = divmod(end - self._start_ms, size)
        self._go_to(first)
        if first == last:
            self._open[number] = self._open.get(number, 0) + end - begin
            return
        if first_ms:
            self._open[number] = self._open.get(number, 0) + size - first_ms
            self._close()
        if last > self._at:
            self._emit(last - self._at, number, number if number in _WORST else 0)
        if last_ms:
            self._open[number] = last_ms

    def end(self) -> TileRuns:
        self._go_to(self._count)
        return tuple(self._flat)

    def _go_to(self, index: int) -> None:
        if self._open and index > self._at:
            self._close()
        if index > self._at:
            self._emit(index - self._at, UNKNOWN, 0)

    def _close(self) -> None:
        begun_ms = self._start_ms + self._at * self._bucket_ms
        length = min(self._bucket_ms, self._until_ms - begun_ms)
        told = self._open
        rest = length - sum(told.values())
        main = max(told, key=lambda number: (told[number], _LOUDER[number]))
        if rest > told[main]:
            main = UNKNOWN
        mark = max(told, key=lambda number: _WORST.get(number, 0))
        self._open = {}
        self._emit(1, main, mark if mark in _WORST else 0)

    def _emit(self, count: int, main: int, mark: int) -> None:
        """Add equal buckets, cut where protected clips begin and end."""
        while count:
            some, added = count, 0
            while (gold := self._next_gold) is not None and gold[1] <= self._at:
                self._next_gold = next(self._gold, None)
            if gold is not None:
                if gold[0] <= self._at:
                    some, added = min(count, gold[1] - self._at), PROTECTED
                else:
                    some = min(count, gold[0] - self._at)
            _push(self._flat, some, main, mark | added)
            self._at += some
            count -= some


def _buckets_of(ranges: Ranges, start_ms: int, size: int) -> Iterator[tuple[int, int]]:
    """Return ranges as half-open ranges of buckets."""
    for item in ranges:
        yield (
            (item.start_ms - start_ms) // size,
            -(-(item.end_ms - start_ms) // size),
        )


def _push(flat: list[int], count: int, main: int, mark: int) -> None:
    if flat and flat[-2] == main and flat[-1] == mark:
        flat[-3] += count
    else:
        flat += (count, main, mark)


def joined(parts: Iterable[TileRuns]) -> list[int]:
    """Return runs of neighbours as those of one stretch."""
    flat: list[int] = []
    for runs in parts:
        if not runs:
            continue
        _push(flat, *runs[:3])
        flat += runs[3:]
    return flat


def durations(line: Iterable[Stretch], start_ms: int, end_ms: int) -> tuple[int, ...]:
    """Return the milliseconds of each state between two moments, unknown included."""
    sums = [0] * len(STATES)
    for begin, end, number in line:
        if (length := min(end, end_ms) - max(begin, start_ms)) > 0:
            sums[number] += length
    sums[UNKNOWN] = max(0, end_ms - start_ms) - sum(sums)
    return tuple(sums)


def days_of_month(month: dt.date, zone: ZoneInfo) -> tuple[list[dt.date], list[int]]:
    """Return the days of a month, and their borders in UTC (one more)."""
    days: list[dt.date] = []
    day = month.replace(day=1)
    while day.month == month.month:
        days.append(day)
        day += dt.timedelta(days=1)
    return days, [day_start_ms(each, zone) for each in (*days, day)]


def consecutive(numbers: Sequence[int], most: int) -> Iterator[list[int]]:
    """Return numbers in groups of those that follow each other."""
    group: list[int] = []
    for number in numbers:
        if group and (number != group[-1] + 1 or len(group) == most):
            yield group
            group = []
        group.append(number)
    if group:
        yield group


def kept_runs(line: Sequence[Stretch], seam_ms: int) -> list[tuple[int, int]]:
    """Return where footage goes on; holes up to `seam_ms` are no border."""
    runs: list[tuple[int, int]] = []
    for begin, end, number in line:
        if number != KEPT:
            continue
        if runs and begin - runs[-1][1] <= seam_ms:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((begin, end))
    return runs
