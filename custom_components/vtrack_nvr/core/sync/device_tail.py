"""Where a device's footage begins, how fast that moves, and what is out of reach.

A full ring storage overwrites its oldest footage while we fetch. Reading right at its tail
is a race: at less than the speed of overwriting all of it is lost. So background work
keeps a margin and gives up what cannot be had, to have the rest whole.
"""

from dataclasses import dataclass

from ..intervals import DAY_MS

SAFETY_MS = 60_000
"""How far from the tail nothing is begun even where we read faster than it moves."""


@dataclass(slots=True)
class DeviceTail:
    """The tail of one camera's footage on the device; times in UTC.

    `rate` is footage overwritten per time passed: 1 where it records all the time.
    """

    earliest_ms: int | None = None
    is_moving: bool = False
    rate: float = 1.0
    _seen_ms: int | None = None
    _moved_ms: int | None = None
    _anchor: tuple[int, int] | None = None

    def remembered(self, earliest_ms: int | None) -> None:
        """Take up what was known before a restart; when that was is not known."""
        self.earliest_ms = earliest_ms

    def saw(self, earliest_ms: int | None, now_ms: int) -> None:
        """Take note of where the footage begins according to a search."""
        if earliest_ms is None:
            return
        if self.earliest_ms is not None and earliest_ms > self.earliest_ms:
            self.is_moving = True
            self._moved_ms = now_ms
        self.earliest_ms, self._seen_ms = earliest_ms, now_ms
        if self._anchor is None or now_ms - self._anchor[1] > DAY_MS:
            self._anchor = (earliest_ms, now_ms)
        elif earliest_ms > self._anchor[0] and now_ms > self._anchor[1]:
            moved_ms = earliest_ms - self._anchor[0]
            self.rate = min(moved_ms / (now_ms - self._anchor[1]), 4.0)

    @property
    def is_standing(self) -> bool:
        """Return whether it was seen not to move any more: nothing is being recorded."""
        if self._seen_ms is None or self._moved_ms is None:
            return not self.is_moving
        return self._seen_ms - self._moved_ms >= SAFETY_MS

    def tail_ms(self, now_ms: int) -> int | None:
        """Return where the footage begins by now, as far as can be told."""
        if self.earliest_ms is None or self._seen_ms is None or self.is_standing:
            return self.earliest_ms
        passed_ms = max(now_ms - self._seen_ms, 0)
        return self.earliest_ms + int(self.rate * passed_ms)

    def reachable_from_ms(
        self, now_ms: int, job_ms: int, speed: float | None
    ) -> int | None:
        """Return from where on a job of that length ends before the tail overtakes it.

        `speed` is footage read per time passed; None where it was never measured.
        """
        tail_ms = self.tail_ms(now_ms)
        if tail_ms is None or self.is_standing:
            return tail_ms
        behind = self.rate / speed - 1.0 if speed else 0.0
        margin_ms = SAFETY_MS + int(max(behind, 0.0) * job_ms)
        return tail_ms + min(margin_ms, max(now_ms - tail_ms, 0) // 2)
