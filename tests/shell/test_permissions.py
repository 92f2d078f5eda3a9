"""Who may see which camera's footage."""

from unittest.mock import MagicMock

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.models import CameraKey
from custom_components.vtrack_nvr.permissions import may_see

CAMERA = CameraKey("nvr/1")


def user(*, is_admin: bool = False, readable: str = "") -> MagicMock:
    found = MagicMock(is_admin=is_admin)
    found.permissions.check_entity = lambda entity, policy: (
        entity == readable and policy == POLICY_READ
    )
    return found


async def test_footage_follows_the_permission_on_the_camera(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    entity = entity_registry.async_get_or_create(
        "camera", DOMAIN, f"{CAMERA}_live"
    ).entity_id
    assert may_see(hass, None, CAMERA)
    assert may_see(hass, user(is_admin=True), CAMERA)
    assert may_see(hass, user(readable=entity), CAMERA)
    assert not may_see(hass, user(readable="camera.other"), CAMERA)
    assert not may_see(hass, user(readable=entity), CameraKey("former"))
    assert not may_see(hass, user(readable=entity), CAMERA, POLICY_CONTROL)
