"""A clock on which sleeping makes time pass, and nothing waits."""

# Reads private members: asyncio tells nobody else whether somebody can go on.

import asyncio
import heapq
from itertools import count
import threading
from types import TracebackType
from typing import Any, Self, override

from custom_components.vtrack_nvr.core.clock import Clock


class SimulatedClock(Clock):
    """Jumps to the next sleeper's time once nothing else has anything to do.

    Used as `async with clock:`, which runs the driver. Only for code whose waits all go
    through the clock: work in threads or on sockets would be overtaken.
    """

    def __init__(self, start_ms: int = 1_790_000_100_000) -> None:
        self._start_ms = start_ms
        self._elapsed_s = 0.0
        self.step_ms = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._ids = count()
        self._driver: asyncio.Task[None] | None = None

    @override
    def now_ms(self) -> int:
        return self._start_ms + self.step_ms + round(self._elapsed_s * 1000)

    @override
    def monotonic(self) -> float:
        return self._elapsed_s

    @override
    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (self._elapsed_s + max(seconds, 0.0), next(self._ids), future)
        heapq.heappush(self._sleepers, entry)
        await future

    @override
    def wait(self, event: threading.Event, seconds: float) -> bool:
        if not event.is_set():
            self._elapsed_s += seconds
        return event.is_set()

    def advance(self, seconds: float) -> None:
        """Let time pass for code that only reads the clock."""
        self._elapsed_s += seconds

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        # Years of simulated time are too many steps to record the origin of each.
        loop.set_debug(False)
        self._driver = loop.create_task(self._drive())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._driver is not None
        self._driver.cancel()
        await asyncio.wait({self._driver})

    async def _drive(self) -> None:
        loop: Any = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(0)
            if loop._ready:  # somebody can go on
                continue
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            if not self._sleepers:
                await asyncio.sleep(0.001)
                continue
            at_s, _, future = heapq.heappop(self._sleepers)
            self._elapsed_s = max(self._elapsed_s, at_s)
            future.set_result(None)
