"""What our entities share: which device they belong to, and whose status they read."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import (
    CONF_RETENTION_DAYS,
    CONF_SECOND_AFTER,
    CONF_SECOND_STORAGE,
    DEFAULT_SECOND_AFTER,
    DOMAIN,
    NO_SECOND,
)
from .coordinator import VtrackCoordinator
from .core.sync.status import CameraStatus, NvrStatus
from .devices import camera_device_info, nvr_device_info
from .runtime import CameraRuntime, VtrackRuntime


class VtrackNvrEntity(CoordinatorEntity[VtrackCoordinator]):
    """An entity of an NVR."""

    _attr_has_entity_name = True

    def __init__(self, runtime: VtrackRuntime, description: EntityDescription) -> None:
        """Belong to the NVR's device."""
        super().__init__(runtime.coordinator)
        self.entity_description = description
        self.runtime = runtime
        self._attr_unique_id = f"{runtime.key}_{description.key}"
        self._attr_device_info = nvr_device_info(runtime)

    @property
    def status(self) -> NvrStatus:
        """The NVR's last status."""
        return self.coordinator.data


class VtrackCameraEntity(CoordinatorEntity[VtrackCoordinator]):
    """An entity of a camera."""

    _attr_has_entity_name = True

    def __init__(
        self,
        runtime: VtrackRuntime,
        camera: CameraRuntime,
        description: EntityDescription,
    ) -> None:
        """Belong to the camera's device."""
        super().__init__(runtime.coordinator)
        self.entity_description = description
        self.runtime = runtime
        self.camera = camera
        self._attr_unique_id = f"{camera.key}_{description.key}"
        self._attr_device_info = camera_device_info(runtime, camera)

    @property
    def status(self) -> CameraStatus | None:
        """The camera's last status, None before the engine knows it."""
        return self.coordinator.data.cameras.get(self.camera.key)

    @property
    @override
    def available(self) -> bool:
        return (
            super().available
            and self.status is not None
            and self.camera.key not in self.runtime.vanished
        )


class VtrackCameraSetting(VtrackCameraEntity):
    """An entity that shows and changes a setting of a camera, as its form does."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The camera's settings as they are now."""
        subentry = self.runtime.entry.subentries.get(self.camera.subentry_id)
        return self.camera.data if subentry is None else subentry.data

    async def async_change(self, **changes: Any) -> None:
        """Keep a setting; the entry's listener applies it without a reload.

        Raises `ServiceValidationError` for what the form refuses as well.
        """
        runtime = self.runtime
        subentry = runtime.entry.subentries[self.camera.subentry_id]
        data = {**subentry.data, **changes}
        days = data[CONF_RETENTION_DAYS]
        has_second = data.get(CONF_SECOND_STORAGE, NO_SECOND) != NO_SECOND
        if has_second and 0 < days <= data.get(CONF_SECOND_AFTER, DEFAULT_SECOND_AFTER):
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="second_too_late",
                translation_placeholders={"name": self.camera.name},
            )
        runtime.hass.config_entries.async_update_subentry(
            runtime.entry, subentry, data=data
        )
        self.async_write_ha_state()
