"""Switches: whether recordings are kept, recorded live, recorded by the device."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_SOURCE
from .core.sync.status import FootageSource
from .entity import VtrackCameraEntity, VtrackCameraSetting
from .exceptions import translated_errors
from .runtime import CameraRuntime, VtrackConfigEntry

PARALLEL_UPDATES = 1

SYNC = SwitchEntityDescription(
    key="sync", translation_key="sync", entity_category=EntityCategory.CONFIG
)
LIVE = SwitchEntityDescription(
    key="record_live",
    translation_key="record_live",
    entity_category=EntityCategory.CONFIG,
    entity_registry_enabled_default=False,
)
ON_DEVICE = SwitchEntityDescription(
    key="record_on_device",
    translation_key="record_on_device",
    entity_category=EntityCategory.CONFIG,
    entity_registry_enabled_default=False,
)

SOURCE_LIVE = "live"
SOURCE_REPLAY = "replay"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VtrackConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of each camera the NVR has or gets.

    That of the device's own recording is there as soon as the device offers it.
    """
    runtime = entry.runtime_data

    def add_camera(camera: CameraRuntime) -> None:
        entities: list[SwitchEntity] = [VtrackSyncSwitch(runtime, camera, SYNC)]
        if camera.profiles:
            entities.append(VtrackLiveSwitch(runtime, camera, LIVE))
        async_add_entities(entities, config_subentry_id=camera.subentry_id)

        @callback
        def add_on_device() -> None:
            async_add_entities(
                [VtrackDeviceRecordingSwitch(runtime, camera, ON_DEVICE)],
                config_subentry_id=camera.subentry_id,
            )

        runtime.news.recording_jobs.async_when_offered(camera.key, add_on_device)

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


class VtrackLiveSwitch(VtrackCameraSetting, SwitchEntity):
    """Records the live stream, or leaves it to what the device recorded itself."""

    @property
    @override
    def is_on(self) -> bool | None:
        status = self.status
        return None if status is None else status.source is FootageSource.LIVE

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self.async_change(**{CONF_SOURCE: SOURCE_LIVE})

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.async_change(**{CONF_SOURCE: SOURCE_REPLAY})


class VtrackDeviceRecordingSwitch(VtrackCameraEntity, SwitchEntity):
    """Switches the device's own recording of a camera, by its recording job."""

    @property
    @override
    def is_on(self) -> bool | None:
        return self.runtime.news.recording_jobs.is_on(self.camera.key)

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(
            self.runtime.news.recording_jobs.subscribe(self.async_write_ha_state)
        )

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self._async_set(is_on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self._async_set(is_on=False)

    async def _async_set(self, *, is_on: bool) -> None:
        with translated_errors(self.camera.name):
            await self.runtime.news.recording_jobs.async_set(
                self.camera.key, is_on=is_on
            )
