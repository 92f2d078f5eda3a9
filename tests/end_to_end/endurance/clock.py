"""Time that several processes share, and that skips ahead while nothing is under way.

Sockets, threads and disks need real time, so time is not sped up: it goes on as it does,
and is moved ahead by minutes or hours at moments at which nobody waits for a device. The
host's and the devices' clocks stand in one small file, so that a process that is killed
finds the same time when it is started again.
"""

import asyncio
import mmap
from pathlib import Path
import struct
import threading
import time
from typing import override

from custom_components.vtrack_nvr.core.clock import Clock
from tests.simulator.timeline import DeviceClock

_SKIPPED, _WRONG = 0, 8
_NUMBER = struct.Struct("<q")
_LOOK_S = 0.05
"""How soon those who sleep see that time was moved."""


class SharedTime:
    """True time, and how wrong the host's clock is; read and written by any process."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it with nothing skipped."""
        if not path.exists():
            path.write_bytes(bytes(16))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 16)

    @property
    def skipped_ms(self) -> int:
        """Return by how much time was moved so far."""
        return int(_NUMBER.unpack_from(self._map, _SKIPPED)[0])

    @property
    def host_wrong_ms(self) -> int:
        """Return how far the host's clock is ahead of the truth."""
        return int(_NUMBER.unpack_from(self._map, _WRONG)[0])

    def skip(self, ms: int) -> None:
        """Move time ahead."""
        _NUMBER.pack_into(self._map, _SKIPPED, self.skipped_ms + ms)

    def set_host(self, wrong_ms: int) -> None:
        """Set the host's clock."""
        _NUMBER.pack_into(self._map, _WRONG, wrong_ms)

    def true_ms(self) -> int:
        """Return the true time."""
        return time.time_ns() // 1_000_000 + self.skipped_ms


class WrongClock(Clock):
    """The host's clock; everybody who sleeps wakes when time was moved past the end."""

    def __init__(self, shared: SharedTime) -> None:
        """Read shared time."""
        self._shared = shared

    @override
    def now_ms(self) -> int:
        return self._shared.true_ms() + self._shared.host_wrong_ms

    @override
    def monotonic(self) -> float:
        return time.monotonic() + self._shared.skipped_ms / 1000

    @override
    async def sleep(self, seconds: float) -> None:
        end_s = self.monotonic() + seconds
        # Time is moved by other processes: there is no event to wait for.
        while (left_s := end_s - self.monotonic()) > 0:  # noqa: ASYNC110 - see above
            await asyncio.sleep(min(left_s, _LOOK_S))

    @override
    def wait(self, event: threading.Event, seconds: float) -> bool:
        end_s = self.monotonic() + seconds
        while (left_s := end_s - self.monotonic()) > 0:
            if event.wait(min(left_s, _LOOK_S)):
                return True
        return event.is_set()

    @override
    def is_synchronised(self) -> bool | None:
        return self._shared.host_wrong_ms == 0


class SkippingDeviceClock(DeviceClock):
    """A device's clock, which goes with shared time and is `offset_ms` ahead of it."""

    def __init__(self, shared: SharedTime, offset_ms: int = 0) -> None:
        """Begin with an offset."""
        super().__init__(offset_ms)
        self._shared = shared

    @override
    def now_ms(self) -> int:
        return self._shared.true_ms() + self.offset_ms
