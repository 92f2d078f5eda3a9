"""What of a camera's time line is still to be fetched, kept small and changed in place.

A month of a camera that records by events is twenty thousand stretches; 32 such cameras
must be planned in 100 ms. So stretches live in plain arrays, a change touches only its
own window, and reading begins where it is needed.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..intervals import TimeRange
from ..models import CoverageSpan, CoverageState

PENDING = frozenset(
    {CoverageState.ON_DEVICE, CoverageState.FETCHING, CoverageState.FAILED}
)
"""States to fetch from. *Missing* is none: the next sweep says if the device has it."""


class BacklogStretch(NamedTuple):
    """A piece of backlog, UTC; `next_try_ms` is 0 where it may be tried at once."""

    start_ms: int
    end_ms: int
    next_try_ms: int = 0
    attempts: int = 0


class Backlog:
    """Disjoint stretches in order; touching ones with equal tries are one."""

    __slots__ = ("_attempts", "_ends", "_starts", "_tries", "total_ms")

    def __init__(self) -> None:
        """Start empty."""
        self._starts = array("q")
        self._ends = array("q")
        self._tries = array("q")
        self._attempts = array("q")
        self.total_ms = 0

    def __len__(self) -> int:
        """Return the number of stretches."""
        return len(self._starts)

    def __iter__(self) -> Iterator[BacklogStretch]:
        """Yield all stretches, oldest first."""
        return (self._at(i) for i in range(len(self)))

    def replace(self, window: TimeRange, spans: Iterable[CoverageSpan]) -> None:
        """Make the window hold what these spans (in order) say, the rest unchanged."""
        first = bisect_right(self._ends, window.start_ms)
        last = bisect_left(self._starts, window.end_ms)
        inside: list[BacklogStretch] = []
        if first < last and self._starts[first] < window.start_ms:
            inside.append(self._at(first)._replace(end_ms=window.start_ms))
        tail = None
        if first < last and self._ends[last - 1] > window.end_ms:
            tail = self._at(last - 1)._replace(start_ms=window.end_ms)
        inside += _pending(window, spans)
        if tail:
            inside.append(tail)
        if first > 0:
            first -= 1
            inside.insert(0, self._at(first))
        if last < len(self):
            inside.append(self._at(last))
            last += 1
        self._splice(first, last, _joined(inside))

    def oldest(self, from_ms: int, to_ms: int, now_ms: int) -> Iterator[BacklogStretch]:
        """Yield what may be tried now inside [from, to), oldest first, clipped."""
        for i in range(bisect_right(self._ends, from_ms), len(self)):
            if self._starts[i] >= to_ms:
                return
            if self._tries[i] <= now_ms:
                yield self._clipped(i, from_ms, to_ms)

    def newest(self, from_ms: int, to_ms: int, now_ms: int) -> Iterator[BacklogStretch]:
        """Yield what may be tried now inside [from, to), newest first, clipped."""
        for i in range(bisect_left(self._starts, to_ms) - 1, -1, -1):
            if self._ends[i] <= from_ms:
                return
            if self._tries[i] <= now_ms:
                yield self._clipped(i, from_ms, to_ms)

    def _at(self, i: int) -> BacklogStretch:
        return BacklogStretch(
            self._starts[i], self._ends[i], self._tries[i], self._attempts[i]
        )

    def _clipped(self, i: int, from_ms: int, to_ms: int) -> BacklogStretch:
        return BacklogStretch(
            max(self._starts[i], from_ms),
            min(self._ends[i], to_ms),
            self._tries[i],
            self._attempts[i],
        )

    def _splice(self, first: int, last: int, new: list[BacklogStretch]) -> None:
        gone_ms = sum(self._ends[first:last]) - sum(self._starts[first:last])
        self.total_ms += sum(s.end_ms - s.start_ms for s in new) - gone_ms
        self._starts[first:last] = array("q", (s.start_ms for s in new))
        self._ends[first:last] = array("q", (s.end_ms for s in new))
        self._tries[first:last] = array("q", (s.next_try_ms for s in new))
        self._attempts[first:last] = array("q", (s.attempts for s in new))


def _pending(
    window: TimeRange, spans: Iterable[CoverageSpan]
) -> Iterator[BacklogStretch]:
    for span in spans:
        if span.state in PENDING and (inside := span.range.intersection(window)):
            yield BacklogStretch(
                inside.start_ms, inside.end_ms, span.next_try_ms or 0, span.attempts
            )


def _joined(stretches: Iterable[BacklogStretch]) -> list[BacklogStretch]:
    joined: list[BacklogStretch] = []
    for item in stretches:
        if joined and joined[-1].end_ms == item.start_ms and joined[-1][2:] == item[2:]:
            joined[-1] = joined[-1]._replace(end_ms=item.end_ms)
        else:
            joined.append(item)
    return joined
