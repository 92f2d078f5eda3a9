"""Clips, cameras, and storages as the account of a storage sees them."""

from collections.abc import Sequence

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.upkeep.account import (
    CameraCase,
    ClipCase,
    RootCase,
    plan_deletions,
)
from custom_components.vtrack_nvr.core.library.upkeep_values import RetentionPlan
from custom_components.vtrack_nvr.core.library.values import LibraryBounds, Retention

from ..rig import CAMERA, DAY, HOUR, MINUTE, NOW

BOUNDS = LibraryBounds(brake_slack_bytes=0, clip_reserve_bytes=10)
SIZE = 50_000_000


def clips(
    first_age_days: float,
    last_age_days: float = 0.0,
    *,
    step_ms: int = HOUR,
    camera=CAMERA,
    root_id: int = 1,
) -> list[ClipCase]:
    """Return clips from an age to another, oldest first, kept when they were filmed."""
    found = []
    start_ms = NOW - int(first_age_days * DAY)
    while start_ms < NOW - int(last_age_days * DAY):
        end_ms = start_ms + 5 * MINUTE
        found.append(
            ClipCase(
                id=start_ms // 1000 + (0 if camera == CAMERA else 10**12),
                camera=camera,
                root_id=root_id,
                range=TimeRange(start_ms, end_ms),
                size_bytes=SIZE,
                created_ms=end_ms,
                kept_ms=end_ms,
            )
        )
        start_ms += step_ms
    return found


def case(
    items: list[ClipCase], wanted: Retention, applied: Retention | None = None
) -> CameraCase:
    return CameraCase(
        camera=items[0].camera if items else CAMERA,
        wanted=wanted,
        applied=wanted if applied is None else applied,
        clips=items,
        bytes=sum(clip.size_bytes for clip in items),
    )


def root(items: Sequence[ClipCase] = (), **more) -> RootCase:
    ordered = sorted(
        (clip for clip in items if not clip.is_protected), key=lambda c: c.range
    )
    return RootCase(1, **{"free_bytes": 10**12, "clips": ordered, **more})


def run(*cases: CameraCase, roots: tuple[RootCase, ...] = (), **more) -> RetentionPlan:
    return plan_deletions(cases, roots or (root(),), BOUNDS, NOW, **more)


def short(items: list[ClipCase], needed: int, written: int) -> RootCase:
    """Return a root that needs some room, of which as much may be made as was written."""
    return root(
        items,
        free_bytes=100 * SIZE - needed,
        floor_bytes=100 * SIZE,
        applied_floor_bytes=100 * SIZE,
        written_bytes=written,
        spent_bytes=100 * SIZE,
    )
