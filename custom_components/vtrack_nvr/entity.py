"""What all our entities share: the NVR's device and, below it, one for each camera."""

from typing import override

from homeassistant.helpers.device_registry import (
    CONNECTION_NETWORK_MAC,
    DeviceInfo,
    format_mac,
)
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import VtrackCoordinator
from .core.sync.status import CameraStatus, NvrStatus
from .runtime import CameraRuntime, VtrackRuntime


def nvr_device_info(runtime: VtrackRuntime) -> DeviceInfo:
    """Return the device of an NVR."""
    identity = runtime.identity
    return DeviceInfo(
        identifiers={(DOMAIN, runtime.key)},
        connections=(
            {(CONNECTION_NETWORK_MAC, format_mac(identity.mac))}
            if identity.mac
            else set()
        ),
        name=runtime.name,
        manufacturer=identity.manufacturer or None,
        model=identity.model or None,
        sw_version=identity.firmware or None,
        serial_number=identity.serial or None,
        configuration_url=runtime.configuration_url,
    )


def camera_device_info(runtime: VtrackRuntime, camera: CameraRuntime) -> DeviceInfo:
    """Return the device of a camera, which hangs below its NVR's."""
    identity = runtime.identity
    return DeviceInfo(
        identifiers={(DOMAIN, camera.key)},
        name=camera.name,
        manufacturer=identity.manufacturer or None,
        model=identity.model or None,
        via_device_id=runtime.device_id,
    )


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
