"""Sensors: what is kept, what is not yet, and what the engine is doing."""

from datetime import datetime, timedelta
from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .const import CONF_RETENTION_DAYS
from .core.errors import NvrError
from .entity import VtrackCameraEntity, VtrackNvrEntity
from .runtime import CameraRuntime, VtrackConfigEntry, VtrackRuntime
from .sensor_tables import (
    CAMERA_SENSORS,
    COVERAGE_TODAY,
    DAYS_HELD,
    FAILURES,
    NVR_SENSORS,
    STORAGE_SENSORS,
    CameraSensorDescription,
    IndexSensorDescription,
    NvrSensorDescription,
    StorageSensorDescription,
)
from .storage_devices import VtrackStorageEntity, async_add_storages

PARALLEL_UPDATES = 0
SCAN_INTERVAL = timedelta(minutes=5)
"""How often the few sensors look that are read from the index."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VtrackConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of the NVR, of each camera it has or gets, and of the storages."""
    runtime = entry.runtime_data
    async_add_entities(
        [
            *(VtrackNvrSensor(runtime, item) for item in NVR_SENSORS),
            VtrackNvrIndexSensor(runtime, FAILURES),
        ],
        config_subentry_id=runtime.only_camera,
    )

    def add_camera(camera: CameraRuntime) -> None:
        async_add_entities(
            [
                *(VtrackCameraSensor(runtime, camera, item) for item in CAMERA_SENSORS),
                VtrackDaysHeldSensor(runtime, camera, DAYS_HELD),
                VtrackCameraIndexSensor(runtime, camera, COVERAGE_TODAY),
            ],
            config_subentry_id=camera.subentry_id,
        )

    entry.async_on_unload(await runtime.async_on_camera(add_camera))
    await async_add_storages(
        hass,
        entry,
        async_add_entities,
        lambda coordinator, root: [
            VtrackStorageSensor(coordinator, root, item) for item in STORAGE_SENSORS
        ],
    )


class VtrackNvrSensor(VtrackNvrEntity, SensorEntity):
    """A sensor of an NVR."""

    entity_description: NvrSensorDescription

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


class IndexValue(SensorEntity):
    """A sensor that looks into the index now and then, while it is enabled."""

    entity_description: IndexSensorDescription
    runtime: VtrackRuntime
    _attr_should_poll = True
    _of_camera: CameraRuntime | None = None

    @property
    @override
    def should_poll(self) -> bool:
        return True

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        await self.async_update()

    async def async_update(self) -> None:
        """Read the value; it stays as it was where the index does not answer."""
        try:
            self._attr_native_value = await self.entity_description.read_fn(
                self.runtime, self._of_camera
            )
        except NvrError:
            return


class VtrackNvrIndexSensor(IndexValue, VtrackNvrEntity):
    """A sensor of an NVR that is read from the index."""


class VtrackCameraIndexSensor(IndexValue, VtrackCameraEntity):
    """A sensor of a camera that is read from the index."""

    def __init__(
        self,
        runtime: VtrackRuntime,
        camera: CameraRuntime,
        description: IndexSensorDescription,
    ) -> None:
        """Read what is known of the camera."""
        super().__init__(runtime, camera, description)
        self._of_camera = camera


class VtrackDaysHeldSensor(VtrackCameraIndexSensor):
    """How far back a camera's footage reaches, beside how far it is to reach."""

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        camera = self.runtime.cameras.get(self.camera.subentry_id, self.camera)
        return {"promised_days": camera.data.get(CONF_RETENTION_DAYS) or None}


class VtrackStorageSensor(VtrackStorageEntity, SensorEntity):
    """A sensor of a storage."""

    entity_description: StorageSensorDescription

    @property
    @override
    def native_value(self) -> StateType:
        return self.entity_description.value_fn(self.root) if self.root else None
