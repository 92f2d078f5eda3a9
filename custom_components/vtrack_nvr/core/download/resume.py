"""Where and when to try again after a session broke (download-engine §8.2); pure."""

from dataclasses import dataclass

from ..policy import Bounds, Waits

_SAME_US = 250_000
_STUCK = 6
_FIRM_STOP = 3
"""Two of these at the same picture make us skip."""
_VAGUE_STOP = 2
"""Three of these: a reset throws away what was on the way, so where it stops says little."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Wait so long, then play from there; `skipped_from_us`: footage before is given up."""

    wait_s: float
    start_us: int
    skipped_from_us: int | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """How a session that played ended: `picture_us` is the newest that came, or None.

    `is_vague`: the connection was reset. `is_excused`: it ended for a reason that has
    nothing to do with the footage there (the device forgot the session, or the bytes went
    out of step): such a stop is tried again, a bounded number of times, and never skipped.
    """

    picture_us: int | None
    is_vague: bool = False
    is_excused: bool = False

    @property
    def weight(self) -> int:
        """Return how much it says about the footage there."""
        if self.is_excused:
            return 0
        return _VAGUE_STOP if self.is_vague or self.picture_us is None else _FIRM_STOP

    def is_same(self, other: Stop) -> bool:
        """Return whether both ended at the same picture."""
        if self.picture_us is None or other.picture_us is None:
            return self.picture_us is other.picture_us
        return abs(self.picture_us - other.picture_us) <= _SAME_US


class Resume:
    """Counts attempts without progress; new footage sets the count back."""

    def __init__(self, start_us: int, waits: Waits, bounds: Bounds) -> None:
        """Begin before the first attempt."""
        self._waits = waits
        self._skip_us = bounds.skip_ms * 1000
        self._reached_us = start_us
        self._counted_from_us = start_us
        self._failures = 0
        self._stop: Stop | None = None
        self._evidence = 0
        """Weight of the stops at `_stop` since anything new was kept."""
        self._skips = 0

    def is_stuck(self, reached_us: int, stop: Stop) -> bool:
        """Return whether this stop, after so much was kept, gives the place up."""
        return (
            not stop.is_excused
            and reached_us <= self._reached_us
            and self._stop is not None
            and stop.is_same(self._stop)
            and self._evidence + stop.weight >= _STUCK
        )

    def after(
        self,
        reached_us: int,
        end_us: int,
        *,
        stop: Stop | None,
        is_given_up: bool = False,
    ) -> Retry | None:
        """Decide after a session that ended early; None: give up for now.

        `reached_us` is the end of what is kept, `stop` None where the session did not
        play: what cannot be reached is waited for, what stops at the same picture again
        is skipped. `is_given_up`: `is_stuck` was true, and what came of the group before
        the stop is kept now.
        """
        if reached_us > self._reached_us:
            self._reached_us = reached_us
            self._stop, self._evidence, self._skips = None, 0, 0
            gained_s = (reached_us - self._counted_from_us) / 1_000_000
            if gained_s >= self._waits.progress_resets_after:
                self._failures = 0
                self._counted_from_us = reached_us
        if is_given_up:
            self._evidence = _STUCK
        elif stop and not stop.is_excused:
            if self._stop and not stop.is_same(self._stop):
                self._evidence = 0
            self._stop = stop
            self._evidence += stop.weight
        self._failures += 1
        if self._failures > len(self._waits.retry):
            return None
        if self._evidence < _STUCK:
            return Retry(self._waits.retry[self._failures - 1], self._reached_us)
        self._skips += 1
        start_us = self._reached_us + self._skips * self._skip_us
        if start_us >= end_us:
            return None
        return Retry(0.0, start_us, self._reached_us)
