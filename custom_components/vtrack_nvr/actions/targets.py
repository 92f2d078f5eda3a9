"""Which cameras an action is about, and whether its caller may have that done."""

from collections.abc import Iterable

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import ATTR_ENTITY_ID, ENTITY_MATCH_ALL
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import (
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)

from ..const import DOMAIN
from ..core.models import CameraKey
from ..permissions import live_entity, may_see
from ..runtime import CameraRuntime, VtrackConfigEntry, VtrackRuntime

type Chosen = list[tuple[VtrackRuntime, CameraRuntime]]

TARGETS = ("entity_id", "device_id", "area_id", "floor_id", "label_id")


def names_of(chosen: Chosen) -> str:
    """Return how messages name the cameras."""
    return ", ".join(camera.name for _, camera in chosen)


async def async_user_of(call: ServiceCall) -> User | None:
    """Return who calls, None for Home Assistant itself (automations, scripts)."""
    if call.context.user_id is None:
        return None
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    return user


async def async_check(
    call: ServiceCall, cameras: Iterable[CameraKey], policy: str = POLICY_CONTROL
) -> None:
    """Raise `Unauthorized` unless the caller may do this to all of the cameras."""
    user = await async_user_of(call)
    for camera in cameras:
        if not may_see(call.hass, user, camera, policy):
            raise Unauthorized(
                context=call.context,
                entity_id=live_entity(call.hass, camera),
                permission=policy,
            )


async def async_check_admin(call: ServiceCall) -> None:
    """Raise `Unauthorized` unless an administrator or Home Assistant itself calls."""
    user = await async_user_of(call)
    if user is not None and not user.is_admin:
        raise Unauthorized(context=call.context)


def has_target(call: ServiceCall) -> bool:
    """Return whether the call names what it is about."""
    return any(name in call.data for name in TARGETS)


async def async_chosen_cameras(
    call: ServiceCall, *, default_all: bool = False, policy: str = POLICY_CONTROL
) -> Chosen:
    """Return the cameras behind the target.

    Where nothing is targeted, `default_all` means all that the caller may have; a target
    that holds one the caller may not have raises `Unauthorized`, one without any camera
    of ours `ServiceValidationError`.
    """
    everything = [
        (runtime, camera)
        for runtime in _loaded(call.hass)
        for camera in runtime.cameras.values()
    ]
    if default_all and not has_target(call):
        user = await async_user_of(call)
        return [
            pair for pair in everything if may_see(call.hass, user, pair[1].key, policy)
        ]
    found = (
        everything
        if call.data.get(ATTR_ENTITY_ID) == ENTITY_MATCH_ALL
        else _targeted(call, everything)
    )
    if not found:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_cameras_selected"
        )
    await async_check(call, (camera.key for _, camera in found), policy)
    return found


def _loaded(hass: HomeAssistant) -> Iterable[VtrackRuntime]:
    entries: list[VtrackConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return (entry.runtime_data for entry in entries)


def _targeted(call: ServiceCall, everything: Chosen) -> Chosen:
    """Return cameras by their own entities, devices and areas, or all of a named NVR.

    An NVR that merely stands in an area does not drag in cameras from elsewhere.
    """
    selection = TargetSelection(call.data)
    selected = async_extract_referenced_entity_ids(call.hass, selection)
    registry = er.async_get(call.hass)
    nvrs: set[str] = set()
    subentries: set[str] = set()
    for entity_id in selected.referenced | selected.indirectly_referenced:
        entity = registry.async_get(entity_id)
        if entity is None or entity.platform != DOMAIN:
            continue
        if entity.config_subentry_id:
            subentries.add(entity.config_subentry_id)
        elif entity_id in selected.referenced and entity.device_id:
            nvrs.add(entity.device_id)  # or a storage, which is no NVR
    return [
        (runtime, camera)
        for runtime, camera in everything
        if camera.subentry_id in subentries
        or runtime.device_id in nvrs | selection.device_ids
    ]
