"""Half-open stretches of time, and the arithmetic of sets of them.

A set of ranges is a tuple in *normal form*: sorted, not empty, not touching. Every
function here returns normal form and accepts ranges in any order.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True, order=True)
class TimeRange:
    """The stretch [start_ms, end_ms); which clock it is on, the owner says."""

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        """Refuse a range that ends before it starts."""
        if self.end_ms < self.start_ms:
            msg = f"range ends before it starts: {self.start_ms} > {self.end_ms}"
            raise ValueError(msg)

    @property
    def duration_ms(self) -> int:
        """Return the length."""
        return self.end_ms - self.start_ms

    @property
    def is_empty(self) -> bool:
        """Return whether nothing lies inside."""
        return self.end_ms == self.start_ms

    def overlaps(self, other: TimeRange) -> bool:
        """Return whether the two share more than a border."""
        return self.start_ms < other.end_ms and other.start_ms < self.end_ms

    def contains(self, moment_ms: int) -> bool:
        """Return whether a moment lies inside."""
        return self.start_ms <= moment_ms < self.end_ms

    def intersection(self, other: TimeRange) -> TimeRange | None:
        """Return what both share, or None."""
        start_ms = max(self.start_ms, other.start_ms)
        end_ms = min(self.end_ms, other.end_ms)
        return TimeRange(start_ms, end_ms) if start_ms < end_ms else None

    def shifted(self, by_ms: int) -> TimeRange:
        """Return the same stretch on a clock that reads `by_ms` more."""
        return TimeRange(self.start_ms + by_ms, self.end_ms + by_ms)


type Ranges = tuple[TimeRange, ...]


def union(ranges: Iterable[TimeRange], *, join_ms: int = 0) -> Ranges:
    """Return everything that is in any of the ranges; holes up to `join_ms` are closed."""
    merged: list[TimeRange] = []
    for item in sorted(ranges):
        if item.is_empty:
            continue
        if merged and item.start_ms <= merged[-1].end_ms + join_ms:
            if item.end_ms > merged[-1].end_ms:
                merged[-1] = TimeRange(merged[-1].start_ms, item.end_ms)
        else:
            merged.append(item)
    return tuple(merged)


def add_ranges(ranges: Ranges, new: Iterable[TimeRange], *, from_ms: int) -> Ranges:
    """Return a set in normal form with more in it, without what ends before `from_ms`.

    Costs a search and a copy, not a comparison of everything: for sets of many thousands
    that grow by a few.
    """
    first = bisect_right(ranges, from_ms, key=lambda item: item.end_ms)
    ranges = ranges[first:]
    for item in union(new):
        if item.end_ms <= from_ms:
            continue
        i = bisect_left(ranges, item.start_ms, key=lambda old: old.end_ms)
        j = bisect_right(ranges, item.end_ms, key=lambda old: old.start_ms)
        if i < j:
            start_ms = min(item.start_ms, ranges[i].start_ms)
            item = TimeRange(start_ms, max(item.end_ms, ranges[j - 1].end_ms))
        ranges = (*ranges[:i], item, *ranges[j:])
    return ranges


def intersection(left: Iterable[TimeRange], right: Iterable[TimeRange]) -> Ranges:
    """Return everything that is in both sets."""
    ours, theirs = union(left), union(right)
    shared: list[TimeRange] = []
    i = j = 0
    while i < len(ours) and j < len(theirs):
        common = ours[i].intersection(theirs[j])
        if common:
            shared.append(common)
        if ours[i].end_ms < theirs[j].end_ms:
            i += 1
        else:
            j += 1
    return tuple(shared)


def difference(left: Iterable[TimeRange], right: Iterable[TimeRange]) -> Ranges:
    """Return everything in the left set that is not in the right one."""
    theirs = union(right)
    rest: list[TimeRange] = []
    j = 0
    for item in union(left):
        start_ms = item.start_ms
        while j < len(theirs) and theirs[j].end_ms <= start_ms:
            j += 1
        k = j
        while k < len(theirs) and theirs[k].start_ms < item.end_ms:
            if theirs[k].start_ms > start_ms:
                rest.append(TimeRange(start_ms, theirs[k].start_ms))
            start_ms = max(start_ms, theirs[k].end_ms)
            k += 1
        if start_ms < item.end_ms:
            rest.append(TimeRange(start_ms, item.end_ms))
    return tuple(rest)


def total_ms(ranges: Iterable[TimeRange]) -> int:
    """Return the length of the union."""
    return sum(item.duration_ms for item in union(ranges))


def cut(whole: TimeRange, length_ms: int) -> tuple[TimeRange, ...]:
    """Cut a range at multiples of `length_ms` since 1970 (wall-clock boundaries).

    The pieces touch, so this is the one function here that does not return normal form.
    """
    pieces: list[TimeRange] = []
    start_ms = whole.start_ms
    while start_ms < whole.end_ms:
        end_ms = min(whole.end_ms, (start_ms // length_ms + 1) * length_ms)
        pieces.append(TimeRange(start_ms, end_ms))
        start_ms = end_ms
    return tuple(pieces)
