"""Our devices in Home Assistant's registry: NVRs, cameras below them, storages.

A device that has one camera and no more is one device, not a recorder and a camera of the
same name. Which it is follows from what the device was last seen to offer, so it can
change: the registry is brought up to it before entities are added.
"""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import (
    CONNECTION_NETWORK_MAC,
    DeviceEntry,
    DeviceEntryType,
    DeviceInfo,
    format_mac,
)

from .const import DOMAIN
from .core.library.values import RootInfo
from .runtime import CameraRuntime, VtrackConfigEntry, VtrackRuntime


def nvr_device_info(runtime: VtrackRuntime) -> DeviceInfo:
    """Return the device of an NVR, which is that of its camera if there is only one."""
    identity = runtime.identity
    identifiers = {(DOMAIN, str(runtime.key))}
    name = runtime.name
    if camera := runtime.cameras.get(runtime.only_camera or ""):
        identifiers.add((DOMAIN, str(camera.key)))
        name = camera.name
    return DeviceInfo(
        identifiers=identifiers,
        connections=(
            {(CONNECTION_NETWORK_MAC, format_mac(identity.mac))}
            if identity.mac
            else set()
        ),
        name=name,
        manufacturer=identity.manufacturer or None,
        model=identity.model or None,
        sw_version=identity.firmware or None,
        serial_number=identity.serial or None,
        configuration_url=runtime.address.url,
    )


def camera_device_info(runtime: VtrackRuntime, camera: CameraRuntime) -> DeviceInfo:
    """Return the device of a camera: below its NVR's, or the very same."""
    if runtime.only_camera == camera.subentry_id:
        return nvr_device_info(runtime)
    identity = runtime.identity
    return DeviceInfo(
        identifiers={(DOMAIN, str(camera.key))},
        name=camera.name,
        manufacturer=identity.manufacturer or None,
        model=identity.model or None,
        via_device_id=runtime.device_id,
    )


def storage_device_info(root: RootInfo) -> DeviceInfo:
    """Return the device of a storage; it is known by its marker, not by its path."""
    return DeviceInfo(
        identifiers={(DOMAIN, storage_identifier(root))},
        entry_type=DeviceEntryType.SERVICE,
        translation_key="storage",
        translation_placeholders={"name": root.name or str(root.path)},
    )


def storage_identifier(root: RootInfo) -> str:
    """Return what names a storage in the registries."""
    return f"storage_{root.uuid}"


def async_prepare_device(
    hass: HomeAssistant, entry: VtrackConfigEntry, runtime: VtrackRuntime
) -> str:
    """Bring the registry up to what the device offers; returns the id of the NVR's device."""
    registry = dr.async_get(hass)
    only = runtime.only_camera
    if only is None:
        _split(hass, entry, runtime)
    else:
        _merge(hass, entry, runtime, only)
    device = registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        config_subentry_id=only,
        **nvr_device_info(runtime),
    )
    return device.id


def _device(hass: HomeAssistant, entry: ConfigEntry, key: str) -> DeviceEntry | None:
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, key), entry.entry_id
    )
    return device if isinstance(device, DeviceEntry) else None


def _merge(
    hass: HomeAssistant,
    entry: VtrackConfigEntry,
    runtime: VtrackRuntime,
    only: str,
) -> None:
    """Make one device of two: the camera's stays, for that is what people act on.

    Entities keep their ids. Name, area and labels that a person gave either of them stay;
    if both have one, the camera's counts.
    """
    registry, entities = dr.async_get(hass), er.async_get(hass)
    nvr = _device(hass, entry, runtime.key)
    camera = _device(hass, entry, runtime.cameras[only].key)
    if nvr is None or (camera is not None and nvr.id == camera.id):
        return
    if camera is None:
        # The entities move first: those of the subentry that was left would be removed.
        _move(entities, nvr, nvr.id, only)
        registry.async_update_device(nvr.id, new_config_subentry_id=only)
        return
    _move(entities, nvr, camera.id, only)
    registry.async_remove_device(nvr.id)
    registry.async_update_device(
        camera.id,
        via_device_id=None,
        area_id=camera.area_id or nvr.area_id,
        name_by_user=camera.name_by_user or nvr.name_by_user,
        labels=camera.labels | nvr.labels,
    )


def _split(
    hass: HomeAssistant, entry: VtrackConfigEntry, runtime: VtrackRuntime
) -> None:
    """Make two devices of one: the device got more channels, so it is a recorder."""
    registry, entities = dr.async_get(hass), er.async_get(hass)
    both = _device(hass, entry, runtime.key)
    if both is None:
        return
    shared = next(
        (
            camera
            for camera in runtime.cameras.values()
            if (DOMAIN, str(camera.key)) in both.identifiers
        ),
        None,
    )
    if shared is None:
        return
    registry.async_update_device(
        both.id, new_identifiers={(DOMAIN, str(shared.key))}, new_connections=set()
    )
    nvr = registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        config_subentry_id=None,
        **nvr_device_info(runtime),
    )
    registry.async_update_device(nvr.id, area_id=both.area_id)
    for entity in er.async_entries_for_device(
        entities, both.id, include_disabled_entities=True
    ):
        if entity.unique_id.startswith(f"{runtime.key}_"):
            entities.async_update_entity(
                entity.entity_id, device_id=nvr.id, config_subentry_id=None
            )


def _move(
    entities: er.EntityRegistry, device: DeviceEntry, to_id: str, subentry_id: str
) -> None:
    for entity in er.async_entries_for_device(
        entities, device.id, include_disabled_entities=True
    ):
        entities.async_update_entity(
            entity.entity_id, device_id=to_id, config_subentry_id=subentry_id
        )


def entities_named(hass: HomeAssistant, entities: set[str], key: str) -> set[str]:
    """Return those of some entities that are ours and of one kind."""
    registry = er.async_get(hass)
    return {
        entity_id
        for entity_id in entities
        if (entity := registry.async_get(entity_id)) is not None
        and entity.platform == DOMAIN
        and entity.unique_id.endswith(f"_{key}")
    }
