"""Triggers for automations: what happened to footage, in words.

They listen to the events of `announcements.py`, which need no entity to be enabled.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR
from homeassistant.const import CONF_OPTIONS, CONF_TARGET, STATE_ON
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)
from homeassistant.helpers.trigger import (
    EntityTargetStateTriggerBase,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .const import (
    EVENT_CLIP,
    EVENT_FOOTAGE_LOST,
    EVENT_STORAGE_PROBLEM,
    EVENT_SYNC_FAILED,
    EVENT_SYNC_FINISHED,
)
from .core.models import EventClass
from .devices import entities_named

CONF_EVENT_CLASS = "event_class"
SPECS = {BINARY_SENSOR: DomainSpec()}
MISSING = {STATE_ON}
CLASSES = [str(item) for item in EventClass if item is not EventClass.RECORDING]


class _HappenedTrigger(Trigger):
    """Fires on one of our events, if what it is about is among the targets."""

    event_type: str
    options: Mapping[Any, Any] = MappingProxyType({})
    is_about_nvr = False

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take targets and options; without a target everything counts."""
        super().__init__(hass, config)
        self._target = TargetSelection(config.target) if config.target else None
        self._options = config.options or {}

    @classmethod
    @override
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        schema = vol.Schema(
            {
                vol.Optional(CONF_TARGET): cv.TARGET_FIELDS,
                vol.Optional(CONF_OPTIONS, default={}): dict(cls.options),
            }
        )
        return cast(ConfigType, schema(config))

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        @callback
        def happened(event: Event) -> None:
            if self._is_meant(event.data) and self.is_wanted(event.data):
                run_action({**event.data}, self.event_type, event.context)

        return self._hass.bus.async_listen(self.event_type, happened)

    def is_wanted(self, data: Mapping[str, Any]) -> bool:
        """Return whether the options want it."""
        return True

    def _is_meant(self, data: Mapping[str, Any]) -> bool:
        """Return whether the event's device, or the NVR above it, was targeted."""
        if self._target is None:
            return True
        devices, entities = dr.async_get(self._hass), er.async_get(self._hass)
        found = async_extract_referenced_entity_ids(self._hass, self._target)
        chosen = set(self._target.device_ids)
        for entity_id in found.referenced | found.indirectly_referenced:
            entity = entities.async_get(entity_id)
            if entity is not None and entity.device_id:
                chosen.add(entity.device_id)
        about = data.get("device_id")
        if about in chosen:
            return True
        if self.is_about_nvr:
            above = (devices.async_get(device_id) for device_id in chosen)
            return any(
                isinstance(device, dr.DeviceEntry) and device.via_device_id == about
                for device in above
            )
        device = devices.async_get(about) if about else None
        return isinstance(device, dr.DeviceEntry) and device.via_device_id in chosen


class ClipKeptTrigger(_HappenedTrigger):
    """A clip was kept, whatever brought it."""

    event_type = EVENT_CLIP
    options = MappingProxyType(
        {vol.Optional(CONF_EVENT_CLASS): vol.All(cv.ensure_list, [vol.In(CLASSES)])}
    )

    @override
    def is_wanted(self, data: Mapping[str, Any]) -> bool:
        wanted = self._options.get(CONF_EVENT_CLASS)
        return not wanted or not {*wanted}.isdisjoint(data.get("event_classes") or ())


class FootageLostTrigger(_HappenedTrigger):
    """A device has dropped wanted footage before it was copied."""

    event_type = EVENT_FOOTAGE_LOST


class StorageProblemTrigger(_HappenedTrigger):
    """A storage cannot be used."""

    event_type = EVENT_STORAGE_PROBLEM


class SyncFinishedTrigger(_HappenedTrigger):
    """A sync of an NVR is done."""

    event_type = EVENT_SYNC_FINISHED
    is_about_nvr = True


class SyncFailedTrigger(_HappenedTrigger):
    """A sync of an NVR ended before everything due was kept."""

    event_type = EVENT_SYNC_FAILED
    is_about_nvr = True


class FootageMissingTrigger(EntityTargetStateTriggerBase):
    """Footage that ought to be kept is missing."""

    _domain_specs = SPECS
    _to_states = MISSING

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return entities_named(self._hass, entities, "footage_missing")


TRIGGERS: dict[str, type[Trigger]] = {
    "clip_kept": ClipKeptTrigger,
    "footage_lost": FootageLostTrigger,
    "footage_missing": FootageMissingTrigger,
    "storage_problem": StorageProblemTrigger,
    "sync_failed": SyncFailedTrigger,
    "sync_finished": SyncFinishedTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return our triggers."""
    return TRIGGERS
