"""Makes the frozen snapshots that the user sees from the state of a worker."""

from ..models import CoverageState
from .camera_state import CameraState
from .nvr_worker import NvrWorker
from .status import CameraStatus, FootageSource, LiveNote, NvrStatus, SyncState

BACKLOG_STATES = (
    CoverageState.ON_DEVICE,
    CoverageState.FETCHING,
    CoverageState.FAILED,
)


def nvr_state(worker: NvrWorker, now_s: float) -> SyncState:
    """Return what an NVR is doing, the most important first."""
    health = worker.health
    if health.is_blocked:
        return SyncState.BLOCKED
    if health.is_online is False:
        return SyncState.OFFLINE
    if worker.is_paused:
        return SyncState.PAUSED
    if worker.fetches:
        return SyncState.FETCHING
    if worker.is_sweeping:
        return SyncState.SEARCHING
    if worker.waiting or not health.can_fetch(now_s):
        return SyncState.WAITING
    return SyncState.IDLE


def camera_state(
    worker: NvrWorker, camera: CameraState, whole: SyncState, now_s: float
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
    if any(fetch.job.camera == camera.key for fetch in worker.fetches):
        return SyncState.FETCHING
    if camera.is_searching:
        return SyncState.SEARCHING
    if live is not None and live.state is not SyncState.IDLE:
        return live.state
    is_held_up = camera.backlog.total_ms > 0 and (
        camera.retry.is_waiting(now_s) or not worker.is_allowed(camera.key)
    )
    if is_held_up or camera.key in worker.waiting:
        return SyncState.WAITING
    return SyncState.IDLE


def live_of(camera: CameraState) -> LiveNote | None:
    """Return what the live recording does, where the camera relies on it."""
    return camera.live if camera.decision.source is FootageSource.LIVE else None


def camera_status(
    worker: NvrWorker, camera: CameraState, whole: SyncState, now_s: float
) -> CameraStatus:
    """Return the snapshot of one camera."""
    totals, decision = camera.totals, camera.decision
    live = live_of(camera)
    by_state = totals.by_state_ms
    return CameraStatus(
        key=camera.key,
        state=camera_state(worker, camera, whole, now_s),
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
        is_judged=camera.is_judged,
    )


def nvr_status(worker: NvrWorker) -> NvrStatus:
    """Return the snapshot of one NVR."""
    clock = worker.rooms.clock
    now_s, now_ms = clock.monotonic(), clock.now_ms()
    state = nvr_state(worker, now_s)
    wait_s = max(worker.schedule.next_s() - now_s, 0.0)
    return NvrStatus(
        key=worker.key,
        is_online=worker.health.is_online,
        state=state,
        clock_offset_ms=worker.keeper.offset_ms,
        last_sweep_ms=worker.last_sweep_ms,
        next_sweep_ms=now_ms + int(wait_s * 1000),
        problem=worker.health.problem,
        cameras={
            camera.key: camera_status(worker, camera, state, now_s)
            for camera in worker.cameras.values()
        },
    )
