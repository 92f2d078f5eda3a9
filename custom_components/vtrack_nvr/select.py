"""Selects: what of a camera's footage is kept."""

from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_MODE
from .entity import VtrackCameraSetting
from .runtime import CameraRuntime, VtrackConfigEntry

PARALLEL_UPDATES = 1

MODE = SelectEntityDescription(
    key="mode",
    translation_key="mode",
    entity_category=EntityCategory.CONFIG,
    options=["everything", "events", "on_demand"],
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VtrackConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the select of each camera the NVR has or gets."""
    runtime = entry.runtime_data

    def add_camera(camera: CameraRuntime) -> None:
        async_add_entities(
            [VtrackModeSelect(runtime, camera, MODE)],
            config_subentry_id=camera.subentry_id,
        )

    entry.async_on_unload(await runtime.async_on_camera(add_camera))


class VtrackModeSelect(VtrackCameraSetting, SelectEntity):
    """Everything, around events, or only what is asked for."""

    @property
    @override
    def current_option(self) -> str | None:
        return str(self.settings[CONF_MODE])

    @override
    async def async_select_option(self, option: str) -> None:
        await self.async_change(**{CONF_MODE: option})
