"""Buttons: look for new recordings now."""

from dataclasses import replace
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .entity import VtrackCameraEntity, VtrackNvrEntity
from .exceptions import translated_errors
from .runtime import CameraRuntime, VtrackConfigEntry

PARALLEL_UPDATES = 1

SYNC_NOW = ButtonEntityDescription(key="sync_now", translation_key="sync_now")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VtrackConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the button of the NVR, and that of each camera it has or gets.

    A device with one camera has one button: its camera's. That of the NVR stays where
    it was made when both were devices of their own, for somebody may press it.
    """
    runtime = entry.runtime_data
    only = runtime.only_camera
    was_made = er.async_get(hass).async_get_entity_id(
        "button", DOMAIN, f"{runtime.key}_{SYNC_NOW.key}"
    )
    if only is None or was_made:
        async_add_entities(
            [VtrackNvrSyncButton(runtime, SYNC_NOW)], config_subentry_id=only
        )
    of_camera = replace(SYNC_NOW, entity_registry_enabled_default=only is not None)

    def add_camera(camera: CameraRuntime) -> None:
        async_add_entities(
            [VtrackCameraSyncButton(runtime, camera, of_camera)],
            config_subentry_id=camera.subentry_id,
        )

    entry.async_on_unload(await runtime.async_on_camera(add_camera))


class VtrackNvrSyncButton(VtrackNvrEntity, ButtonEntity):
    """Starts a sync of all cameras of an NVR."""

    @override
    async def async_press(self) -> None:
        with translated_errors(self.runtime.name):
            await self.runtime.async_start_sync()


class VtrackCameraSyncButton(VtrackCameraEntity, ButtonEntity):
    """Starts a sync of one camera."""

    @override
    async def async_press(self) -> None:
        with translated_errors(self.camera.name):
            await self.runtime.async_start_sync([self.camera])
