"""Numbers: how long and how much is kept, and how much around an event."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import EntityCategory, UnitOfInformation, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import (
    CONF_POST_ROLL,
    CONF_PRE_ROLL,
    CONF_RETENTION_DAYS,
    CONF_RETENTION_GB,
)
from .entity import VtrackCameraSetting
from .runtime import CameraRuntime, VtrackConfigEntry

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class SettingDescription(NumberEntityDescription):
    """A number that is a setting of a camera."""

    setting: str


NUMBERS = (
    SettingDescription(
        key="retention_days",
        translation_key="retention_days",
        setting=CONF_RETENTION_DAYS,
        native_max_value=3650,
        native_unit_of_measurement=UnitOfTime.DAYS,
        device_class=NumberDeviceClass.DURATION,
    ),
    SettingDescription(
        key="retention_gb",
        translation_key="retention_gb",
        setting=CONF_RETENTION_GB,
        native_max_value=1_000_000,
        native_unit_of_measurement=UnitOfInformation.GIGABYTES,
        device_class=NumberDeviceClass.DATA_SIZE,
    ),
    SettingDescription(
        key="pre_roll",
        translation_key="pre_roll",
        setting=CONF_PRE_ROLL,
        native_max_value=600,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        device_class=NumberDeviceClass.DURATION,
    ),
    SettingDescription(
        key="post_roll",
        translation_key="post_roll",
        setting=CONF_POST_ROLL,
        native_max_value=3600,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        device_class=NumberDeviceClass.DURATION,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VtrackConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the numbers of each camera the NVR has or gets."""
    runtime = entry.runtime_data

    def add_camera(camera: CameraRuntime) -> None:
        async_add_entities(
            [VtrackSettingNumber(runtime, camera, item) for item in NUMBERS],
            config_subentry_id=camera.subentry_id,
        )

    entry.async_on_unload(await runtime.async_on_camera(add_camera))


class VtrackSettingNumber(VtrackCameraSetting, NumberEntity):
    """A setting of a camera; 0 is no limit where the form says so."""

    entity_description: SettingDescription
    _attr_entity_category = EntityCategory.CONFIG
    _attr_entity_registry_enabled_default = False
    _attr_mode = NumberMode.BOX
    _attr_native_min_value = 0
    _attr_native_step = 1

    @property
    @override
    def native_value(self) -> float:
        return float(self.settings[self.entity_description.setting])

    @override
    async def async_set_native_value(self, value: float) -> None:
        await self.async_change(**{self.entity_description.setting: int(value)})
