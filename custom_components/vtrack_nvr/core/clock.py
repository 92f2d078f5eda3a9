"""Time is handed in: a clock that tests can move and devices cannot.

All times in `core` are integer milliseconds of UTC since 1970 (`…_ms`) unless a name says
otherwise. A time read on a device's own clock says so in its name (`device_…_ms`).
"""

import asyncio
import ctypes
import threading
import time
from typing import Protocol, override


class Clock(Protocol):
    """Where every room gets the time from."""

    def now_ms(self) -> int:
        """Return UTC in milliseconds since 1970; may jump when the host is corrected."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a clock that never jumps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait on a worker thread; return True at once when `event` is set."""
        ...

    def is_synchronised(self) -> bool | None:
        """Return whether somebody keeps UTC right (NTP), None where that is not known."""
        return None

    def is_believed(self) -> bool:
        """Return whether the time is a measured one, and not a guess."""
        return True


_WRONG_MS = 120_000
"""A clock this far from what is known is not believed."""
_PATIENCE_S = 86_400.0
"""How long a clock that nobody keeps right any more is doubted."""
_UNSYNCHRONISED = 5
"""TIME_ERROR, what adjtimex(2) answers of a clock that nobody has set."""


class SystemClock(Clock):
    """The host's own clocks."""

    @override
    def is_synchronised(self) -> bool | None:
        libc = ctypes.CDLL(None)
        if not hasattr(libc, "adjtimex"):
            return None
        # struct timex, its first field "modes" 0: only asked
        found: int = libc.adjtimex(ctypes.create_string_buffer(512))
        return None if found < 0 else found != _UNSYNCHRONISED

    @override
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    @override
    def monotonic(self) -> float:
        return time.monotonic()

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    @override
    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


class HostClock(Clock):
    """The host's clock, never behind what was seen before the start, and doubted if moved.

    A host without a battery for its clock comes up days behind, until NTP answers. Until
    then, and until the clock has caught up or is kept right, time goes on from the newest
    moment that was seen: too early, but in no time that has footage already.

    A clock that was kept right and is not any more is doubted once it has moved against
    the steady clock, and after a start: for a day, or until it is kept right again. It may
    have gone on while the host was paused, so its time is used all the same.
    """

    def __init__(self, clock: Clock) -> None:
        """Say what the clock says."""
        self._clock = clock
        self._floor_ms: int | None = None
        self._since_s = 0.0
        self._right_ms: int | None = None
        """Difference of UTC and steady clock when it was last kept right."""
        self._doubted_s: float | None = None
        self.was_kept = False
        """Whether somebody kept the clock right, so that it is known when nobody does."""

    def begin(self, seen_ms: int, *, was_kept: bool = False) -> None:
        """Say which moment has passed for certain, and whether the clock was kept right."""
        is_behind = self._clock.now_ms() < seen_ms - _WRONG_MS
        self._since_s = self._clock.monotonic()
        self._floor_ms = seen_ms if is_behind else None
        self.was_kept = was_kept

    @property
    def lead_ms(self) -> int:
        """Return how far we are ahead of the clock: 0 where it is believed."""
        floor_ms = self._floor_ms
        if floor_ms is None:
            return 0
        passed_ms = int((self._clock.monotonic() - self._since_s) * 1000)
        lead_ms = floor_ms + passed_ms - self._clock.now_ms()
        if lead_ms > 0 and not self._clock.is_synchronised():
            return lead_ms
        self._floor_ms = None
        return 0

    @override
    def now_ms(self) -> int:
        return self._clock.now_ms() + self.lead_ms

    @override
    def monotonic(self) -> float:
        return self._clock.monotonic()

    @override
    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    @override
    def wait(self, event: threading.Event, seconds: float) -> bool:
        return self._clock.wait(event, seconds)

    @override
    def is_synchronised(self) -> bool | None:
        return self._clock.is_synchronised()

    @override
    def is_believed(self) -> bool:
        return not (self.lead_ms or self._is_doubted())

    def _is_doubted(self) -> bool:
        steady_s = self._clock.monotonic()
        base_ms = self._clock.now_ms() - int(steady_s * 1000)
        is_kept = self._clock.is_synchronised()
        if is_kept:
            self._right_ms, self.was_kept = base_ms, True
        is_right = self._right_ms is not None and (
            abs(base_ms - self._right_ms) <= _WRONG_MS
        )
        if is_kept is None or is_right or not self.was_kept:
            self._doubted_s = None
            return False
        if self._doubted_s is None:
            self._doubted_s = steady_s
        if steady_s - self._doubted_s < _PATIENCE_S:
            return True
        self._right_ms, self.was_kept = None, False
        return False
