"""Makes status snapshots, at most one a second, and hands them to whoever subscribed."""

import asyncio
from collections.abc import Callable, Mapping
import logging

from ..clock import Clock
from ..errors import NvrError
from ..models import NvrKey
from .camera_state import CameraState
from .nvr_worker import NvrWorker
from .snapshot import nvr_status
from .status import Problem, SyncStatus

_LOGGER = logging.getLogger(__name__)


class Publisher:
    """Watches the workers; whoever changes something calls `changed`."""

    def __init__(
        self, workers: Mapping[NvrKey, NvrWorker], clock: Clock, pause_s: float
    ) -> None:
        """Publish nothing yet."""
        self._workers = workers
        self._clock = clock
        self._pause_s = pause_s
        self._dirty = asyncio.Event()
        self._callbacks: dict[object, Callable[[SyncStatus], None]] = {}
        self._last: SyncStatus | None = None
        self._last_s = 0.0
        self._task: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()

    def changed(self) -> None:
        """Ask for a new snapshot."""
        self._dirty.set()

    def status(self) -> SyncStatus:
        """Return the last snapshot, or a new one if that is old and wrong."""
        is_old = self._clock.monotonic() - self._last_s >= self._pause_s
        if self._last is None or (self._dirty.is_set() and is_old):
            return self._make()
        return self._last

    async def fresh(self) -> SyncStatus:
        """Return a snapshot of this moment, with sums read from the index."""
        await self._freshen()
        return self._make()

    def subscribe(self, callback: Callable[[SyncStatus], None]) -> Callable[[], None]:
        """Call back with each new snapshot; returns how to end that."""
        key = object()
        self._callbacks[key] = callback

        def unsubscribe() -> None:
            self._callbacks.pop(key, None)

        return unsubscribe

    def start(self) -> None:
        """Begin to publish."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End publishing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            await self._dirty.wait()
            await self._freshen()
            self._dirty.clear()
            status = self._make()
            for callback in tuple(self._callbacks.values()):
                callback(status)
            await self._clock.sleep(self._pause_s)

    async def _freshen(self) -> None:
        """Read the sums that changed; who comes meanwhile waits, and has them too."""
        async with self._reading:
            for worker in tuple(self._workers.values()):
                for camera in tuple(worker.cameras.values()):
                    if camera.are_totals_stale:
                        await self._read(camera)

    @staticmethod
    async def _read(camera: CameraState) -> None:
        camera.are_totals_stale = False
        try:
            camera.totals = await camera.rooms.library.totals(camera.key)
        except NvrError as error:
            camera.are_totals_stale = True
            _LOGGER.debug("%s: no totals: %s", camera.key, error)

    def _make(self) -> SyncStatus:
        self._last = SyncStatus(
            made_ms=self._clock.now_ms(),
            nvrs={worker.key: nvr_status(worker) for worker in self._workers.values()},
            storage_problem=self._storage_problem(),
        )
        self._last_s = self._clock.monotonic()
        return self._last

    def _storage_problem(self) -> Problem | None:
        """Return the first storage problem of any camera, with when it began."""
        for worker in self._workers.values():
            for camera in worker.cameras.values():
                error = camera.rooms.library.storage_problem(camera.key)
                if error is None:
                    continue
                before = self._last.storage_problem if self._last else None
                if before is not None and before.kind is error.kind:
                    return before
                return Problem(error.kind, self._clock.now_ms(), error.detail)
        return None
