"""Switches: whether a camera's recordings are kept."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import VtrackCameraEntity
from .exceptions import translated_errors
from .runtime import CameraRuntime, VtrackConfigEntry

PARALLEL_UPDATES = 1

SYNC = SwitchEntityDescription(
    key="sync", translation_key="sync", entity_category=EntityCategory.CONFIG
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VtrackConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switch of each camera the NVR has or gets."""
    runtime = entry.runtime_data

    def add_camera(camera: CameraRuntime) -> None:
        async_add_entities(
            [VtrackSyncSwitch(runtime, camera, SYNC)],
            config_subentry_id=camera.subentry_id,
        )

    entry.async_on_unload(await runtime.async_on_camera(add_camera))


class VtrackSyncSwitch(VtrackCameraEntity, SwitchEntity):
    """Switches background sync of a camera on and off; requests go on."""

    @property
    @override
    def is_on(self) -> bool | None:
        return self.status.is_enabled if self.status else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self._async_set(is_enabled=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self._async_set(is_enabled=False)

    async def _async_set(self, *, is_enabled: bool) -> None:
        with translated_errors(self.camera.name):
            await self.runtime.async_set_sync(self.camera, is_enabled=is_enabled)
