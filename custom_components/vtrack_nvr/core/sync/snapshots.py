"""Makes status snapshots, at most one a second, and hands them to whoever subscribed."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
import logging

from ..clock import Clock
from ..errors import NvrError
from ..models import CoverageState, Recording, RecordingStatus
from .camera_state import CameraState
from .nvr_state import NvrState
from .status import (
    CameraStatus,
    FootageSource,
    LiveNote,
    NvrStatus,
    Problem,
    SyncState,
    SyncStatus,
)

BACKLOG_STATES = (
    CoverageState.ON_DEVICE,
    CoverageState.FETCHING,
    CoverageState.FAILED,
)


def state_of_nvr(nvr: NvrState, now_s: float) -> SyncState:
    """Return what an NVR is doing, the most important first."""
    health = nvr.health
    if health.is_blocked:
        return SyncState.BLOCKED
    if health.is_online is False:
        return SyncState.OFFLINE
    if nvr.is_paused:
        return SyncState.PAUSED
    if nvr.fetches:
        return SyncState.FETCHING
    if nvr.is_sweeping:
        return SyncState.SEARCHING
    if nvr.waiting or not health.can_fetch(now_s):
        return SyncState.WAITING
    return SyncState.IDLE


def state_of_camera(
    nvr: NvrState, camera: CameraState, whole: SyncState, now_s: float
) -> SyncState:
    """Return what the user sees for a camera."""
    if not camera.spec.settings.is_enabled:
        return SyncState.PAUSED
    if camera.rooms.library.storage_problem(camera.key) is not None:
        return SyncState.BLOCKED
    live = live_of(camera)
    if live is not None and live.state is SyncState.RECORDING:
        return live.state
    if whole in {SyncState.BLOCKED, SyncState.OFFLINE, SyncState.PAUSED}:
        return whole
    if any(fetch.job.camera == camera.key for fetch in nvr.fetches):
        return SyncState.FETCHING
    if camera.is_searching:
        return SyncState.SEARCHING
    if live is not None and live.state is not SyncState.IDLE:
        return live.state
    is_held_up = camera.backlog.total_ms > 0 and (
        camera.retry.is_waiting(now_s) or not nvr.is_allowed(camera.key)
    )
    if is_held_up or camera.key in nvr.waiting:
        return SyncState.WAITING
    return SyncState.IDLE


def live_of(camera: CameraState) -> LiveNote | None:
    """Return what the live recording does, where the camera relies on it."""
    return camera.live if camera.decision.source is FootageSource.LIVE else None


def camera_status(
    nvr: NvrState, camera: CameraState, whole: SyncState, now_s: float
) -> CameraStatus:
    """Return the snapshot of one camera."""
    totals, decision = camera.totals, camera.decision
    live = live_of(camera)
    by_state = totals.by_state_ms
    return CameraStatus(
        key=camera.key,
        state=state_of_camera(nvr, camera, whole, now_s),
        source=decision.source,
        source_reason=decision.reason,
        is_enabled=camera.spec.settings.is_enabled,
        backlog_s=sum(by_state.get(state, 0) for state in BACKLOG_STATES) / 1000,
        failed_s=by_state.get(CoverageState.FAILED, 0) / 1000,
        lost_s=by_state.get(CoverageState.LOST, 0) / 1000,
        kept_s=totals.kept_ms / 1000,
        coverage_percent=camera.coverage_percent,
        clips=totals.clips,
        bytes=totals.bytes,
        last_clip_id=totals.last_clip_id,
        last_clip_start_ms=totals.last_start_ms,
        last_clip_end_ms=totals.last_end_ms,
        device_oldest_ms=totals.device_oldest_ms,
        device_newest_ms=totals.device_newest_ms,
        last_sync_ms=camera.last_sync_ms,
        progress=camera.progress,
        problem=camera.trouble or (live.problem if live else None),
        missing=camera.missing,
        is_recording_on_device=recording_on_device(camera.recordings.values()),
        is_judged=camera.is_judged,
    )


def recording_on_device(recordings: Iterable[Recording]) -> bool | None:
    """Return whether any of a camera's recordings goes on, as the device says."""
    states = {recording.status for recording in recordings}
    if RecordingStatus.RECORDING in states:
        return True
    told = states - {RecordingStatus.UNKNOWN}
    return False if told else None


def nvr_status(nvr: NvrState) -> NvrStatus:
    """Return the snapshot of one NVR."""
    clock = nvr.context.clock
    now_s, now_ms = clock.monotonic(), clock.now_ms()
    state = state_of_nvr(nvr, now_s)
    wait_s = max(nvr.schedule.next_s() - now_s, 0.0)
    return NvrStatus(
        key=nvr.key,
        is_online=nvr.health.is_online,
        state=state,
        clock_offset_ms=nvr.keeper.offset_ms,
        last_sweep_ms=nvr.last_sweep_ms,
        next_sweep_ms=now_ms + int(wait_s * 1000),
        paused_until_ms=nvr.paused_until_ms if nvr.is_paused else None,
        problem=nvr.health.problem,
        cameras={
            camera.key: camera_status(nvr, camera, state, now_s)
            for camera in nvr.cameras.values()
        },
    )


_LOGGER = logging.getLogger(__name__)


class Publisher:
    """Watches all NVRs; whoever changes something calls `changed`."""

    def __init__(
        self, nvrs: Callable[[], Sequence[NvrState]], clock: Clock, pause_s: float
    ) -> None:
        """Take where the states of all NVRs are found; nothing is published yet."""
        self._nvrs = nvrs
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
            for nvr in self._nvrs():
                for camera in tuple(nvr.cameras.values()):
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
            nvrs={nvr.key: nvr_status(nvr) for nvr in self._nvrs()},
            storage_problem=self._storage_problem(),
        )
        self._last_s = self._clock.monotonic()
        return self._last

    def _storage_problem(self) -> Problem | None:
        """Return the first storage problem of any camera, with when it began."""
        for nvr in self._nvrs():
            for camera in nvr.cameras.values():
                error = camera.rooms.library.storage_problem(camera.key)
                if error is None:
                    continue
                before = self._last.storage_problem if self._last else None
                if before is not None and before.kind is error.kind:
                    return before
                return Problem(error.kind, self._clock.now_ms(), error.detail)
        return None
