"""The state of the whole house as plain data: what the feed tells, before rights."""

from collections.abc import Mapping
from typing import Any

from ..core.library import coverage_tiles as tiles
from ..core.library.values import CameraInfo, RootInfo
from ..core.models import CameraKey
from ..core.sync.status import (
    CameraStatus,
    NvrStatus,
    SyncState,
    SyncStatus,
)
from .rows import error_row, missing_row, problem_row, storage_row

DAY_MS = 86_400_000

type Rows = dict[str, dict[str, Any]]
type Days = Mapping[CameraKey, tuple[int, ...]]
"""Milliseconds in each state since midnight by camera."""


def percent_of(sums: tuple[int, ...] | None) -> float | None:
    """Return kept of expected in percent, None where nothing is expected."""
    if sums is None:
        return None
    expected = sum(sums[number] for number in tiles.EXPECTED)
    return round(100.0 * sums[tiles.KEPT] / expected, 1) if expected else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def nvr_now(nvr: NvrStatus, entry_id: str | None) -> dict[str, Any]:
    """Return an NVR as it is now."""
    return {
        "is_online": nvr.is_online,
        "state": str(nvr.state),
        "is_paused": nvr.state is SyncState.PAUSED,
        "paused_until_ms": nvr.paused_until_ms,
        "clock_offset_ms": nvr.clock_offset_ms,
        "last_sweep_ms": nvr.last_sweep_ms,
        # told by the minute: it moves with every snapshot
        "next_sweep_ms": None
        if nvr.next_sweep_ms is None
        else nvr.next_sweep_ms // 60_000 * 60_000,
        "problem": problem_row(nvr.problem, entry_id),
    }


def camera_now(
    info: CameraInfo,
    status: CameraStatus | None,
    today: tuple[int, ...] | None,
    entry_id: str | None,
    now_ms: int,
) -> dict[str, Any]:
    """Return a camera as its tile shows it; a former one has no status."""
    totals = info.totals
    if status is None:
        status = CameraStatus(
            info.key,
            state=SyncState.OFFLINE,
            is_enabled=False,
            kept_s=totals.kept_ms / 1000,
            coverage_percent=totals.coverage_percent,
            clips=totals.clips,
            bytes=totals.bytes,
            last_clip_id=totals.last_clip_id,
            last_clip_start_ms=totals.last_start_ms,
            last_clip_end_ms=totals.last_end_ms,
        )
    last = None
    if status.last_clip_id is not None:
        last = {
            "id": status.last_clip_id,
            "start_ms": status.last_clip_start_ms,
            "end_ms": status.last_clip_end_ms,
        }
    held = None
    if totals.first_start_ms is not None:
        held = round(max(0, now_ms - totals.first_start_ms) / DAY_MS, 1)
    return {
        "state": str(status.state),
        "source": str(status.source),
        "source_reason": str(status.source_reason),
        "is_enabled": status.is_enabled,
        "last_clip": last,
        "lag_s": status.lag_s(now_ms),
        "backlog_s": round(status.backlog_s),
        "failed_s": round(status.failed_s),
        "lost_s": round(status.lost_s),
        "kept_s": round(status.kept_s),
        "clips": status.clips,
        "bytes": status.bytes,
        "coverage_percent": _rounded(status.coverage_percent, 1),
        "today_percent": percent_of(today),
        "held_days": held,
        "promised_days": info.retention.days,
        "device_oldest_ms": status.device_oldest_ms,
        "device_newest_ms": status.device_newest_ms,
        "last_sync_ms": status.last_sync_ms,
        "problem": problem_row(status.problem, entry_id),
        "missing": missing_row(status.missing),
    }


def fetching_rows(status: SyncStatus) -> Rows:
    """Return the fetches under way by camera."""
    rows: Rows = {}
    for nvr in status.nvrs.values():
        for key, camera in nvr.cameras.items():
            if (progress := camera.progress) is not None:
                rows[key] = {
                    "start_ms": progress.start_ms,
                    "end_ms": progress.end_ms,
                    "done": round(progress.done, 3),
                    "bytes": progress.bytes,
                    "speed": round(progress.speed, 2),
                    "seconds_left": _rounded(progress.seconds_left, 1),
                }
    return rows


def storage_rows(roots: tuple[RootInfo, ...], now_ms: int) -> Rows:
    """Return the storages by their ids."""
    return {str(root.id): storage_row(root, now_ms) for root in roots}


def library_row(
    status: SyncStatus,
    roots: tuple[RootInfo, ...],
    *,
    is_checking: bool,
    is_braked: bool,
) -> dict[str, Any]:
    """Return the library as a whole; sums of cameras are added for each person."""
    current = [root for root in roots if root.is_current]
    free = [root.free_bytes for root in current if root.free_bytes is not None]
    left = [root.days_left for root in current if root.days_left is not None]
    problem = problem_row(status.storage_problem)
    if problem is None:
        away = next((root.problem for root in current if root.problem), None)
        problem = error_row(away, status.made_ms)
    return {
        "storage_problem": problem,
        "is_checking": is_checking,
        "braked": is_braked,
        "free_bytes": sum(free) if free else None,
        "days_left": round(min(left), 1) if left else None,
    }
