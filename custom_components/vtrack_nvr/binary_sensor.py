"""Binary sensors: does the device answer, is footage missing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.sync.status import CameraStatus, NvrStatus, SyncState
from .entity import VtrackCameraEntity, VtrackNvrEntity
from .runtime import CameraRuntime, VtrackConfigEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class NvrBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor that reads an NVR's status."""

    is_on_fn: Callable[[NvrStatus], bool | None]


@dataclass(frozen=True, kw_only=True)
class CameraBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor that reads a camera's status."""

    is_on_fn: Callable[[CameraStatus], bool | None]
    attributes_fn: Callable[[CameraStatus], dict[str, Any]] | None = None


def _missing_attributes(status: CameraStatus) -> dict[str, Any]:
    missing = status.missing
    if missing is None:
        return {}
    return {
        "cause": str(missing.cause),
        "reason": missing.reason or None,
        "since": datetime.fromtimestamp(missing.since_ms / 1000, UTC),
        "minutes": round(missing.seconds / 60),
    }


NVR_BINARY_SENSORS = (
    NvrBinarySensorDescription(
        key="connectivity",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda status: status.is_online,
    ),
)

CAMERA_BINARY_SENSORS = (
    CameraBinarySensorDescription(
        key="sync_problem",
        translation_key="sync_problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda status: (
            status.problem is not None or status.state is SyncState.BLOCKED
        ),
    ),
    CameraBinarySensorDescription(
        key="footage_missing",
        translation_key="footage_missing",
        device_class=BinarySensorDeviceClass.PROBLEM,
        is_on_fn=lambda status: (
            status.missing is not None if status.is_judged else None
        ),
        attributes_fn=_missing_attributes,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VtrackConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of the NVR, and those of each camera it has or gets."""
    runtime = entry.runtime_data
    async_add_entities(
        VtrackNvrBinarySensor(runtime, item) for item in NVR_BINARY_SENSORS
    )

    def add_camera(camera: CameraRuntime) -> None:
        async_add_entities(
            (
                VtrackCameraBinarySensor(runtime, camera, item)
                for item in CAMERA_BINARY_SENSORS
            ),
            config_subentry_id=camera.subentry_id,
        )

    entry.async_on_unload(await runtime.async_on_camera(add_camera))


class VtrackNvrBinarySensor(VtrackNvrEntity, BinarySensorEntity):
    """A binary sensor of an NVR."""

    entity_description: NvrBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        return self.entity_description.is_on_fn(self.status)


class VtrackCameraBinarySensor(VtrackCameraEntity, BinarySensorEntity):
    """A binary sensor of a camera."""

    _unrecorded_attributes = frozenset({"minutes"})
    """It moves every minute while nothing happens."""

    entity_description: CameraBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        return self.entity_description.is_on_fn(self.status) if self.status else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        if self.status is None or self.entity_description.attributes_fn is None:
            return None
        return self.entity_description.attributes_fn(self.status)
