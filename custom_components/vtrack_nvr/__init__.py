"""VTrack NVR: brings the recordings of ONVIF cameras and recorders home."""

import logging

from homeassistant.components import persistent_notification
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .announcements import async_announce_nvr, async_setup_announcements
from .const import (
    CONF_CHANNEL,
    CONF_SECOND_STORAGE,
    CONF_SEEN,
    CONF_STORAGE,
    DOMAIN,
    NO_SECOND,
    PLATFORMS,
)
from .coordinator import VtrackCoordinator
from .core.errors import NvrError
from .devices import async_prepare_device, storage_identifier
from .discovery import async_setup_discovery
from .exceptions import setup_errors
from .former import async_remember
from .issues.cameras import async_setup_camera_watch, async_tell, offer_again
from .issues.footage import async_setup_footage_watch, async_setup_unstarted_watch
from .issues.library import async_setup_issues, async_tell_of_index
from .issues.nvr_watch import async_setup_nvr_watch
from .panel import async_hide_panel, async_setup_panel, async_show_panel
from .phrases import Phrases
from .placeholders import placeholders
from .runtime import HUB, VtrackConfigEntry, VtrackHub, VtrackRuntime
from .services import async_setup_services
from .share_view import register_share_views
from .views import async_register_views
from .views_playback import async_register_playback
from .websocket import async_register_websocket

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
        async_tell_of_index(hass, error)
        return False
    async_tell_of_index(hass, None)
    hass.data[HUB] = hub
    async_setup_services(hass)
    async_register_views(hass)
    register_share_views(hass)
    async_register_playback(hass)
    async_register_websocket(hass)
    async_setup_issues(hass)
    async_setup_unstarted_watch(hass)
    async_setup_announcements(hass)
    async_setup_discovery(hass)
    await async_setup_panel(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: VtrackConfigEntry) -> bool:
    """Connect an NVR and hand it to library and engine."""
    runtime = VtrackRuntime(hass, entry, hass.data[HUB])
    entry.async_on_unload(runtime.async_stop)
    with setup_errors(entry.title):
        await runtime.async_start()
    entry.runtime_data = runtime
    runtime.device_id = async_prepare_device(hass, entry, runtime)
    runtime.coordinator = VtrackCoordinator(
        hass,
        entry,
        runtime.hub.engine,
        runtime.key,
        runtime.async_recognise_again,
    )
    await runtime.coordinator.async_config_entry_first_refresh()
    runtime.coordinator.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(entry.add_update_listener(_async_updated))
    async_announce_nvr(hass, entry)
    async_setup_camera_watch(hass, entry)
    async_setup_footage_watch(hass, entry)
    await async_show_panel(hass)
    async_setup_nvr_watch(hass, entry)
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
    needs_reload = runtime.needs_reload()
    try:
        await runtime.async_apply_changes()
    except NvrError as error:
        _LOGGER.debug("A new start applies the changes of %s: %s", entry.title, error)
        hass.config_entries.async_schedule_reload(entry.entry_id)
        return
    if needs_reload:
        hass.config_entries.async_schedule_reload(entry.entry_id)
    elif runtime.is_attached:
        async_tell(hass, entry)


async def async_unload_entry(hass: HomeAssistant, entry: VtrackConfigEntry) -> bool:
    """Take the entities away; the NVR is let go right after."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: VtrackConfigEntry) -> None:
    """Keep all clips: the NVR's cameras are browsable as former cameras from now on."""
    if hub := hass.data.get(HUB):
        await hub.async_forget(entry)
    await async_remember(hass, entry)
    await _async_notify_clips_stay(hass, entry)
    if hub and _is_last_entry(hass, entry):
        cameras = await hub.library.browse.cameras()
        if not any(camera.totals.clips for camera in cameras):
            async_hide_panel(hass)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: VtrackConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let the device of a camera that is gone be deleted; its clips stay browsable."""
    if (DOMAIN, entry.unique_id) in device.identifiers:
        return False
    if (hub := hass.data.get(HUB)) is not None:
        roots = await hub.library.roots()
        if device.identifiers & {(DOMAIN, storage_identifier(root)) for root in roots}:
            return False
    for subentry in entry.subentries.values():
        if (DOMAIN, subentry.unique_id) not in device.identifiers:
            continue
        if (
            entry.state is not ConfigEntryState.LOADED
            or subentry.unique_id not in entry.runtime_data.vanished
        ):
            return False
        offer_again(hass, entry, subentry.data[CONF_CHANNEL])
        hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
        break
    return True


async def _async_notify_clips_stay(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Say where the recordings of a removed device stay; deletes nothing."""
    phrases = await Phrases.async_load(hass)
    values = placeholders(name=entry.title, path=entry.data[CONF_STORAGE])
    message = phrases.get("removed_message", **values)
    if _is_last_entry(hass, entry):
        message = f"{message}\n\n{phrases.get('removed_last', **values)}"
    persistent_notification.async_create(
        hass,
        message,
        phrases.get("removed_title", **values),
        f"{DOMAIN}_removed_{entry.entry_id}",
    )


def _is_last_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Return whether Home Assistant has no reason left to start the integration."""
    others = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    return all(other.entry_id == entry.entry_id for other in others)
