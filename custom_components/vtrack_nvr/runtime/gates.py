"""Entities that allow or hold back background work; the core only asks whether."""

from collections.abc import Callable, Mapping
import logging

from homeassistant.const import STATE_OFF, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant

from ..core.models import CameraKey

_LOGGER = logging.getLogger(__name__)

CLOSED_STATES = frozenset({STATE_OFF, "disarmed", "home", "closed", "idle"})
"""States in which a gate is closed: off, an alarm that is disarmed, somebody at home."""

UNSEEN_STATES = frozenset({STATE_UNAVAILABLE, STATE_UNKNOWN})


class EntityGate:
    """A gate for each camera, by the state of an entity of Home Assistant.

    A gate whose entity is gone or says nothing is open: footage is never lost because a
    helper was deleted. `on_missing` is told which entity that is.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entities: Mapping[CameraKey, tuple[str, ...]],
        on_missing: Callable[[str], None],
    ) -> None:
        """Watch the entities of each camera; several must all be open."""
        self._hass = hass
        self._entities = entities
        self._on_missing = on_missing
        self._logged: dict[str, bool] = {}

    def is_open(self, camera: CameraKey) -> bool:
        """Return whether background work of a camera is allowed now."""
        return all(self._allows(entity) for entity in self._entities.get(camera, ()))

    def _allows(self, entity_id: str) -> bool:
        state = self._hass.states.get(entity_id)
        if state is None:
            self._on_missing(entity_id)
            return True
        is_open = state.state in UNSEEN_STATES or state.state not in CLOSED_STATES
        if self._logged.get(entity_id) is not is_open:
            self._logged[entity_id] = is_open
            _LOGGER.debug("%s is %s: open is %s", entity_id, state.state, is_open)
        return is_open
