"""Entities that allow or hold back background work; the core only asks whether."""

from collections.abc import Callable, Mapping
import logging

from homeassistant.const import STATE_OFF, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import CoreState, HomeAssistant

from ..core.models import CameraKey

_LOGGER = logging.getLogger(__name__)

CLOSED_STATES = frozenset({STATE_OFF, "disarmed", "home", "closed", "idle"})
"""States in which a gate is closed: off, an alarm that is disarmed, somebody at home."""

UNSEEN_STATES = frozenset({STATE_UNAVAILABLE, STATE_UNKNOWN})


def is_open_state(state: str) -> bool:
    """Return whether a gate is open whose entity is in this state."""
    return state in UNSEEN_STATES or state not in CLOSED_STATES


class EntityGate:
    """A gate for each camera, by the state of an entity of Home Assistant.

    A gate whose entity is gone or says nothing is open: footage is never lost because a
    helper was deleted. `on_missing` is told when an entity is found to be gone (True)
    and when it is there again; not while Home Assistant starts and entities still come.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entities: Mapping[CameraKey, tuple[str, ...]],
        on_missing: Callable[[str, bool], None],
    ) -> None:
        """Watch the entities of each camera; several must all be open."""
        self._hass = hass
        self._entities = entities
        self._on_missing = on_missing
        self._missing: set[str] = set()
        self._logged: dict[str, bool] = {}

    def follow(self, entities: Mapping[CameraKey, tuple[str, ...]]) -> None:
        """Follow other entities from now on; what is said of those left out is over."""
        self._entities = entities
        followed = {entity for each in entities.values() for entity in each}
        for entity in self._missing - followed:
            self._tell(entity, is_missing=False)

    def close(self) -> None:
        """Follow nothing; nothing is said to be gone any more."""
        self.follow({})

    def is_open(self, camera: CameraKey) -> bool:
        """Return whether background work of a camera is allowed now."""
        return all(self._allows(entity) for entity in self._entities.get(camera, ()))

    def _allows(self, entity_id: str) -> bool:
        state = self._hass.states.get(entity_id)
        if state is None:
            if self._hass.state is CoreState.running:
                self._tell(entity_id, is_missing=True)
            return True
        self._tell(entity_id, is_missing=False)
        is_open = is_open_state(state.state)
        if self._logged.get(entity_id) is not is_open:
            self._logged[entity_id] = is_open
            _LOGGER.debug("%s is %s: open is %s", entity_id, state.state, is_open)
        return is_open

    def _tell(self, entity_id: str, *, is_missing: bool) -> None:
        if (entity_id in self._missing) is is_missing:
            return
        if is_missing:
            self._missing.add(entity_id)
        else:
            self._missing.discard(entity_id)
        self._on_missing(entity_id, is_missing)
