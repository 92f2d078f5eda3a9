"""Who may see which camera: Home Assistant's own permissions on the camera entity."""

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .core.models import CameraKey


def may_see(hass: HomeAssistant, user: User | None, camera: CameraKey) -> bool:
    """Say whether a user may see a camera's footage.

    Administrators may see everything. Others may see a camera whose live entity they may
    read; a former camera has no entity left, so only administrators see it. None is
    Home Assistant itself.
    """
    if user is None or user.is_admin:
        return True
    entity_id = er.async_get(hass).async_get_entity_id(
        "camera", DOMAIN, f"{camera}_live"
    )
    return entity_id is not None and user.permissions.check_entity(
        entity_id, POLICY_READ
    )
