"""VTrack NVR: brings the recordings of ONVIF cameras and recorders home."""

import logging

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .camera_watch import async_setup_camera_watch, async_tell, forget
from .const import (
    CONF_CHANNEL,
    CONF_SECOND_STORAGE,
    CONF_SEEN,
    DOMAIN,
    NO_SECOND,
    PLATFORMS,
)
from .coordinator import VtrackCoordinator
from .core.errors import NvrError
from .discovery import async_setup_discovery
from .entity import nvr_device_info
from .exceptions import setup_errors
from .farewell import async_say_farewell
from .footage_watch import async_setup_footage_watch, async_setup_unstarted_watch
from .former import async_remember
from .issues import async_setup_issues
from .runtime import HUB, VtrackConfigEntry, VtrackHub, VtrackRuntime
from .services import async_setup_services
from .views import async_register_views

_LOGGER = logging.getLogger(__name__)

CONFIG_SCHEMA = cv.empty_config_schema(DOMAIN)
"""An empty `vtrack_nvr:` starts it without any device: former cameras are browsable then."""


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Open the library and start the engine; both live as long as Home Assistant."""
    hub = VtrackHub(hass)
    try:
        await hub.async_start()
    except NvrError as error:
        _LOGGER.error(  # noqa: TRY400 - the cause is said; where it was met helps nobody
            "Without an index nothing can be kept: %s", error
        )
        return False
    hass.data[HUB] = hub
    async_setup_services(hass)
    async_register_views(hass)
    async_setup_issues(hass)
    async_setup_unstarted_watch(hass)
    async_setup_discovery(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: VtrackConfigEntry) -> bool:
    """Connect an NVR and hand it to library and engine."""
    runtime = VtrackRuntime(hass, entry, hass.data[HUB])
    entry.async_on_unload(runtime.async_stop)
    with setup_errors(entry.title):
        await runtime.async_start()
    entry.runtime_data = runtime
    runtime.device_id = (
        dr.async_get(hass)
        .async_get_or_create(config_entry_id=entry.entry_id, **nvr_device_info(runtime))
        .id
    )
    runtime.coordinator = VtrackCoordinator(hass, entry, runtime.hub, runtime.key)
    await runtime.coordinator.async_config_entry_first_refresh()
    runtime.coordinator.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(entry.add_update_listener(_async_updated))
    async_setup_camera_watch(hass, entry)
    async_setup_footage_watch(hass, entry)
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: VtrackConfigEntry) -> bool:
    """Bring an entry of an older version up to date; refuse what a newer one made.

    1.2: remembers which cameras a person had the choice of. None means that the device
    is to be asked once. 1.3: clips are moved to a second storage or stay; what was copied
    there must not begin to be moved by itself.
    """
    if entry.version > 1:
        return False
    if entry.minor_version < 2:
        hass.config_entries.async_update_entry(
            entry, data={CONF_SEEN: None, **entry.data}, minor_version=2
        )
    if entry.minor_version < 3:
        for subentry in entry.subentries.values():
            data = dict(subentry.data)
            if data.pop("second_way", None) == "copy":
                data[CONF_SECOND_STORAGE] = NO_SECOND
            hass.config_entries.async_update_subentry(entry, subentry, data=data)
        hass.config_entries.async_update_entry(entry, minor_version=3)
    return True


async def _async_updated(hass: HomeAssistant, entry: VtrackConfigEntry) -> None:
    """Apply what changed; only another address or login needs a reload."""
    if entry.state is not ConfigEntryState.LOADED:
        return  # the next start reads the entry anew
    runtime = entry.runtime_data
    if runtime.needs_reload():
        hass.config_entries.async_schedule_reload(entry.entry_id)
        return
    try:
        await runtime.async_apply_changes()
    except NvrError as error:
        _LOGGER.debug("A new start applies the changes of %s: %s", entry.title, error)
        hass.config_entries.async_schedule_reload(entry.entry_id)
        return
    if runtime.is_attached:
        async_tell(hass, entry)


async def async_unload_entry(hass: HomeAssistant, entry: VtrackConfigEntry) -> bool:
    """Take the entities away; the NVR is let go right after."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: VtrackConfigEntry) -> None:
    """Keep all clips: the NVR's cameras are browsable as former cameras from now on."""
    if hub := hass.data.get(HUB):
        await hub.async_forget(entry)
    await async_remember(hass, entry)
    await async_say_farewell(hass, entry)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: VtrackConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let the device of a camera that is gone be deleted; its clips stay browsable."""
    if (DOMAIN, entry.unique_id) in device.identifiers:
        return False
    for subentry in entry.subentries.values():
        if (DOMAIN, subentry.unique_id) not in device.identifiers:
            continue
        if (
            entry.state is not ConfigEntryState.LOADED
            or subentry.unique_id not in entry.runtime_data.vanished
        ):
            return False
        forget(hass, entry, subentry.data[CONF_CHANNEL])
        hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
        break
    return True
