"""Which footage of a live stream is to be kept; pure."""

from ..intervals import Ranges, TimeRange, union


class Wanted:
    """A switch and a set of UTC ranges; what either covers is kept.

    Not thread-safe: the owner locks.
    """

    def __init__(self, *, is_on: bool = False) -> None:
        """Begin with the switch as given and no range."""
        self._on_since_ms: int | None = 0 if is_on else None
        self._ranges: Ranges = ()

    @property
    def is_on(self) -> bool:
        """Say whether the switch is on."""
        return self._on_since_ms is not None

    def switch(self, is_on: bool, now_ms: int, pre_roll_ms: int) -> None:
        """Turn the switch; on reaches back by the pre-roll, off keeps what was."""
        if is_on and self._on_since_ms is None:
            self._on_since_ms = now_ms - pre_roll_ms
        elif not is_on and self._on_since_ms is not None:
            start_ms, self._on_since_ms = self._on_since_ms, None
            if start_ms < now_ms:
                self.add(TimeRange(start_ms, now_ms))

    def add(self, wanted: TimeRange) -> None:
        """Want one more stretch."""
        self._ranges = union((*self._ranges, wanted))

    def covers(self, start_ms: int, end_ms: int) -> bool:
        """Say whether any part of a stretch is wanted."""
        if self._on_since_ms is not None and end_ms > self._on_since_ms:
            return True
        span = TimeRange(start_ms, max(start_ms + 1, end_ms))
        return any(item.overlaps(span) for item in self._ranges)

    def is_wanted_at(self, now_ms: int) -> bool:
        """Say whether something is or will be wanted: the stream is needed."""
        return self.is_on or any(item.end_ms > now_ms for item in self._ranges)

    def next_start_ms(self, now_ms: int) -> int | None:
        """Return when the next wanted stretch begins, now if one is under way."""
        if self.is_on:
            return now_ms
        starts = [item.start_ms for item in self._ranges if item.end_ms > now_ms]
        return max(now_ms, min(starts)) if starts else None

    def forget_before(self, before_ms: int) -> None:
        """Drop ranges that ended long ago."""
        self._ranges = tuple(item for item in self._ranges if item.end_ms > before_ms)
