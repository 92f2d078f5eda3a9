"""Which footage of a live stream is to be kept; pure."""

from ..intervals import Ranges, TimeRange, intersection

LEAD_MS = 5_000
"""How long before a wanted stretch the stream is opened."""
LINGER_MS = 15_000
"""How long the last pictures of a stretch are waited for after its end."""


class WantedWindows:
    """A switch and a set of UTC ranges; what either covers is kept.

    Not thread-safe: the owner locks. Half-open ranges as everywhere.
    """

    def __init__(self, *, is_on: bool = False) -> None:
        """Begin with the switch as given and no range."""
        self._on_since_ms: int | None = 0 if is_on else None
        self._ranges: dict[object, TimeRange] = {}
        self._begun: set[object] = set()
        """Those the stream was needed for while they lasted."""
        self._ended: set[object] = set()
        """Those whose last picture has come."""

    @property
    def is_on(self) -> bool:
        """Return whether the switch is on."""
        return self._on_since_ms is not None

    def switch(self, is_on: bool, now_ms: int, pre_roll_ms: int) -> None:
        """Turn the switch; on reaches back by the pre-roll, off keeps what was."""
        if is_on and self._on_since_ms is None:
            self._on_since_ms = now_ms - pre_roll_ms
        elif not is_on and self._on_since_ms is not None:
            start_ms, self._on_since_ms = self._on_since_ms, None
            if start_ms < now_ms:
                self.add(TimeRange(start_ms, now_ms))

    def add(self, wanted: TimeRange, name: str = "") -> None:
        """Want one more stretch; one of the same name is replaced."""
        key: object = name or object()
        self._ranges[key] = wanted
        self._ended.discard(key)

    def covers(self, start_ms: int, end_ms: int) -> bool:
        """Return whether any part of a stretch is wanted."""
        return bool(self.parts(TimeRange(start_ms, max(start_ms + 1, end_ms))))

    def parts(self, whole: TimeRange) -> Ranges:
        """Return what of a stretch is wanted."""
        wanted = [*self._ranges.values()]
        if self._on_since_ms is not None and whole.end_ms > self._on_since_ms:
            wanted.append(TimeRange(self._on_since_ms, whole.end_ms))
        return intersection(wanted, (whole,))

    def is_needed(self, now_ms: int, reached_ms: int) -> bool:
        """Return whether the stream is needed now.

        `reached_ms` is where the footage we have ends (0 without any): the last pictures
        of a stretch come a little after its end.
        """
        is_needed = self.is_on
        for key, item in self._ranges.items():
            if item.start_ms - LEAD_MS <= now_ms < item.end_ms:
                self._begun.add(key)
                is_needed = True
            elif key in self._begun:
                is_late = now_ms >= item.end_ms + LINGER_MS
                is_needed |= reached_ms < item.end_ms and not is_late
        return is_needed

    def has_ended(self, reached_ms: int) -> bool:
        """Say once for each range that footage has come up to its end."""
        ended = {
            key
            for key, item in self._ranges.items()
            if item.end_ms <= reached_ms and key not in self._ended
        }
        self._ended |= ended
        return bool(ended)

    def forget_before(self, before_ms: int) -> None:
        """Drop ranges that ended long ago."""
        self._ranges = {
            key: item for key, item in self._ranges.items() if item.end_ms > before_ms
        }
        self._begun &= self._ranges.keys()
        self._ended &= self._ranges.keys()
