"""What each sensor is and how its value is read: tables, no entities."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfDataRate,
    UnitOfInformation,
    UnitOfTime,
)
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .clip_links import clip_media_id, clip_url
from .core.errors import ErrorKind
from .core.intervals import TimeRange
from .core.library.values import RootInfo
from .core.sync.status import (
    CameraStatus,
    FootageSource,
    NvrStatus,
    SyncState,
)
from .runtime import CameraRuntime, VtrackRuntime
from .times import moment

DAY_MS = 86_400_000
MINUTE_MS = 60_000
RUNS = 500
"""So many runs of an NVR are looked through: more than a day has."""

NO_PROBLEM = "none"
PROBLEMS = [NO_PROBLEM, *(str(kind) for kind in ErrorKind)]


def _last_clip_attributes(status: CameraStatus) -> dict[str, Any]:
    if status.last_clip_id is None:
        return {}
    return {
        "clip_id": status.last_clip_id,
        "end": moment(status.last_clip_end_ms),
        "media_content_id": clip_media_id(status.last_clip_id),
        "url": clip_url(status.last_clip_id),
    }


def _source_attributes(status: CameraStatus) -> dict[str, Any]:
    return {"reason": str(status.source_reason)}


def _on_the_minute(utc_ms: int | None) -> datetime | None:
    """Return a time that is estimated anew all the time, so that it stands still."""
    if utc_ms is None:
        return None
    return moment((utc_ms + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS)


def throughput(status: NvrStatus) -> float:
    """Return how fast an NVR's footage is being copied, in Mbit/s."""
    total = 0.0
    for camera in status.cameras.values():
        progress = camera.progress
        if progress is None:
            continue
        footage_s = progress.done * (progress.end_ms - progress.start_ms) / 1000
        if footage_s > 0:
            total += progress.bytes * progress.speed / footage_s
    return round(total * 8 / 1e6, 1)


def _now_ms() -> int:
    return round(dt_util.utcnow().timestamp() * 1000)


@dataclass(frozen=True, kw_only=True)
class CameraSensorDescription(SensorEntityDescription):
    """A sensor that reads a camera's status."""

    value_fn: Callable[[CameraStatus], StateType | datetime]
    attributes_fn: Callable[[CameraStatus], dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class NvrSensorDescription(SensorEntityDescription):
    """A sensor that reads an NVR's status."""

    value_fn: Callable[[NvrStatus], StateType | datetime]


@dataclass(frozen=True, kw_only=True)
class StorageSensorDescription(SensorEntityDescription):
    """A sensor that reads what is known of a storage."""

    value_fn: Callable[[RootInfo], StateType]


@dataclass(frozen=True, kw_only=True)
class IndexSensorDescription(SensorEntityDescription):
    """A sensor whose value is read from the index now and then; it may raise `NvrError`."""

    read_fn: Callable[[VtrackRuntime, CameraRuntime | None], Awaitable[StateType]]


async def _coverage_today(
    runtime: VtrackRuntime, camera: CameraRuntime | None
) -> StateType:
    """Return the percentage that is kept of what is expected of this local day so far."""
    assert camera is not None
    start = dt_util.start_of_local_day()
    window = TimeRange(round(start.timestamp() * 1000), _now_ms())
    if window.duration_ms <= 0:
        return None
    found = await runtime.hub.library.browse.coverage_summary(camera.key, window)
    return None if found.percent is None else round(found.percent, 2)


async def _days_held(runtime: VtrackRuntime, camera: CameraRuntime | None) -> StateType:
    """Return how far back what is kept reaches, in days."""
    assert camera is not None
    totals = await runtime.hub.library.browse.totals(camera.key)
    if totals.first_start_ms is None:
        return None
    return round(max(0, _now_ms() - totals.first_start_ms) / DAY_MS, 1)


async def _failures(runtime: VtrackRuntime, _camera: CameraRuntime | None) -> StateType:
    """Return how many fetches and searches failed in the last 24 hours."""
    since_ms = _now_ms() - DAY_MS
    runs = await runtime.hub.library.browse.runs(runtime.key, RUNS)
    return sum(run.result.errors for run in runs if run.started_ms >= since_ms)


CAMERA_SENSORS: tuple[CameraSensorDescription, ...] = (
    CameraSensorDescription(
        key="last_clip",
        translation_key="last_clip",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda status: moment(status.last_clip_start_ms),
        attributes_fn=_last_clip_attributes,
    ),
    CameraSensorDescription(
        key="backlog",
        translation_key="backlog",
        entity_registry_enabled_default=False,
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=0,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda status: round(status.backlog_s),
    ),
    CameraSensorDescription(
        key="clips",
        translation_key="clips",
        entity_registry_enabled_default=False,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda status: status.clips,
    ),
    CameraSensorDescription(
        key="coverage",
        translation_key="coverage",
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda status: (
            None
            if status.coverage_percent is None
            else round(status.coverage_percent, 2)
        ),
    ),
    CameraSensorDescription(
        key="kept",
        translation_key="kept",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.HOURS,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda status: round(status.kept_s),
    ),
    CameraSensorDescription(
        key="size",
        translation_key="size",
        entity_registry_enabled_default=False,
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        suggested_display_precision=2,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda status: status.bytes,
    ),
    CameraSensorDescription(
        key="lost",
        translation_key="lost",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda status: round(status.lost_s),
    ),
    CameraSensorDescription(
        key="sync_state",
        translation_key="sync_state",
        device_class=SensorDeviceClass.ENUM,
        options=[str(state) for state in SyncState],
        value_fn=lambda status: str(status.state),
    ),
    CameraSensorDescription(
        key="footage_source",
        translation_key="footage_source",
        entity_registry_enabled_default=False,
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=[str(source) for source in FootageSource],
        value_fn=lambda status: str(status.source),
        attributes_fn=_source_attributes,
    ),
    CameraSensorDescription(
        key="problem",
        translation_key="problem",
        entity_registry_enabled_default=False,
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=PROBLEMS,
        value_fn=lambda status: (
            str(status.problem.kind) if status.problem else NO_PROBLEM
        ),
    ),
    CameraSensorDescription(
        key="oldest_on_device",
        translation_key="oldest_on_device",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda status: moment(status.device_oldest_ms),
    ),
    CameraSensorDescription(
        key="newest_on_device",
        translation_key="newest_on_device",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda status: moment(status.device_newest_ms),
    ),
    CameraSensorDescription(
        key="last_success",
        translation_key="last_success",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda status: _on_the_minute(status.last_sync_ms),
    ),
    CameraSensorDescription(
        key="lag",
        translation_key="lag",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda status: status.lag_s(_now_ms()),
    ),
    CameraSensorDescription(
        key="failed",
        translation_key="failed",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda status: round(status.failed_s),
    ),
    CameraSensorDescription(
        key="progress",
        translation_key="progress",
        native_unit_of_measurement=PERCENTAGE,
        entity_registry_enabled_default=False,
        value_fn=lambda status: (
            round(status.progress.done * 100) if status.progress else None
        ),
    ),
    CameraSensorDescription(
        key="speed",
        translation_key="speed",
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        value_fn=lambda status: (
            round(status.progress.speed, 1) if status.progress else None
        ),
    ),
)

DAYS_HELD = IndexSensorDescription(
    key="days_held",
    translation_key="days_held",
    device_class=SensorDeviceClass.DURATION,
    native_unit_of_measurement=UnitOfTime.DAYS,
    suggested_display_precision=1,
    entity_registry_enabled_default=False,
    state_class=SensorStateClass.MEASUREMENT,
    read_fn=_days_held,
)
"""With what was promised beside it."""

COVERAGE_TODAY = IndexSensorDescription(
    key="coverage_today",
    translation_key="coverage_today",
    native_unit_of_measurement=PERCENTAGE,
    suggested_display_precision=1,
    entity_registry_enabled_default=False,
    state_class=SensorStateClass.MEASUREMENT,
    read_fn=_coverage_today,
)

FAILURES = IndexSensorDescription(
    key="failures",
    translation_key="failures",
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    state_class=SensorStateClass.MEASUREMENT,
    read_fn=_failures,
)

NVR_SENSORS: tuple[NvrSensorDescription, ...] = (
    NvrSensorDescription(
        key="clock_offset",
        translation_key="clock_offset",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda status: (
            None
            if status.clock_offset_ms is None
            else round(-status.clock_offset_ms / 1000)
        ),
    ),
    NvrSensorDescription(
        key="last_sync",
        translation_key="last_sync",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda status: moment(status.last_sweep_ms),
    ),
    NvrSensorDescription(
        key="next_sync",
        translation_key="next_sync",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda status: _on_the_minute(status.next_sweep_ms),
    ),
    NvrSensorDescription(
        key="throughput",
        translation_key="throughput",
        device_class=SensorDeviceClass.DATA_RATE,
        native_unit_of_measurement=UnitOfDataRate.MEGABITS_PER_SECOND,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=throughput,
    ),
)

STORAGE_SENSORS: tuple[StorageSensorDescription, ...] = (
    StorageSensorDescription(
        key="total",
        translation_key="storage_total",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda root: root.total_bytes,
    ),
    StorageSensorDescription(
        key="free",
        translation_key="storage_free",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda root: (
            None if root.free_bytes is None else round(root.free_bytes, -8)
        ),
    ),
    StorageSensorDescription(
        key="days_left",
        translation_key="storage_days_left",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.DAYS,
        suggested_display_precision=0,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda root: (
            None if root.days_left is None else round(root.days_left, 1)
        ),
    ),
    StorageSensorDescription(
        key="clips",
        translation_key="storage_clips",
        entity_registry_enabled_default=False,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda root: root.clips,
    ),
    StorageSensorDescription(
        key="size",
        translation_key="storage_size",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda root: root.clip_bytes,
    ),
)
