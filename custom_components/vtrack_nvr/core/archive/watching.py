"""Footage that is still on the device, fetched while somebody watches it.

A viewing asks for what comes next, ahead of all other work, and only as far as its viewer
has got: a device is not emptied because somebody looked at a minute of it. What came is
kept like any clip. What nobody watches any more is not fetched on for that.
"""

import asyncio
from collections import Counter
import logging
from typing import Final

from ..clock import Clock
from ..errors import ErrorKind, NvrError
from ..intervals import Ranges, TimeRange, difference, intersection, total_ms, union
from ..ledger import Want
from ..models import CameraKey, CoverageSpan, CoverageState
from ..sync.engine import SyncEngine
from ..sync.ports import EngineLedger

_LOGGER = logging.getLogger(__name__)

AHEAD_MS: Final = 300_000
"""So much is to be asked for beyond the place that is watched."""
CHUNK_MS: Final = 600_000
SMALLEST_MS: Final = 10_000
SETTLE_MS: Final = 2_500
"""Footage that is younger is not asked for yet."""
LOOK_S: Final = 1.0
IDLE_S: Final = 60.0
"""A viewing that nothing was asked for in so long is over."""
STALL_S: Final = 45.0
"""What brings nothing for so long is passed over."""
MOST_OF_ONE: Final = 8
MOST: Final = 32
NEVER: Final = frozenset({CoverageState.ABSENT, CoverageState.LOST})
"""States of what will not come; whatever else is not kept may be on the device still."""


class WatchedWindow:
    """One viewing; `pending` tells what is still to come in its window."""

    def __init__(
        self,
        camera: CameraKey,
        window: TimeRange,
        engine: SyncEngine,
        ledger: EngineLedger,
        clock: Clock,
    ) -> None:
        """Ask for nothing yet."""
        self._camera, self._window = camera, window
        self._engine, self._ledger, self._clock = engine, ledger, clock
        self._at_ms = window.start_ms
        self._asked_ms = window.start_ms
        """Up to here footage was asked for."""
        self._want: Want | None = None
        self._passed: Ranges = ()
        """What did not come, and is not waited for any more."""
        self._kept: Ranges = ()
        self._pending: Ranges = ()
        self._had_ms = -1
        self._moved_s = self._seen_s = clock.monotonic()
        self._is_closed = False
        self._wake = asyncio.Event()

    def pending(self) -> Ranges:
        """Return what of the window may still come, in order; from memory."""
        return self._pending

    def at(self, utc_ms: int) -> None:
        """Tell what is watched now: the viewing goes on, and so does the fetching."""
        self._at_ms = utc_ms
        self._seen_s = self._clock.monotonic()
        self._wake.set()

    def close(self) -> None:
        """End the viewing; may be called more than once."""
        self._is_closed = True
        self._wake.set()

    async def begin(self) -> None:
        """Ask for the beginning; raises what the engine and the index raise."""
        await self._look()
        await self._ask()
        await self._look()

    async def run(self) -> None:
        """Ask on as it is watched, until it is closed or nobody watches."""
        try:
            while not self._is_closed:
                self._wake.clear()
                await self._step()
                await self._rest()
        finally:
            self._pending = ()  # nothing comes for it any more: nobody waits on
            await self._let_go()

    async def _step(self) -> None:
        try:
            await self._look()
            await self._ask()
        except NvrError as error:
            _LOGGER.debug("%s: a viewing is not fetched for: %s", self._camera, error)
            await self._pass_over(TimeRange(self._window.start_ms, self._asked_ms))
        if self._clock.monotonic() - self._seen_s > IDLE_S:
            self._is_closed = True

    async def _rest(self) -> None:
        sleep = asyncio.ensure_future(self._clock.sleep(LOOK_S))
        wake = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({sleep, wake}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            wake.cancel()

    async def _look(self) -> None:
        """Find out what is kept by now, and what is still to come."""
        spans = await self._ledger.coverage(self._camera, self._window)
        self._kept = union(s.range for s in spans if s.state is CoverageState.KEPT)
        if self._want is not None:
            await self._follow(self._want, spans)
        start_ms = self._window.start_ms
        until_ms = max(start_ms, min(self._window.end_ms, self._clock.now_ms()))
        never = [span.range for span in spans if span.state in NEVER]
        self._pending = difference(
            (TimeRange(start_ms, until_ms),), (*self._kept, *never, *self._passed)
        )

    async def _follow(self, want: Want, spans: tuple[CoverageSpan, ...]) -> None:
        """Let go of what has come, or does not come."""
        now_s = self._clock.monotonic()
        has_ms = total_ms(intersection(self._kept, (want.range,)))
        is_coming = any(
            span.state is CoverageState.FETCHING and span.range.overlaps(want.range)
            for span in spans
        )
        if has_ms != self._had_ms or is_coming:
            self._had_ms, self._moved_s = has_ms, now_s
        is_over = not self._engine.is_open(want)
        if is_over or now_s - self._moved_s > STALL_S:
            await self._pass_over(want.range)

    async def _pass_over(self, stretch: TimeRange) -> None:
        """Wait no longer for what of a stretch has not come."""
        self._passed = union((*self._passed, stretch))
        await self._let_go()

    async def _let_go(self) -> None:
        want, self._want = self._want, None
        if want is None:
            return
        try:
            await self._engine.unwatch(want)
        except NvrError as error:
            _LOGGER.debug("%s: a viewing is not let go of: %s", self._camera, error)

    async def _ask(self) -> None:
        """Ask for the next stretch once there is little left to watch of the last."""
        ahead = TimeRange(min(self._at_ms, self._asked_ms), self._asked_ms)
        is_enough = total_ms(intersection(self._kept, (ahead,))) >= AHEAD_MS
        if self._want is not None or is_enough:
            return
        start_ms = self._asked_ms
        latest_ms = self._clock.now_ms() - SETTLE_MS
        end_ms = min(self._window.end_ms, start_ms + CHUNK_MS, latest_ms)
        is_worth_it = end_ms - start_ms >= SMALLEST_MS or end_ms == self._window.end_ms
        if end_ms <= start_ms or not is_worth_it:
            return
        stretch = TimeRange(start_ms, end_ms)
        self._asked_ms = end_ms
        self._had_ms, self._moved_s = -1, self._clock.monotonic()
        self._want = await self._engine.watch(self._camera, stretch)


class WatchedWindows:
    """All viewings: begun here, bounded, ended with the library."""

    def __init__(self, engine: SyncEngine, ledger: EngineLedger, clock: Clock) -> None:
        """Know of none."""
        self._engine, self._ledger, self._clock = engine, ledger, clock
        self._open: dict[asyncio.Task[None], tuple[str, WatchedWindow]] = {}

    async def watch(
        self, camera: CameraKey, window: TimeRange, person: str
    ) -> WatchedWindow:
        """Begin to fetch what is watched; whoever watches calls `at` and `close`.

        Raises `NvrError`: LIMIT where the person, or all, watch too much, GONE for a camera
        that is not attached, and what the index raises.
        """
        persons = Counter(owner for owner, _ in self._open.values())
        if persons[person] >= MOST_OF_ONE or persons.total() >= MOST:
            raise NvrError(ErrorKind.LIMIT, "too much is fetched for viewers")
        watch = WatchedWindow(camera, window, self._engine, self._ledger, self._clock)
        await watch.begin()
        task = asyncio.ensure_future(watch.run())
        self._open[task] = (person, watch)
        task.add_done_callback(self._ended)
        return watch

    async def stop(self) -> None:
        """End all viewings."""
        tasks = [*self._open]
        for _, watch in self._open.values():
            watch.close()
        if tasks:
            await asyncio.wait(tasks)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._open[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("A viewing broke", exc_info=error)
