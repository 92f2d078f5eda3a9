"""Who may see which camera: Home Assistant's own permissions on the camera entity."""

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.http import current_request
from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.components.websocket_api import current_connection
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .core.models import CameraKey


def live_entity(hass: HomeAssistant, camera: CameraKey) -> str | None:
    """Return the entity that carries a camera's permissions; a former one has none."""
    return er.async_get(hass).async_get_entity_id("camera", DOMAIN, f"{camera}_live")


def asking_user() -> User | None:
    """Return the person behind the WebSocket command or the request being answered.

    None is Home Assistant itself: an automation that plays a clip, for example.
    """
    if (connection := current_connection.get()) is not None:
        return connection.user
    request = current_request.get()
    return request.get(KEY_HASS_USER) if request is not None else None


def may_see(
    hass: HomeAssistant,
    user: User | None,
    camera: CameraKey,
    policy: str = POLICY_READ,
) -> bool:
    """Return whether a user may see a camera's footage, or do what `policy` names.

    Administrators may do everything. Others may do to footage what they may do to the
    camera's live entity; a former camera has no entity left, so it is for administrators
    only. None is Home Assistant itself.
    """
    if user is None or user.is_admin:
        return True
    entity_id = live_entity(hass, camera)
    return entity_id is not None and user.permissions.check_entity(entity_id, policy)
