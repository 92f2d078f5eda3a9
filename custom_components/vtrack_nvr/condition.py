"""Conditions for automations: how it stands with footage, in words."""

from typing import ClassVar, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR
from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import Condition, EntityStateConditionBase

from .core.sync.status import SyncState
from .devices import entities_named


class _OurCondition(EntityStateConditionBase):
    """Looks at one kind of entity of ours, also where it is a diagnostic one."""

    _primary_entities_only = False
    _entity_key: ClassVar[str]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return entities_named(self._hass, entities, self._entity_key)


def _condition(domain: str, key: str, *states: str) -> type[Condition]:
    """Return a condition: an entity of ours is in one of these states."""
    specs = {domain: DomainSpec()}
    wanted: set[str | bool] = {*states}

    class StateCondition(_OurCondition):
        """One kind of entity in some of its states."""

        _domain_specs = specs
        _entity_key = key
        _states = wanted

    return StateCondition


CONDITIONS: dict[str, type[Condition]] = {
    "is_copying": _condition(
        SENSOR, "sync_state", SyncState.SEARCHING, SyncState.FETCHING
    ),
    "is_footage_complete": _condition(BINARY_SENSOR, "footage_missing", STATE_OFF),
    "is_footage_missing": _condition(BINARY_SENSOR, "footage_missing", STATE_ON),
    "is_online": _condition(BINARY_SENSOR, "connectivity", STATE_ON),
    "is_paused": _condition(SENSOR, "sync_state", SyncState.PAUSED),
    "is_recording": _condition(SENSOR, "sync_state", SyncState.RECORDING),
    "is_storage_in_trouble": _condition(BINARY_SENSOR, "problem", STATE_ON),
    "is_up_to_date": _condition(SENSOR, "sync_state", SyncState.IDLE),
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return our conditions."""
    return CONDITIONS
