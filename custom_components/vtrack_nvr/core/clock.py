"""Time is handed in: a clock that tests can move and devices cannot.

All times in `core` are integer milliseconds of UTC since 1970 (`…_ms`) unless a name says
otherwise. A time read on a device's own clock says so in its name (`device_…_ms`).
"""

import asyncio
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


class SystemClock(Clock):
    """The host's own clocks."""

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
