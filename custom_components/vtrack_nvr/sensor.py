"""Sensors: what is kept, what is not yet, and what the engine is doing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfInformation,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .core.errors import ErrorKind
from .core.sync.status import (
    CameraStatus,
    FootageSource,
    NvrStatus,
    SyncState,
)
from .entity import VtrackCameraEntity, VtrackNvrEntity
from .runtime import CameraRuntime, VtrackConfigEntry, VtrackRuntime

PARALLEL_UPDATES = 0

NO_PROBLEM = "none"
PROBLEMS = [NO_PROBLEM, *(str(kind) for kind in ErrorKind)]


def moment(utc_ms: int | None) -> datetime | None:
    """Return an aware time for milliseconds of UTC."""
    return None if utc_ms is None else datetime.fromtimestamp(utc_ms / 1000, UTC)


def _last_clip_attributes(status: CameraStatus) -> dict[str, Any]:
    if status.last_clip_id is None:
        return {}
    return {
        "clip_id": status.last_clip_id,
        "end": moment(status.last_clip_end_ms),
        "media_content_id": f"media-source://vtrack_nvr/clip/{status.last_clip_id}",
        "url": f"/api/vtrack_nvr/clip/{status.last_clip_id}",
    }


def _source_attributes(status: CameraStatus) -> dict[str, Any]:
    return {"reason": str(status.source_reason)}


@dataclass(frozen=True, kw_only=True)
class CameraSensorDescription(SensorEntityDescription):
    """A sensor that reads a camera's status."""

    value_fn: Callable[[CameraStatus], StateType | datetime]
    attributes_fn: Callable[[CameraStatus], dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class NvrSensorDescription(SensorEntityDescription):
    """A sensor that reads an NVR's status."""

    value_fn: Callable[[NvrStatus], StateType | datetime]


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
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=[str(source) for source in FootageSource],
        value_fn=lambda status: str(status.source),
        attributes_fn=_source_attributes,
    ),
    CameraSensorDescription(
        key="problem",
        translation_key="problem",
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
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VtrackConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of the NVR, and those of each camera it has or gets."""
    runtime = entry.runtime_data
    async_add_entities(VtrackNvrSensor(runtime, item) for item in NVR_SENSORS)

    def add_camera(camera: CameraRuntime) -> None:
        async_add_entities(
            (VtrackCameraSensor(runtime, camera, item) for item in CAMERA_SENSORS),
            config_subentry_id=camera.subentry_id,
        )

    entry.async_on_unload(await runtime.async_on_camera(add_camera))


class VtrackNvrSensor(VtrackNvrEntity, SensorEntity):
    """A sensor of an NVR."""

    entity_description: NvrSensorDescription

    def __init__(
        self, runtime: VtrackRuntime, description: NvrSensorDescription
    ) -> None:
        """Read what the description says."""
        super().__init__(runtime, description)

    @property
    @override
    def native_value(self) -> StateType | datetime:
        return self.entity_description.value_fn(self.status)


class VtrackCameraSensor(VtrackCameraEntity, SensorEntity):
    """A sensor of a camera."""

    entity_description: CameraSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        return self.entity_description.value_fn(self.status) if self.status else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        if self.status is None or self.entity_description.attributes_fn is None:
            return None
        return self.entity_description.attributes_fn(self.status)
